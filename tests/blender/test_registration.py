"""The extension comes and goes without a trace."""

from __future__ import annotations

import pytest
from blender_inside import Inside


@pytest.fixture(scope="module")
def found(inside: Inside) -> dict:
    return inside.run("registration", enable=False)


def test_ten_times_leave_nothing(found: dict) -> None:
    assert found["after"] == found["before"]
    assert not found["before"]["classes"] and not found["before"]["scene"]


def test_everything_is_there_meanwhile(found: dict) -> None:
    during = found["during"]
    assert during["scene"]
    assert {"run", "choose_clip", "build", "render"} <= set(during["operators"])
    assert {"LINEBOIL_PG_matte", "LINEBOIL_PG_scene", "LINEBOIL_OT_run"} <= set(during["classes"])


def test_a_failure_half_way_takes_everything_back(found: dict) -> None:
    assert found["failures"] == [["fails half-way", True]] * 2


def test_twice_is_refused_and_changes_nothing(found: dict) -> None:
    assert len(found["again"]) == 1
    assert found["still"] and found["end"]
