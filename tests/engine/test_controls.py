"""Controls of the keys: made for a diffusion model only, kept while words change, and the artist's own stay."""

from __future__ import annotations

from types import SimpleNamespace
from unittest import mock

import cv2
import numpy as np
import pytest
from carry_shot import Listener, make_shot, run_stage
from lineboil.addon.engine import control_commands, key_list
from lineboil.addon.engine.errors import InputError, MissingError, SettingError
from lineboil.addon.engine.frames import frame_name
from lineboil.addon.engine.image import files
from lineboil.addon.engine.image.ade20k import COLOURS
from lineboil.addon.engine.models.person.landmarks import empty_landmarks, save_landmarks
from lineboil.addon.engine.pipeline import beside, quick_preview
from lineboil.addon.engine.schema.controls import ControlsSettings, wanted_kinds
from lineboil.addon.engine.schema.diffuse_model import KINDS
from lineboil.addon.engine.schema.registry import BY_NAME, STAGES
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages import controls, controls_networks
from lineboil.addon.engine.state import ShotState, difference
from tiny_onnx import write_convolution

HEIGHT, WIDTH, COUNT = 96, 128, 6
KEYS = (2, 5)


def picture(seed):
    random = np.random.default_rng(seed)
    image = np.full((HEIGHT, WIDTH, 3), 0.4, np.float32)
    image[30:80, 20 + 4 * seed : 60 + 4 * seed] = (0.9, 0.7, 0.5)
    return np.clip(image + random.normal(0, 0.005, image.shape), 0, 1).astype(np.float32)


