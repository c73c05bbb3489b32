"""Finds out how far a point is from the bottom of a parabola. Takes no libraries and hardly any time."""

import os
import random
import time

X = 1.0  # the score is best at 3
Y = 0.0  # and at -1
NOISE = 0.05  # standard deviation between seeds
STEPS = 2**3
WEIGHTS = (1.0, 0.5)
NAME = "plain"
DURATION = 0.02  # seconds
FAIL = False


def loss_at(x: float, y: float) -> float:
    """Distance from the optimum, weighted."""
    return WEIGHTS[0] * (x - 3) ** 2 + WEIGHTS[1] * (y + 1) ** 2


def main() -> None:
    noise = random.Random(os.environ.get("LABHAND_SEED", "0")).gauss(0, NOISE)
    for step in range(1, STEPS + 1):
        time.sleep(DURATION / STEPS)
        print(f"step {step}/{STEPS} ({NAME}) loss: {loss_at(X, Y) * (1 + 1 / step):.4f}", flush=True)
        if FAIL and step > STEPS // 2:
            raise RuntimeError("told to fail")
    print("---")
    print(f"val_loss: {loss_at(X, Y) + noise:.6f}")


if __name__ == "__main__":
    main()
