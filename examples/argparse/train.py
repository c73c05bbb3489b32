"""A network with one hidden layer tells two spirals apart."""

import argparse
import json
import os

import numpy as np


def spirals(rng, count):
    label = rng.integers(2, size=count)
    angle = rng.uniform(0.5, 2 * np.pi, count)
    points = np.stack([angle * np.cos(angle + np.pi * label), angle * np.sin(angle + np.pi * label)], 1)
    return points + rng.normal(0, 0.3, points.shape), label


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("LABHAND_SEED", "0")))
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    inputs, labels = spirals(rng, 512)
    first = rng.normal(0, 1, (2, arguments.hidden))
    bias = rng.normal(0, 1, arguments.hidden)
    second = rng.normal(0, arguments.hidden**-0.5, arguments.hidden)

    def forward(points):
        hidden = np.tanh(points @ first + bias)
        return hidden, 1 / (1 + np.exp(-hidden @ second))

    for step in range(1, arguments.steps + 1):
        hidden, probability = forward(inputs)
        error = (probability - labels) / len(labels)
        upstream = np.outer(error, second) * (1 - hidden**2)
        second -= arguments.lr * hidden.T @ error
        first -= arguments.lr * inputs.T @ upstream
        bias -= arguments.lr * upstream.sum(0)
        if step % 100 == 0 or step == arguments.steps:
            points, truth = spirals(np.random.default_rng(0), 4096)
            probability = np.clip(forward(points)[1], 1e-9, 1 - 1e-9)
            accuracy = float(((probability > 0.5) == truth).mean())
            loss = float(-np.log(np.where(truth, probability, 1 - probability)).mean())
            print(json.dumps({"step": step, "validation": {"accuracy": accuracy, "loss": loss}}), flush=True)


if __name__ == "__main__":
    main()
