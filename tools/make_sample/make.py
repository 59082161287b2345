# SPDX-License-Identifier: GPL-3.0-or-later
"""The sample clip anew, from nothing: `python tools/make_sample/make.py` (about 20 minutes on 2 cores).

Needs both environments of `make env`. Frames go to `build/sample`, the clip to `samples/performer.mp4`.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Render, then encode; the exit status of the first step that fails."""
    frames = ROOT / "build" / "sample"
    folder = "Scripts" if os.name == "nt" else "bin"
    steps = (
        (".venv-blender", "make_sample.render", [str(frames)]),
        (".venv", "make_sample.encode", [str(frames), str(ROOT / "samples" / "performer.mp4")]),
    )
    for environment, module, arguments in steps:
        python = ROOT / environment / folder / "python"
        status = subprocess.run([str(python), "-m", module, *arguments], cwd=ROOT / "tools", check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
