"""Tests that every backend must pass, for authors of backends. Needs pytest; the server never imports this package.

A backend's test module subclasses one of the two suites and makes its backend:

    from labhand.testing import RunnerConformance

    class TestMyBackend(RunnerConformance):
        def backend(self, place):
            return MyBackend("pool", my_settings, place)

`RunnerConformance` is for backends that start runners; its runs are real, and train for a fraction of a second.
`BackendConformance` is the part of it that also holds for backends without runners. `sample_runs` has the functions with which
a test of one's own makes a run folder, starts the run and waits for it.

The contract in prose is the docstring of `labhand.server.backends.base.Backend`.
"""

import pytest

pytest.register_assert_rewrite("labhand.testing.conformance", "labhand.testing.sample_runs")

from .conformance import BackendConformance, RunnerConformance  # noqa: E402 - asserts are rewritten on import

__all__ = ["BackendConformance", "RunnerConformance"]
