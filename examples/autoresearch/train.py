import os
import resource
import time

import numpy as np
from prepare import TRAIN, evaluate_bpb

TIME_BUDGET = float(os.environ.get("LABHAND_BUDGET_SECONDS", "1"))
LEARNING_RATE = 2.0
BATCH_SIZE = 256

rng = np.random.default_rng(int(os.environ.get("LABHAND_SEED", "0")))
logits = np.zeros((256, 256))
steps = 0
while time.process_time() < TIME_BUDGET:
    place = rng.integers(len(TRAIN) - 1, size=BATCH_SIZE)
    before, after = TRAIN[place], TRAIN[place + 1]
    probability = np.exp(logits[before])
    probability /= probability.sum(1, keepdims=True)
    probability[np.arange(BATCH_SIZE), after] -= 1
    np.subtract.at(logits, before, LEARNING_RATE * probability / BATCH_SIZE)
    steps += 1

print("---")
print(f"val_bpb:          {evaluate_bpb(logits):.6f}")
print(f"training_seconds: {time.process_time():.1f}")
print(f"peak_vram_mb:     {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f}")
print(f"mfu_percent:      {steps * BATCH_SIZE * 256 * 4 / time.process_time() / 1e9 * 100:.2f}")
print(f"num_steps:        {steps}")
