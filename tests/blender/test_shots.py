"""A scene knows its shot, wherever the .blend goes."""

from __future__ import annotations

import pytest
from blender_inside import Inside
from lineboil.addon.engine.shot import create


@pytest.fixture(scope="module")
def found(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("shots")
    create(folder / "film" / "shot", {"diffuse.look": "ink"})
    return inside.run("shots", folder)


@pytest.mark.parametrize(
    "name",
    [
        "unsaved_is_absolute", "saved_is_relative", "built_property", "saved_elsewhere", "copy_does_not_move_it",
        "undo_after_save_as", "project_moved", "built_headless", "closed", "windows_words", "typed_by_hand",
        "failed_save", "pending_is_kept", "linked", "linked_run", "linked_build", "linked_open_shot",
        "linked_relink_shot", "linked_close_shot", "linked_choose_clip", "mended_by_a_script",
    ],
)
def test_in_blender(found: dict, name: str) -> None:
    assert found[name] is True, found[name]
