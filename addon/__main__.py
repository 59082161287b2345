# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way in without an installation: `python <checkout>/addon run SHOT`, or the same asked of Blender,
`blender -b [FILE.blend] --python <checkout>/addon/__main__.py -- run`.

Loads the package under its own name from wherever it lies, because its folder may be called anything. Read by any
Python 3, to say which one is needed.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import sys
from pathlib import Path

PACKAGE = "lineboil"
OLDEST_PYTHON = (3, 11)
OLDEST_BLENDER = (4, 2, 0)
STOPPED = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def load_package() -> None:
    """Make the checkout importable as `lineboil` without putting its parent on `sys.path`."""
    if PACKAGE in sys.modules:
        return
    root = Path(__file__).resolve().parent.parent
    spec = importlib.util.spec_from_file_location(
        PACKAGE, root / "__init__.py", submodule_search_locations=[str(root)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"no package in {root}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


def main() -> int:
    """Run the command line; returns its exit code."""
    problem = too_old()
    if problem:
        sys.stderr.write(problem + "\n")
        return 1
    if "bpy" in sys.modules:
        load_package()
        return in_blender()
    for number in SIGNALS:
        # While the program loads there is nothing to end in order; the command line then listens itself.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: os._exit(STOPPED))
    own_folder = str(Path(__file__).resolve().parent)
    # Python puts a folder it runs on the path: there the engine could be imported a second time.
    sys.path[:] = [entry for entry in sys.path if not entry or str(Path(entry).resolve()) != own_folder]
    load_package()
    importlib.import_module(f"{PACKAGE}.addon.parent").end_with_parent()
    code = program(sys.argv[1:])
    for number in SIGNALS:
        # The last word is said, and the code stands.
        signal.signal(number, signal.SIG_IGN)
    return code


def too_old() -> str:
    """Why this Python, or the Blender it is in, cannot run Lineboil; "" when it can."""
    blender = sys.modules.get("bpy")
    if blender is not None and tuple(blender.app.version) < OLDEST_BLENDER:
        return f"Error: Lineboil needs Blender 4.2 or newer; this one is {blender.app.version_string}."
    if sys.version_info < OLDEST_PYTHON:
        return f"Error: Lineboil needs Python 3.11 or 3.13; this one is {sys.version.split()[0]}."
    return ""


def in_blender() -> int:
    """The verbs, asked of the Blender this runs in."""
    code: int = importlib.import_module(f"{PACKAGE}.addon.headless").script()
    return code


def program(words: list[str]) -> int:
    """The verbs, in this process: its environment is looked after by a part that needs nothing installed."""
    name = "environment" if words[:1] == ["environment"] else "engine.cli"
    module = importlib.import_module(f"{PACKAGE}.addon.{name}")
    code: int = module.main(words[1:] if name == "environment" else words)
    return code


if __name__ == "__main__":
    sys.exit(main())
