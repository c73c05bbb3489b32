"""The check of a GPU that anyone can run: `make gpu-check`, or `python -m benchmarks.gpu_check`."""
