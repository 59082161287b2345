# SPDX-License-Identifier: GPL-3.0-or-later
"""The folders in which A1111's web UI, Forge and ComfyUI keep their models, and those an artist names.

They are those of LINEBOIL_MODEL_FOLDERS, those added by `lineboil models folders --add`, and the usual places of these
programs in the artist's home.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, cast

from ..cache import write_json
from ..errors import InputError, SettingError
from .registry import user_data_folder

VARIABLE = "LINEBOIL_MODEL_FOLDERS"
_PROGRAMS = ("stable-diffusion-webui", "stable-diffusion-webui-forge", "stable-diffusion-webui-reForge", "ComfyUI",
             "ComfyUI_windows_portable/ComfyUI", "Documents/ComfyUI", "webui_forge_cu121_torch231/webui")
# Where these programs keep what is of use here, under their own folder.
_PARTS = (
    "models/Stable-diffusion", "models/Lora", "models/LyCORIS", "models/ControlNet", "models/VAE",
    "extensions/sd-webui-controlnet/models", "models/checkpoints", "models/loras", "models/controlnet", "models/vae",
    "models/ipadapter", "models/diffusers",
)
# Any folder may have one of this name: it tells of a program only beside others.
_BESIDE = ("embeddings", "models/embeddings")
_EXTRA = ("checkpoints", "loras", "controlnet", "vae", "ipadapter", "diffusers", "embeddings")
_BARS = ("|", "|-", "|+", ">", ">-")
_EXTRA_FILE = "extra_model_paths.yaml"


def folders() -> list[Path]:
    """The folders that are looked into: of the environment, added ones, and the usual ones that exist."""
    given = [Path(os.path.expanduser(text)) for text in os.environ.get(VARIABLE, "").split(os.pathsep) if text]
    usual = [Path.home() / name for name in _PROGRAMS]
    if os.name == "nt":
        usual += [Path(f"{drive}:/") / name for drive in "CD" for name in _PROGRAMS[:5]]
    return list(dict.fromkeys([*given, *added(), *(folder for folder in usual if os.path.isdir(folder))]))


def added() -> list[Path]:
    """The folders the artist has added."""
    value = read_object(_list_path()).get("folders")
    return [Path(str(text)) for text in cast(list[Any], value)] if isinstance(value, list) else []


def add(folder: Path) -> None:
    """Look into another folder from now on.

    Raises:
        InputError: There is none, or the list cannot be written.
    """
    place = folder.expanduser().absolute()
    if not place.is_dir():
        raise InputError("there is no such folder", where=str(place))
    _write(_list_path(), {"folders": [str(path) for path in dict.fromkeys([*added(), place])]})


def forget(folder: Path) -> None:
    """Look into an added folder no more.

    Raises:
        SettingError: It was not added.
    """
    place = folder.expanduser().absolute()
    if place not in added():
        raise SettingError("was not added", where=str(place), remedy="Those that were: lineboil models folders.")
    _write(_list_path(), {"folders": [str(path) for path in added() if path != place]})


def places(folder: Path) -> list[Path]:
    """Where models lie in a folder: the parts of a program's folder, or the folder itself where it has none of them."""
    # os.path: a folder that may not be read is none, where pathlib would raise.
    parts = [folder / part for part in _PARTS if os.path.isdir(folder / part)]
    parts += [place for place in extra_places(folder / _EXTRA_FILE) if os.path.isdir(place)]
    if parts:
        parts += [folder / part for part in _BESIDE if os.path.isdir(folder / part)]
    # Two spellings of a part are one folder where names have no case.
    return list({os.path.realpath(place): place for place in parts}.values()) or [folder]


def extra_places(path: Path) -> list[Path]:
    """The folders that ComfyUI's extra_model_paths.yaml names; none when it is not there.

    Of YAML it needs groups of `name: text` lines, and texts of several lines behind a bar.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return []
    found: list[Path] = []
    base, group, name = path.parent, list[str](), ""
    for line in [*lines, "end:"]:
        bare = re.split(r"(?:^|\s)#", line)[0].rstrip()
        match = re.match(r"(\s*)([\w-]+)\s*:(?:\s+(.*))?$", bare)
        if match and not match[1]:
            # A group's base may stand behind the names that are below it.
            found += [base / text for text in group]
            base, group, name = path.parent, [], ""
        elif match:
            name, text = match[2], _unquoted(match[3] or "")
            if name == "base_path":
                base = path.parent / os.path.expanduser(os.path.expandvars(text))
            elif name in _EXTRA and text and text not in _BARS:
                group.append(text)
        elif name in _EXTRA and bare.strip():
            group.append(_unquoted(bare))
    return found


def _unquoted(text: str) -> str:
    return text.strip().strip("\"'")


def _list_path() -> Path:
    return user_data_folder() / "lineboil" / "model_folders.json"


def _write(path: Path, value: dict[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, value)
    except OSError as error:
        raise InputError(f"cannot be written ({error.strerror or error})", where=str(path)) from error


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty when it is not there or damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}
