"""Run by a Python with the bpy module: asks a door several things, and says each exit code.

Behind "--" stands one JSON object: the door, the .blend to open, and what is asked with which environment variables.
"""

import importlib
import json
import os
import runpy
import sys
from pathlib import Path

import bpy

MAIN = Path(__file__).resolve().parents[3] / "addon" / "__main__.py"
PACKAGE = "bl_ext.user_default.lineboil"


def ask(door: str, words: list) -> int:
    if door == "command":
        return importlib.import_module(f"{PACKAGE}.addon.headless").command(words)
    sys.argv = [str(MAIN), "--", *words]
    try:
        runpy.run_path(str(MAIN), run_name="__main__")
    except SystemExit as end:
        return end.code
    raise RuntimeError("the door does not end Blender")


given = json.loads(sys.argv[-1])
if given["door"] == "command":
    bpy.ops.preferences.addon_enable(module=PACKAGE)
    if given["blend"] is None and given["cases"] == []:
        bpy.ops.wm.save_userpref()
if given["blend"]:
    bpy.ops.wm.open_mainfile(filepath=given["blend"])
for case in given["cases"]:
    kept = dict(os.environ)
    os.environ.update(case["variables"])
    print("CASE", flush=True)
    code = ask(given["door"], case["words"])
    print(f"CODE {code}", flush=True)
    os.environ.clear()
    os.environ.update(kept)
if len(given["cases"]) == 1:
    sys.exit(code)
