"""The training core: runs alone on a GPU machine, and trusts nothing that the agent wrote."""
