"""The layout of the set, as numbers."""

from __future__ import annotations

import math
from typing import Any

import pytest
from lineboil.addon.scene.placement import figure_height, percentile, place, smooth


def subject(count: int = 10, cropped: dict[str, float] | None = None, **changes: list[float]) -> dict[str, Any]:
    """A figure of 1.6 m at 4 m, seen by a camera 1 m high."""
    values: dict[str, Any] = {
        "left": [-0.1] * count,
        "right": [0.1] * count,
        "bottom": [-0.25] * count,
        "top": [0.15] * count,
        "distance": [4.0] * count,
        "feet_distance": [4.0] * count,
        "cropped": cropped or {},
        "rate": 25.0,
    }
    return {**values, **changes}


def test_the_feet_are_on_the_floor() -> None:
    placement = place(subject(), 16 / 9, 0.6, "auto")
    assert placement.camera_heights == pytest.approx([1.0], abs=0.01)
    assert placement.height == pytest.approx(1.6)
    assert placement.wall == pytest.approx(4 + 0.6 * 1.6)


def test_wandering_feet_are_followed_only_when_asked_or_needed() -> None:
    bottoms = [-0.25 + 0.04 * math.sin(index / 3) for index in range(30)]
    moving = subject(30, bottom=bottoms)
    assert len(place(moving, 1.5, 0.6, "auto").camera_heights) == 30
    assert len(place(moving, 1.5, 0.6, "fixed").camera_heights) == 1
    assert len(place(subject(), 1.5, 0.6, "follow").camera_heights) == 10


def test_the_frame_holds_the_figure_with_floor_and_headroom() -> None:
    for aspect in (16 / 9, 1.0, 9 / 16):
        frame = place(subject(), aspect, 0.6, "auto").frame
        assert frame.left < -0.1 < 0.1 < frame.right
        assert frame.bottom < -0.27
        assert frame.top > 0.18
        assert frame.width / frame.height == pytest.approx(aspect)


def test_edges_that_cut_the_figure_stay_out_of_the_frame() -> None:
    edges = {"bottom": -0.25, "left": -0.1}
    frame = place(subject(cropped=edges), 16 / 9, 0.6, "auto").frame
    assert frame.bottom > -0.25
    assert frame.left > -0.1
    assert frame.width / frame.height == pytest.approx(16 / 9)


def test_a_cut_figure_is_taken_as_a_grown_person() -> None:
    half = subject(cropped={"bottom": -0.25}, bottom=[-0.1] * 10)
    assert figure_height(half) == pytest.approx(1.7)
    assert place(half, 1.5, 0.6, "auto").camera_heights == pytest.approx([1.1])


def test_the_shadow_falls_where_there_is_room() -> None:
    right = place(subject(left=[0.1] * 10, right=[0.3] * 10, cropped={"right": 0.35}), 16 / 9, 0.6, "auto")
    left = place(subject(left=[-0.3] * 10, right=[-0.1] * 10, cropped={"left": -0.35}), 16 / 9, 0.6, "auto")
    assert (right.side, left.side) == (-1, 1)
    assert right.shadow_shift == pytest.approx(left.shadow_shift)


def test_numbers() -> None:
    assert percentile([3, 1, 2], 50) == 2
    assert percentile([0, 10], 25) == 2.5
    assert smooth([2.0] * 5, 1.5) == pytest.approx([2.0] * 5)
    assert max(smooth([0, 0, 1, 0, 0], 1)) < 0.5
