"""The scene that Blender makes of a shot, seen by a Blender without our code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Recorder
from lineboil.addon.engine.errors import InputError
from lineboil.addon.engine.frames import frame_name
from lineboil.addon.engine.shot import Shot
from scene_shot import COUNT, DISTANCE, inspect, make_scene_shot, run_stage

pytestmark = pytest.mark.usefixtures("blender")


@pytest.fixture(scope="module")
def built(blender: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    root = make_scene_shot(tmp_path_factory.mktemp("build") / "shot")
    run_stage(root, "build", Recorder())
    return root, inspect(root / "shot.blend")


def test_time_and_sound_are_the_clips(built: tuple[Path, dict]) -> None:
    found = built[1]
    assert found["range"] == [1, COUNT]
    assert found["rate"][0] == 30
    assert found["rate"][1] == pytest.approx(1.001)
    assert found["sounds"] == (["//sound.flac"] if found["has_sound"] else [])


def test_pictures_are_sequences_beside_the_file(built: tuple[Path, dict]) -> None:
    found = built[1]
    assert found["images"] == {
        "Figure colour": ["//cutout/colour/000001.png", "SEQUENCE", "sRGB"],
        "Figure matte": ["//matte/000001.png", "SEQUENCE", "Non-Color"],
        "Figure depth": ["//cutout/depth/000001.png", "SEQUENCE", "Non-Color"],
    }
    assert found["users"] == [[COUNT, 1, 0]] * 2
    assert (found["texts"], found["drivers"]) == (0, 0)


def test_the_figure_stands_on_the_floor_at_its_distance(built: tuple[Path, dict]) -> None:
    for low, high in built[1]["boxes"].values():
        assert low[2] == pytest.approx(0, abs=0.08)
        # 90 rows at 4 m and 150 px focal length.
        assert high[2] == pytest.approx(90 * DISTANCE / 150, rel=0.06)
        assert low[1] == pytest.approx(DISTANCE - 0.2, abs=0.03)
        assert high[1] < DISTANCE + 0.02
    first, last = built[1]["boxes"]["1"], built[1]["boxes"][str(COUNT)]
    assert last[0][0] - first[0][0] == pytest.approx(3 * (COUNT - 1) * DISTANCE / 150, rel=0.15)


def test_building_again_changes_nothing(built: tuple[Path, dict]) -> None:
    root = built[0]
    before = (root / "shot.blend").read_bytes()
    run_stage(root, "build", Recorder())
    assert (root / "shot.blend").read_bytes() == before
    assert inspect(root / "shot.blend")["objects"] == built[1]["objects"]


def test_the_artists_changes_stay_and_the_rest_is_renewed(tmp_path: Path) -> None:
    root = make_scene_shot(tmp_path / "shot")
    run_stage(root, "build", Recorder())
    edits = (
        "o = bpy.data.objects; o['Key'].location.x += 1; o['Key'].data.energy = 77;"
        "o.remove(o['Fill']); bpy.context.scene.cycles.samples = 17;"
        "o['Wall'].name = 'Backdrop';"
        "bpy.context.scene.collection.objects.link(o.new('Chair', None));"
        "o['Figure'].active_material.node_tree.nodes['Principled BSDF'].inputs['Roughness'].default_value = 0.5"
    )
    edited = inspect(root / "shot.blend", edits)
    make_longer(root, 9)
    Shot(root).change({"build.own_light": 0.4})
    run_stage(root, "build", Recorder())
    found = inspect(root / "shot.blend")
    assert found["key"] == pytest.approx(edited["key"])
    assert found["samples"] == 17
    assert found["objects"] == edited["objects"]
    assert "Chair" in found["objects"]
    assert "Fill" not in found["objects"]
    assert found["groups"] == 1
    assert found["range"] == [1, 9]
    assert found["users"] == [[9, 1, 0]] * 2
    assert (root / "shot.blend1").is_file()
    assert not list(root.glob("*.part*"))


def make_longer(root: Path, count: int) -> None:
    longer = make_scene_shot(root.parent / "longer", count)
    for folder in ("cutout/colour", "cutout/depth", "matte"):
        for frame in range(1, count + 1):
            (root / folder / frame_name(frame)).write_bytes((longer / folder / frame_name(frame)).read_bytes())
    (root / "footage.json").write_bytes((longer / "footage.json").read_bytes())


def test_an_unknown_set_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    root = make_scene_shot(tmp_path / "shot", 2, build__set="moon")
    with pytest.raises(InputError, match='no set "moon".*There are: studio'):
        run_stage(root, "build", Recorder())
    assert not (root / "shot.blend").exists()


def test_a_damaged_blend_is_left_alone(tmp_path: Path) -> None:
    root = make_scene_shot(tmp_path / "shot", 2)
    (root / "shot.blend").write_bytes(b"not a blend file at all")
    with pytest.raises(InputError, match="shot.blend.*cannot open"):
        run_stage(root, "build", Recorder())
    assert (root / "shot.blend").read_bytes() == b"not a blend file at all"


def test_a_set_of_the_artists(tmp_path: Path, repository: Path) -> None:
    root = make_scene_shot(tmp_path / "shot", 2, build__set="mine.toml")
    text = (repository / "addon/scene/sets/studio.toml").read_text(encoding="utf-8")
    (root / "mine.toml").write_text(text.replace('name = "Rim"', 'name = "Moon"'), encoding="utf-8")
    run_stage(root, "build", Recorder())
    assert "Moon" in inspect(root / "shot.blend")["objects"]
    record = json.loads((root / "state/build.json").read_text(encoding="utf-8"))
    assert record["parts"]["files"]
