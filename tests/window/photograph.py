"""Photographs the sidebar in every state it knows, with every panel open and with only the first.

    python tests/window/photograph.py BLENDER ZIP OUT

The states are told to the panels, not lived through (drive.py does that), so that each can be looked at in seconds.
Needs Xvfb and xwd.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import display as display_module
from drive import end, environment, install

_PATIENCE_SECONDS = 180


def main() -> int:
    """Photograph; returns 0 when Blender ended by itself."""
    blender, archive, out = (Path(word).resolve() for word in sys.argv[1:4])
    shutil.rmtree(out, ignore_errors=True)
    (out / "user").mkdir(parents=True)
    install(archive, out / "user")
    # So high that every panel fits in.
    display_module.HEIGHT = 6000
    with display_module.screen() as display:
        ends = [photograph_states(blender, out, display, play) for play in ("every_state", "every_panel")]
    return max(ends)


def photograph_states(blender: Path, out: Path, display: str, play: str) -> int:
    """Play states.py and take the photographs it asks for."""
    size = [str(number) for number in (0, 0, display_module.WIDTH, display_module.HEIGHT)]
    command = [
        str(blender), "--factory-startup", "--python-exit-code", "3", "--window-geometry", *size,
        "--python", str(Path(__file__).with_name("states.py")), "--", str(out), play,
    ]
    with (out / f"{play}.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=quiet(environment(out, display)), stdout=log, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )
        try:
            until = time.monotonic() + _PATIENCE_SECONDS
            while process.poll() is None and time.monotonic() < until:
                answer(out, display)
                time.sleep(0.1)
            return 1 if process.poll() is None else int(process.returncode)
        finally:
            end(process)


def answer(out: Path, display: str) -> None:
    """Take a photograph when one is asked for."""
    request = out / "photo"
    if request.exists():
        display_module.photograph(display, out / f"{request.read_text(encoding='utf-8')}.png")
        request.unlink()


def quiet(variables: dict[str, str]) -> dict[str, str]:
    """No environment of this machine is found: whether there is one is a state, too."""
    return {name: value for name, value in variables.items() if not name.startswith("LINEBOIL_")} | {
        "PATH": os.environ["PATH"]
    }


if __name__ == "__main__":
    sys.exit(main())
