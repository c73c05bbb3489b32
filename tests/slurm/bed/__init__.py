"""A real Slurm with fake GPUs on this machine, and a home for a SkyPilot that drives it, in namespaces of their own.

`python -m tests.slurm.bed up`, `run COMMAND`, `down`. Inside, network, processes and mounts are the bed's own: its ports can't
collide with what else runs here, no file of the machine changes, and when its first process ends the kernel ends the others.
"""
