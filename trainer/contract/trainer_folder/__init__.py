"""What a run gets of the trainer folder: linked data, added packages, and what is left out."""
