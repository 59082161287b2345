"""Run inside Blender by photograph.py: tells the panels one state after the other, and asks for photographs."""

import importlib
import os
import sys
import time
import traceback
from pathlib import Path

import bpy

PACKAGE = "bl_ext.user_default.lineboil"
OUT = Path(sys.argv[sys.argv.index("--") + 1])
PLAY = sys.argv[sys.argv.index("--") + 2]
ROOT = OUT / "A long name of a shot that somebody gave"


def part(name: str):
    """A module of the installed extension."""
    return importlib.import_module(f"{PACKAGE}.{name}")


def window():
    return bpy.context.window_manager.windows[0]


def view():
    area = next(area for area in window().screen.areas if area.type == "VIEW_3D")
    return area, next(region for region in area.regions if region.type == "UI")


def seconds(number: float):
    end = time.monotonic() + number
    return lambda: time.monotonic() >= end


def photo(name: str):
    """The tab, drawn anew, on a photograph."""
    area, region = view()
    if not area.spaces.active.show_region_ui or region.width < 10:
        area.spaces.active.show_region_ui = True
        area.tag_redraw()
        yield seconds(1.0)
        area, region = view()
    region.active_panel_category = "Lineboil"
    # Panels glide to their places.
    for _ in range(4):
        area.tag_redraw()
        yield seconds(0.25)
    request = OUT / "photo"
    temporary = OUT / "photo.part"
    temporary.write_text(name, encoding="utf-8")
    os.replace(temporary, request)
    yield lambda: not request.exists()


def panels() -> list:
    return [kind for module in part("panels").MODULES for kind in module.CLASSES if issubclass(kind, bpy.types.Panel)]


def open_panels() -> None:
    """Register all panels again, open from the start; a panel that was drawn once keeps its own mind."""
    kinds = panels()
    for kind in reversed(kinds):
        bpy.utils.unregister_class(kind)
    for kind in kinds:
        kind.bl_options = set(getattr(kind, "bl_options", ())) - {"DEFAULT_CLOSED"}
        bpy.utils.register_class(kind)


def stand(**views) -> None:
    """How the stages stand; those not named are missing."""
    view_of, names = part("addon.session_task").StageView, part("addon.engine.schema.registry").BY_NAME
    footage = view_of("done", 72, 72, facts={"size": "960x536", "frames": 72, "rate": "23.976 (varies)"})
    known = {"footage": footage, **{name: view_of(*values) for name, values in views.items()}}
    session().stages = lambda shot: {name: known.get(name, view_of("missing", why="not made yet")) for name in names}


def session():
    return part("addon.session").current


def make_shot() -> None:
    part("addon.engine.shot").create(ROOT, {"footage.source": "../clips/performer.mp4"})
    part("addon.shots").set_shot(bpy.context.scene, ROOT)


def choose(**values) -> None:
    for name, value in values.items():
        stage, _, key = name.partition("__")
        setattr(getattr(bpy.context.scene.lineboil, f"{stage}_settings"), key, value)


def task(command: str = "run", **values):
    made = part("addon.session_task").Task(
        "Run All", (command, str(ROOT)), ROOT, ("footage", "flow", "pose", "matte", "depth"), **values
    )
    made.notes += ["the matte is cut by person: people were found in 72 of 72 frames", "12 keys were chosen"]
    return made


def make_tries() -> None:
    """Three tries of different colours; the second is kept."""
    tries = part("addon.engine.tries")
    history = tries.Tries(ROOT / "state")
    for number, colour in enumerate(((0.7, 0.3, 0.2), (0.2, 0.5, 0.7), (0.4, 0.6, 0.3)), 1):
        image = bpy.data.images.new("try", 96, 54)
        image.pixels = [value for _ in range(96 * 54) for value in (*colour, 1.0)]
        image.filepath_raw, image.file_format = str(OUT / "try.png"), "PNG"
        image.save()
        settings = {"diffuse": {"seed": number, "strength": 0.5 + number / 10, "style": "oil painting of {prompt}"}}
        history.add((OUT / "try.png").read_bytes(), tries.Try(0, "key", (12,), settings))
        bpy.data.images.remove(image)
    history.keep(2, is_kept=True)
    part("addon.try_list").forget()
    words = '{"keys": [{"frame": 1, "prompt": "she laughs", "seed": 40, "strength": 0.45}, {"frame": 12}]}'
    (ROOT / "keys.json").write_text(words, encoding="utf-8")


