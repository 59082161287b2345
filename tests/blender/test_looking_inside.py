"""A branch of a try, a mask painted over a key, and words of a key inside Blender."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from blender_inside import Inside
from lineboil.addon.engine.shot import create, key_and_value

SCRIPTED = Path(__file__).with_name("scripted_worker.py")


@pytest.fixture(scope="module")
def found(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("looking")
    create(folder / "shot", {})
    return {**inside.run("looking", folder, SCRIPTED), "root": folder / "shot"}


def test_buttons_say_what_is_missing(found: dict) -> None:
    assert "Run the keys stage first" in found["no keys"]
    assert "Run the keys stage" in found["no key"]
    assert "Try a frame or a grid first" in found["no try"]
    assert "frame 3 is not redrawn yet" in found["not drawn"]


def test_a_key_is_given_words_and_becomes_the_artists(found: dict) -> None:
    words = found["words"]
    assert words["told"] == ["FINISHED", 3, "she laughs, seed 7"]
    key = json.loads(words["text"])["keys"][0]
    assert key["prompt"] == "she laughs" and key["seed"] == 7 and "strength" not in key
    assert key["added_by"] == "artist" and key["mine"] == 1
    assert words["other"] == ["FINISHED", "strength 0.25"]
    assert "frame 4 is no key" in words["wrong"]
    assert words["gone"] == ["FINISHED", ""]


def test_what_is_painted_in_any_colour_is_the_mask(found: dict) -> None:
    mask = found["mask"]
    assert mask["started"] == "FINISHED" and mask["chosen"] == ["mask", True, 3]
    assert "nothing is painted" in mask["empty"]
    assert mask["line"][:-1] == ["redraw", "--frame", "3", "--mask"]
    picture = cv2.imread(mask["line"][-1], cv2.IMREAD_GRAYSCALE)
    wanted = np.zeros((32, 48), np.uint8)
    wanted[:8, :10] = 255
    assert np.array_equal(picture, wanted)


def test_painting_anew_begins_with_the_key_as_it_is(found: dict) -> None:
    assert found["mask"]["again"] == "FINISHED" and found["mask"]["clean"]
    assert found["mask"]["other"] is False


def test_a_branch_asks_for_what_differs(found: dict) -> None:
    branch = found["branch"]
    assert branch["one"] == ["try", "--from", "1", "--size", "0.5", "--frame", "12", "diffuse.seed=8"]
    assert branch["grid"] == ["try", "--from", "2", "--size", "0.5", "--grid", "1"]
    given = dict(key_and_value(word) for word in branch["all"][-3:])
    assert given == {"diffuse.prompt": 'a "big" cat', "diffuse.seed": 9, "diffuse.strength": 0.4}


def test_controls_of_a_key_open_and_tell_whose_they_are(found: dict) -> None:
    controls = found["controls"]
    assert "not made yet" in controls["missing"]
    assert controls["before"] == [3, {"lineart": False, "depth": False}]
    assert controls["opened"] == "FINISHED"
    assert controls["after"] == [3, {"lineart": False, "depth": True}]
    assert controls["line"] == ["controls", "--force", "--frames", "3-3", "--kinds", "depth"]
