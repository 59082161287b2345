"""What happens to settings in Blender: typed, undone, loaded, edited elsewhere."""

import os
import shutil
from pathlib import Path

import bpy

FOUND = {}


def main(module, arguments) -> dict:
    tools = Tools(module, Path(arguments[0]))
    typing(tools)
    scenes(tools)
    undo(tools)
    loading(tools)
    trouble(tools)
    return FOUND


class Tools:
    def __init__(self, module, folder):
        self.mirror, self.shots = module("addon.mirror"), module("addon.shots")
        self.engine, self.errors = module("addon.engine.shot"), module("addon.engine.errors")
        self.first, self.second, self.folder = folder / "first", folder / "second", folder

    def value(self, root, key):
        stage, _, name = key.partition(".")
        return getattr(self.engine.Shot(root).settings[stage], name)

    def edit(self, root, key, text):
        """Somebody else changes the file."""
        path = root / "shot.toml"
        path.write_text(f"format = 1\n[{key.partition('.')[0]}]\n{key.partition('.')[2]} = {text}\n")
        stat = path.stat()
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 10_000_000))

    def problem(self, scene):
        try:
            self.mirror.flush(scene)
        except self.errors.EngineError as error:
            return str(error)
        return ""


def check(name, *pairs) -> None:
    wrong = [[repr(found), repr(wanted)] for found, wanted in pairs if found != wanted]
    FOUND[name] = wrong or True


def typing(tools) -> None:
    scene = bpy.context.scene
    settings = scene.lineboil
    check("no_shot", (tools.mirror.poll(scene), False), (tools.problem(scene), ""), (tools.mirror.problem(scene), None))
    tools.shots.set_shot(scene, tools.first)
    check("shows_the_file", (settings.diffuse_settings.look, "ink"), (settings.depth_settings.strength, 1.0))
    quiet, tools.mirror._QUIET_SECONDS = tools.mirror._QUIET_SECONDS, 1e9
    settings.depth_settings.strength = 1.5
    tools.mirror.poll(scene)
    tools.mirror._QUIET_SECONDS = quiet
    check("waits_while_typing", (tools.value(tools.first, "depth.strength"), 1.0))
    settings.footage_settings.cuts = "12, 48"
    check(
        "flush_writes",
        (tools.problem(scene), ""),
        (tools.value(tools.first, "depth.strength"), 1.5),
        (tools.value(tools.first, "footage.cuts"), (12, 48)),
    )
    settings.footage_settings.cuts = "never"
    first = tools.problem(scene)
    check(
        "flush_refuses_once",
        ("footage.cuts" in first, True),
        (settings.footage_settings.cuts, "12, 48"),
        (tools.problem(scene), ""),
    )
    tools.edit(tools.first, "diffuse.look", '"pencil"')
    check("external_edit_appears", (tools.mirror.poll(scene), True), (settings.diffuse_settings.look, "pencil"))
    try:
        settings.depth_settings.keyframe_insert("strength")
        animated = True
    except TypeError:
        animated = False
    check("not_animated", (animated, False))
    tools.mirror.set_values(scene, {"diffuse.look": "toon", "footage.cuts": (30,)})
    check(
        "set_values",
        (settings.diffuse_settings.look, "toon"),
        (tools.value(tools.first, "diffuse.look"), "toon"),
        (settings.footage_settings.cuts, "30"),
    )


def scenes(tools) -> None:
    scene, again = bpy.context.scene, bpy.data.scenes.new("Again")
    tools.shots.set_shot(again, tools.first)
    scene.lineboil.depth_settings.strength = 1.25
    tools.mirror.flush(scene)
    tools.mirror.poll(again)
    first = again.lineboil.depth_settings.strength
    again.lineboil.depth_settings.strength = 1.75
    tools.mirror.flush(again)
    tools.mirror.poll(scene)
    check("two_scenes_on_one_shot", (first, 1.25), (scene.lineboil.depth_settings.strength, 1.75))
    tools.shots.set_shot(again, tools.second)
    again.lineboil.depth_settings.strength = 0.5
    tools.mirror.flush(again)
    tools.mirror.flush(scene)
    check(
        "two_scenes_two_shots",
        (tools.value(tools.first, "depth.strength"), 1.75),
        (tools.value(tools.second, "depth.strength"), 0.5),
    )
    bpy.data.scenes.remove(again)


