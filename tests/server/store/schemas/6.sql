-- A lab of schema 6: a screened knob, a failure, a cancelled run, a confirmed champion, a note.
BEGIN;
CREATE TABLE champions (                -- the newest row is the champion; the first is the baseline
    number      INTEGER PRIMARY KEY,
    commit_hash TEXT NOT NULL REFERENCES sources,
    experiment  INTEGER REFERENCES experiments,
    since       REAL NOT NULL
) STRICT;
INSERT INTO "champions" VALUES(1,'e593c701d3c7c7309140388fafaca15c156b7917',NULL,1.79594611261962604524e+09);
INSERT INTO "champions" VALUES(2,'b4559b07d8ec4360574a067c77124167a02107f0',6,1.79594613163614654546e+09);
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
    nonce          TEXT NOT NULL DEFAULT '',   -- random; its run folders name it. Empty for what was launched under version 1
    plan           INTEGER REFERENCES plans    -- the approved plan that it is part of
) STRICT;
INSERT INTO "experiments" VALUES(1,1,'plain','8d4ab4671d7a51fa948864a2983ee23e4848798e','b95377afc5839c5b668f1b8c19acfa9c5252b29d',NULL,'idea','Where the bottom lies','position','plain: X 1.0→0.5','{"X": 0.5}','me',1.79594611282131505014e+09,1,616749143,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.90000009536743164062e-01,0.0,6.758844,1,'worse','a gain of -6.74 ± 0.24 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-6.74339054545454530398e+00,'[]',NULL,NULL,NULL,NULL,1.79594611950165438654e+09,1.79594612094648361207e+09,5,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.142, "training_wall": 0.363, "held": 0.49}, "measures": {"peak_memory_bytes": 26685440}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "dc9330cd2312b460"}','8ac23e96009f61e637bd7d3c9db460bb',NULL);
INSERT INTO "experiments" VALUES(2,1,'plain','8cb9a38b6fd54907d71cd0a29fe80f6cae86a0a3','bdedb0d23dfb1a666e8b7448a11ec6f71414a675',NULL,'idea','Where the bottom lies','position','plain: X 1.0→2.5','{"X": 2.5}','me',1.79594611282153987889e+09,1,616749143,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.6700000762939453125e-01,0.0,0.758844,1,'worse','a gain of -0.744 ± 0.0077 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-7.43390545454545415005e-01,'[]',2.6079135,NULL,NULL,NULL,1.79594612067721819872e+09,1.79594612187961721414e+09,6,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.134, "training_wall": 0.386, "held": 0.467}, "measures": {"peak_memory_bytes": 26664960}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "81c6e1506960552b"}','55a6a38491b0eef749b945f1f20758e7',NULL);
INSERT INTO "experiments" VALUES(3,1,'plain','1d8d6e6655941305636cbc70ab8ac9a2f8246e89','d1deca555593465b338a9c8cd29cc537c342e1f4',NULL,'idea','Where the bottom lies','position','plain: X 1.0→2.9','{"X": 2.9}','me',1.79594611282155537605e+09,1,616749143,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.8099994659423828125e-01,0.0,0.518844,1,'worse','a gain of -0.504 ± 0.0077 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-5.03390545454545423886e-01,'[]',2.4879135,NULL,NULL,NULL,1.79594612099256348606e+09,1.79594612235236692431e+09,7,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.145, "training_wall": 0.392, "held": 0.481}, "measures": {"peak_memory_bytes": 26464256}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "4e6359b209f00c1e"}','c0e30d8ff50f03556d41627964ed13fb',NULL);
INSERT INTO "experiments" VALUES(4,1,'lower','507f7c7869436149b2170b33d45c620f9c06d35b','c9514331743fcb040f6adbfe5e4b7d8d7e8acdaa',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→0.5','{"Y": -0.8, "X": 0.5}','me',1.79594611282156777377e+09,1,616749143,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.1399993896484375e-01,0.0,6.278844,1,'worse','a gain of -6.26 ± 0.24 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-6.26339054545454576583e+00,'[]',NULL,NULL,NULL,NULL,1.79594612305697441103e+09,1.79594612425984740257e+09,10,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.151, "training_wall": 0.442, "held": 0.514}, "measures": {"peak_memory_bytes": 26710016}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "0c7764a307374cb6"}','b61efac1cd06767ffd7207d4ae3ea6a1',NULL);
INSERT INTO "experiments" VALUES(5,1,'lower','657954868f1755bb12db8e8c55fdc595fff337a6','83207f7b3ba244bec7cc8ecf3ff6b2a01745b936',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→2.5','{"Y": -0.8, "X": 2.5}','me',1.79594611282158446311e+09,1,616749143,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.03999948501586914062e-01,0.0,0.278844,1,'worse','a gain of -0.263 ± 0.24 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-2.63390545454545432768e-01,'[]',NULL,NULL,NULL,NULL,1.79594612355967783931e+09,1.79594612495080709459e+09,11,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.151, "training_wall": 0.43, "held": 0.504}, "measures": {"peak_memory_bytes": 26370048}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "5c3d554eb44b0ce5"}','3af47fcfb29b318b624406ed47cb524c',NULL);
INSERT INTO "experiments" VALUES(6,1,'lower','b4559b07d8ec4360574a067c77124167a02107f0','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','me',1.79594611282160735127e+09,1,616749143,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.69000101089477539062e-01,0.0,0.038844,1,'confirmed','v001, against the baseline: a mean gain of +4.47 over 2 pairs, p = 3.5e-08, within the level of 0.0013',NULL,'[]',NULL,NULL,NULL,NULL,1.79594612429759097104e+09,1.7959461254674539566e+09,12,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.144, "training_wall": 0.419, "held": 0.469}, "measures": {"peak_memory_bytes": 26628096}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "96d02c201b3d65b1"}','e3546e83285f7ef9b433b51ed8a06c12',NULL);
INSERT INTO "experiments" VALUES(7,NULL,'','e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79594611282167625427e+09,2,616749143,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.33000087738037109375e-01,0.0,4.508844,1,'worse','a gain of -4.48 ± 0.044 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.49339054545454530398e+00,'[]',NULL,NULL,NULL,NULL,1.79594611543837523459e+09,1.79594611661684727668e+09,1,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.137, "training_wall": 0.356, "held": 0.433}, "measures": {"peak_memory_bytes": 26669056}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "a4ab940f05c80d72"}','9fc9c4712ce2fa0fadb096fa10534c6d',NULL);
INSERT INTO "experiments" VALUES(8,NULL,'','e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79594611282186555857e+09,2,1940104006,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.29000043869018554687e-01,0.0,4.510056,1,'worse','a gain of -4.48 ± 0.044 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.4946025454545450728e+00,'[]',NULL,NULL,NULL,NULL,1.79594611662774467468e+09,1.7959461179791707992e+09,2,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.14, "training_wall": 0.4, "held": 0.529}, "measures": {"peak_memory_bytes": 26718208}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "51b2c8bf08df7ae3"}','9ffd9bdfb419887a665f479f350b94f7',NULL);
INSERT INTO "experiments" VALUES(9,NULL,'','e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79594611282189702992e+09,2,2141798505,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,6.11999988555908203125e-01,0.0,4.587423,1,'worse','a gain of -4.48 ± 0.044 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.57196954545454570251e+00,'[]',NULL,NULL,NULL,NULL,1.79594611662774467468e+09,1.79594611949364209172e+09,3,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.151, "training_wall": 0.477, "held": 0.612}, "measures": {"peak_memory_bytes": 26566656}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "6d3d70f90ebe24f7"}','3ee1ca1404caafac8f5149afb2bb2a5d',NULL);
INSERT INTO "experiments" VALUES(10,NULL,'','e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79594611282191824914e+09,2,67279445,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.99000072479248046875e-01,0.0,4.456983,1,'worse','a gain of -4.48 ± 0.044 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.44152954545454559109e+00,'[]',NULL,NULL,NULL,NULL,1.79594611918016076089e+09,1795946120.66473,4,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.141, "training_wall": 0.419, "held": 0.499}, "measures": {"peak_memory_bytes": 26497024}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "20d8582e1cf25443"}','52a36b9d60edff8aa651c7bfbb433494',NULL);
INSERT INTO "experiments" VALUES(11,NULL,'','bb89e47c50e3e51bf67eeb6c5ef59c744dd7b743','3cb68a8332626cc30b6d80b3595529c23be631cf',NULL,'idea','It fails','failures','X 1.0→1.5, FAIL False→True','{"X": 1.5, "FAIL": true}','me',1.79594611292060947417e+09,1,616749143,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'failed',1,NULL,4.1499996185302734375e-01,0.0,NULL,NULL,'none',NULL,NULL,'[]',NULL,NULL,'crashed','{"message": "The command ended with status 1: RuntimeError: told to fail", "lines": ["Traceback (most recent call last):", "  File \"/tmp/tmpfwrwkirz/.labhand/runs/e0011-1/work/train.py\", line 34, in <module>", "    main()", "  File \"/tmp/tmpfwrwkirz/.labhand/runs/e0011-1/work/train.py\", line 28, in main", "    raise RuntimeError(\"told to fail\")", "RuntimeError: told to fail"], "next_step": "Read the lines, correct the source, and launch it again."}',1.79594612498054265973e+09,1.79594612611778306964e+09,13,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.148, "training_wall": 0.343, "held": 0.415}, "measures": {"peak_memory_bytes": 26456064}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "805fb45ef0dbc829"}','d37412ed87eea14f279f19b1f700bd6c',NULL);
INSERT INTO "experiments" VALUES(12,NULL,'','8cb9a38b6fd54907d71cd0a29fe80f6cae86a0a3','bdedb0d23dfb1a666e8b7448a11ec6f71414a675',NULL,'recheck','Whether the score of e0002 comes again on another seed',NULL,'plain: X 1.0→2.5','{"X": 2.5}','labhand',1.79594612187961721414e+09,2,1940104006,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.05999898910522460937e-01,0.0,0.760056,1,'worse','a gain of -0.744 ± 0.0077 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-7.44602545454545405867e-01,'[]',NULL,NULL,NULL,NULL,1.79594612191882228849e+09,1.79594612303678584103e+09,8,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.145, "training_wall": 0.32, "held": 0.406}, "measures": {"peak_memory_bytes": 26669056}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "49b2a03ed18f82c1"}','71f5434f1a68681a2c1285e36b45174c',NULL);
INSERT INTO "experiments" VALUES(13,NULL,'','1d8d6e6655941305636cbc70ab8ac9a2f8246e89','d1deca555593465b338a9c8cd29cc537c342e1f4',NULL,'recheck','Whether the score of e0003 comes again on another seed',NULL,'plain: X 1.0→2.9','{"X": 2.9}','labhand',1.79594612235236692431e+09,2,1940104006,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.619998931884765625e-01,0.0,0.520056,1,'worse','a gain of -0.504 ± 0.0077 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-5.04602545454545414749e-01,'[]',NULL,NULL,NULL,NULL,1.79594612239767646788e+09,1.79594612349469232555e+09,9,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.15, "training_wall": 0.378, "held": 0.462}, "measures": {"peak_memory_bytes": 26566656}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "25538e9e54ec69b8"}','13af19f019e42d6680bda424af228490',NULL);
INSERT INTO "experiments" VALUES(14,NULL,'','b4559b07d8ec4360574a067c77124167a02107f0','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'validation','v001: e0006 against the champion',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1795946127.56453,2,942567460,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.26000118255615234375e-01,0.0,0.029757,1,'reference','e0006, the reference that others are compared with: 0.015453 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79594612851409268384e+09,1.79594612962889027592e+09,14,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.155, "training_wall": 0.352, "held": 0.426}, "measures": {"peak_memory_bytes": 26619904}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "950e4399cc13be45"}','f99439d5c095fe62e293ecc3ebe02adb',NULL);
INSERT INTO "experiments" VALUES(15,NULL,'','e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83',NULL,'validation','v001: e0006 against the champion',NULL,'unchanged','{}','labhand',1795946127.56453,2,942567460,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.8099994659423828125e-01,0.0,4.499757,1,'worse','a gain of -4.48 ± 0.044 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.48430354545454523673e+00,'[]',NULL,NULL,NULL,NULL,1.79594612851409268384e+09,1.79594613049548292157e+09,15,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.167, "training_wall": 0.406, "held": 0.481}, "measures": {"peak_memory_bytes": 26664960}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "6e27cbd2ba37c8ed"}','e8b3bfd8f21497942dfee31bd422181e',NULL);
INSERT INTO "experiments" VALUES(16,NULL,'','b4559b07d8ec4360574a067c77124167a02107f0','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'validation','v001: e0006 against the champion',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1795946127.56453,2,312053565,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.55000019073486328125e-01,0.0,0.025384,1,'reference','e0006, the reference that others are compared with: 0.015453 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79594613028007650369e+09,1.79594613120000815391e+09,16,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.144, "training_wall": 0.311, "held": 0.355}, "measures": {"peak_memory_bytes": 26759168}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "8a8eff1cc19d5e90"}','e23bd410e78f1fb7e57dd495d9f34b3e',NULL);
INSERT INTO "experiments" VALUES(17,NULL,'','e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83',NULL,'validation','v001: e0006 against the champion',NULL,'unchanged','{}','labhand',1795946127.56453,2,312053565,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.44999933242797851562e-01,0.0,4.495384,1,'worse','a gain of -4.48 ± 0.044 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.47993054545454505444e+00,'[]',NULL,NULL,NULL,NULL,1.79594613052827334408e+09,1.79594613163614654546e+09,17,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.156, "training_wall": 0.368, "held": 0.445}, "measures": {"peak_memory_bytes": 26546176}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "f416b0ce8f3e8f89"}','c6bbd529e9cc5d10cea54c9ed85f3023',NULL);
INSERT INTO "experiments" VALUES(18,NULL,'','b4559b07d8ec4360574a067c77124167a02107f0','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79594613163614654546e+09,2,1253683982,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.0100002288818359375e-01,0.0,0.022785,1,'reference','e0006, the reference that others are compared with: 0.015453 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79594613170904684063e+09,1.79594613258844733238e+09,18,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.144, "training_wall": 0.341, "held": 0.401}, "measures": {"peak_memory_bytes": 26701824}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "dd5e7c1d23fb180a"}','878ee7a380f7c27dffff494155b76586',NULL);
INSERT INTO "experiments" VALUES(19,NULL,'','e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79594613163614654546e+09,2,1253683982,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.44000005722045898437e-01,0.0,4.492785,1,'worse','a gain of -4.48 ± 0.044 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.47733154545454503647e+00,'[]',NULL,NULL,NULL,NULL,1.79594613170904684063e+09,1.79594613284352326394e+09,19,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.152, "training_wall": 0.371, "held": 0.444}, "measures": {"peak_memory_bytes": 26648576}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "6dbd001bdf646f0a"}','03a4a23b308d53f5062217d17ac5c37b',NULL);
INSERT INTO "experiments" VALUES(20,NULL,'','b4559b07d8ec4360574a067c77124167a02107f0','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79594613163614654546e+09,2,1445051370,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.82999897003173828125e-01,0.0,-0.017679,1,'reference','e0006, the reference that others are compared with: 0.015453 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79594613262013316152e+09,1.7959461337155482769e+09,20,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.138, "training_wall": 0.318, "held": 0.383}, "measures": {"peak_memory_bytes": 26562560}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "5d94218b7c3926fd"}','cb17af670fea2bf8ca9c6c2633cb5b29',NULL);
INSERT INTO "experiments" VALUES(21,NULL,'','e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79594613163614654546e+09,2,1445051370,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.41999912261962890625e-01,0.0,4.452321,1,'worse','a gain of -4.48 ± 0.044 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.43686754545454586917e+00,'[]',NULL,NULL,NULL,NULL,1.7959461328763072491e+09,1.79594613397630453116e+09,21,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.153, "training_wall": 0.369, "held": 0.442}, "measures": {"peak_memory_bytes": 26669056}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "2f2eb40485b0f5af"}','7b6c3ed7c68453f8eb30f5f85e8e6188',NULL);
INSERT INTO "experiments" VALUES(22,NULL,'','b4559b07d8ec4360574a067c77124167a02107f0','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79594613163614654546e+09,2,1980044373,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.14000034332275390625e-01,0.0,-0.031298,1,'reference','e0006, the reference that others are compared with: 0.015453 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79594613374342107776e+09,1.7959461346781504154e+09,22,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.141, "training_wall": 0.345, "held": 0.414}, "measures": {"peak_memory_bytes": 26681344}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "c1d23c082701be91"}','488d438d65aeae2940144c6b3edc8401',NULL);
INSERT INTO "experiments" VALUES(23,NULL,'','e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79594613163614654546e+09,2,1980044373,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,0.437000036239624,0.0,4.438702,1,'worse','a gain of -4.48 ± 0.044 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.42324854545454559939e+00,'[]',NULL,NULL,NULL,NULL,1.7959461340243897438e+09,1.79594613514535164826e+09,23,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.148, "training_wall": 0.371, "held": 0.437}, "measures": {"peak_memory_bytes": 26730496}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "42b2cc1114d4bae4"}','b9f6c4d5317111cc04451d5a214a0e38',NULL);
INSERT INTO "experiments" VALUES(24,NULL,'','b4559b07d8ec4360574a067c77124167a02107f0','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79594613163614654546e+09,2,857291732,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.52999925613403320312e-01,0.0,0.022403,1,'reference','e0006, the reference that others are compared with: 0.015453 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79594613472022938734e+09,1.79594613561511850358e+09,24,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.142, "training_wall": 0.302, "held": 0.353}, "measures": {"peak_memory_bytes": 26603520}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "8991271d6aed88ce"}','23cc514f8e158f77ae0c395070b9d3dc',NULL);
INSERT INTO "experiments" VALUES(25,NULL,'','e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79594613163614654546e+09,2,857291732,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.48999881744384765625e-01,0.0,4.492403,1,'worse','a gain of -4.48 ± 0.044 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.47694954545454582017e+00,'[]',NULL,NULL,NULL,NULL,1.79594613517197585102e+09,1.79594613630045819279e+09,25,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.154, "training_wall": 0.379, "held": 0.449}, "measures": {"peak_memory_bytes": 26689536}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "80d6322693e5a2f9"}','6255f330172395a28e1a93db8e44b28a',NULL);
INSERT INTO "experiments" VALUES(26,NULL,'','b4559b07d8ec4360574a067c77124167a02107f0','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79594613163614654546e+09,2,175575992,4,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.299999237060546875e-01,0.0,0.004593,1,'reference','e0006, the reference that others are compared with: 0.015453 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79594613564780783646e+09,1.7959461365955634117e+09,26,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.143, "training_wall": 0.277, "held": 0.33}, "measures": {"peak_memory_bytes": 26583040}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "a650f59aedc78270"}','d722801f32ad8e53033941266148efa6',NULL);
INSERT INTO "experiments" VALUES(27,NULL,'','e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79594613163614654546e+09,2,175575992,4,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.14000034332275390625e-01,0.0,4.474593,1,'worse','a gain of -4.48 ± 0.044 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.45913954545454505051e+00,'[]',NULL,NULL,NULL,NULL,1.79594613634264039991e+09,1.79594613752989482879e+09,27,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.143, "training_wall": 0.329, "held": 0.414}, "measures": {"peak_memory_bytes": 26734592}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "66abf332a9994829"}','2325eddaa7494da9e012b41285bf9119',NULL);
INSERT INTO "experiments" VALUES(28,NULL,'','b4559b07d8ec4360574a067c77124167a02107f0','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79594613163614654546e+09,2,684337240,5,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.81000041961669921875e-01,0.0,0.073877,1,'reference','e0006, the reference that others are compared with: 0.015453 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79594613660799241067e+09,1.79594613781226468082e+09,28,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.143, "training_wall": 0.292, "held": 0.381}, "measures": {"peak_memory_bytes": 26681344}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "72df63eddf29b9d9"}','4d440979caf226304010c06e47d5e630',NULL);
INSERT INTO "experiments" VALUES(29,NULL,'','e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79594613163614654546e+09,2,684337240,5,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.68000030517578125e-01,0.0,4.543877,1,'worse','a gain of -4.48 ± 0.044 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.52842354545454561787e+00,'[]',NULL,NULL,NULL,NULL,1.79594613755320167539e+09,1.79594613836577272417e+09,29,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.139, "training_wall": 0.332, "held": 0.368}, "measures": {"peak_memory_bytes": 26415104}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "b5cdb5e96cbbc523"}','90168ea584711ded31f69306c69a354a',NULL);
INSERT INTO "experiments" VALUES(30,NULL,'','b4559b07d8ec4360574a067c77124167a02107f0','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79594613163614654546e+09,2,1932656819,6,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.84999990463256835937e-01,0.0,0.087636,1,'reference','e0006, the reference that others are compared with: 0.015453 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79594613789115977288e+09,1.79594613889865064616e+09,30,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.132, "training_wall": 0.312, "held": 0.385}, "measures": {"peak_memory_bytes": 26615808}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "8a56aa7e60f86061"}','657f4fe652b51a40d50f82392171b7b6',NULL);
INSERT INTO "experiments" VALUES(31,NULL,'','e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79594613163614654546e+09,2,1932656819,6,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.74000072479248046875e-01,0.0,4.557636,1,'worse','a gain of -4.48 ± 0.044 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.54218254545454502846e+00,'[]',NULL,NULL,NULL,NULL,1795946138.42274,1.79594613941344380383e+09,31,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.138, "training_wall": 0.272, "held": 0.374}, "measures": {"peak_memory_bytes": 26562560}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "d281353f2ab9962c"}','2c7256cae71f45f96f3eb2bb3cba72ee',NULL);
INSERT INTO "experiments" VALUES(32,NULL,'','b4559b07d8ec4360574a067c77124167a02107f0','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79594613163614654546e+09,2,776594471,7,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.03000116348266601562e-01,0.0,-0.086314,1,'reference','e0006, the reference that others are compared with: 0.015453 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1795946138.95677,1.79594614011478877074e+09,32,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.136, "training_wall": 0.319, "held": 0.403}, "measures": {"peak_memory_bytes": 26492928}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "8aaebcb1cd182017"}','07ec0753229606a34ca2d6d136376049',NULL);
INSERT INTO "experiments" VALUES(33,NULL,'','e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79594613163614654546e+09,2,776594471,7,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.8999996185302734375e-01,0.0,4.383686,1,'worse','a gain of -4.48 ± 0.044 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.36823254545454542352e+00,'[]',NULL,NULL,NULL,NULL,1.79594613945082831382e+09,1.7959461403605909347e+09,33,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.133, "training_wall": 0.23, "held": 0.29}, "measures": {"peak_memory_bytes": 26624000}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "ae7ebc1d3467afc0"}','bc926716b11e4999035bd41999001f91',NULL);
INSERT INTO "experiments" VALUES(34,NULL,'','53c8e151a4086db3ca9b55b06e4f1b2199085d47','d2c1f4bc7ecc242d68531823037ca8c294b2f3b3',6,'idea','Too slow','speed','DURATION 0.02→30.0','{"DURATION": 30.0}','me',1.79594614096324729918e+09,1,616749143,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'cancelled',0,'seen enough',0.0,0.0,NULL,NULL,'none',NULL,NULL,'[]',NULL,NULL,NULL,NULL,NULL,1.79594614097798943521e+09,34,'{}','9a2933832f0a2e256fe7d01c50815a65',NULL);
CREATE TABLE facts (                    -- of the lab itself: id, trainer, ...
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "facts" VALUES('allowance since 2026-11-29T09:55:12.688507+00:00','{"gpu_hours":null,"usd":null,"experiments":null,"ends":null}');
INSERT INTO "facts" VALUES('id','5ecc71a3b0372294');
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
INSERT INTO "grids" VALUES(1,'Where the bottom lies','full','{"X": [0.5, 2.5, 2.9]}','position','me',1.79594611279928445817e+09);
CREATE TABLE holds (                    -- failure storms: what keeps queued experiments from starting
    number     INTEGER PRIMARY KEY,
    scope      TEXT NOT NULL UNIQUE,    -- a grid's variant, or a tree, and the kind of device: see queue.py
    failure    TEXT NOT NULL,
    reason     TEXT NOT NULL,
    since      REAL NOT NULL            -- what was launched later isn't held
) STRICT;
CREATE TABLE messages (                 -- of the person, to whoever does the research
    number     INTEGER PRIMARY KEY,
    written_by TEXT NOT NULL,
    written_at REAL NOT NULL,
    text       TEXT NOT NULL,
    note       INTEGER REFERENCES notes -- that answers it
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
INSERT INTO "notes" VALUES(1,'me',1.795946140926885128e+09,'X near 3 is best','position','[6]');
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
CREATE TABLE plans (                    -- of spending, for a person to approve or reject
    number      INTEGER PRIMARY KEY,
    content     TEXT NOT NULL,          -- JSON: questions, designs with their cost, what would count as success
    digest      TEXT NOT NULL,          -- of the content: a decision names it
    gpu_seconds REAL NOT NULL,
    usd         REAL NOT NULL,          -- in the worst case
    proposed_by TEXT NOT NULL,
    proposed_at REAL NOT NULL,
    state       TEXT NOT NULL DEFAULT 'open',  -- approved, rejected
    decided_by  TEXT,
    decided_at  REAL,
    decided_in  TEXT,                   -- command, dashboard, client
    reason      TEXT NOT NULL DEFAULT '',
    expires_at  REAL,                   -- of an approval; null for none
    unplanned_gpu_seconds REAL NOT NULL DEFAULT 0,  -- spent and reserved outside of plans when it was approved
    unplanned_usd         REAL NOT NULL DEFAULT 0
) STRICT;
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
INSERT INTO "pools" VALUES('local','local','cpu','cpu',2,0.0,'',1.79594614153573155406e+09,0,0,1);
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
INSERT INTO "runs" VALUES('e0001-1',1,1,'local','{"started": true, "slot": 1}','finished',1.79594611950165438654e+09,1.79594612045941328997e+09,1.79594611999165439607e+09,1.79594612045941328997e+09,1);
INSERT INTO "runs" VALUES('e0002-1',2,1,'local','{"started": true, "slot": 0}','finished',1.79594612067721819872e+09,1.79594612136799550053e+09,1.79594612114421820639e+09,1.79594612136799550053e+09,1);
INSERT INTO "runs" VALUES('e0003-1',3,1,'local','{"started": true, "slot": 1}','finished',1.79594612099256348606e+09,1.7959461217146544457e+09,1.79594612147356343266e+09,1.7959461217146544457e+09,1);
INSERT INTO "runs" VALUES('e0004-1',4,1,'local','{"started": true, "slot": 0}','finished',1.79594612305697441103e+09,1.79594612355021643638e+09,1.79594612357097435e+09,1.79594612355021643638e+09,1);
INSERT INTO "runs" VALUES('e0005-1',5,1,'local','{"started": true, "slot": 1}','finished',1.79594612355967783931e+09,1.79594612420467615132e+09,1.79594612406367778773e+09,1.79594612420467615132e+09,1);
INSERT INTO "runs" VALUES('e0006-1',6,1,'local','{"started": true, "slot": 0}','finished',1.79594612429759097104e+09,1.79594612489576125149e+09,1.79594612476659107203e+09,1.79594612489576125149e+09,1);
INSERT INTO "runs" VALUES('e0007-1',7,1,'local','{"started": true, "slot": 0}','finished',1.79594611543837523459e+09,1.79594611610323953631e+09,1.79594611587137532229e+09,1.79594611610323953631e+09,1);
INSERT INTO "runs" VALUES('e0008-1',8,1,'local','{"started": true, "slot": 0}','finished',1.79594611662774467468e+09,1.79594611741525149342e+09,1.79594611715674471854e+09,1.79594611741525149342e+09,1);
INSERT INTO "runs" VALUES('e0009-1',9,1,'local','{"started": true, "slot": 1}','finished',1.79594611662774467468e+09,1.79594611753795790672e+09,1.79594611723974466321e+09,1.79594611753795790672e+09,1);
INSERT INTO "runs" VALUES('e0010-1',10,1,'local','{"started": true, "slot": 0}','finished',1.79594611918016076089e+09,1.79594611996228075033e+09,1.79594611967916083336e+09,1.79594611996228075033e+09,1);
INSERT INTO "runs" VALUES('e0011-1',11,1,'local','{"started": true, "slot": 1}','finished',1.79594612498054265973e+09,1.79594612566809225077e+09,1.79594612539554262164e+09,1.79594612566809225077e+09,1);
INSERT INTO "runs" VALUES('e0012-1',12,1,'local','{"started": true, "slot": 0}','finished',1.79594612191882228849e+09,1.79594612247559547429e+09,1.79594612232482218742e+09,1.79594612247559547429e+09,1);
INSERT INTO "runs" VALUES('e0013-1',13,1,'local','{"started": true, "slot": 1}','finished',1.79594612239767646788e+09,1.79594612290618276589e+09,1.79594612285967636109e+09,1.79594612290618276589e+09,1);
INSERT INTO "runs" VALUES('e0014-1',14,1,'local','{"started": true, "slot": 0}','finished',1.79594612851409268384e+09,1.79594612901182913776e+09,1.79594612894009280201e+09,1.79594612901182913776e+09,1);
INSERT INTO "runs" VALUES('e0015-1',15,1,'local','{"started": true, "slot": 1}','finished',1.79594612851409268384e+09,1.79594612913097906106e+09,1.7959461289950926304e+09,1.79594612913097906106e+09,1);
INSERT INTO "runs" VALUES('e0016-1',16,1,'local','{"started": true, "slot": 0}','finished',1.79594613028007650369e+09,1.79594613059494519237e+09,1.79594613063507652279e+09,1.79594613059494519237e+09,1);
INSERT INTO "runs" VALUES('e0017-1',17,1,'local','{"started": true, "slot": 1}','finished',1.79594613052827334408e+09,1.7959461310998327732e+09,1.79594613097327327724e+09,1.7959461310998327732e+09,1);
INSERT INTO "runs" VALUES('e0018-1',18,1,'local','{"started": true, "slot": 0}','finished',1.79594613170904684063e+09,1.7959461321661758423e+09,1.79594613211004686353e+09,1.7959461321661758423e+09,1);
INSERT INTO "runs" VALUES('e0019-1',19,1,'local','{"started": true, "slot": 1}','finished',1.79594613170904684063e+09,1.79594613227215695386e+09,1.79594613215304684632e+09,1.79594613227215695386e+09,1);
INSERT INTO "runs" VALUES('e0020-1',20,1,'local','{"started": true, "slot": 0}','finished',1.79594613262013316152e+09,1.79594613311300587655e+09,1.79594613300313305859e+09,1.79594613311300587655e+09,1);
INSERT INTO "runs" VALUES('e0021-1',21,1,'local','{"started": true, "slot": 1}','finished',1.7959461328763072491e+09,1.79594613338619542124e+09,1.79594613331830716134e+09,1.79594613338619542124e+09,1);
INSERT INTO "runs" VALUES('e0022-1',22,1,'local','{"started": true, "slot": 0}','finished',1.79594613374342107776e+09,1.79594613415488386148e+09,1.7959461341574211121e+09,1.79594613415488386148e+09,1);
INSERT INTO "runs" VALUES('e0023-1',23,1,'local','{"started": true, "slot": 1}','finished',1.7959461340243897438e+09,1.79594613450855207438e+09,1.79594613446138978004e+09,1.79594613450855207438e+09,1);
INSERT INTO "runs" VALUES('e0024-1',24,1,'local','{"started": true, "slot": 0}','finished',1.79594613472022938734e+09,1.79594613512858533857e+09,1.79594613507322931294e+09,1.79594613512858533857e+09,1);
INSERT INTO "runs" VALUES('e0025-1',25,1,'local','{"started": true, "slot": 1}','finished',1.79594613517197585102e+09,1.79594613570478367804e+09,1.79594613562097573278e+09,1.79594613570478367804e+09,1);
INSERT INTO "runs" VALUES('e0026-1',26,1,'local','{"started": true, "slot": 0}','finished',1.79594613564780783646e+09,1.79594613607048463827e+09,1.79594613597780776025e+09,1.79594613607048463827e+09,1);
INSERT INTO "runs" VALUES('e0027-1',27,1,'local','{"started": true, "slot": 1}','finished',1.79594613634264039991e+09,1.79594613690247559547e+09,1.79594613675664043425e+09,1.79594613690247559547e+09,1);
INSERT INTO "runs" VALUES('e0028-1',28,1,'local','{"started": true, "slot": 0}','finished',1.79594613660799241067e+09,1.79594613720943307878e+09,1.79594613698899245265e+09,1.79594613720943307878e+09,1);
INSERT INTO "runs" VALUES('e0029-1',29,1,'local','{"started": true, "slot": 0}','finished',1.79594613755320167539e+09,1.7959461379129581451e+09,1.79594613792120170589e+09,1.7959461379129581451e+09,1);
INSERT INTO "runs" VALUES('e0030-1',30,1,'local','{"started": true, "slot": 1}','finished',1.79594613789115977288e+09,1.79594613865133047106e+09,1.79594613827615976332e+09,1.79594613865133047106e+09,1);
INSERT INTO "runs" VALUES('e0031-1',31,1,'local','{"started": true, "slot": 0}','finished',1795946138.42274,1.79594613912333178522e+09,1795946138.79674,1.79594613912333178522e+09,1);
INSERT INTO "runs" VALUES('e0032-1',32,1,'local','{"started": true, "slot": 1}','finished',1795946138.95677,1.79594613950386548049e+09,1795946139.35977,1.79594613950386548049e+09,1);
INSERT INTO "runs" VALUES('e0033-1',33,1,'local','{"started": true, "slot": 0}','finished',1.79594613945082831382e+09,1.79594613987150692946e+09,1.79594613974082827566e+09,1.79594613987150692946e+09,1);
CREATE TABLE sources (                  -- one for each distinct commit in source.git
    commit_hash TEXT PRIMARY KEY,
    tree        TEXT NOT NULL,
    changes     TEXT NOT NULL,          -- against its base, in a few words
    diffstat    TEXT NOT NULL,
    knobs       TEXT NOT NULL,          -- JSON: every knob's value
    flags       TEXT NOT NULL DEFAULT '[]'  -- JSON: what it touches that the baseline doesn't: see flags.py
) STRICT, WITHOUT ROWID;
INSERT INTO "sources" VALUES('1d8d6e6655941305636cbc70ab8ac9a2f8246e89','d1deca555593465b338a9c8cd29cc537c342e1f4','X 1.0→2.9','train.py +1 −1','{"X": 2.9, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('507f7c7869436149b2170b33d45c620f9c06d35b','c9514331743fcb040f6adbfe5e4b7d8d7e8acdaa','Y 0.0→-0.8; X 1.0→0.5','train.py +2 −2','{"X": 0.5, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('53c8e151a4086db3ca9b55b06e4f1b2199085d47','d2c1f4bc7ecc242d68531823037ca8c294b2f3b3','DURATION 0.02→30.0','train.py +1 −1','{"X": 2.9, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 30.0, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('657954868f1755bb12db8e8c55fdc595fff337a6','83207f7b3ba244bec7cc8ecf3ff6b2a01745b936','Y 0.0→-0.8; X 1.0→2.5','train.py +2 −2','{"X": 2.5, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('8cb9a38b6fd54907d71cd0a29fe80f6cae86a0a3','bdedb0d23dfb1a666e8b7448a11ec6f71414a675','X 1.0→2.5','train.py +1 −1','{"X": 2.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('8d4ab4671d7a51fa948864a2983ee23e4848798e','b95377afc5839c5b668f1b8c19acfa9c5252b29d','X 1.0→0.5','train.py +1 −1','{"X": 0.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('b4559b07d8ec4360574a067c77124167a02107f0','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267','Y 0.0→-0.8; X 1.0→2.9','train.py +2 −2','{"X": 2.9, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('bb89e47c50e3e51bf67eeb6c5ef59c744dd7b743','3cb68a8332626cc30b6d80b3595529c23be631cf','X 1.0→1.5, FAIL False→True','train.py +2 −2','{"X": 1.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": true}','[]');
INSERT INTO "sources" VALUES('e593c701d3c7c7309140388fafaca15c156b7917','e45339b4d38637798cf3b888593007e463dabc83','','','{"X": 1.0, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
CREATE TABLE spent (                    -- settled, by pool; what is reserved is summed over what is pending
    pool        TEXT NOT NULL,
    hired       INTEGER NOT NULL,       -- on clusters, which cost what they cost: no cost of its own
    experiments INTEGER NOT NULL,
    gpu_seconds REAL NOT NULL,
    usd         REAL NOT NULL,
    useful_seconds REAL NOT NULL,       -- training seconds of scored runs
    PRIMARY KEY (pool, hired)
) STRICT, WITHOUT ROWID;
INSERT INTO "spent" VALUES('local',0,33,14.256,0.0,11.378);
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
INSERT INTO "stages" VALUES(1,0,'test',1,'e593c701d3c7c7309140388fafaca15c156b7917','parabola-e7709fd8/cpu/0.2s',0.2,2,4.88833328088124574595e-01,0.0,4.47,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "stages" VALUES(1,1,'report',1,'e593c701d3c7c7309140388fafaca15c156b7917','parabola-e7709fd8/cpu/0.2s',0.2,8,4.88833328088124574595e-01,0.0,4.47,4.47,4.47,NULL,NULL,NULL);
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
INSERT INTO "strata" VALUES(1,'{"budget_seconds": 0.2, "clock": "cpu", "data": null, "device": "cpu", "driver": null, "evaluator": null, "self_reported": true, "torch": "2.13.0+cpu", "trainer": "parabola-e7709fd8"}',1.54534545454545462622e-02,11,4.80814875974462166419e-02,25,2,4.83053054629895423088e-02);
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
    finished_seq  INTEGER UNIQUE,       -- order of finishing, among validations
    plan          INTEGER REFERENCES plans  -- the approved plan that it is part of
) STRICT;
INSERT INTO "validations" VALUES(1,6,'b4559b07d8ec4360574a067c77124167a02107f0',1,'cpu','cpu',1.3379192728150215725e-03,'[]',7.60292499897244761219e-02,3.0,'me',1795946127.56453,1,'confirmed',1,3.52827547673603929842e-08,'a mean gain of +4.47 over 2 pairs, p = 3.5e-08, within the level of 0.0013; the gain is that of 8 other pairs, against the baseline',1,1.7959461403605909347e+09,1,NULL);
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
CREATE INDEX experiments_plan ON experiments (plan, status, gpu_seconds, usd) WHERE plan IS NOT NULL;
CREATE UNIQUE INDEX experiments_finished ON experiments (finished_seq) WHERE finished_seq IS NOT NULL;
CREATE UNIQUE INDEX experiments_once ON experiments (tree, seed, budget_seconds, gpu)
    WHERE status NOT IN ('failed', 'cancelled', 'stopped');
CREATE INDEX metric_values_sorted ON metric_values (name, value, experiment);
CREATE INDEX runs_active ON runs (status) WHERE status NOT IN ('finished', 'lost');
CREATE INDEX runs_experiment ON runs (experiment);
CREATE INDEX validations_open ON validations (number) WHERE finished_seq IS NULL;
CREATE VIEW paired AS                   -- the experiments of all pairs
    SELECT validation, stage, candidate AS experiment FROM pairs UNION ALL SELECT validation, stage, against FROM pairs;
CREATE INDEX messages_open ON messages (number) WHERE note IS NULL;
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
PRAGMA user_version = 6;
COMMIT;
