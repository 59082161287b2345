"""Draws every panel in every state."""

from pathlib import Path
from types import SimpleNamespace

import bpy
from recorder import Layout

AGAIN = (
    ["run", "x", "--until", "matte"], ["run", "x", "--stage", "depth"],
    ["preview", "x", "--stage", "keys", "--frame", "3"],
    ["build", "x", "--describe"], ["render", "x"], ["sheet", "x"], ["environment", "make"],
)


def main(module, arguments) -> dict:
    folder = Path(arguments[0])
    session, shots, tasks = module("addon.session").current, module("addon.shots"), module("addon.session_task")
    messages = module("addon.engine.messages")
    ready = (["nothing"], folder / "worker.log", {})
    session.configure(folder, start=lambda: ready)
    found = {"order": [kind.bl_label for kind in panels(module) if not getattr(kind, "bl_parent_id", "")]}
    found["no shot"] = draw_all(module)
    root = folder / "a shot"
    root.mkdir()
    (root / "shot.toml").write_text("format = 1\n", encoding="utf-8")
    shots.set_shot(bpy.context.scene, root)
    found["new shot"] = draw_all(module)
    found["settings"] = every_choice(module)
    found["engines"] = engines(module)

    views = {"matte": tasks.StageView("stale", 5, 9, "setting feather was 0.0, is 2.0")}
    views["depth"] = tasks.StageView("done", 9, 9)
    views["footage"] = tasks.StageView("done", 9, 9, facts={"size": "96x54", "frames": 9, "rate": "24.000"})
    session.stages = lambda shot: {name: views.get(name, tasks.StageView("missing")) for name in order(module)}
    found["stale"] = draw_all(module)
    task = tasks.Task("Run All", ("run", str(root)), root, ("footage", "matte"), stage="matte", done=3, total=9)
    task.rate, task.seconds_left = 0.5, 12.0
    session.task = task
    found["running"] = draw_all(module)
    found["grey"] = grey()
    task.is_cancelling = True
    found["stopping"] = draw_all(module)
    session.task = tasks.Task("Run All", ("run", "elsewhere"), folder / "other", stage="flow")
    found["other"] = draw_all(module)
    task.warnings.append("a frame is damaged")
    task.end(error=messages.Failed("the clip is gone", "clip.mp4", "Choose footage.source again.", "InputError", 1))
    session.task, session.last = None, task
    found["failed"] = draw_all(module)
    found["again"] = {" ".join(words): again(module, tasks, messages, words) for words in AGAIN}
    session.last = None
    bpy.data.images.new("preview", 4, 4)["lineboil_preview"] = True
    found["previewed"] = draw_all(module)
    (root / "shot.toml").write_text("format = 99\n", encoding="utf-8")
    shots.settings_file(root).look(now=True)
    found["newer"] = draw_all(module)
    (root / "shot.toml").unlink()
    root.rmdir()
    shots.settings_file(root).look(now=True)
    found["gone"] = draw_all(module)
    session.configure(folder, environment_override=str(folder / "none"))
    found["no environment"] = draw_all(module)
    return found


def again(module, tasks, messages, words) -> list[str]:
    """The buttons below a failure of this command line."""
    failed = tasks.Task("Work", tuple(words))
    failed.end(error=messages.Failed("it broke"))
    module("addon.session").current.last = failed
    drawn = draw_all(module)["LINEBOIL_PT_shot"]
    return [what for kind, what, text in drawn if kind == "operator" and text == "Try Again"]


def panels(module) -> list:
    return [kind for part in module("panels").MODULES for kind in part.CLASSES if issubclass(kind, bpy.types.Panel)]


def order(module) -> list[str]:
    return [spec.name for spec in module("addon.engine.schema.registry").STAGES]


def context():
    """What a panel sees; a region as wide as the sidebar is at first."""
    seen = SimpleNamespace(scene=bpy.context.scene, preferences=bpy.context.preferences)
    seen.window_manager = bpy.context.window_manager
    seen.region = SimpleNamespace(width=230)
    return seen


def draw_all(module) -> dict[str, list]:
    drawn = {}
    for kind in panels(module):
        is_inside = not getattr(kind, "bl_parent_id", "") or kind.bl_parent_id in drawn
        if is_inside and (not hasattr(kind, "poll") or kind.poll(context())):
            drawn[kind.bl_idname] = draw(kind)
    return drawn


def draw(kind) -> list:
    layout = Layout()
    panel = twin(kind)()
    panel.layout = layout
    for part in ("draw_header", "draw_header_preset", "draw"):
        if hasattr(panel, part):
            getattr(panel, part)(context())
    return layout.drawn


def twin(kind) -> type:
    """The panel without Blender's part, which only Blender can make."""
    ours = tuple(base for base in kind.__mro__ if not issubclass(base, bpy.types.bpy_struct) and base is not object)
    own = {name: value for name, value in kind.__dict__.items() if not name.startswith(("__", "bl_rna"))}
    return type("Drawn", ours[:1], own)


def every_choice(module) -> dict[str, list]:
    """For each stage: settings, and those drawn by its two panels."""
    found = {}
    fields_of = module("addon.engine.settings").fields_of
    for spec in module("addon.engine.schema.registry").STAGES:
        drawn = [what for kind in panels(module) if getattr(kind, "stage", "") == spec.name
                 for sort, what, _ in draw(kind) if sort == "prop"]
        found[spec.name] = [sorted(drawn), sorted(field.name for field in fields_of(spec.settings))]
    return found


def engines(module) -> list:
    """The same for each choice of the settings that change what is shown; and what the main panel shows."""
    found = []
    for stage, name in (("matte", "engine"), ("depth", "engine"), ("diffuse", "engine"), ("propagate", "method"),
                        ("upscale", "engine"), ("pose", "engine"), ("render", "quality")):
        settings = getattr(bpy.context.scene.lineboil, f"{stage}_settings")
        first = getattr(settings, name)
        for item in settings.bl_rna.properties[name].enum_items:
            setattr(settings, name, item.identifier)
            drawn, known = every_choice(module)[stage]
            main = next(kind for kind in panels(module) if kind.bl_idname == f"LINEBOIL_PT_{stage}")
            shown = [what for sort, what, _ in draw(main) if sort == "prop"]
            found.append([stage, item.identifier, drawn == known, shown])
        setattr(settings, name, first)
    return found


def grey() -> list[str]:
    """Buttons that cannot be pressed while something runs."""
    names = ("run", "run_until", "preview", "build", "cancel")
    return [name for name in names if not getattr(bpy.ops.lineboil, name).poll()]
