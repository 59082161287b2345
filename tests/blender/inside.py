"""Run by Blender: enables the extension, runs `main(module, arguments)` of a script, and prints what it returns.

`module("addon.mirror")` gives a module of the extension, whatever its package is called here.
"""

import importlib
import importlib.util
import json
import sys
from pathlib import Path

import bpy

PACKAGE = "bl_ext.user_default.lineboil"


def module(name: str = "") -> object:
    return importlib.import_module(f"{PACKAGE}.{name}" if name else PACKAGE)


def load(path: Path) -> object:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


# What scripts share.
sys.path.insert(0, str(Path(__file__).resolve().parent / "inside"))
words = sys.argv[sys.argv.index("--") + 1 :]
if words[1] == "yes":
    bpy.ops.preferences.addon_enable(module=PACKAGE)
    if PACKAGE not in bpy.context.preferences.addons:
        raise RuntimeError("the extension could not be enabled")
result = load(Path(words[0])).main(module, words[2:])
if PACKAGE in bpy.context.preferences.addons:
    bpy.ops.preferences.addon_disable(module=PACKAGE)
print("RESULT " + json.dumps(result), flush=True)
