-- A lab of schema 5: a screened knob, a failure, a cancelled run, a confirmed champion, a note.
BEGIN;
CREATE TABLE champions (                -- the newest row is the champion; the first is the baseline
    number      INTEGER PRIMARY KEY,
    commit_hash TEXT NOT NULL REFERENCES sources,
    experiment  INTEGER REFERENCES experiments,
    since       REAL NOT NULL
) STRICT;
INSERT INTO "champions" VALUES(1,'8b8852db6ddb46d47606246584270f81f77bd3e7',NULL,1.7959312728054897785e+09);
INSERT INTO "champions" VALUES(2,'4373d85159b414bac66e9ea900a0bd3edf20bd2f',6,1.79593128168145322797e+09);
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
INSERT INTO "experiments" VALUES(1,1,'plain','18b6e9a84cbae85609d1f0335ef5939951e22dc3','b95377afc5839c5b668f1b8c19acfa9c5252b29d',NULL,'idea','Where the bottom lies','position','plain: X 1.0→0.5','{"X": 0.5}','me',1.79593127287527275087e+09,1,1552054456,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.5500011444091796875e-01,0.0,6.755216,1,'worse','a gain of -6.74 ± 0.099 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-6.73966418181818127663e+00,'[]',NULL,NULL,NULL,NULL,1.79593127519999122619e+09,1.79593127583921408647e+09,4,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.163, "training_wall": 0.204, "held": 0.255}, "measures": {"peak_memory_bytes": 25948160}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "ef494f0539541795"}','388bf3a6dab8d283849f7a3b9d6fc6f1');
INSERT INTO "experiments" VALUES(2,1,'plain','d803f0d67626eb4533cc84e862fb5b7899b915d8','bdedb0d23dfb1a666e8b7448a11ec6f71414a675',NULL,'idea','Where the bottom lies','position','plain: X 1.0→2.5','{"X": 2.5}','me',1.79593127287535309793e+09,1,1552054456,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.6900005340576171875e-01,0.0,0.755216,1,'worse','a gain of -0.756 ± 0.073 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-7.39664181818181831751e-01,'[]',2.626219,NULL,NULL,NULL,1.79593127585937547682e+09,1.79593127650521421434e+09,6,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.167, "training_wall": 0.209, "held": 0.269}, "measures": {"peak_memory_bytes": 26046464}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "df2305b4657167d9"}','bf033ae9b6e3548a27e4a018f285098e');
INSERT INTO "experiments" VALUES(3,1,'plain','4396fe1ffc63e7aa6a7096932b29529f68a4dbac','d1deca555593465b338a9c8cd29cc537c342e1f4',NULL,'idea','Where the bottom lies','position','plain: X 1.0→2.9','{"X": 2.9}','me',1.79593127287539052958e+09,1,1552054456,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.3799991607666015625e-01,0.0,0.515216,1,'worse','a gain of -0.516 ± 0.073 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-4.99664181818181840633e-01,'[]',2.5062189999999997525e+00,NULL,NULL,NULL,1.79593127585937547682e+09,1.79593127650521421434e+09,7,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.16, "training_wall": 0.19, "held": 0.238}, "measures": {"peak_memory_bytes": 25866240}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "e4ab33f93ced6cce"}','738e9b294d11c04d5b86080ae97053b4');
INSERT INTO "experiments" VALUES(4,1,'lower','b68e8654170f0833858264b2ca2e312f1f130365','c9514331743fcb040f6adbfe5e4b7d8d7e8acdaa',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→0.5','{"Y": -0.8, "X": 0.5}','me',1.79593127287542295459e+09,1,1552054456,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.6200008392333984375e-01,0.0,6.275216,1,'worse','a gain of -6.26 ± 0.099 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-6.25966418181818173849e+00,'[]',NULL,NULL,NULL,NULL,1.79593127718047785752e+09,1.79593127782887816432e+09,10,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.163, "training_wall": 0.201, "held": 0.262}, "measures": {"peak_memory_bytes": 25919488}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "ea707e3ea7df9c83"}','489820d27af86f34128ab32f4663df13');
INSERT INTO "experiments" VALUES(5,1,'lower','b9bc18279b63d47b0af9c464b0fb8368badb7715','83207f7b3ba244bec7cc8ecf3ff6b2a01745b936',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→2.5','{"Y": -0.8, "X": 2.5}','me',1.79593127287546634675e+09,1,1552054456,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.33000040054321289062e-01,0.0,0.275216,1,'worse','a gain of -0.26 ± 0.099 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-2.59664181818181849514e-01,'[]',NULL,NULL,NULL,NULL,1.79593127718047785752e+09,1.79593127782887816432e+09,11,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.151, "training_wall": 0.184, "held": 0.233}, "measures": {"peak_memory_bytes": 25919488}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "b34d2e9f364bb5a1"}','82e182d25135f0f668cb59fea55662c3');
INSERT INTO "experiments" VALUES(6,1,'lower','4373d85159b414bac66e9ea900a0bd3edf20bd2f','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','me',1.79593127287549901007e+09,1,1552054456,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.65000104904174804687e-01,0.0,0.035216,1,'confirmed','v001, against the baseline: a mean gain of +4.47 over 2 pairs, p = 1.1e-09, within the level of 0.0013',NULL,'[]',NULL,NULL,NULL,NULL,1.79593127784302401548e+09,1.79593127849139142038e+09,12,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.158, "training_wall": 0.204, "held": 0.265}, "measures": {"peak_memory_bytes": 25948160}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "872bd646d6820e86"}','6402f7cc3c31000c08e4408001333712');
INSERT INTO "experiments" VALUES(7,NULL,'','8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79593127287560963634e+09,2,1552054456,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.53999948501586914062e-01,0.0,4.505216,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.48966418181818127663e+00,'[]',NULL,NULL,NULL,NULL,1.79593127358865284923e+09,1.79593127421418118474e+09,1,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.164, "training_wall": 0.206, "held": 0.254}, "measures": {"peak_memory_bytes": 25911296}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "5e3e496a7ee2e2b9"}','c7befab7c92c5c5778b5ae11135caebc');
INSERT INTO "experiments" VALUES(8,NULL,'','8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79593127287569785111e+09,2,534068247,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,0.25,0.0,4.538195,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.52264318181818136821e+00,'[]',NULL,NULL,NULL,NULL,1.79593127422686958316e+09,1.79593127486617088316e+09,2,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.16, "training_wall": 0.197, "held": 0.25}, "measures": {"peak_memory_bytes": 25935872}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "4ef365ddd45e823d"}','5399c19b0b37dc90c151b796cd8b2516');
INSERT INTO "experiments" VALUES(9,NULL,'','8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79593127287576627727e+09,2,415209386,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,0.25,0.0,4.497222,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.48167018181818122002e+00,'[]',NULL,NULL,NULL,NULL,1.79593127422686958316e+09,1.79593127486617088316e+09,3,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.164, "training_wall": 0.197, "held": 0.25}, "measures": {"peak_memory_bytes": 25980928}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "efdf50b29b9b7305"}','7e2e6d2e42907c3767f5d3af835a9c13');
INSERT INTO "experiments" VALUES(10,NULL,'','8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79593127287581610677e+09,2,2056670587,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.69999980926513671875e-01,0.0,4.540993,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.52544118181818166846e+00,'[]',NULL,NULL,NULL,NULL,1.79593127519999122619e+09,1.79593127583921408647e+09,5,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.166, "training_wall": 0.221, "held": 0.27}, "measures": {"peak_memory_bytes": 26030080}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "1f2f54e8dbfe0157"}','104331c4558d70a74a9348a68f1bf413');
INSERT INTO "experiments" VALUES(11,NULL,'','9a4e7720680a5ee1f16f973e854c4d35a18cb804','3cb68a8332626cc30b6d80b3595529c23be631cf',NULL,'idea','It fails','failures','X 1.0→1.5, FAIL False→True','{"X": 1.5, "FAIL": true}','me',1.79593127292223763468e+09,1,1552054456,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'failed',1,NULL,2.20999956130981445312e-01,0.0,NULL,NULL,'none',NULL,NULL,'[]',NULL,NULL,'crashed','{"message": "The command ended with status 1: RuntimeError: told to fail", "lines": ["Traceback (most recent call last):", "  File \"/tmp/tmpw173ylo9/.labhand/runs/e0011-1/work/train.py\", line 34, in <module>", "    main()", "  File \"/tmp/tmpw173ylo9/.labhand/runs/e0011-1/work/train.py\", line 28, in main", "    raise RuntimeError(\"told to fail\")", "RuntimeError: told to fail"], "next_step": "Read the lines, correct the source, and launch it again."}',1.79593127784302401548e+09,1.79593127849139142038e+09,13,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.149, "training_wall": 0.173, "held": 0.221}, "measures": {"peak_memory_bytes": 26025984}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "805fb45ef0dbc829"}','a8ba51658e522c025d9d8d60576c4d5a');
INSERT INTO "experiments" VALUES(12,NULL,'','d803f0d67626eb4533cc84e862fb5b7899b915d8','bdedb0d23dfb1a666e8b7448a11ec6f71414a675',NULL,'recheck','Whether the score of e0002 comes again on another seed',NULL,'plain: X 1.0→2.5','{"X": 2.5}','labhand',1.79593127650521421434e+09,2,534068247,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.63000011444091796875e-01,0.0,0.788195,1,'worse','a gain of -0.756 ± 0.073 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-7.72643181818181812303e-01,'[]',NULL,NULL,NULL,NULL,1.79593127653160071367e+09,1.79593127716668272018e+09,8,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.162, "training_wall": 0.201, "held": 0.263}, "measures": {"peak_memory_bytes": 25935872}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "54e62c321877dce1"}','6141f4f9fa1fdc3981ca0ab8362f296c');
INSERT INTO "experiments" VALUES(13,NULL,'','4396fe1ffc63e7aa6a7096932b29529f68a4dbac','d1deca555593465b338a9c8cd29cc537c342e1f4',NULL,'recheck','Whether the score of e0003 comes again on another seed',NULL,'plain: X 1.0→2.9','{"X": 2.9}','labhand',1.79593127650521421434e+09,2,534068247,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.24999904632568359375e-01,0.0,0.548195,1,'worse','a gain of -0.516 ± 0.073 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-5.32643181818181821185e-01,'[]',NULL,NULL,NULL,NULL,1.79593127653160071367e+09,1.79593127716668272018e+09,9,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.149, "training_wall": 0.179, "held": 0.225}, "measures": {"peak_memory_bytes": 25935872}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "7f1f903e5c0a9c0a"}','f33864de16333a4d89cac32353aa59ca');
INSERT INTO "experiments" VALUES(14,NULL,'','4373d85159b414bac66e9ea900a0bd3edf20bd2f','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'validation','v001: e0006 against the champion',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79593127931405544279e+09,2,1356115174,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.82000064849853515625e-01,0.0,-0.076336,1,'reference','e0006, the reference that others are compared with: 0.015552 ± 0.049, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79593127999546313278e+09,1.79593128065261530878e+09,14,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.166, "training_wall": 0.215, "held": 0.282}, "measures": {"peak_memory_bytes": 25985024}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "5ba7f5bdcbb3d63d"}','93a2e623cce1c6870bd677a3a9ab9da6');
INSERT INTO "experiments" VALUES(15,NULL,'','8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83',NULL,'validation','v001: e0006 against the champion',NULL,'unchanged','{}','labhand',1.79593127931405544279e+09,2,1356115174,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.65000104904174804687e-01,0.0,4.393664,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.3781121818181816252e+00,'[]',NULL,NULL,NULL,NULL,1.79593127999546313278e+09,1.79593128065261530878e+09,15,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.169, "training_wall": 0.212, "held": 0.265}, "measures": {"peak_memory_bytes": 25944064}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "3fc6a326e5ecc638"}','27b36f7a09cb6089aed36b73e68d11a0');
INSERT INTO "experiments" VALUES(16,NULL,'','4373d85159b414bac66e9ea900a0bd3edf20bd2f','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'validation','v001: e0006 against the champion',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79593127931405544279e+09,2,69722956,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.42000102996826171875e-01,0.0,0.054685,1,'reference','e0006, the reference that others are compared with: 0.015552 ± 0.049, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.7959312810344078541e+09,1.79593128168145322797e+09,16,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.153, "training_wall": 0.195, "held": 0.242}, "measures": {"peak_memory_bytes": 25808896}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "1eaacb96a0fb038d"}','7cbf63a54ba2b4b4e2573badfe39b5d0');
INSERT INTO "experiments" VALUES(17,NULL,'','8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83',NULL,'validation','v001: e0006 against the champion',NULL,'unchanged','{}','labhand',1.79593127931405544279e+09,2,69722956,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,0.247999906539917,0.0,4.524685,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.5091331818181812352e+00,'[]',NULL,NULL,NULL,NULL,1.7959312810344078541e+09,1.79593128168145322797e+09,17,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.161, "training_wall": 0.199, "held": 0.248}, "measures": {"peak_memory_bytes": 26095616}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "2db3830a440e1afd"}','c40bbbf54f53f12207f136a040b7ddba');
INSERT INTO "experiments" VALUES(18,NULL,'','4373d85159b414bac66e9ea900a0bd3edf20bd2f','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79593128168145322797e+09,2,1839490610,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.53999948501586914062e-01,0.0,0.04679,1,'reference','e0006, the reference that others are compared with: 0.015552 ± 0.049, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79593128172079348568e+09,1.79593128235665345192e+09,18,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.159, "training_wall": 0.198, "held": 0.254}, "measures": {"peak_memory_bytes": 25911296}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "d66b563d017772f5"}','67ad447990d27e1c7991f657701cd48c');
INSERT INTO "experiments" VALUES(19,NULL,'','8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79593128168145322797e+09,2,1839490610,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.53999948501586914062e-01,0.0,4.51679,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.50123818181818169392e+00,'[]',NULL,NULL,NULL,NULL,1.79593128172079348568e+09,1.79593128235665345192e+09,19,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.161, "training_wall": 0.199, "held": 0.254}, "measures": {"peak_memory_bytes": 25915392}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "1dfd251d987e7aa3"}','1db5c31a363eb09952c5659a98e22c9b');
INSERT INTO "experiments" VALUES(20,NULL,'','4373d85159b414bac66e9ea900a0bd3edf20bd2f','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79593128168145322797e+09,2,2054466779,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.53999948501586914062e-01,0.0,0.044508,1,'reference','e0006, the reference that others are compared with: 0.015552 ± 0.049, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79593128237103414539e+09,1.79593128300346946716e+09,20,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.159, "training_wall": 0.206, "held": 0.254}, "measures": {"peak_memory_bytes": 25935872}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "3ddd315e2e86eaca"}','7faa3cc9cc2d20c9a12287add3516ec5');
INSERT INTO "experiments" VALUES(21,NULL,'','8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79593128168145322797e+09,2,2054466779,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.21999883651733398437e-01,0.0,4.514508,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.49895618181818157665e+00,'[]',NULL,NULL,NULL,NULL,1.79593128237103414539e+09,1.79593128300346946716e+09,21,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.134, "training_wall": 0.174, "held": 0.222}, "measures": {"peak_memory_bytes": 25948160}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "c79446d3aa657565"}','44c847462a892a23a4acfc3fc6c88e85');
INSERT INTO "experiments" VALUES(22,NULL,'','4373d85159b414bac66e9ea900a0bd3edf20bd2f','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79593128168145322797e+09,2,1616854588,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.66999959945678710937e-01,0.0,-0.028299,1,'reference','e0006, the reference that others are compared with: 0.015552 ± 0.049, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79593128301794838904e+09,1.79593128365232110018e+09,22,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.159, "training_wall": 0.201, "held": 0.267}, "measures": {"peak_memory_bytes": 25935872}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "d771915441000aab"}','ad895a9eac7c737037dfec1540429060');
INSERT INTO "experiments" VALUES(23,NULL,'','8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79593128168145322797e+09,2,1616854588,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.10999965667724609375e-01,0.0,4.441701,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.42614918181818151055e+00,'[]',NULL,NULL,NULL,NULL,1.79593128301794838904e+09,1.79593128365232110018e+09,23,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.14, "training_wall": 0.169, "held": 0.211}, "measures": {"peak_memory_bytes": 26046464}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "543c3526e775d046"}','efee54acc49718c338b670164ee3b3a5');
INSERT INTO "experiments" VALUES(24,NULL,'','4373d85159b414bac66e9ea900a0bd3edf20bd2f','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79593128168145322797e+09,2,717726429,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.33999967575073242187e-01,0.0,0.088443,1,'reference','e0006, the reference that others are compared with: 0.015552 ± 0.049, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79593128366796541206e+09,1.79593128430059313779e+09,24,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.155, "training_wall": 0.186, "held": 0.234}, "measures": {"peak_memory_bytes": 25923584}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "73541d38c6558008"}','fd9c10e0e6a369367aa068d0a9080582');
INSERT INTO "experiments" VALUES(25,NULL,'','8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79593128168145322797e+09,2,717726429,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.39000082015991210937e-01,0.0,4.558443,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.54289118181818096786e+00,'[]',NULL,NULL,NULL,NULL,1.79593128366796541206e+09,1.79593128430059313779e+09,25,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.146, "training_wall": 0.191, "held": 0.239}, "measures": {"peak_memory_bytes": 25939968}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "cb3786bf9cfe3391"}','25eeb7131f4f2c8d5e3039a898b210b1');
INSERT INTO "experiments" VALUES(26,NULL,'','4373d85159b414bac66e9ea900a0bd3edf20bd2f','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79593128168145322797e+09,2,366690677,4,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,0.252000093460083,0.0,-0.018978,1,'reference','e0006, the reference that others are compared with: 0.015552 ± 0.049, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79593128431869864468e+09,1.79593128495941090584e+09,26,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.163, "training_wall": 0.201, "held": 0.252}, "measures": {"peak_memory_bytes": 26001408}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "4f67cc920559ffe3"}','162ec90125f4524ff75a451851d003a5');
INSERT INTO "experiments" VALUES(27,NULL,'','8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79593128168145322797e+09,2,366690677,4,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.21999883651733398437e-01,0.0,4.451022,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.43547018181818142323e+00,'[]',NULL,NULL,NULL,NULL,1.79593128431869864468e+09,1.79593128495941090584e+09,27,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.128, "training_wall": 0.17, "held": 0.222}, "measures": {"peak_memory_bytes": 25927680}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "06f826fec576843f"}','beec4e2fe61ef4197fd4c68b6eece94e');
INSERT INTO "experiments" VALUES(28,NULL,'','4373d85159b414bac66e9ea900a0bd3edf20bd2f','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79593128168145322797e+09,2,252174402,5,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.69999980926513671875e-01,0.0,0.045825,1,'reference','e0006, the reference that others are compared with: 0.015552 ± 0.049, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79593128497767877578e+09,1.79593128561303377148e+09,28,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.17, "training_wall": 0.211, "held": 0.27}, "measures": {"peak_memory_bytes": 25948160}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "48866b4395342d71"}','b1d200efca4da7a4ae14f0ae0500df77');
INSERT INTO "experiments" VALUES(29,NULL,'','8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79593128168145322797e+09,2,252174402,5,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.60999917984008789062e-01,0.0,4.515825,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.5002731818181818113e+00,'[]',NULL,NULL,NULL,NULL,1.79593128497767877578e+09,1.79593128561303377148e+09,29,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.168, "training_wall": 0.206, "held": 0.261}, "measures": {"peak_memory_bytes": 26021888}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "2ddb58a4665f3d76"}','f456264dc80b3d46da9c4289dcccab70');
INSERT INTO "experiments" VALUES(30,NULL,'','4373d85159b414bac66e9ea900a0bd3edf20bd2f','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79593128168145322797e+09,2,1331809386,6,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.73000001907348632812e-01,0.0,-0.029928,1,'reference','e0006, the reference that others are compared with: 0.015552 ± 0.049, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79593128563199281688e+09,1.79593128626994371415e+09,30,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.163, "training_wall": 0.212, "held": 0.273}, "measures": {"peak_memory_bytes": 25862144}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "79da0c16746c01b1"}','fd0c5eef3bb05dbeb097c237912abd5e');
INSERT INTO "experiments" VALUES(31,NULL,'','8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79593128168145322797e+09,2,1331809386,6,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.46000051498413085937e-01,0.0,4.440072,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.42452018181818118591e+00,'[]',NULL,NULL,NULL,NULL,1.79593128563199281688e+09,1.79593128626994371415e+09,31,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.163, "training_wall": 0.193, "held": 0.246}, "measures": {"peak_memory_bytes": 25935872}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "6a8416021698ced8"}','99b82337b04f933b31ac540968b5b410');
INSERT INTO "experiments" VALUES(32,NULL,'','4373d85159b414bac66e9ea900a0bd3edf20bd2f','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79593128168145322797e+09,2,266280407,7,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.75000095367431640625e-01,0.0,0.009144,1,'reference','e0006, the reference that others are compared with: 0.015552 ± 0.049, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79593128628877186773e+09,1.79593128692451357844e+09,32,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.182, "training_wall": 0.221, "held": 0.275}, "measures": {"peak_memory_bytes": 25948160}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "0eef5afb70422f85"}','6a19611ae9efe407130b4ec6abd31408');
INSERT INTO "experiments" VALUES(33,NULL,'','8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79593128168145322797e+09,2,266280407,7,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.6900005340576171875e-01,0.0,4.479144,1,'worse','a gain of -4.48 ± 0.038 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.46359218181818118154e+00,'[]',NULL,NULL,NULL,NULL,1.79593128628877186773e+09,1.79593128692451357844e+09,33,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.171, "training_wall": 0.218, "held": 0.269}, "measures": {"peak_memory_bytes": 25948160}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "1aed7bbeeb7314bb"}','0d46f29af168bac7e46c5bd602c39e47');
INSERT INTO "experiments" VALUES(34,NULL,'','bc83db6115ad358c07144f884e5fdd17e7a9acab','d2c1f4bc7ecc242d68531823037ca8c294b2f3b3',6,'idea','Too slow','speed','DURATION 0.02→30.0','{"DURATION": 30.0}','me',1.79593128757747292519e+09,1,1552054456,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'cancelled',0,'seen enough',0.0,0.0,NULL,NULL,'none',NULL,NULL,'[]',NULL,NULL,NULL,NULL,NULL,1.79593128759332013128e+09,34,'{}','27d83d57709366c1f9fd6e90da0cf48c');
CREATE TABLE facts (                    -- of the lab itself: id, trainer, ...
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "facts" VALUES('allowance since 2026-11-29T05:47:52.824496+00:00','{"gpu_hours":null,"usd":null,"experiments":null,"ends":null}');
INSERT INTO "facts" VALUES('id','eb7a15e53c31c3b4');
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
INSERT INTO "grids" VALUES(1,'Where the bottom lies','full','{"X": [0.5, 2.5, 2.9]}','position','me',1.79593127286785197256e+09);
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
INSERT INTO "notes" VALUES(1,'me',1.79593128753384900092e+09,'X near 3 is best','position','[6]');
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
INSERT INTO "pools" VALUES('local','local','cpu','cpu',2,0.0,'',1.7959312881598594189e+09,0,0,1);
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
INSERT INTO "runs" VALUES('e0001-1',1,1,'local','{"started": true, "slot": 0}','finished',1.79593127519999122619e+09,1.7959312754877812862e+09,1.79593127545499134066e+09,1.7959312754877812862e+09,1);
INSERT INTO "runs" VALUES('e0002-1',2,1,'local','{"started": true, "slot": 0}','finished',1.79593127585937547682e+09,1.79593127615700864788e+09,1.79593127612837553021e+09,1.79593127615700864788e+09,1);
INSERT INTO "runs" VALUES('e0003-1',3,1,'local','{"started": true, "slot": 1}','finished',1.79593127585937547682e+09,1.79593127617437553402e+09,1.79593127609737539295e+09,1.79593127617437553402e+09,1);
INSERT INTO "runs" VALUES('e0004-1',4,1,'local','{"started": true, "slot": 0}','finished',1.79593127718047785752e+09,1.7959312776169083118e+09,1.79593127744247794148e+09,1.7959312776169083118e+09,1);
INSERT INTO "runs" VALUES('e0005-1',5,1,'local','{"started": true, "slot": 1}','finished',1.79593127718047785752e+09,1.79593127749186968807e+09,1.79593127741347789762e+09,1.79593127749186968807e+09,1);
INSERT INTO "runs" VALUES('e0006-1',6,1,'local','{"started": true, "slot": 0}','finished',1.79593127784302401548e+09,1.79593127827691650391e+09,1.79593127810802412032e+09,1.79593127827691650391e+09,1);
INSERT INTO "runs" VALUES('e0007-1',7,1,'local','{"started": true, "slot": 0}','finished',1.79593127358865284923e+09,1.79593127387150621409e+09,1.79593127384265279769e+09,1.79593127387150621409e+09,1);
INSERT INTO "runs" VALUES('e0008-1',8,1,'local','{"started": true, "slot": 0}','finished',1.79593127422686958316e+09,1.79593127451689052584e+09,1.79593127447686958311e+09,1.79593127451689052584e+09,1);
INSERT INTO "runs" VALUES('e0009-1',9,1,'local','{"started": true, "slot": 1}','finished',1.79593127422686958316e+09,1.79593127451384067532e+09,1.79593127447686958311e+09,1.79593127451384067532e+09,1);
INSERT INTO "runs" VALUES('e0010-1',10,1,'local','{"started": true, "slot": 1}','finished',1.79593127519999122619e+09,1.79593127547963213918e+09,1.79593127546999120711e+09,1.79593127547963213918e+09,1);
INSERT INTO "runs" VALUES('e0011-1',11,1,'local','{"started": true, "slot": 1}','finished',1.79593127784302401548e+09,1.79593127827675700181e+09,1.79593127806402397153e+09,1.79593127827675700181e+09,1);
INSERT INTO "runs" VALUES('e0012-1',12,1,'local','{"started": true, "slot": 0}','finished',1.79593127653160071367e+09,1.79593127695293664934e+09,1.79593127679460072519e+09,1.79593127695293664934e+09,1);
INSERT INTO "runs" VALUES('e0013-1',13,1,'local','{"started": true, "slot": 1}','finished',1.79593127653160071367e+09,1.7959312769567587376e+09,1.79593127675660061835e+09,1.7959312769567587376e+09,1);
INSERT INTO "runs" VALUES('e0014-1',14,1,'local','{"started": true, "slot": 0}','finished',1.79593127999546313278e+09,1.79593128023737478261e+09,1.79593128027746319771e+09,1.79593128023737478261e+09,1);
INSERT INTO "runs" VALUES('e0015-1',15,1,'local','{"started": true, "slot": 1}','finished',1.79593127999546313278e+09,1.79593128033506107326e+09,1.7959312802604632378e+09,1.79593128033506107326e+09,1);
INSERT INTO "runs" VALUES('e0016-1',16,1,'local','{"started": true, "slot": 0}','finished',1.7959312810344078541e+09,1.79593128125745248794e+09,1.79593128127640795708e+09,1.79593128125745248794e+09,1);
INSERT INTO "runs" VALUES('e0017-1',17,1,'local','{"started": true, "slot": 1}','finished',1.7959312810344078541e+09,1.79593128133366966244e+09,1.7959312812824077606e+09,1.79593128133366966244e+09,1);
INSERT INTO "runs" VALUES('e0018-1',18,1,'local','{"started": true, "slot": 0}','finished',1.79593128172079348568e+09,1.79593128202498793603e+09,1.79593128197479343414e+09,1.79593128202498793603e+09,1);
INSERT INTO "runs" VALUES('e0019-1',19,1,'local','{"started": true, "slot": 1}','finished',1.79593128172079348568e+09,1.79593128202263045307e+09,1.79593128197479343414e+09,1.79593128202263045307e+09,1);
INSERT INTO "runs" VALUES('e0020-1',20,1,'local','{"started": true, "slot": 0}','finished',1.79593128237103414539e+09,1.79593128279179954521e+09,1.79593128262503409385e+09,1.79593128279179954521e+09,1);
INSERT INTO "runs" VALUES('e0021-1',21,1,'local','{"started": true, "slot": 1}','finished',1.79593128237103414539e+09,1.7959312827527554035e+09,1.79593128259303402901e+09,1.7959312827527554035e+09,1);
INSERT INTO "runs" VALUES('e0022-1',22,1,'local','{"started": true, "slot": 0}','finished',1.79593128301794838904e+09,1.79593128343692135808e+09,1.79593128328494834903e+09,1.79593128343692135808e+09,1);
INSERT INTO "runs" VALUES('e0023-1',23,1,'local','{"started": true, "slot": 1}','finished',1.79593128301794838904e+09,1.7959312834367573261e+09,1.79593128322894835468e+09,1.7959312834367573261e+09,1);
INSERT INTO "runs" VALUES('e0024-1',24,1,'local','{"started": true, "slot": 0}','finished',1.79593128366796541206e+09,1.79593128408893895151e+09,1.79593128390196537973e+09,1.79593128408893895151e+09,1);
INSERT INTO "runs" VALUES('e0025-1',25,1,'local','{"started": true, "slot": 1}','finished',1.79593128366796541206e+09,1.79593128408876013752e+09,1.7959312839069654942e+09,1.79593128408876013752e+09,1);
INSERT INTO "runs" VALUES('e0026-1',26,1,'local','{"started": true, "slot": 0}','finished',1.79593128431869864468e+09,1.79593128474495077138e+09,1.79593128457069873809e+09,1.79593128474495077138e+09,1);
INSERT INTO "runs" VALUES('e0027-1',27,1,'local','{"started": true, "slot": 1}','finished',1.79593128431869864468e+09,1.79593128470076036449e+09,1.79593128454069852831e+09,1.79593128470076036449e+09,1);
INSERT INTO "runs" VALUES('e0028-1',28,1,'local','{"started": true, "slot": 0}','finished',1.79593128497767877578e+09,1.7959312852710621357e+09,1.7959312852476787567e+09,1.7959312852710621357e+09,1);
INSERT INTO "runs" VALUES('e0029-1',29,1,'local','{"started": true, "slot": 1}','finished',1.79593128497767877578e+09,1.79593128527756881718e+09,1.79593128523867869373e+09,1.79593128527756881718e+09,1);
INSERT INTO "runs" VALUES('e0030-1',30,1,'local','{"started": true, "slot": 0}','finished',1.79593128563199281688e+09,1.79593128593278837201e+09,1.79593128590499281883e+09,1.79593128593278837201e+09,1);
INSERT INTO "runs" VALUES('e0031-1',31,1,'local','{"started": true, "slot": 1}','finished',1.79593128563199281688e+09,1.79593128594028949738e+09,1.79593128587799286837e+09,1.79593128594028949738e+09,1);
INSERT INTO "runs" VALUES('e0032-1',32,1,'local','{"started": true, "slot": 0}','finished',1.79593128628877186773e+09,1.79593128659972262389e+09,1.79593128656377196313e+09,1.79593128659972262389e+09,1);
INSERT INTO "runs" VALUES('e0033-1',33,1,'local','{"started": true, "slot": 1}','finished',1.79593128628877186773e+09,1.79593128660156178474e+09,1.79593128655777192117e+09,1.79593128660156178474e+09,1);
CREATE TABLE sources (                  -- one for each distinct commit in source.git
    commit_hash TEXT PRIMARY KEY,
    tree        TEXT NOT NULL,
    changes     TEXT NOT NULL,          -- against its base, in a few words
    diffstat    TEXT NOT NULL,
    knobs       TEXT NOT NULL,          -- JSON: every knob's value
    flags       TEXT NOT NULL DEFAULT '[]'  -- JSON: what it touches that the baseline doesn't: see flags.py
) STRICT, WITHOUT ROWID;
INSERT INTO "sources" VALUES('18b6e9a84cbae85609d1f0335ef5939951e22dc3','b95377afc5839c5b668f1b8c19acfa9c5252b29d','X 1.0→0.5','train.py +1 −1','{"X": 0.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('4373d85159b414bac66e9ea900a0bd3edf20bd2f','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267','Y 0.0→-0.8; X 1.0→2.9','train.py +2 −2','{"X": 2.9, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('4396fe1ffc63e7aa6a7096932b29529f68a4dbac','d1deca555593465b338a9c8cd29cc537c342e1f4','X 1.0→2.9','train.py +1 −1','{"X": 2.9, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('8b8852db6ddb46d47606246584270f81f77bd3e7','e45339b4d38637798cf3b888593007e463dabc83','','','{"X": 1.0, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('9a4e7720680a5ee1f16f973e854c4d35a18cb804','3cb68a8332626cc30b6d80b3595529c23be631cf','X 1.0→1.5, FAIL False→True','train.py +2 −2','{"X": 1.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": true}','[]');
INSERT INTO "sources" VALUES('b68e8654170f0833858264b2ca2e312f1f130365','c9514331743fcb040f6adbfe5e4b7d8d7e8acdaa','Y 0.0→-0.8; X 1.0→0.5','train.py +2 −2','{"X": 0.5, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('b9bc18279b63d47b0af9c464b0fb8368badb7715','83207f7b3ba244bec7cc8ecf3ff6b2a01745b936','Y 0.0→-0.8; X 1.0→2.5','train.py +2 −2','{"X": 2.5, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('bc83db6115ad358c07144f884e5fdd17e7a9acab','d2c1f4bc7ecc242d68531823037ca8c294b2f3b3','DURATION 0.02→30.0','train.py +1 −1','{"X": 2.9, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 30.0, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('d803f0d67626eb4533cc84e862fb5b7899b915d8','bdedb0d23dfb1a666e8b7448a11ec6f71414a675','X 1.0→2.5','train.py +1 −1','{"X": 2.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
CREATE TABLE spent (                    -- settled, by pool; what is reserved is summed over what is pending
    pool        TEXT NOT NULL,
    hired       INTEGER NOT NULL,       -- on clusters, which cost what they cost: no cost of its own
    experiments INTEGER NOT NULL,
    gpu_seconds REAL NOT NULL,
    usd         REAL NOT NULL,
    useful_seconds REAL NOT NULL,       -- training seconds of scored runs
    PRIMARY KEY (pool, hired)
) STRICT, WITHOUT ROWID;
INSERT INTO "spent" VALUES('local',0,33,8.2950000000000017053e+00,0.0,6.3699999999999992184e+00);
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
INSERT INTO "stages" VALUES(1,0,'test',1,'8b8852db6ddb46d47606246584270f81f77bd3e7','parabola-e7709fd8/cpu/0.2s',0.2,2,2.52833346525828062123e-01,0.0,4.47000000000000063948e+00,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "stages" VALUES(1,1,'report',1,'8b8852db6ddb46d47606246584270f81f77bd3e7','parabola-e7709fd8/cpu/0.2s',0.2,8,2.52833346525828062123e-01,0.0,4.47,4.47,4.47,NULL,NULL,NULL);
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
INSERT INTO "strata" VALUES(1,'{"budget_seconds": 0.2, "clock": "cpu", "data": null, "device": "cpu", "driver": null, "evaluator": null, "self_reported": true, "torch": "2.13.0+cpu", "trainer": "parabola-e7709fd8"}',1.55518181818181788073e-02,11,4.61755281704469347503e-02,25,2,4.86107067256138156152e-02);
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
INSERT INTO "validations" VALUES(1,6,'4373d85159b414bac66e9ea900a0bd3edf20bd2f',1,'cpu','cpu',1.3379192728150215725e-03,'[]',3.17123219479959889133e-02,3.0,'me',1.79593127931405544279e+09,1,'confirmed',1,1.06859028160606208139e-09,'a mean gain of +4.47 over 2 pairs, p = 1.1e-09, within the level of 0.0013; the gain is that of 8 other pairs, against the baseline',1,1.79593128692451357844e+09,1);
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
PRAGMA user_version = 5;
COMMIT;
