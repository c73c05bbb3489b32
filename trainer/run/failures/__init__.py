"""Why a run has no score: kinds of failure, what the sandbox refused, and files that were left out."""
