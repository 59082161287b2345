# SPDX-License-Identifier: GPL-3.0-or-later
"""Which engine mixes the frames of the propagate stage: the processor, or PyTorch on a graphics card."""

from __future__ import annotations

from typing import Protocol

from ..errors import MissingError
from ..image import torch_device
from ..image.composite import Composed, Composer, Offer
from ..image.look import Look
from ..image.torch_device import Device
from ..image.view import View
from ..schema.propagate import PropagateSettings
from .context import StageContext


class FrameComposer(Protocol):
    """Makes frames of one interval; see `composite.Composer`."""

    def frame(self, view: View, offers: list[Offer]) -> Composed:
        """The picture, and what is known of it."""
        ...


def device_of(context: StageContext) -> Device | None:
    """What PyTorch mixes the frames on; None for the processor's own engine.

    Frames that are finished keep to one engine: "auto" goes on with the one they were made by.

    Raises:
        MissingError: PyTorch is asked for and is not installed.
    """
    settings: PropagateSettings = context.settings
    if settings.method == "linear" or settings.engine == "cpu":
        return None
    if settings.engine == "torch":
        if not torch_device.is_installed():
            raise MissingError(
                "propagate.engine is torch, but PyTorch is not installed",
                remedy="Make the worker's environment with the backend for your graphics card (cuda, rocm or mps), or "
                "set propagate.engine to auto.",
            )
        return torch_device.best_device()
    begun = str(context.facts_of("propagate").get("engine", ""))
    if begun == "cpu":
        return None
    found = torch_device.graphics_card()
    if begun == "torch" and found is None:
        context.warn("the frames so far were mixed by PyTorch on a graphics card; without one the processor goes on")
    return found


def make_composer(look: Look | None, settings: PropagateSettings, device: Device | None) -> FrameComposer:
    """What mixes the frames of an interval."""
    if device is None:
        return Composer(look, settings.lookup, settings.trust)
    # PyTorch takes seconds to load, and is there in some environments only.
    from ..image.torch_composite import TorchComposer

    return TorchComposer(look, settings.lookup, settings.trust, device.kind)


def tell(context: StageContext, device: Device | None) -> None:
    """Keep which engine makes the frames, and where it runs."""
    if device is None:
        context.record(engine="cpu", device="")
        return
    context.note(f"PyTorch mixes the frames on: {device.name}")
    context.record(engine="torch", device=device.name)
