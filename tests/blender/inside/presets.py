"""Applies, saves and removes presets in a scene."""

from pathlib import Path

import bpy


def main(module, arguments) -> dict:
    presets, shots, errors = module("addon.preset_list"), module("addon.shots"), module("addon.engine.errors")
    scene = bpy.context.scene
    try:
        presets.apply(scene, "pencil")
        refused = ""
    except errors.EngineError as error:
        refused = str(error)
    shots.set_shot(scene, Path(arguments[0]))
    names = [preset.name for preset in presets.load()[0]]
    presets.apply(scene, "pencil")
    settings = scene.lineboil.diffuse_settings
    look = [settings.look, settings.line_weight]
    settings.saturation = 0.5
    presets.save(scene, "Evening", ["diffuse"])
    saved = own(presets)
    presets.remove("evening")
    return {
        "names": names, "look": look, "saved": saved, "removed": own(presets), "refused": refused,
        "folder": str(presets.own_folder()),
    }


def own(presets) -> list:
    found = [preset for preset in presets.load()[0] if preset.is_own]
    return [[preset.identifier, preset.values["diffuse.saturation"] == 0.5] for preset in found]
