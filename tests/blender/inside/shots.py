"""Where a scene says its shot is, while the .blend is saved, copied, moved and undone."""

import shutil
from contextlib import suppress
from pathlib import Path

import bpy

FOUND = {}


def check(name, *pairs) -> None:
    FOUND[name] = [[repr(found), repr(wanted)] for found, wanted in pairs if found != wanted] or True


def main(module, arguments) -> dict:
    shots, mirror = module("addon.shots"), module("addon.mirror")
    folder = Path(arguments[0]).resolve()
    film, shot = folder / "film", folder / "film" / "shot"
    saving(shots, mirror, film, shot)
    undone(shots, folder, film, shot)
    moving(shots, mirror, folder, film)
    linked(shots, folder)
    mending(shots, folder)
    return FOUND


def told(shots) -> tuple:
    scene = bpy.context.scene
    return scene.lineboil.shot, scene.get("lineboil_shot"), shots.shot_root(scene)


def saving(shots, mirror, film, shot) -> None:
    scene = bpy.context.scene
    shots.set_shot(scene, shot)
    check("unsaved_is_absolute", (told(shots), (str(shot), str(shot), shot)))
    scene.lineboil.depth_settings.strength = 1.5
    bpy.ops.wm.save_as_mainfile(filepath=str(film / "scene.blend"))
    check("saved_is_relative", (told(shots), ("//shot", "//shot", shot)))
    check("pending_is_kept", ("strength = 1.5" in (shot / "shot.toml").read_text(), True))
    check("built_property", (scene["lineboil_shot"], "//shot"))
    (film / "deep").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(film / "deep" / "copy.blend"), copy=True)
    check("copy_does_not_move_it", (told(shots), ("//shot", "//shot", shot)))
    with suppress(RuntimeError):
        bpy.ops.wm.save_as_mainfile(filepath=str(film / "nowhere" / "scene.blend"))
    check("failed_save", (told(shots), ("//shot", "//shot", shot)))
    bpy.ops.wm.save_as_mainfile(filepath=str(film / "deep" / "scene.blend"))
    check("saved_elsewhere", (told(shots), ("//../shot", "//../shot", shot)))
    bpy.ops.wm.open_mainfile(filepath=str(film / "deep" / "copy.blend"))
    FOUND["copy_does_not_move_it"] = FOUND["copy_does_not_move_it"] is True and told(shots)[2] == shot


def undone(shots, folder, film, shot) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(film / "scene.blend"))
    bpy.ops.ed.undo_push(message="one")
    bpy.data.objects.new("Something", None)
    bpy.ops.ed.undo_push(message="two")
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "elsewhere.blend"))
    bpy.ops.ed.undo()
    after = told(shots)[0]
    shots.adopt(bpy.context.scene)
    check("undo_after_save_as", (after in ("//shot", "//film/shot"), True), (told(shots)[2], shot))


def moving(shots, mirror, folder, film) -> None:
    bpy.ops.wm.read_homefile(app_template="")
    shutil.move(film, folder / "other disk")
    film, shot = folder / "other disk", folder / "other disk" / "shot"
    bpy.ops.wm.open_mainfile(filepath=str(film / "scene.blend"))
    scene = bpy.context.scene
    mirror.poll(scene)
    check("project_moved", (shots.shot_root(scene), shot), (scene.lineboil.diffuse_settings.look, "ink"))
    shots.set_shot(scene, None)
    check("closed", (told(shots), ("", None, None)), (mirror.poll(scene), False))
    scene["lineboil_shot"] = "//shot"
    mirror.poll(scene)
    check("built_headless", (told(shots), ("//shot", "//shot", shot)), (scene.lineboil.diffuse_settings.look, "ink"))
    scene.lineboil.shot = "//deep\\..\\shot"
    check("windows_words", (shots.shot_root(scene), shot), (scene.lineboil.diffuse_settings.look, "ink"))
    scene.lineboil.shot = str(folder / "nothing here")
    mirror.poll(scene)
    check(
        "typed_by_hand",
        ("is not there" in str(mirror.problem(scene)), True),
        (scene["lineboil_shot"], str(folder / "nothing here")),
    )


def linked(shots, folder) -> None:
    film = folder / "other disk"
    bpy.ops.wm.read_homefile(app_template="")
    with bpy.data.libraries.load(str(film / "scene.blend"), link=True) as (theirs, ours):
        ours.scenes = theirs.scenes
    scene = next(item for item in bpy.data.scenes if item.library)
    problem = shots.shot_problem(scene)
    check("linked", (shots.shot_root(scene), film / "shot"), ("is linked from another file" in str(problem), True))
    bpy.context.window.scene = scene
    for name in ("run", "build", "open_shot", "relink_shot", "close_shot", "choose_clip"):
        try:
            getattr(bpy.ops.lineboil, name)()
            text = "it was done"
        except RuntimeError as error:
            text = str(error)
        check(f"linked_{name}", ("is linked from another file" in text, True))
    bpy.ops.wm.read_homefile(app_template="")


def mending(shots, folder) -> None:
    scene, file = bpy.context.scene, folder / "other disk" / "shot" / "shot.toml"
    shots.set_shot(scene, file.parent)
    good = file.read_text(encoding="utf-8")
    file.write_text("format = 99\n", encoding="utf-8")
    found = [str(shots.shot_problem(scene))]
    file.write_text(good, encoding="utf-8")
    found.append(shots.shot_problem(scene))
    check("mended_by_a_script", ("newer Lineboil" in found[0], True), (found[1], None))
