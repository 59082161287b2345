"""Run by Blender: every `case_...` of a file, each in Blender's factory startup, with the package `lineboil` loaded."""

import importlib.util
import json
import os
import sys
import traceback
from pathlib import Path

import bpy

ROOT = Path(__file__).resolve().parents[2]


def load(name: str, path: Path, **places):
    spec = importlib.util.spec_from_file_location(name, path, **places)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    load("lineboil", ROOT / "__init__.py", submodule_search_locations=[str(ROOT)])
    cases, given = load("cases", Path(arguments[0])), json.loads(arguments[1])
    results = {}
    for name in [name for name in dir(cases) if name.startswith("case_")]:
        bpy.ops.wm.read_factory_settings()
        try:
            getattr(cases, name)(given)
            results[name] = ""
        except BaseException:  # noqa: BLE001  a case may fail in any way
            results[name] = traceback.format_exc()
    print("\nRESULTS " + json.dumps(results), flush=True)


try:
    main()
except BaseException:  # noqa: BLE001  told by there being no results
    traceback.print_exc()
sys.stdout.flush()
os._exit(0)
