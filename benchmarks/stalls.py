# SPDX-License-Identifier: GPL-3.0-or-later
"""How long Blender's main loop pauses while a shot runs, in real Blenders with their windows on a virtual screen.

    python benchmarks/stalls.py BLENDER [BLENDER …]

For comparison the same shot runs from a terminal beside the same Blender: what both have in common is the load of the
machine, not the extension. Needs `make env`, `make zip`, Xvfb and xwd. Prints the table of docs/benchmarks.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DRIVE = ROOT / "tests" / "window" / "drive.py"


def main() -> int:
    """Measure each Blender; returns 0 when all could be."""
    archive = next((ROOT / "dist").glob("lineboil-*.zip"), None)
    if archive is None or not sys.argv[1:]:
        print(__doc__)
        return 2
    print("| Blender | while | longest pause ms | 99 of 100 under ms | longest of ours ms |")
    print("|---|---|---|---|---|")
    return max(measure(Path(word), archive) for word in sys.argv[1:])


def measure(blender: Path, archive: Path) -> int:
    """Drive one Blender and print its rows."""
    out = ROOT / "demo" / f"stalls-{blender.name}"
    variables = {"LINEBOIL_ENVIRONMENT": str(ROOT / ".venv"), **os.environ}
    words = [sys.executable, str(DRIVE), str(blender), str(archive), str(out), "stalls"]
    done = subprocess.run(words, env=variables, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        print(done.stdout)
        return 1
    found = json.loads((out / "stalls.json").read_text(encoding="utf-8"))
    for label, seconds in found["facts"]["longest_pause"].items():
        usual = found["facts"]["pause_99"][label]
        ours = found["facts"].get(f"longest callback of ours, {label}", [0])[0]
        numbers = " | ".join(f"{1000 * value:.0f}" for value in (seconds, usual, ours))
        print(f"| {found['blender']} | {label} | {numbers} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
