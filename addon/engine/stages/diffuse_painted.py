# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys painted by the artist: checked for number and size, then taken as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..frames import range_text
from ..image.numbered import Look, find_numbered, fits, look_at, read_painted
from ..schema.diffuse import FOLDER, DiffuseSettings, painted_folder
from .context import StageContext


def check(context: StageContext, settings: DiffuseSettings) -> None:
    """Look at the artist's pictures.

    Raises:
        InputError: One is missing, or cannot be used.
    """
    _checked(context, settings)


def run(context: StageContext, settings: DiffuseSettings) -> None:
    """Take the artist's pictures over into the shot."""
    pictures, look, has_alpha = _checked(context, settings)
    wanted = (context.footage.width, context.footage.height)
    spare = sorted(set(pictures) - set(context.state.frames_of(context.spec)))
    if spare:
        context.warn(f"pictures of frames {range_text(spare)} are not used: add these frames to keys.json to use them")
    if (look.width, look.height) != wanted:
        context.note(f"the pictures are {look.width / wanted[0]:g} times the size of the footage and stay so")
    keeps_alpha = has_alpha and settings.transparency == "keep"
    pending = context.pending()
    for done, frame in enumerate(pending, 1):
        context.write_rgb(FOLDER, frame, _paint(pictures[frame], keeps_alpha=keeps_alpha))
        context.step("taking painted keys", done, len(pending), "keys")


def _checked(context: StageContext, settings: DiffuseSettings) -> tuple[dict[int, Path], Look, bool]:
    """The artist's pictures by frame, what they have in common, and whether any is transparent somewhere."""
    folder = painted_folder(settings, context.shot.root)
    pictures = find_pictures(folder)
    _check_number(pictures, context, folder)
    keys = {frame: pictures[frame] for frame in context.state.frames_of(context.spec)}
    return pictures, *_common_size(keys, (context.footage.width, context.footage.height))


def find_pictures(folder: Path) -> dict[int, Path]:
    """The artist's pictures by frame: the last number in a name counts.

    Raises:
        InputError: No folder, no pictures, a name without a number, or two pictures for one frame.
    """
    return find_numbered(
        folder,
        subject="painted keys",
        remedy="Make it, or set diffuse.folder.",
        empty="Paint the keys named in keys.json.",
    )


def _check_number(pictures: dict[int, Path], context: StageContext, folder: Path) -> None:
    count = context.footage.count
    beyond = [frame for frame in pictures if not 1 <= frame <= count]
    if beyond:
        raise InputError(
            f"{pictures[beyond[0]].name} is for frame {beyond[0]}, but the shot has frames 1-{count}", where=str(folder)
        )
    keys = set(context.state.frames_of(context.spec))
    missing = sorted(keys - set(pictures))
    if missing:
        raise InputError(
            f"frames {range_text(missing)} are keys and have no picture",
            where=str(folder),
            remedy="Paint them, or take them out of keys.json.",
        )


def _common_size(pictures: dict[int, Path], wanted: tuple[int, int]) -> tuple[Look, bool]:
    """The size of the pictures, one for all, and whether any of them is transparent somewhere.

    Raises:
        InputError: A picture has another shape than the frames, or another size than the rest; names it.
    """
    looks = {path: look_at(path) for path in pictures.values()}
    for path, look in looks.items():
        if not fits((look.width, look.height), wanted):
            raise InputError(
                f"is {look.width}x{look.height} pixels",
                where=str(path),
                remedy=f"Paint at the size of the frames, {wanted[0]}x{wanted[1]}, or a multiple of it.",
            )
    sizes = {(look.width, look.height): path for path, look in reversed(looks.items())}
    if len(sizes) > 1:
        names = " and ".join(sorted(path.name for path in list(sizes.values())[:2]))
        raise InputError(f"{names} have different sizes", remedy="Paint all keys at one size.")
    return next(iter(looks.values())), any(look.has_alpha for look in looks.values())


def _paint(path: Path, *, keeps_alpha: bool) -> npt.NDArray[np.float32]:
    """A painted picture: float32 (H, W, 4) with alpha, or (H, W, 3) with transparency laid on white."""
    image = read_painted(path)
    if image.shape[2] == 3:
        return np.dstack([image, np.ones_like(image[..., :1])]) if keeps_alpha else image
    if keeps_alpha:
        return image
    alpha = image[..., 3:]
    return image[..., :3] * alpha + (1 - alpha)
