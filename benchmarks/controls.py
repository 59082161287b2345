# SPDX-License-Identifier: GPL-3.0-or-later
"""What each kind of control costs a key, on one core: made of a frame of the sample clip, with a person in it.

    python benchmarks/controls.py [HEIGHT]

Prints the table of docs/benchmarks.md. Networks are not measured: they cost what their machine makes of them.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
import time
from pathlib import Path

import av
import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "engine"), str(ROOT / "tests")]

from carry_shot import Listener, make_shot  # noqa: E402
from lineboil.addon.engine.frames import frame_name  # noqa: E402
from lineboil.addon.engine.image import files  # noqa: E402
from lineboil.addon.engine.key_list import Key, KeyList, keys_text  # noqa: E402
from lineboil.addon.engine.models.person.landmarks import empty_landmarks, save_landmarks  # noqa: E402
from lineboil.addon.engine.schema.diffuse_model import KINDS  # noqa: E402
from lineboil.addon.engine.schema.registry import BY_NAME  # noqa: E402
from lineboil.addon.engine.shot import Shot  # noqa: E402
from lineboil.addon.engine.stages.context import StageContext  # noqa: E402
from lineboil.addon.engine.stages.controls import sheet  # noqa: E402
from lineboil.addon.engine.stages.controls_maker import ControlMaker  # noqa: E402
from lineboil.addon.engine.state import Record, ShotState  # noqa: E402

_TIMES = 7


def main() -> int:
    """Measure; returns 0."""
    cv2.setNumThreads(1)
    tall = int(sys.argv[1]) if sys.argv[1:] else 540
    size = tall * 16 // 9, tall
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "shot"
        _make(root, size)
        state, spec = ShotState(Shot(root)), BY_NAME["controls"]
        context = StageContext(state, spec, Record(), (1,), Listener())
        maker = ControlMaker(context, context.settings)
        print(f"| kind, {size[0]}x{size[1]} | milliseconds a key |\n|---|---|")
        made = {}
        for kind in KINDS:
            seconds = []
            for _ in range(_TIMES):
                started = time.perf_counter()
                made[kind] = maker.picture(kind, 1)
                seconds.append(time.perf_counter() - started)
            print(f"| {kind} | {1000 * min(seconds):.0f} |")
        seconds = []
        for _ in range(_TIMES):
            started = time.perf_counter()
            files.encode_png(made["lineart"])
            files.encode_png(sheet([maker.footage(1), *made.values()], ["footage", *KINDS], 480))
            seconds.append(time.perf_counter() - started)
        print(f"| writing one kind, and the sheet of all | {1000 * min(seconds):.0f} |")
    return 0


def _make(root: Path, size: tuple[int, int]) -> None:
    with av.open(str(ROOT / "samples" / "performer.mp4")) as clip:
        frame = next(iter(clip.decode(video=0))).to_ndarray(format="rgb24")
    picture = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_CUBIC), np.float32) / 255
    y, x = np.mgrid[: size[1], : size[0]]
    matte = (np.hypot((x / size[0] - 0.5) / 0.1, (y / size[1] - 0.5) / 0.4) < 1).astype(np.float32)
    kinds = {f"controls__{kind}": True for kind in KINDS}
    make_shot(root, [picture], [matte], diffuse__engine="diffusion", **kinds)
    (root / "keys.json").write_text(keys_text(KeyList((Key(1),))), "utf-8")
    files.write_grey(root / "depth" / frame_name(1), (y / size[1]).astype(np.float32), 16)
    _person(root, size)


def _person(root: Path, size: tuple[int, int]) -> None:
    """Landmarks all over the middle of the picture: what drawing them costs does not ask where they are."""
    random = np.random.default_rng(1)
    found = empty_landmarks(1, 1)
    values = {}
    for field in dataclasses.fields(found):
        array = getattr(found, field.name)
        if array.ndim > 3 and array.dtype != bool and array.shape[-1] in (2, 3) and "world" not in field.name:
            array = (0.3 + 0.4 * random.random(array.shape)) * min(size)
        elif array.dtype != bool:
            array = np.ones_like(array)
        values[field.name] = array.astype(getattr(found, field.name).dtype)
    save_landmarks(root / "pose/landmarks.npz", type(found)(**values))


if __name__ == "__main__":
    sys.exit(main())
