# SPDX-License-Identifier: GPL-3.0-or-later
"""The propagate stage: the redrawn keys carried to every frame."""

from __future__ import annotations

from ..errors import InputError
from ..key_list import FILE_NAME, load_keys
from ..schema.propagate import FOLDER, PropagateSettings, paint_folder
from .context import StageContext
from .propagate_carry import Carrier, intervals
from .propagate_engine import device_of, tell
from .propagate_paint import Paint


def check(context: StageContext) -> None:
    """Look at the keys before anything that was carried goes.

    Raises:
        InputError: A key beyond the end, a scene without one, or a picture that does not fit.
        MissingError: A key has no picture.
    """
    Paint(context, checked_keys(context), folder=paint_folder(context.shot.settings))


def run(context: StageContext) -> None:
    """Make the pending frames."""
    settings: PropagateSettings = context.settings
    pending = context.pending()
    keys = checked_keys(context)
    paint = Paint(context, keys, folder=paint_folder(context.shot.settings))
    device = device_of(context)
    tell(context, device)
    carrier = Carrier(context, paint, device)
    progress = _Progress(context, len(pending))
    for key in sorted(set(keys) & set(pending)):
        context.write_rgb(FOLDER, key, paint.whole(key))
        progress.made()
    for interval in intervals(context.footage.scenes, keys, set(pending) - set(keys)):
        carrier.carry(interval, progress.made)
    context.record(keys=len(keys), method=settings.method)


def checked_keys(context: StageContext) -> tuple[int, ...]:
    """Frames of the keys.

    Raises:
        InputError: A key beyond the end, or a scene without one.
    """
    path = context.file(FILE_NAME)
    keys = load_keys(path).frames
    footage = context.footage
    if keys and keys[-1] > footage.count:
        raise InputError(
            f"has a key at frame {keys[-1]}, but the shot has {footage.count} frames",
            where=str(path),
            remedy="Move or delete that key.",
        )
    for first, last in footage.scenes:
        if not any(first <= key <= last for key in keys):
            raise InputError(
                f"frames {first}-{last} are a scene of their own and have no key",
                where=str(path),
                remedy="Add a key there, or run the keys stage again.",
            )
    return keys


class _Progress:
    def __init__(self, context: StageContext, total: int) -> None:
        self._context = context
        self._total = total
        self._done = 0
        context.step("carrying keys", 0, total)

    def made(self) -> None:
        self._done += 1
        self._context.step("carrying keys", self._done, self._total)
