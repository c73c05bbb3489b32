-- A lab of schema 3: a screened knob, a failure, a cancelled run, a confirmed champion, a note.
BEGIN;
CREATE TABLE champions (                -- the newest row is the champion; the first is the baseline
    number      INTEGER PRIMARY KEY,
    commit_hash TEXT NOT NULL REFERENCES sources,
    experiment  INTEGER REFERENCES experiments,
    since       REAL NOT NULL
) STRICT;
INSERT INTO "champions" VALUES(1,'fc77f1574e7cc73b0cc830063fb6af64cbd20781',NULL,1.79588520656874346733e+09);
INSERT INTO "champions" VALUES(2,'6d2d4df9fdd9faee218255ac82fd1256e1d04d31',6,1.79588521580058550842e+09);
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
INSERT INTO "experiments" VALUES(1,1,'plain','60ee6ee4232ac60a0997e7674a427af0d29538ae','b95377afc5839c5b668f1b8c19acfa9c5252b29d',NULL,'idea','Where the bottom lies','position','plain: X 1.0→0.5','{"X": 0.5}','me',1.79588520662262487405e+09,1,120847711,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.83999919891357421875e-01,0.0,6.763811,1,'worse','a gain of -6.73 ± 0.11 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-6.73439572727272661722e+00,'[]',NULL,NULL,NULL,NULL,1.79588520920760083198e+09,1.79588521008130788799e+09,5,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.161, "training_wall": 0.211, "held": 0.284}, "measures": {"peak_memory_bytes": 26521600}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "6adeff7d4092cf64"}','26145e6e1ddb4599d95735e350d017b4');
INSERT INTO "experiments" VALUES(2,1,'plain','17e591e82af943bf6fcb54c9448c854a25057103','bdedb0d23dfb1a666e8b7448a11ec6f71414a675',NULL,'idea','Where the bottom lies','position','plain: X 1.0→2.5','{"X": 2.5}','me',1.79588520662269353865e+09,1,120847711,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.53000020980834960937e-01,0.0,0.763811,1,'worse','a gain of -0.696 ± 0.078 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-7.34395727272727283363e-01,'[]',2.5953925,NULL,NULL,NULL,1.79588520965377211567e+09,1.79588521030993747713e+09,6,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.147, "training_wall": 0.191, "held": 0.253}, "measures": {"peak_memory_bytes": 26529792}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "18812313f745346b"}','2fa2474f0c0885e3df1bdadc6efe4dc1');
INSERT INTO "experiments" VALUES(3,1,'plain','4c95ab873905d157cee1d0c9a565bfafe5152d12','d1deca555593465b338a9c8cd29cc537c342e1f4',NULL,'idea','Where the bottom lies','position','plain: X 1.0→2.9','{"X": 2.9}','me',1.79588520662272071838e+09,1,120847711,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.880001068115234375e-01,0.0,0.523811,1,'worse','a gain of -0.494 ± 0.11 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-4.94395727272727292245e-01,'[]',NULL,NULL,NULL,NULL,1.79588521009195137018e+09,1.79588521096664714814e+09,7,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.159, "training_wall": 0.204, "held": 0.288}, "measures": {"peak_memory_bytes": 26484736}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "a908e6c74e409757"}','75b9ffa1a65ee10d332ce67900cd0ded');
INSERT INTO "experiments" VALUES(4,1,'lower','df3d04d5b3e16f989472b12d1c81f0748a016031','c9514331743fcb040f6adbfe5e4b7d8d7e8acdaa',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→0.5','{"Y": -0.8, "X": 0.5}','me',1.79588520662274479865e+09,1,120847711,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,1.93000078201293945312e-01,0.0,6.283811,1,'worse','a gain of -6.25 ± 0.11 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-6.25439572727272707908e+00,'[]',NULL,NULL,NULL,NULL,1.79588521098130345348e+09,1.79588521161522579193e+09,9,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.112, "training_wall": 0.142, "held": 0.193}, "measures": {"peak_memory_bytes": 26316800}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "809eb82620699ab0"}','f4981eaa15af5f2528f7caa13d7a51dd');
INSERT INTO "experiments" VALUES(5,1,'lower','2dbd763aa180bff78823bc886369f0351252e839','83207f7b3ba244bec7cc8ecf3ff6b2a01745b936',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→2.5','{"Y": -0.8, "X": 2.5}','me',1.79588520662282276159e+09,1,120847711,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.79999971389770507812e-01,0.0,0.283811,1,'worse','a gain of -0.254 ± 0.11 (95 %, 1 seed against 11 of e0006) is a loss beyond noise',-2.54395727272727245615e-01,'[]',NULL,NULL,NULL,NULL,1.79588521098130345348e+09,1.79588521161522579193e+09,10,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.164, "training_wall": 0.207, "held": 0.28}, "measures": {"peak_memory_bytes": 26505216}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "c771cbb051c5cbd1"}','9794049d708091b01ac902345bffd37e');
INSERT INTO "experiments" VALUES(6,1,'lower','6d2d4df9fdd9faee218255ac82fd1256e1d04d31','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'idea','Where the bottom lies','position','lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','me',1.79588520662284731863e+09,1,120847711,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.66999959945678710937e-01,0.0,0.043811,1,'confirmed','v001, against the baseline: a mean gain of +4.47 over 2 pairs, p = 1e-08, within the level of 0.0013',NULL,'[]',NULL,NULL,NULL,NULL,1.79588521162820243838e+09,1.79588521248612093929e+09,11,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.156, "training_wall": 0.196, "held": 0.267}, "measures": {"peak_memory_bytes": 26521600}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "ad1bb84b27ab0deb"}','c9607adeee6190c1c8485460dbecdb6f');
INSERT INTO "experiments" VALUES(7,NULL,'','fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79588520662293577197e+09,2,120847711,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.13000059127807617187e-01,0.0,4.513811,1,'worse','a gain of -4.46 ± 0.041 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.48439572727272661722e+00,'[]',NULL,NULL,NULL,NULL,1.79588520741322684283e+09,1.79588520803976297375e+09,1,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.129, "training_wall": 0.165, "held": 0.213}, "measures": {"peak_memory_bytes": 26546176}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "2bf7805dfc0e5867"}','41e3c90fc6407ed8f14c96a3e6cbdf0c');
INSERT INTO "experiments" VALUES(8,NULL,'','fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79588520662300491327e+09,2,1317755393,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.24999904632568359375e-01,0.0,4.436411,1,'worse','a gain of -4.46 ± 0.041 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.40699572727272670391e+00,'[]',NULL,NULL,NULL,NULL,1.79588520805159735684e+09,1.79588520868002724647e+09,2,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.111, "training_wall": 0.151, "held": 0.225}, "measures": {"peak_memory_bytes": 26607616}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "ff6ec45c493a4a79"}','30a9cad8c32f3df41f8b6bca4b0213b5');
INSERT INTO "experiments" VALUES(9,NULL,'','fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79588520662304449077e+09,2,885891726,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.01000118255615234375e-01,0.0,4.446546,1,'worse','a gain of -4.46 ± 0.041 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.41713072727272670903e+00,'[]',NULL,NULL,NULL,NULL,1.79588520805159735684e+09,1.79588520919840025904e+09,3,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.16, "training_wall": 0.231, "held": 0.301}, "measures": {"peak_memory_bytes": 26386432}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "8c4a8964f81005a2"}','c64706bf351a78abd36c8d77bb97aa95');
INSERT INTO "experiments" VALUES(10,NULL,'','fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79588520662309217455e+09,2,230864971,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.00000047683715820312e-01,0.0,4.426974,1,'worse','a gain of -4.46 ± 0.041 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.39755872727272745237e+00,'[]',NULL,NULL,NULL,NULL,1.79588520898378443718e+09,1.79588520963738393788e+09,4,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.109, "training_wall": 0.15, "held": 0.2}, "measures": {"peak_memory_bytes": 26595328}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "1a4dc004971224a2"}','6e046d2af1f100cd336810489711d297');
INSERT INTO "experiments" VALUES(11,NULL,'','91ea2ca05c2b36d6afb400c78610270cdad6325d','3cb68a8332626cc30b6d80b3595529c23be631cf',NULL,'idea','It fails','failures','X 1.0→1.5, FAIL False→True','{"X": 1.5, "FAIL": true}','me',1.79588520666668891899e+09,1,120847711,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'failed',1,NULL,2.93999910354614257812e-01,0.0,NULL,NULL,'none',NULL,NULL,'[]',NULL,NULL,'crashed','{"message": "The command ended with status 1: RuntimeError: told to fail", "lines": ["Traceback (most recent call last):", "  File \"/tmp/tmp7uldlidp/.labhand/runs/e0011-1/work/train.py\", line 34, in <module>", "    main()", "  File \"/tmp/tmp7uldlidp/.labhand/runs/e0011-1/work/train.py\", line 28, in main", "    raise RuntimeError(\"told to fail\")", "RuntimeError: told to fail"], "next_step": "Read the lines, correct the source, and launch it again."}',1.79588521162820243838e+09,1.79588521248612093929e+09,12,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.169, "training_wall": 0.217, "held": 0.294}, "measures": {"peak_memory_bytes": 26615808}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "805fb45ef0dbc829"}','bde317e53948fb0bbe0e28b6d1b878b6');
INSERT INTO "experiments" VALUES(12,NULL,'','17e591e82af943bf6fcb54c9448c854a25057103','bdedb0d23dfb1a666e8b7448a11ec6f71414a675',NULL,'recheck','Whether the score of e0002 comes again on another seed',NULL,'plain: X 1.0→2.5','{"X": 2.5}','labhand',1.79588521030993747713e+09,2,1317755393,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.07000017166137695312e-01,0.0,0.686411,1,'worse','a gain of -0.696 ± 0.078 (95 %, 2 seeds against 11 of e0006) is a loss beyond noise',-6.56995727272727259027e-01,'[]',NULL,NULL,NULL,NULL,1.79588521034254360196e+09,1.79588521096664714814e+09,8,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.116, "training_wall": 0.153, "held": 0.207}, "measures": {"peak_memory_bytes": 26451968}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "719e298ba2660def"}','3fec74d4a2b0101b6c9afb671d01b34c');
INSERT INTO "experiments" VALUES(13,NULL,'','6d2d4df9fdd9faee218255ac82fd1256e1d04d31','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'validation','v001: e0006 against the champion',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79588521335674881941e+09,2,2051905605,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.59999990463256835937e-01,0.0,0.097029,1,'reference','e0006, the reference that others are compared with: 0.029415 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79588521395094275479e+09,1.79588521460268139839e+09,13,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.155, "training_wall": 0.192, "held": 0.26}, "measures": {"peak_memory_bytes": 26296320}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "bff4d1b0f66f6455"}','d2855c5c58cd9d667d8e638c4b758df4');
INSERT INTO "experiments" VALUES(14,NULL,'','fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83',NULL,'validation','v001: e0006 against the champion',NULL,'unchanged','{}','labhand',1.79588521335674881941e+09,2,2051905605,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.80999898910522460937e-01,0.0,4.567029,1,'worse','a gain of -4.46 ± 0.041 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.53761372727272682681e+00,'[]',NULL,NULL,NULL,NULL,1.79588521395094275479e+09,1.79588521460268139839e+09,14,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.158, "training_wall": 0.211, "held": 0.281}, "measures": {"peak_memory_bytes": 26673152}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "18174c7f39cb4810"}','d775b33947fd42793b4509e89ba34582');
INSERT INTO "experiments" VALUES(15,NULL,'','6d2d4df9fdd9faee218255ac82fd1256e1d04d31','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'validation','v001: e0006 against the champion',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79588521335674881941e+09,2,398327358,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.880001068115234375e-01,0.0,0.036104,1,'reference','e0006, the reference that others are compared with: 0.029415 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79588521495252943036e+09,1.79588521580058550842e+09,16,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.167, "training_wall": 0.208, "held": 0.288}, "measures": {"peak_memory_bytes": 26411008}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "a7b91580b5c90806"}','445d6982c85ca7434bb9d843c2a30a6f');
INSERT INTO "experiments" VALUES(16,NULL,'','fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83',NULL,'validation','v001: e0006 against the champion',NULL,'unchanged','{}','labhand',1.79588521335674881941e+09,2,398327358,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.09000110626220703125e-01,0.0,4.506104,1,'worse','a gain of -4.46 ± 0.041 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.47668872727272670886e+00,'[]',NULL,NULL,NULL,NULL,1.79588521495252943036e+09,1.79588521558797407145e+09,15,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.118, "training_wall": 0.163, "held": 0.209}, "measures": {"peak_memory_bytes": 26537984}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "827977813f36d09f"}','7c9da3d6c0026652dd56944b834cf8a0');
INSERT INTO "experiments" VALUES(17,NULL,'','6d2d4df9fdd9faee218255ac82fd1256e1d04d31','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79588521580058550842e+09,2,532243819,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.33999967575073242187e-01,0.0,-0.021914,1,'reference','e0006, the reference that others are compared with: 0.029415 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.7958852158300886154e+09,1.79588521645815086362e+09,17,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.14, "training_wall": 0.171, "held": 0.234}, "measures": {"peak_memory_bytes": 26525696}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "163f48c6ad1cdcb2"}','731f54a1eaf8d4e66931e304f6f80dd1');
INSERT INTO "experiments" VALUES(18,NULL,'','fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79588521580058550842e+09,2,532243819,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.1700000762939453125e-01,0.0,4.448086,1,'worse','a gain of -4.46 ± 0.041 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.41867072727272702792e+00,'[]',NULL,NULL,NULL,NULL,1.7958852158300886154e+09,1.79588521645815086362e+09,18,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.121, "training_wall": 0.17, "held": 0.217}, "measures": {"peak_memory_bytes": 26570752}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "1f5272d452e2e80e"}','658df0b00d538ca411f67a29cfbf3fd8');
INSERT INTO "experiments" VALUES(19,NULL,'','6d2d4df9fdd9faee218255ac82fd1256e1d04d31','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79588521580058550842e+09,2,1348884157,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.40999937057495117187e-01,0.0,0.124755,1,'reference','e0006, the reference that others are compared with: 0.029415 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79588521647484588615e+09,1.79588521709957885737e+09,19,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.153, "training_wall": 0.192, "held": 0.241}, "measures": {"peak_memory_bytes": 26595328}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "4389548ae352e7a2"}','ebbd2a317ec0fe26709c3da933a56d8d');
INSERT INTO "experiments" VALUES(20,NULL,'','fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79588521580058550842e+09,2,1348884157,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.1000003814697265625e-01,0.0,4.594755,1,'worse','a gain of -4.46 ± 0.041 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.56533972727272718827e+00,'[]',NULL,NULL,NULL,NULL,1.79588521647484588615e+09,1.79588521709957885737e+09,20,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.119, "training_wall": 0.157, "held": 0.21}, "measures": {"peak_memory_bytes": 26415104}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "29e584a807578443"}','3e08d73f99a42943d631c636ce312d9c');
INSERT INTO "experiments" VALUES(21,NULL,'','6d2d4df9fdd9faee218255ac82fd1256e1d04d31','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79588521580058550842e+09,2,727295978,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.4499988555908203125e-01,0.0,-0.006851,1,'reference','e0006, the reference that others are compared with: 0.029415 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79588521711423516275e+09,1.79588521774438619619e+09,21,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.115, "training_wall": 0.156, "held": 0.245}, "measures": {"peak_memory_bytes": 26537984}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "875c1d4fd6847956"}','0cc9279f85b0a05a32cc4b270ac0454c');
INSERT INTO "experiments" VALUES(22,NULL,'','fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79588521580058550842e+09,2,727295978,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.65000104904174804687e-01,0.0,4.463149,1,'worse','a gain of -4.46 ± 0.041 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.4337337272727266324e+00,'[]',NULL,NULL,NULL,NULL,1.79588521711423516275e+09,1.79588521798077940935e+09,22,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.154, "training_wall": 0.187, "held": 0.265}, "measures": {"peak_memory_bytes": 26546176}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "162be2658e979195"}','4bcc29eac6501156d4464f35fac9606c');
INSERT INTO "experiments" VALUES(23,NULL,'','6d2d4df9fdd9faee218255ac82fd1256e1d04d31','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79588521580058550842e+09,2,1738944270,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.880001068115234375e-01,0.0,-0.020203,1,'reference','e0006, the reference that others are compared with: 0.029415 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79588521775802659988e+09,1.79588521862462735176e+09,23,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.165, "training_wall": 0.207, "held": 0.288}, "measures": {"peak_memory_bytes": 26419200}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "13ebbd4f4ce46bca"}','9849d5c4abf5ab8525edb7ad50ad1465');
INSERT INTO "experiments" VALUES(24,NULL,'','fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79588521580058550842e+09,2,1738944270,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,0.252000093460083,0.0,4.449797,1,'worse','a gain of -4.46 ± 0.041 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.42038172727272726802e+00,'[]',NULL,NULL,NULL,NULL,1.79588521800030326844e+09,1.79588521884805870061e+09,24,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.149, "training_wall": 0.184, "held": 0.252}, "measures": {"peak_memory_bytes": 26546176}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "5211895ba6ecd33f"}','86081bf502631140e540a9f81197a74d');
INSERT INTO "experiments" VALUES(25,NULL,'','6d2d4df9fdd9faee218255ac82fd1256e1d04d31','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79588521580058550842e+09,2,1639552728,4,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.13000059127807617187e-01,0.0,0.032276,1,'reference','e0006, the reference that others are compared with: 0.029415 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79588521863626837723e+09,1.79588521927219271659e+09,25,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.113, "training_wall": 0.149, "held": 0.213}, "measures": {"peak_memory_bytes": 26574848}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "633aa09918d02da8"}','171acd21c388eb285e6094d924b18a07');
INSERT INTO "experiments" VALUES(26,NULL,'','fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79588521580058550842e+09,2,1639552728,4,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.63000011444091796875e-01,0.0,4.502276,1,'worse','a gain of -4.46 ± 0.041 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.47286072727272721039e+00,'[]',NULL,NULL,NULL,NULL,1.79588521885939455028e+09,1.79588521949865913395e+09,26,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.146, "training_wall": 0.196, "held": 0.263}, "measures": {"peak_memory_bytes": 26664960}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "71f1633691ad9d37"}','d1961538f96feb7cb9304b48a459d4e1');
INSERT INTO "experiments" VALUES(27,NULL,'','6d2d4df9fdd9faee218255ac82fd1256e1d04d31','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79588521580058550842e+09,2,1184354839,5,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.73999929428100585937e-01,0.0,0.013722,1,'reference','e0006, the reference that others are compared with: 0.029415 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79588521928320503234e+09,1.79588521994599342344e+09,27,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.159, "training_wall": 0.199, "held": 0.274}, "measures": {"peak_memory_bytes": 26345472}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "b72d2ab7606b0956"}','56de19b7402f700604a76c4899a0adfb');
INSERT INTO "experiments" VALUES(28,NULL,'','fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79588521580058550842e+09,2,1184354839,5,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.5500011444091796875e-01,0.0,4.483722,1,'worse','a gain of -4.46 ± 0.041 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.45430672727272725097e+00,'[]',NULL,NULL,NULL,NULL,1.79588521951649141309e+09,1.79588522017014288901e+09,28,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.143, "training_wall": 0.188, "held": 0.255}, "measures": {"peak_memory_bytes": 26390528}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "f937a3e3c4941541"}','c9537ef6b1101998e096f46b8afa345b');
INSERT INTO "experiments" VALUES(29,NULL,'','6d2d4df9fdd9faee218255ac82fd1256e1d04d31','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79588521580058550842e+09,2,1564945164,6,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.880001068115234375e-01,0.0,-0.016179,1,'reference','e0006, the reference that others are compared with: 0.029415 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.7958852199585671425e+09,1.79588522061368441578e+09,29,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.163, "training_wall": 0.202, "held": 0.288}, "measures": {"peak_memory_bytes": 26333184}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "a30d17106f8cfdef"}','c01a7ce22640141fb1d85ebd95f22796');
INSERT INTO "experiments" VALUES(30,NULL,'','fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79588521580058550842e+09,2,1564945164,6,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.79999971389770507812e-01,0.0,4.453821,1,'worse','a gain of -4.46 ± 0.041 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.42440572727272662945e+00,'[]',NULL,NULL,NULL,NULL,1.79588522019272089002e+09,1.79588522104173970222e+09,30,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.16, "training_wall": 0.204, "held": 0.28}, "measures": {"peak_memory_bytes": 26537984}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "c5ac4ab6153d3910"}','4798132100f66a477cc31c2374a42eb7');
INSERT INTO "experiments" VALUES(31,NULL,'','6d2d4df9fdd9faee218255ac82fd1256e1d04d31','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267',NULL,'report','v001: e0006 against the baseline',NULL,'lower: Y 0.0→-0.8; X 1.0→2.9','{"Y": -0.8, "X": 2.9}','labhand',1.79588521580058550842e+09,2,1703992293,7,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.59999990463256835937e-01,0.0,0.041018,1,'reference','e0006, the reference that others are compared with: 0.029415 ± 0.048, 11 seeds',NULL,'[]',NULL,NULL,NULL,NULL,1.79588522062508130073e+09,1.79588522147519898414e+09,31,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.148, "training_wall": 0.183, "held": 0.26}, "measures": {"peak_memory_bytes": 26722304}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "b9e9daedea7736b5"}','00ba7acfe2744e7a4deda19370fd0834');
INSERT INTO "experiments" VALUES(32,NULL,'','fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0006 against the baseline',NULL,'unchanged','{}','labhand',1.79588521580058550842e+09,2,1703992293,7,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.72000074386596679687e-01,0.0,4.511018,1,'worse','a gain of -4.46 ± 0.041 (95 %, 14 seeds against 11 of e0006) is a loss beyond noise',-4.48160272727272701587e+00,'[]',NULL,NULL,NULL,NULL,1.79588522105391049381e+09,1.79588522189531588557e+09,32,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.16, "training_wall": 0.205, "held": 0.272}, "measures": {"peak_memory_bytes": 26513408}, "claimed": {}, "metrics": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null, "budget": null, "output": "ee6fe3453504ae30"}','53be8e3784ed7127af64e16aa8d0a2cf');
INSERT INTO "experiments" VALUES(33,NULL,'','e1ec6a39ab9d0488feebc036f695965d4326d200','d2c1f4bc7ecc242d68531823037ca8c294b2f3b3',6,'idea','Too slow','speed','DURATION 0.02→30.0','{"DURATION": 30.0}','me',1.79588522248703908921e+09,1,120847711,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'cancelled',0,'seen enough',0.0,0.0,NULL,NULL,'none',NULL,NULL,'[]',NULL,NULL,NULL,NULL,NULL,1.79588522250245928761e+09,33,'{}','58ffb018c57f98435d5d2f3e210f88f6');
CREATE TABLE facts (                    -- of the lab itself: id, trainer, ...
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "facts" VALUES('allowance since 2026-11-28T17:00:06.578580+00:00','{"gpu_hours":null,"usd":null,"experiments":null,"ends":null}');
INSERT INTO "facts" VALUES('id','4b3130a4340384c9');
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
INSERT INTO "grids" VALUES(1,'Where the bottom lies','full','{"X": [0.5, 2.5, 2.9]}','position','me',1.79588520661714172365e+09);
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
INSERT INTO "notes" VALUES(1,'me',1.79588522245618224144e+09,'X near 3 is best','position','[6]');
CREATE TABLE pairs (                    -- of experiments on one seed
    validation INTEGER NOT NULL,
    stage      INTEGER NOT NULL,
    place      INTEGER NOT NULL,
    candidate  INTEGER NOT NULL REFERENCES experiments,
    against    INTEGER NOT NULL REFERENCES experiments,
    PRIMARY KEY (validation, stage, place),
    FOREIGN KEY (validation, stage) REFERENCES stages
) STRICT, WITHOUT ROWID;
INSERT INTO "pairs" VALUES(1,0,0,13,14);
INSERT INTO "pairs" VALUES(1,0,1,15,16);
INSERT INTO "pairs" VALUES(1,1,0,17,18);
INSERT INTO "pairs" VALUES(1,1,1,19,20);
INSERT INTO "pairs" VALUES(1,1,2,21,22);
INSERT INTO "pairs" VALUES(1,1,3,23,24);
INSERT INTO "pairs" VALUES(1,1,4,25,26);
INSERT INTO "pairs" VALUES(1,1,5,27,28);
INSERT INTO "pairs" VALUES(1,1,6,29,30);
INSERT INTO "pairs" VALUES(1,1,7,31,32);
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
INSERT INTO "pools" VALUES('local','local','cpu','cpu',2,0.0,'',1.795885223198107481e+09,0,0,1);
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
INSERT INTO "runs" VALUES('e0001-1',1,1,'local','{"started": true, "slot": 1}','finished',1.79588520920760083198e+09,1.79588520982217979436e+09,1.79588520949160075192e+09,1.79588520982217979436e+09,1);
INSERT INTO "runs" VALUES('e0002-1',2,1,'local','{"started": true, "slot": 0}','finished',1.79588520965377211567e+09,1.79588521003788018221e+09,1.79588520990677213669e+09,1.79588521003788018221e+09,1);
INSERT INTO "runs" VALUES('e0003-1',3,1,'local','{"started": true, "slot": 1}','finished',1.79588521009195137018e+09,1.79588521053151655196e+09,1.79588521037995147702e+09,1.79588521053151655196e+09,1);
INSERT INTO "runs" VALUES('e0004-1',4,1,'local','{"started": true, "slot": 0}','finished',1.79588521098130345348e+09,1.79588521136556196217e+09,1.79588521117430353164e+09,1.79588521136556196217e+09,1);
INSERT INTO "runs" VALUES('e0005-1',5,1,'local','{"started": true, "slot": 1}','finished',1.79588521098130345348e+09,1.79588521130959892276e+09,1.79588521126130342482e+09,1.79588521130959892276e+09,1);
INSERT INTO "runs" VALUES('e0006-1',6,1,'local','{"started": true, "slot": 0}','finished',1.79588521162820243838e+09,1.79588521205237507819e+09,1.79588521189520239828e+09,1.79588521205237507819e+09,1);
INSERT INTO "runs" VALUES('e0007-1',7,1,'local','{"started": true, "slot": 0}','finished',1.79588520741322684283e+09,1.79588520779978370661e+09,1.79588520762622690205e+09,1.79588520779978370661e+09,1);
INSERT INTO "runs" VALUES('e0008-1',8,1,'local','{"started": true, "slot": 0}','finished',1.79588520805159735684e+09,1.79588520843306756026e+09,1.79588520827659726139e+09,1.79588520843306756026e+09,1);
INSERT INTO "runs" VALUES('e0009-1',9,1,'local','{"started": true, "slot": 1}','finished',1.79588520805159735684e+09,1.79588520860064768786e+09,1.79588520835259747498e+09,1.79588520860064768786e+09,1);
INSERT INTO "runs" VALUES('e0010-1',10,1,'local','{"started": true, "slot": 0}','finished',1.79588520898378443718e+09,1.79588520939818048474e+09,1.79588520918378448483e+09,1.79588520939818048474e+09,1);
INSERT INTO "runs" VALUES('e0011-1',11,1,'local','{"started": true, "slot": 1}','finished',1.79588521162820243838e+09,1.79588521227402424813e+09,1.79588521192220234874e+09,1.79588521227402424813e+09,1);
INSERT INTO "runs" VALUES('e0012-1',12,1,'local','{"started": true, "slot": 0}','finished',1.79588521034254360196e+09,1.79588521068899774554e+09,1.79588521054954361909e+09,1.79588521068899774554e+09,1);
INSERT INTO "runs" VALUES('e0013-1',13,1,'local','{"started": true, "slot": 0}','finished',1.79588521395094275479e+09,1.79588521434513020513e+09,1.79588521421094274516e+09,1.79588521434513020513e+09,1);
INSERT INTO "runs" VALUES('e0014-1',14,1,'local','{"started": true, "slot": 1}','finished',1.79588521395094275479e+09,1.79588521426161336902e+09,1.79588521423194265366e+09,1.79588521426161336902e+09,1);
INSERT INTO "runs" VALUES('e0015-1',15,1,'local','{"started": true, "slot": 0}','finished',1.79588521495252943036e+09,1.79588521556662201886e+09,1.7958852152405295372e+09,1.79588521556662201886e+09,1);
INSERT INTO "runs" VALUES('e0016-1',16,1,'local','{"started": true, "slot": 1}','finished',1.79588521495252943036e+09,1.79588521537802219387e+09,1.79588521516152954098e+09,1.79588521537802219387e+09,1);
INSERT INTO "runs" VALUES('e0017-1',17,1,'local','{"started": true, "slot": 0}','finished',1.7958852158300886154e+09,1.79588521617450571059e+09,1.79588521606408858298e+09,1.79588521617450571059e+09,1);
INSERT INTO "runs" VALUES('e0018-1',18,1,'local','{"started": true, "slot": 1}','finished',1.7958852158300886154e+09,1.7958852161649758815e+09,1.79588521604708862308e+09,1.7958852161649758815e+09,1);
INSERT INTO "runs" VALUES('e0019-1',19,1,'local','{"started": true, "slot": 0}','finished',1.79588521647484588615e+09,1.79588521678248929976e+09,1.79588521671584582331e+09,1.79588521678248929976e+09,1);
INSERT INTO "runs" VALUES('e0020-1',20,1,'local','{"started": true, "slot": 1}','finished',1.79588521647484588615e+09,1.7958852168395762444e+09,1.79588521668484592435e+09,1.7958852168395762444e+09,1);
INSERT INTO "runs" VALUES('e0021-1',21,1,'local','{"started": true, "slot": 0}','finished',1.79588521711423516275e+09,1.79588521711423516275e+09,1.79588521735923504832e+09,NULL,1);
INSERT INTO "runs" VALUES('e0022-1',22,1,'local','{"started": true, "slot": 1}','finished',1.79588521711423516275e+09,1.79588521770602583885e+09,1.79588521737923526759e+09,1.79588521770602583885e+09,1);
INSERT INTO "runs" VALUES('e0023-1',23,1,'local','{"started": true, "slot": 0}','finished',1.79588521775802659988e+09,1.79588521819093561169e+09,1.79588521804602670671e+09,1.79588521819093561169e+09,1);
INSERT INTO "runs" VALUES('e0024-1',24,1,'local','{"started": true, "slot": 1}','finished',1.79588521800030326844e+09,1.79588521841389083867e+09,1.79588521825230336189e+09,1.79588521841389083867e+09,1);
INSERT INTO "runs" VALUES('e0025-1',25,1,'local','{"started": true, "slot": 0}','finished',1.79588521863626837723e+09,1.79588521903086018559e+09,1.79588521884926843649e+09,1.79588521903086018559e+09,1);
INSERT INTO "runs" VALUES('e0026-1',26,1,'local','{"started": true, "slot": 1}','finished',1.79588521885939455028e+09,1.79588521920954561229e+09,1.7958852191223945618e+09,1.79588521920954561229e+09,1);
INSERT INTO "runs" VALUES('e0027-1',27,1,'local','{"started": true, "slot": 0}','finished',1.79588521928320503234e+09,1.79588521967613601684e+09,1.79588521955720496173e+09,1.79588521967613601684e+09,1);
INSERT INTO "runs" VALUES('e0028-1',28,1,'local','{"started": true, "slot": 1}','finished',1.79588521951649141309e+09,1.79588521989165854448e+09,1.79588521977149152752e+09,1.79588521989165854448e+09,1);
INSERT INTO "runs" VALUES('e0029-1',29,1,'local','{"started": true, "slot": 0}','finished',1.7958852199585671425e+09,1.79588522035248255724e+09,1.79588522024656724925e+09,1.79588522035248255724e+09,1);
INSERT INTO "runs" VALUES('e0030-1',30,1,'local','{"started": true, "slot": 1}','finished',1.79588522019272089002e+09,1.79588522081019544597e+09,1.7958852204727208615e+09,1.79588522081019544597e+09,1);
INSERT INTO "runs" VALUES('e0031-1',31,1,'local','{"started": true, "slot": 0}','finished',1.79588522062508130073e+09,1.79588522121823406223e+09,1.79588522088508129124e+09,1.79588522121823406223e+09,1);
INSERT INTO "runs" VALUES('e0032-1',32,1,'local','{"started": true, "slot": 1}','finished',1.79588522105391049381e+09,1.79588522145622301101e+09,1.79588522132591056818e+09,1.79588522145622301101e+09,1);
CREATE TABLE sources (                  -- one for each distinct commit in source.git
    commit_hash TEXT PRIMARY KEY,
    tree        TEXT NOT NULL,
    changes     TEXT NOT NULL,          -- against its base, in a few words
    diffstat    TEXT NOT NULL,
    knobs       TEXT NOT NULL,          -- JSON: every knob's value
    flags       TEXT NOT NULL DEFAULT '[]'  -- JSON: what it touches that the baseline doesn't: see flags.py
) STRICT, WITHOUT ROWID;
INSERT INTO "sources" VALUES('17e591e82af943bf6fcb54c9448c854a25057103','bdedb0d23dfb1a666e8b7448a11ec6f71414a675','X 1.0→2.5','train.py +1 −1','{"X": 2.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('2dbd763aa180bff78823bc886369f0351252e839','83207f7b3ba244bec7cc8ecf3ff6b2a01745b936','Y 0.0→-0.8; X 1.0→2.5','train.py +2 −2','{"X": 2.5, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('4c95ab873905d157cee1d0c9a565bfafe5152d12','d1deca555593465b338a9c8cd29cc537c342e1f4','X 1.0→2.9','train.py +1 −1','{"X": 2.9, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('60ee6ee4232ac60a0997e7674a427af0d29538ae','b95377afc5839c5b668f1b8c19acfa9c5252b29d','X 1.0→0.5','train.py +1 −1','{"X": 0.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('6d2d4df9fdd9faee218255ac82fd1256e1d04d31','2f5b4ddc8e4a2e193d6ff381a831be7b2fb9b267','Y 0.0→-0.8; X 1.0→2.9','train.py +2 −2','{"X": 2.9, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('91ea2ca05c2b36d6afb400c78610270cdad6325d','3cb68a8332626cc30b6d80b3595529c23be631cf','X 1.0→1.5, FAIL False→True','train.py +2 −2','{"X": 1.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": true}','[]');
INSERT INTO "sources" VALUES('df3d04d5b3e16f989472b12d1c81f0748a016031','c9514331743fcb040f6adbfe5e4b7d8d7e8acdaa','Y 0.0→-0.8; X 1.0→0.5','train.py +2 −2','{"X": 0.5, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('e1ec6a39ab9d0488feebc036f695965d4326d200','d2c1f4bc7ecc242d68531823037ca8c294b2f3b3','DURATION 0.02→30.0','train.py +1 −1','{"X": 2.9, "Y": -0.8, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 30.0, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('fc77f1574e7cc73b0cc830063fb6af64cbd20781','e45339b4d38637798cf3b888593007e463dabc83','','','{"X": 1.0, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
CREATE TABLE spent (                    -- settled, by pool; what is reserved is summed over what is pending
    pool        TEXT NOT NULL,
    hired       INTEGER NOT NULL,       -- on clusters, which cost what they cost: no cost of its own
    experiments INTEGER NOT NULL,
    gpu_seconds REAL NOT NULL,
    usd         REAL NOT NULL,
    useful_seconds REAL NOT NULL,       -- training seconds of scored runs
    PRIMARY KEY (pool, hired)
) STRICT, WITHOUT ROWID;
INSERT INTO "spent" VALUES('local',0,32,8.1,0.0,5.72499999999999875655e+00);
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
INSERT INTO "stages" VALUES(1,0,'test',1,'fc77f1574e7cc73b0cc830063fb6af64cbd20781','parabola-e7709fd8/cpu/0.2s',0.2,2,2.46454564007845794426e-01,0.0,4.47,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "stages" VALUES(1,1,'report',1,'fc77f1574e7cc73b0cc830063fb6af64cbd20781','parabola-e7709fd8/cpu/0.2s',0.2,8,2.46454564007845794426e-01,0.0,4.47,4.47,4.47,NULL,NULL,NULL);
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
INSERT INTO "strata" VALUES(1,'{"budget_seconds": 0.2, "clock": "cpu", "data": null, "device": "cpu", "driver": null, "evaluator": null, "self_reported": true, "torch": "2.13.0+cpu", "trainer": "parabola-e7709fd8"}',2.94152727272727308738e-02,11,4.91854318229065709533e-02,24,2,4.774210831978602243e-02);
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
INSERT INTO "validations" VALUES(1,6,'6d2d4df9fdd9faee218255ac82fd1256e1d04d31',1,'cpu','cpu',1.3379192728150215725e-03,'[]',5.5723787816933538497e-02,3.0,'me',1.79588521335674881941e+09,1,'confirmed',1,1.01846827790724972734e-08,'a mean gain of +4.47 over 2 pairs, p = 1e-08, within the level of 0.0013; the gain is that of 8 other pairs, against the baseline',1,1.79588522189531588557e+09,1);
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
CREATE INDEX clusters_pool ON clusters (pool, ended_at);
CREATE VIRTUAL TABLE experiments_text USING fts5 (
    hypothesis, changes, theme, content='experiments', content_rowid='number'
);
CREATE TRIGGER experiments_text_insert AFTER INSERT ON experiments BEGIN
    INSERT INTO experiments_text (rowid, hypothesis, changes, theme)
    VALUES (new.number, new.hypothesis, new.changes, new.theme);
END;
INSERT INTO experiments_text (experiments_text) VALUES ('rebuild');
PRAGMA user_version = 3;
COMMIT;
