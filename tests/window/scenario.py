"""What an artist does, done inside a real Blender with its window; started by drive.py.

Each step is a generator: it yields a function to wait for, and goes on when that answers true. The artist's mouse is
the operators' own `INVOKE_DEFAULT`; keys are simulated events. Findings go to report.json, photographs are asked of
the driver through a file.
"""

import importlib
import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path

import bpy

PACKAGE = "bl_ext.user_default.lineboil"
OUT = Path(sys.argv[sys.argv.index("--") + 1])
PLAN = json.loads((OUT / "plan.json").read_text(encoding="utf-8"))
FOUND: dict = {"blender": bpy.app.version_string, "steps": [], "facts": {}}
_PATIENCE_SECONDS = 240
_SOON_SECONDS = 30


def part(name: str):
    """A module of the installed extension."""
    return importlib.import_module(f"{PACKAGE}.{name}")


def session():
    return part("addon.session").current


def note(**facts) -> None:
    FOUND["facts"].update(facts)


def check(is_true: object, what: str) -> None:
    FOUND["steps"].append([bool(is_true), what])
    if not is_true:
        raise AssertionError(what)


def save_report(error: str = "") -> None:
    FOUND["error"] = error
    part_path = OUT / "report.part"
    part_path.write_text(json.dumps(FOUND, indent=1, default=str), encoding="utf-8")
    os.replace(part_path, OUT / "report.json")


def window():
    return bpy.context.window_manager.windows[0]


def view():
    area = next(area for area in window().screen.areas if area.type == "VIEW_3D")
    return area, next(region for region in area.regions if region.type == "UI")


def call(name: str, how: str = "INVOKE_DEFAULT", **settings):
    """An operator as the sidebar's button calls it, a step of undo where it is one."""
    area, _ = view()
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window(), area=area, region=region):
        return getattr(bpy.ops.lineboil, name)(how, True, **settings)


def can(name: str) -> bool:
    area, _ = view()
    with bpy.context.temp_override(window=window(), area=area):
        return getattr(bpy.ops.lineboil, name).poll()


def built_in(module: str, name: str, *words, **settings):
    """One of Blender's own operators in the window."""
    with bpy.context.temp_override(window=window()):
        return getattr(getattr(bpy.ops, module), name)(*words, **settings)


def press(key: str) -> None:
    area, _ = view()
    x, y = area.x + area.width // 3, area.y + area.height // 2
    window().event_simulate(type="MOUSEMOVE", value="NOTHING", x=x, y=y)
    window().event_simulate(type=key, value="PRESS", x=x, y=y)
    window().event_simulate(type=key, value="RELEASE", x=x, y=y)


def seconds(number: float):
    end = time.monotonic() + number
    return lambda: time.monotonic() >= end


def show_tab():
    """Open the sidebar on our tab; a sidebar has no tabs before it was drawn once."""
    view()[0].spaces.active.show_region_ui = True
    yield from soon(tab_is_chosen, "the sidebar has our tab")


def tab_is_chosen() -> bool:
    area, region = view()
    area.tag_redraw()
    try:
        region.active_panel_category = "Lineboil"
    except (AttributeError, TypeError):
        return False
    return True


def photo(name: str):
    """Ask the driver for a photograph of the screen, once what has changed is drawn."""
    yield from show_tab()
    yield seconds(1.0)
    request = OUT / "photo"
    part_path = OUT / "photo.part"
    part_path.write_text(name, encoding="utf-8")
    os.replace(part_path, request)
    yield lambda: not request.exists()


class Stalls:
    """The longest pause of Blender's main loop, by a timer that wants to be called every millisecond."""

    def __init__(self) -> None:
        self.pauses: dict[str, list[float]] = {}
        self.label = ""
        self._last = 0.0
        bpy.app.timers.register(self.tick, persistent=True)

    def start(self, label: str) -> None:
        self.label, self._last = label, 0.0
        session().longest_pause_seconds = 0.0

    def stop(self) -> None:
        if self.label:
            longest = [round(session().longest_pause_seconds, 4), session().longest_pause_in]
            note(**{f"longest callback of ours, {self.label}": longest})
        self.label = ""

    def tick(self) -> float:
        now = time.monotonic()
        if self.label and self._last:
            self.pauses.setdefault(self.label, []).append(now - self._last)
        self._last = now
        return 0.001


STALLS = Stalls()


def soon(is_true, what: str):
    """Wait for what comes by itself within seconds, however slow the machine, and check that it came."""
    end = time.monotonic() + _SOON_SECONDS
    yield lambda: is_true() or time.monotonic() > end
    check(is_true(), what)


def finished_frames(folder: str) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (Path(PLAN["shot"]) / folder).glob("*.png")}


def task_is_over() -> bool:
    """No task, and no operator of ours that has yet to take over its result at its next tick."""
    ours = [item.bl_idname for item in window().modal_operators if item.bl_idname.startswith("LINEBOIL")]
    return session().task is None and not ours


