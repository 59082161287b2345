# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the clip's frames as PNG: run `python -m make_sample.render FOLDER` in `tools/` with Blender's Python module.

Options: `--frames 1,20,40` for some only, `--samples N`, `--mask` for the figure's exact mask in FOLDER/mask.
"""

import argparse
from pathlib import Path

import bpy

from .animate import animate
from .figure import build_figure
from .motion import FRAME_COUNT, FRAME_RATE
from .room import build_room

WIDTH, HEIGHT, SAMPLES = 640, 360, 10


def prepare(samples: int) -> bpy.types.Scene:
    """A fresh scene with figure, dance, room and render settings."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    animate(build_figure())
    build_room()
    scene.frame_start, scene.frame_end = 1, FRAME_COUNT
    scene.render.fps = FRAME_RATE
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.render.engine = "CYCLES"
    scene.cycles.samples = samples
    scene.cycles.use_denoising = True
    scene.cycles.denoising_quality = "FAST"
    scene.cycles.denoising_prefilter = "FAST"
    scene.cycles.max_bounces = 3
    scene.cycles.seed = 1
    scene.render.use_persistent_data = True
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    scene.view_settings.exposure = 0.25
    return scene


def mask_only(scene: bpy.types.Scene) -> None:
    """Turn the figure into white light before black, with nothing else to see."""
    white = bpy.data.materials.new("white")
    white.use_nodes = True
    nodes, links = white.node_tree.nodes, white.node_tree.links
    light = nodes.new("ShaderNodeEmission")
    links.new(light.outputs[0], next(node for node in nodes if node.type == "OUTPUT_MATERIAL").inputs["Surface"])
    for thing in scene.objects:
        if thing.type == "MESH" and thing.pass_index == 1:
            thing.data.materials[0] = white
        elif thing.type in ("MESH", "LIGHT"):
            thing.hide_render = True
    scene.world = None
    scene.cycles.use_denoising = False
    scene.view_settings.view_transform = "Raw"
    scene.view_settings.look = "None"
    scene.view_settings.exposure = 0.0


def main() -> None:
    """Render what the command line asks for."""
    parser = argparse.ArgumentParser(description="Render the frames of the sample clip.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--frames", default="")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--mask", action="store_true")
    parser.add_argument("--size", default=f"{WIDTH}x{HEIGHT}")
    options = parser.parse_args()
    scene = prepare(options.samples)
    scene.render.resolution_x, scene.render.resolution_y = (int(part) for part in options.size.split("x"))
    folder = options.folder / "mask" if options.mask else options.folder
    if options.mask:
        mask_only(scene)
    frames = [int(part) for part in options.frames.split(",")] if options.frames else range(1, FRAME_COUNT + 1)
    for frame in frames:
        scene.frame_set(frame)
        scene.render.filepath = str(folder.resolve() / f"{frame:06d}.png")
        bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    main()
