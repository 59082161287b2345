"""Controls of the keys: made for a diffusion model only, kept while words change, and the artist's own stay."""

from __future__ import annotations

import numpy as np
import pytest
from carry_shot import make_shot, run_stage
from lineboil.addon.engine import key_list
from lineboil.addon.engine.errors import SettingError
from lineboil.addon.engine.frames import frame_name
from lineboil.addon.engine.image import files
from lineboil.addon.engine.image.ade20k import COLOURS
from lineboil.addon.engine.models.person.landmarks import empty_landmarks, save_landmarks
from lineboil.addon.engine.schema.controls import ControlsSettings, wanted_kinds
from lineboil.addon.engine.schema.diffuse_model import KINDS
from lineboil.addon.engine.schema.registry import STAGES
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.state import ShotState

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
    assert files.read_rgb8(root / "controls" / frame_name(2)).shape[0] == 240


def test_depth_has_the_scale_of_the_shot(shot):
    root = shot()
    run_stage(root, "controls")
    made = control(root, "depth", 2)
    assert abs(int(made[0, 0, 0]) - round(0.1 * 255)) <= 1
    assert abs(int(made[-1, 0, 0]) - round(0.9 * 255)) <= 1


def test_segmentation_tells_person_floor_and_wall(shot):
    root = shot(**ALL)
    run_stage(root, "controls")
    made = control(root, "segmentation", 5)
    assert tuple(made[40, 50]) == COLOURS["person"]
    assert tuple(made[90, 10]) == COLOURS["floor"]
    assert tuple(made[10, 10]) == COLOURS["wall"]


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
    strip = files.read_rgb8(root / "controls" / frame_name(2))
    assert strip[120, 60].tolist() == [200, 200, 200]


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
