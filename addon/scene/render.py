# SPDX-License-Identifier: GPL-3.0-or-later
"""The render job: frames of the `.blend`, one file a frame, told one by one. The `.blend` is never saved here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from ..engine.errors import EngineError, InputError
from ..engine.messages import Note, Preview, Progress
from . import blend, versions
from .job import Channel
from .marks import Marks
from .paths import text_of
from .png import drop_words

_STAGE = "render"
OUTPUT = "lineboil_output"
_FINAL_SAMPLES = 64
# Times as many samples in builds of Blender that lack the denoiser.
_WITHOUT_DENOISER = 4
# A light tree costs a third more than it gains with a handful of lights; more bounces are not seen in a preview.
_QUALITY = {
    "samples": _FINAL_SAMPLES,
    "use_adaptive_sampling": True,
    "use_light_tree": False,
    "max_bounces": 3,
    "diffuse_bounces": 2,
    "glossy_bounces": 1,
    "transmission_bounces": 0,
    "volume_bounces": 0,
    "transparent_max_bounces": 8,
    "caustics_reflective": False,
    "caustics_refractive": False,
}


def set_output(marks: Marks, job: dict[str, Any]) -> None:
    """What the scene itself renders like: the final quality, until the artist changes it."""
    scene = marks.scene
    render, cycles, size = scene.render, scene.cycles, job["size"]
    parts: tuple[tuple[str, Any, dict[str, Any]], ...] = (
        ("render engine", render, {"engine": "CYCLES"}),
        ("picture size", render, {"resolution_x": size[0], "resolution_y": size[1]}),
        ("Cycles quality", render, {"use_persistent_data": True}),
        ("Cycles quality", cycles, _QUALITY),
    )
    for part, holder, values in parts:
        for name, value in values.items():
            if not marks.is_left(part):
                marks.attribute(scene, name, value, holder)
    if OUTPUT in scene or marks.is_left("output"):
        return
    scene[OUTPUT] = True
    _use_denoiser(cycles)
    scene.view_settings.view_transform, scene.view_settings.look = "Standard", "None"
    versions.use_png(render.image_settings)
    render.filepath = text_of(Path(job["root"]) / "render", marks.blend) + "/"
    marks.changes.append("output settings")


def _use_denoiser(cycles: Any) -> None:
    cycles.use_denoising = False
    if versions.set_if_there(cycles, "denoiser", "OPENIMAGEDENOISE"):
        cycles.use_denoising = True
        versions.set_if_there(cycles, "denoising_input_passes", "RGB_ALBEDO_NORMAL")
        versions.set_if_there(cycles, "denoising_prefilter", "FAST")


def run(job: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Render the job's frames; a `Preview` names each finished file.

    Raises:
        InputError: The `.blend` cannot be opened, is from a newer Blender, or has no camera.
        EngineError: Blender wrote no picture.
    """
    scene = _open(job)
    engine, device = _prepare(scene, job)
    channel.send(Note(_STAGE, _description(scene, engine, device)))
    folder = Path(job["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    frames: list[int] = job["frames"]
    for done, frame in enumerate(frames, 1):
        path = folder / f"{frame:06d}.png"
        scene.render.filepath = str(path)
        # The clip's frame 1 is where the artist's range begins, which need not be frame 1.
        scene.frame_set(frame - 1 + job["start"])
        bpy.ops.render.render(write_still=True, scene=scene.name)
        if not path.is_file():
            raise EngineError(f"Blender wrote no picture for frame {frame}", remedy="See the log of the render.")
        drop_words(path)
        channel.send(Preview(_STAGE, frame, str(path)))
        channel.send(Progress(_STAGE, "rendering", done, len(frames)))
    return {"engine": engine, "device": device, "version": bpy.app.version_string}


def _open(job: dict[str, Any]) -> Any:
    path = Path(job["blend"])
    blend.open_file(path)
    scene = blend.scene_of(Path(job["root"]), path)
    if scene is None:
        raise InputError("holds no scene of this shot", where=str(path), remedy=f"Run: lineboil build {job['root']}.")
    if scene.camera is None:
        raise InputError("the scene has no camera", where=str(path), remedy="Add one in Blender and save.")
    return scene


def _prepare(scene: Any, job: dict[str, Any]) -> tuple[str, str]:
    """Set this render's engine, quality and device; returns engine and device in words."""
    render = scene.render
    wanted = {"cycles": "CYCLES", "eevee": versions.eevee_identifier()}.get(job["engine"])
    if wanted:
        render.engine = wanted
    render.use_file_extension, render.use_overwrite = True, True
    versions.use_png(render.image_settings)
    # The date, the host or the time taken would make each file another one.
    for name in dir(render):
        if name.startswith("use_stamp"):
            setattr(render, name, False)
    render.resolution_x, render.resolution_y = _size(render, job)
    render.resolution_percentage = 100
    if job["samples"]:
        _use_denoiser(scene.cycles)
        more = 1 if scene.cycles.use_denoising else _WITHOUT_DENOISER
        scene.cycles.samples = job["samples"] * more
        versions.set_if_there(scene.eevee, "taa_render_samples", job["samples"])
    render.use_persistent_data = True
    device = _use_device(scene, job["device"]) if render.engine == "CYCLES" else ""
    return render.engine, device


def _size(render: Any, job: dict[str, Any]) -> tuple[int, int]:
    """The artist's size, reduced to the wanted long side, with even sides, which films need."""
    width, height = (side * render.resolution_percentage / 100 for side in (render.resolution_x, render.resolution_y))
    scale = min(1.0, job["long_side"] / max(width, height)) if job["long_side"] else 1.0
    return max(2, 2 * round(width * scale / 2)), max(2, 2 * round(height * scale / 2))


def _use_device(scene: Any, wanted: str) -> str:
    name = "" if wanted == "cpu" else versions.enable_gpu()
    if wanted == "gpu" and not name:
        raise InputError("Blender finds no GPU that Cycles can use", remedy="Set render.device to auto or cpu.")
    scene.cycles.device = "GPU" if name else "CPU"
    return name or "CPU"


def _description(scene: Any, engine: str, device: str) -> str:
    render = scene.render
    if engine == "CYCLES":
        how = f"Cycles on {device}, {scene.cycles.samples} samples"
        how += ", denoised" if scene.cycles.use_denoising else ", without a denoiser"
    else:
        how = f"{engine.removeprefix('BLENDER_').replace('_', ' ').title()}"
    return f"Blender {bpy.app.version_string}, {how}, {render.resolution_x}x{render.resolution_y}"