def main_road():
    """The whole road, with a stop in the middle, undo and redo."""
    yield seconds(1.0)
    yield from photo("1-no-shot")
    check(not can("run"), "without a shot there is nothing to run")
    call("new_shot", "EXEC_DEFAULT", footage=PLAN["clip"], folder=PLAN["shot"])
    scene = bpy.context.scene
    check(part("addon.shots").shot_root(scene) == Path(PLAN["shot"]).resolve(), "the scene knows its new shot")
    settings = scene.lineboil
    for name, value in PLAN["settings"].items():
        stage, _, key = name.partition(".")
        setattr(getattr(settings, f"{stage}_settings"), key, value)
    built_in("ed", "undo_push", message="Settings")
    toml, line = Path(PLAN["shot"]) / "shot.toml", f"\nlong_side = {PLAN['settings']['footage.long_side']}\n"
    yield from soon(lambda: line in toml.read_text(encoding="utf-8"), "settings reach shot.toml by themselves")
    built_in("wm", "save_as_mainfile", filepath=PLAN["blend"])
    yield seconds(1.0)
    yield from photo("2-new-shot")
    STALLS.start("idle")
    yield seconds(6.0)
    STALLS.stop()
    yield from run_and_stop()
    yield from resume()
    yield from preview()
    yield from build_undo_redo()
    yield from change_of_settings()
    yield from load_during_run()


def run_and_stop():
    STALLS.start("running a shot")
    call("run")
    yield lambda: session().task is not None
    seen: list[str] = []

    def matte_in_work() -> bool:
        task = session().task
        if task is None:
            return True
        if task.stage and task.stage not in seen:
            seen.append(task.stage)
        return len(finished_frames("matte")) >= 3

    yield matte_in_work
    check(session().task is not None, f"the run is still on: {session().last and session().last.error}")
    check(not can("run"), "a second run is not offered")
    yield from photo("3-running")
    note(stages_seen=seen, label=session().task.label() if session().task else "")
    check(0.0 < session().task.fraction < 1.0, "the progress bar is under way")
    press("ESC")
    yield task_is_over
    check(session().last.is_cancelled, f"Esc stops it: {session().last.error}")
    STALLS.stop()
    yield from photo("4-stopped")


def resume():
    before = finished_frames("frames") | {f"matte/{name}": when for name, when in finished_frames("matte").items()}
    STALLS.start("running on")
    call("run")
    yield lambda: session().task is not None
    yield task_is_over
    STALLS.stop()
    check(session().last.error is None, f"the run goes on to its end: {session().last.error}")
    after = finished_frames("frames") | {f"matte/{name}": when for name, when in finished_frames("matte").items()}
    check(all(after.get(name) == when for name, when in before.items()), "nothing finished was made again")
    movie = Path(PLAN["shot"]) / f"{Path(PLAN['shot']).name}.mp4"
    check(movie.is_file(), "the movie is there")
    yield from soon(lambda: {stage("matte").standing, stage("encode").standing} == {"done"}, "the panel knows that")
    note(standing={name: view.standing for name, view in session().stages(Path(PLAN["shot"]).resolve()).items()})
    yield from photo("5-done")


def preview():
    call("preview", stage="propagate", frame=3)
    yield seconds(0.3)
    yield task_is_over
    check(session().last.error is None, f"a frame can be looked at: {session().last.error}")
    check(any(image.name.startswith("Lineboil Preview") for image in bpy.data.images), "its picture is loaded")


def cards() -> list:
    return [item for item in bpy.data.objects if item.get("lineboil_id") == "card"]


def build_undo_redo():
    check("Cube" in bpy.data.objects, "the artist's own things are there before")
    STALLS.start("building")
    call("build")
    yield seconds(0.3)
    yield task_is_over
    yield from soon(lambda: bool(cards()), "the cut-out is in the scene")
    yield seconds(2.0)
    STALLS.stop()
    check(session().last.error is None, f"the scene is built: {session().last.error}")
    check("Cube" in bpy.data.objects, "the artist's own things are still there")
    names = {item.name for item in bpy.data.objects}
    yield from photo("6-built")
    built_in("ed", "undo")
    yield seconds(1.0)
    check(not cards(), "one undo takes the build back")
    check("Cube" in bpy.data.objects, "and nothing else")
    check(part("addon.shots").shot_root(bpy.context.scene) is not None, "the scene still knows its shot")
    built_in("ed", "redo")
    yield seconds(1.0)
    check({item.name for item in bpy.data.objects} == names, "one redo brings it again")
    built_in("wm", "save_mainfile")
    yield seconds(0.5)


def stage(name: str):
    """How a stage stands, as the sidebar knows it."""
    return session().stages(Path(PLAN["shot"]).resolve())[name]


def feather() -> float:
    return round(bpy.context.scene.lineboil.matte_settings.feather, 6)


