"""A shot as the scene finds it: a drawn figure with matte, disparity and sound; and a look into a `.blend`."""

from __future__ import annotations

import json
import math
import subprocess
import wave
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from lineboil.addon.engine.blender import find_blender
from lineboil.addon.engine.footage import Footage, footage_text
from lineboil.addon.engine.frames import frame_name
from lineboil.addon.engine.image import files
from lineboil.addon.engine.image.sound import extract_sound
from lineboil.addon.engine.shot import create
from stage_runner import run_stage

WIDTH, HEIGHT, COUNT = 192, 144, 6
NEAR, FAR, FOCAL = 2.0, 6.0, 150.0
DISTANCE = 4.0
FEET_ROW = 120
_INSPECT = Path(__file__).resolve().parent / "scene" / "inspect_scene.py"

__all__ = ["COUNT", "HEIGHT", "WIDTH", "inspect", "make_scene_shot", "run_stage"]


def disparity(metres: float | np.ndarray) -> np.ndarray:
    return (1 / np.asarray(metres, np.float32) - 1 / FAR) / (1 / NEAR - 1 / FAR)


def drawn(frame: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Colour, matte and distance of a bulging figure that walks to the right."""
    matte = np.zeros((HEIGHT, WIDTH), np.float32)
    x = 80 + 3 * frame
    cv2.circle(matte, (x, 40), 10, (1.0,), -1, cv2.LINE_AA)
    cv2.rectangle(matte, (x - 14, 50), (x + 14, 90), (1.0,), -1)
    for leg in (-9, 9):
        cv2.rectangle(matte, (x + leg - 4, 90), (x + leg + 4, FEET_ROW - 1), (1.0,), -1)
    colour = np.empty((HEIGHT, WIDTH, 3), np.float32)
    colour[:] = (0.9, 0.25, 0.1)
    colour[90:] = (0.1, 0.2, 0.7)
    across = (np.arange(WIDTH, dtype=np.float32) - x) / 20
    metres = DISTANCE - 0.2 * np.clip(1 - across**2, 0, 1)
    return colour, matte, np.repeat(metres[None], HEIGHT, 0)


def make_scene_shot(root: Path, count: int = COUNT, rate: Fraction = Fraction(30000, 1001), **values) -> Path:
    """A shot folder with everything the build reads."""
    create(root, {name.replace("__", "."): value for name, value in values.items()})
    for frame in range(1, count + 1):
        colour, matte, metres = drawn(frame)
        files.write_rgb(root / "cutout/colour" / frame_name(frame), colour)
        files.write_grey(root / "matte" / frame_name(frame), matte)
        files.write_grey(root / "cutout/depth" / frame_name(frame), disparity(metres), bits=16)
    facts = {"near_metres": NEAR, "far_metres": FAR, "focal_pixels": FOCAL}
    (root / "depth").mkdir()
    (root / "depth/depth.json").write_text(json.dumps(facts), encoding="utf-8")
    write_sound(root / "state/tone.wav", count / float(rate))
    extract_sound(root / "state/tone.wav", root / "sound.flac", 0.0, count / float(rate))
    footage = Footage(
        source="clip.mp4",
        width=WIDTH,
        height=HEIGHT,
        count=count,
        frame_rate=rate,
        times_seconds=tuple(float(index / rate) for index in range(count)),
        duration_seconds=float(count / rate),
        scenes=((1, count),),
        sound="sound.flac",
    )
    (root / "footage.json").write_text(footage_text(footage), encoding="utf-8")
    return root


def write_sound(path: Path, seconds: float) -> None:
    rate = 48000
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = (8000 * np.sin(2 * math.pi * 440 * np.arange(round(seconds * rate)) / rate)).astype("<i2")
    with wave.open(str(path), "wb") as stream:
        stream.setparams((1, 2, rate, len(tone), "NONE", ""))
        stream.writeframes(tone.tobytes())


def inspect(blend: Path, edits: str = "") -> dict:
    """What a Blender without any of our code finds in a file; `edits` is Python done and saved first."""
    blender = find_blender()
    arguments = [str(blend), edits]
    command = [str(blender.path), str(_INSPECT), *arguments]
    if blender.kind == "program":
        switches = ["--background", "--factory-startup", "--python-exit-code", "1"]
        command = [str(blender.path), *switches, "--python", str(_INSPECT), "--", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("FOUND ")]
    assert lines, done.stdout + done.stderr
    return json.loads(lines[-1].removeprefix("FOUND "))
