# SPDX-License-Identifier: GPL-3.0-or-later
"""Model files and folders as they lie on the disk: safetensors only."""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...errors import EngineError, InputError, MissingError

SUFFIX = ".safetensors"
_REFUSED = (".ckpt", ".pt", ".pth", ".bin", ".pkl")


def check_file(path: Path, what: str) -> None:
    """Refuse what is not there, and what could run code.

    Raises:
        MissingError: Nothing is there.
        InputError: It is not a .safetensors file or a folder of some.
    """
    if not path.exists():
        raise MissingError(f"{what} is not there", where=str(path), remedy="Install it, or choose another.")
    if path.is_dir():
        return
    if path.suffix.lower() in _REFUSED:
        raise InputError(
            f"is a {path.suffix} file, which can run hidden programs when it is opened",
            where=str(path),
            remedy="Get the same model as .safetensors, or convert it with a program you trust.",
        )
    if path.suffix.lower() != SUFFIX:
        raise InputError(f"is not a .safetensors file, so it is not {what}", where=str(path))


def folder_class(path: Path) -> str:
    """The class that a folder's config.json or model_index.json names; "" without one."""
    for name in ("model_index.json", "config.json"):
        try:
            data = json.loads((path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(data, dict):
            return str(data.get("_class_name") or (data.get("architectures") or [""])[0])
    return ""


def variant_of(path: Path, part: str) -> str | None:
    """The ending fp16 where a part of a folder is there in that form only; None otherwise."""
    files = [file.name for file in (path / part).glob(f"*{SUFFIX}")]
    return "fp16" if files and all(".fp16." in name for name in files) else None


def read_tensors(path: Path) -> dict[str, Any]:
    """All tensors of a .safetensors file.

    Raises:
        InputError: It is damaged.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(str(path))
    except (SafetensorError, OSError, ValueError) as error:
        raise InputError(
            "is damaged or was not fetched to its end", where=str(path), remedy="Fetch it again."
        ) from error


@contextmanager
def says_what_is_wrong(path: Path, what: str) -> Iterator[None]:
    """Turns what the libraries say about a file into a sentence that names it.

    Raises:
        InputError: The libraries could not make `what` of the file.
    """
    from safetensors import SafetensorError

    try:
        yield
    except EngineError:
        raise
    except SafetensorError as error:
        raise InputError(
            "is damaged or was not fetched to its end", where=str(path), remedy="Fetch it again."
        ) from error
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError) as error:
        if type(error).__name__ == "OutOfMemoryError":
            raise
        first = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise InputError(f"cannot be used as {what}: {first}", where=str(path)) from error
