"""Building in the file that is open, in whatever Blender runs this. `given`: jobs of two shots, and a folder."""

import copy
import json
from pathlib import Path

import bpy
from lineboil.addon.engine.errors import BusyError, InputError
from lineboil.addon.scene import build, paths, versions
from lineboil.addon.scene.marks import ID, MADE, TOKEN

KINDS = ("objects", "collections", "materials", "images", "node_groups", "worlds")


def job_of(given, shot="a", **settings):
    job = copy.deepcopy(given[shot])
    job["settings"].update(settings)
    job["stamp"] += json.dumps(settings, sort_keys=True)
    return job


def notes_of(changes):
    """Without the one about Blenders that cannot use sound."""
    return [note for note in changes.notes if "without sound" not in note]


def names_of():
    return {kind: sorted(item.name for item in getattr(bpy.data, kind)) for kind in KINDS}


def own_of(scene):
    """What a scene shows, in numbers and texts that a build could change."""
    card = build.figure(scene)
    slot = card.material_slots[0].material
    shader = next(node for node in slot.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
    pictures = [node.image.filepath for node in slot.node_tree.nodes if node.type == "TEX_IMAGE"]
    group = card.modifiers[0].node_group
    sockets = [item for item in group.interface.items_tree if item.item_type == "SOCKET" and item.in_out == "INPUT"]
    inputs = [versions.modifier_input(card.modifiers[0], item.identifier) for item in sockets[1:]]
    values = [item.filepath if hasattr(item, "filepath") else getattr(item, "name", item) for item in inputs]
    curves = [versions.curve_values(item, "location", 2) for item in scene.objects]
    lights = [[*item.location, item.data.energy] for item in scene.objects if item.type == "LIGHT"]
    editor = scene.sequence_editor
    sounds = [strip.sound.filepath for strip in versions.sound_strips(editor)] if editor else []
    settings = [scene.frame_end, scene.render.fps, scene.render.resolution_x, scene.camera.name, scene.world.name]
    glow = shader.inputs["Emission Strength"].default_value
    return json.dumps([pictures, values, curves, lights, sounds, settings, glow, scene.get(TOKEN)], sort_keys=True)


def case_a_scene_that_is_not_shown(given):
    shown, scene = bpy.context.scene, bpy.data.scenes.new("Other")
    bpy.ops.object.mode_set(mode="EDIT")
    before = sorted(item.name for item in shown.objects)
    steps = []
    generator = build.fill_steps(scene, given["a"])
    try:
        while True:
            steps.append(next(generator))
    except StopIteration as end:
        assert end.value
    assert len(set(steps)) == len(steps) > 8
    assert bpy.context.scene == shown
    assert sorted(item.name for item in shown.objects) == before
    assert (shown.frame_end, shown.render.fps, shown.render.engine) == (250, 24, versions.eevee_identifier())
    assert scene.frame_end == given["a"]["clip"]["count"]
    assert scene.camera and scene.camera.name in scene.objects
    assert "lineboil_step" not in scene
    assert bpy.context.object.mode == "EDIT"


def case_again_changes_nothing(given):
    scene = bpy.context.scene
    assert build.standing(scene, given["a"]["stamp"]) == "missing"
    assert build.figure(scene) is None
    assert build.fill(scene, given["a"])
    before, names = own_of(scene), names_of()
    assert build.standing(scene, given["a"]["stamp"]) == "done"
    assert build.standing(scene, "another") == "stale"
    assert build.fill(scene, given["a"]) == []
    assert (own_of(scene), names_of()) == (before, names)


def case_the_startup_scene_is_nobodys(given):
    scene = bpy.context.scene
    changes = build.fill(scene, given["a"])
    assert all(bpy.data.objects[name].hide_render for name in ("Cube", "Light", "Camera"))
    assert scene.camera.get(ID) == "camera"
    assert scene.world.get(ID) == "world"
    assert scene.frame_end == given["a"]["clip"]["count"]
    assert [scene.render.engine, scene.view_settings.view_transform] == ["CYCLES", "Standard"]
    assert any("hidden" in note for note in changes.notes)


def case_a_world_without_nodes_is_the_artists(given):
    scene = bpy.context.scene
    if bpy.app.version < (5, 0, 0):
        scene.world.use_nodes = False
    else:
        scene.world = bpy.data.worlds.new("Plain")
    world = scene.world
    assert build.fill(scene, given["a"]).notes[0] == "left as you have set it: world"
    assert scene.world == world


def case_what_the_artist_has_set_is_left(given):
    scene = bpy.context.scene
    bpy.data.objects["Cube"].location.x = 3
    scene.render.fps, scene.frame_end, scene.cycles.samples = 25, 900, 128
    scene.camera.location.x = 1
    scene.world.node_tree.nodes["Background"].inputs["Strength"].default_value = 2
    camera, world = scene.camera, scene.world
    changes = build.fill(scene, given["a"])
    kept = "frame range, frame rate, Cycles quality, camera, world"
    assert changes.notes[0] == f"left as you have set it: {kept}"
    for _ in range(2):
        assert (scene.render.fps, scene.frame_end, scene.cycles.samples) == (25, 900, 128)
        assert (scene.camera, scene.world) == (camera, world)
        assert not bpy.data.objects["Cube"].hide_render
        assert scene.render.resolution_x == given["a"]["size"][0]
        assert notes_of(build.fill(scene, given["a"])) == []
    assert [item.get(ID) for item in scene.objects].count("camera") == 1


def case_two_shots_in_one_file(given):
    first, second = bpy.context.scene, bpy.data.scenes.new("Second")
    build.fill(first, given["a"])
    one = own_of(first)
    build.fill(second, given["b"])
    two = own_of(second)
    assert own_of(first) == one != two
    build.fill(first, job_of(given, "a", own_light=0.9, relief=0.2, camera_turn=20.0))
    assert own_of(second) == two
    assert own_of(first) != one
    build.fill(second, job_of(given, "b", own_light=0.05, columns=20))
    changed = own_of(second)
    assert changed != two
    bpy.data.scenes.remove(first)
    build.fill(second, job_of(given, "b", own_light=0.05, columns=20))
    assert own_of(second) == changed


def copied(scene, kind):
    with bpy.context.temp_override(scene=scene):
        bpy.ops.scene.new(type=kind)
    return next(item for item in bpy.data.scenes if item.name == f"{scene.name}.001")


def case_a_full_copy(given):
    first = bpy.context.scene
    build.fill(first, given["a"])
    second = copied(first, "FULL_COPY")
    one = own_of(first)
    build.fill(second, job_of(given, "a", own_light=0.9, relief=0.2))
    assert own_of(first) == one
    assert second[TOKEN] != first[TOKEN]
    two = own_of(second)
    build.fill(second, given["b"])
    assert own_of(first) == one
    assert own_of(second) != two
    build.fill(first, job_of(given, "a", own_light=0.5))
    assert len([item for item in second.objects if item.get(ID) == "card"]) == 1
    assert len(bpy.data.images) <= 6 + 2
    shown = {item for item in first.objects} & {item for item in second.objects}
    assert not shown


def case_the_original_of_a_full_copy(given):
    first = bpy.context.scene
    build.fill(first, given["a"])
    second = copied(first, "FULL_COPY")
    two = own_of(second)
    build.fill(first, job_of(given, "a", own_light=0.9, relief=0.2))
    assert own_of(second) == two
    build.fill(second, job_of(given, "a", own_light=0.1))
    assert own_of(second) != two


def case_a_linked_copy_shows_the_same_thing(given):
    first = bpy.context.scene
    build.fill(first, given["a"])
    before = names_of()
    second = copied(first, "LINK_COPY")
    build.fill(second, given["a"])
    assert names_of() == before
    assert build.figure(second) == build.figure(first)
    assert second.frame_end == given["a"]["clip"]["count"]


def case_a_linked_copy_of_another_shot(given):
    first = bpy.context.scene
    build.fill(first, given["a"])
    one = own_of(first)
    second = copied(first, "LINK_COPY")
    build.fill(second, given["b"])
    assert own_of(first) == one
    assert build.figure(second) != build.figure(first)
    assert second.camera != first.camera
    build.fill(first, job_of(given, "a", own_light=0.4))
    assert build.fill(second, given["b"]) == []


def case_a_linked_copy_whose_other_shot_was_chosen_before(given):
    first = bpy.context.scene
    build.fill(first, given["a"])
    one = own_of(first)
    second = copied(first, "LINK_COPY")
    second["lineboil_shot"] = given["b"]["root"]
    build.fill(second, given["b"])
    assert own_of(first) == one


def case_copied_settings(given):
    first = bpy.context.scene
    build.fill(first, given["a"])
    one = own_of(first)
    second = copied(first, "EMPTY")
    build.fill(second, given["a"])
    assert own_of(first) == one
    assert build.figure(second) not in (None, build.figure(first))
    assert second.camera.name in second.objects


def case_another_shot_in_the_same_scene(given):
    scene = bpy.context.scene
    build.fill(scene, given["a"])
    bpy.data.objects["Key"].location.x += 1
    place, names = bpy.data.objects["Key"].location.x, names_of()
    build.fill(scene, given["b"])
    assert names_of() == names
    assert bpy.data.objects["Key"].location.x == place
    assert all(given["b"]["root"] in item.filepath for item in bpy.data.images if ID in item)


def case_a_file_of_the_version_before(given):
    scene = bpy.context.scene
    build.fill(scene, given["a"])
    stranger = bpy.data.objects.new("Chair", None)
    scene.collection.objects.link(stranger)
    for kind in (*KINDS, "scenes", "sounds"):
        for item in getattr(bpy.data, kind):
            for key in (TOKEN, "lineboil_shot", "lineboil_stamp", "lineboil_left"):
                if key in item:
                    del item[key]
    before = names_of()
    build.fill(scene, job_of(given, "a", own_light=0.7))
    assert names_of() == before
    assert scene[TOKEN] and build.figure(scene)[TOKEN] == scene[TOKEN]
    assert TOKEN not in stranger
    assert build.standing(scene, scene["lineboil_stamp"]) == "done"


def case_what_is_deleted_stays_deleted(given):
    scene = bpy.context.scene
    build.fill(scene, given["a"])
    bpy.data.objects.remove(bpy.data.objects["Fill"])
    bpy.data.objects.remove(build.figure(scene))
    assert build.standing(scene, given["a"]["stamp"]) == "missing"
    build.fill(scene, given["a"])
    assert "Fill" not in scene.objects
    assert build.figure(scene)


def case_taken_out_of_the_scene_is_not_there(given):
    scene = bpy.context.scene
    build.fill(scene, given["a"])
    figure = next(item for item in scene.collection.children if item.get(ID) == "figure")
    scene.collection.children.unlink(figure)
    assert build.standing(scene, given["a"]["stamp"]) == "missing"
    build.fill(scene, given["a"])
    assert build.figure(scene).name in scene.objects


def case_undo_between_two_steps(given):
    scene = bpy.context.scene
    bpy.ops.ed.undo_push(message="before")
    steps = build.fill_steps(scene, given["a"])
    for _ in range(6):
        next(steps)
    bpy.ops.ed.undo_push(message="the artist does something")
    bpy.ops.ed.undo()
    assert MADE not in bpy.context.scene
    try:
        while True:
            next(steps)
    except StopIteration:
        pass
    scene = bpy.context.scene
    ours = [item.get(ID) for item in scene.objects if ID in item]
    assert len(set(ours)) == len(ours) >= 9
    assert build.standing(scene, given["a"]["stamp"]) == "done"
    assert build.fill(scene, given["a"]) == []


def case_undo_and_redo_of_the_whole(given):
    scene = bpy.context.scene
    bpy.ops.ed.undo_push(message="before")
    before = names_of()
    build.fill(scene, given["a"])
    after = own_of(scene)
    bpy.ops.ed.undo_push(message="Build")
    bpy.ops.ed.undo()
    assert names_of() == before
    assert build.standing(bpy.context.scene, given["a"]["stamp"]) == "missing"
    bpy.ops.ed.redo()
    assert own_of(bpy.context.scene) == after


def case_undone_again_and_again(given):
    bpy.ops.ed.undo_push(message="before")
    steps = build.fill_steps(bpy.context.scene, given["a"])
    next(steps)
    try:
        while True:
            next(steps)
            bpy.context.scene["lineboil_step"] = 0
    except BusyError as error:
        assert "changed while" in error.what


def case_the_artist_deletes_something_between_two_steps(given):
    scene = bpy.context.scene
    steps = build.fill_steps(scene, given["a"])
    for _ in range(6):
        next(steps)
    bpy.data.objects.remove(next(item for item in scene.objects if item.get(ID) == "filming"))
    try:
        next(steps)
        raise AssertionError
    except BusyError as error:
        assert "filming" in error.what
    assert build.fill(scene, given["a"])
    assert build.standing(scene, given["a"]["stamp"]) == "done"


def case_the_scene_goes_between_two_steps(given):
    scene = bpy.data.scenes.new("Goes")
    steps = build.fill_steps(scene, given["a"])
    next(steps), next(steps)
    bpy.data.scenes.remove(scene)
    try:
        next(steps)
        raise AssertionError
    except InputError as error:
        assert "removed" in error.what


def case_a_scene_renamed_between_two_steps(given):
    scene = bpy.context.scene
    steps = build.fill_steps(scene, given["a"])
    next(steps), next(steps)
    scene.name = "Another"
    bpy.data.scenes.new("Scene")
    list(steps)
    assert build.figure(scene)
    assert not bpy.data.scenes["Scene"].objects


def case_stopped_half_way(given):
    scene = bpy.context.scene
    steps = build.fill_steps(scene, given["a"])
    for _ in range(5):
        next(steps)
    steps.close()
    assert "lineboil_step" not in scene
    assert build.standing(scene, given["a"]["stamp"]) == "missing"
    build.fill(scene, given["a"])
    ours = [item.get(ID) for item in scene.objects if ID in item]
    assert len(set(ours)) == len(ours) >= 9


def case_the_wall_in_edit_mode(given):
    scene = bpy.context.scene
    build.fill(scene, given["a"])
    bpy.context.view_layer.objects.active = bpy.data.objects["Wall"]
    bpy.ops.object.mode_set(mode="EDIT")
    changes = build.fill(scene, given["a"])
    assert changes == [] and "Wall" in notes_of(changes)[-1]
    assert bpy.context.object.mode == "EDIT"


def case_linked_and_overridden_things(given):
    path = Path(given["folder"]) / "library.blend"
    build.fill(bpy.context.scene, given["a"], path)
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_factory_settings()
    scene = bpy.context.scene
    with bpy.data.libraries.load(str(path), link=True) as (there, here):
        here.collections, here.scenes = ["Figure"], list(there.scenes)
    linked = here.scenes[0]
    try:
        build.fill(linked, given["b"])
        raise AssertionError
    except InputError as error:
        assert "linked" in error.what
    scene.collection.children.link(here.collections[0])
    override = here.collections[0].override_hierarchy_create(scene, bpy.context.view_layer)
    before = [[item.name, item.library is None, *item.location] for item in override.all_objects]
    scene[TOKEN], scene[MADE] = linked[TOKEN], "[]"
    build.fill(scene, given["b"])
    assert [[item.name, item.library is None, *item.location] for item in override.all_objects] == before
    card = build.figure(scene)
    assert card and card.library is None and card.override_library is None
    assert given["b"]["root"] in next(iter(shown_pictures(card)))


def shown_pictures(card):
    tree = card.material_slots[0].material.node_tree
    return {bpy.path.abspath(node.image.filepath) for node in tree.nodes if node.type == "TEX_IMAGE"}


def texts():
    found = {item.name: item.filepath for item in bpy.data.images if ID in item}
    return found | {item.name: item.filepath for item in bpy.data.sounds}


def check_paths(given, start):
    found = texts()
    assert len(found) == (4 if versions.has_sound() else 3)
    for name, text in found.items():
        assert text.startswith(start) and not text.startswith(start + "."), (name, text)
        assert Path(bpy.path.abspath(text)).is_file(), (name, text)


def case_paths_follow_the_file(given):
    root, scene = Path(given["a"]["root"]), bpy.context.scene
    build.fill(scene, given["a"])
    check_paths(given, root.as_posix() + "/")
    assert scene["lineboil_shot"] == root.as_posix()
    own = root / f"{root.name}.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(own), relative_remap=False)
    check_paths(given, root.as_posix() + "/")
    assert build.fill(scene, given["a"])
    check_paths(given, "//")
    assert scene["lineboil_shot"] == "//"
    assert build.fill(scene, given["a"]) == []
    elsewhere = {Path(given["folder"]) / "deep/er/film.blend": "//../../a/", root.parent / "film.blend": "//a/"}
    for place, start in elsewhere.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        bpy.ops.wm.save_as_mainfile(filepath=str(place), relative_remap=True)
        build.fill(scene, given["a"])
        check_paths(given, start)
        assert build.fill(scene, given["a"]) == []
    bpy.ops.wm.save_as_mainfile(filepath=str(own), relative_remap=False)
    build.fill(scene, given["a"])
    check_paths(given, "//")
    own.unlink()


def case_pictures_of_the_artists_own_stay(given):
    scene = bpy.context.scene
    build.fill(scene, given["a"])
    image = next(item for item in bpy.data.images if item.get(ID) == "colour")
    image.filepath = str(Path(given["b"]["root"]) / "matte/000001.png")
    build.fill(scene, job_of(given, "a", own_light=0.9))
    assert "matte" in image.filepath


def case_respelled_by_blender_is_nobodys_change(given):
    root, scene = Path(given["a"]["root"]), bpy.context.scene
    place = root / "respelled.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(place))
    build.fill(scene, given["a"])
    bpy.ops.file.make_paths_absolute()
    before = texts()
    assert build.fill(scene, given["a"]) == []
    assert texts() == before
    build.fill(scene, given["b"])
    assert all(Path(bpy.path.abspath(text)).resolve().is_relative_to(given["b"]["root"]) for text in texts().values())
    place.unlink()


def case_pictures_that_are_gone(given):
    job = copy.deepcopy(given["a"])
    job["root"] = str(Path(given["folder"]) / "nowhere")
    try:
        build.fill(bpy.context.scene, job)
        raise AssertionError
    except InputError as error:
        assert "000001.png" in error.where


def case_an_own_sequencer_keeps_its_strips(given):
    if not versions.has_sound():
        return
    scene = bpy.context.scene
    strips = versions.sound_strips(scene.sequence_editor_create())
    strips.new_sound("Mine", str(Path(given["b"]["root"]) / "sound.flac"), 1, 1)
    build.fill(scene, given["a"])
    assert {item.name: item.channel for item in strips} == {"Mine": 1, "Sound": 2}


def case_paths_know_each_other(given):
    assert paths.is_same(Path(given["a"]["root"]), Path(given["a"]["root"]) / "." / "matte" / "..")
