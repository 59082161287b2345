"""Looks and tries inside Blender."""

from __future__ import annotations

from pathlib import Path

import pytest
from blender_inside import Inside
from lineboil.addon.engine.shot import create

SCRIPTED = Path(__file__).with_name("scripted_worker.py")


@pytest.fixture(scope="module")
def found(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("tries")
    create(folder / "shot", {})
    return {**inside.run("tries", folder, SCRIPTED), "user": inside.user}


def test_looks_are_applied_kept_and_taken_over(found: dict) -> None:
    assert found["look"] == ["FINISHED", "diffusion", "a cat", "oil painting"]
    assert found["save"][0] == "FINISHED" and "already" in found["save"][1]
    assert found["own"] == ["evening"]
    assert Path(found["folder"]).is_relative_to(found["user"])
    assert found["add"][0] == "FINISHED" and "no such look" in found["add"][1]


def test_grey_buttons_say_why(found: dict) -> None:
    assert "Try a frame or a grid first" in found["no try"]
    assert "Choose the engine Diffusion, or a look, first" in found["not diffusion"]


def test_buttons_become_command_lines(found: dict) -> None:
    assert found["commands"] == [
        ["try", "--size", "0.25", "--frame", "12"],
        ["try", "--size", "0.25", "--grid", "1"],
        ["try", "--size", "0.25", "--frame", "12", "--seeds", "1,2,3,4"],
        ["try", "--size", "0.25", "--frame", "12", "--seeds", "1,2", "--strengths", ".4,.6"],
        ["redraw", "--frame", "12", "--part", "face"],
        ["redraw", "--frame", "12", "--mask", "mask.png"],
    ]


def test_tries_are_chosen_restored_kept_and_removed(found: dict) -> None:
    history = found["history"]
    assert history["chosen"] == [2, "2", 1]
    assert history["restored"] == ["FINISHED", 5, "cat 5"]
    assert history["other"] == ["FINISHED", 6]
    assert history["kept"] and history["left"] == [1]
    assert history["file"] == 1
    assert "no try 2" in history["gone"]