def undo(tools) -> None:
    name = bpy.context.scene.name
    bpy.ops.ed.undo_push(message="before")
    bpy.data.scenes[name].lineboil.depth_settings.strength = 2.0
    tools.mirror.flush(bpy.data.scenes[name])
    bpy.ops.ed.undo_push(message="strength")
    bpy.ops.ed.undo()
    tools.mirror.flush(bpy.data.scenes[name])
    check(
        "undo_writes",
        (bpy.data.scenes[name].lineboil.depth_settings.strength, 1.75),
        (tools.value(tools.first, "depth.strength"), 1.75),
    )
    bpy.ops.ed.redo()
    tools.mirror.flush(bpy.data.scenes[name])
    check("redo_writes", (tools.value(tools.first, "depth.strength"), 2.0))
    bpy.data.objects.new("Something", None)
    bpy.ops.ed.undo_push(message="something")
    tools.edit(tools.first, "depth.strength", "2.5")
    tools.mirror.poll(bpy.data.scenes[name])
    bpy.ops.ed.undo()
    tools.mirror.flush(bpy.data.scenes[name])
    check(
        "undo_spares_the_file",
        (bpy.data.scenes[name].lineboil.depth_settings.strength, 2.5),
        (tools.value(tools.first, "depth.strength"), 2.5),
    )


def loading(tools) -> None:
    path = tools.folder / "scene.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    tools.edit(tools.first, "depth.strength", "0.75")
    bpy.ops.wm.open_mainfile(filepath=str(path))
    # With a window Blender does this itself, before any timer runs.
    bpy.ops.ed.undo_push(message="Original")
    scene = bpy.context.scene
    tools.mirror.poll(scene)
    check(
        "file_wins_at_load",
        (scene.lineboil.depth_settings.strength, 0.75),
        (tools.value(tools.first, "depth.strength"), 0.75),
    )
    bpy.data.objects.new("Something else", None)
    bpy.ops.ed.undo_push(message="something else")
    bpy.ops.ed.undo()
    tools.mirror.flush(bpy.context.scene)
    check("undo_after_load", (tools.value(tools.first, "depth.strength"), 0.75))
    bpy.ops.wm.open_mainfile(filepath=str(path))
    scene = bpy.context.scene
    scene.lineboil.depth_settings.strength = 1.25
    tools.mirror.flush(scene)
    check("typed_after_load", (tools.value(tools.first, "depth.strength"), 1.25))
    scene.lineboil.footage_settings.source = "//../film/clip.mp4"
    scene.lineboil.matte_settings.strokes = str(tools.first / "painted strokes")
    tools.mirror.flush(scene)
    check(
        "linked_path",
        (tools.value(tools.first, "footage.source"), "../../film/clip.mp4"),
        (scene.lineboil.footage_settings.source, "../../film/clip.mp4"),
        (tools.value(tools.first, "matte.strokes"), "painted strokes"),
    )


def trouble(tools) -> None:
    scene, path = bpy.context.scene, tools.first / "shot.toml"
    good = path.read_text()
    path.write_text("format = 1\n[depth\n")
    scene.lineboil.depth_settings.strength = 1.5
    check("broken_is_told", ("cannot be understood" in tools.problem(scene), True))
    tools.mirror.flush_all()
    tools.mirror.poll(scene)
    check("broken_stays", (path.read_text(), "format = 1\n[depth\n"))
    path.write_text(good)
    check("mended", (tools.problem(scene), ""), (tools.value(tools.first, "depth.strength"), 1.5))
    shutil.move(tools.first, tools.folder / "moved")
    scene.lineboil.depth_settings.strength = 1.75
    tools.mirror.poll(scene)
    tools.mirror.flush_all()
    check(
        "gone_is_told",
        ("is not there" in tools.problem(scene), True),
        (tools.first.exists(), False),
        ("is not there" in str(tools.mirror.problem(scene)), True),
        # Told once, not drawn again and again.
        (tools.mirror.poll(scene), False),
    )
    tools.shots.set_shot(scene, tools.folder / "moved")
    check(
        "gone_and_relinked",
        (tools.problem(scene), ""),
        (tools.shots.shot_root(scene), tools.folder / "moved"),
        (scene.lineboil.depth_settings.strength, 1.5),
    )
    bpy.ops.wm.read_homefile(app_template="")
    scene = bpy.context.scene
    scene.lineboil.shot = "//shot"
    check(
        "unknown_relative",
        (tools.shots.shot_root(scene), None),
        ("not saved" in str(tools.shots.shot_problem(scene)), True),
        (tools.mirror.poll(scene), False),
    )
