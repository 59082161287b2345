"""Draws the preferences in every state of the environment."""

from dataclasses import replace
from types import SimpleNamespace

import addon_utils
import bpy
from recorder import Layout


def main(module, arguments) -> dict:
    preferences, session, tasks = module("addon.preferences"), module("addon.session"), module("addon.session_task")
    messages, drawing = module("addon.engine.messages"), module("addon.preferences_draw")
    current, chosen = session.current, preferences.preferences(bpy.context)
    found = {"ready": draw(drawing, chosen)}
    chosen.environment_folder = arguments[0]
    # As when Blender starts: what was chosen is known already, and Blender's data is not there yet.
    addon_utils.disable(module().__name__, default_set=False)
    addon_utils.enable(module().__name__, default_set=False)
    chosen = preferences.preferences(bpy.context)
    found["folder"] = [str(current.environment.folder), arguments[0]]
    found["unmade"] = draw(drawing, chosen)
    task = tasks.Task("Make Environment", ("environment", "make"), done=30, total=120, unit="bytes")
    current.task = task
    found["making"] = draw(drawing, chosen)
    task.end(error=messages.Failed("the network cannot be reached", "", "Try again later.", "MissingError", 1))
    current.task, current.last = None, task
    found["failed"] = draw(drawing, chosen)
    current.last = None
    damaged = replace(current.environment_state, needs="repair", text="Damaged.", details=("numpy is missing",))
    drawing.current = SimpleNamespace(
        environment_state=damaged, environment=current.environment, task=None, last=None, log=current.log
    )
    found["damaged"] = draw(drawing, chosen)
    drawing.current = current
    bpy.ops.wm.save_as_mainfile(filepath=arguments[0] + ".blend")
    chosen.environment_folder = "//beside"
    found["beside"] = chosen.environment_folder
    chosen.environment_folder = ""
    found["again"] = draw(drawing, chosen) == found["ready"]
    found["user"] = str(preferences.user_folder())
    bpy.ops.preferences.addon_disable(module=module().__name__)
    found["defaults"] = preferences.preferences(bpy.context).backend
    return found


def draw(drawing, chosen) -> list:
    layout = Layout()
    region = SimpleNamespace(width=700)
    drawing.draw(layout, chosen, SimpleNamespace(preferences=bpy.context.preferences, region=region))
    return layout.drawn
