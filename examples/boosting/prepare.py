"""A table with 20 columns. The last 4000 rows are for scoring; half of them stay sealed until an improvement is confirmed."""

import os
from pathlib import Path

import numpy as np
from sklearn.datasets import make_classification

inputs, labels = make_classification(8000, 20, n_informative=12, n_clusters_per_class=6, flip_y=0.02, random_state=0)
np.savez("table.npz", inputs=inputs[:4000], labels=labels[:4000], questions=inputs[4000:])
answers = Path(os.environ["LABHAND_CACHE"], "boosting")
answers.mkdir(parents=True, exist_ok=True)
np.save(answers / "answers.npy", np.where(np.arange(4000) < 2000, labels[4000:], -1))
np.save(answers / "sealed.npy", np.where(np.arange(4000) < 2000, -1, labels[4000:]))
