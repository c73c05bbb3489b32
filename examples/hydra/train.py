"""Random Fourier features fit a noisy curve. The configuration is composed of groups, as Hydra does it."""

import os
from pathlib import Path

import numpy as np
import yaml

CONF = Path(__file__).parent / "conf"


def compose():
    config = yaml.safe_load((CONF / "config.yaml").read_text("utf-8"))
    for choice in config.pop("defaults"):
        for group, name in choice.items():
            config[group] = yaml.safe_load((CONF / group / f"{name}.yaml").read_text("utf-8"))
    return config


def curve(points):
    return np.sin(3 * points) + 0.5 * np.sin(11 * points)


config = compose()
print(yaml.safe_dump(config))
rng = np.random.default_rng(int(os.environ.get("LABHAND_SEED", "0")))
points = rng.uniform(-1, 1, 512)
targets = curve(points) + rng.normal(0, 0.1, len(points))
frequency = rng.normal(0, 8 * config["model"]["scale"], config["model"]["features"])
phase = rng.uniform(0, 2 * np.pi, config["model"]["features"])


def features(x):
    return np.cos(np.outer(x, frequency) + phase) * (2 / len(frequency)) ** 0.5


weights, speed = np.zeros(len(frequency)), np.zeros(len(frequency))
for epoch in range(int(float(os.environ.get("LABHAND_BUDGET_EPOCHS", "40")))):
    for batch in np.array_split(rng.permutation(len(points)), len(points) // config["data"]["batch"]):
        inputs = features(points[batch])
        gradient = inputs.T @ (inputs @ weights - targets[batch]) / len(batch)
        speed = config["optimizer"]["momentum"] * speed + gradient
        weights -= config["optimizer"]["lr"] * speed
    grid = np.linspace(-1, 1, 1001)
    error = float(((features(grid) @ weights - curve(grid)) ** 2).mean() ** 0.5)
    print(f"epoch {epoch + 1}: log10 of the validation error {np.log10(error):.4f}", flush=True)
