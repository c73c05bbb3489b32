"""What labhand's evidence is worth, beside three other ways of running as much: `python -m benchmarks.evidence`."""
