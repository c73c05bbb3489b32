from dataclasses import dataclass


@dataclass
class Settings:
    width: int = 1
    passes: int = 1
    noise: float = 0.3
