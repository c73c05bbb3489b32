-- A lab of schema 4: a screened knob, a failure, a cancelled run, a confirmed champion, a note.
BEGIN;
CREATE TABLE champions (                -- the newest row is the champion; the first is the baseline
    number      INTEGER PRIMARY KEY,
    commit_hash TEXT NOT NULL REFERENCES sources,
    experiment  INTEGER REFERENCES experiments,
    since       REAL NOT NULL
) STRICT;
INSERT INTO "champions" VALUES(1,'44e74c541847ddd01ecd1b7406fdfadef7af2bc8',NULL,1.79591400048226928704e+09);
INSERT INTO "champions" VALUES(2,'6e0583d0628e5e1645899c79ac22c337f86c717a',6,1.79591402023736643788e+09);
CREATE TABLE citations (                -- of papers, by experiments and notes
    number     INTEGER PRIMARY KEY,
    paper      TEXT NOT NULL REFERENCES papers,
    section    TEXT NOT NULL DEFAULT '',
    experiment INTEGER REFERENCES experiments,
    note       INTEGER REFERENCES notes
) STRICT;
CREATE TABLE clusters (                 -- machines that are hired, as backends tell of them; they cost from launch to end
    name         TEXT PRIMARY KEY,
    pool         TEXT NOT NULL,
    gpus         INTEGER NOT NULL,
    status       TEXT NOT NULL,         -- starting, up, failed, gone
    usd_per_hour REAL NOT NULL,
    launched_at  REAL NOT NULL,
    up_at        REAL,                  -- first seen up
    ended_at     REAL,                  -- known to be gone
    note         TEXT NOT NULL,
    priced_since REAL NOT NULL,         -- from when on it has this price
    usd_before   REAL NOT NULL DEFAULT 0  -- what it cost until then
) STRICT, WITHOUT ROWID;
CREATE TABLE experiments (
    number         INTEGER PRIMARY KEY,
    grid           INTEGER REFERENCES grids,
    variant        TEXT NOT NULL DEFAULT '',   -- its name within the grid
    commit_hash    TEXT NOT NULL REFERENCES sources,
    tree           TEXT NOT NULL,
    base           INTEGER REFERENCES experiments,
    purpose        TEXT NOT NULL,       -- idea, baseline, champion, recheck, spot_check, validation, report
    hypothesis     TEXT NOT NULL,
    theme          TEXT,
    changes        TEXT NOT NULL,       -- against the base, behind the variant's name
    overrides      TEXT NOT NULL,       -- JSON: the knobs that differ from the base
    launched_by    TEXT NOT NULL,
    launched_at    REAL NOT NULL,
    priority       INTEGER NOT NULL,
    seed           INTEGER NOT NULL,
    replicate      INTEGER NOT NULL,
    setting        TEXT NOT NULL,       -- trainer, kind of device, budget: the stratum as far as it is known at launch
    gpu            TEXT NOT NULL,
    clock          TEXT NOT NULL,
    budget_seconds REAL NOT NULL,
    status         TEXT NOT NULL,
    attempts       INTEGER NOT NULL DEFAULT 0,
    cancel_reason  TEXT,                -- set when someone asked for it to end
    gpu_seconds    REAL NOT NULL,       -- estimated until finished
    usd            REAL NOT NULL,
    score          REAL,
    stratum        INTEGER REFERENCES strata,
    verdict        TEXT NOT NULL DEFAULT 'pending',
    reason         TEXT,
    gain           REAL,
    flags          TEXT NOT NULL DEFAULT '[]', -- JSON: its source's
    must_beat      REAL,                -- it is suspected, and counts when another seed of its source scores better than this
    doubt          TEXT,                -- why its score is doubted: unseeded, not_reproduced
    failure        TEXT,                -- the class
    failed         TEXT,                -- JSON: message, lines, next_step
    started_at     REAL,
    finished_at    REAL,
    finished_seq   INTEGER,             -- order of finishing: the cursor of wait
    result         TEXT NOT NULL DEFAULT '{}', -- JSON: the runner's result, less what has a column
    nonce          TEXT NOT NULL DEFAULT ''    -- random; its run folders name it. Empty for what was launched under version 1
) STRICT;
INSERT INTO "experiments" VALUES(1,1,'plain','815d7c8ac536a83e844012c544a54d4d44f32d8c','b95377afc5839c5b668f1b8c19acfa9c5252b29d',NULL,'idea','Where the bottom lies','position','plain: X 1.0→0.5','{"X": 0.5}','me',1.79591400061251401905e+09,1,1668370457,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.84999990463256835937e-01,0.0,6.855846,1,'worse','a gain of -6.83 ± 0.096 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-6.83016063636363579547e+00,'[]',NULL,NULL,NULL,NULL,1.79591400428435683245e+09,1.79591400557277870177e+09,4,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.129, "training_wall": 0.307, "held": 0.385}, "measures": {"peak_memory_bytes": 26521600}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "fae3288d8bbe272d"}','ac51163f3ad9abf6421a741f74f436f8');
INSERT INTO "experiments" VALUES(2,1,'plain','c04416cbd1a7e8de7c4212fbf727088308aa7131','bdedb0d23dfb1a666e8b7448a11ec6f71414a675',NULL,'idea','Where the bottom lies','position','plain: X 1.0→2.5','{"X": 2.5}','me',1.79591400061259055137e+09,1,1668370457,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.55000019073486328125e-01,0.0,0.855846,1,'worse','a gain of -0.805 ± 0.071 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-8.30160636363636350587e-01,'[]',2.65444349999999973377e+00,NULL,NULL,NULL,1.79591400561116647715e+09,1.79591400670641064638e+09,6,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.124, "training_wall": 0.282, "held": 0.355}, "measures": {"peak_memory_bytes": 26632192}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "4c456d78c52ca905"}','0ff97fe6ff0e3ccb4fc9d4c02af48d94');
INSERT INTO "experiments" VALUES(3,1,'plain','b9931890e8142cb8d933a155407241b35ab6fa40','d1deca555593465b338a9c8cd29cc537c342e1f4',NULL,'idea','Where the bottom lies','position','plain: X 1.0→2.9','{"X": 2.9}','me',1.79591400061261296269e+09,1,1668370457,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.63999891281127929687e-01,0.0,0.615846,1,'worse','a gain of -0.565 ± 0.071 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-5.90160636363636359469e-01,'[]',2.5344435,NULL,NULL,NULL,1.79591400561116647715e+09,1.79591400717651867866e+09,7,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.175, "training_wall": 0.451, "held": 0.564}, "measures": {"peak_memory_bytes": 26505216}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "e47f54ddc69bb9de"}','6db5ad47456b3a469a1a32c9a6fa54dd');
INSERT INTO "experiments" VALUES(4,1,'lower','3fd973e68829d7d6ab4c8b0630a54dd816f64fb7','c9514331743fcb040f6adbfe5e4b7d8d7e8acdaa',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→0.5','{"Y": -0.8, "X": 0.5}','me',1.79591400061263132097e+09,1,1668370457,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,6.01000070571899414062e-01,0.0,6.375846,1,'worse','a gain of -6.35 ± 0.096 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-6.35016063636363625732e+00,'[]',NULL,NULL,NULL,NULL,1.79591400807679581639e+09,1795914009.60156,10,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.169, "training_wall": 0.447, "held": 0.601}, "measures": {"peak_memory_bytes": 26357760}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "a22b9893c6341a8d"}','669167563dae8157a8c1a4bbd908ab7e');
INSERT INTO "experiments" VALUES(5,1,'lower','f96d5299ea702c75552c8929358b428af27aa42d','83207f7b3ba244bec7cc8ecf3ff6b2a01745b936',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→2.5','{"Y": -0.8, "X": 2.5}','me',1.79591400061265683181e+09,1,1668370457,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,0.562999963760376,0.0,0.375846,1,'worse','a gain of -0.35 ± 0.096 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-3.50160636363636368351e-01,'[]',NULL,NULL,NULL,NULL,1.79591400853661584853e+09,1.7959140102661414147e+09,11,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.177, "training_wall": 0.456, "held": 0.563}, "measures": {"peak_memory_bytes": 26398720}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "8a1077c44394be6f"}','bccba80bb797117b36f74257ee54919f');
INSERT INTO "experiments" VALUES(6,1,'lower','6e0583d0628e5e1645899c79ac22c337f86c717a','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','me',1.79591400061267471308e+09,1,1668370457,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,7.53999948501586914062e-01,0.0,0.135846,1,'confirmed','v001, against the baseline: a mean gain of +4.47 over 2 pairs, p = 1.1e-07, within the level of 0.0013',NULL,'[]',NULL,NULL,NULL,NULL,1.79591400962859272958e+09,1.79591401160633277892e+09,12,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.181, "training_wall": 0.618, "held": 0.754}, "measures": {"peak_memory_bytes": 26497024}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "e358e179391f02f4"}','5a497bfaf4fdf41666421f1e40243eee');
INSERT INTO "experiments" VALUES(7,NULL,'','44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79591400061274862284e+09,2,1668370457,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.3500003814697265625e-01,0.0,4.605846,1,'worse','a gain of -4.47 ± 0.037 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.58016063636363579547e+00,'[]',NULL,NULL,NULL,NULL,1.79591400174461126321e+09,1.79591400258730578415e+09,1,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.119, "training_wall": 0.232, "held": 0.335}, "measures": {"peak_memory_bytes": 26533888}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "6c0fa084b7fb289d"}','49810e991068624e4103feba60624897');
INSERT INTO "experiments" VALUES(8,NULL,'','44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79591400061280131346e+09,2,708988155,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.04999971389770507812e-01,0.0,4.5557,1,'worse','a gain of -4.47 ± 0.037 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.53001463636363599363e+00,'[]',NULL,NULL,NULL,NULL,1.79591400261592864986e+09,1.79591400367017436021e+09,2,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.144, "training_wall": 0.32, "held": 0.405}, "measures": {"peak_memory_bytes": 26542080}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "15b7bc53482678ba"}','bafebcadca66cf44644f16a90df9a948');
INSERT INTO "experiments" VALUES(9,NULL,'','44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79591400061283493041e+09,2,502037344,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.8700008392333984375e-01,0.0,4.453041,1,'worse','a gain of -4.47 ± 0.037 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.42735563636363593786e+00,'[]',NULL,NULL,NULL,NULL,1.79591400261592864986e+09,1.79591400367017436021e+09,3,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.132, "training_wall": 0.308, "held": 0.387}, "measures": {"peak_memory_bytes": 26640384}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "6abff92c49610d00"}','b7e1318042e0e8ef981e28d98cbea751');
INSERT INTO "experiments" VALUES(10,NULL,'','44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79591400061286139483e+09,2,1864669090,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.81000041961669921875e-01,0.0,4.475748,1,'worse','a gain of -4.47 ± 0.037 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.45006263636363641467e+00,'[]',NULL,NULL,NULL,NULL,1.79591400428435683245e+09,1.79591400557277870177e+09,5,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.127, "training_wall": 0.303, "held": 0.381}, "measures": {"peak_memory_bytes": 26619904}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "dd8ae0de3dcc0583"}','1b5e6d7dcb2511817230f1733ee44e6a');
INSERT INTO "experiments" VALUES(11,NULL,'','e87d09747ef956f42ae6b25f8cb8defef61b5043','3cb68a8332626cc30b6d80b3595529c23be631cf',NULL,'idea','It fails','failures','X 1.0→1.5, FAIL False→True','{"X": 1.5, "FAIL": true}','me',1.79591400069367074969e+09,1,1668370457,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'failed',1,NULL,5.03999948501586914062e-01,0.0,NULL,NULL,'none',NULL,NULL,'[]',NULL,NULL,'crashed','{"message": "The command ended with status 1: RuntimeError: told to fail", "lines": ["Traceback (most recent call last):", "  File \"/tmp/tmpaga12sx1/.labhand/runs/e0011-1/work/train.py\", line 34, in <module>", "    main()", "  File \"/tmp/tmpaga12sx1/.labhand/runs/e0011-1/work/train.py\", line 28, in main", "    raise RuntimeError(\"told to fail\")", "RuntimeError: told to fail"], "next_step": "Read the lines, correct the source, and launch it again."}',1.79591401028578019141e+09,1.79591401222282528874e+09,13,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.173, "training_wall": 0.367, "held": 0.504}, "measures": {"peak_memory_bytes": 26406912}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "805fb45ef0dbc829"}','da5695dcfbff152642bf11fca923d068');
INSERT INTO "experiments" VALUES(12,NULL,'','c04416cbd1a7e8de7c4212fbf727088308aa7131','bdedb0d23dfb1a666e8b7448a11ec6f71414a675',NULL,'recheck','Whether the score of e0002 comes again on another seed',NULL,'plain: X 1.0→2.5','{"X": 2.5}','labhand',1.79591400670641064638e+09,2,708988155,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.50999975204467773437e-01,0.0,0.8057,1,'worse','a gain of -0.805 ± 0.071 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-7.80014636363636326699e-01,'[]',NULL,NULL,NULL,NULL,1.79591400675298786164e+09,1.79591400805220794681e+09,8,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.132, "training_wall": 0.306, "held": 0.451}, "measures": {"peak_memory_bytes": 26329088}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "44aea01a58592973"}','8290870df05f38a705a292d477aac978');
INSERT INTO "experiments" VALUES(13,NULL,'','b9931890e8142cb8d933a155407241b35ab6fa40','d1deca555593465b338a9c8cd29cc537c342e1f4',NULL,'recheck','Whether the score of e0003 comes again on another seed',NULL,'plain: X 1.0→2.9','{"X": 2.9}','labhand',1.79591400717651867866e+09,2,708988155,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.6000003814697265625e-01,0.0,0.5657,1,'worse','a gain of -0.565 ± 0.071 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-5.4001463636363633558e-01,'[]',NULL,NULL,NULL,NULL,1.79591400722396063805e+09,1.79591400851277136797e+09,9,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.156, "training_wall": 0.362, "held": 0.46}, "measures": {"peak_memory_bytes": 26361856}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "cd2382aa6397a912"}','447c9a30fca10d90b19f45da801eba85');
INSERT INTO "experiments" VALUES(14,NULL,'','6e0583d0628e5e1645899c79ac22c337f86c717a','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'validation','v001: e0006 against the champion',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79591401401604056358e+09,2,586077292,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,6.01000070571899414062e-01,0.0,0.052904,1,'reference','e0006, the reference that others are compared with: 0.025685 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79591401606520700449e+09,1.79591401850644540785e+09,15,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.176, "training_wall": 0.484, "held": 0.601}, "measures": {"peak_memory_bytes": 26341376}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "e0e24bcbcff39547"}','ac1c3f652d1fb1ac6028539eb72bffa4');
INSERT INTO "experiments" VALUES(15,NULL,'','44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83',NULL,'validation','v001: e0006 against the champion',NULL,'unchanged','{}','labhand',1.79591401401604056358e+09,2,586077292,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.09000062942504882812e-01,0.0,4.522904,1,'worse','a gain of -4.47 ± 0.037 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.49721863636363572425e+00,'[]',NULL,NULL,NULL,NULL,1.79591401606520700449e+09,1.79591401738654494286e+09,14,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.133, "training_wall": 0.413, "held": 0.509}, "measures": {"peak_memory_bytes": 26411008}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "0dd5efdfb7d08c61"}','f7e29fd80e7bc3fdc106cb5f64874870');
INSERT INTO "experiments" VALUES(16,NULL,'','6e0583d0628e5e1645899c79ac22c337f86c717a','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'validation','v001: e0006 against the champion',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79591401401604056358e+09,2,622928442,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.0729999542236328125e+00,0.0,0.016454,1,'reference','e0006, the reference that others are compared with: 0.025685 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79591401828435611722e+09,1.79591402023736643788e+09,17,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.205, "training_wall": 0.672, "held": 1.073}, "measures": {"peak_memory_bytes": 26488832}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "fd9dc5119576e835"}','fbb9f3c230fa8a7f29387f28f10a6054');
INSERT INTO "experiments" VALUES(17,NULL,'','44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83',NULL,'validation','v001: e0006 against the champion',NULL,'unchanged','{}','labhand',1.79591401401604056358e+09,2,622928442,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,0.687000036239624,0.0,4.486454,1,'worse','a gain of -4.47 ± 0.037 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.46076863636363629694e+00,'[]',NULL,NULL,NULL,NULL,1.79591401853217720986e+09,1.79591402000052332882e+09,16,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.148, "training_wall": 0.594, "held": 0.687}, "measures": {"peak_memory_bytes": 26529792}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "0a7991e0625bb4a8"}','fdf8145484cc077ebe2bb48c64e5c564');
INSERT INTO "experiments" VALUES(18,NULL,'','6e0583d0628e5e1645899c79ac22c337f86c717a','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79591402023736643788e+09,2,443989574,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,0.497999906539917,0.0,-0.000395,1,'reference','e0006, the reference that others are compared with: 0.025685 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79591402031243467336e+09,1.79591402222269749637e+09,18,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.124, "training_wall": 0.406, "held": 0.498}, "measures": {"peak_memory_bytes": 26619904}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "7770b552e96eb4ca"}','fb385650abd06f679132c53fac4ff3ab');
INSERT INTO "experiments" VALUES(19,NULL,'','44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79591402023736643788e+09,2,443989574,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,6.04000091552734375e-01,0.0,4.469605,1,'worse','a gain of -4.47 ± 0.037 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.44391963636363573897e+00,'[]',NULL,NULL,NULL,NULL,1.79591402031243467336e+09,1.79591402222269749637e+09,19,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.165, "training_wall": 0.476, "held": 0.604}, "measures": {"peak_memory_bytes": 26628096}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "a361292efc7505f6"}','f1b73ea08c12561b6918f318069cda97');
INSERT INTO "experiments" VALUES(20,NULL,'','6e0583d0628e5e1645899c79ac22c337f86c717a','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79591402023736643788e+09,2,1853992039,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,7.17999935150146484375e-01,0.0,0.02805,1,'reference','e0006, the reference that others are compared with: 0.025685 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79591402226830887788e+09,1.79591402464828825001e+09,21,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.176, "training_wall": 0.561, "held": 0.718}, "measures": {"peak_memory_bytes": 26439680}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "1d8f59c1443b59c5"}','770ddc7b65893765b8b7f16e3f3f2a2b');
INSERT INTO "experiments" VALUES(21,NULL,'','44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79591402023736643788e+09,2,1853992039,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,6.55999898910522460937e-01,0.0,4.49805,1,'worse','a gain of -4.47 ± 0.037 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.47236463636363623663e+00,'[]',NULL,NULL,NULL,NULL,1.79591402226830887788e+09,1.7959140241756432056e+09,20,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.168, "training_wall": 0.525, "held": 0.656}, "measures": {"peak_memory_bytes": 26550272}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "dd9fe5948acedeb8"}','5bfc7524d361d3eb8b9d3d54eb6663a5');
INSERT INTO "experiments" VALUES(22,NULL,'','6e0583d0628e5e1645899c79ac22c337f86c717a','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79591402023736643788e+09,2,1357209333,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.81000089645385742187e-01,0.0,0.001442,1,'reference','e0006, the reference that others are compared with: 0.025685 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79591402420489096641e+09,1.79591402591041374202e+09,22,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.167, "training_wall": 0.452, "held": 0.581}, "measures": {"peak_memory_bytes": 26554368}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "fe6561ab00c2a828"}','afa257d5a6de6e4d22100aa66cb43d03');
INSERT INTO "experiments" VALUES(23,NULL,'','44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79591402023736643788e+09,2,1357209333,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,6.02999925613403320312e-01,0.0,4.471442,1,'worse','a gain of -4.47 ± 0.037 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.44575663636363582753e+00,'[]',NULL,NULL,NULL,NULL,1.79591402467271757121e+09,1.79591402636098909379e+09,23,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.157, "training_wall": 0.447, "held": 0.603}, "measures": {"peak_memory_bytes": 26374144}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "c11df9dd58fd7268"}','9e33192ceb9dfcd93628ec0f452e93ad');
INSERT INTO "experiments" VALUES(24,NULL,'','6e0583d0628e5e1645899c79ac22c337f86c717a','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79591402023736643788e+09,2,137838429,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.93000030517578125e-01,0.0,-0.032237,1,'reference','e0006, the reference that others are compared with: 0.025685 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79591402592439723009e+09,1.79591402768649888036e+09,24,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.137, "training_wall": 0.402, "held": 0.493}, "measures": {"peak_memory_bytes": 26419200}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "21a6407c235594ce"}','61d1bc4555c7859337dabf4419c897b3');
INSERT INTO "experiments" VALUES(25,NULL,'','44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79591402023736643788e+09,2,137838429,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.7100009918212890625e-01,0.0,4.437763,1,'worse','a gain of -4.47 ± 0.037 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.41207763636363647918e+00,'[]',NULL,NULL,NULL,NULL,1.79591402637648487085e+09,1.79591402824425745007e+09,25,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.166, "training_wall": 0.445, "held": 0.571}, "measures": {"peak_memory_bytes": 26595328}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "aa7f8017f5793cfc"}','92cc5be53327d453bb3ee690b35db0a1');
INSERT INTO "experiments" VALUES(26,NULL,'','6e0583d0628e5e1645899c79ac22c337f86c717a','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79591402023736643788e+09,2,516942321,4,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,7.56999969482421875e-01,0.0,0.012577,1,'reference','e0006, the reference that others are compared with: 0.025685 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79591402775250887869e+09,1.7959140296920821667e+09,26,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.179, "training_wall": 0.597, "held": 0.757}, "measures": {"peak_memory_bytes": 26554368}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "24973b6ffb0cbb2d"}','b672968b597aadd8ae9a623ae0a1a04b');
INSERT INTO "experiments" VALUES(27,NULL,'','44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79591402023736643788e+09,2,516942321,4,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,7.56999969482421875e-01,0.0,4.482577,1,'worse','a gain of -4.47 ± 0.037 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.4568916363636361666e+00,'[]',NULL,NULL,NULL,NULL,1.79591402834942150115e+09,1.79591403054600429536e+09,27,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.169, "training_wall": 0.592, "held": 0.757}, "measures": {"peak_memory_bytes": 26501120}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "cc39f90f9f8c5ef2"}','16827afc2c8b9af89f43cae62a5358ec');
INSERT INTO "experiments" VALUES(28,NULL,'','6e0583d0628e5e1645899c79ac22c337f86c717a','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79591402023736643788e+09,2,1752846212,5,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,7.59999990463256835937e-01,0.0,-0.020419,1,'reference','e0006, the reference that others are compared with: 0.025685 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79591402971664404865e+09,1.79591403200804853442e+09,28,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.177, "training_wall": 0.599, "held": 0.76}, "measures": {"peak_memory_bytes": 26546176}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "721bf9b0f03025c6"}','bf12b31d65511ec8f90176239156e702');
INSERT INTO "experiments" VALUES(29,NULL,'','44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79591402023736643788e+09,2,1752846212,5,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,7.29000091552734375e-01,0.0,4.449581,1,'worse','a gain of -4.47 ± 0.037 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.42389563636363636334e+00,'[]',NULL,NULL,NULL,NULL,1.79591403056062698362e+09,1.79591403272222781186e+09,29,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.168, "training_wall": 0.569, "held": 0.729}, "measures": {"peak_memory_bytes": 26439680}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "fb04da353e000409"}','9148caff95ca149323ca55aa857ed2c5');
INSERT INTO "experiments" VALUES(30,NULL,'','6e0583d0628e5e1645899c79ac22c337f86c717a','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79591402023736643788e+09,2,1668019288,6,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,7.83999919891357421875e-01,0.0,0.031932,1,'reference','e0006, the reference that others are compared with: 0.025685 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79591403203679418568e+09,1795914034.30983,30,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.185, "training_wall": 0.608, "held": 0.784}, "measures": {"peak_memory_bytes": 26533888}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "2c96d4e59e0da91a"}','a6a52d2cc614ddf7cc6d8e504c81f8fa');
INSERT INTO "experiments" VALUES(31,NULL,'','44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79591402023736643788e+09,2,1668019288,6,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,8.32000017166137695312e-01,0.0,4.501932,1,'worse','a gain of -4.47 ± 0.037 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.47624663636363617769e+00,'[]',NULL,NULL,NULL,NULL,1.79591403281894373888e+09,1.79591403524022555351e+09,31,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.171, "training_wall": 0.672, "held": 0.832}, "measures": {"peak_memory_bytes": 26529792}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "f678a6f25040b684"}','b9bae5ce0e07166337657a7bb8c6d56b');
INSERT INTO "experiments" VALUES(32,NULL,'','6e0583d0628e5e1645899c79ac22c337f86c717a','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79591402023736643788e+09,2,1484725918,7,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,0.940000057220459,0.0,0.056385,1,'reference','e0006, the reference that others are compared with: 0.025685 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79591403434457087514e+09,1.7959140366780676842e+09,32,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.173, "training_wall": 0.577, "held": 0.94}, "measures": {"peak_memory_bytes": 26476544}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "32c08cbc607dbb83"}','0974c475acad974fc858989cb13f47bf');
INSERT INTO "experiments" VALUES(33,NULL,'','44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79591402023736643788e+09,2,1484725918,7,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,7.10999965667724609375e-01,0.0,4.526385,1,'worse','a gain of -4.47 ± 0.037 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.50069963636363645775e+00,'[]',NULL,NULL,NULL,NULL,1.79591403529684710501e+09,1.79591403732111644744e+09,33,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.175, "training_wall": 0.554, "held": 0.711}, "measures": {"peak_memory_bytes": 26558464}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "60ded0f4c35b445b"}','b843b8b25b733f5c3a4aacd933823264');
INSERT INTO "experiments" VALUES(34,NULL,'','a80ac81f2d4fb6870ef15b5f89da34660263d25d','d2c1f4bc7ecc242d68531823037ca8c294b2f3b3',6,'idea','Too slow','speed','DURATION 0.02→30.0','{"DURATION": 30.0}','me',1.79591403834149646763e+09,1,1668370457,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'cancelled',0,'seen enough',0.0,0.0,NULL,NULL,'none',NULL,NULL,'[]',NULL,NULL,NULL,NULL,NULL,1.79591403837296819693e+09,34,'{}','efcdc3d3045d815edb876c9240ba5ff7');
CREATE TABLE facts (                    -- of the lab itself: id, trainer, ...
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "facts" VALUES('allowance since 2026-11-29T01:00:00.495791+00:00','{"gpu_hours":null,"usd":null,"experiments":null,"ends":null}');
INSERT INTO "facts" VALUES('id','e0c95b80b1273372');
INSERT INTO "facts" VALUES('rehearsal','False');
INSERT INTO "facts" VALUES('trainer','parabola');
CREATE TABLE grids (
    number      INTEGER PRIMARY KEY,
    hypothesis  TEXT NOT NULL,
    design      TEXT NOT NULL,
    factors     TEXT NOT NULL,          -- JSON
    theme       TEXT,
    launched_by TEXT NOT NULL,
    launched_at REAL NOT NULL
) STRICT;
INSERT INTO "grids" VALUES(1,'Where the bottom lies','full','{"X": [0.5, 2.5, 2.9]}','position','me',1.79591400060532641416e+09);
CREATE TABLE holds (                    -- failure storms: what keeps queued experiments from starting
    number     INTEGER PRIMARY KEY,
    scope      TEXT NOT NULL UNIQUE,    -- a grid's variant, or a tree, and the kind of device: see queue.py
    failure    TEXT NOT NULL,
    reason     TEXT NOT NULL,
    since      REAL NOT NULL            -- what was launched later isn't held
) STRICT;
CREATE TABLE metric_values (            -- of experiments that have ended: the metrics that they aren't judged by
    name       TEXT NOT NULL,
    experiment INTEGER NOT NULL REFERENCES experiments,
    value      REAL NOT NULL,
    PRIMARY KEY (name, experiment)
) STRICT, WITHOUT ROWID;
CREATE TABLE notes (
    number      INTEGER PRIMARY KEY,
    written_by  TEXT NOT NULL,
    written_at  REAL NOT NULL,
    text        TEXT NOT NULL,
    theme       TEXT,
    experiments TEXT NOT NULL           -- JSON: numbers
) STRICT;
INSERT INTO "notes" VALUES(1,'me',1795914038.27309,'X near 3 is best','position','[6]');
CREATE TABLE pairs (                    -- of experiments on one seed
    validation INTEGER NOT NULL,
    stage      INTEGER NOT NULL,
    place      INTEGER NOT NULL,
    candidate  INTEGER NOT NULL REFERENCES experiments,
    against    INTEGER NOT NULL REFERENCES experiments,
    PRIMARY KEY (validation, stage, place),
    FOREIGN KEY (validation, stage) REFERENCES stages
) STRICT, WITHOUT ROWID;
INSERT INTO "pairs" VALUES(1,0,0,14,15);
INSERT INTO "pairs" VALUES(1,0,1,16,17);
INSERT INTO "pairs" VALUES(1,1,0,18,19);
INSERT INTO "pairs" VALUES(1,1,1,20,21);
INSERT INTO "pairs" VALUES(1,1,2,22,23);
INSERT INTO "pairs" VALUES(1,1,3,24,25);
INSERT INTO "pairs" VALUES(1,1,4,26,27);
INSERT INTO "pairs" VALUES(1,1,5,28,29);
INSERT INTO "pairs" VALUES(1,1,6,30,31);
INSERT INTO "pairs" VALUES(1,1,7,32,33);
CREATE TABLE paper_answers (            -- of services to searches
    source     TEXT NOT NULL,
    request    TEXT NOT NULL,           -- URL, without keys
    papers     TEXT NOT NULL,           -- JSON
    fetched_at REAL NOT NULL,
    PRIMARY KEY (source, request)
) STRICT, WITHOUT ROWID;
CREATE TABLE paper_ids (                -- every id of each paper
    id    TEXT PRIMARY KEY,
    paper TEXT NOT NULL REFERENCES papers
) STRICT, WITHOUT ROWID;
CREATE TABLE paper_texts (              -- that were read
    paper      TEXT PRIMARY KEY REFERENCES papers,
    content    TEXT NOT NULL,           -- JSON: where it is from, and its sections
    fetched_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE papers (                   -- that were found or read
    id       TEXT PRIMARY KEY,          -- as it is shown: arXiv:…, doi:…, openalex:…, s2:…
    record   TEXT NOT NULL,             -- JSON: title, authors, year and so on, each with its source
    found_at REAL NOT NULL,
    read_at  REAL                       -- of the first read_paper
) STRICT, WITHOUT ROWID;
CREATE TABLE pools (
    name         TEXT PRIMARY KEY,
    backend      TEXT NOT NULL,
    gpu          TEXT NOT NULL,
    clock        TEXT NOT NULL,
    slots        INTEGER NOT NULL,
    usd_per_hour REAL NOT NULL,
    note         TEXT NOT NULL DEFAULT '',
    as_of        REAL NOT NULL,
    taken        INTEGER NOT NULL DEFAULT 0,
    most_clusters INTEGER NOT NULL DEFAULT 0,
    gpus_per_slot INTEGER NOT NULL DEFAULT 1
) STRICT, WITHOUT ROWID;
INSERT INTO "pools" VALUES('local','local','cpu','cpu',2,0.0,'',1.79591404009900665285e+09,0,0,1);
CREATE TABLE requests (                 -- idempotency: a launch repeated with its request_id gets the first answer
    caller     TEXT NOT NULL,
    request_id TEXT NOT NULL,
    answer     TEXT NOT NULL,           -- JSON
    PRIMARY KEY (caller, request_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE reused_cells (             -- of grids: the same experiment existed, and was not run again
    grid       INTEGER NOT NULL REFERENCES grids,
    experiment INTEGER NOT NULL,
    variant    TEXT NOT NULL,           -- its name within this grid
    PRIMARY KEY (grid, experiment)
) STRICT, WITHOUT ROWID;
CREATE TABLE runs (
    id           TEXT PRIMARY KEY,      -- e0042-1
    experiment   INTEGER NOT NULL REFERENCES experiments,
    attempt      INTEGER NOT NULL,
    pool         TEXT NOT NULL,
    handle       TEXT NOT NULL,         -- JSON, the backend's
    status       TEXT NOT NULL,         -- starting, running, evaluating, finished, lost
    created_at   REAL NOT NULL,
    heartbeat_at REAL NOT NULL,
    finished_at  REAL,
    running_at   REAL,                  -- when it was first seen past its start
    gpus         INTEGER NOT NULL DEFAULT 1  -- that its slot consists of
) STRICT, WITHOUT ROWID;
INSERT INTO "runs" VALUES('e0001-1',1,1,'local','{"started": true, "slot": 0}','finished',1.79591400428435683245e+09,1.79591400506079268452e+09,1.79591400466935682302e+09,1.79591400506079268452e+09,1);
INSERT INTO "runs" VALUES('e0002-1',2,1,'local','{"started": true, "slot": 0}','finished',1.79591400561116647715e+09,1.79591400622894859307e+09,1.7959140059661664962e+09,1.79591400622894859307e+09,1);
INSERT INTO "runs" VALUES('e0003-1',3,1,'local','{"started": true, "slot": 1}','finished',1.79591400561116647715e+09,1.7959140064410142898e+09,1.79591400617516636843e+09,1.7959140064410142898e+09,1);
INSERT INTO "runs" VALUES('e0004-1',4,1,'local','{"started": true, "slot": 0}','finished',1.79591400807679581639e+09,1.79591400900145554539e+09,1.79591400867779588698e+09,1.79591400900145554539e+09,1);
INSERT INTO "runs" VALUES('e0005-1',5,1,'local','{"started": true, "slot": 1}','finished',1.79591400853661584853e+09,1.79591400952846741673e+09,1.79591400909961581232e+09,1.79591400952846741673e+09,1);
INSERT INTO "runs" VALUES('e0006-1',6,1,'local','{"started": true, "slot": 0}','finished',1.79591400962859272958e+09,1.79591401070625972745e+09,1.795914010382592678e+09,1.79591401070625972745e+09,1);
INSERT INTO "runs" VALUES('e0007-1',7,1,'local','{"started": true, "slot": 0}','finished',1.79591400174461126321e+09,1.79591400222708964351e+09,1.79591400207961130147e+09,1.79591400222708964351e+09,1);
INSERT INTO "runs" VALUES('e0008-1',8,1,'local','{"started": true, "slot": 0}','finished',1.79591400261592864986e+09,1.79591400324482798576e+09,1.79591400302092862126e+09,1.79591400324482798576e+09,1);
INSERT INTO "runs" VALUES('e0009-1',9,1,'local','{"started": true, "slot": 1}','finished',1.79591400261592864986e+09,1.7959140032439157963e+09,1.79591400300292873383e+09,1.7959140032439157963e+09,1);
INSERT INTO "runs" VALUES('e0010-1',10,1,'local','{"started": true, "slot": 1}','finished',1.79591400428435683245e+09,1.79591400498487639434e+09,1.79591400466535687442e+09,1.79591400498487639434e+09,1);
INSERT INTO "runs" VALUES('e0011-1',11,1,'local','{"started": true, "slot": 1}','finished',1.79591401028578019141e+09,1795914011.59418,1.79591401078978013996e+09,1795914011.59418,1);
INSERT INTO "runs" VALUES('e0012-1',12,1,'local','{"started": true, "slot": 0}','finished',1.79591400675298786164e+09,1.79591400754201745981e+09,1.79591400720398783686e+09,1.79591400754201745981e+09,1);
INSERT INTO "runs" VALUES('e0013-1',13,1,'local','{"started": true, "slot": 1}','finished',1.79591400722396063805e+09,1.79591400798033022884e+09,1.79591400768396067624e+09,1.79591400798033022884e+09,1);
INSERT INTO "runs" VALUES('e0014-1',14,1,'local','{"started": true, "slot": 0}','finished',1.79591401606520700449e+09,1.79591401728813028328e+09,1.79591401666620707516e+09,1.79591401728813028328e+09,1);
INSERT INTO "runs" VALUES('e0015-1',15,1,'local','{"started": true, "slot": 1}','finished',1.79591401606520700449e+09,1.7959140168350679874e+09,1.79591401657420706751e+09,1.7959140168350679874e+09,1);
INSERT INTO "runs" VALUES('e0016-1',16,1,'local','{"started": true, "slot": 0}','finished',1.79591401828435611722e+09,1.79591401900442552562e+09,1.79591401935735607152e+09,1.79591401900442552562e+09,1);
INSERT INTO "runs" VALUES('e0017-1',17,1,'local','{"started": true, "slot": 1}','finished',1.79591401853217720986e+09,1.79591401928076815604e+09,1.79591401921917724606e+09,1.79591401928076815604e+09,1);
INSERT INTO "runs" VALUES('e0018-1',18,1,'local','{"started": true, "slot": 0}','finished',1.79591402031243467336e+09,1.79591402147317528723e+09,1.79591402081043457986e+09,1.79591402147317528723e+09,1);
INSERT INTO "runs" VALUES('e0019-1',19,1,'local','{"started": true, "slot": 1}','finished',1.79591402031243467336e+09,1.79591402142162060743e+09,1.79591402091643476479e+09,1.79591402142162060743e+09,1);
INSERT INTO "runs" VALUES('e0020-1',20,1,'local','{"started": true, "slot": 0}','finished',1.79591402226830887788e+09,1.79591402379450726508e+09,1.79591402298630881313e+09,1.79591402379450726508e+09,1);
INSERT INTO "runs" VALUES('e0021-1',21,1,'local','{"started": true, "slot": 1}','finished',1.79591402226830887788e+09,1.79591402345817184454e+09,1.79591402292430877682e+09,1.79591402345817184454e+09,1);
INSERT INTO "runs" VALUES('e0022-1',22,1,'local','{"started": true, "slot": 1}','finished',1.79591402420489096641e+09,1.79591402527174878117e+09,1.79591402478589105603e+09,1.79591402527174878117e+09,1);
INSERT INTO "runs" VALUES('e0023-1',23,1,'local','{"started": true, "slot": 0}','finished',1.79591402467271757121e+09,1.79591402576993751523e+09,1.7959140252757174969e+09,1.79591402576993751523e+09,1);
INSERT INTO "runs" VALUES('e0024-1',24,1,'local','{"started": true, "slot": 1}','finished',1.79591402592439723009e+09,1.79591402700265955925e+09,1.79591402641739726064e+09,1.79591402700265955925e+09,1);
INSERT INTO "runs" VALUES('e0025-1',25,1,'local','{"started": true, "slot": 0}','finished',1.79591402637648487085e+09,1.79591402748669266703e+09,1.79591402694748497005e+09,1.79591402748669266703e+09,1);
INSERT INTO "runs" VALUES('e0026-1',26,1,'local','{"started": true, "slot": 1}','finished',1.79591402775250887869e+09,1.79591402889912104602e+09,1.79591402850950884817e+09,1.79591402889912104602e+09,1);
INSERT INTO "runs" VALUES('e0027-1',27,1,'local','{"started": true, "slot": 0}','finished',1.79591402834942150115e+09,1.79591402963279032703e+09,1.79591402910642147067e+09,1.79591402963279032703e+09,1);
INSERT INTO "runs" VALUES('e0028-1',28,1,'local','{"started": true, "slot": 1}','finished',1.79591402971664404865e+09,1.79591403110204386704e+09,1.79591403047664403911e+09,1.79591403110204386704e+09,1);
INSERT INTO "runs" VALUES('e0029-1',29,1,'local','{"started": true, "slot": 0}','finished',1.79591403056062698362e+09,1.79591403192226123806e+09,1.79591403128962707512e+09,1.79591403192226123806e+09,1);
INSERT INTO "runs" VALUES('e0030-1',30,1,'local','{"started": true, "slot": 1}','finished',1.79591403203679418568e+09,1.79591403339518857007e+09,1.79591403282079410553e+09,1.79591403339518857007e+09,1);
INSERT INTO "runs" VALUES('e0031-1',31,1,'local','{"started": true, "slot": 0}','finished',1.79591403281894373888e+09,1.79591403421971607208e+09,1.79591403365094375607e+09,1.79591403421971607208e+09,1);
INSERT INTO "runs" VALUES('e0032-1',32,1,'local','{"started": true, "slot": 1}','finished',1.79591403434457087514e+09,1.79591403561920952801e+09,1.79591403528457093244e+09,1.79591403561920952801e+09,1);
INSERT INTO "runs" VALUES('e0033-1',33,1,'local','{"started": true, "slot": 0}','finished',1.79591403529684710501e+09,1.79591403662368249895e+09,1.79591403600784707073e+09,1.79591403662368249895e+09,1);
CREATE TABLE sources (                  -- one for each distinct commit in source.git
    commit_hash TEXT PRIMARY KEY,
    tree        TEXT NOT NULL,
    changes     TEXT NOT NULL,          -- against its base, in a few words
    diffstat    TEXT NOT NULL,
    knobs       TEXT NOT NULL,          -- JSON: every knob's value
    flags       TEXT NOT NULL DEFAULT '[]'  -- JSON: what it touches that the baseline doesn't: see flags.py
) STRICT, WITHOUT ROWID;
INSERT INTO "sources" VALUES('3fd973e68829d7d6ab4c8b0630a54dd816f64fb7','c9514331743fcb040f6adbfe5e4b7d8d7e8acdaa','Y 0.0→-0.8; X 1.0→0.5','train.py +2 −2','{"X": 0.5, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('44e74c541847ddd01ecd1b7406fdfadef7af2bc8','e45339b4d38637798cf3b888593007e463dabc83','','','{"X": 1.0, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('6e0583d0628e5e1645899c79ac22c337f86c717a','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267','Y 0.0→-0.8; X 1.0→2.9','train.py +2 −2','{"X": 2.9, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('815d7c8ac536a83e844012c544a54d4d44f32d8c','b95377afc5839c5b668f1b8c19acfa9c5252b29d','X 1.0→0.5','train.py +1 −1','{"X": 0.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('a80ac81f2d4fb6870ef15b5f89da34660263d25d','d2c1f4bc7ecc242d68531823037ca8c294b2f3b3','DURATION 0.02→30.0','train.py +1 −1','{"X": 2.9, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 30.0, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('b9931890e8142cb8d933a155407241b35ab6fa40','d1deca555593465b338a9c8cd29cc537c342e1f4','X 1.0→2.9','train.py +1 −1','{"X": 2.9, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('c04416cbd1a7e8de7c4212fbf727088308aa7131','bdedb0d23dfb1a666e8b7448a11ec6f71414a675','X 1.0→2.5','train.py +1 −1','{"X": 2.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('e87d09747ef956f42ae6b25f8cb8defef61b5043','3cb68a8332626cc30b6d80b3595529c23be631cf','X 1.0→1.5, FAIL False→True','train.py +2 −2','{"X": 1.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": true}','[]');
INSERT INTO "sources" VALUES('f96d5299ea702c75552c8929358b428af27aa42d','83207f7b3ba244bec7cc8ecf3ff6b2a01745b936','Y 0.0→-0.8; X 1.0→2.5','train.py +2 −2','{"X": 2.5, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
CREATE TABLE spent (                    -- settled, by pool; what is reserved is summed over what is pending
    pool        TEXT NOT NULL,
    hired       INTEGER NOT NULL,       -- on clusters, which cost what they cost: no cost of its own
    experiments INTEGER NOT NULL,
    gpu_seconds REAL NOT NULL,
    usd         REAL NOT NULL,
    useful_seconds REAL NOT NULL,       -- training seconds of scored runs
    PRIMARY KEY (pool, hired)
) STRICT, WITHOUT ROWID;
INSERT INTO "spent" VALUES('local',0,33,2.00089999999999967883e+01,0.0,1.50370000000000025863e+01);
CREATE TABLE stages (                   -- of a validation, in turn: the test, longer horizons, the gain to report
    validation     INTEGER NOT NULL REFERENCES validations,
    place          INTEGER NOT NULL,
    kind           TEXT NOT NULL,       -- test, horizon, report
    horizon        INTEGER NOT NULL,    -- budgets
    against        TEXT NOT NULL REFERENCES sources,   -- the commit that the candidate is paired with
    setting        TEXT NOT NULL,
    budget_seconds REAL NOT NULL,
    pairs          INTEGER NOT NULL,
    gpu_seconds    REAL NOT NULL,       -- of one experiment, estimated: reserved until the stage is launched or dropped
    usd            REAL NOT NULL,
    gain           REAL,                -- what came of it: mean over pairs, with its interval
    low            REAL,
    high           REAL,
    tau            REAL,                -- of a longer horizon: how far it ranks as the test's does
    tau_low        REAL,
    tau_high       REAL,
    PRIMARY KEY (validation, place)
) STRICT, WITHOUT ROWID;
INSERT INTO "stages" VALUES(1,0,'test',1,'44e74c541847ddd01ecd1b7406fdfadef7af2bc8','parabola-e7709fd8/cpu/0.2s',0.2,2,4.70083336035410581654e-01,0.0,4.47,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "stages" VALUES(1,1,'report',1,'44e74c541847ddd01ecd1b7406fdfadef7af2bc8','parabola-e7709fd8/cpu/0.2s',0.2,8,4.70083336035410581654e-01,0.0,4.47,4.47,4.47,NULL,NULL,NULL);
CREATE TABLE stops (                    -- experiments that the lab ends early, or ended, as doomed
    number     INTEGER PRIMARY KEY,     -- its place among them: of every few, one is run again to its end
    experiment INTEGER NOT NULL UNIQUE REFERENCES experiments,
    reason     TEXT NOT NULL,
    seconds    REAL NOT NULL,           -- of training, when it was judged
    since      REAL NOT NULL
) STRICT;
CREATE TABLE strata (
    number     INTEGER PRIMARY KEY,
    facts      TEXT NOT NULL UNIQUE,    -- JSON with sorted keys
    reference  REAL,
    replicates INTEGER NOT NULL DEFAULT 0,
    noise      REAL,
    degrees    INTEGER NOT NULL DEFAULT 0,
    champion     INTEGER REFERENCES champions,  -- the reference; null until a score was judged
    reference_sd REAL                           -- of the reference's own scores
) STRICT;
INSERT INTO "strata" VALUES(1,'{"budget_seconds": 0.2, "clock": "cpu", "data": null, "device": "cpu", "driver": null, "evaluator": null, "self_reported": true, "torch": "2.13.0+cpu", "trainer": "parabola-e7709fd8"}',2.56853636363636346484e-02,11,4.47525276955594297767e-02,25,2,4.56824752925511431977e-02);
CREATE TABLE validations (              -- one test each; the number is its place among all tests of the lab
    number        INTEGER PRIMARY KEY,
    candidate     INTEGER NOT NULL REFERENCES experiments,
    commit_hash   TEXT NOT NULL REFERENCES sources,    -- of the candidate, as it is run
    champion      INTEGER NOT NULL REFERENCES champions,  -- at launch
    gpu           TEXT NOT NULL,
    clock         TEXT NOT NULL,
    level         REAL NOT NULL,        -- that the test is held to, fixed at launch as these are:
    confirmations TEXT NOT NULL,        -- JSON: known then, each as how many tests had been launched when it became known
    prior_sd      REAL,                 -- the noise of a difference, as far as it was known
    prior_degrees REAL,
    launched_by   TEXT NOT NULL,
    launched_at   REAL NOT NULL,
    stage         INTEGER NOT NULL DEFAULT 0,  -- the one that runs, or ran last
    verdict       TEXT NOT NULL DEFAULT 'pending',  -- confirmed, not_shown; none when it came to no verdict
    known_after   INTEGER,              -- how many tests had been launched when the verdict became known
    p             REAL,
    reason        TEXT,
    promoted      INTEGER NOT NULL DEFAULT 0,
    finished_at   REAL,
    finished_seq  INTEGER UNIQUE        -- order of finishing, among validations
) STRICT;
INSERT INTO "validations" VALUES(1,6,'6e0583d0628e5e1645899c79ac22c337f86c717a',1,'cpu','cpu',1.3379192728150215725e-03,'[]',1.00196706016215705825e-01,3.0,'me',1.79591401401604056358e+09,1,'confirmed',1,1.06370731222080362613e-07,'a mean gain of +4.47 over 2 pairs, p = 1.1e-07, within the level of 0.0013; the gain is that of 8 other pairs, against the baseline',1,1.79591403732111644744e+09,1);
CREATE TABLE wishes (                   -- how many clusters a pool is to hold; without one as many as the queue needs
    pool      TEXT PRIMARY KEY,
    clusters  INTEGER NOT NULL,
    wished_by TEXT NOT NULL,
    wished_at REAL NOT NULL,
    by_person INTEGER NOT NULL          -- `labhand down`: no tool takes it back
) STRICT, WITHOUT ROWID;
CREATE INDEX experiments_queue ON experiments (priority DESC, number) WHERE status = 'queued';
CREATE INDEX experiments_unwanted ON experiments (number) WHERE status = 'queued' AND cancel_reason IS NOT NULL;
CREATE INDEX experiments_status ON experiments (status, launched_by, gpu, gpu_seconds, usd);
CREATE INDEX experiments_twin ON experiments (tree, seed, budget_seconds, gpu);
CREATE INDEX experiments_grid ON experiments (grid) WHERE grid IS NOT NULL;
CREATE INDEX experiments_theme ON experiments (theme, status, stratum, gain) WHERE theme IS NOT NULL;
CREATE INDEX experiments_best ON experiments
    (stratum, score, number, status, verdict, gpu, theme, launched_by, grid, finished_seq) WHERE score IS NOT NULL;
CREATE INDEX experiments_listing ON experiments
    (number, status, score, verdict, gpu, theme, launched_by, grid, finished_seq, failure, usd, gpu_seconds);
CREATE INDEX experiments_winners ON experiments (stratum, score, tree, purpose, gain)
    WHERE verdict IN ('promising', 'confirmed');
CREATE INDEX experiments_suspected ON experiments (number) WHERE must_beat IS NOT NULL;
CREATE INDEX experiments_failure ON experiments (failure) WHERE failure IS NOT NULL;
CREATE INDEX experiments_setting ON experiments (setting, purpose);
CREATE UNIQUE INDEX experiments_finished ON experiments (finished_seq) WHERE finished_seq IS NOT NULL;
CREATE UNIQUE INDEX experiments_once ON experiments (tree, seed, budget_seconds, gpu)
    WHERE status NOT IN ('failed', 'cancelled', 'stopped');
CREATE INDEX metric_values_sorted ON metric_values (name, value, experiment);
CREATE INDEX runs_active ON runs (status) WHERE status NOT IN ('finished', 'lost');
CREATE INDEX runs_experiment ON runs (experiment);
CREATE INDEX validations_open ON validations (number) WHERE finished_seq IS NULL;
CREATE VIEW paired AS                   -- the experiments of all pairs
    SELECT validation, stage, candidate AS experiment FROM pairs UNION ALL SELECT validation, stage, against FROM pairs;
CREATE INDEX citations_by_experiments ON citations (experiment, paper) WHERE experiment IS NOT NULL;
CREATE INDEX citations_by_papers ON citations (paper);
CREATE INDEX clusters_pool ON clusters (pool, ended_at);
CREATE VIRTUAL TABLE experiments_text USING fts5 (
    hypothesis, changes, theme, content='experiments', content_rowid='number'
);
CREATE TRIGGER experiments_text_insert AFTER INSERT ON experiments BEGIN
    INSERT INTO experiments_text (rowid, hypothesis, changes, theme)
    VALUES (new.number, new.hypothesis, new.changes, new.theme);
END;
INSERT INTO experiments_text (experiments_text) VALUES ('rebuild');
PRAGMA user_version = 4;
COMMIT;
