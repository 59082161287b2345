"""Looks and tries in a scene: applied, kept, restored and taken back, with a worker that pretends to work."""

import sys
from pathlib import Path
from types import SimpleNamespace

import bpy


def main(module, arguments) -> dict:
    folder, scripted = Path(arguments[0]), arguments[1]
    scene, ops, wm = bpy.context.scene, bpy.ops.lineboil, bpy.context.window_manager
    session, shots, tries = module("addon.session").current, module("addon.shots"), module("addon.engine.tries")
    command = [sys.executable, "-I", scripted, "well"]
    session.configure(folder, start=lambda: (command, folder / "worker.log", {}))
    root = folder / "shot"
    shots.set_shot(scene, root)
    settings = scene.lineboil.diffuse_settings
    found = {"no try": said(ops.restore_try), "not diffusion": said(ops.try_look)}
    settings.prompt = "a cat"
    found["look"] = [said(ops.apply_look, name="oil"), settings.engine, settings.prompt, settings.style[:12]]
    found["save"] = [said(ops.save_look, name="Evening"), said(ops.save_look, name="Evening")]
    look_list = module("addon.look_list")
    found["own"] = [look.identifier for look in look_list.load()[0] if look.is_own]
    found["folder"] = str(look_list.own_folder())
    ops.remove_look(name="evening")
    (folder / "shared.toml").write_text("format = 1\n[diffuse]\nstyle = 'in mud'\n", encoding="utf-8")
    found["add"] = [said(ops.add_look, filepath=str(folder / "shared.toml")),
                    said(ops.add_look, filepath=str(folder / "gone.toml"))]
    found["commands"] = commands(module, wm.lineboil_tries)
    found["history"] = history(module, tries, root, settings)
    return found


def said(operator, **words) -> str:
    try:
        return sorted(operator(**words))[0]
    except RuntimeError as error:
        return str(error).strip()


def commands(module, asked) -> list:
    """The command lines of the buttons."""
    kinds = module("ops.tries")
    context = SimpleNamespace(scene=bpy.context.scene, window_manager=bpy.context.window_manager)
    root = module("addon.shots").shot_root(context.scene)
    told = []

    def command(kind, **values):
        # What Blender gives an operator; only Blender can make one.
        it = SimpleNamespace(root=lambda _: root, frame=0, **values)
        words = kind.command(it, context)
        told.append([word for word in words if word != str(root)])

    context.scene.frame_set(12)
    asked.size = 0.25
    for what in ("FRAME", "GRID", "STRIP"):
        command(kinds.LINEBOIL_OT_try_look, what=what)
    asked.seeds, asked.strengths = 2, ".4,.6"
    command(kinds.LINEBOIL_OT_try_look, what="STRIP")
    command(kinds.LINEBOIL_OT_redraw)
    asked.part, asked.mask = "mask", str(root / "mask.png")
    command(kinds.LINEBOIL_OT_redraw)
    told[-1][-1] = Path(told[-1][-1]).name
    return told


def history(module, tries, root, settings) -> dict:
    """Tries on the disk, chosen, restored, kept and removed."""
    ops, listed = bpy.ops.lineboil, module("addon.try_list")
    kept = tries.Tries(root / "state")
    for seed in (5, 6):
        kept.add(b"\x89PNG", tries.Try(0, "key", (12,), {"diffuse": {"seed": seed, "prompt": f"cat {seed}"}}))
    listed.forget()
    chosen = [listed.chosen(bpy.context).number, bpy.context.window_manager.lineboil_tries.chosen]
    bpy.context.window_manager.lineboil_tries.chosen = "1"
    chosen += [listed.chosen(bpy.context).number]
    restored = [said(ops.restore_try), settings.seed, settings.prompt]
    other = [said(ops.restore_try, number=2), settings.seed]
    said(ops.keep_try)
    is_kept = kept.get(1).is_kept
    said(ops.remove_try, number=2)
    return {
        "chosen": chosen, "restored": restored, "other": other, "kept": is_kept, "left": kept.numbers(),
        "file": (root / "shot.toml").read_text(encoding="utf-8").count("cat 6"),
        "gone": said(ops.restore_try, number=2),
    }
