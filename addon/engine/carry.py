# SPDX-License-Identifier: GPL-3.0-or-later
"""`lineboil carry`: hand-painted keys carried over a clip, without a shot folder.

The work is done in a private shot in `OUT/.lineboil`: footage, motion and matte are found once and kept, so that other
keys only have to be carried anew. Frames and keys go by the numbers of the footage's own pictures; inside the private
shot they count from 1.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import pipeline
from .cache import disk_error, write_atomic
from .carry_delivery import Delivery
from .carry_keys import Keys, check_frames, check_shape, find_keys
from .errors import InputError, SettingError
from .footage import FILE_NAME as FOOTAGE_FILE
from .footage import Footage, load_footage
from .key_list import FILE_NAME as KEYS_FILE
from .key_list import Key, KeyList, keys_text
from .lock import ShotLock
from .messages import Reporter
from .shot import Shot, rewritten

WORK_FOLDER = ".lineboil"
_PAINTED = "painted"
# What follows from the order itself: another value would break the numbers of the frames, or the keys.
_DECIDED = (
    "footage.source", "footage.start_seconds", "footage.end_seconds", "footage.start_frame", "footage.end_frame",
    "footage.timing", "footage.gaps", "footage.multiple", "diffuse.engine", "diffuse.folder", "diffuse.transparency",
)


@dataclass(frozen=True)
class Order:
    """What is asked.

    Attributes:
        footage: A clip, a picture or a folder of pictures.
        keys: Folder of painted pictures, named by the number of their frame.
        out: Where the frames go.
        matte: Folder of grey pictures, white where the character is; found by the road when not given.
        cuts: "find", "off", or the numbers of the frames that begin a scene.
        settings: Checked values by "table.key".
    """

    footage: Path
    keys: Path
    out: Path
    matte: Path | None
    cuts: str
    settings: Mapping[str, Any]


def carry(order: Order, reporter: Reporter) -> dict[str, Any]:
    """Bring the frames of an order up to date.

    Raises:
        EngineError: Something of the artist's cannot be used; nothing of theirs is changed, what is finished stays.
            `BusyError` when another process carries into the same folder.
    """
    _check_order(order)
    keys = find_keys(order.keys)
    numbers = _numbers_of(order.footage)
    if numbers:
        check_frames(keys, numbers, order.footage)
    first = numbers[0] if numbers else 1
    settings = _settings(order, keys, first)
    work = order.out / WORK_FOLDER
    _make(order.out)
    with ShotLock(work / "lock", "carry", subject="this folder", where=order.out):
        shot = rewritten(work / "shot", settings)
        pipeline.run(shot, reporter, stage="footage", purpose="carry")
        footage = load_footage(shot.root / FOOTAGE_FILE)
        check_frames(keys, numbers or range(1, footage.count + 1), order.footage)
        check_shape(keys, footage)
        _check_scenes(keys, footage, first)
        _take_keys(keys, first, shot)
        delivery = Delivery(order.out, shot, footage.count, first)
        pipeline.run(shot, delivery.listening(reporter), stage="propagate", purpose="carry")
        delivery.finish(reporter)
    return {
        "frames": str(order.out),
        "numbers": f"{first}-{first + footage.count - 1}",
        "keys": len(keys.paths),
    }


def _check_order(order: Order) -> None:
    from .image import video

    if not order.footage.exists():
        raise InputError("there is no such footage", where=str(order.footage), remedy="Look at the path.")
    video.probe(order.footage)
    motion = order.settings.get("flow.folder")
    given = {
        "--keys": order.keys,
        "--footage": order.footage,
        "--matte": order.matte,
        "--motion": None if motion is None else Path(motion),
    }
    out = order.out.resolve()
    for name, path in given.items():
        if path is not None and path.resolve() == out:
            raise InputError(
                f"is both --out and {name}: the frames would mix with your own pictures",
                where=str(order.out),
                remedy="Choose another folder for the frames.",
            )
    if order.out.exists() and not order.out.is_dir():
        raise InputError("is a file, not a folder", where=str(order.out), remedy="Choose a folder for the frames.")
    for name in order.settings:
        if name in _DECIDED or name.startswith("keys."):
            raise SettingError(f'"{name}" cannot be set here: carry decides it', where="--set")


def _numbers_of(footage: Path) -> tuple[int, ...]:
    """Numbers of a folder's pictures, ascending; none for a clip, which counts from 1 to an end not yet known."""
    from .image.sequence import find_sequence

    return find_sequence(footage).numbers if footage.is_dir() else ()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, folder) from error


