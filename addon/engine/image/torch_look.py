# SPDX-License-Identifier: GPL-3.0-or-later
"""A fitted look applied on a graphics card. It is fitted on the processor: see `look`."""

from __future__ import annotations

import importlib
from typing import Any

from .look import BANDS_PIXELS, BLURS_PIXELS, TAPS, Fitted
from .torch_filters import Tensor, blurred, put, steepness

torch: Any = importlib.import_module("torch")

_GREY = (0.299, 0.587, 0.114)
_PIXELS_AT_ONCE = 1 << 16


def features(image: Tensor) -> Tensor:
    """What `look.features` finds: (34, H, W) of footage (3, H, W), 0..1."""
    grey = sum(share * image[channel : channel + 1] for channel, share in enumerate(_GREY))
    bands = [blurred(grey, sigma) for sigma in BANDS_PIXELS]
    height, width = image.shape[-2:]
    patch = torch.nn.functional.pad(bands[0], (2, 2, 2, 2), mode="replicate")
    return torch.cat(
        [
            image,
            *(blurred(image, sigma) for sigma in BLURS_PIXELS),
            *(wide - narrow for narrow, wide in zip(bands, bands[1:], strict=False)),
            steepness(bands[1]),
            *(patch[:, 2 + dy : 2 + dy + height, 2 + dx : 2 + dx + width] - bands[4] for dx, dy in TAPS),
        ]
    )


class TorchLook:
    """A look on a device.

    Args:
        fitted: What it has learnt.
        device: As PyTorch calls it.
    """

    def __init__(self, fitted: Fitted, device: str) -> None:
        self._mean, self._scale, self._weights, self._bias, self._solution = (
            put(array, device) for array in fitted
        )

    def __call__(self, image: Tensor) -> Tensor:
        """Footage (3, H, W), 0..1, in the keys' look: (C, H, W)."""
        found = features(image)
        inputs = ((found - self._mean[:, None, None]) * self._scale[:, None, None]).flatten(1).T
        units = self._weights.shape[1]
        of_units, of_inputs, constant = self._solution.split([units, inputs.shape[1], 1])
        # Random units of a whole picture would take a hundred times its size.
        parts = [
            torch.relu(part @ self._weights + self._bias) @ of_units + part @ of_inputs + constant
            for part in inputs.split(_PIXELS_AT_ONCE)
        ]
        return torch.cat(parts).T.reshape(-1, *image.shape[1:])
