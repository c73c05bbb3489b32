"""Two processes train one model: gradients are averaged over gloo, or over NCCL on GPUs."""

import os

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

LR = 0.001
STEPS = 100
BATCH = 64

device = f"cuda:{os.environ['LOCAL_RANK']}" if torch.cuda.is_available() else "cpu"
dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
rank, world = dist.get_rank(), dist.get_world_size()
random = torch.Generator().manual_seed(int(os.environ.get("LABHAND_SEED", "0")))


def batch(count):
    """The same for every process; each takes its share."""
    inputs = torch.randn(count, 8, generator=random)
    return inputs.to(device), (inputs[:, :1] * inputs[:, 1:2] + torch.sin(inputs[:, 2:3])).to(device)


torch.manual_seed(0)
layers = torch.nn.Sequential(torch.nn.Linear(8, 64), torch.nn.Tanh(), torch.nn.Linear(64, 1))
model = DistributedDataParallel(layers.to(device))
optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9)
for _ in range(STEPS):
    inputs, targets = batch(BATCH)
    loss = torch.nn.functional.mse_loss(model(inputs[rank::world]), targets[rank::world])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

with torch.no_grad():
    inputs, targets = batch(4096)
    loss = torch.nn.functional.mse_loss(model(inputs), targets)
if rank == 0:
    print(f"loss: {loss.item():.6f}")
dist.destroy_process_group()
