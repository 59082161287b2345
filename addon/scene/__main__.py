# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry of the child process: `python <repo>/addon/scene/__main__.py JOB` or `blender -b --python ... -- JOB`."""

import importlib
import importlib.util
import sys
from pathlib import Path

# The repository root is the package `lineboil`; it never goes on sys.path, where its folders would hide others.
_ROOT = Path(__file__).resolve().parents[2]


def _load_package() -> None:
    if "lineboil" in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(
        "lineboil", _ROOT / "__init__.py", submodule_search_locations=[str(_ROOT)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{_ROOT} is not the Lineboil package")
    package = importlib.util.module_from_spec(spec)
    sys.modules["lineboil"] = package
    spec.loader.exec_module(package)


_load_package()
_arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
importlib.import_module("lineboil.addon.scene.job").main(Path(_arguments[0]))
