import os
from pathlib import Path

import numpy as np

answers = np.load(os.environ["LABHAND_DATA"], allow_pickle=False)
given = np.load(Path(os.environ["LABHAND_ARTIFACTS"], "predictions.npy"), allow_pickle=False)
scored = answers >= 0
probability = np.clip(np.where(answers == 1, given, 1 - given)[scored], 1e-6, 1 - 1e-6)
print(f"accuracy: {(probability > 0.5).mean():.4f}")
print(f"log_loss: {-np.log(probability).mean():.6f}")
