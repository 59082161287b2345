"""What happens to our things when Blender loads, saves, undoes, and ends; and the timer."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from blender_inside import Inside

SCRIPTED = Path(__file__).with_name("scripted_worker.py")


@pytest.fixture(scope="module")
def found(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> dict:
    return inside.run("handlers", tmp_path_factory.mktemp("handlers"), SCRIPTED)


def test_no_timer_in_the_background(found: dict) -> None:
    assert found["pump"]["registered"] is False


def test_the_timer_turns_often_only_while_something_runs(found: dict) -> None:
    assert found["pump"]["busy"] < found["pump"]["idle"]
    assert found["pump"]["pause"] == [True, "pump"]


def test_a_fault_in_the_timer_is_told_once_and_does_not_end_it(found: dict) -> None:
    assert found["pump"]["goes on"] == [found["pump"]["idle"]] * 5
    assert found["pump"]["told"] == [1, True]


def test_another_file_stops_the_run_and_loses_nothing_typed(found: dict) -> None:
    assert found["loaded"] == [True, True, True]
    assert found["no shot"]
    assert found["file wins"] == "chroma"


def test_undo_and_redo_reach_the_settings_file(found: dict) -> None:
    assert found["typed"]
    assert found["undone"] == ["chroma", False]
    assert found["redone"] == ["person", True]


def test_undo_in_mid_run_does_not_touch_the_run(found: dict) -> None:
    assert found["undone in mid-run"] == [False, "running"]


def test_a_copy_saved_elsewhere_finds_the_shot_too(found: dict) -> None:
    assert found["kept"] == "//shot"
    assert found["copy"] == ["//../shot", True]


@pytest.mark.skipif(sys.platform == "win32", reason="asks POSIX whether a process is there")
def test_the_worker_goes_with_the_extension(found: dict) -> None:
    with pytest.raises(ProcessLookupError):
        os.kill(found["process"], 0)
