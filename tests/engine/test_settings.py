"""Settings: typed, bounded, and errors that name the key, the value and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pytest
from lineboil.addon.engine import settings
from lineboil.addon.engine.errors import SettingError
from lineboil.addon.engine.schema.registry import STAGES


@dataclass(frozen=True)
class Table:
    """A table for the tests."""

    engine: Literal["auto", "person"] = settings.option("auto", "Which engine.")
    width: int = settings.option(960, "Width.", minimum=64, maximum=8192, multiple_of=8, unit="px")
    share: float = settings.option(0.5, "A share.", minimum=0, maximum=1)
    enabled: bool = settings.option(True, "Whether.")
    source: str = settings.option("", "A path.")
    boxes: tuple[str, ...] = settings.option((), "Boxes.")
    cuts: tuple[int, ...] = settings.option((), "Cuts.", minimum=1)
    threads: int = settings.option(2, "Threads.", minimum=1, affects=False)


def make(**values: object) -> Table:
    return settings.make(Table, values, name="table")


def test_values_take_their_types() -> None:
    made = make(width=640, share=1, boxes=["1,2,3,4@5"], cuts=[3, 9])
    assert made.width == 640
    assert isinstance(made.share, float)
    assert made.boxes == ("1,2,3,4@5",)
    assert made.cuts == (3, 9)
    assert made.engine == "auto"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("engine", "chroma"), ("engine", 3), ("width", 10), ("width", 643), ("width", "640"), ("width", True),
        ("width", 640.5), ("share", 1.01), ("share", float("nan")), ("enabled", 1), ("enabled", "yes"),
        ("source", 4), ("boxes", "1,2"), ("boxes", [1]), ("cuts", [0]), ("cuts", 4),
    ],
)
def test_wrong_values_name_key_value_and_what_is_allowed(key: str, value: object) -> None:
    with pytest.raises(SettingError) as caught:
        make(**{key: value})
    sentence = str(caught.value)
    assert f'"table.{key}"' in sentence
    assert (str(value) if not isinstance(value, bool) else str(value).lower()) in sentence
    assert "Allowed:" in sentence


def test_unknown_keys_get_a_suggestion() -> None:
    with pytest.raises(SettingError, match='no setting "table.widht".*"width"'):
        make(widht=3)


def test_settings_without_effect_stay_out_of_the_fingerprint() -> None:
    assert "threads" not in settings.plain(make(threads=8), affecting_only=True)
    assert settings.plain(make(threads=8))["threads"] == 8


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("width", "640", 640), ("share", "0.25", 0.25), ("enabled", "off", False), ("engine", "person", "person"),
        ("source", "a b.mp4", "a b.mp4"), ("cuts", "3,9", (3, 9)), ("boxes", "1,2,3,4@5", ("1,2,3,4@5",)),
        ("boxes", "1,2,3,4@5; 2,2,3,4@9", ("1,2,3,4@5", "2,2,3,4@9")),
    ],
)
def test_command_line_values(key: str, text: str, expected: object) -> None:
    field = next(field for field in settings.fields_of(Table) if field.name == key)
    assert settings.parse_text(field, text, name="table") == expected


def test_every_setting_of_every_stage_is_documented_and_its_default_allowed() -> None:
    for spec in STAGES:
        for field in settings.fields_of(spec.settings):
            assert len(field.bounds.doc) > 10, f"{spec.name}.{field.name}"
            assert settings.check(field, field.default, name=spec.name) == field.default
        assert len(settings.fields_of(spec.settings)) == len(spec.settings.__dataclass_fields__), spec.name
