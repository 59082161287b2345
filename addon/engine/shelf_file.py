# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a shelf: read as TOML, their format checked, and named."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from .errors import InputError

FORMAT = 1
_LARGEST_BYTES = 1 << 20
_LONGEST_NAME = 60
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}


def read_table(path: Path, word: str) -> dict[str, Any]:
    """What a file says, as plain values.

    Raises:
        InputError: Not there, not readable, or not TOML.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise InputError(f"is too large for a {word}", where=str(path))
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"there is no such {word}", where=str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise InputError("is not a text file in UTF-8", where=str(path)) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"cannot be understood: {error}", where=str(path), remedy="Mend or remove it.") from error


def check_format(number: Any, path: Path) -> None:
    """Refuse a file without a usable format number, or from a newer version.

    Raises:
        InputError: It is one.
    """
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise InputError(
            'has no usable "format" line', where=str(path), remedy=f"Put `format = {FORMAT}` on its first line."
        )
    if number > FORMAT:
        raise InputError(
            f"was made by a newer Lineboil (format {number}; this one reads up to {FORMAT})",
            where=str(path),
            remedy="Update Lineboil to use it.",
        )


def file_stem(name: str, word: str) -> str:
    """The file name for one's name: small letters, numbers and "_".

    >>> file_stem("Aunt Ida's film!", "preset")
    'aunt_ida_s_film'

    Raises:
        InputError: Nothing usable is left, or it is too long.
    """
    words = "".join(sign if sign.isalnum() else " " for sign in name.casefold()).split()
    stem = "_".join(words)
    if not stem or len(stem) > _LONGEST_NAME:
        raise InputError(
            f'"{name}" cannot be the name of a {word}',
            remedy=f"Choose up to {_LONGEST_NAME} letters and numbers.",
        )
    return f"{stem}_" if stem in _RESERVED else stem


def one_line(text: str) -> str:
    """The text with its breaks and other signs that cannot be seen taken out."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
