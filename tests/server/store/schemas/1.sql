-- A lab as labhand 0.1.0 wrote it (schema 1): a screened knob, a failure, a cancelled run, a confirmed champion, a note.
BEGIN;
CREATE TABLE champions (                -- the newest row is the champion; the first is the baseline
    number      INTEGER PRIMARY KEY,
    commit_hash TEXT NOT NULL REFERENCES sources,
    experiment  INTEGER REFERENCES experiments,
    since       REAL NOT NULL
) STRICT;
INSERT INTO "champions" VALUES(1,'95589413761caf52d5983f513d7c0d022193029b',NULL,1.79585764146795582771e+09);
INSERT INTO "champions" VALUES(2,'6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a',11,1.79585765815562987328e+09);
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
    purpose        TEXT NOT NULL,       -- idea, baseline, recheck, spot_check, validation, report
    hypothesis     TEXT NOT NULL,
    theme          TEXT,
    changes        TEXT NOT NULL,
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
    result         TEXT NOT NULL DEFAULT '{}'  -- JSON: the runner's result, less what has a column
) STRICT;
INSERT INTO "experiments" VALUES(1,NULL,'','88e4d2d9d46094c2df7f44587a768017b81c7bcb','22eb74d89c1a9be41ad923e9c36eae2ed760d818',NULL,'idea','A larger X scores better','x','X 1.0→2.0','{"X": 2.0}','me',1.79585764154408216472e+09,1,373505368,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,2.76999950408935546875e-01,0.0,1.484335,1,'worse','a gain of -1 ± 0.082 (95 %, 2 seeds against 14) is a loss beyond noise',-9.79498428571428547684e-01,'[]',2.98433499999999973795e+00,NULL,NULL,NULL,1.79585764579733633992e+09,1.7958576466359043121e+09,5,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.106, "training_wall": 0.238, "held": 0.277}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(2,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79585764154416584973e+09,2,373505368,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.08999919891357421875e-01,0.0,4.484335,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-3.97949842857142854768e+00,'[]',NULL,NULL,NULL,NULL,1.79585764357844614984e+09,1.79585764442898297311e+09,1,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.122, "training_wall": 0.359, "held": 0.409}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(3,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79585764154423117638e+09,2,2071040909,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.95999908447265625e-01,0.0,4.528962,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-4.02412542857142874197e+00,'[]',NULL,NULL,NULL,NULL,1.79585764357844614984e+09,1.79585764470926237106e+09,2,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.122, "training_wall": 0.345, "held": 0.396}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(4,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79585764154427528381e+09,2,1221492870,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,6.31000041961669921875e-01,0.0,4.535165,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-4.03032842857142892256e+00,'[]',NULL,NULL,NULL,NULL,1.79585764444335794446e+09,1.79585764602440905567e+09,3,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.164, "training_wall": 0.555, "held": 0.631}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(5,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'baseline','How far the baseline''s score moves from seed to seed',NULL,'unchanged','{}','labhand',1.79585764154432106021e+09,2,1095057904,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,6.35999917984008789062e-01,0.0,4.555114,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-4.05027742857142847299e+00,'[]',NULL,NULL,NULL,NULL,1.79585764444335794446e+09,1.79585764602440905567e+09,4,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.163, "training_wall": 0.537, "held": 0.636}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(6,NULL,'','88e4d2d9d46094c2df7f44587a768017b81c7bcb','22eb74d89c1a9be41ad923e9c36eae2ed760d818',NULL,'recheck','Whether the score of e0001 comes again on another seed',NULL,'X 1.0→2.0','{"X": 2.0}','labhand',1.7958576466359043121e+09,2,2071040909,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.3500003814697265625e-01,0.0,1.528962,1,'worse','a gain of -1 ± 0.082 (95 %, 2 seeds against 14) is a loss beyond noise',-1.02412542857142851993e+00,'[]',NULL,NULL,NULL,NULL,1.79585764664963555333e+09,1.79585764749529266364e+09,6,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.106, "training_wall": 0.283, "held": 0.335}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(7,1,'','30d41a23e580b6d9080ec755217d0a440b530eb1','db2c014c8b8cee63975bf1554723e4ca31252658',NULL,'idea','Which X is best',NULL,'X 1.0→1.5','{"X": 1.5}','me',1.79585764674631881716e+09,1,373505368,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.2199993133544921875e-01,0.0,2.734335,1,'worse','a gain of -2.25 ± 0.082 (95 %, 2 seeds against 14) is a loss beyond noise',-2.22949842857142854768e+00,'[]',NULL,NULL,NULL,NULL,1795857646.86752,1.79585764773692035676e+09,7,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.115, "training_wall": 0.335, "held": 0.422}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(8,1,'','30d41a23e580b6d9080ec755217d0a440b530eb1','db2c014c8b8cee63975bf1554723e4ca31252658',NULL,'idea','Which X is best',NULL,'X 1.0→1.5','{"X": 1.5}','me',1.79585764674634623533e+09,1,2071040909,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.8099994659423828125e-01,0.0,2.778962,1,'worse','a gain of -2.25 ± 0.082 (95 %, 2 seeds against 14) is a loss beyond noise',-2.27412542857142874197e+00,'[]',NULL,NULL,NULL,NULL,1.79585764750054955479e+09,1795857648.57005,8,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.141, "training_wall": 0.406, "held": 0.481}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(9,1,'','5f8a07d39f2e34c3f600145d95de1f1f0b9de735','bdedb0d23dfb1a666e8b7448a11ec6f71414a675',NULL,'idea','Which X is best',NULL,'X 1.0→2.5','{"X": 2.5}','me',1.79585764674636626245e+09,1,373505368,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.84000110626220703125e-01,0.0,0.734335,1,'worse','a gain of -0.252 ± 0.082 (95 %, 2 seeds against 14) is a loss beyond noise',-2.29498428571428547684e-01,'[]',NULL,NULL,NULL,NULL,1.79585764774157524105e+09,1.79585764900813508026e+09,9,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.173, "training_wall": 0.499, "held": 0.584}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(10,1,'','5f8a07d39f2e34c3f600145d95de1f1f0b9de735','bdedb0d23dfb1a666e8b7448a11ec6f71414a675',NULL,'idea','Which X is best',NULL,'X 1.0→2.5','{"X": 2.5}','me',1.79585764674638295171e+09,1,2071040909,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.36000108718872070312e-01,0.0,0.778962,1,'worse','a gain of -0.252 ± 0.082 (95 %, 2 seeds against 14) is a loss beyond noise',-2.74125428571428630952e-01,'[]',NULL,NULL,NULL,NULL,1.795857648578905344e+09,1.79585764964438652992e+09,10,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.127, "training_wall": 0.361, "held": 0.436}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(11,1,'','6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f',NULL,'idea','Which X is best',NULL,'X 1.0→3.0','{"X": 3.0}','me',1.79585764674639844894e+09,1,373505368,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.75999975204467773437e-01,0.0,0.484335,1,'confirmed','v001, against the baseline: a mean gain of +4 over 4 pairs, p = 1.7e-18, within the level of 0.0013',2.05015714285713968045e-02,'[]',NULL,NULL,NULL,NULL,1.79585764901409554485e+09,1.79585765007554817203e+09,11,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.179, "training_wall": 0.452, "held": 0.576}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(12,1,'','6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f',NULL,'idea','Which X is best',NULL,'X 1.0→3.0','{"X": 3.0}','me',1.79585764674641275404e+09,1,2071040909,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,3.39999914169311523437e-01,0.0,0.528962,1,'inconclusive','within_noise: it is the reference itself, which others are compared with',-2.41254285714286309527e-02,'[]',NULL,NULL,NULL,NULL,1795857649.64975,1.79585765069416046146e+09,12,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.111, "training_wall": 0.273, "held": 0.34}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(13,NULL,'','3987064731711e8ff672e4dc2848f65c6eab1339','dda96178a4cf22829a397b34be2afb00b0a18a8d',NULL,'idea','It fails','breaks','FAIL False→True','{"FAIL": true}','me',1.79585765100359916689e+09,1,373505368,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'failed',1,NULL,4.79000091552734375e-01,0.0,NULL,NULL,'none',NULL,NULL,'[]',NULL,NULL,'crashed','{"message": "The command ended with status 1: RuntimeError: told to fail", "lines": ["Traceback (most recent call last):", "  File \"/lab/.labhand/runs/e0013-1/work/train.py\", line 34, in <module>", "    main()", "  File \"/lab/.labhand/runs/e0013-1/work/train.py\", line 28, in main", "    raise RuntimeError(\"told to fail\")", "RuntimeError: told to fail"], "next_step": "Read the lines, mend the source, and launch it again."}',1.79585765110318899156e+09,1.79585765212668371196e+09,14,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.169, "training_wall": 0.386, "held": 0.479}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(14,NULL,'','25d9f90b8960d7e98147b52b7b42b699d5dd8103','c9381c59a5e833761d2a54c1e10839dfd68cbd82',NULL,'idea','It is cancelled',NULL,'X 1.0→7.5, DURATION 0.02→5.0','{"X": 7.5, "DURATION": 5.0}','me',1.79585765106873655313e+09,1,373505368,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'cancelled',0,'Not needed',0.0,0.0,NULL,NULL,'none',NULL,NULL,'[]',NULL,NULL,NULL,NULL,NULL,1.79585765108411169049e+09,13,'{}');
INSERT INTO "experiments" VALUES(15,NULL,'','6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f',NULL,'validation','v001: e0011 against the champion',NULL,'X 1.0→3.0','{"X": 3.0}','labhand',1.79585765326382756227e+09,2,511255173,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.36999940872192382812e-01,0.0,0.493599,1,'inconclusive','within_noise: it is the reference itself, which others are compared with',1.12375714285714023432e-02,'[]',NULL,NULL,NULL,NULL,1.79585765333730912208e+09,1.7958576544365677833e+09,15,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.155, "training_wall": 0.436, "held": 0.537}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(16,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'validation','v001: e0011 against the champion',NULL,'unchanged','{}','labhand',1.79585765326382756227e+09,2,511255173,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.10999917984008789062e-01,0.0,4.493599,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-3.98876242857142848663e+00,'[]',NULL,NULL,NULL,NULL,1.79585765333730912208e+09,1.7958576544365677833e+09,16,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.163, "training_wall": 0.455, "held": 0.511}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(17,NULL,'','6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f',NULL,'validation','v001: e0011 against the champion',NULL,'X 1.0→3.0','{"X": 3.0}','labhand',1.79585765326382756227e+09,2,2143076458,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,6.05000019073486328125e-01,0.0,0.499045,1,'inconclusive','within_noise: it is the reference itself, which others are compared with',5.79157142857139595193e-03,'[]',NULL,NULL,NULL,NULL,1.7958576544549696445e+09,1.79585765571334338187e+09,17,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.176, "training_wall": 0.523, "held": 0.605}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(18,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'validation','v001: e0011 against the champion',NULL,'unchanged','{}','labhand',1.79585765326382756227e+09,2,2143076458,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,6.48000001907348632812e-01,0.0,4.499045,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-3.99420842857142854853e+00,'[]',NULL,NULL,NULL,NULL,1.7958576544549696445e+09,1.79585765571334338187e+09,18,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.159, "training_wall": 0.541, "held": 0.648}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(19,NULL,'','6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f',NULL,'validation','v001: e0011 against the champion',NULL,'X 1.0→3.0','{"X": 3.0}','labhand',1.79585765326382756227e+09,2,607822020,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.8799991607666015625e-01,0.0,0.4763,1,'inconclusive','within_noise: it is the reference itself, which others are compared with',2.85365714285714111575e-02,'[]',NULL,NULL,NULL,NULL,1.79585765572923970224e+09,1.7958576568270046711e+09,19,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.15, "training_wall": 0.423, "held": 0.488}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(20,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'validation','v001: e0011 against the champion',NULL,'unchanged','{}','labhand',1.79585765326382756227e+09,2,607822020,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.07999897003173828125e-01,0.0,4.4763,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-3.97146342857142897742e+00,'[]',NULL,NULL,NULL,NULL,1.79585765572923970224e+09,1.79585765705238676074e+09,20,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.148, "training_wall": 0.434, "held": 0.508}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(21,NULL,'','6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f',NULL,'validation','v001: e0011 against the champion',NULL,'X 1.0→3.0','{"X": 3.0}','labhand',1.79585765326382756227e+09,2,658000955,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.64999914169311523437e-01,0.0,0.473274,1,'inconclusive','within_noise: it is the reference itself, which others are compared with',3.15625714285714398243e-02,'[]',NULL,NULL,NULL,NULL,1.79585765683147191998e+09,1.79585765773182892799e+09,21,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.13, "training_wall": 0.356, "held": 0.465}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(22,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'validation','v001: e0011 against the champion',NULL,'unchanged','{}','labhand',1.79585765326382756227e+09,2,658000955,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.340000152587890625e-01,0.0,4.473274,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-3.96843742857142878222e+00,'[]',NULL,NULL,NULL,NULL,1.79585765706768178944e+09,1.79585765815562987328e+09,22,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.142, "training_wall": 0.356, "held": 0.434}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(23,NULL,'','6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f',NULL,'report','v001: e0011 against the baseline',NULL,'X 1.0→3.0','{"X": 3.0}','labhand',1.79585765815562987328e+09,2,352834646,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.70000028610229492187e-01,0.0,0.611498,1,'inconclusive','within_noise: it is the reference itself, which others are compared with',-1.06661428571428573697e-01,'[]',NULL,NULL,NULL,NULL,1.79585765819565033917e+09,1.79585765926026439667e+09,23,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.13, "training_wall": 0.337, "held": 0.47}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(24,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0011 against the baseline',NULL,'unchanged','{}','labhand',1.79585765815562987328e+09,2,352834646,0,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.82000112533569335937e-01,0.0,4.611498,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-4.10666142857142890676e+00,'[]',NULL,NULL,NULL,NULL,1.79585765819565033917e+09,1.79585765926026439667e+09,24,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.141, "training_wall": 0.39, "held": 0.482}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(25,NULL,'','6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f',NULL,'report','v001: e0011 against the baseline',NULL,'X 1.0→3.0','{"X": 3.0}','labhand',1.79585765815562987328e+09,2,513990122,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,0.440000057220459,0.0,0.376347,1,'inconclusive','within_noise: it is the reference itself, which others are compared with',1.28489571428571425215e-01,'[]',NULL,NULL,NULL,NULL,1.79585765926809763906e+09,1.79585766033331251144e+09,25,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.124, "training_wall": 0.368, "held": 0.44}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(26,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0011 against the baseline',NULL,'unchanged','{}','labhand',1.79585765815562987328e+09,2,513990122,1,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.26000118255615234375e-01,0.0,4.376347,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-3.87151042857142879682e+00,'[]',NULL,NULL,NULL,NULL,1.79585765926809763906e+09,1.79585766033331251144e+09,26,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.13, "training_wall": 0.373, "held": 0.426}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(27,NULL,'','6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f',NULL,'report','v001: e0011 against the baseline',NULL,'X 1.0→3.0','{"X": 3.0}','labhand',1.79585765815562987328e+09,2,2090211159,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.2899990081787109375e-01,0.0,0.522094,1,'inconclusive','within_noise: it is the reference itself, which others are compared with',-1.72574285714285347026e-02,'[]',NULL,NULL,NULL,NULL,1.79585766010790824891e+09,1.79585766095446467405e+09,27,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.124, "training_wall": 0.37, "held": 0.429}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(28,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0011 against the baseline',NULL,'unchanged','{}','labhand',1.79585765815562987328e+09,2,2090211159,2,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.76999998092651367187e-01,0.0,4.522094,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-4.01725742857142886776e+00,'[]',NULL,NULL,NULL,NULL,1.79585766033847928045e+09,1.7958576613890557289e+09,28,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.134, "training_wall": 0.405, "held": 0.477}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(29,NULL,'','6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f',NULL,'report','v001: e0011 against the baseline',NULL,'X 1.0→3.0','{"X": 3.0}','labhand',1.79585765815562987328e+09,2,1878788417,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.84000110626220703125e-01,0.0,0.49899,1,'inconclusive','within_noise: it is the reference itself, which others are compared with',5.84657142857142320124e-03,'[]',NULL,NULL,NULL,NULL,1.79585766095890331274e+09,1.7958576622399389744e+09,29,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.168, "training_wall": 0.501, "held": 0.584}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(30,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0011 against the baseline',NULL,'unchanged','{}','labhand',1.79585765815562987328e+09,2,1878788417,3,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.07000064849853515625e-01,0.0,4.49899,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-3.99415342857142885435e+00,'[]',NULL,NULL,NULL,NULL,1.79585766139370036124e+09,1.79585766249229359628e+09,30,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.134, "training_wall": 0.348, "held": 0.407}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(31,NULL,'','6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f',NULL,'report','v001: e0011 against the baseline',NULL,'X 1.0→3.0','{"X": 3.0}','labhand',1.79585765815562987328e+09,2,1218189727,4,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.67999935150146484375e-01,0.0,0.451927,1,'inconclusive','within_noise: it is the reference itself, which others are compared with',5.29095714285713891733e-02,'[]',NULL,NULL,NULL,NULL,1.79585766225353169441e+09,1.79585766332764363295e+09,31,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.137, "training_wall": 0.405, "held": 0.468}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(32,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0011 against the baseline',NULL,'unchanged','{}','labhand',1.79585765815562987328e+09,2,1218189727,4,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.07000064849853515625e-01,0.0,4.451927,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-3.94709042857142922144e+00,'[]',NULL,NULL,NULL,NULL,1.79585766225353169441e+09,1.79585766332764363295e+09,32,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.13, "training_wall": 0.359, "held": 0.407}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(33,NULL,'','6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f',NULL,'report','v001: e0011 against the baseline',NULL,'X 1.0→3.0','{"X": 3.0}','labhand',1.79585765815562987328e+09,2,1803481010,5,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.17999887466430664062e-01,0.0,0.574116,1,'inconclusive','within_noise: it is the reference itself, which others are compared with',-6.92794285714285473787e-02,'[]',NULL,NULL,NULL,NULL,1.79585766334297037127e+09,1.79585766465644955632e+09,34,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.161, "training_wall": 0.425, "held": 0.518}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(34,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0011 against the baseline',NULL,'unchanged','{}','labhand',1.79585765815562987328e+09,2,1803481010,5,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.2199993133544921875e-01,0.0,4.574116,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-4.06927942857142888044e+00,'[]',NULL,NULL,NULL,NULL,1.79585766334297037127e+09,1.79585766440025854104e+09,33,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.133, "training_wall": 0.361, "held": 0.422}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(35,NULL,'','6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f',NULL,'report','v001: e0011 against the baseline',NULL,'X 1.0→3.0','{"X": 3.0}','labhand',1.79585765815562987328e+09,2,2051709242,6,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.03999948501586914062e-01,0.0,0.533328,1,'inconclusive','within_noise: it is the reference itself, which others are compared with',-2.84914285714286119599e-02,'[]',NULL,NULL,NULL,NULL,1.79585766441734886165e+09,1.79585766557359862325e+09,35,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.172, "training_wall": 0.437, "held": 0.504}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(36,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0011 against the baseline',NULL,'unchanged','{}','labhand',1.79585765815562987328e+09,2,2051709242,6,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.09000062942504882812e-01,0.0,4.533328,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-4.028491428571428834e+00,'[]',NULL,NULL,NULL,NULL,1.79585766466788387301e+09,1.7958576657795844078e+09,36,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.154, "training_wall": 0.418, "held": 0.509}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(37,NULL,'','6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f',NULL,'report','v001: e0011 against the baseline',NULL,'X 1.0→3.0','{"X": 3.0}','labhand',1.79585765815562987328e+09,2,1325145707,7,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,5.66999912261962890625e-01,0.0,0.543897,1,'inconclusive','within_noise: it is the reference itself, which others are compared with',-3.9060428571428551514e-02,'[]',NULL,NULL,NULL,NULL,1.79585766533705401418e+09,1.79585766663641071324e+09,37,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.168, "training_wall": 0.468, "held": 0.567}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
INSERT INTO "experiments" VALUES(38,NULL,'','95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83',NULL,'report','v001: e0011 against the baseline',NULL,'unchanged','{}','labhand',1.79585765815562987328e+09,2,1325145707,7,'parabola-e7709fd8/cpu/0.2s','cpu','cpu',0.2,'succeeded',1,NULL,4.10000085830688476562e-01,0.0,4.543897,1,'worse','a gain of -4.01 ± 0.04 (95 %, 16 seeds against 14) is a loss beyond noise',-4.03906042857142910662e+00,'[]',NULL,NULL,NULL,NULL,1.79585766579522180556e+09,1.79585766685422968868e+09,38,'{"metric": "val_loss", "self_reported": true, "seconds": {"training": 0.13, "training_wall": 0.351, "held": 0.41}, "measures": {}, "claimed": {}, "device": {"kind": "cpu", "torch": "2.13.0+cpu", "driver": null}, "evaluator": null, "sandbox": {"files": "landlock-7", "network": "seccomp", "processes": "cgroup-1", "memory": "cgroup-1", "exceptions": []}, "flags": [], "weights_of": null}');
CREATE TABLE facts (                    -- of the lab itself: id, trainer, ...
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "facts" VALUES('allowance since 2026-11-28T09:20:41.476877+00:00','{"gpu_hours":null,"usd":null,"experiments":null,"ends":null}');
INSERT INTO "facts" VALUES('id','f381cdeb86149ee8');
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
INSERT INTO "grids" VALUES(1,'Which X is best','full','{"X": [1.5, 2.5, 3.0]}',NULL,'me',1.7958576467310290337e+09);
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
INSERT INTO "notes" VALUES(1,'me',1.79585765108756732939e+09,'X near 3 is best','x','[1]');
CREATE TABLE pairs (                    -- of experiments on one seed
    validation INTEGER NOT NULL,
    stage      INTEGER NOT NULL,
    place      INTEGER NOT NULL,
    candidate  INTEGER NOT NULL REFERENCES experiments,
    against    INTEGER NOT NULL REFERENCES experiments,
    PRIMARY KEY (validation, stage, place),
    FOREIGN KEY (validation, stage) REFERENCES stages
) STRICT, WITHOUT ROWID;
INSERT INTO "pairs" VALUES(1,0,0,15,16);
INSERT INTO "pairs" VALUES(1,0,1,17,18);
INSERT INTO "pairs" VALUES(1,0,2,19,20);
INSERT INTO "pairs" VALUES(1,0,3,21,22);
INSERT INTO "pairs" VALUES(1,1,0,23,24);
INSERT INTO "pairs" VALUES(1,1,1,25,26);
INSERT INTO "pairs" VALUES(1,1,2,27,28);
INSERT INTO "pairs" VALUES(1,1,3,29,30);
INSERT INTO "pairs" VALUES(1,1,4,31,32);
INSERT INTO "pairs" VALUES(1,1,5,33,34);
INSERT INTO "pairs" VALUES(1,1,6,35,36);
INSERT INTO "pairs" VALUES(1,1,7,37,38);
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
INSERT INTO "pools" VALUES('local','local','cpu','cpu',2,0.0,'',1.79585765862920308114e+09,0,0);
CREATE TABLE requests (                 -- idempotency: a launch repeated with its request_id gets the first answer
    caller     TEXT NOT NULL,
    request_id TEXT NOT NULL,
    answer     TEXT NOT NULL,           -- JSON
    PRIMARY KEY (caller, request_id)
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
INSERT INTO "runs" VALUES('e0001-1',1,1,'local','{"started": true}','finished',1.79585764579733633992e+09,1.7958576462055485249e+09,1.79585764607433629033e+09,1.7958576462055485249e+09);
INSERT INTO "runs" VALUES('e0002-1',2,1,'local','{"started": true}','finished',1.79585764357844614984e+09,1.79585764399658703808e+09,1.79585764398744606971e+09,1.79585764399658703808e+09);
INSERT INTO "runs" VALUES('e0003-1',3,1,'local','{"started": true}','finished',1.79585764357844614984e+09,1.79585764402648210527e+09,1.79585764397444605823e+09,1.79585764402648210527e+09);
INSERT INTO "runs" VALUES('e0004-1',4,1,'local','{"started": true}','finished',1.79585764444335794446e+09,1.79585764444335794446e+09,1.79585764507435798639e+09,NULL);
INSERT INTO "runs" VALUES('e0005-1',5,1,'local','{"started": true}','finished',1.79585764444335794446e+09,1.79585764444335794446e+09,1.79585764507935786247e+09,NULL);
INSERT INTO "runs" VALUES('e0006-1',6,1,'local','{"started": true}','finished',1.79585764664963555333e+09,1.79585764700613284105e+09,1.79585764698463559154e+09,1.79585764700613284105e+09);
INSERT INTO "runs" VALUES('e0007-1',7,1,'local','{"started": true}','finished',1795857646.86752,1.79585764725193691247e+09,1795857647.28952,1.79585764725193691247e+09);
INSERT INTO "runs" VALUES('e0008-1',8,1,'local','{"started": true}','finished',1.79585764750054955479e+09,1.79585764806228280064e+09,1.79585764798154950139e+09,1.79585764806228280064e+09);
INSERT INTO "runs" VALUES('e0009-1',9,1,'local','{"started": true}','finished',1.79585764774157524105e+09,1.79585764830905365938e+09,1.79585764832557535173e+09,1.79585764830905365938e+09);
INSERT INTO "runs" VALUES('e0010-1',10,1,'local','{"started": true}','finished',1.795857648578905344e+09,1.79585764906262707711e+09,1.79585764901490545272e+09,1.79585764906262707711e+09);
INSERT INTO "runs" VALUES('e0011-1',11,1,'local','{"started": true}','finished',1.79585764901409554485e+09,1.79585764949537324904e+09,1.79585764959009551999e+09,1.79585764949537324904e+09);
INSERT INTO "runs" VALUES('e0012-1',12,1,'local','{"started": true}','finished',1795857649.64975,1.79585765016991949082e+09,1795857649.98975,1.79585765016991949082e+09);
INSERT INTO "runs" VALUES('e0013-1',13,1,'local','{"started": true}','finished',1.79585765110318899156e+09,1.79585765160722684859e+09,1.7958576515821890831e+09,1.79585765160722684859e+09);
INSERT INTO "runs" VALUES('e0015-1',15,1,'local','{"started": true}','finished',1.79585765333730912208e+09,1.7958576538904907704e+09,1.79585765387430906295e+09,1.7958576538904907704e+09);
INSERT INTO "runs" VALUES('e0016-1',16,1,'local','{"started": true}','finished',1.79585765333730912208e+09,1.7958576538790671825e+09,1.79585765384830904007e+09,1.7958576538790671825e+09);
INSERT INTO "runs" VALUES('e0017-1',17,1,'local','{"started": true}','finished',1.7958576544549696445e+09,1.79585765496514296532e+09,1.79585765505996966364e+09,1.79585765496514296532e+09);
INSERT INTO "runs" VALUES('e0018-1',18,1,'local','{"started": true}','finished',1.7958576544549696445e+09,1.79585765503866076468e+09,1.79585765510296964646e+09,1.79585765503866076468e+09);
INSERT INTO "runs" VALUES('e0019-1',19,1,'local','{"started": true}','finished',1.79585765572923970224e+09,1.79585765623873186112e+09,1.79585765621723961833e+09,1.79585765623873186112e+09);
INSERT INTO "runs" VALUES('e0020-1',20,1,'local','{"started": true}','finished',1.79585765572923970224e+09,1.79585765631012105937e+09,1.79585765623723959925e+09,1.79585765631012105937e+09);
INSERT INTO "runs" VALUES('e0021-1',21,1,'local','{"started": true}','finished',1.79585765683147191998e+09,1.79585765719041752811e+09,1.79585765729647183416e+09,1.79585765719041752811e+09);
INSERT INTO "runs" VALUES('e0022-1',22,1,'local','{"started": true}','finished',1.79585765706768178944e+09,1.79585765751534914965e+09,1.79585765750168180462e+09,1.79585765751534914965e+09);
INSERT INTO "runs" VALUES('e0023-1',23,1,'local','{"started": true}','finished',1.79585765819565033917e+09,1.79585765878246688843e+09,1.79585765866565036773e+09,1.79585765878246688843e+09);
INSERT INTO "runs" VALUES('e0024-1',24,1,'local','{"started": true}','finished',1.79585765819565033917e+09,1.7958576586342406273e+09,1.79585765867765045165e+09,1.7958576586342406273e+09);
INSERT INTO "runs" VALUES('e0025-1',25,1,'local','{"started": true}','finished',1.79585765926809763906e+09,1.7958576596755862236e+09,1.79585765970809769628e+09,1.7958576596755862236e+09);
INSERT INTO "runs" VALUES('e0026-1',26,1,'local','{"started": true}','finished',1.79585765926809763906e+09,1.7958576596902270317e+09,1.79585765969409775731e+09,1.7958576596902270317e+09);
INSERT INTO "runs" VALUES('e0027-1',27,1,'local','{"started": true}','finished',1.79585766010790824891e+09,1.79585766047373819346e+09,1.79585766053690814971e+09,1.79585766047373819346e+09);
INSERT INTO "runs" VALUES('e0028-1',28,1,'local','{"started": true}','finished',1.79585766033847928045e+09,1.79585766080484342567e+09,1.79585766081547927855e+09,1.79585766080484342567e+09);
INSERT INTO "runs" VALUES('e0029-1',29,1,'local','{"started": true}','finished',1.79585766095890331274e+09,1.79585766156424880032e+09,1.79585766154290342325e+09,1.79585766156424880032e+09);
INSERT INTO "runs" VALUES('e0030-1',30,1,'local','{"started": true}','finished',1.79585766139370036124e+09,1.79585766183563089364e+09,1.79585766180070042609e+09,1.79585766183563089364e+09);
INSERT INTO "runs" VALUES('e0031-1',31,1,'local','{"started": true}','finished',1.79585766225353169441e+09,1.79585766269064664836e+09,1.79585766272153162957e+09,1.79585766269064664836e+09);
INSERT INTO "runs" VALUES('e0032-1',32,1,'local','{"started": true}','finished',1.79585766225353169441e+09,1.79585766275806331631e+09,1.79585766266053175927e+09,1.79585766275806331631e+09);
INSERT INTO "runs" VALUES('e0033-1',33,1,'local','{"started": true}','finished',1.79585766334297037127e+09,1.79585766393459320068e+09,1.79585766386097025874e+09,1.79585766393459320068e+09);
INSERT INTO "runs" VALUES('e0034-1',34,1,'local','{"started": true}','finished',1.79585766334297037127e+09,1.79585766382227110865e+09,1.79585766376497030262e+09,1.79585766382227110865e+09);
INSERT INTO "runs" VALUES('e0035-1',35,1,'local','{"started": true}','finished',1.79585766441734886165e+09,1.79585766479005241392e+09,1.7958576649213488102e+09,1.79585766479005241392e+09);
INSERT INTO "runs" VALUES('e0036-1',36,1,'local','{"started": true}','finished',1.79585766466788387301e+09,1.79585766519674277304e+09,1.79585766517688393594e+09,1.79585766519674277304e+09);
INSERT INTO "runs" VALUES('e0037-1',37,1,'local','{"started": true}','finished',1.79585766533705401418e+09,1.79585766595611810679e+09,1.79585766590405392648e+09,1.79585766595611810679e+09);
INSERT INTO "runs" VALUES('e0038-1',38,1,'local','{"started": true}','finished',1.79585766579522180556e+09,1.79585766622437977791e+09,1.7958576662052218914e+09,1.79585766622437977791e+09);
CREATE TABLE sources (                  -- one for each distinct commit in source.git
    commit_hash TEXT PRIMARY KEY,
    tree        TEXT NOT NULL,
    changes     TEXT NOT NULL,          -- against its base, in a few words
    diffstat    TEXT NOT NULL,
    knobs       TEXT NOT NULL,          -- JSON: every knob's value
    flags       TEXT NOT NULL DEFAULT '[]'  -- JSON: what it touches that the baseline doesn't: see flags.py
) STRICT, WITHOUT ROWID;
INSERT INTO "sources" VALUES('25d9f90b8960d7e98147b52b7b42b699d5dd8103','c9381c59a5e833761d2a54c1e10839dfd68cbd82','X 1.0→7.5, DURATION 0.02→5.0','train.py +2 −2','{"X": 7.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 5.0, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('30d41a23e580b6d9080ec755217d0a440b530eb1','db2c014c8b8cee63975bf1554723e4ca31252658','X 1.0→1.5','train.py +1 −1','{"X": 1.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('3987064731711e8ff672e4dc2848f65c6eab1339','dda96178a4cf22829a397b34be2afb00b0a18a8d','FAIL False→True','train.py +1 −1','{"X": 1.0, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": true}','[]');
INSERT INTO "sources" VALUES('5f8a07d39f2e34c3f600145d95de1f1f0b9de735','bdedb0d23dfb1a666e8b7448a11ec6f71414a675','X 1.0→2.5','train.py +1 −1','{"X": 2.5, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a','9b736d4f8db6996a8347d3d60bc5abc2770f8f6f','X 1.0→3.0','train.py +1 −1','{"X": 3.0, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('88e4d2d9d46094c2df7f44587a768017b81c7bcb','22eb74d89c1a9be41ad923e9c36eae2ed760d818','X 1.0→2.0','train.py +1 −1','{"X": 2.0, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
INSERT INTO "sources" VALUES('95589413761caf52d5983f513d7c0d022193029b','e45339b4d38637798cf3b888593007e463dabc83','','','{"X": 1.0, "Y": 0.0, "NOISE": 0.05, "STEPS": 8, "WEIGHTS": [1.0, 0.5], "NAME": "plain", "DURATION": 0.02, "FAIL": false}','[]');
CREATE TABLE spent (                    -- settled, by pool; what is reserved is summed over what is pending
    pool        TEXT NOT NULL,
    hired       INTEGER NOT NULL,       -- on clusters, which cost what they cost: no cost of its own
    experiments INTEGER NOT NULL,
    gpu_seconds REAL NOT NULL,
    usd         REAL NOT NULL,
    useful_seconds REAL NOT NULL,       -- training seconds of scored runs
    PRIMARY KEY (pool, hired)
) STRICT, WITHOUT ROWID;
INSERT INTO "spent" VALUES('local',0,37,17.718,0.0,5.12199999999999899813e+00);
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
INSERT INTO "stages" VALUES(1,0,'test',1,'95589413761caf52d5983f513d7c0d022193029b','parabola-e7709fd8/cpu/0.2s',0.2,4,4.60249980290730775767e-01,0.0,4.0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "stages" VALUES(1,1,'report',1,'95589413761caf52d5983f513d7c0d022193029b','parabola-e7709fd8/cpu/0.2s',0.2,8,4.60249980290730775767e-01,0.0,4.0,4.0,4.0,NULL,NULL,NULL);
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
    degrees    INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO "strata" VALUES(1,'{"budget_seconds": 0.2, "clock": "cpu", "data": null, "device": "cpu", "driver": null, "evaluator": null, "self_reported": true, "torch": "2.13.0+cpu", "trainer": "parabola-e7709fd8"}',5.04836571428571412312e-01,14,5.33654066791206735387e-02,31);
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
INSERT INTO "validations" VALUES(1,11,'6eb4a6e6e62ca5f04ac00f3b4b3acec66ed0427a',1,'cpu','cpu',1.3379192728150215725e-03,'[]',4.34498816243113206159e-02,6.0,'me',1.79585765326382756227e+09,1,'confirmed',1,1.68734248632429070942e-18,'a mean gain of +4 over 4 pairs, p = 1.7e-18, within the level of 0.0013; the gain is that of 8 other pairs, against the baseline',1,1.79585766685422968868e+09,1);
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
CREATE INDEX experiments_winners ON experiments (stratum, score, tree, purpose) WHERE verdict IN ('promising', 'confirmed');
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
PRAGMA user_version = 1;
COMMIT;
