"""Opens a file, does edits given as text, saves, and writes down what its scenes are."""

import json
from pathlib import Path

import bpy


def case_look(given):
    path = there = given["blend"]
    if Path(path).is_file():
        bpy.ops.wm.open_mainfile(filepath=path, use_scripts=False)
    if given["edits"]:
        exec(given["edits"], names := {"bpy": bpy, "path": path})
        bpy.ops.wm.save_as_mainfile(filepath=names["path"])
    found = {scene.name: seen(scene) for scene in bpy.data.scenes}
    Path(there).with_name("look.json").write_text(json.dumps(found), encoding="utf-8")


def seen(scene):
    card = next((item for item in scene.objects if item.get("lineboil_id") == "card"), None)
    tree = card.material_slots[0].material.node_tree if card else None
    nodes = tree.nodes if tree else ()
    return {
        "shot": scene.get("lineboil_shot"),
        "stamp": scene.get("lineboil_stamp"),
        "pictures": [node.image.filepath for node in nodes if node.type == "TEX_IMAGE"],
        "glow": [node.inputs["Emission Strength"].default_value for node in nodes if node.type == "BSDF_PRINCIPLED"],
        "workspaces": sorted(item.name for item in bpy.data.workspaces),
        "end": scene.frame_end,
        "fps": scene.render.fps,
        "objects": sorted(item.name for item in scene.objects),
    }