@pytest.fixture
def shot(tmp_path):
    """Makes shots with two keys, a matte and a depth."""

    def make(name="shot", **values):
        root = tmp_path / name
        matte = np.zeros((HEIGHT, WIDTH), np.float32)
        matte[30:80, 30:70] = 1
        values = {"diffuse__engine": "diffusion", **values}
        make_shot(root, [picture(seed) for seed in range(COUNT)], [matte] * COUNT, **values)
        (root / "keys.json").write_text(key_list.keys_text(key_list.KeyList(tuple(key_list.Key(k) for k in KEYS))))
        rows = np.repeat(np.linspace(0.1, 0.1, HEIGHT // 2), 1).tolist() + np.linspace(0.1, 0.9, HEIGHT // 2).tolist()
        depth = np.repeat(np.array(rows, np.float32)[:, None], WIDTH, axis=1)
        for frame in range(1, COUNT + 1):
            files.write_grey(root / "depth" / frame_name(frame), depth, 16)
        return root

    return make


def control(root, kind, frame):
    return files.read_rgb8(root / "controls" / kind / frame_name(frame))



ALL = {f"controls__{kind}": True for kind in KINDS}


def test_every_kind_is_made_of_every_key_and_of_no_other_frame(shot):
    root = shot(**ALL)
    run_stage(root, "controls")
    for kind in KINDS:
        assert sorted(path.name for path in (root / "controls" / kind).iterdir()) == [frame_name(k) for k in KEYS]
        assert control(root, kind, 2).shape == (HEIGHT, WIDTH, 3)
    # The footage and seven kinds, each with its label.
    assert files.read_rgb8(root / "controls" / frame_name(2)).shape[1] >= 3 * WIDTH


def test_depth_has_the_scale_of_the_shot(shot):
    root = shot()
    run_stage(root, "controls")
    made = control(root, "depth", 2)
    assert abs(int(made[0, 0, 0]) - round(0.1 * 255)) <= 1
    assert abs(int(made[-1, 0, 0]) - round(0.9 * 255)) <= 1


def test_segmentation_tells_the_person_and_invents_no_floor(shot):
    root = shot(**ALL)
    run_stage(root, "controls")
    made = control(root, "segmentation", 5)
    assert tuple(made[40, 50]) == COLOURS["person"]
    told = {tuple(colour) for colour in made.reshape(-1, 3).tolist()}
    assert COLOURS["floor"] not in told


def test_without_the_depth_stage_that_is_told_in_a_sentence(shot):
    root = shot()
    (root / "depth" / frame_name(5)).unlink()
    with pytest.raises(MissingError, match="depth control of frame 5 needs the depth stage") as told:
        run_stage(root, "controls")
    assert "controls.depth" in told.value.sentence()


def test_without_people_the_skeleton_is_black_and_that_is_told(shot):
    root = shot()
    heard = run_stage(root, "controls")
    assert not control(root, "openpose", 2).any()
    assert any("no people were followed" in getattr(message, "text", "") for message in heard.messages)


def test_a_person_seen_from_behind_has_no_nose_and_eyes(shot):
    root = shot()
    found = empty_landmarks(1, COUNT)
    found.body[:] = 0
    # Nose, eyes, ears, shoulders.
    seen = [0, 2, 5, 7, 8, 11, 12]
    found.body[..., seen, :2] = [(60, 20), (55, 15), (65, 15), (50, 20), (70, 20), (40, 50), (80, 50)]
    found.body_visibility[:], found.body_score[:] = 0, 1
    found.body_visibility[..., seen] = 1
    found.back_view[0, KEYS[0] - 1] = True
    save_landmarks(root / "pose/landmarks.npz", found)
    run_stage(root, "controls")
    behind, before = (control(root, "openpose", frame) for frame in KEYS)
    assert before[20, 60].tolist() == [255, 0, 0]
    assert not behind[:18].any()
    assert not behind[20, 60].any()
    assert behind[20, 50].tolist() == [255, 0, 85]
    assert behind[50, 40].tolist() == before[50, 40].tolist() == [85, 255, 0]


def test_other_engines_pass_through(shot):
    for engine in ("filter", "painted", "off"):
        root = shot(engine, diffuse__engine=engine)
        assert not ShotState(Shot(root)).is_enabled("controls")
    assert ShotState(Shot(shot("own"))).is_enabled("controls")
    nothing = {f"controls__{kind}": False for kind in KINDS}
    assert not ShotState(Shot(shot("none", **nothing))).is_enabled("controls")


def test_words_and_weights_leave_controls_alone(shot):
    stamps = [
        ShotState(Shot(shot(name, **values))).parts("controls")
        for name, values in (
            ("a", {}), ("b", {"diffuse__prompt": "a fox", "diffuse__lineart_weight": 0.5}),
            ("c", {"controls__line_weight": 2.0}),
        )
    ]
    settings = [stamp["settings"] for stamp in stamps]
    assert settings[0] == settings[1]
    assert settings[0] != settings[2]
    assert "diffuse" not in stamps[0]["inputs"]


def test_what_the_artist_painted_stays_and_is_shown(shot):
    root = shot()
    run_stage(root, "controls")
    own = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    files.write_rgb(root / "controls/lineart" / frame_name(2), own.astype(np.float32) / 255)
    (root / "controls" / frame_name(2)).unlink()
    run_stage(root, "controls")
    assert np.array_equal(control(root, "lineart", 2), own)
    sheet = files.read_rgb8(root / "controls" / frame_name(2))
    assert (sheet == 200).all(-1).mean() > 0.15


def test_a_lost_file_is_made_again(shot):
    root = shot()
    run_stage(root, "controls")
    path = root / "controls/lineart" / frame_name(5)
    before = path.read_bytes()
    path.unlink()
    run_stage(root, "controls")
    assert path.read_bytes() == before


def test_limits_the_wrong_way_round_are_told_before_any_work(shot):
    root = shot(controls__canny=True, controls__canny_low=300)
    with pytest.raises(SettingError, match="canny_low is 300, above canny_high, 200"):
        run_stage(root, "controls")
    assert not (root / "controls").exists()


def test_the_order_of_kinds_and_the_place_of_the_stage():
    assert wanted_kinds(ControlsSettings(mlsd=True)) == ("lineart", "depth", "openpose", "mlsd")
    names = [spec.name for spec in STAGES]
    assert names.index("keys") < names.index("controls") < names.index("diffuse")


def dates(root):
    """When each control was written, by kind and frame."""
    return {
        (kind, key): (root / "controls" / kind / frame_name(key)).stat().st_mtime_ns
        for kind in KINDS for key in KEYS if (root / "controls" / kind / frame_name(key)).is_file()
    }


def made_again(root, **values):
    """Which controls a run after a change of settings makes anew."""
    before = dates(root)
    if values:
        Shot(root).change({name.replace("__", "."): value for name, value in values.items()})
    run_stage(root, "controls")
    return {name for name, date in dates(root).items() if before.get(name) != date}


def test_a_painted_matte_makes_only_what_looks_at_it_and_only_of_its_key(shot):
    root = shot(**ALL)
    run_stage(root, "controls")
    files.write_grey(root / "matte" / frame_name(5), np.ones((HEIGHT, WIDTH), np.float32))
    assert made_again(root) == {("segmentation", 5), ("mlsd", 5)}
    files.write_grey(root / "matte" / frame_name(3), np.ones((HEIGHT, WIDTH), np.float32))
    assert made_again(root) == set()


def test_a_kind_switched_on_makes_that_kind_only_and_is_there_when_it_comes_back(shot):
    root = shot()
    run_stage(root, "controls")
    assert made_again(root, controls__canny=True) == {("canny", key) for key in KEYS}
    assert made_again(root, controls__canny=False) == set()
    assert made_again(root, controls__canny=True) == set()
    made_again(root, controls__canny=False)
    assert made_again(root, controls__canny=True, controls__canny_high=150) == {("canny", key) for key in KEYS}


def test_a_setting_of_one_kind_leaves_the_others(shot):
    root = shot(**ALL)
    run_stage(root, "controls")
    assert made_again(root, controls__line_weight=2.0) == {("lineart", key) for key in KEYS}


def test_a_setting_of_a_kind_that_is_off_changes_nothing(shot):
    stamps = [
        ShotState(Shot(shot(name, **values))).parts("controls")
        for name, values in (("a", {}), ("b", {"controls__canny_low": 50}))
    ]
    assert stamps[0] == stamps[1]


def test_a_new_key_makes_its_own_controls_only(shot):
    root = shot()
    run_stage(root, "controls")
    text = key_list.keys_text(key_list.KeyList(tuple(key_list.Key(k) for k in (2, 4, 5))))
    (root / "keys.json").write_text(text)
    assert made_again(root) == set()
    assert control(root, "lineart", 4).any()


def test_the_reason_names_what_has_changed(shot):
    root = shot(**ALL)
    state = ShotState(Shot(root))
    before = state.parts("controls")
    files.write_grey(root / "matte" / frame_name(5), np.ones((HEIGHT, WIDTH), np.float32))
    assert difference(before, ShotState(Shot(root)).parts("controls")) == "matte/000005.png was made anew or changed"


def test_recipes_name_the_pictures_that_the_stage_reads(shot):
    root = shot(**ALL)
    state = ShotState(Shot(root))
    sources = {kind: state.recipes(BY_NAME["controls"])[f"controls/{kind}/{frame_name(2)}"].files for kind in KINDS}
    assert sources["lineart"] == sources["canny"] == ("frames/000002.png",)
    assert sources["depth"] == ("depth/000002.png",)
    assert "matte/000002.png" in sources["segmentation"]


def test_an_own_picture_stays_when_settings_change_and_force_gives_it_up(shot):
    root = shot()
    run_stage(root, "controls")
    computed = control(root, "lineart", 2)
    own = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    files.write_rgb(root / "controls/lineart" / frame_name(2), own)
    assert made_again(root, controls__line_weight=1.0, controls__canny=True) == {("canny", key) for key in KEYS}
    assert np.array_equal(control(root, "lineart", 2), own)
    with beside(Shot(root), Listener(), "controls", (), "test") as context:
        assert context.state.journal("controls").edited() == ["controls/lineart/000002.png"]
    options = SimpleNamespace(shot=root, force=True, kinds="lineart", frames="2")
    with mock.patch.object(control_commands.pipeline, "run", lambda *_, **__: run_stage(root, "controls")):
        told = control_commands.controls(options, Listener())
    assert told["laid aside"] == "controls/lineart/000002.png"
    assert np.array_equal(control(root, "lineart", 2), computed)
    laid = list((root / "state/replaced").rglob("000002.png"))
    assert np.array_equal(files.read_rgb8(laid[0]), own)


def test_force_leaves_the_pictures_of_other_keys_and_kinds(shot):
    root = shot()
    run_stage(root, "controls")
    own = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    for kind, key in (("lineart", 2), ("lineart", 5), ("depth", 2)):
        files.write_rgb(root / "controls" / kind / frame_name(key), own)
    options = SimpleNamespace(shot=root, force=True, kinds="lineart", frames="5")
    with mock.patch.object(control_commands.pipeline, "run", lambda *_, **__: run_stage(root, "controls")):
        told = control_commands.controls(options, Listener())
    assert told["laid aside"] == "controls/lineart/000005.png"
    assert told["your own"] == "controls/depth/000002.png, controls/lineart/000002.png"
    with pytest.raises(SettingError, match='"ink" is no kind of control'):
        control_commands.controls(SimpleNamespace(shot=root, force=True, kinds="ink", frames=""), Listener())


def test_an_own_picture_of_another_size_is_told_with_both_sizes(shot):
    root = shot()
    run_stage(root, "controls")
    files.write_rgb(root / "controls/lineart" / frame_name(2), np.zeros((50, 40, 3), np.uint8))
    (root / "controls" / frame_name(2)).unlink()
    with pytest.raises(InputError, match="is 40x50 pixels, the frames are 128x96"):
        run_stage(root, "controls")


def test_what_cannot_be_used_is_told_by_the_check_before_anything_goes(shot, tmp_path, monkeypatch):
    root = shot()
    run_stage(root, "controls")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "empty"))
    Shot(root).change({"controls.segmentation": True, "controls.segmentation_engine": "upernet"})
    with beside(Shot(root), Listener(), "controls", KEYS, "test") as context:
        with pytest.raises(MissingError, match=r'"segments" is not installed \(328 MB\).*lineboil models get segments'):
            controls.check(context)
        assert context.has("controls/lineart/000002.png")
    Shot(root).change({"controls.segmentation": False})
    files.write_rgb(root / "controls/depth" / frame_name(5), np.zeros((50, 40, 3), np.uint8))
    with beside(Shot(root), Listener(), "controls", KEYS, "test") as context, pytest.raises(InputError, match="40x50"):
        controls.check(context)


