# SPDX-License-Identifier: GPL-3.0-or-later
"""Model files and folders as they lie on the disk: safetensors only."""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...errors import EngineError, InputError, MissingError

SUFFIX = ".safetensors"
_FAMILIES = {768: "Stable Diffusion 1.5", 1024: "Stable Diffusion 2", 2048: "SDXL"}
_LOOKS_AT_TEXT = re.compile(r"(attn2[._]to_k|to_k_ip)(?!.*(lora_up|lora_B|lora\.up)).*weight$")
# What the libraries say of a file that ends too early, and of one that belongs elsewhere.
_TORN = "Unable to load weights from checkpoint file"
_MISFIT = ("expected shape", "size mismatch", "Target modules", "Invalid LoRA", "meta tensor")
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


def versions(paths: Iterable[Path | None]) -> tuple[object, ...]:
    """What tells files from others that take their place under the same names: sizes and times."""
    return tuple(_version(path) for path in paths if path is not None)


def _version(path: Path) -> object:
    try:
        if path.is_dir():
            return tuple(_version(below) for below in sorted(path.rglob("*")) if below.is_file())
        stat = path.stat()
    except OSError:
        return None
    return str(path), stat.st_size, stat.st_mtime_ns


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
    from safetensors.torch import load_file

    with says_what_is_wrong(path, "a model file"):
        return load_file(str(path))


def check_class(path: Path, known: tuple[str, ...], what: str) -> None:
    """Refuse a folder that holds another network than the one wanted.

    Raises:
        InputError: It does; names both.
    """
    name = folder_class(path)
    if name not in known:
        raise InputError(f"holds {name or 'nothing that is known'}, not {what}", where=str(path))


def check_width(path: Path, unet: Any, what: str) -> None:
    """Refuse a file that was made for another family: it would fail in the middle of a picture, with numbers only.

    Args:
        path: A .safetensors file; a folder is let through.
        unet: Of the checkpoint.
        what: What it is, for the message.

    Raises:
        InputError: It was.
    """
    found, own = text_width(path), unet.config.cross_attention_dim
    if found not in (None, own):
        raise another_family(path, what, found, own)


def another_family(path: Path, what: str, found: int | None, own: int) -> InputError:
    """The error for a part of another family, by how wide it takes the text to be."""
    made_for, is_one = (_FAMILIES.get(width or 0, "another model") for width in (found, own))
    return InputError(
        f"{what} was made for {made_for}, the checkpoint is {is_one}",
        where=str(path),
        remedy="Take one that was made for the checkpoint's family.",
    )


def text_width(path: Path) -> int | None:
    """How wide a file takes the text to be, which tells its family; None when nothing in it looks at the text."""
    if path.is_dir():
        return None
    from safetensors import safe_open

    with says_what_is_wrong(path, "a model file"), safe_open(str(path), framework="pt") as file:
        for name in file.keys():  # noqa: SIM118 - it is no dict
            if _LOOKS_AT_TEXT.search(name):
                return int(file.get_slice(name).get_shape()[-1])
    return None


def has_names(path: Path, start: str) -> bool:
    """Whether a .safetensors file has tensors whose names begin so."""
    from safetensors import safe_open

    with says_what_is_wrong(path, "a model file"), safe_open(str(path), framework="pt") as file:
        return any(name.startswith(start) for name in file.keys())  # noqa: SIM118 - it is no dict


@contextmanager
def offline() -> Iterator[None]:
    """Nothing is fetched, and the libraries' own reports and bars stay silent, whatever they are asked for."""
    import diffusers
    import transformers
    from huggingface_hub import constants

    for library in (diffusers.utils.logging, transformers.utils.logging):
        library.set_verbosity_error()
        library.disable_progress_bar()
    before, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@contextmanager
def says_what_is_wrong(path: Path, what: str) -> Iterator[None]:
    """Turns what the libraries say about a file into a sentence that names it.

    Raises:
        InputError: The libraries could not make `what` of the file.
    """
    from diffusers.loaders.single_file_utils import SingleFileComponentError
    from huggingface_hub.errors import StrictDataclassError
    from safetensors import SafetensorError

    try:
        yield
    except EngineError:
        raise
    except (SafetensorError, EOFError) as error:
        raise _damaged(path) from error
    except SingleFileComponentError as error:
        raise InputError(f"is not {what}, or parts of it are missing", where=str(path)) from error
    except (OSError, LookupError, ValueError, RuntimeError, TypeError, AttributeError, StrictDataclassError) as error:
        text = str(error).strip()
        if type(error).__name__ == "OutOfMemoryError":
            raise
        if _TORN in text:
            raise _damaged(path) from error
        if any(sign in text for sign in _MISFIT):
            raise InputError(
                f"does not fit the checkpoint as {what}: it was made for another family, or is something else",
                where=str(path),
            ) from error
        first = text.splitlines()[0][:200] if text else type(error).__name__
        raise InputError(f"cannot be used as {what}: {first}", where=str(path)) from error


def _damaged(path: Path) -> InputError:
    return InputError("is damaged or was not fetched to its end", where=str(path), remedy="Fetch it again.")