def every_state():
    messages = part("addon.engine.messages")
    yield seconds(1.0)
    yield from photo("01-no-environment")
    session().configure(OUT, start=lambda: (["nothing"], OUT / "worker.log", {}))
    session()._ask_status = lambda: None
    yield from photo("02-no-shot")
    make_shot()
    stand()
    yield from photo("03-new-shot")
    session().task = task(stage="matte", what="cutting out", done=31, total=72, rate=3.1, seconds_left=14.0)
    stand(flow=("done", 72, 72), pose=("done", 72, 72), matte=("running", 31, 72, "cutting out"))
    yield from photo("04-running")
    session().task.is_cancelling = True
    yield from photo("05-stopping")
    session().task.end(error=messages.Failed("Stopped; what is finished is kept", error="Cancelled", exit_code=130))
    session().task, session().last = None, session().task
    stand(flow=("done", 72, 72), matte=("partial", 31, 72, "41 frames are not made or damaged"))
    yield from photo("06-stopped")
    yield from failures(messages)
    everything = {name: ("done", 72, 72) for name in part("addon.engine.schema.registry").BY_NAME if name != "footage"}
    session().last = done = task()
    done.end(result={})
    done.seconds = 95
    stand(**everything)
    yield from photo("09-done")
    why = 'setting background was "room", is "wall"'
    later = {name: ("stale", 72, 72, "matte is stale") for name in ("depth", "keys", "propagate")}
    stand(**{**everything, **later, "matte": ("stale", 72, 72, why), "upscale": ("off",)})
    yield from photo("10-stale")
    ROOT.rename(ROOT.with_name("moved"))
    part("addon.shots").settings_file(ROOT).look(now=True)
    yield from photo("11-gone")


def every_panel():
    open_panels()
    yield seconds(1.0)
    session().configure(OUT, start=lambda: (["nothing"], OUT / "worker.log", {}))
    session()._ask_status = lambda: None
    make_shot()
    why = 'setting background was "room", is "wall"'
    stand(matte=("done", 72, 72), depth=("stale", 72, 72, why), keys=("stale", 0, 0, "matte is stale"))
    yield from photo("20-open")
    choose(matte__engine="chroma", diffuse__engine="painted", upscale__engine="lanczos", render__quality="final",
           depth__engine="flat", propagate__method="linear", keys__count=12, pose__engine="off")
    yield from photo("21-open-others")
    choose(matte__engine="plate", diffuse__engine="off")
    yield from photo("22-open-more")
    choose(diffuse__engine="diffusion", diffuse__prompt="a woman in a red coat", diffuse__loras="ink:0.8, rain:0.5")
    yield from photo("23-open-no-tries")
    make_tries()
    bpy.context.window_manager.lineboil_tries.part = "mask"
    yield from photo("24-open-tries")
    session().task = task("try", stage="diffuse", what="drawing", done=6, total=12, rate=2.0, seconds_left=3.0)
    yield from photo("25-open-trying")
    session().task = None
    for name, colour in (("30-preview", (0.8, 0.2, 0.1, 1.0)), ("31-next-preview", (0.1, 0.3, 0.8, 1.0))):
        part("ops.preview").load(picture(OUT / f"{name}-source.png", colour))
        yield from photo(name)


def picture(path: Path, colour: tuple[float, ...]) -> Path:
    image = bpy.data.images.new("colour", 96, 54)
    image.pixels = colour * (96 * 54)
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return path


def failures(messages):
    session().last = failed = task(stage="matte")
    failed.warnings.append("3 frames edited by hand no longer fit and were moved to state/replaced/matte-20261122")
    failed.end(error=messages.Failed(
        "there is no such file or folder", "/home/artist/Videos/2026/summer/performer.mp4",
        "Set footage.source to where the clip is now.", "InputError",
    ))
    stand(flow=("done", 72, 72), matte=("failed", 31, 72, "there is no such file or folder"))
    yield from photo("07-failed")
    session().notice = "The worker ended by itself and was started again; its log says more."
    yield from photo("08-notice")
    session().notice = ""


class Player:
    """Plays the states from Blender's main loop, then quits."""

    def __init__(self, states) -> None:
        self.states = states
        self.wait = lambda: True

    def tick(self):
        try:
            if self.wait():
                self.wait = next(self.states)
            return 0.05
        except StopIteration:
            pass
        except BaseException:  # noqa: BLE001  whatever it was is read in the log, and Blender ends
            traceback.print_exc()
        with bpy.context.temp_override(window=window()):
            bpy.ops.wm.quit_blender()


bpy.context.preferences.view.show_splash = False
bpy.ops.preferences.addon_enable(module=PACKAGE)
PLAYER = Player(globals()[PLAY]())
bpy.app.timers.register(PLAYER.tick, first_interval=2.0, persistent=True)
