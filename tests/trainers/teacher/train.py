"""Fits a small network to a function, for the CPU time it is given; the score is log10 of the mean squared error."""

import math
import os
import random
import time

WIDTH = 8  # hidden units
RATE = 0.02  # the learning rate at the start
MOMENTUM = 0.5
BATCH_SIZE = 8
COOLDOWN = 0.3  # share of the budget in which the rate falls to 0
SCALE = 1.0  # of the first weights
REPORTS = 40

INPUTS = 3


def activation(x: float) -> float:
    """What a hidden unit makes of its sum."""
    return math.tanh(x)


def slope(y: float) -> float:
    """The derivative of the activation, by its value."""
    return 1 - y * y


def target(x: list[float]) -> float:
    """The function to learn."""
    return math.sin(2 * x[0]) + x[1] * x[2]


def draw(source: random.Random) -> list[float]:
    """A point of the cube."""
    return [source.uniform(-1, 1) for _ in range(INPUTS)]


class Network:
    """One hidden layer."""

    def __init__(self, source: random.Random) -> None:
        self.inner = [[source.gauss(0, SCALE) for _ in range(INPUTS + 1)] for _ in range(WIDTH)]
        self.outer = [source.gauss(0, SCALE / math.sqrt(WIDTH)) for _ in range(WIDTH)]
        self.inner_speed = [[0.0] * (INPUTS + 1) for _ in range(WIDTH)]
        self.outer_speed = [0.0] * WIDTH

    def hidden(self, x: list[float]) -> list[float]:
        """The values of the hidden units."""
        return [activation(sum(w * v for w, v in zip(row, [*x, 1.0], strict=True))) for row in self.inner]

    def loss(self, points: list[list[float]]) -> float:
        """The mean squared error."""
        errors = [sum(w * h for w, h in zip(self.outer, self.hidden(x), strict=True)) - target(x) for x in points]
        return sum(error * error for error in errors) / len(errors)

    def step(self, points: list[list[float]], rate: float) -> float:
        """One step of gradient descent; gives the loss before it."""
        inner = [[0.0] * (INPUTS + 1) for _ in range(WIDTH)]
        outer, total = [0.0] * WIDTH, 0.0
        for x in points:
            hidden = self.hidden(x)
            error = sum(w * h for w, h in zip(self.outer, hidden, strict=True)) - target(x)
            total += error * error / len(points)
            for unit, h in enumerate(hidden):
                outer[unit] += error * h / len(points)
                back = error * self.outer[unit] * slope(h) / len(points)
                for place, v in enumerate([*x, 1.0]):
                    inner[unit][place] += back * v
        for unit in range(WIDTH):
            self.outer_speed[unit] = MOMENTUM * self.outer_speed[unit] - rate * outer[unit]
            self.outer[unit] += self.outer_speed[unit]
            for place in range(INPUTS + 1):
                self.inner_speed[unit][place] = MOMENTUM * self.inner_speed[unit][place] - rate * inner[unit][place]
                self.inner[unit][place] += self.inner_speed[unit][place]
        return total


def main() -> None:
    source = random.Random(int(os.environ.get("LABHAND_SEED", "0")))
    budget = float(os.environ.get("LABHAND_BUDGET_SECONDS", "2"))
    network, step, reported, recent = Network(source), 0, 0, 0.0
    while (done := time.process_time() / budget) < 1:
        rate = RATE * min(1.0, (1 - done) / COOLDOWN) if COOLDOWN else RATE
        loss = network.step([draw(source) for _ in range(BATCH_SIZE)], rate)
        recent = loss if step == 0 else 0.95 * recent + 0.05 * loss
        step += 1
        if done * REPORTS >= reported:
            reported += 1
            print(f"step {step} loss: {recent:.5f}", flush=True)
    fixed = random.Random(12345)
    print("---")
    print(f"num_steps: {step}")
    print(f"val_loss: {math.log10(network.loss([draw(fixed) for _ in range(500)])):.6f}")


if __name__ == "__main__":
    main()
