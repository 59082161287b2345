# SPDX-License-Identifier: GPL-3.0-or-later
"""Setting Blender properties ourselves, without taking it for an edit of the artist."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

_depth = [0]


@contextmanager
def quietly() -> Generator[None]:
    """What is set inside is not the artist's."""
    _depth[0] += 1
    try:
        yield
    finally:
        _depth[0] -= 1


def is_quiet() -> bool:
    """Whether it is we who set a property now."""
    return _depth[0] > 0
