# SPDX-License-Identifier: GPL-3.0-or-later
"""Chosen keys against evenly spaced ones: the carried result, for the same number of keys.

A sequence is a folder with `photo480/` (footage) and `styled480/` (the right answer of every frame). For each number of
keys `lineboil keys` chooses from the footage alone; the answer's pictures of the keys are then carried by `lineboil
carry`, and the same for keys spread evenly in two ways: from the first frame to the last, and in the middles of equal
parts. PSNR in dB is the mean over the frames that are not keys, and in brackets that of the mean squared error of all
frames, keys included. `shown` is what `lineboil keys --suggest` predicts: the mean share of the picture that a key
shows.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


def main() -> None:
    """Measure and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("LINEBOIL_SEQUENCES", SHARED / "gt")
    parser.add_argument("sequences", nargs="?", type=Path, default=Path(default), help="one, or a folder of some")
    parser.add_argument("--keys", default="2,3,4,6", help="numbers of keys")
    parser.add_argument("--long-side", type=int, default=0, help="carry at this size, for a quick look")
    options = parser.parse_args()
    path: Path = options.sequences
    is_one = (path / "photo480").is_dir()
    sequences = [path] if is_one else sorted(place.parent for place in path.glob("*/photo480"))
    print("| sequence | keys | chosen | shown | first to last | middles of equal parts | chosen frames |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for sequence in sequences:
        with tempfile.TemporaryDirectory() as folder:
            measure(prepared(sequence, Path(folder), options.long_side), sequence.name, options.keys)


def prepared(sequence: Path, folder: Path, long_side: int) -> Path:
    """A folder with `footage/` and `answer/` at the size wanted."""
    for source, name in (("photo480", "footage"), ("styled480", "answer")):
        place = folder / name
        place.mkdir()
        for path in sorted((sequence / source).glob("*.png")):
            picture = cv2.imread(str(path))
            scale = long_side / max(picture.shape[:2]) if long_side else 1.0
            if scale < 1:
                picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            cv2.imwrite(str(place / path.name), picture)
    return folder


def measure(folder: Path, name: str, counts: str) -> None:
    """The rows of one sequence."""
    shot, footage = folder / "shot", folder / "footage"
    total = len(list(footage.glob("*.png")))
    lineboil("new", shot, "--footage", footage, "matte.engine=off")
    suggested = lineboil("keys", shot, "--suggest", "--quality", "0.999")
    table = {row["keys"]: row for row in suggested["table"]}
    for count in map(int, counts.split(",")):
        (shot / "keys.json").unlink(missing_ok=True)
        lineboil("set", shot, f"keys.count={count}")
        chosen = [int(frame) for frame in lineboil("keys", shot)["keys"].split(", ")]
        even = [round_half_up(frame) for frame in np.linspace(1, total, count)]
        middles = [round_half_up((index + 0.5) * total / count + 0.5) for index in range(count)]
        figures = [scored(folder, keys, total) for keys in (chosen, even, middles)]
        cells = [f"{rest:.2f} ({every:.2f})" for rest, every in figures]
        frames = ", ".join(map(str, chosen))
        print(f"| {name} | {count} | {cells[0]} | {table[count]['shown']:.3f} | {cells[1]} | {cells[2]} | {frames} |",
              flush=True)


def round_half_up(value: float) -> int:
    """The nearest whole number."""
    return math.floor(value + 0.5)


def scored(folder: Path, keys: list[int], total: int) -> tuple[float, float]:
    """PSNR of the carried frames: mean over those that are no keys, and of the mean squared error of all."""
    painted, out = folder / "keys", folder / "out"
    for place in (painted, out):
        shutil.rmtree(place, ignore_errors=True)
    painted.mkdir()
    for key in keys:
        shutil.copyfile(folder / "answer" / f"{key:06d}.png", painted / f"{key:06d}.png")
    lineboil("carry", "--footage", folder / "footage", "--keys", painted, "--out", out)
    errors = [error(out / f"{frame:06d}.png", folder / "answer" / f"{frame:06d}.png") for frame in range(1, total + 1)]
    rest = [decibels(errors[frame - 1]) for frame in range(1, total + 1) if frame not in keys]
    return float(np.mean(rest)), decibels(float(np.mean(errors)))


def error(made: Path, answer: Path) -> float:
    """Mean squared error of two pictures, 0..1."""
    pair = [cv2.imread(str(path)).astype(np.float32) / 255 for path in (made, answer)]
    return float(np.square(pair[0] - pair[1]).mean())


def decibels(squared_error: float) -> float:
    """PSNR of a mean squared error, 100 at most."""
    return -10 * math.log10(max(squared_error, 1e-10))


def lineboil(*words: object) -> dict[str, Any]:
    """The result of a command."""
    command = [sys.executable, str(ROOT / "addon"), *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    last = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{last}\n{done.stderr}")
    return last["result"]


if __name__ == "__main__":
    main()
