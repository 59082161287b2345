# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures looked up between their pixels on a graphics card, as `cv2.remap` does it with the border repeated."""

from __future__ import annotations

import importlib
from typing import Any

from .torch_filters import Tensor, resized
from .warp import Lookup

torch: Any = importlib.import_module("torch")

_CUBIC = -0.75
_FINENESS = 32
_BEYOND_PIXELS = 16


def positions(flow: Tensor) -> Tensor:
    """Where a flow (2, H, W), pixels, leads from each pixel: (2, H, W), (x, y)."""
    height, width = flow.shape[-2:]
    rows = torch.arange(height, device=flow.device, dtype=torch.float32)[:, None].expand(height, width)
    columns = torch.arange(width, device=flow.device, dtype=torch.float32).expand(height, width)
    return torch.stack([columns, rows]) + flow


def resize_flow(flow: Tensor, height: int, width: int) -> Tensor:
    """The same motion at another size, (2, height, width); see `warp.resize_flow`."""
    scale = torch.tensor([width / flow.shape[-1], height / flow.shape[-2]], device=flow.device)
    return resized(flow, height, width) * scale[:, None, None]


def look_up(image: Tensor, at: Tensor, lookup: Lookup = "linear") -> Tensor:
    """The image (C, h, w) at positions (2, H, W), (x, y), pixels: (C, H, W)."""
    channels, height, width = image.shape
    columns, across = _taps(at[0], width, lookup)
    rows, down = _taps(at[1], height, lookup)
    flat = image.reshape(channels, -1)
    made = torch.zeros((channels, *at.shape[1:]), device=image.device)
    for row, row_share in zip(rows, down, strict=True):
        line = torch.zeros_like(made)
        for column, column_share in zip(columns, across, strict=True):
            line += flat[:, row * width + column] * column_share
        made += line * row_share
    return made


def _taps(at: Tensor, size: int, lookup: Lookup) -> tuple[list[Tensor], list[Tensor]]:
    """Which pixels of a row count at each position, and how much."""
    # Further out there is nothing but the border.
    at = torch.nan_to_num(at).clamp(-_BEYOND_PIXELS, size - 1 + _BEYOND_PIXELS)
    if lookup == "nearest":
        return [torch.round(at).long().clamp(0, size - 1)], [torch.ones_like(at)]
    if lookup == "lanczos":
        # OpenCV keeps this one in a table.
        at = torch.round(at * _FINENESS) / _FINENESS
    first = torch.floor(at)
    between = at - first
    shares = {"linear": _linear, "cubic": _cubic, "lanczos": _lanczos}[lookup](between)
    start = first.long() - (len(shares) // 2 - 1)
    return [(start + tap).clamp(0, size - 1) for tap in range(len(shares))], shares


def _linear(between: Tensor) -> list[Tensor]:
    return [1 - between, between]


def _cubic(between: Tensor) -> list[Tensor]:
    def near(away: Tensor) -> Tensor:
        return ((_CUBIC + 2) * away - (_CUBIC + 3)) * away * away + 1

    def far(away: Tensor) -> Tensor:
        return ((_CUBIC * away - 5 * _CUBIC) * away + 8 * _CUBIC) * away - 4 * _CUBIC

    return [far(1 + between), near(between), near(1 - between), far(2 - between)]


def _lanczos(between: Tensor) -> list[Tensor]:
    away = [between - tap for tap in range(-3, 5)]
    shares = [torch.sinc(there) * torch.sinc(there / 4) for there in away]
    total = sum(shares)
    return [share / total for share in shares]