def change_of_settings():
    """Undo of a setting reaches the file; an edit of the file reaches the sidebar."""
    scene = bpy.context.scene
    toml = Path(PLAN["shot"]) / "shot.toml"
    with bpy.context.temp_override(window=window()):
        scene.lineboil.matte_settings.feather = 2.0
        bpy.ops.ed.undo_push(message="Feather")
    yield from soon(lambda: "\nfeather = 2.0\n" in toml.read_text(encoding="utf-8"), "a setting reaches shot.toml")
    yield from soon(lambda: stage("matte").standing == "stale", "the panel knows that the matte is stale")
    note(stale_because=stage("matte").why)
    yield from photo("7-stale")
    built_in("ed", "undo")
    yield from soon(lambda: "\nfeather = 0.0\n" in toml.read_text(encoding="utf-8"), "its undo reaches shot.toml")
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace("\nfeather = 0.0\n", "\nfeather = 1.5\n"), encoding="utf-8")
    yield from soon(lambda: feather() == 1.5, "an edit of shot.toml reaches the sidebar")


def load_during_run():
    """Another file is opened in the middle of a run, and the first one again."""
    call("run")
    yield lambda: session().task is not None and session().task.stage != ""
    built_in("wm", "read_homefile")
    yield task_is_over
    yield seconds(1.0)
    check(bpy.context.scene.lineboil.shot == "", "the new file has no shot")
    built_in("wm", "open_mainfile", filepath=PLAN["blend"])
    check(part("addon.shots").shot_root(bpy.context.scene) is not None, "the file brings its shot again")
    yield from soon(lambda: feather() == 1.5, "shot.toml wins over the .blend")
    call("run")
    yield lambda: session().task is not None and session().task.stage != ""
    yield seconds(1.0)
    note(worker_process=worker_process())


def stalls():
    """How long Blender's main loop pauses: at rest, beside a run in a terminal, and with the run in the sidebar."""
    yield from show_tab()
    call("new_shot", "EXEC_DEFAULT", footage=PLAN["clip"], folder=PLAN["shot"])
    bpy.context.scene.lineboil.footage_settings.long_side = 480
    yield seconds(6.0)
    twin = Path(PLAN["shot"] + "-twin")
    shutil.copytree(PLAN["shot"], twin)
    STALLS.start("at rest")
    yield seconds(20.0)
    STALLS.stop()
    command, variables = part("addon.environment").program_start(session().environment, "")
    run = subprocess.Popen(
        [*command, "run", str(twin)], env=part("addon.child").child_environment(variables), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    STALLS.start("beside the same run in a terminal")
    yield lambda: run.poll() is not None
    STALLS.stop()
    check(run.returncode == 0, "the run in a terminal ends well")
    STALLS.start("run from the sidebar")
    call("run")
    yield lambda: session().task is not None
    yield task_is_over
    STALLS.stop()
    check(session().last.error is None, f"the run ends well: {session().last.error}")
    STALLS.start("built from the sidebar")
    call("build")
    yield seconds(0.3)
    yield task_is_over
    yield lambda: bool(cards())
    STALLS.stop()
    note(worker_process=worker_process())


def worker_process() -> int:
    worker = session()._worker
    return worker.hello.process if worker and worker.hello else 0


def run_until_killed():
    """The driver kills this Blender in the middle of a run."""
    yield seconds(1.0)
    call("run")
    yield lambda: session().task is not None and session().task.stage != ""
    yield seconds(1.0)
    note(worker_process=worker_process(), blender_process=os.getpid())
    save_report()
    yield lambda: False


class Player:
    """Plays a scenario from Blender's main loop, then quits Blender (in mid-run, when something runs)."""

    def __init__(self, scenario) -> None:
        self.scenario = scenario
        self.wait = lambda: True
        self.since = time.monotonic()

    def tick(self):
        try:
            if not self.wait():
                if time.monotonic() - self.since > _PATIENCE_SECONDS:
                    raise TimeoutError(f"waited too long after: {FOUND['steps'][-1:]}")
                return 0.1
            self.since = time.monotonic()
            self.wait = next(self.scenario)
            return 0.05
        except StopIteration:
            return self.end("")
        except BaseException:  # noqa: BLE001  whatever it was, the driver is told and Blender ends
            return self.end(traceback.format_exc())

    def end(self, error: str):
        pauses = {name: sorted(values) for name, values in STALLS.pauses.items()}
        note(
            longest_pause={name: round(values[-1], 4) for name, values in pauses.items()},
            pause_99={name: round(values[int(0.99 * len(values))], 4) for name, values in pauses.items()},
        )
        save_report(error)
        built_in("wm", "quit_blender")


bpy.context.preferences.view.show_splash = False
bpy.context.preferences.filepaths.use_auto_save_temporary_files = False
if PACKAGE not in bpy.context.preferences.addons:
    bpy.ops.preferences.addon_enable(module=PACKAGE)
PLAYER = Player(globals()[PLAN["scenario"]]())
bpy.app.timers.register(PLAYER.tick, first_interval=2.0, persistent=True)
