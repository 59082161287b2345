# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of one picture with words, noise and strength of their own: the keys of a grid.

Words act where the drawing network looks at the prompt: each place looks at the words of its part only, so nothing of
the text leaks to a neighbour (as in Bar-Tal et al., "MultiDiffusion", 2023, but within the network's attention, which
costs next to nothing). A part with less strength stays at the footage's noise level until its own start.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from .fitting import steps_done
from .held import next_level
from .request import Mask, Request

_TEXT = "attn2.processor"


@contextmanager
def worded(
    unet: Any, latents: Any, told: Sequence[tuple[Mask, Any]], is_elsewhere: Callable[[], bool]
) -> Iterator[None]:
    """While this is entered, places within a mask look at other words.

    Args:
        unet: The drawing network.
        latents: Of the picture, (1, C, h, w).
        told: For each part its mask, float32 (H, W), and its prompt as encoded, (1, length, width).
        is_elsewhere: Whether the network looks at another picture now, which has no such parts.
    """
    if not told:
        yield
        return
    shares = _Shares([mask for mask, _ in told], latents)
    prompts = [prompt for _, prompt in told]
    before = unet.attn_processors
    unet.set_attn_processor({
        name: _ByPart(kept, prompts, shares, is_elsewhere) if name.endswith(_TEXT) else kept
        for name, kept in before.items()
    })
    try:
        yield
    finally:
        unet.set_attn_processor(before)


class _Shares:
    """How much of each part a place shows, at every size that the network works in."""

    def __init__(self, masks: list[Mask], latents: Any) -> None:
        self._masks, self._like = masks, latents
        self._known: dict[int, Any] = {}

    def __call__(self, places: int) -> Any:
        """(parts, places)."""
        if places not in self._known:
            self._known[places] = self._made(places)
        return self._known[places]

    def _made(self, places: int) -> Any:
        import torch

        height, width = self._like.shape[-2:]
        while height * width > places:
            height, width = -(-height // 2), -(-width // 2)
        small = [cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA).ravel() for mask in self._masks]
        return torch.from_numpy(np.stack(small).astype(np.float32)).to(self._like.device)


class _ByPart:
    """Attention to the prompt, with other words in some parts.

    Args:
        usual: How the layer works otherwise; an IP-Adapter's too.
        prompts: Of the parts.
        shares: Of the parts.
        is_elsewhere: See `worded`.
    """

    def __init__(self, usual: Any, prompts: list[Any], shares: _Shares, is_elsewhere: Callable[[], bool]) -> None:
        self._usual, self._prompts, self._shares, self._is_elsewhere = usual, prompts, shares, is_elsewhere

    def __call__(
        self, attn: Any, hidden_states: Any, encoder_hidden_states: Any = None, *more: Any, **words: Any
    ) -> Any:
        """Attention of `hidden_states` (N, places, width); the last of them is drawn with the prompt."""
        found = self._usual(attn, hidden_states, encoder_hidden_states, *more, **words)
        if self._is_elsewhere():
            return found
        shares = self._shares(hidden_states.shape[1])
        whole = mixed = found[-1:]
        for prompt, share in zip(self._prompts, shares, strict=True):
            own = self._usual(attn, hidden_states[-1:], _with_prompt(encoder_hidden_states, prompt), *more, **words)
            mixed = mixed + (own - whole) * share[None, :, None].to(whole.dtype)
        import torch

        return torch.cat([found[:-1], mixed])


def _with_prompt(encoder_hidden_states: Any, prompt: Any) -> Any:
    """What the last picture looks at, with another prompt; an IP-Adapter's pictures stay."""
    if not isinstance(encoder_hidden_states, tuple):
        return prompt.to(encoder_hidden_states)
    text, pictures = encoder_hidden_states
    return prompt.to(text), [picture[-1:] for picture in pictures]


class OwnStarts:
    """Noise of their own for parts that have a seed, and a later start for those with less strength.

    Args:
        request: With its cells.
        start: Latents of the footage, (1, C, h, w).
        scheduler: Of the drawing, before its first step.
    """

    def __init__(self, request: Request, start: Any, scheduler: Any) -> None:
        self._start = start
        self._noise: Any = None
        self._seeds = [(self._small(cell.mask), cell.seed) for cell in request.cells if cell.seed is not None]
        done = _steps(request)
        self._waits = [
            (done - _steps(replace(request, strength=cell.strength)), self._small(cell.mask))
            for cell in request.cells
            if cell.strength is not None and cell.strength < request.strength
        ]
        if request.cells and hasattr(scheduler, "add_noise"):
            self._watch(scheduler)

    def hold(self, latents: Any, scheduler: Any, timestep: Any, index: int) -> Any:
        """The latents after a step, parts that have not begun as filmed at the noise level that the next step expects.

        Args:
            latents: (1, C, h, w).
            scheduler: Of the drawing.
            timestep: Of the step.
            index: Of the step's call, from 0.
        """
        waiting = [share for steps, share in self._waits if index < steps * scheduler.order]
        level = next_level(scheduler, timestep) if waiting and self._noise is not None else None
        if level is None:
            return latents
        kept = scheduler.add_noise(self._start, self._noise, level).to(latents.dtype)
        for share in waiting:
            latents = _chosen(share, kept, latents)
        return latents

    def _watch(self, scheduler: Any) -> None:
        """Take part when noise is laid over the start."""
        add_noise = scheduler.add_noise

        def first(original: Any, noise: Any, timesteps: Any) -> Any:
            scheduler.add_noise = add_noise
            self._noise = self._laid(noise)
            return add_noise(original, self._noise, timesteps)

        scheduler.add_noise = first

    def _laid(self, noise: Any) -> Any:
        import torch

        laid = noise.clone()
        for small, seed in self._seeds:
            left, top, columns, rows = cv2.boundingRect(small.numpy().astype(np.uint8))
            # Of the part's own size: the same key gets the same noise wherever it lies.
            draws = torch.Generator("cpu").manual_seed(seed)
            own = torch.randn((1, noise.shape[1], rows, columns), generator=draws, dtype=torch.float32)
            box = laid[..., top : top + rows, left : left + columns]
            box.copy_(_chosen(small[top : top + rows, left : left + columns], own.to(noise), box))
        return laid

    def _small(self, mask: Mask) -> Any:
        """Which latents are the part's, bool (h, w)."""
        import torch

        height, width = self._start.shape[-2:]
        return torch.from_numpy(cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA) > 0.5)


def _chosen(share: Any, one: Any, other: Any) -> Any:
    import torch

    return torch.where(share.to(one.device), one, other)


def _steps(request: Request) -> int:
    return steps_done(request.steps, request.strength)
