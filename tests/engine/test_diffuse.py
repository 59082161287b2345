"""Redrawn keys: the rules for the artist's own pictures, and the filter on keys only."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from carry_shot import make_shot, run_stage
from lineboil.addon.engine.errors import InputError, SettingError
from lineboil.addon.engine.frames import frame_name, list_frames
from lineboil.addon.engine.image import files
from lineboil.addon.engine.image.toon import LOOKS
from lineboil.addon.engine.key_list import Key, KeyList, keys_text
from lineboil.addon.engine.schema.diffuse import SPEC, DiffuseSettings
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages.diffuse_filter import chosen_look
from lineboil.addon.engine.stages.diffuse_painted import find_pictures
from lineboil.addon.engine.state import ShotState

HEIGHT, WIDTH, COUNT = 64, 96, 6
KEYS = (1, 4)


def picture(seed=0, height=HEIGHT, width=WIDTH):
    noise = np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)
    return cv2.GaussianBlur(noise, (0, 0), 3)


def ready(root, keys=KEYS, **settings):
    left = np.zeros((HEIGHT, WIDTH), np.float32)
    left[:, : WIDTH // 2] = 1
    make_shot(root, [picture(frame) for frame in range(COUNT)], [left] * COUNT, **settings)
    (root / "keys.json").write_text(keys_text(KeyList(tuple(Key(frame) for frame in keys))), encoding="utf-8")
    (root / "painted").mkdir()
    return root


def painted_shot(tmp_path, keys=KEYS, **settings):
    return ready(tmp_path / "shot", keys, diffuse__engine="painted", **settings)


def paint(root, name, image=None):
    files.write_rgb(root / "painted" / name, picture(9) if image is None else image)


def styled(root, frame):
    return files.read_rgb8(root / "styled" / frame_name(frame))


def texts(listener, kind):
    return [message.text for message in listener.messages if message.kind == kind]


# The filter


def test_the_filter_draws_the_keys_and_no_other_frame(tmp_path):
    root = ready(tmp_path / "shot")
    run_stage(root, "diffuse")
    assert list_frames(root / "styled") == list(KEYS)
    for frame in KEYS:
        assert styled(root, frame).shape == (HEIGHT, WIDTH, 3)
        assert not np.array_equal(styled(root, frame), files.read_rgb8(root / "frames" / frame_name(frame)))


def test_the_background_is_drawn_quieter_only_when_asked(tmp_path):
    for name, share in (("loud", 0.0), ("quiet", 1.0)):
        run_stage(ready(tmp_path / name, diffuse__background=share), "diffuse")
    change = np.abs(styled(tmp_path / "loud", 1).astype(int) - styled(tmp_path / "quiet", 1)).mean(axis=(0, 2))
    assert change[WIDTH // 2 + 4 :].mean() > 4 * change[: WIDTH // 2 - 8].mean()


def test_a_finished_key_is_not_drawn_again_and_an_edited_one_stays(tmp_path):
    root = ready(tmp_path / "shot")
    run_stage(root, "diffuse")
    before = (root / "styled" / frame_name(4)).stat().st_mtime_ns
    files.write_rgb(root / "styled" / frame_name(1), picture(30))
    run_stage(root, "diffuse")
    assert (root / "styled" / frame_name(4)).stat().st_mtime_ns == before
    assert np.array_equal(styled(root, 1), np.rint(picture(30) * 255).astype(np.uint8))


def test_the_artists_changes_are_factors_on_the_look():
    look = chosen_look(DiffuseSettings(look="ink", line_weight=2.0, colour_levels=3, ink_colour="#ff8000"))
    assert look.line_pixels == pytest.approx(2 * LOOKS["ink"].line_pixels)
    assert look.levels == 3
    assert look.ink == pytest.approx((1, 128 / 255, 0))
    assert chosen_look(DiffuseSettings(look="pencil")) == LOOKS["pencil"]


def test_a_colour_that_is_none_is_refused():
    with pytest.raises(SettingError, match=r'"diffuse\.paper_colour" is "beige".*#1a1420'):
        chosen_look(DiffuseSettings(paper_colour="beige"))


# Painted keys: names and numbers


@pytest.mark.parametrize("names", [("000001.png", "000004.png"), ("1.png", "shot_0004.jpg"), ("a12_1.png", "k4.tif")])
def test_pictures_are_found_by_the_last_number_of_their_name(tmp_path, names):
    root = painted_shot(tmp_path)
    for name in names:
        done, data = cv2.imencode(name[name.index(".") :], np.full((HEIGHT, WIDTH, 3), 90, np.uint8))
        assert done
        (root / "painted" / name).write_bytes(data.tobytes())
    (root / "painted/notes.txt").write_text("mine", encoding="utf-8")
    run_stage(root, "diffuse")
    assert list_frames(root / "styled") == list(KEYS)
    assert np.abs(styled(root, 4).astype(int) - 90).max() <= 1


def test_keys_without_a_picture_are_listed(tmp_path):
    root = painted_shot(tmp_path, keys=(1, 3, 4, 5))
    paint(root, "4.png")
    with pytest.raises(InputError, match=r"frames 1,3,5 are keys and have no picture.*Paint them"):
        run_stage(root, "diffuse")


def test_a_picture_of_a_frame_that_is_no_key_is_told_with_what_to_do(tmp_path):
    root = painted_shot(tmp_path)
    for frame in (1, 2, 4):
        paint(root, frame_name(frame))
    warnings = texts(run_stage(root, "diffuse"), "warning")
    assert len(warnings) == 1
    assert "frames 2" in warnings[0]
    assert "keys.json" in warnings[0]
    assert list_frames(root / "styled") == list(KEYS)


def test_two_pictures_for_one_frame_are_refused(tmp_path):
    root = painted_shot(tmp_path)
    for name in ("1.png", "000001.png", "4.png"):
        paint(root, name)
    with pytest.raises(InputError, match=r"000001\.png and 1\.png are both for frame 1"):
        run_stage(root, "diffuse")


def test_a_picture_past_the_end_of_the_shot_is_refused(tmp_path):
    root = painted_shot(tmp_path)
    for name in ("1.png", "4.png", "7.png"):
        paint(root, name)
    with pytest.raises(InputError, match=r"7\.png is for frame 7, but the shot has frames 1-6"):
        run_stage(root, "diffuse")


def test_a_name_without_a_number_is_refused(tmp_path):
    paint(painted_shot(tmp_path), "hero.png")
    with pytest.raises(InputError, match=r"hero\.png.*no frame number"):
        find_pictures(tmp_path / "shot/painted")


def test_no_folder_and_an_empty_folder_are_told_apart(tmp_path):
    root = painted_shot(tmp_path)
    with pytest.raises(InputError, match="there are no pictures here"):
        run_stage(root, "diffuse")
    (root / "painted").rmdir()
    with pytest.raises(InputError, match="no such folder"):
        run_stage(root, "diffuse")


# Painted keys: sizes and content


def test_a_wrong_size_names_the_file_its_size_and_the_wanted_one(tmp_path):
    root = painted_shot(tmp_path)
    paint(root, "1.png")
    paint(root, "4.png", picture(3, HEIGHT + 8, WIDTH))
    with pytest.raises(InputError, match=r"4\.png: is 96x72 pixels.*96x64"):
        run_stage(root, "diffuse")
    assert list_frames(root / "styled") == []


def test_a_whole_multiple_is_carried_at_its_size(tmp_path):
    root = painted_shot(tmp_path)
    for frame in KEYS:
        paint(root, f"{frame}.png", picture(3, 2 * HEIGHT, 2 * WIDTH))
    notes = texts(run_stage(root, "diffuse"), "note")
    assert any("2 times the size" in note for note in notes)
    assert styled(root, 4).shape == (2 * HEIGHT, 2 * WIDTH, 3)


def test_pictures_of_two_sizes_are_refused(tmp_path):
    root = painted_shot(tmp_path)
    paint(root, "1.png")
    paint(root, "4.png", picture(3, 2 * HEIGHT, 2 * WIDTH))
    with pytest.raises(InputError, match=r"1\.png and 4\.png have different sizes"):
        run_stage(root, "diffuse")


def test_transparency_is_laid_on_white(tmp_path):
    root = painted_shot(tmp_path, keys=(2,))
    image = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    image[..., 0] = 1
    image[: HEIGHT // 2, :, 3] = 1
    image[HEIGHT // 2 :, : WIDTH // 2, 3] = 0.5
    files.write_rgb(root / "painted/2.png", image)
    run_stage(root, "diffuse")
    result = styled(root, 2)
    assert result[5, 5].tolist() == [255, 0, 0]
    assert result[-5, -5].tolist() == [255, 255, 255]
    assert np.abs(result[-5, 5].astype(int) - [255, 127, 127]).max() <= 1


def test_a_damaged_picture_is_named(tmp_path):
    root = painted_shot(tmp_path)
    paint(root, "1.png")
    (root / "painted/4.png").write_bytes((root / "painted/1.png").read_bytes()[:60])
    with pytest.raises(InputError, match=r"4\.png"):
        run_stage(root, "diffuse")


def test_a_new_picture_or_a_new_key_makes_the_stage_stale(tmp_path):
    root = painted_shot(tmp_path)
    paint(root, "1.png")
    paint(root, "4.png")

    def parts():
        return ShotState(Shot(root)).parts(SPEC.name)

    first = parts()
    assert first == parts()
    paint(root, "4.png", picture(77))
    second = parts()
    assert second != first
    (root / "keys.json").write_text(keys_text(KeyList((Key(1),))), encoding="utf-8")
    assert parts() != second
