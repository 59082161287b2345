# SPDX-License-Identifier: GPL-3.0-or-later
"""Footage to a rendered, lit 3D shot on embedded engines, and where to find everything.

Calls the `lineboil` command line as an artist would, one verb after the other.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "samples" / "performer.mp4"
# Long enough to see it move, short enough for a coffee on two cores.
EXCERPT_FRAMES = 40
WORK_SETTINGS = ("footage.long_side=640", "diffuse.engine=filter")


def main() -> int:
    """Make the demo shot; returns the exit code of the first command that fails."""
    options = arguments()
    clip = Path(options.clip).expanduser() if options.clip else SAMPLE
    shot = ROOT / "demo" / re.sub(r"[^A-Za-z0-9_-]+", "_", clip.stem)
    started = time.monotonic()
    try:
        make_shot(shot, clip)
        lineboil("run", shot)
        lineboil("build", shot)
        frames = options.frames or excerpt(shot)
        lineboil("render", shot, "--frames", frames, "quality=preview")
        lineboil("sheet", shot)
    except subprocess.CalledProcessError as error:
        print("The demo stopped. What is finished is kept: the same command goes on from there.")
        return error.returncode
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.")
        return 130
    tell(shot, frames, time.monotonic() - started)
    return 0


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clip", default="", help="your own clip; the sample when not given")
    parser.add_argument("--frames", default="", help="frames to render, like 20-60")
    return parser.parse_args()


def make_shot(shot: Path, clip: Path) -> None:
    """A shot folder for the clip; one that is there goes on."""
    if (shot / "shot.toml").is_file():
        lineboil("set", shot, f"footage.source={clip.resolve().as_posix()}")
        return
    lineboil("new", shot, "--footage", clip, *WORK_SETTINGS)


def lineboil(*words: object) -> None:
    """Run one command of the program; its progress is shown."""
    print(f"\n$ lineboil {' '.join(str(word) for word in words)}", flush=True)
    subprocess.run([sys.executable, str(ROOT / "addon"), *map(str, words)], check=True)


def frame_count(shot: Path) -> int:
    """Number of frames of a shot whose footage has been read."""
    return int(json.loads((shot / "footage.json").read_text(encoding="utf-8"))["count"])


def excerpt(shot: Path) -> str:
    """The middle of the shot, as frames to render."""
    count = frame_count(shot)
    length = min(count, EXCERPT_FRAMES)
    first = (count - length) // 2 + 1
    return f"{first}-{first + length - 1}"


def tell(shot: Path, frames: str, seconds: float) -> None:
    """Say where everything is, what was left out and how to get it."""
    pictures = sorted((shot / "render").glob("??????.png"))
    movies = sorted(shot.glob(f"{shot.name}_render*.mp4"), key=lambda path: path.stat().st_mtime)
    rows = {
        "rendered movie": movies[-1] if movies else None,
        "a still of it": pictures[len(pictures) // 2] if pictures else None,
        "Blender scene": shot / f"{shot.name}.blend",
        "contact sheet": shot / "sheet.png",
        "restyled movie": shot / f"{shot.name}.mp4",
    }
    print(f"\nDone in {seconds / 60:.1f} minutes.")
    for name, path in rows.items():
        print(f"  {name + ':':<16}{path if path and path.is_file() else 'not made'}")
    count = frame_count(shot)
    print(f"\nLeft out: rendered are frames {frames} of {count}, small, with few samples. The whole, in full quality:")
    print(f"  {program()} render {shot} quality=final")
    print("The look comes from the embedded filter and the depth is a layout depth; `shot.toml` has every setting.")


def program() -> str:
    """How to call the command line from here."""
    folder = ROOT / ".venv" / ("Scripts" if sys.platform == "win32" else "bin")
    try:
        return str((folder / "lineboil").relative_to(Path.cwd()))
    except ValueError:
        return str(folder / "lineboil")


if __name__ == "__main__":
    sys.exit(main())
