"""Frames and film of a scene."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from conftest import Recorder
from lineboil.addon.engine.errors import Cancelled, EngineError, MissingError
from lineboil.addon.engine.frames import frame_name, list_frames
from lineboil.addon.engine.image.files import read_rgb
from scene_shot import COUNT, inspect, make_scene_shot, run_stage

SMALL = {"render__preview_long_side": 128, "render__preview_samples": 4, "render__device": "cpu"}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_scene_shot(tmp_path_factory.mktemp("render") / "shot", build__camera_turn=0.0, **SMALL)
    run_stage(root, "build", Recorder())
    run_stage(root, "render", Recorder())
    return root


def film_of(path: Path) -> tuple[int, float, float]:
    with av.open(str(path)) as container:
        count = sum(1 for _ in container.decode(video=0))
    with av.open(str(path)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
        return count, float(container.streams.video[0].average_rate), samples / container.streams.audio[0].rate


def test_the_film_has_every_frame_and_the_sound(rendered: Path) -> None:
    assert list_frames(rendered / "render") == list(range(1, COUNT + 1))
    count, rate, seconds = film_of(rendered / "shot_render.mp4")
    assert count == COUNT
    assert rate == pytest.approx(30000 / 1001, rel=1e-3)
    assert seconds == pytest.approx(COUNT * 1001 / 30000, abs=0.05)


def test_the_figure_is_lit_and_throws_a_shadow_on_the_wall(rendered: Path, tmp_path: Path) -> None:
    picture = read_rgb(rendered / "render" / frame_name(3))
    assert picture.shape == (96, 128, 3)
    shirt = (picture[..., 0] > 1.8 * picture[..., 2]) & (picture[..., 0] > 0.3)
    rows, columns = np.nonzero(shirt)
    assert 150 < shirt.sum() < 3000
    assert rows.mean() < 60
    assert 25 < columns.mean() < 100
    bare = make_scene_shot(tmp_path / "bare", **SMALL, build__camera_turn=0.0)
    run_stage(bare, "build", Recorder())
    inspect(bare / "bare.blend", "o = bpy.data.objects; o['Figure'].visible_shadow = False")
    run_stage(bare, "render", Recorder(), (3,))
    lost = read_rgb(bare / "render" / frame_name(3)).mean(-1) - picture.mean(-1)
    shadow = (lost > 0.08) & ~shirt
    assert shadow[:70].sum() > 60
    assert shadow[70:].sum() > 10


def test_a_stopped_render_goes_on_and_ends_the_same(rendered: Path, tmp_path: Path) -> None:
    root = make_scene_shot(tmp_path / "shot", build__camera_turn=0.0, **SMALL)
    (root / "shot.blend").write_bytes((rendered / "shot.blend").read_bytes())

    class StopsAtThree(Recorder):
        def send(self, message) -> bool:
            super().send(message)
            return len(self.of("preview")) >= 3

    with pytest.raises(Cancelled):
        run_stage(root, "render", StopsAtThree())
    kept = {frame: (root / "render" / frame_name(frame)).stat().st_mtime_ns for frame in list_frames(root / "render")}
    assert 2 <= len(kept) < COUNT
    run_stage(root, "render", Recorder())
    for frame in range(1, COUNT + 1):
        path = root / "render" / frame_name(frame)
        assert path.read_bytes() == (rendered / "render" / frame_name(frame)).read_bytes()
        assert frame not in kept or path.stat().st_mtime_ns == kept[frame]


def test_an_excerpt_has_its_part_of_the_sound(rendered: Path, tmp_path: Path) -> None:
    root = make_scene_shot(tmp_path / "shot", build__camera_turn=0.0, **SMALL)
    (root / "shot.blend").write_bytes((rendered / "shot.blend").read_bytes())
    context = run_stage(root, "render", Recorder(), (4, 5))
    assert list_frames(root / "render") == [4, 5]
    count, _, seconds = film_of(root / "shot_render_4-5.mp4")
    assert count == 2
    assert seconds == pytest.approx(2 * 1001 / 30000, abs=0.04)
    assert context.state.record("render").facts["movie"] == "shot_render_4-5.mp4"


def test_no_scene_yet(tmp_path: Path) -> None:
    root = make_scene_shot(tmp_path / "shot", 2)
    with pytest.raises(MissingError, match="no scene to render.*lineboil build"):
        run_stage(root, "render", Recorder())


def test_a_scene_without_camera(tmp_path: Path, rendered: Path) -> None:
    root = make_scene_shot(tmp_path / "shot", 2)
    (root / "shot.blend").write_bytes((rendered / "shot.blend").read_bytes())
    edit = "o = bpy.data.objects; s = bpy.context.scene; s.camera = None"
    with pytest.raises(AssertionError):
        # The look afterwards finds no camera either.
        inspect(root / "shot.blend", edit)
    with pytest.raises(EngineError, match="no camera"):
        run_stage(root, "render", Recorder())
