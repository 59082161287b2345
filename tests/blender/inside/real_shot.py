"""Builds a real shot in the open scene with the real worker, takes it back, and takes the shot away in mid-run."""

import shutil
from pathlib import Path

import bpy


def names() -> list:
    return sorted(item.name for item in bpy.data.objects)


def refused(operator, **properties) -> str:
    try:
        return str(sorted(operator(**properties)))
    except RuntimeError as error:
        return str(error).strip()


def main(module, arguments) -> dict:
    python, addon, root, folder = arguments[0], arguments[1], Path(arguments[2]), Path(arguments[3])
    session, shots = module("addon.session").current, module("addon.shots")
    command = [python, "-I", addon, "serve", "--json"]
    session.configure(folder, start=lambda: (command, folder / "worker.log", {"LINEBOIL_BLENDER": "/none"}))
    scene = bpy.context.scene
    shots.set_shot(scene, root)
    found = {"before": names()}
    bpy.context.view_layer.objects.active = bpy.data.objects["Cube"]
    bpy.ops.object.mode_set(mode="EDIT")
    found["edit mode"] = refused(bpy.ops.lineboil.build)
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.ops.ed.undo_push(message="begin")

    found["built"] = sorted(bpy.ops.lineboil.build("EXEC_DEFAULT", True))
    found["objects"] = names()
    found["chosen"] = [item.name for item in bpy.context.selected_objects]
    found["paths"] = sorted(image.filepath for image in bpy.data.images if image.name.startswith("Figure"))
    bpy.ops.ed.undo()
    found["undone"] = names()
    bpy.ops.ed.redo()
    found["redone"] = names()
    found["again"] = sorted(bpy.ops.lineboil.build("EXEC_DEFAULT", True))
    found["objects again"] = names()

    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "scene.blend"))
    scene = bpy.context.scene
    found["kept as"] = scene.lineboil.shot
    bpy.ops.wm.open_mainfile(filepath=str(folder / "scene.blend"))
    found["opened"] = str(shots.shot_root(bpy.context.scene))
    found["setting"] = bpy.context.scene.lineboil.footage_settings.end_frame

    root = root.rename(folder / "renamed")
    found["relinked"] = sorted(bpy.ops.lineboil.relink_shot(directory=str(root)))
    found["not rendered"] = refused(bpy.ops.lineboil.render)
    bpy.ops.wm.open_mainfile(filepath=str(folder / "scene.blend"))
    found["paths of the renamed"] = sorted(image.filepath for image in bpy.data.images if "Figure" in image.name)

    task = session.start("Run All", ["sheet", str(root)], root)
    session.wait(task)
    found["sheet"] = Path(task.result["contact sheet"]).is_file()
    (root / "state" / "matte.json").unlink()
    task = session.start("Run All", ["run", str(root)], root)
    session.wait(task, lambda task: shutil.rmtree(root, ignore_errors=True))
    found["gone"] = task.sentence()
    found["button"] = refused(bpy.ops.lineboil.run)
    return found
