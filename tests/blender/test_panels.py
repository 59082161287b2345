"""The sidebar draws without a fault in every state, shows every setting once, and offers what mends."""

from __future__ import annotations

import pytest
from blender_inside import Inside
from lineboil.addon.engine.schema.registry import STAGES


@pytest.fixture(scope="module")
def found(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> dict:
    return inside.run("panels", tmp_path_factory.mktemp("panels"))


def drawn(found: dict, state: str, panel: str = "LINEBOIL_PT_shot") -> list:
    return found[state][panel]


def words(found: dict, state: str, panel: str = "LINEBOIL_PT_shot") -> str:
    return " ".join(what for kind, what, _ in drawn(found, state, panel) if kind in ("label", "progress"))


def buttons(found: dict, state: str, panel: str = "LINEBOIL_PT_shot") -> list[str]:
    return [what for kind, what, _ in drawn(found, state, panel) if kind == "operator"]


def test_panels_are_in_the_order_of_the_work(found: dict) -> None:
    assert found["order"] == ["Shot", *(spec.name.capitalize() for spec in STAGES), "Results"]


def test_without_a_shot_there_is_one_panel_with_two_buttons(found: dict) -> None:
    assert list(found["no shot"]) == ["LINEBOIL_PT_shot"]
    assert buttons(found, "no shot") == ["lineboil.choose_clip", "lineboil.open_shot"]


def test_a_new_shot_can_be_run(found: dict) -> None:
    assert "lineboil.run" in buttons(found, "new shot")
    assert "a shot" in words(found, "new shot")


@pytest.mark.parametrize("stage", [spec.name for spec in STAGES])
def test_every_setting_is_drawn_once(found: dict, stage: str) -> None:
    shown, known = found["settings"][stage]
    assert shown == known


def test_every_engine_shows_its_own_settings_first(found: dict) -> None:
    assert all(is_whole for _, _, is_whole, _ in found["engines"])
    shown = {(stage, choice): names for stage, choice, _, names in found["engines"]}
    assert "key_colour" in shown["matte", "chroma"]
    assert "key_colour" not in shown["matte", "person"]
    assert shown["matte", "off"] == ["engine"]
    assert shown["diffuse", "painted"] == ["engine", "folder"]


def test_a_stage_says_why_it_is_out_of_date(found: dict) -> None:
    text = words(found, "stale", "LINEBOIL_PT_matte").replace("\n", " ")
    assert "Out of date" in text and "feather was 0.0, is 2.0" in text
    assert "Done, 9 frames" in words(found, "stale", "LINEBOIL_PT_depth")
    icons = {name: found["stale"][f"LINEBOIL_PT_{name}"][0][2] for name in ("matte", "depth", "keys")}
    assert icons == {"matte": "FILE_REFRESH", "depth": "CHECKMARK", "keys": "RADIOBUT_OFF"}


def test_running_shows_how_far_and_how_quickly_and_can_be_stopped(found: dict) -> None:
    bar = next(entry for entry in drawn(found, "running") if entry[0] == "progress")
    assert bar[1].startswith("Matte") and 0 < bar[2] < 1
    assert "3 of 9" in words(found, "running") and "2.0 s each" in words(found, "running")
    assert "12 s left" in words(found, "running")
    assert "lineboil.cancel" in buttons(found, "running") and "lineboil.run" not in buttons(found, "running")
    assert found["grey"] == ["run", "run_until", "preview", "build"]
    assert "Stopping" in words(found, "stopping")


def test_the_panel_does_not_jump_when_a_run_begins(found: dict) -> None:
    def height(state: str) -> int:
        return sum(1 for kind, _, _ in drawn(found, state) if kind in ("label", "progress")) + (
            "lineboil.run" in buttons(found, state)
        )

    assert height("stale") == height("running")


def test_another_shot_at_work_is_named(found: dict) -> None:
    assert "For another shot: other" in words(found, "other")


def test_a_failure_is_told_with_its_mend(found: dict) -> None:
    text = words(found, "failed")
    assert "Run All: failed." in text and "The clip is gone." in text and "Choose footage.source again." in text
    assert {"lineboil.run", "lineboil.open_log"} <= set(buttons(found, "failed"))
    assert ("prop", "source", None) in [tuple(entry) for entry in drawn(found, "failed")]
    assert "a frame is damaged" in words(found, "failed", "LINEBOIL_PT_told")


def test_what_failed_can_be_tried_again(found: dict) -> None:
    assert list(found["again"].values()) == [
        ["lineboil.run_until"], ["lineboil.run_stage"], ["lineboil.preview"], ["lineboil.build"], ["lineboil.render"],
        [], [],
    ]


def test_the_last_preview_is_shown_small(found: dict) -> None:
    assert ["picture", "", 1] in drawn(found, "previewed", "LINEBOIL_PT_results")
    assert not [entry for entry in drawn(found, "failed", "LINEBOIL_PT_results") if entry[0] == "picture"]


def test_no_panel_of_more_settings_is_empty(found: dict) -> None:
    more = {name: entries for name, entries in found["new shot"].items() if name.endswith("_more")}
    assert more and all(entries for entries in more.values())
    assert "LINEBOIL_PT_cutout_more" not in more


def test_a_shot_of_a_newer_version_and_one_that_is_gone_say_so(found: dict) -> None:
    assert "newer" in words(found, "newer")
    assert "lineboil.relink_shot" in buttons(found, "newer") and "lineboil.relink_shot" in buttons(found, "gone")


def test_a_missing_environment_comes_with_the_button_that_makes_it(found: dict) -> None:
    assert "lineboil.make_environment" in buttons(found, "no environment")
    assert "Allow Online Access" in words(found, "no environment")
