# SPDX-License-Identifier: GPL-3.0-or-later
"""Quality and speed of `lineboil carry` on sequences with exact answers, beside EbSynth and the plain flow crossfade.

A sequence is a folder with `photo480/` (footage), `styled480/` (the right answer of every frame) and what the scorer
wants besides. Keys are taken from the answer; every run is a child process with the same settings. The crossfade is
`propagate.method=linear` in the same run. EbSynth's, the prototype's and the oracle's rows are cited: measured once
with the same scorer on the sequences `walk` and `talk` (research notes "Carrying keyframes", propagation.md).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
KEYS = {1: (1,), 2: (1, 48), 3: (1, 25, 48), 6: (1, 10, 20, 29, 39, 48)}
COLUMNS: tuple[str, ...] = (
    "psnr", "psnr_figure", "psnr_visible", "psnr_hidden", "ssim", "gradient", "sharpness", "flicker",
)
METHODS = {"Lineboil": (), "DIS flow, linear crossfade": ("propagate.method=linear",)}
# A parent that measures its one child: RUSAGE_CHILDREN of this process would add up all of them.
_MEASURED = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
wall = time.perf_counter() - started
print(json.dumps({"processor": used.ru_utime + used.ru_stime, "wall": wall, "memory": used.ru_maxrss}), file=sys.stderr)
sys.exit(code)
"""
_WALK = COLUMNS
_TALK: tuple[str, ...] = ("psnr", "psnr_figure", "ssim", "gradient", "sharpness", "flicker")
CITED: dict[str, dict[str, dict[int, tuple[float, ...]]]] = {
    "walk": {
        "EbSynth": {
            1: (18.40, 14.75, 19.80, 13.79, 0.591, 9.88, 0.815, 5.13),
            2: (20.49, 16.15, 21.29, 13.43, 0.695, 8.17, 0.760, 4.53),
            3: (22.80, 17.98, 23.02, 16.69, 0.788, 6.78, 0.818, 4.57),
            6: (24.91, 20.00, 25.08, 17.93, 0.862, 5.47, 0.867, 4.62),
        },
        "layers prototype": {
            1: (20.45, 15.85, 24.46, 13.41, 0.782, 6.07, 0.961, 4.05),
            2: (23.40, 17.29, 25.34, 13.39, 0.871, 4.29, 0.961, 3.42),
            3: (25.46, 18.44, 25.93, 16.79, 0.911, 3.43, 0.967, 3.12),
            6: (27.77, 20.68, 28.12, 18.12, 0.941, 2.71, 0.978, 2.81),
        },
        "oracle: exact correspondence": {
            1: (21.79, 17.49, 29.43, 13.61, 0.836, 4.38, 0.862, 3.45),
            2: (24.54, 21.08, 29.97, 11.88, 0.917, 3.00, 0.960, 2.72),
            3: (27.44, 21.95, 29.39, 12.72, 0.942, 2.55, 0.984, 2.30),
            6: (28.93, 23.22, 31.04, 12.38, 0.955, 2.29, 0.987, 2.23),
        },
    },
    "talk": {
        "EbSynth": {
            1: (26.67, 24.82, 0.929, 2.98, 0.935, 2.37),
            2: (29.11, 27.48, 0.951, 2.49, 0.929, 2.22),
            3: (30.03, 28.61, 0.959, 2.29, 0.934, 2.21),
            6: (30.99, 29.24, 0.965, 2.09, 0.947, 2.17),
        },
    },
}
NAMES: dict[str, tuple[str, ...]] = {"walk": _WALK, "talk": _TALK}


@dataclass(frozen=True)
class Run:
    """One carry: its figures of the scorer, and processor-seconds, seconds and peak memory of its process.

    Attributes:
        scores: By column; empty when the whole sequence was not carried.
        processor_seconds: A frame, of all threads; footage, motion and matte included.
        seconds: A frame, likewise.
        megabytes: Peak.
    """

    scores: dict[str, float]
    processor_seconds: float
    seconds: float
    megabytes: float


