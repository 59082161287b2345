"""Run by Blender alone, without Lineboil: opens a file, does the edits given as text, tells what is in it."""

import json
import os
import sys

import bpy

arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
bpy.ops.wm.open_mainfile(filepath=arguments[0], use_scripts=False)
if arguments[1]:
    exec(arguments[1])
    bpy.ops.wm.save_mainfile()
scene = bpy.context.scene
found = {
    "objects": sorted(item.name for item in bpy.data.objects),
    "images": {item.name: [item.filepath, item.source, item.colorspace_settings.name] for item in bpy.data.images},
    "sounds": [item.filepath for item in bpy.data.sounds],
    "has_sound": bpy.app.build_options.audaspace,
    "range": [scene.frame_start, scene.frame_end],
    "rate": [scene.render.fps, scene.render.fps_base],
    "samples": scene.cycles.samples,
    "texts": len(bpy.data.texts),
    "drivers": sum(len(item.animation_data.drivers) for item in bpy.data.objects if item.animation_data),
    "groups": len(bpy.data.node_groups),
    "materials": sorted(item.name for item in bpy.data.materials),
    "key": [*bpy.data.objects["Key"].location, bpy.data.objects["Key"].data.energy],
    "camera": scene.camera.name,
    "lens": scene.camera.data.lens,
    "users": [
        [node.image_user.frame_duration, node.image_user.frame_start, node.image_user.frame_offset]
        for node in bpy.data.materials["Figure"].node_tree.nodes
        if node.type == "TEX_IMAGE"
    ],
    "boxes": {},
}
for frame in (scene.frame_start, scene.frame_end):
    scene.frame_set(frame)
    card = bpy.data.objects["Figure"].evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = [card.matrix_world @ vertex.co for vertex in card.data.vertices]
    found["boxes"][str(frame)] = [
        [function(point[axis] for point in points) for axis in range(3)] for function in (min, max)
    ]
print("FOUND " + json.dumps(found), flush=True)
os._exit(0)
