# SPDX-License-Identifier: GPL-3.0-or-later
"""Speed and memory of every stage of the road: frames a second, peak memory, share of the whole.

Each stage runs as its own process (`lineboil run SHOT --stage S`), on the sample clip scaled to each size. The unit
beside the seconds is one plain OpenCV DIS flow of the same pictures, measured in the same run: machines differ, that
ratio hardly does. `--lengths` compares peak memory of a short and a long clip.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "samples" / "performer.mp4"
SIZES = ((480, 270), (960, 540), (1920, 1080))
STAGES = ("footage", "flow", "pose", "matte", "depth", "keys", "diffuse", "propagate", "upscale", "cutout", "encode")
SETTINGS = ("diffuse.engine=filter",)
# A child's peak starts at its parent's size, and this process is large: a small one stands between.
_MEASURED = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Measure:
    """One stage: seconds it took for all frames, and its process's peak memory in MB."""

    seconds: float
    megabytes: float


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=24, help="frames of the clip that are measured")
    parser.add_argument("--sizes", default=",".join(f"{w}x{h}" for w, h in SIZES))
    parser.add_argument("--lengths", action="store_true", help="also a clip four times as long, at the first size")
    parser.add_argument("--clip", type=Path, default=SAMPLE)
    options = parser.parse_args()
    sizes = [tuple(map(int, text.split("x"))) for text in options.sizes.split(",")]
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}, {time.strftime('%Y-%m-%d')}")
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            frames = read_frames(options.clip, size, options.frames)
            show(size, len(frames), measure(Path(folder), size, frames), flow_seconds(frames))
        if options.lengths:
            show_lengths(Path(folder), sizes[0], read_frames(options.clip, sizes[0], options.frames))


def read_frames(clip: Path, size: tuple[int, int], count: int) -> list[np.ndarray]:
    """First frames of a clip at a size, played to and fro when the clip is too short."""
    with av.open(str(clip)) as container:
        pictures = itertools.islice(container.decode(video=0), count)
        decoded = [frame.to_ndarray(format="rgb24") for frame in pictures]
    scaled = [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in decoded]
    there_and_back = scaled + scaled[-2:0:-1]
    return [there_and_back[index % len(there_and_back)] for index in range(count)]


def write_clip(path: Path, frames: list[np.ndarray]) -> Path:
    """Frames as an H.264 clip."""
    height, width = frames[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24, options={"crf": "14", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


def measure(folder: Path, size: tuple[int, int], frames: list[np.ndarray]) -> dict[str, Measure]:
    """Run the road stage by stage."""
    name = f"{size[0]}x{size[1]}_{len(frames)}"
    clip = write_clip(folder / f"{name}.mp4", frames)
    shot = folder / name
    lineboil("new", shot, "--footage", clip, f"footage.long_side={max(size)}", "footage.multiple=1", *SETTINGS)
    return {stage: lineboil("run", shot, "--stage", stage, stage=stage) for stage in STAGES}


def lineboil(*words: object, stage: str = "") -> Measure:
    """One command in its own process; seconds of the named stage, and the process's peak memory."""
    command = [sys.executable, str(ROOT / "addon"), *map(str, words), "--json"]
    done = subprocess.run([sys.executable, "-c", _MEASURED, *command], capture_output=True, text=True, check=False)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode:
        sys.exit(f"lineboil {' '.join(map(str, words))}: {messages[-1]}")
    seconds = [m["seconds"] for m in messages if m["kind"] == "stage_done" and m["stage"] == stage]
    unit = 1024 if sys.platform == "linux" else 1024 * 1024
    return Measure(seconds[0] if seconds else 0.0, int(done.stderr.split()[-1]) / unit)


def flow_seconds(frames: list[np.ndarray]) -> float:
    """Median seconds of one plain DIS MEDIUM flow: the unit of comparison."""
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames[:8]]
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    taken = []
    for before, after in zip(grey, grey[1:], strict=False):
        started = time.perf_counter()
        finder.calc(before, after, None)
        taken.append(time.perf_counter() - started)
    return float(np.median(taken))


def show(size: tuple[int, int], count: int, measures: dict[str, Measure], unit: float) -> None:
    """One table as Markdown."""
    total = sum(entry.seconds for entry in measures.values())
    print(f"\n### {size[0]}x{size[1]}, {count} frames\n")
    print("| stage | frames/s | s/frame | in DIS flows | peak memory MB | share |\n|---|---|---|---|---|---|")
    for stage, entry in measures.items():
        each = entry.seconds / count
        rate = f"{1 / each:.1f}" if each else "-"
        share = entry.seconds / total if total else 0
        print(f"| {stage} | {rate} | {each:.3f} | {each / unit:.1f} | {entry.megabytes:.0f} | {share:.0%} |")
    peak = max(entry.megabytes for entry in measures.values())
    each = total / count
    print(f"| **all** | {1 / each:.2f} | {each:.3f} | {each / unit:.1f} | {peak:.0f} | 100% |", flush=True)


def show_lengths(folder: Path, size: tuple[int, int], frames: list[np.ndarray]) -> None:
    """Peak memory of a clip and of one four times as long."""
    long = measure(folder, size, frames * 4)
    short = measure(folder / "short", size, frames) if (folder / "short").mkdir() is None else {}
    print(f"\n### Peak memory at {size[0]}x{size[1]}, MB\n")
    print(f"| stage | {len(frames)} frames | {len(frames) * 4} frames | ratio |\n|---|---|---|---|")
    for stage, entry in short.items():
        grown = long[stage].megabytes
        print(f"| {stage} | {entry.megabytes:.0f} | {grown:.0f} | {grown / entry.megabytes:.2f} |")


if __name__ == "__main__":
    main()