def test_a_jpeg_under_the_name_of_a_png_is_taken_as_it_is(shot):
    root = shot()
    run_stage(root, "controls")
    data = cv2.imencode(".jpg", np.full((HEIGHT, WIDTH, 3), 200, np.uint8))[1].tobytes()
    (root / "controls/lineart" / frame_name(2)).write_bytes(data)
    assert made_again(root) <= {("lineart", 2)}
    assert (root / "controls/lineart" / frame_name(2)).read_bytes() == data


def test_any_frame_is_shown_with_every_kind_and_nothing_is_written(shot):
    root = shot()
    run_stage(root, "controls")
    files.write_rgb(root / "controls/lineart" / frame_name(2), np.full((HEIGHT, WIDTH, 3), 200, np.uint8))
    before = sorted(path for path in root.rglob("*") if path.is_file() and "lock" not in path.name)
    for frame, has_own in ((2, True), (3, False)):
        made = quick_preview(Shot(root), Listener(), "controls", frame)
        assert made.shape[1] >= 3 * WIDTH
        assert (((made * 255).round() == 200).all(-1).mean() > 0.05) == has_own
    assert sorted(path for path in root.rglob("*") if path.is_file() and "lock" not in path.name) == before


def test_lines_and_edges_come_from_networks_on_request(shot, tmp_path, monkeypatch):
    root = shot(controls__softedge=True, controls__lineart_engine="drawings", controls__softedge_engine="dexined")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "empty"))
    with pytest.raises(MissingError, match="lineboil models get lines"):
        run_stage(root, "controls")
    dark = np.zeros((1, 3, 3, 3), np.float32)
    path = write_convolution(tmp_path / "tiny.onnx", dark)
    monkeypatch.setattr(controls_networks, "locate", lambda *_, **__: path)
    run_stage(root, "controls")
    # Whatever is seen, the first says a half and the second the sigmoid of it.
    assert np.unique(control(root, "lineart", 2)).tolist() == [128]
    assert np.unique(control(root, "softedge", 2)).tolist() == [159]
    assert made_again(root, controls__softedge_engine="filter") == {("softedge", key) for key in KEYS}
