# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way in without an installation: `python <checkout>/addon run SHOT`.

Loads the package under its own name from wherever it lies, because its folder may be called anything.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import signal
import sys
from pathlib import Path

PACKAGE = "lineboil"
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
    for number in SIGNALS:
        # While the program loads there is nothing to end in order; the command line then listens itself.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: os._exit(STOPPED))
    own_folder = str(Path(__file__).resolve().parent)
    # Python puts a folder it runs on the path: there the engine could be imported a second time.
    sys.path[:] = [entry for entry in sys.path if not entry or str(Path(entry).resolve()) != own_folder]
    load_package()
    code: int = importlib.import_module(f"{PACKAGE}.addon.engine.cli").main()
    for number in SIGNALS:
        # The last word is said, and the code stands.
        signal.signal(number, signal.SIG_IGN)
    return code


if __name__ == "__main__":
    sys.exit(main())
