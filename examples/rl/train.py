"""The cart and its pole (Barto, Sutton and Anderson, 1983), 200 steps an episode. Experiments can't change this file."""

import json
import math
import os
from pathlib import Path

import numpy as np
from agent import Agent


def move(state, action):
    x, speed, angle, spin = state
    force = 10.0 if action else -10.0
    push = (force + 0.05 * spin**2 * math.sin(angle)) / 1.1
    twist = (9.8 * math.sin(angle) - math.cos(angle) * push) / (0.5 * (4 / 3 - 0.1 * math.cos(angle) ** 2 / 1.1))
    thrust = push - 0.05 * twist * math.cos(angle) / 1.1
    return np.array([x + 0.02 * speed, speed + 0.02 * thrust, angle + 0.02 * spin, spin + 0.02 * twist])


rng = np.random.default_rng(int(os.environ.get("LABHAND_SEED", "0")))
agent = Agent(rng)
steps, budget = 0, float(os.environ.get("LABHAND_BUDGET_STEPS", "20000"))
with Path("returns.jsonl").open("w", encoding="utf-8") as file:
    while steps < budget:
        state, gradients = rng.uniform(-0.05, 0.05, 4), []
        while len(gradients) < 200 and abs(state[0]) < 2.4 and abs(state[2]) < 0.21:
            action, gradient = agent.act(state)
            state = move(state, action)
            gradients.append(gradient)
        agent.learn(gradients)
        steps += len(gradients)
        print(json.dumps({"steps": steps, "episode_return": len(gradients)}), file=file, flush=True)
