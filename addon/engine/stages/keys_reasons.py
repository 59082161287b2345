# SPDX-License-Identifier: GPL-3.0-or-later
"""Says of every key what would be lost without it."""

from __future__ import annotations

from .keys_choice import Demand
from .keys_table import SceneTable


def reasons(table: SceneTable, demand: Demand, frames: tuple[int, ...]) -> dict[int, str]:
    """A sentence for each key of a scene.

    Args:
        table: Of the scene.
        demand: What is asked of the keys.
        frames: The keys, ascending.
    """
    if len(frames) == 1:
        return {frames[0]: _only(table, frames[0])}
    return {
        frame: _beside(table, demand, frame, [*frames[max(0, index - 1) : index], *frames[index + 1 : index + 2]])
        for index, frame in enumerate(frames)
    }


def _only(table: SceneTable, frame: int) -> str:
    if table.first == table.last:
        return "the only frame of the scene"
    if frame == table.first:
        return "first frame of the scene"
    return "shows more of the scene than any other frame"


def _beside(table: SceneTable, demand: Demand, frame: int, others: list[int]) -> str:
    """Of a key with these neighbours."""
    weight = demand.figure_weight
    known = [other for other in others if abs(other - frame) <= table.reach]
    shares = {other: table.rows[other][:, frame - other + table.reach].tolist() for other in known}
    missing = {other: weight * figure + (1 - weight) * ground for other, (figure, ground) in shares.items()}
    by = min(known, key=lambda other: missing[other], default=None)
    if by is None or (missing[by] <= 1 - demand.coverage and _is_far_without(table, demand, frame, others)):
        return f"the next key is more than {demand.maximum_gap} frames away"
    figure, ground = shares[by]
    share, what = figure, "the character"
    if figure == ground:
        what = "the picture"
    elif weight * figure < (1 - weight) * ground:
        share, what = ground, "the background"
    return f"{share:.0%} of {what} is not covered by frame {by}".replace("%", " %")


def _is_far_without(table: SceneTable, demand: Demand, frame: int, others: list[int]) -> bool:
    """Whether some frame would be too far from every key without this one."""
    earlier, later = [other for other in others if other < frame], [other for other in others if other > frame]
    if earlier and later:
        return (later[0] - earlier[0]) // 2 > demand.maximum_gap
    alone = later[0] - table.first if later else table.last - earlier[0]
    return alone > demand.maximum_gap
