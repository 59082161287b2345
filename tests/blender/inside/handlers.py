"""Loads, saves, undoes and ends Blender while something runs; turns the timer by hand."""

import contextlib
import io
import sys
from pathlib import Path

import bpy


def main(module, arguments) -> dict:
    folder, scripted = Path(arguments[0]), arguments[1]
    session, shots, mirror = module("addon.session").current, module("addon.shots"), module("addon.mirror")
    command = [sys.executable, "-I", scripted, "well", "run=half"]
    session.configure(folder, start=lambda: (command, folder / "worker.log", {}))
    root = folder / "shot"
    root.mkdir()
    (root / "shot.toml").write_text("format = 1\n", encoding="utf-8")

    def settings() -> str:
        return (root / "shot.toml").read_text(encoding="utf-8")

    def begin():
        task = session.start("Run All", ["run", str(root)], root)
        while task.stage != "flow":
            session.poll()
        return task

    found = {"pump": turned(module("addon.pump"), session, begin)}
    shots.set_shot(bpy.context.scene, root)
    task = begin()
    bpy.context.scene.lineboil.matte_settings.engine = "chroma"
    bpy.ops.wm.read_homefile(use_empty=True)
    found["loaded"] = [task.is_cancelling, session.wait(task).is_cancelled, "chroma" in settings()]
    found["no shot"] = shots.shot_root(bpy.context.scene) is None

    scene = bpy.context.scene
    shots.set_shot(scene, root)
    found["file wins"] = scene.lineboil.matte_settings.engine
    bpy.ops.ed.undo_push(message="before")
    scene.lineboil.matte_settings.engine = "person"
    mirror.flush(scene)
    bpy.ops.ed.undo_push(message="after")
    found["typed"] = "person" in settings()
    bpy.ops.ed.undo()
    found["undone"] = [bpy.context.scene.lineboil.matte_settings.engine, "person" in settings()]
    bpy.ops.ed.redo()
    found["redone"] = [bpy.context.scene.lineboil.matte_settings.engine, "person" in settings()]

    task = begin()
    bpy.context.scene.name = "Renamed"
    bpy.ops.ed.undo()
    found["undone in mid-run"] = [task.is_over, session.stages(root)["flow"].standing]
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "a.blend"))
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / "deep" / "copy.blend"), copy=True) if make(folder) else None
    found["kept"] = bpy.context.scene.lineboil.shot
    bpy.ops.wm.open_mainfile(filepath=str(folder / "deep" / "copy.blend"))
    found["copy"] = [bpy.context.scene.lineboil.shot, str(shots.shot_root(bpy.context.scene)) == str(root)]
    session.wait(task)
    begin()
    found["process"] = session._worker.hello.process
    return found


def make(folder: Path) -> bool:
    (folder / "deep").mkdir()
    return True


def turned(pump, session, begin) -> dict:
    """The timer's turns; none of them by Blender, which is in background mode."""
    found = {"registered": bpy.app.timers.is_registered(pump.step), "idle": pump.step()}
    task = begin()
    found["busy"] = pump.step()
    session.cancel()
    while not task.is_over:
        pump.step()
    found["pause"] = [session.longest_pause_seconds > 0, session.longest_pause_in]
    kept, text = pump._poll_settings, io.StringIO()
    pump._poll_settings = lambda: 1 / 0
    with contextlib.redirect_stderr(text):
        found["goes on"] = [pump.step() for _ in range(5)]
    pump._poll_settings = kept
    found["told"] = [text.getvalue().count("ZeroDivisionError"), "division by zero" in session.notice]
    return found
