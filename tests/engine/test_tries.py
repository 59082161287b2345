"""The history of tries: written whole, read with care, bounded, restored."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from lineboil.addon.engine import tries
from lineboil.addon.engine.errors import InputError
from lineboil.addon.engine.shot import create
from lineboil.addon.engine.tries import Tries, Try

PNG = b"\x89PNG\r\n\x1a\nnot looked into"


@pytest.fixture
def history(tmp_path: Path) -> Tries:
    return Tries(tmp_path / "state")


def one(seed: int = 1, **more: object) -> Try:
    return replace(Try(0, "key", (12,), {"diffuse": {"seed": seed}}), **more)


def test_what_is_added_is_read_back(history: Tries) -> None:
    assert history.all() == [] and history.numbers() == []
    first = history.add(PNG, one(5, keys={"12": {"prompt": "a cat"}}, note="warmer", facts={"size": [512, 288]}))
    second = history.add(PNG, one(6, parent=first.number, seconds=1.5))
    assert [item.number for item in history.all()] == [1, 2]
    assert history.get(1) == first and history.get(2) == second
    assert (first.seed, second.parent, history.picture(2).read_bytes()) == (5, 1, PNG)
    assert first.title().startswith("1  frame 12  seed 5")


def test_a_killed_process_leaves_a_try_or_nothing(history: Tries, monkeypatch: pytest.MonkeyPatch) -> None:
    history.add(PNG, one())

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tries, "write_json", dies)
        with pytest.raises(KeyboardInterrupt):
            history.add(PNG, one(2))
    (history.folder / "000009.png.1234abcd.part").write_bytes(b"half")
    assert [item.number for item in history.all()] == [1]
    # The number of the picture without a record is not given again, and its rest goes.
    assert history.add(PNG, one(3)).number == 3
    assert sorted(path.name for path in history.folder.iterdir()) == [
        "000001.json", "000001.png", "000003.json", "000003.png"
    ]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"format": 2, "what": "key", "frames": [1], "settings": {}}',
     '{"format": 1, "what": "key", "frames": 3, "settings": {}}',
     '{"format": 1, "what": "key", "frames": ["a"], "settings": {}}',
     '{"format": 1, "what": "key", "frames": [1], "settings": {"diffuse": 3}}', '{"format": 1}'],
)
def test_a_damaged_record_is_passed_over(history: Tries, text: str) -> None:
    history.add(PNG, one())
    history.add(PNG, one(2))
    (history.folder / "000001.json").write_text(text, encoding="utf-8")
    assert [item.number for item in history.all()] == [2]
    with pytest.raises(InputError, match="no try 1 that can be read"):
        history.get(1)
    history.remove(1)
    assert history.numbers() == [2]


def test_fields_of_a_later_version_are_left_alone(history: Tries) -> None:
    history.add(PNG, one())
    path = history.folder / "000001.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "mood": "blue"}), encoding="utf-8")
    assert history.get(1).seed == 1


def test_it_is_bounded_and_what_is_kept_stays(history: Tries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "MOST", 3)
    history.add(PNG, one())
    history.keep(1, is_kept=True)
    for seed in range(2, 7):
        history.add(PNG, one(seed))
    assert history.numbers() == [1, 5, 6]
    monkeypatch.setattr(tries, "MOST_BYTES", len(PNG) + 1)
    history.add(PNG, one(7))
    assert history.numbers() == [1, 7]
    assert not history.picture(5).exists()
    history.keep(1, is_kept=False)
    assert history.add(PNG, one(8)).number == 8
    assert history.numbers() == [8]


def test_what_is_not_there_is_told(history: Tries) -> None:
    with pytest.raises(InputError, match="no try 3"):
        history.get(3)
    with pytest.raises(InputError, match="no try 3"):
        history.remove(3)


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_folder_that_may_not_be_written(history: Tries) -> None:
    history.add(PNG, one())
    history.folder.chmod(0o500)
    with pytest.raises(InputError, match="no permission"):
        history.add(PNG, one())
    history.folder.chmod(0o700)


def test_settings_go_in_and_come_back(tmp_path: Path, history: Tries) -> None:
    shot = create(tmp_path / "shot", {"diffuse.line_weight": 2.5})
    item = history.add(PNG, one(settings=tries.settings_of(shot.settings)))
    shot.change({"diffuse.line_weight": 1.0, "diffuse.saturation": 0.0})
    values, strange = tries.values_of(history.get(item.number))
    assert strange == []
    shot.change(values)
    assert tries.settings_of(shot.settings) == item.settings
    odd = {"line_weight": "thick", "gone": 1, "saturation": 2.0}
    other = replace(item, settings={"diffuse": odd, "paint": {"a": 1}})
    assert tries.values_of(other) == ({"diffuse.saturation": 2.0}, ["diffuse.line_weight", "diffuse.gone", "paint.a"])
