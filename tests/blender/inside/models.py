"""Models of diffusion in a scene: listed, chosen, weighed, and what the buttons ask of the worker."""

import sys
from pathlib import Path
from types import SimpleNamespace

import bpy


def main(module, arguments) -> dict:
    folder, scripted = Path(arguments[0]), arguments[1]
    scene, ops = bpy.context.scene, bpy.ops.lineboil
    session, models = module("addon.session").current, module("addon.model_list")
    command = [sys.executable, "-I", scripted, "well"]
    session.configure(folder, start=lambda: (command, folder / "worker.log", {}))
    module("addon.shots").set_shot(scene, folder / "shot")
    settings, controls = scene.lineboil.diffuse_settings, scene.lineboil.controls_settings
    settings.engine = "diffusion"
    found = {"before": len(models.choices("checkpoint", ""))}
    found["folder"] = said(ops.add_model_folder, directory=str(folder / "comfy"))
    found["no folder"] = said(ops.add_model_folder, directory=str(folder / "nowhere"))
    found["own"] = [(item.label, item.is_here) for item in models.choices("checkpoint", "") if "/" in item.name]
    found["loras"] = [item.label for item in models.choices("lora", "sd15") if "/" in item.name]
    found["family"] = [models.family_of(settings)]
    found["lacking"] = [item.model.name for item in models.lacking(settings, controls)]
    controls.depth = False
    settings.controlnets = "openpose=mine"
    found["fewer"] = [item.model.name for item in models.lacking(settings, controls)]
    settings.family = "sdxl"
    found["family"].append(models.family_of(settings))
    found["chosen"] = [said(ops.choose_model, name="sdxl"), settings.model, settings.family, models.family_of(settings)]
    found["vae"] = [said(ops.choose_model, setting="vae", name="sdxl-vae"), settings.vae]
    ops.choose_model(name="")
    for name in ("ink", "/a/deep, folder/rain.safetensors".replace(", ", "_"), "ink"):
        ops.add_lora(name=name)
    found["added"] = settings.loras
    found["weighed"] = [said(ops.weigh_lora, index=1, weight=0.5), settings.loras]
    found["beyond"] = said(ops.weigh_lora, index=7, weight=0.5)
    found["removed"] = [said(ops.remove_lora, index=0), settings.loras]
    found["commands"] = commands(module)
    found["online"] = said(ops.get_model, name="sd15") if not bpy.app.online_access else "online"
    return found


def commands(module) -> list:
    """What the buttons ask of the worker, and what they say before."""
    kinds = module("ops.models")
    it = SimpleNamespace(name="sd15")
    get, remove = kinds.LINEBOIL_OT_get_model, kinds.LINEBOIL_OT_remove_model
    return [get.command(it, None), remove.command(it, None), " ".join(get.lines(it))]


def said(operator, **words) -> str:
    try:
        return sorted(operator(**words))[0]
    except RuntimeError as error:
        return str(error).strip()
