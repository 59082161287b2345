"""Blender's properties are the settings of the schema, every one of them."""

from __future__ import annotations

import typing
from pathlib import Path

import pytest
from blender_inside import Inside
from lineboil.addon import property_paths, property_text
from lineboil.addon.choice_text import CHOICES
from lineboil.addon.engine.schema.registry import STAGES
from lineboil.addon.engine.settings import Field, fields_of
from lineboil.addon.engine.shot import Shot, create
from lineboil.addon.property_values import single

FIELDS = {f"{spec.name}.{field.name}": field for spec in STAGES for field in fields_of(spec.settings)}
KINDS = {bool: "BOOLEAN", int: "INT", float: "FLOAT", str: "STRING", tuple: "STRING", typing.Literal: "ENUM"}


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return create(tmp_path_factory.mktemp("properties") / "shot", {}).root


@pytest.fixture(scope="module")
def found(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> dict:
    root = create(tmp_path_factory.mktemp("properties") / "shot", {}).root
    return {**inside.run("properties", root), "root": root}


def kind_of(field: Field) -> type:
    return typing.get_origin(field.kind) or field.kind


def test_every_stage_and_setting_has_one(found: dict) -> None:
    assert set(found["groups"]) - {"rna_type"} == {f"{spec.name}_settings" for spec in STAGES}
    assert found["properties"].keys() == FIELDS.keys()


@pytest.mark.parametrize("key", FIELDS)
def test_a_property_is_its_setting(found: dict, key: str) -> None:
    told, field = found["properties"][key], FIELDS[key]
    assert told["type"] == KINDS[kind_of(field)]
    assert told["description"] == field.bounds.doc.removesuffix(".")
    assert told["is_animatable"] is False
    assert told["name"] and "_" not in told["name"] and told["name"][0].isupper()
    assert told["shown"] == told["default"]
    if kind_of(field) is tuple:
        assert told["default"] == ""
    elif kind_of(field) is float:
        assert told["default"] == single(field.default)
    else:
        assert told["default"] == (str(field.default) if kind_of(field) is typing.Literal else field.default)


@pytest.mark.parametrize("key", [key for key, field in FIELDS.items() if field.kind in (int, float)])
def test_bounds_are_the_settings(found: dict, key: str) -> None:
    told, bounds = found["properties"][key], FIELDS[key].bounds
    whole = FIELDS[key].kind is int
    low = bounds.minimum if bounds.minimum is not None else (-(2**31 - 1) if whole else -3e38)
    high = bounds.maximum if bounds.maximum is not None else (2**31 - 1 if whole else 3e38)
    assert [told["minimum"], told["maximum"]] == [single(low), single(high)] or whole
    assert [told["minimum"], told["maximum"]] == [low, high] or not whole
    assert told["soft"] == [told["minimum"], told["maximum"]]
    assert told["subtype"] == "PIXEL" or bounds.unit != "px"


@pytest.mark.parametrize("key", [key for key, field in FIELDS.items() if kind_of(field) is typing.Literal])
def test_choices_have_labels_and_their_own_words(found: dict, key: str) -> None:
    told, choices = found["properties"][key]["items"], typing.get_args(FIELDS[key].kind)
    assert [item[0] for item in told] == [str(choice) for choice in choices]
    assert len({item[1] for item in told}) == len(told)
    for _, label, text in told:
        assert label and not label.islower() and "_" not in label
        assert text and not text.endswith(".")
    assert CHOICES[key].keys() == {str(choice) for choice in choices}


def test_no_words_for_what_is_no_longer_there() -> None:
    assert CHOICES.keys() == {key for key, field in FIELDS.items() if kind_of(field) is typing.Literal}
    assert property_text.LABELS.keys() <= FIELDS.keys()
    assert set(property_paths.FILES + property_paths.FOLDERS) <= {
        key for key, field in FIELDS.items() if field.kind is str
    }


def test_every_value_goes_into_the_file_and_comes_back(found: dict) -> None:
    shot = Shot(found["root"])
    for key, wanted in found["others"].items():
        stage, _, name = key.partition(".")
        value = getattr(shot.settings[stage], name)
        assert (list(value) if isinstance(value, tuple) else value) == wanted, key
    assert found["again"] == found["kept"]
    changed = [key for key, value in found["others"].items() if value != FIELDS[key].default]
    assert len(changed) >= len(FIELDS) - 1