def _settings(order: Order, keys: Keys, first: int) -> dict[str, Any]:
    return {
        "footage.source": order.footage.resolve().as_posix(),
        "footage.long_side": 0,
        "footage.multiple": 1,
        "footage.sound": False,
        **_cut_values(order.cuts, first),
        **_matte_values(order, first),
        **_motion_values(order, first),
        "keys.count": len(keys.paths),
        "diffuse.engine": "painted",
        "diffuse.transparency": "keep",
        **order.settings,
    }


def _matte_values(order: Order, first: int) -> dict[str, Any]:
    """Who moves by itself: the artist's own mattes beside what the motion tells, or the motion alone."""
    # The body's landmarks are wanted for the road's own mattes alone.
    if order.matte is None:
        return {"matte.engine": "off", "pose.engine": "off"}
    return {
        "matte.engine": "given",
        "matte.folder": order.matte.resolve().as_posix(),
        "matte.first_number": first,
        "pose.engine": "off",
    }


def _motion_values(order: Order, first: int) -> dict[str, Any]:
    """Exact motion of the artist's own goes by the footage's numbers; a folder of it is there to be used."""
    engine = {"flow.engine": "given"} if "flow.folder" in order.settings else {}
    return {"flow.first_number": first, **engine}


def _cut_values(cuts: str, first: int) -> dict[str, Any]:
    if cuts == "find":
        return {}
    if cuts == "off":
        return {"footage.find_cuts": False}
    try:
        frames = tuple(sorted({int(text) - first + 1 for text in cuts.split(",")}))
    except ValueError:
        frames = ()
    if not frames or frames[0] < 2:
        raise SettingError(
            f'"{cuts}" does not say where cuts are',
            where="--cuts",
            remedy="Write find, off, or the numbers of the frames that begin a scene, like 48,120.",
        )
    return {"footage.find_cuts": False, "footage.cuts": frames}


def _check_scenes(keys: Keys, footage: Footage, first: int) -> None:
    for start, end in footage.scenes:
        if not any(start <= number - first + 1 <= end for number in keys.paths):
            raise InputError(
                f"frames {start + first - 1}-{end + first - 1} lie between two cuts and have no key",
                where=str(keys.folder),
                remedy="Paint one of them; or, if there is no cut, say --cuts off, or which frames begin a scene.",
            )


def _take_keys(keys: Keys, first: int, shot: Shot) -> None:
    """The keys under the private shot's own numbers: whoever paints on meanwhile does not disturb the run."""
    folder = shot.root / _PAINTED
    wanted = {f"{number - first + 1:06d}{path.suffix.lower()}": path for number, path in keys.paths.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.iterdir():
            if path.name not in wanted:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, path in wanted.items():
            data, place = path.read_bytes(), folder / name
            if not place.is_file() or place.read_bytes() != data:
                write_atomic(place, data)
    except OSError as error:
        raise disk_error(error, Path(error.filename or folder)) from error
    listed = KeyList(tuple(Key(number - first + 1, "painted by hand") for number in sorted(keys.paths)))
    text, place = keys_text(listed).encode("utf-8"), shot.root / KEYS_FILE
    if not place.is_file() or place.read_bytes() != text:
        write_atomic(place, text)
