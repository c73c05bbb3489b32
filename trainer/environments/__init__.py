"""The Python in which a trainer's commands run: found, or made once on a machine, and asked what is installed in it."""
