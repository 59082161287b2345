# SPDX-License-Identifier: GPL-3.0-or-later
"""Attention shared with a finished picture, so that another one gets its colours and its hand.

In every step the network first looks at the finished picture at that step's noise level and keeps what its
self-attention sees there; then, drawing the new one, it may look there too (after Hertz et al., "Style Aligned Image
Generation via Shared Attention", 2024, with a picture given instead of one drawn alongside). It costs one more pass of
the drawing network a step, without ControlNets. Attention to the text and to an IP-Adapter's picture is left alone.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_OWN = "attn1.processor"


@dataclass
class _Seen:
    """What the layers saw of the finished picture in this step, by layer."""

    is_writing: bool = False
    states: dict[str, Any] = field(default_factory=dict)


@contextmanager
def shared(unet: Any, scheduler: Any, anchor: Any, seed: int, weight: float) -> Iterator[Callable[[], bool]]:
    """While this is entered, the network also looks at a finished picture; tells whether it does so now.

    Args:
        unet: The drawing network.
        scheduler: The one that the drawing goes by.
        anchor: Latents of the finished picture, (1, C, h, w); may be of another size than the drawing.
        seed: Of the noise that is laid over the anchor.
        weight: How much it counts beside the drawing itself, 0..1; at 1 each place counts alike.
    """
    if weight <= 0:
        yield lambda: False
        return
    seen = _Seen()
    before = unet.attn_processors
    unet.set_attn_processor({
        name: _Shared(name, seen, weight) if name.endswith(_OWN) else kept for name, kept in before.items()
    })
    forward = unet.forward
    was_own = "forward" in vars(unet)
    unet.forward = _looking_first(forward, seen, scheduler, anchor, _noise(anchor, seed))
    try:
        yield lambda: seen.is_writing
    finally:
        unet.forward = forward
        if not was_own:
            del unet.forward
        # What an IP-Adapter or a LoRA set up in the meantime is none of ours: only what was put in is taken out.
        unet.set_attn_processor(before)
        seen.states.clear()


def _noise(anchor: Any, seed: int) -> Any:
    import torch

    generator = torch.Generator("cpu").manual_seed(seed)
    noise = torch.randn(anchor.shape, generator=generator, dtype=torch.float32)
    return noise.to(anchor.device, anchor.dtype)


def _looking_first(forward: Any, seen: _Seen, scheduler: Any, anchor: Any, noise: Any) -> Any:
    """The network's pass with one over the anchor before it."""

    def both(sample: Any, timestep: Any, encoder_hidden_states: Any, **words: Any) -> Any:
        level = timestep.reshape(1).to(anchor.device)
        noisy = scheduler.scale_model_input(scheduler.add_noise(anchor, noise, level), timestep)
        # One copy for the prompt and one for its negative, as the drawing has.
        noisy = noisy.to(sample.device, sample.dtype).repeat(len(sample), 1, 1, 1)
        alone = words | {"down_block_additional_residuals": None, "mid_block_additional_residual": None}
        seen.is_writing = True
        try:
            forward(noisy, timestep, encoder_hidden_states, **alone)
        finally:
            seen.is_writing = False
        return forward(sample, timestep, encoder_hidden_states, **words)

    return both


class _Shared:
    """Self-attention that keeps what it sees, or sees what was kept besides its own.

    Args:
        name: Of the layer.
        seen: Shared by all layers.
        weight: See `shared`.
    """

    def __init__(self, name: str, seen: _Seen, weight: float) -> None:
        from diffusers.models.attention_processor import AttnProcessor2_0

        self._name, self._seen, self._weight = name, seen, weight
        self._usual: Any = AttnProcessor2_0()

    def __call__(
        self,
        attn: Any,
        hidden_states: Any,
        encoder_hidden_states: Any = None,
        attention_mask: Any = None,
        **words: Any,
    ) -> Any:
        """Attention of `hidden_states` (N, places, width)."""
        if self._seen.is_writing:
            self._seen.states[self._name] = hidden_states
        elif self._name in self._seen.states:
            other = self._seen.states.pop(self._name)
            encoder_hidden_states = _joined(hidden_states, other)
            attention_mask = self._mask(hidden_states, other)
        return self._usual(
            attn, hidden_states, encoder_hidden_states=encoder_hidden_states, attention_mask=attention_mask, **words
        )

    def _mask(self, own: Any, other: Any) -> Any:
        """What is added to the logits, (N, 1, places of both): a weight within the softmax; None for equal ones."""
        if self._weight >= 1:
            return None
        mask = own.new_zeros((len(own), 1, own.shape[1] + other.shape[1]))
        mask[..., own.shape[1] :] = math.log(self._weight)
        return mask


def _joined(own: Any, other: Any) -> Any:
    import torch

    return torch.cat([own, other], dim=1)
