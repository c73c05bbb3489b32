-- A lab of schema 2: a screened knob, a failure, a cancelled run, a confirmed champion, a note.
BEGIN;
CREATE TABLE champions (                -- the newest row is the champion; the first is the baseline
    number      INTEGER PRIMARY KEY,
    commit_hash TEXT NOT NULL REFERENCES sources,
    experiment  INTEGER REFERENCES experiments,
    since       REAL NOT NULL
) STRICT;
INSERT INTO "champions" VALUES(1,'86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981',NULL,1.79587121121173906327e+09);
INSERT INTO "champions" VALUES(2,'188d5e5c15deaf61770cadcf966df70abead8d45',6,1.79587127154882025717e+09);
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
INSERT INTO "experiments" VALUES(1,1,'plain','76f5c224eebb14167ba8f2168595240033ca04c4','b95377afc5839c5b668f1b8c19acfa9c5252b29d',NULL,'idea','Where the bottom lies','position','plain: X 1.0→0.5','{"X": 0.5}','me',1.7958712114460587501e+09,1,2119450842,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.63499999046325683593e+00,0.0,6.731795,1,'worse','a gain of -6.7 ± 0.098 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-6.70081509090909,'[]',NULL,NULL,NULL,NULL,1.79587122636494517322e+09,1.79587123061931347844e+09,4,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.177, "training_wall": 1.192, "held": 1.635}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','3faf0e05999576892bcae329130a7156');
INSERT INTO "experiments" VALUES(2,1,'plain','84affb66d160807c7e5ca1e7e9ed7ad23227f96e','bdedb0d23dfb1a666e8b7448a11ec6f71414a675',NULL,'idea','Where the bottom lies','position','plain: X 1.0→2.5','{"X": 2.5}','me',1.79587121144611477855e+09,1,2119450842,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.07500004768371582031e+00,0.0,0.731795,1,'worse','a gain of -0.734 ± 0.072 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-7.00815090909090887549e-01,'[]',2.606795,NULL,NULL,NULL,1.79587123066341185564e+09,1.79587123526191878323e+09,6,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.175, "training_wall": 1.629, "held": 2.075}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','5cfc73c3319bafbe1b4cb9b6aed4c762');
INSERT INTO "experiments" VALUES(3,1,'plain','8ab0b60fcc4d9a59720df9417181cf4442b894ae','d1deca555593465b338a9c8cd29cc537c342e1f4',NULL,'idea','Where the bottom lies','position','plain: X 1.0→2.9','{"X": 2.9}','me',1.79587121144613456728e+09,1,2119450842,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.04399991035461425781e+00,0.0,0.491795,1,'worse','a gain of -0.494 ± 0.072 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-4.60815090909090896431e-01,'[]',2.486795,NULL,NULL,NULL,1.79587123102308273314e+09,1.79587123580780267718e+09,7,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.186, "training_wall": 1.628, "held": 2.044}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','1980d4ad1c8fd8d46186e8d61b53aafd');
INSERT INTO "experiments" VALUES(4,1,'lower','5ee360cbed03c3cf4efbf0aef586719445209f9e','c9514331743fcb040f6adbfe5e4b7d8d7e8acdaa',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→0.5','{"Y": -0.8, "X": 0.5}','me',1.79587121144615149493e+09,1,2119450842,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.04399991035461425781e+00,0.0,6.251795,1,'worse','a gain of -6.22 ± 0.098 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-6.22081509090909090531e+00,'[]',NULL,NULL,NULL,NULL,1.79587123966315770143e+09,1795871242.65555,10,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.113, "training_wall": 0.779, "held": 1.044}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','a281b601102d0996f626744eeae3b42c');
INSERT INTO "experiments" VALUES(5,1,'lower','c563a0c26c700766dd27e7125d3c067005f58722','83207f7b3ba244bec7cc8ecf3ff6b2a01745b936',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→2.5','{"Y": -0.8, "X": 2.5}','me',1.79587121144617462161e+09,1,2119450842,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.29900002479553222656e+00,0.0,0.251795,1,'worse','a gain of -0.221 ± 0.098 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-2.20815090909090905313e-01,'[]',NULL,NULL,NULL,NULL,1.79587124007029771801e+09,1.79587124310990142823e+09,11,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.112, "training_wall": 1.084, "held": 1.299}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','16cd1fd59139dba536dfa13ff51c0c34');
INSERT INTO "experiments" VALUES(6,1,'lower','188d5e5c15deaf61770cadcf966df70abead8d45','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','me',1.79587121144619131082e+09,1,2119450842,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.60199999809265136718e+00,0.0,0.011795,1,'confirmed','v001, against the baseline: a mean gain of +4.47 over 2 pairs, p = 1.1e-08, within the level of 0.0013',NULL,'[]',NULL,NULL,NULL,NULL,1.79587124266573095322e+09,1.79587124611114621166e+09,12,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.136, "training_wall": 1.197, "held": 1.602}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','75ddaa61d35665c1a208d368dba51fc0');
INSERT INTO "experiments" VALUES(7,NULL,'','86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79587121144625401492e+09,2,2119450842,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.26999998092651367187e+00,0.0,4.481795,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.45081509090909,'[]',NULL,NULL,NULL,NULL,1.79587121647914719577e+09,1.79587121991239809983e+09,1,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.131, "training_wall": 1.003, "held": 1.27}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','cb1fcc1bf895ee0750aad229a01014ac');
INSERT INTO "experiments" VALUES(8,NULL,'','86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79587121144630217552e+09,2,818144448,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.80100011825561523437e+00,0.0,4.548484,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.51750409090909066378e+00,'[]',NULL,NULL,NULL,NULL,1.79587122005645799635e+09,1.79587122404448556903e+09,2,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.178, "training_wall": 1.39, "held": 1.801}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','1d8ba939657f3918163030e946d44464');
INSERT INTO "experiments" VALUES(9,NULL,'','86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79587121144633078575e+09,2,1036297469,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.61599993705749511718e+00,0.0,4.557602,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.52662209090909062325e+00,'[]',NULL,NULL,NULL,NULL,1.79587122005645799635e+09,1.79587122404448556903e+09,3,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.163, "training_wall": 1.299, "held": 1.616}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','5a87ecdfd97b066ae59883aae35598aa');
INSERT INTO "experiments" VALUES(10,NULL,'','86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79587121144635629647e+09,2,974472437,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.68099999427795410156e+00,0.0,4.485685,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.45470509090909061455e+00,'[]',NULL,NULL,NULL,NULL,1.79587122636494517322e+09,1.79587123138517713548e+09,5,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.193, "training_wall": 1.269, "held": 1.681}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','6e92ed8b88782750e3f934998de8d2cc');
INSERT INTO "experiments" VALUES(11,NULL,'','0f61709e78be7eea1c85f8e9ec25e75f3e995e1d','3cb68a8332626cc30b6d80b3595529c23be631cf',NULL,'idea','It fails','failures','X 1.0→1.5, FAIL False→True','{"X": 1.5, "FAIL": true}','me',1.79587121159729337692e+09,1,2119450842,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'failed',1,NULL,1.15199995040893554687e+00,0.0,NULL,NULL,'none',NULL,NULL,'[]',NULL,NULL,'crashed','{"message": "The command ended with status 1: RuntimeError: told to fail", "lines": ["Traceback (most recent call last):", "  File \"/tmp/tmpv4wc14jy/.labhand/runs/e0011-1/work/train.py\", line 34, in <module>", "    main()", "  File \"/tmp/tmpv4wc14jy/.labhand/runs/e0011-1/work/train.py\", line 28, in main", "    raise RuntimeError(\"told to fail\")", "RuntimeError: told to fail"], "next_step": "Read the lines, correct the source, and launch it again."}',1.79587124317191696169e+09,1.79587124662445449824e+09,13,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.123, "training_wall": 0.922, "held": 1.152}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','fd5f270c244acffcb1a8e3c52281a7a5');
INSERT INTO "experiments" VALUES(12,NULL,'','84affb66d160807c7e5ca1e7e9ed7ad23227f96e','bdedb0d23dfb1a666e8b7448a11ec6f71414a675',NULL,'recheck','Whether the score of e0002 comes again on another seed',NULL,'plain: X 1.0→2.5','{"X": 2.5}','labhand',1.79587123526191878323e+09,2,818144448,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.44000005722045898437e+00,0.0,0.798484,1,'worse','a gain of -0.734 ± 0.072 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-7.6750409090909088583e-01,'[]',NULL,NULL,NULL,NULL,1.795871235345498085e+09,1.79587123924272680283e+09,8,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.134, "training_wall": 1.038, "held": 1.44}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','3894c6b55adf1e515010aa2a2b22656d');
INSERT INTO "experiments" VALUES(13,NULL,'','8ab0b60fcc4d9a59720df9417181cf4442b894ae','d1deca555593465b338a9c8cd29cc537c342e1f4',NULL,'recheck','Whether the score of e0003 comes again on another seed',NULL,'plain: X 1.0→2.9','{"X": 2.9}','labhand',1.79587123580780267718e+09,2,818144448,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.77900004386901855468e+00,0.0,0.558484,1,'worse','a gain of -0.494 ± 0.072 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-5.27504090909090894712e-01,'[]',NULL,NULL,NULL,NULL,1.79587123586083173749e+09,1.79587123991704726219e+09,9,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.18, "training_wall": 1.437, "held": 1.779}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','1a69a12ff66105ddd559f267d06be395');
INSERT INTO "experiments" VALUES(14,NULL,'','188d5e5c15deaf61770cadcf966df70abead8d45','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'validation','v001: e0006 against the champion',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79587125358927035328e+09,2,815877072,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.31699991226196289062e+00,0.0,0.062672,1,'reference','e0006, the reference that others are compared with: 0.03098 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79587126302905488017e+09,1.79587126612839889528e+09,14,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.122, "training_wall": 0.935, "held": 1.317}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','d273c989fbe5e46a322511e26486ac9a');
INSERT INTO "experiments" VALUES(15,NULL,'','86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83',NULL,'validation','v001: e0006 against the champion',NULL,'unchanged','{}','labhand',1.79587125358927035328e+09,2,815877072,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.375,0.0,4.532672,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.50169209090909,'[]',NULL,NULL,NULL,NULL,1.79587126302905488017e+09,1.79587126903587365146e+09,15,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.114, "training_wall": 1.013, "held": 1.375}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','0c8b5773d71074493e4258208d40e74d');
INSERT INTO "experiments" VALUES(16,NULL,'','188d5e5c15deaf61770cadcf966df70abead8d45','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'validation','v001: e0006 against the champion',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79587125358927035328e+09,2,235144193,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.23499989509582519531e+00,0.0,0.065488,1,'reference','e0006, the reference that others are compared with: 0.03098 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1795871268.51433,1.79587127154882025717e+09,17,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.116, "training_wall": 0.889, "held": 1.235}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','a80877fe1d47ac7a41c4c8df952f2aa4');
INSERT INTO "experiments" VALUES(17,NULL,'','86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83',NULL,'validation','v001: e0006 against the champion',NULL,'unchanged','{}','labhand',1.79587125358927035328e+09,2,235144193,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.256999969482421875e+00,0.0,4.535488,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.50450809090909,'[]',NULL,NULL,NULL,NULL,1795871268.51433,1.79587127134231328961e+09,16,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.114, "training_wall": 1.06, "held": 1.257}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','272c97eba34fea87c8640a54132fcf01');
INSERT INTO "experiments" VALUES(18,NULL,'','188d5e5c15deaf61770cadcf966df70abead8d45','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79587127154882025717e+09,2,1182874114,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.28600001335144042968e+00,0.0,0.037647,1,'reference','e0006, the reference that others are compared with: 0.03098 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79587127160502862933e+09,1.79587127429043555263e+09,19,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.12, "training_wall": 0.937, "held": 1.286}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','38912f2b25fa5613cfca2482a50c59ae');
INSERT INTO "experiments" VALUES(19,NULL,'','86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79587127154882025717e+09,2,1182874114,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.05399990081787109375e+00,0.0,4.507647,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.47666709090909087365e+00,'[]',NULL,NULL,NULL,NULL,1.79587127160502862933e+09,1.79587127404786252977e+09,18,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.111, "training_wall": 0.784, "held": 1.054}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','d29479d2274a431d1181b830822b6882');
INSERT INTO "experiments" VALUES(20,NULL,'','188d5e5c15deaf61770cadcf966df70abead8d45','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79587127154882025717e+09,2,1485594007,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,0.999000072479248,0.0,0.07352,1,'reference','e0006, the reference that others are compared with: 0.03098 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79587127405418300624e+09,1.79587127632407259937e+09,20,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.108, "training_wall": 0.801, "held": 0.999}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','35a246d98941b64442ff191f5cb18dae');
INSERT INTO "experiments" VALUES(21,NULL,'','86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79587127154882025717e+09,2,1485594007,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.34100008010864257812e+00,0.0,4.54352,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.5125400909090904733e+00,'[]',NULL,NULL,NULL,NULL,1.7958712742962806225e+09,1.79587127701595330236e+09,21,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.112, "training_wall": 1.042, "held": 1.341}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','40184306ef0c52788be664703da60ff1');
INSERT INTO "experiments" VALUES(22,NULL,'','188d5e5c15deaf61770cadcf966df70abead8d45','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79587127154882025717e+09,2,1009460205,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.54999995231628417968e+00,0.0,0.080452,1,'reference','e0006, the reference that others are compared with: 0.03098 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79587127633696436884e+09,1.79587127913304829595e+09,22,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.107, "training_wall": 1.293, "held": 1.55}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','b2bbd79db590f209713c08a74d16cbb2');
INSERT INTO "experiments" VALUES(23,NULL,'','86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79587127154882025717e+09,2,1009460205,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.354000091552734375e+00,0.0,4.550452,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.51947209090909,'[]',NULL,NULL,NULL,NULL,1.79587127703236699104e+09,1.79587127986102986334e+09,23,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.122, "training_wall": 1.047, "held": 1.354}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','2f1224ec4215a7503ef47f1639f01741');
INSERT INTO "experiments" VALUES(24,NULL,'','188d5e5c15deaf61770cadcf966df70abead8d45','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79587127154882025717e+09,2,2047472877,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.49900007247924804687e+00,0.0,-0.014153,1,'reference','e0006, the reference that others are compared with: 0.03098 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79587127914789891243e+09,1.7958712827583839894e+09,24,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.121, "training_wall": 1.153, "held": 1.499}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','320ca8debde06ee5d53c69c27a3590c6');
INSERT INTO "experiments" VALUES(25,NULL,'','86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79587127154882025717e+09,2,2047472877,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.38499999046325683593e+00,0.0,4.455847,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.42486709090909080543e+00,'[]',NULL,NULL,NULL,NULL,1.79587128004936361306e+09,1.79587128303670287132e+09,25,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.119, "training_wall": 1.043, "held": 1.385}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','c1cb70b6742b59f0530b27c68b84383d');
INSERT INTO "experiments" VALUES(26,NULL,'','188d5e5c15deaf61770cadcf966df70abead8d45','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79587127154882025717e+09,2,1512743259,4,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.10899996757507324218e+00,0.0,0.046173,1,'reference','e0006, the reference that others are compared with: 0.03098 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1795871282.77445,1.79587128542035508148e+09,26,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.118, "training_wall": 0.896, "held": 1.109}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','9329e294eef916a1b6d08350c4ae575f');
INSERT INTO "experiments" VALUES(27,NULL,'','86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79587127154882025717e+09,2,1512743259,4,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.03200006484985351562e+00,0.0,4.516173,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.48519309090909068515e+00,'[]',NULL,NULL,NULL,NULL,1.79587128306805205346e+09,1.79587128656893491745e+09,27,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.112, "training_wall": 0.717, "held": 1.032}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','2308731e451352565385e65f46de952a');
INSERT INTO "experiments" VALUES(28,NULL,'','188d5e5c15deaf61770cadcf966df70abead8d45','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79587127154882025717e+09,2,110145093,5,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,8.84000062942504882812e-01,0.0,-0.0788,1,'reference','e0006, the reference that others are compared with: 0.03098 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79587128543699789048e+09,1.79587128800463795667e+09,28,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.12, "training_wall": 0.693, "held": 0.884}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','551c4fa49be26abba51324416fc1308b');
INSERT INTO "experiments" VALUES(29,NULL,'','86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79587127154882025717e+09,2,110145093,5,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.11599993705749511718e+00,0.0,4.3912,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.36022009090909090645e+00,'[]',NULL,NULL,NULL,NULL,1.79587128657554364209e+09,1.79587128889569258693e+09,29,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.123, "training_wall": 0.867, "held": 1.116}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','b8be6a42d33c157e7313de34efc82c44');
INSERT INTO "experiments" VALUES(30,NULL,'','188d5e5c15deaf61770cadcf966df70abead8d45','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79587127154882025717e+09,2,2105748278,6,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.12599992752075195312e+00,0.0,0.031925,1,'reference','e0006, the reference that others are compared with: 0.03098 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79587128802259182931e+09,1.79587129060820794102e+09,30,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.13, "training_wall": 0.829, "held": 1.126}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','2c1dba84399c7a30c4949c1040cab9e8');
INSERT INTO "experiments" VALUES(31,NULL,'','86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79587127154882025717e+09,2,2105748278,6,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.05299997329711914062e+00,0.0,4.501925,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.47094509090909,'[]',NULL,NULL,NULL,NULL,1.79587128890812087059e+09,1.7958712914141840935e+09,31,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.113, "training_wall": 0.775, "held": 1.053}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','5fcb542c68d7558116da5f87b96998e9');
INSERT INTO "experiments" VALUES(32,NULL,'','188d5e5c15deaf61770cadcf966df70abead8d45','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79587127154882025717e+09,2,414423325,7,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,7.30000019073486328125e-01,0.0,0.02406,1,'reference','e0006, the reference that others are compared with: 0.03098 ± 0.046, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79587129067421865467e+09,1.79587129256182360644e+09,32,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.107, "training_wall": 0.577, "held": 0.73}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','b1781e50779186c3009cbddcaafa33c5');
INSERT INTO "experiments" VALUES(33,NULL,'','86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79587127154882025717e+09,2,414423325,7,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,8.08000087738037109375e-01,0.0,4.49406,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.46308009090909063587e+00,'[]',NULL,NULL,NULL,NULL,1.79587129143977737425e+09,1.79587129333207345003e+09,33,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.109, "training_wall": 0.61, "held": 0.808}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}','213d033535279500de6fd8e309738ddf');
INSERT INTO "experiments" VALUES(34,NULL,'','c29f30be501db8eeaf75344fc73bd1e30f36e196','d2c1f4bc7ecc242d68531823037ca8c294b2f3b3',6,'idea','Too slow','speed','DURATION 0.02→30.0','{"DURATION": 30.0}','me',1.7958712944720101357e+09,1,2119450842,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'cancelled',0,'seen enough',0.0,0.0,NULL,NULL,'none',NULL,NULL,'[]',NULL,NULL,NULL,NULL,NULL,1.79587129449289083478e+09,34,'{}','233da69dfea4bddf371ab2711b330b08');
CREATE TABLE facts (                    -- of the lab itself: id, trainer, ...
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "facts" VALUES('allowance since 2026-11-28T13:06:51.223179+00:00','{"gpu_hours":null,"usd":null,"experiments":null,"ends":null}');
INSERT INTO "facts" VALUES('id','88ef91719bfbf7d1');
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
INSERT INTO "grids" VALUES(1,'Where the bottom lies','full','{"X": [0.5, 2.5, 2.9]}','position','me',1.79587121142314696314e+09);
CREATE TABLE holds (                    -- failure storms: what keeps queued experiments from starting
    number     INTEGER PRIMARY KEY,
    scope      TEXT NOT NULL UNIQUE,    -- a grid's variant, or a tree, and the kind of device: see queue.py
    failure    TEXT NOT NULL,
    reason     TEXT NOT NULL,
    since      REAL NOT NULL            -- what was launched later isn't held
) STRICT;
CREATE TABLE notes (
    number      INTEGER PRIMARY KEY,
    written_by  TEXT NOT NULL,
    written_at  REAL NOT NULL,
    text        TEXT NOT NULL,
    theme       TEXT,
    experiments TEXT NOT NULL           -- JSON: numbers
) STRICT;
INSERT INTO "notes" VALUES(1,'me',1.79587129431950068476e+09,'X near 3 is best','position','[6]');
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
    most_clusters INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO "pools" VALUES('local','local','cpu','cpu',2,0.0,'',1.79587129844825053219e+09,0,0);
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
    running_at   REAL                   -- when it was first seen past its start
) STRICT, WITHOUT ROWID;
INSERT INTO "runs" VALUES('e0001-1',1,1,'local','{"started": true, "slot": 0}','finished',1.79587122636494517322e+09,1.79587122892800593373e+09,1.79587122799994516374e+09,1.79587122892800593373e+09);
INSERT INTO "runs" VALUES('e0002-1',2,1,'local','{"started": true, "slot": 0}','finished',1.79587123066341185564e+09,1.79587123306211042406e+09,1.79587123273841190338e+09,1.79587123306211042406e+09);
INSERT INTO "runs" VALUES('e0003-1',3,1,'local','{"started": true, "slot": 1}','finished',1.79587123102308273314e+09,1.7958712335300803185e+09,1.79587123306708264357e+09,1.7958712335300803185e+09);
INSERT INTO "runs" VALUES('e0004-1',4,1,'local','{"started": true, "slot": 0}','finished',1.79587123966315770143e+09,1.79587124137760281565e+09,1.79587124070715761182e+09,1.79587124137760281565e+09);
INSERT INTO "runs" VALUES('e0005-1',5,1,'local','{"started": true, "slot": 1}','finished',1.79587124007029771801e+09,1.79587124164721179011e+09,1.79587124136929774287e+09,1.79587124164721179011e+09);
INSERT INTO "runs" VALUES('e0006-1',6,1,'local','{"started": true, "slot": 0}','finished',1.79587124266573095322e+09,1.79587124450534105302e+09,1.79587124426773095129e+09,1.79587124450534105302e+09);
INSERT INTO "runs" VALUES('e0007-1',7,1,'local','{"started": true, "slot": 0}','finished',1.79587121647914719577e+09,1.79587121847210693355e+09,1.79587121774914717673e+09,1.79587121847210693355e+09);
INSERT INTO "runs" VALUES('e0008-1',8,1,'local','{"started": true, "slot": 0}','finished',1.79587122005645799635e+09,1.79587122218870067595e+09,1.79587122185745811462e+09,1.79587122218870067595e+09);
INSERT INTO "runs" VALUES('e0009-1',9,1,'local','{"started": true, "slot": 1}','finished',1.79587122005645799635e+09,1.79587122232654380796e+09,1.79587122167245793339e+09,1.79587122232654380796e+09);
INSERT INTO "runs" VALUES('e0010-1',10,1,'local','{"started": true, "slot": 1}','finished',1.79587122636494517322e+09,1.79587122938263797763e+09,1.79587122804594516759e+09,1.79587122938263797763e+09);
INSERT INTO "runs" VALUES('e0011-1',11,1,'local','{"started": true, "slot": 1}','finished',1.79587124317191696169e+09,1.79587124543177938463e+09,1.79587124432391691212e+09,1.79587124543177938463e+09);
INSERT INTO "runs" VALUES('e0012-1',12,1,'local','{"started": true, "slot": 0}','finished',1.795871235345498085e+09,1.79587123764989256861e+09,1.79587123678549814226e+09,1.79587123764989256861e+09);
INSERT INTO "runs" VALUES('e0013-1',13,1,'local','{"started": true, "slot": 1}','finished',1.79587123586083173749e+09,1.79587123812359118462e+09,1.79587123763983178134e+09,1.79587123812359118462e+09);
INSERT INTO "runs" VALUES('e0014-1',14,1,'local','{"started": true, "slot": 0}','finished',1.79587126302905488017e+09,1.79587126483141613008e+09,1.79587126434605479237e+09,1.79587126483141613008e+09);
INSERT INTO "runs" VALUES('e0015-1',15,1,'local','{"started": true, "slot": 1}','finished',1.79587126302905488017e+09,1.79587126509826970101e+09,1.79587126440405488018e+09,1.79587126509826970101e+09);
INSERT INTO "runs" VALUES('e0016-1',16,1,'local','{"started": true, "slot": 0}','finished',1795871268.51433,1.79587127025175905233e+09,1.79587126974932980534e+09,1.79587127025175905233e+09);
INSERT INTO "runs" VALUES('e0017-1',17,1,'local','{"started": true, "slot": 1}','finished',1795871268.51433,1.79587127005831336977e+09,1.79587126977132987976e+09,1.79587127005831336977e+09);
INSERT INTO "runs" VALUES('e0018-1',18,1,'local','{"started": true, "slot": 0}','finished',1.79587127160502862933e+09,1.79587127285022854807e+09,1.79587127289102864262e+09,1.79587127285022854807e+09);
INSERT INTO "runs" VALUES('e0019-1',19,1,'local','{"started": true, "slot": 1}','finished',1.79587127160502862933e+09,1.79587127286738276483e+09,1.79587127265902853014e+09,1.79587127286738276483e+09);
INSERT INTO "runs" VALUES('e0020-1',20,1,'local','{"started": true, "slot": 1}','finished',1.79587127405418300624e+09,1.7958712752747719288e+09,1.7958712750531830788e+09,1.7958712752747719288e+09);
INSERT INTO "runs" VALUES('e0021-1',21,1,'local','{"started": true, "slot": 0}','finished',1.7958712742962806225e+09,1.79587127564077520371e+09,1.79587127563728070258e+09,1.79587127564077520371e+09);
INSERT INTO "runs" VALUES('e0022-1',22,1,'local','{"started": true, "slot": 1}','finished',1.79587127633696436884e+09,1.79587127743871498102e+09,1.79587127788696432114e+09,1.79587127743871498102e+09);
INSERT INTO "runs" VALUES('e0023-1',23,1,'local','{"started": true, "slot": 0}','finished',1.79587127703236699104e+09,1.7958712785749659538e+09,1.79587127838636708256e+09,1.7958712785749659538e+09);
INSERT INTO "runs" VALUES('e0024-1',24,1,'local','{"started": true, "slot": 1}','finished',1.79587127914789891243e+09,1.7958712810729963779e+09,1.79587128064689898494e+09,1.7958712810729963779e+09);
INSERT INTO "runs" VALUES('e0025-1',25,1,'local','{"started": true, "slot": 0}','finished',1.79587128004936361306e+09,1.79587128175613737111e+09,1.79587128143436360354e+09,1.79587128175613737111e+09);
INSERT INTO "runs" VALUES('e0026-1',26,1,'local','{"started": true, "slot": 1}','finished',1795871282.77445,1.79587128422383284572e+09,1795871283.88345,1.79587128422383284572e+09);
INSERT INTO "runs" VALUES('e0027-1',27,1,'local','{"started": true, "slot": 0}','finished',1.79587128306805205346e+09,1.79587128488479757311e+09,1.79587128410005211829e+09,1.79587128488479757311e+09);
INSERT INTO "runs" VALUES('e0028-1',28,1,'local','{"started": true, "slot": 1}','finished',1.79587128543699789048e+09,1.79587128691571736331e+09,1.79587128632099795339e+09,1.79587128691571736331e+09);
INSERT INTO "runs" VALUES('e0029-1',29,1,'local','{"started": true, "slot": 0}','finished',1.79587128657554364209e+09,1.79587128770755147938e+09,1.79587128769154357908e+09,1.79587128770755147938e+09);
INSERT INTO "runs" VALUES('e0030-1',30,1,'local','{"started": true, "slot": 1}','finished',1.79587128802259182931e+09,1.79587128937156772614e+09,1.79587128914859175685e+09,1.79587128937156772614e+09);
INSERT INTO "runs" VALUES('e0031-1',31,1,'local','{"started": true, "slot": 0}','finished',1.79587128890812087059e+09,1.79587129017532157898e+09,1.79587128996112084392e+09,1.79587129017532157898e+09);
INSERT INTO "runs" VALUES('e0032-1',32,1,'local','{"started": true, "slot": 1}','finished',1.79587129067421865467e+09,1.79587129174715304374e+09,1.79587129140421867374e+09,1.79587129174715304374e+09);
INSERT INTO "runs" VALUES('e0033-1',33,1,'local','{"started": true, "slot": 0}','finished',1.79587129143977737425e+09,1.79587129250342631336e+09,1.79587129224777746197e+09,1.79587129250342631336e+09);
CREATE TABLE sources (                  -- one for each distinct commit in source.git
    commit_hash TEXT PRIMARY KEY,
    tree        TEXT NOT NULL,
    changes     TEXT NOT NULL,          -- against its base, in a few words
    diffstat    TEXT NOT NULL,
    knobs       TEXT NOT NULL,          -- JSON: every knob's value
    flags       TEXT NOT NULL DEFAULT '[]'  -- JSON: what it touches that the baseline doesn't: see flags.py
) STRICT, WITHOUT ROWID;
INSERT INTO "sources" VALUES('0f61709e78be7eea1c85f8e9ec25e75f3e995e1d','3cb68a8332626cc30b6d80b3595529c23be631cf','X 1.0→1.5, FAIL False→True','train.py +2 −2','{"X": 1.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": true}','[]');
INSERT INTO "sources" VALUES('188d5e5c15deaf61770cadcf966df70abead8d45','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267','Y 0.0→-0.8; X 1.0→2.9','train.py +2 −2','{"X": 2.9, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('5ee360cbed03c3cf4efbf0aef586719445209f9e','c9514331743fcb040f6adbfe5e4b7d8d7e8acdaa','Y 0.0→-0.8; X 1.0→0.5','train.py +2 −2','{"X": 0.5, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('76f5c224eebb14167ba8f2168595240033ca04c4','b95377afc5839c5b668f1b8c19acfa9c5252b29d','X 1.0→0.5','train.py +1 −1','{"X": 0.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('84affb66d160807c7e5ca1e7e9ed7ad23227f96e','bdedb0d23dfb1a666e8b7448a11ec6f71414a675','X 1.0→2.5','train.py +1 −1','{"X": 2.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','e45339b4d38637798cf3b888593007e463dabc83','','','{"X": 1.0, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('8ab0b60fcc4d9a59720df9417181cf4442b894ae','d1deca555593465b338a9c8cd29cc537c342e1f4','X 1.0→2.9','train.py +1 −1','{"X": 2.9, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('c29f30be501db8eeaf75344fc73bd1e30f36e196','d2c1f4bc7ecc242d68531823037ca8c294b2f3b3','DURATION 0.02→30.0','train.py +1 −1','{"X": 2.9, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 30.0, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('c563a0c26c700766dd27e7125d3c067005f58722','83207f7b3ba244bec7cc8ecf3ff6b2a01745b936','Y 0.0→-0.8; X 1.0→2.5','train.py +2 −2','{"X": 2.5, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
CREATE TABLE spent (                    -- settled, by pool; what is reserved is summed over what is pending
    pool        TEXT NOT NULL,
    hired       INTEGER NOT NULL,       -- on clusters, which cost what they cost: no cost of its own
    experiments INTEGER NOT NULL,
    gpu_seconds REAL NOT NULL,
    usd         REAL NOT NULL,
    useful_seconds REAL NOT NULL,       -- training seconds of scored runs
    PRIMARY KEY (pool, hired)
) STRICT, WITHOUT ROWID;
INSERT INTO "spent" VALUES('local',0,33,43.948,0.0,32.906);
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
INSERT INTO "stages" VALUES(1,0,'test',1,'86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','parabola-e7709fd8/cpu/0.2s',0.2,2,1.60716666777928662845e+00,0.0,4.47,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "stages" VALUES(1,1,'report',1,'86aa49440e20a90f9bb0d8ee4d7b3525ac2a4981','parabola-e7709fd8/cpu/0.2s',0.2,8,1.60716666777928662845e+00,0.0,4.47000000000000063948e+00,4.47000000000000063948e+00,4.47000000000000063948e+00,NULL,NULL,NULL);
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
INSERT INTO "strata" VALUES(1,'{"budget_seconds": 0.2, "clock": "cpu", "data": null, "device": "cpu", "driver": null, "evaluator": null, "self_reported": true, "torch": "2.13.0+cpu", "trainer": "parabola-e7709fd8"}',3.09799090909090892032e-02,11,4.56274288882943593326e-02,25,2,4.60793567543092905114e-02);
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
INSERT INTO "validations" VALUES(1,6,'188d5e5c15deaf61770cadcf966df70abead8d45',1,'cpu','cpu',1.3379192728150215725e-03,'[]',5.68743692770889361365e-02,3.0,'me',1.79587125358927035328e+09,1,'confirmed',1,1.10520877117060202781e-08,'a mean gain of +4.47 over 2 pairs, p = 1.1e-08, within the level of 0.0013; the gain is that of 8 other pairs, against the baseline',1,1.79587129333207345003e+09,1);
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
CREATE INDEX runs_active ON runs (status) WHERE status NOT IN ('finished', 'lost');
CREATE INDEX runs_experiment ON runs (experiment);
CREATE INDEX validations_open ON validations (number) WHERE finished_seq IS NULL;
CREATE VIEW paired AS                   -- the experiments of all pairs
    SELECT validation, stage, candidate AS experiment FROM pairs UNION ALL SELECT validation, stage, against FROM pairs;
CREATE INDEX clusters_pool ON clusters (pool, ended_at);
CREATE VIRTUAL TABLE experiments_text USING fts5 (
    hypothesis, changes, theme, content='experiments', content_rowid='number'
);
CREATE TRIGGER experiments_text_insert AFTER INSERT ON experiments BEGIN
    INSERT INTO experiments_text (rowid, hypothesis, changes, theme)
    VALUES (new.number, new.hypothesis, new.changes, new.theme);
END;
INSERT INTO experiments_text (experiments_text) VALUES ('rebuild');
PRAGMA user_version = 2;
COMMIT;
