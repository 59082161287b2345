"""The preferences say how the worker's environment stands, with the button that mends it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from blender_inside import Inside


@pytest.fixture(scope="module")
def found(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> dict:
    return inside.run("preferences", tmp_path_factory.mktemp("none") / "environment")


def words(found: dict, state: str) -> str:
    return " ".join(what for kind, what, _ in found[state] if kind in ("label", "progress"))


def buttons(found: dict, state: str) -> list[str]:
    return [what for kind, what, _ in found[state] if kind == "operator"]


def test_every_preference_can_be_set(found: dict) -> None:
    for state in ("ready", "unmade", "damaged"):
        assert [what for kind, what, _ in found[state] if kind == "prop"] == ["backend", "environment_folder", "python"]


def test_a_folder_that_is_chosen_is_used(found: dict) -> None:
    assert found["folder"][0] == found["folder"][1]
    assert found["beside"] == str(Path(found["folder"][1]).parent / "beside")
    assert found["again"] is True


def test_a_whole_environment_offers_no_making(found: dict) -> None:
    assert "Ready" in words(found, "ready")
    assert buttons(found, "ready") == ["lineboil.check_environment", "lineboil.open_log", "lineboil.free_memory"]


def test_one_that_is_not_made_says_what_it_takes_and_why_it_cannot_be_fetched(found: dict) -> None:
    text = words(found, "unmade")
    assert "not made yet" in text and "MB" in text and "Allow Online Access" in text
    assert buttons(found, "unmade")[:2] == ["lineboil.make_environment", "screen.userpref_show"]


def test_progress_while_it_is_made(found: dict) -> None:
    progress = [(what, factor) for kind, what, factor in found["making"] if kind == "progress"]
    assert len(progress) == 1 and "Make Environment" in progress[0][0] and progress[0][1] == pytest.approx(0.25)
    assert buttons(found, "making")[0] == "lineboil.cancel"
    assert "lineboil.make_environment" not in buttons(found, "making")


def test_why_it_could_not_be_made(found: dict) -> None:
    assert "the network cannot be reached. Try again later." in words(found, "failed")


def test_a_damaged_one_offers_repair_and_says_what_is_wrong(found: dict) -> None:
    assert "numpy is missing" in words(found, "damaged")
    assert buttons(found, "damaged")[0] == "lineboil.repair_environment"


def test_own_files_are_in_the_extensions_folder(inside: Inside, found: dict) -> None:
    assert Path(found["user"]) == inside.user / "extensions" / ".user" / "user_default" / "lineboil"


def test_without_the_extension_enabled_there_are_defaults(found: dict) -> None:
    assert found["defaults"] == "cpu"


def test_a_folder_that_cannot_be_made_does_not_keep_the_extension_out(inside: Inside, tmp_path: Path) -> None:
    user = tmp_path / "user"
    shutil.copytree(inside.user / "extensions" / "user_default", user / "extensions" / "user_default", symlinks=True)
    (user / "extensions" / ".user").write_text("a file where a folder should be")
    found = Inside(inside.blender, user).run("preferences", tmp_path / "environment")
    assert "Ready" in words(found, "ready")
