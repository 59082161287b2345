"""Every function of addon/scene/versions.py, in whatever Blender runs this."""

import bpy
from lineboil.addon.scene import nodes, versions
from lineboil.addon.scene.material import shader_of


def case_version(given):
    assert versions.VERSION == tuple(bpy.app.version) >= (4, 2, 0)


def case_eevee_identifier(given):
    bpy.context.scene.render.engine = "CYCLES"
    bpy.context.scene.render.engine = versions.eevee_identifier()
    assert "EEVEE" in bpy.context.scene.render.engine


def case_node_tree(given):
    for block in (bpy.data.materials.new("M"), bpy.data.worlds.new("W")):
        assert versions.node_tree(block) == block.node_tree is not None
    assert shader_of(bpy.data.materials["M"]) is not None


def case_has_nodes(given):
    world = bpy.data.worlds.new("W")
    if bpy.app.version < (5, 0, 0):
        assert not versions.has_nodes(world)
    versions.node_tree(world)
    assert versions.has_nodes(world)


def case_set_if_there(given):
    render = bpy.context.scene.render
    assert versions.set_if_there(render, "resolution_x", 320)
    assert render.resolution_x == 320
    assert not versions.set_if_there(render, "no_such_thing", 1)
    assert not versions.set_if_there(render, "engine", "NO_SUCH_ENGINE")


def case_curves(given):
    item = bpy.data.objects.new("O", None)
    other = bpy.data.objects.new("P", None)
    assert versions.curve_values(item, "location", 2) is None
    versions.set_curve(item, "location", 2, [1.0, 5.0], [0.0, 4.0])
    versions.set_curve(item, "location", 2, [1.0, 9.0], [0.0, 8.0])
    versions.set_curve(other, "location", 2, [1.0], [7.0], "SINE")
    assert versions.curve_values(item, "location", 2) == [1.0, 0.0, 9.0, 8.0]
    assert versions.curve_values(item, "location", 1) is None
    assert versions.curve_values(other, "location", 2) == [1.0, 7.0]
    assert len(versions.fcurves(item)) == 1
    bpy.context.scene.collection.objects.link(item)
    bpy.context.scene.frame_set(5)
    assert abs(item.evaluated_get(bpy.context.evaluated_depsgraph_get()).location.z - 4) < 1e-4


def case_curve_in_an_action_of_the_artists(given):
    item = bpy.data.objects["Cube"]
    item.keyframe_insert("location", index=0, frame=3)
    versions.set_curve(item, "location", 2, [1.0], [2.0])
    assert len(versions.fcurves(item)) == 2


def case_modifier_input(given):
    group, is_new = nodes.ensure_relief_group([])
    assert is_new
    modifier = bpy.data.objects["Cube"].modifiers.new("Relief", "NODES")
    modifier.node_group = group
    material, image = bpy.data.materials.new("M"), bpy.data.images.new("I", 4, 4)
    for name, value in (("Columns", 12), ("Near", 1.5), ("Material", material), ("Depth", image)):
        identifier = nodes.socket_identifier(group, name)
        versions.set_modifier_input(modifier, identifier, value)
        assert versions.modifier_input(modifier, identifier) == value
    assert versions.modifier_input(modifier, nodes.socket_identifier(group, "Matte")) is None
    assert nodes.ensure_relief_group([group]) == (group, False)
    rows = nodes.socket_identifier(group, "Rows")
    versions.set_modifier_input(modifier, rows, 7)
    versions.set_modifier_input(modifier, nodes.socket_identifier(group, "Cut"), -1.0)
    bpy.context.view_layer.update()
    shape = bpy.data.objects["Cube"].evaluated_get(bpy.context.evaluated_depsgraph_get())
    assert len(shape.data.vertices) == 12 * 7


def case_sound_strips(given):
    scene = bpy.context.scene
    strips = versions.sound_strips(scene.sequence_editor_create())
    assert len(strips) == 0
    if versions.has_sound():
        strip = strips.new_sound("S", given["sound"], 1, 1)
        assert [item.type for item in versions.sound_strips(scene.sequence_editor)] == ["SOUND"]
        assert strip.sound.filepath == given["sound"]


def case_use_scene_in_sequencer(given):
    first, second = bpy.context.scene, bpy.data.scenes.new("Second")
    versions.use_scene_in_sequencer(first)
    versions.use_scene_in_sequencer(second)
    if versions.VERSION >= (5, 0, 0):
        assert {workspace.sequencer_scene for workspace in bpy.data.workspaces} == {first}


def case_use_png(given):
    settings = bpy.context.scene.render.image_settings
    versions.set_if_there(settings, "media_type", "VIDEO")
    versions.set_if_there(settings, "file_format", "FFMPEG")
    versions.use_png(settings, "RGBA", "16")
    assert (settings.file_format, settings.color_mode, settings.color_depth) == ("PNG", "RGBA", "16")


def case_enable_gpu(given):
    assert isinstance(versions.enable_gpu(), str)


def case_remove_all(given):
    versions.remove_all(bpy.data.objects, bpy.data.objects)
    assert len(bpy.data.objects) == 0
