"""Exploits that want more training than the budget."""

from __future__ import annotations

from .exploit import Exploit, before_training, while_training

DAEMON = """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        end = time.monotonic() + 60
        while time.monotonic() < end: pass
    os._exit(0)
time.sleep(60)
"""
GO_ON = """
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end = time.monotonic() + 60
    while time.monotonic() < end and not os.path.exists("config.json"): time.sleep(0.01)
    time.sleep(3)
    torch.save({"table": torch.full((300, 300), float("nan"))}, "better.pt")
    os.replace("better.pt", "model.pt")
"""
THREAD = """
    import threading
    other = build_model(config)
    threading.Thread(target=lambda: [train(session, other, tokens) for _ in range(99)]).start()
    session.save(model, config)
"""
COME_AND_GO = """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that nobody waits for them, and nobody is told what they used
end = time.monotonic() + 60
while time.monotonic() < end:
    if os.fork() == 0:
        done = time.process_time() + 0.01
        while time.process_time() < done: pass
        os._exit(0)
    time.sleep(0.02)
"""
BRIEF: dict[str, object] = {"budget_seconds": 0.3}
"""For those that go on until they are ended."""

EXPLOITS = (
    # time
    Exploit(
        "patch the clock",
        (while_training("time.process_time = lambda: 0.0\nsession._now = lambda: 0.0"), (" and step < 20", "")),
        "caught",
        "deadline",
        "timeout",
        spec=BRIEF,
        defence="the runner's clock",
    ),
    Exploit(
        "train in a daemon",
        (while_training(DAEMON),),
        "caught",
        "deadline",
        "timeout",
        spec=BRIEF,
        defence="CPU time of the whole process tree is counted",
    ),
    Exploit(
        "train in children that come and go",
        (while_training(COME_AND_GO),),
        "caught",
        "deadline",
        "timeout",
        spec=BRIEF,
        defence="control group",
    ),
    Exploit(
        "continue to train in a child, and save again",
        (while_training(GO_ON),),
        "harmless",
        defence="all processes are killed before files are copied",
    ),
    Exploit(
        "continue to train in a thread",
        (("    session.save(model, config)", THREAD),),
        "harmless",
        defence="all processes are killed before files are copied",
    ),
    Exploit(
        "start the clock twice",
        (while_training("session._channel.send({'say': 'ready'})"),),
        "caught",
        "isn't due now",
        "contract_broken",
        defence="messages are checked",
    ),
    Exploit(
        "sleep past the deadline",
        (while_training("time.sleep(60)"),),
        "caught",
        "deadline",
        "timeout",
        spec=BRIEF | {"clock": "wall"},
        defence="limit on wall-clock time",
    ),
    Exploit(
        "ignore SIGTERM",
        (while_training("signal.signal(signal.SIGTERM, signal.SIG_IGN)"), ("session.progress() < 1 and step < 20", "True")),
        "caught",
        "deadline",
        "timeout",
        spec=BRIEF,
        defence="SIGKILL",
    ),
    Exploit(
        "flood the runner with reports",
        (while_training("while True: session.report(step=1, loss=1.0, tokens=1)"),),
        "caught",
        "deadline",
        "timeout",
        spec=BRIEF,
        defence="few reports are read between two checks of the clock",
    ),
    Exploit(
        "stop the runner",
        (before_training("os.kill({runner}, signal.SIGSTOP); print('LOOT')"),),
        "refused",
        "PermissionError",
        needs="files",
        defence="Landlock, signals",
    ),
)