def main() -> None:
    """Measure and print the tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("LINEBOIL_SEQUENCES", SHARED / "gt")
    parser.add_argument("sequences", nargs="?", type=Path, default=Path(default), help="one, or a folder of some")
    parser.add_argument("--scorer", type=Path, default=SHARED / "tools" / "score-carry")
    parser.add_argument("--keys", default="1,2,3,6", help="numbers of keys")
    parser.add_argument("--frames", type=int, default=48, help="fewer are carried for a quick look, and not scored")
    parser.add_argument("--out", type=Path, default=None, help="keep the carried frames here")
    parser.add_argument("--sizes", default="480", help="sizes of footage and answer: 480, or 480,960 where there are")
    parser.add_argument("--set", action="append", default=[], help="a setting for all runs, to try it")
    parser.add_argument("--no-crossfade", action="store_true", help="leave the plain crossfade out")
    options = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}, {time.strftime('%Y-%m-%d')}")
    with tempfile.TemporaryDirectory() as folder:
        for sequence in found(options.sequences):
            for size in options.sizes.split(","):
                if (sequence / folders(size)[0]).is_dir():
                    measure(sequence, size, options, options.out or Path(folder))


def found(path: Path) -> list[Path]:
    """The sequence, or the sequences of a folder."""
    if (path / "photo480").is_dir():
        return [path]
    sequences = sorted(place.parent for place in path.glob("*/photo480"))
    return sequences or sys.exit(f"{path}: there are no sequences here")


def folders(size: str) -> tuple[str, str]:
    """Names of the folders with footage and answer."""
    return ("photo480", "styled480") if size == "480" else ("photo", "styled")


def measure(sequence: Path, size: str, options: argparse.Namespace, folder: Path) -> None:
    """All runs of one sequence at one size, and their table."""
    rows: list[tuple[str, int, Run]] = []
    methods = {name: words for name, words in METHODS.items() if not (options.no_crossfade and words)}
    for count in map(int, options.keys.split(",")):
        for name, words in methods.items():
            place = folder / f"{sequence.name}_{size}_{count}_{'linear' if words else 'carry'}"
            run = carried(sequence, size, count, [*words, *options.set], place, options)
            rows.append((name, count, run))
            print(f"{sequence.name} {size} {name} {count}: {run}", file=sys.stderr, flush=True)
    show(sequence.name, size, rows)


def carried(
    sequence: Path, size: str, count: int, settings: list[str], out: Path, options: argparse.Namespace
) -> Run:
    """One run of `lineboil carry`, from nothing, and its score."""
    footage, answer = (sequence / name for name in folders(size))
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys"
        keys.mkdir()
        for key in KEYS[count]:
            if key <= options.frames:
                shutil.copyfile(answer / f"{key:06d}.png", keys / f"{key:06d}.png")
        if options.frames < 48:
            footage = shortened(footage, Path(folder) / "footage", options.frames)
        words = ["carry", "--footage", footage, "--keys", keys, "--out", out, "--json"]
        for setting in settings:
            words += ["--set", setting]
        used = child([sys.executable, str(ROOT / "addon"), *map(str, words)])
    scores = {} if options.frames < 48 else score(options.scorer, sequence, out, count)
    megabytes = used["memory"] / (1024 if sys.platform == "linux" else 1024 * 1024)
    return Run(scores, used["processor"] / options.frames, used["wall"] / options.frames, megabytes)


def shortened(footage: Path, place: Path, count: int) -> Path:
    """The first frames of a folder."""
    place.mkdir()
    for frame in range(1, count + 1):
        shutil.copyfile(footage / f"{frame:06d}.png", place / f"{frame:06d}.png")
    return place


def child(command: list[str]) -> dict[str, float]:
    """Processor-seconds, seconds and peak memory of a command."""
    done = subprocess.run([sys.executable, "-c", _MEASURED, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stderr.splitlines()[-1])


def score(scorer: Path, sequence: Path, out: Path, count: int) -> dict[str, float]:
    """The scorer's figures."""
    command = [sys.executable, str(scorer), str(sequence), str(out), "--keys", str(count), "--json"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def show(name: str, size: str, rows: list[tuple[str, int, Run]]) -> None:
    """One table."""
    cited = CITED.get(name, {}) if size == "480" else {}
    columns = [column for column in COLUMNS if any(column in run.scores for _, _, run in rows)]
    counts = sorted({count for _, count, _ in rows})
    print(f"\n### {name}, {size}\n")
    titles = [*(column.removeprefix("psnr_") for column in columns), "processor s/frame", "s/frame", "peak MB"]
    print("| method | keys | " + " | ".join(titles) + " |\n" + "|---" * (2 + len(titles)) + "|")
    for method in dict.fromkeys(method for method, _, _ in rows):
        for run_method, count, run in rows:
            if run_method == method:
                speed = [f"{run.processor_seconds:.2f}", f"{run.seconds:.2f}", f"{run.megabytes:.0f}"]
                line([f"**{method}**" if method == "Lineboil" else method, str(count)], columns, run.scores, speed)
    for method, figures in cited.items():
        for count in counts:
            if columns and count in figures:
                values = dict(zip(NAMES[name], figures[count], strict=True))
                line([f"{method} (cited)", str(count)], columns, values, ["", "", ""])


def line(head: list[str], columns: list[str], values: dict[str, float], tail: list[str]) -> None:
    """One row of a table."""
    cells = [(f"{values[name]:.3f}" if name in ("ssim", "sharpness") else f"{values[name]:.2f}")
             if name in values else "" for name in columns]
    print("| " + " | ".join([*head, *cells, *tail]) + " |", flush=True)


if __name__ == "__main__":
    main()
