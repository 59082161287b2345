"""The operators inside Blender: by script, grey buttons, and event by event."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from blender_inside import ROOT, Inside

SCRIPTED = Path(__file__).with_name("scripted_worker.py")


def run(inside: Inside, part: str, folder: Path) -> dict:
    return inside.run("operators", part, folder, SCRIPTED)


@pytest.fixture(scope="module")
def reasons(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> dict:
    return run(inside, "reasons", tmp_path_factory.mktemp("reasons"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no shot", "Choose a clip or open a shot first"),
        ("nothing runs", "Nothing is being made now"),
        ("no worker to free", "No worker is running"),
        ("not saved", "Save the .blend first"),
        ("not analysed", "Analyse the footage first"),
        ("no environment", "Make Environment"),
        ("offline", "Allow Online Access"),
        ("busy", "wait for it, or stop it first"),
        ("busy to close", "wait for it, or stop it first"),
        ("another shot", "Another shot is being made now"),
        ("stopping", "It is stopping already"),
        ("gone", "the shot's folder is not there"),
        ("wrong folder", "there is no shot here"),
        ("newer", "newer Lineboil"),
        ("newer is not opened", "newer Lineboil"),
    ],
)
def test_a_grey_button_says_why(reasons: dict, name: str, words: str) -> None:
    assert words in reasons[name]


def test_a_moved_shot_is_found_again(reasons: dict) -> None:
    assert reasons["relinked"] == [["FINISHED"], ""]
    assert reasons["root"] == "moved"
    assert reasons["closed"] == [["FINISHED"], ""]


@pytest.fixture(scope="module")
def script(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> dict:
    return run(inside, "by_script", tmp_path_factory.mktemp("script"))


def test_a_clip_becomes_a_shot_beside_it(script: dict) -> None:
    assert script["chosen"] == [["FINISHED"], ""]
    assert script["beside the clip"] == "clip_shot"
    assert "there is no such clip" in script["no clip"]
    assert "there is a shot of this clip already" in script["again"]
    assert (script["elsewhere"], script["second"]) == ([["FINISHED"], ""], "second")
    assert script["shot again"] == [[["FINISHED"], ""], "clip_shot"]


def test_stages_are_run_by_script(script: dict) -> None:
    assert script["run"] == script["stage"] == [["FINISHED"], ""]
    assert script["command"] == ["--stage", "matte"]
    assert script["until"] == [[["FINISHED"], ""], ["--until", "depth"]]
    assert "Press its own button" in script["render as a stage"]
    assert "warning: the picture is dark" in script["output"]


def test_a_preview_is_one_image(script: dict) -> None:
    assert script["preview"] == [[["FINISHED"], ""], ["--stage", "matte", "--frame", "3"]]
    assert script["image"] == [1, 1]
    assert script["images"] == ["Lineboil Preview"]


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [("die", "the card fell off the bus"), ("held", "in use by process 7"), ("refused", "the disk is full. Make room")],
)
def test_errors_reach_the_script(script: dict, behaviour: str, words: str) -> None:
    assert script[behaviour][0] == "refused"
    assert words in script[behaviour][1]


def test_the_rest_by_script(script: dict) -> None:
    assert script["garbage"] == script["freed"] == script["refreshed"] == [["FINISHED"], ""]
    assert script["result"] == [["CANCELLED"], ""]
    assert "no module named engine" in script["useless"]
    assert "the disk is full" in script["not made"]
    assert script["shot kept"] == "clip_shot"
    assert script["ctrl c"] == [["CANCELLED"], ""]
    assert "Stopped; what is finished is kept." in script["output"]


@pytest.fixture(scope="module")
def window(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> dict:
    return run(inside, "in_a_window", tmp_path_factory.mktemp("window"))


def test_beside_the_artist_to_the_end(window: dict) -> None:
    start, end, reports, removed, texts = window["whole"]
    assert (start, end, removed, texts) == ("RUNNING_MODAL", "FINISHED", 1, [None])
    assert len(reports) == 1
    assert reports[0][0] == "INFO"
    assert reports[0][1].startswith("Run All: done")


def test_progress_is_shown_and_the_artists_events_go_through(window: dict) -> None:
    assert window["shown"] == "Lineboil: flow  2/4 frames  2.0 s each  4.0 s left    Esc: Stop"
    assert window["mouse"] == "PASS_THROUGH"
    assert window["playing"] == ["PASS_THROUGH", False]
    assert window["second"][0] == "CANCELLED"


def test_escape_stops_and_says_that_what_is_finished_is_kept(window: dict) -> None:
    assert window["escape"] == ["RUNNING_MODAL", True, "Lineboil: Stopping…"]
    assert window["escaped"] == ["CANCELLED", [["INFO", "Stopped; what is finished is kept."]]]


def test_a_closed_window_leaves_nothing_behind_and_the_work_goes_on(window: dict) -> None:
    timers, is_running, notice = window["window closed"]
    assert (timers, is_running) == (0, True)
    assert "its window was closed" in notice


def test_a_dead_worker_is_told_once(window: dict) -> None:
    assert window["dead"] == ["RUNNING_MODAL", "CANCELLED", 1, "ERROR"]


def test_a_scene_removed_in_mid_run_is_told(window: dict) -> None:
    answer, reports = window["scene gone"]
    assert answer == "CANCELLED"
    assert len(reports) == 1
    assert "the scene this was for is gone" in reports[0][1]


def test_a_fault_leaves_no_timer(window: dict) -> None:
    assert window["fault"] == 0
    assert window["steps"] == ["RUNNING_MODAL", "FINISHED", 5000]
    assert window["left"] == 0


@pytest.fixture(scope="module")
def real(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("real")
    addon, shot = str(ROOT / "addon"), str(folder / "shot")
    clip = str(ROOT / "samples" / "performer.mp4")
    small = ["footage.long_side=160", "footage.end_frame=3"]
    subprocess.run([sys.executable, addon, "new", shot, "--footage", clip, *small], check=True, capture_output=True)
    return inside.run("real_shot", sys.executable, addon, shot, folder)


def test_a_shot_is_built_in_the_open_scene_as_one_step_of_undo(real: dict) -> None:
    assert real["built"] == ["FINISHED"]
    assert {"Figure", "Key", "Wall"} <= set(real["objects"])
    assert real["undone"] == real["before"] == ["Camera", "Cube", "Light"]
    assert real["redone"] == real["objects"]
    assert (real["again"], real["objects again"]) == (["FINISHED"], real["objects"])
    assert "Go back to Object Mode first" in real["edit mode"]
    assert "Lineboil: " in real["output"]


def test_the_file_keeps_its_shot(real: dict) -> None:
    assert real["kept as"] == "//shot"
    assert real["opened"].endswith("shot")
    assert real["setting"] == 3
    assert real["sheet"]


def test_a_relinked_shot_is_rendered_with_its_pictures(real: dict) -> None:
    assert real["relinked"] == ["FINISHED"]
    assert "/none: there is no such Blender" in real["not rendered"]
    names = ["cutout/colour/000001.png", "cutout/depth/000001.png", "matte/000001.png"]
    assert real["paths of the renamed"] == [f"//renamed/{name}" for name in names]


def test_a_shot_folder_that_goes_in_mid_run_is_told_in_words(real: dict) -> None:
    assert "unexpected" not in real["gone"]
    assert "/renamed" in real["gone"]
    assert "shot's folder is not there" in real["button"]
