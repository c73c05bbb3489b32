import numpy as np

from .settings import Settings


def smooth(signal: np.ndarray, settings: Settings) -> np.ndarray:
    """A moving average over 2 * width + 1 samples, several times."""
    window = np.ones(2 * settings.width + 1) / (2 * settings.width + 1)
    for _ in range(settings.passes):
        signal = np.convolve(np.pad(signal, settings.width, mode="edge"), window, mode="valid")
    return signal
