"""Keys drawn in grids or alone by a diffusion model, here a stand-in that paints: what is asked, what kept.

The true classes are in test_diffuse_model.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from carry_shot import Listener, make_shot
from lineboil.addon.engine import grid_plan, pipeline
from lineboil.addon.engine.errors import Cancelled, InputError, MissingError, SettingError
from lineboil.addon.engine.frames import frame_name, list_frames
from lineboil.addon.engine.image import files
from lineboil.addon.engine.image.grid import cut
from lineboil.addon.engine.key_list import Key, KeyList, keys_text
from lineboil.addon.engine.models.diffusion.request import Model
from lineboil.addon.engine.schema.diffuse import SPEC, DiffuseSettings
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages import diffuse, diffuse_model, diffuse_request
from lineboil.addon.engine.stages.context import StageContext
from lineboil.addon.engine.stages.diffuse_plan import layout_in
from lineboil.addon.engine.state import ShotState

HEIGHT, WIDTH, COUNT = 64, 96, 12
KEYS = (1, 3, 5, 8, 11)
ANCHOR = 5


class Painter:
    """Draws negatives with a tint of its own for every picture, which grids that agree have to get rid of."""

    def __init__(self) -> None:
        self.asked: list = []
        self.stop_at = 0

    def draw(self, request, step):
        if self.stop_at and len(self.asked) + 1 >= self.stop_at:
            raise Cancelled
        self.asked.append(request)
        tint = np.random.default_rng([request.seed, len(self.asked)]).integers(-20, 20, 3)
        picture = np.clip(200 - request.image * 0.6 + tint, 0, 255).astype(np.uint8)
        if request.mask is not None:
            picture = np.where(request.mask[..., None] > 0, picture, request.kept)
        step(1, request.steps, lambda: picture[::8, ::8])
        return picture


@pytest.fixture
def painter(monkeypatch) -> Painter:
    made = Painter()
    monkeypatch.setattr(diffuse_model, "diffuser_for", lambda *_: made)
    monkeypatch.setattr(diffuse_model, "model_of", lambda *_: Model("sd15", Path("none.safetensors")))
    monkeypatch.setattr(diffuse_request, "kinds_of", lambda *_: ())
    return made


def ready(root, keys=KEYS, more=None, **settings):
    random = np.random.default_rng(4)
    pictures = [np.kron(random.uniform(0.1, 0.9, (8, 12, 3)), np.ones((8, 8, 1))).astype(np.float32)] * COUNT
    values = {"engine": "diffusion", "grid_long_side": 256, "grid_cells": 3, "cell_multiple": 8, **settings}
    matte = np.zeros((HEIGHT, WIDTH), np.float32)
    matte[:, :48] = 1
    make_shot(root, pictures, [matte] * COUNT, **{f"diffuse__{name}": value for name, value in values.items()})
    write_keys(root, keys, more)
    return root


def write_keys(root, keys, more=None, locked=()):
    made = tuple(Key(frame, more=(more or {}).get(frame, {}), locked=frame in locked) for frame in keys)
    (root / "keys.json").write_text(keys_text(KeyList(made)), encoding="utf-8")


def run(root, frames=()):
    """One run as the pipeline does it; the stages before are taken as they lie there."""
    listener = Listener()
    state = ShotState(Shot(root))
    if state.report("diffuse").standing == "done":
        return listener
    record, _ = state.begin(SPEC)
    context = StageContext(state, SPEC, record, frames or state.frames_of(SPEC), listener)
    diffuse.run(context)
    state.refresh()
    pipeline._finish(state, SPEC, context, frames or None)
    return listener


def styled(root, frame):
    return files.read_rgb8(root / "styled" / frame_name(frame))


def grid(root, number):
    return files.read_rgb8(root / f"grids/grid_{number:02d}.png")


def texts(listener, kind):
    return [message.text for message in listener.messages if message.kind == kind]


def anchor_cell(root, number):
    return cut(layout_in(grid_plan.load(root)), grid(root, number), 0)


def test_every_key_is_drawn_in_grids_that_share_the_anchor(tmp_path, painter):
    listener = run(ready(tmp_path / "shot"))
    assert list_frames(tmp_path / "shot/styled") == list(KEYS)
    plan = grid_plan.load(tmp_path / "shot")
    assert len(painter.asked) == len(plan.drawings) == 2
    assert all(drawing.frames[0] == plan.anchor == ANCHOR for drawing in plan.drawings)
    first, second = painter.asked
    assert first.mask is None
    assert first.anchor is None
    assert np.array_equal(second.anchor, grid(tmp_path / "shot", 1))
    assert np.array_equal(anchor_cell(tmp_path / "shot", 1), anchor_cell(tmp_path / "shot", 2))
    assert second.mask.min() == 0
    assert "stands in every one" in texts(listener, "note")[0]
    assert all(styled(tmp_path / "shot", frame).shape == (HEIGHT, WIDTH, 3) for frame in KEYS)


def test_agreement_can_be_switched_off(tmp_path, painter):
    off = dict.fromkeys(("agree_anchor", "agree_attention", "agree_colour"), False)
    root = ready(tmp_path / "shot", **off)
    run(root)
    assert painter.asked[1].mask is None
    assert painter.asked[1].anchor is None
    assert not np.array_equal(anchor_cell(root, 1), anchor_cell(root, 2))


def test_colours_are_matched_to_the_anchor_by_the_cell_that_is_shared(tmp_path, painter):
    apart = {}
    for name, is_matched in (("matched", True), ("as_drawn", False)):
        root = ready(tmp_path / name, agree_anchor=False, agree_attention=False, agree_colour=is_matched)
        run(root)
        apart[name] = max(
            np.abs(styled(root, frame).astype(float).mean((0, 1)) - styled(root, ANCHOR).mean((0, 1))).max()
            for frame in KEYS
        )
    assert apart["matched"] < 2 < apart["as_drawn"]


def test_a_stopped_run_goes_on_with_the_grid_that_lacks(tmp_path, painter):
    whole = ready(tmp_path / "whole", agree_colour=False)
    run(whole)
    root = ready(tmp_path / "shot", agree_colour=False)
    painter.asked, painter.stop_at = [], 2
    with pytest.raises(Cancelled):
        run(root)
    assert len(painter.asked) == 1
    drawn = (root / "grids/grid_01.png").stat().st_mtime_ns
    assert ANCHOR in list_frames(root / "styled")
    painter.stop_at = 0
    run(root)
    assert len(painter.asked) == 2
    assert (root / "grids/grid_01.png").stat().st_mtime_ns == drawn
    for frame in KEYS:
        assert np.array_equal(styled(root, frame), styled(whole, frame))


def test_the_plan_stays_when_more_is_known_of_faces_between_two_runs(tmp_path, painter, monkeypatch):
    root = ready(tmp_path / "shot", grid_cells=0)
    painter.stop_at = 1
    with pytest.raises(Cancelled):
        run(root)
    before = (root / grid_plan.FILE_NAME).read_text(encoding="utf-8")
    monkeypatch.setattr(diffuse_request, "_face_heights", lambda _: dict.fromkeys(KEYS, 20.0))
    painter.stop_at = 0
    run(root)
    assert (root / grid_plan.FILE_NAME).read_text(encoding="utf-8") == before


def test_a_finished_shot_is_not_drawn_again_and_a_lost_key_is_cut_again(tmp_path, painter):
    root = ready(tmp_path / "shot")
    run(root)
    before = styled(root, 8)
    run(root)
    (root / "styled" / frame_name(8)).unlink()
    run(root)
    assert len(painter.asked) == 2
    assert np.array_equal(styled(root, 8), before)


def test_a_grid_painted_over_is_cut_again_and_kept(tmp_path, painter):
    root = ready(tmp_path / "shot", agree_colour=False)
    run(root)
    frames = grid_plan.load(root).drawings[1].frames
    other = styled(root, 1)
    painted = np.full_like(grid(root, 2), 77)
    files.write_rgb(root / "grids/grid_02.png", painted)
    assert ShotState(Shot(root)).report("diffuse").standing == "partial"
    run(root)
    assert len(painter.asked) == 2
    assert (grid(root, 2) == 77).all()
    assert all((styled(root, frame) == 77).all() for frame in frames if frame != ANCHOR)
    assert np.array_equal(styled(root, 1), other)
    assert ShotState(Shot(root)).report("diffuse").standing == "done"
    # And once more.
    files.write_rgb(root / "grids/grid_02.png", painted + np.uint8(9))
    run(root)
    assert (styled(root, frames[1]) == 86).all()


def test_a_key_painted_over_stays_when_its_grid_is_painted_over(tmp_path, painter):
    root = ready(tmp_path / "shot")
    run(root)
    files.write_rgb(root / "styled" / frame_name(11), np.full((HEIGHT, WIDTH, 3), 12, np.uint8))
    files.write_rgb(root / "grids/grid_02.png", np.full_like(grid(root, 2), 77))
    run(root)
    assert (styled(root, 11) == 12).all()


def test_a_painted_grid_stays_with_another_prompt_and_goes_aside_with_other_keys(tmp_path, painter):
    root = ready(tmp_path / "shot")
    run(root)
    files.write_rgb(root / "grids/grid_02.png", np.full_like(grid(root, 2), 77))
    change(root, "prompt", '"a cat"')
    run(root)
    assert len(painter.asked) == 3
    assert (grid(root, 2) == 77).all()
    write_keys(root, (1, 2, 5, 8, 12))
    listener = run(root)
    assert len(painter.asked) == 5
    assert not (grid(root, 2) == 77).all()
    aside = list((root / "state/replaced").rglob("grid_02.png"))
    assert len(aside) == 1
    assert (files.read_rgb8(aside[0]) == 77).all()
    assert any("grid_02.png: painted over for other keys" in text for text in texts(listener, "warning"))


def change(root, name, value):
    text = (root / "shot.toml").read_text(encoding="utf-8")
    (root / "shot.toml").write_text(text.replace("[diffuse]", f"[diffuse]\n{name} = {value}"), encoding="utf-8")


def test_a_painted_grid_of_another_size_is_told(tmp_path, painter):
    root = ready(tmp_path / "shot")
    run(root)
    files.write_rgb(root / "grids/grid_02.png", np.zeros((50, 70, 3), np.uint8))
    with pytest.raises(InputError, match=r"is 70x50 pixels, it was drawn at .*Paint over it at that size"):
        run(root)


def test_another_engine_is_not_bothered_by_painted_grids(tmp_path, painter):
    root = ready(tmp_path / "shot")
    run(root)
    files.write_rgb(root / "grids/grid_02.png", np.full_like(grid(root, 2), 77))
    text = (root / "shot.toml").read_text(encoding="utf-8").replace('"diffusion"', '"filter"')
    (root / "shot.toml").write_text(text, encoding="utf-8")
    run(root)
    assert ShotState(Shot(root)).report("diffuse").standing == "done"
    assert not (styled(root, 11) == 77).all()


@pytest.mark.parametrize("mode", ["grid", "single"])
def test_a_locked_anchor_is_what_all_others_agree_with(tmp_path, painter, mode):
    root = ready(tmp_path / "shot", mode=mode)
    painted = np.full((HEIGHT, WIDTH, 3), (180, 90, 40), np.uint8)
    files.write_rgb(root / "styled" / frame_name(ANCHOR), painted)
    write_keys(root, KEYS, locked=(ANCHOR,))
    run(root)
    assert np.array_equal(styled(root, ANCHOR), painted)
    if mode == "grid":
        assert (anchor_cell(root, 1) == painted[0, 0]).all()
        assert (anchor_cell(root, 2) == painted[0, 0]).all()
    else:
        assert len(painter.asked) == len(KEYS) - 1
        assert all((request.anchor == painted[0, 0]).all() for request in painter.asked)


def test_single_keys_have_their_own_words_seed_and_strength(tmp_path, painter):
    more = {8: {"prompt": "a dog", "seed": 40, "strength": 0.3}}
    root = ready(tmp_path / "shot", more=more, mode="single", prompt="a cat", style="ink", seed=7)
    run(root)
    told = {name: (request.prompt, request.seed, request.strength) for name, request in zip(
        (ANCHOR, 1, 3, 8, 11), painter.asked, strict=True)}
    assert told == {
        frame: ("a dog, ink", 40, 0.3) if frame == 8 else ("a cat, ink", 7, 0.6) for frame in KEYS
    }
    assert painter.asked[0].anchor is None
    assert all(request.mask is None and request.anchor is not None for request in painter.asked[1:])


def test_keys_in_grids_have_words_seed_and_strength_of_their_own(tmp_path, painter):
    more = {8: {"seed": 3, "prompt": "a dog"}, 11: {"strength": 0.9}}
    root = ready(tmp_path / "shot", more=more, prompt="a cat", style="ink")
    run(root)
    plan = grid_plan.load(root)
    frames = [drawing.frames for drawing in plan.drawings]
    boxes = [layout_in(plan).cell_box(index) for index in range(max(map(len, frames)))]
    told = {}
    for cells, request in zip(frames, painter.asked, strict=True):
        assert request.strength == (0.9 if 11 in cells else 0.6) and request.prompt == "a cat, ink"
        for cell in request.cells:
            index = next(index for index, box in enumerate(boxes) if cell.mask[box].all())
            assert cell.mask.sum() == cell.mask[boxes[index]].size
            told[cells[index]] = (cell.prompt, cell.seed, cell.strength)
    assert told[8][:2] == ("a dog, ink", 3)
    assert told[11] == (None, None, None)
    together = next(cells for cells in frames if 11 in cells)
    assert all(told[frame][2] == 0.6 for frame in together if frame != 11)


def test_keys_in_grids_that_ask_nothing_are_drawn_alike(tmp_path, painter):
    run(ready(tmp_path / "shot"))
    assert all(request.cells == () and request.strength == 0.6 for request in painter.asked)


def test_only_the_grids_of_the_frames_asked_for_are_drawn(tmp_path, painter):
    root = ready(tmp_path / "shot", keys=tuple(range(1, 12)))
    plan_of_all = 5
    run(root, frames=(11,))
    assert len(grid_plan.load(root).drawings) == plan_of_all
    assert len(painter.asked) == 2
    assert list_frames(root / "styled") == [11]


@pytest.mark.parametrize("keys", [(4,), (4, 9)])
def test_one_key_or_two(tmp_path, painter, keys):
    root = ready(tmp_path / "shot", keys=keys)
    run(root)
    assert list_frames(root / "styled") == list(keys)
    assert len(painter.asked) == 1


def test_small_faces_are_warned_of_with_numbers(tmp_path, painter, monkeypatch):
    monkeypatch.setattr(diffuse_request, "_face_heights", lambda _: dict.fromkeys(KEYS, 20.0))
    listener = run(ready(tmp_path / "shot"))
    assert any("a face is 27 pixels high in cells of 128x85" in text for text in texts(listener, "warning"))


def test_a_damaged_plan_is_made_anew(tmp_path, painter):
    root = ready(tmp_path / "shot")
    run(root)
    for text in ("{", "[]", json.dumps({"format": 1})):
        (root / grid_plan.FILE_NAME).write_text(text, encoding="utf-8")
        (root / "styled" / frame_name(3)).unlink()
        run(root)
        assert grid_plan.load(root).anchor == ANCHOR
    assert len(painter.asked) == 2


@pytest.mark.parametrize(
    ("settings", "more", "kind", "said"),
    [
        ({"anchor": 2}, None, SettingError, "diffuse.anchor is frame 2, which is no key"),
        ({"reference": "look.png"}, None, (InputError, MissingError), "look.png"),
        ({"mode": "single"}, {8: {"seed": "x"}}, InputError, 'frame 8 has "seed": \'x\', not a whole number'),
        ({"mode": "single"}, {8: {"strength": 2}}, InputError, 'frame 8 has "strength": 2, not a number from 0 to 1'),
    ],
)
def test_what_cannot_be_drawn_is_told_before_the_model_is_asked(tmp_path, painter, settings, more, kind, said):
    root = ready(tmp_path / "shot", more=more, **settings)
    with pytest.raises(kind, match=said):
        run(root)
    assert not painter.asked


def test_a_model_that_is_not_there_is_told(tmp_path, monkeypatch):
    root = ready(tmp_path / "shot", model="nowhere.safetensors")
    with pytest.raises(MissingError, match=r"there is no checkpoint .*nowhere\.safetensors"):
        run(root)


def test_the_versions_of_models_are_part_of_the_fingerprint(tmp_path):
    model = tmp_path / "mine.safetensors"
    model.write_bytes(b"one")
    settings = DiffuseSettings(engine="diffusion", model=str(model), loras="ink.safetensors:0.5")
    before = SPEC.identity(settings)
    model.write_bytes(b"two")
    assert SPEC.identity(settings) != before
    assert SPEC.identity(DiffuseSettings()) == {}
    (tmp_path / "ink.safetensors").write_bytes(b"lora")
    assert tmp_path / "ink.safetensors" in SPEC.files(settings, tmp_path)
