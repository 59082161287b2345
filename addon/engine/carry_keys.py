# SPDX-License-Identifier: GPL-3.0-or-later
"""The painted keys of `lineboil carry`, looked at before anything is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import InputError
from .footage import Footage
from .frames import range_text


@dataclass(frozen=True)
class Keys:
    """The painted keys.

    Attributes:
        folder: Where they are.
        paths: By the number in their name, ascending.
        size: Width and height of all of them, in pixels.
    """

    folder: Path
    paths: dict[int, Path]
    size: tuple[int, int]


def find_keys(folder: Path) -> Keys:
    """The keys of a folder; every picture is read once.

    Raises:
        InputError: No folder or pictures, names without or with the same number, a picture that cannot be read, or
            pictures of several sizes.
    """
    from .image.numbered import find_numbered, look_at

    paths = find_numbered(
        folder,
        subject="painted keys",
        remedy="Look at the path after --keys.",
        empty="Put the painted keys there, named by the number of their frame, like 000012.png.",
    )
    size = (0, 0)
    for path in paths.values():
        look = look_at(path)
        if not any(size):
            size = (look.width, look.height)
        if (look.width, look.height) != size:
            raise InputError(
                f"is {look.width}x{look.height} pixels, but {next(iter(paths.values())).name} is {size[0]}x{size[1]}",
                where=str(path),
                remedy="Paint all keys at one size.",
            )
    return Keys(folder, paths, size)


def check_frames(keys: Keys, numbers: Sequence[int], footage: Path) -> None:
    """Every key must be of a frame that is there.

    Args:
        keys: The keys.
        numbers: Of the footage's frames, ascending.
        footage: For the sentence.

    Raises:
        InputError: A key's number is not among them; names the pictures.
    """
    there = set(numbers)
    beyond = [number for number in keys.paths if number not in there]
    if beyond:
        names = ", ".join(keys.paths[number].name for number in beyond[:5])
        more = f" and {len(beyond) - 5} more" if len(beyond) > 5 else ""
        raise InputError(
            f"{names}{more}: the footage has no such frame; {footage.name} has frames {range_text(numbers)}",
            where=str(keys.folder),
            remedy="Name each key by the number of its frame.",
        )


def check_shape(keys: Keys, footage: Footage) -> None:
    """The keys must have the footage's shape; their size may be another.

    Raises:
        InputError: They have not; names a picture and both sizes.
    """
    from .image.numbered import fits

    if not fits(keys.size, (footage.width, footage.height)):
        raise InputError(
            f"is {keys.size[0]}x{keys.size[1]} pixels, another shape than the footage's "
            f"{footage.width}x{footage.height}",
            where=str(next(iter(keys.paths.values()))),
            remedy="Paint over frames of the footage, without cropping them.",
        )
