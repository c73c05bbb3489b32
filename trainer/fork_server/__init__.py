"""A process that has loaded torch and forks from it what runs would have to load it for.

Loading torch takes most of a short run's start, and each evaluated run does it twice. A lab's dispatcher starts one server
(`contract/starting/fork_server.py`), and the server starts the runners: it forks a process, which forks two spare guards and
then executes the runner. The spare guards are children of the runner, know nothing of the run, and wait for its orders
(`run/spare_guards.py`). One of them stands between the runner and the experiment's script, which it runs in a fork of itself;
the other serves the models that are scored.

Nothing secret is in the server's memory, which all experiments get a copy of: its environment is that of an experiment.
"""
