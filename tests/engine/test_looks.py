"""Looks: those that come along, the artist's own, shared and broken ones; what they leave alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from lineboil.addon.engine import looks
from lineboil.addon.engine.errors import EngineError, InputError
from lineboil.addon.engine.schema.diffuse import DiffuseSettings
from lineboil.addon.engine.schema.diffuse_model import KINDS, whole_prompt
from lineboil.addon.engine.shelf import differing
from lineboil.addon.engine.shot import Shot, create

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = {
    "anime", "charcoal", "clay", "comic", "film_still", "ink", "model_set", "oil", "paper_cut", "watercolour",
}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "looks"


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    return create(tmp_path / "shot", {"diffuse.prompt": "a woman in a red coat", "diffuse.steps": 8})


def test_those_that_come_along_can_be_used(own: Path) -> None:
    found, problems = looks.load(own)
    assert problems == []
    assert {look.identifier for look in found} == SHIPPED
    for look in found:
        assert look.doc and look.values["diffuse.engine"] == "diffusion"
        assert "{prompt}" in look.values["diffuse.style"] and look.values["diffuse.negative_prompt"]
        # What belongs to the model that draws stays the artist's: a few-step LoRA keeps its steps.
        of_the_model = {f"diffuse.{name}" for name in ("steps", "guidance", "scheduler", "seed", "model")}
        assert not of_the_model & set(look.values)
        made = {kind for kind in KINDS if look.values[f"controls.{kind}"]}
        weighed = {kind for kind in KINDS if f"diffuse.{kind}_weight" in look.values}
        assert made and made == weighed


def test_every_look_fits_into_the_words_a_model_reads(own: Path) -> None:
    # 77 tokens are about 55 words; the artist's own need room too.
    for look in looks.load(own)[0]:
        assert len(look.values["diffuse.style"].split()) < 30


def test_a_look_leaves_the_artists_words_alone(shot: Shot, own: Path) -> None:
    shot.change(differing(looks.find("oil", own).values, shot.settings))
    assert (shot.settings["diffuse"].prompt, shot.settings["diffuse"].steps) == ("a woman in a red coat", 8)
    assert whole_prompt(shot.settings["diffuse"]).startswith("oil painting of a woman in a red coat, thick")
    shot.change(differing(looks.find("Charcoal", own).values, shot.settings))
    assert whole_prompt(shot.settings["diffuse"]).startswith("charcoal drawing of a woman in a red coat, ")


@pytest.mark.parametrize(
    ("prompt", "style", "whole"),
    [
        ("a cat", "", "a cat"),
        ("", "ink", "ink"),
        ("a cat", "ink,  paper", "a cat, ink, paper"),
        ("a cat, asleep", "still, {prompt}, grain", "still, a cat, asleep, grain"),
        ("", "still, {prompt}, grain", "still, grain"),
    ],
)
def test_words_of_the_look_stand_around_the_prompt(prompt: str, style: str, whole: str) -> None:
    assert whole_prompt(DiffuseSettings(prompt=prompt, style=style)) == whole
    assert whole_prompt(DiffuseSettings(prompt="else", style=style), prompt) == whole


def test_an_own_one_is_saved_shared_and_applied(tmp_path: Path, shot: Shot, own: Path) -> None:
    shot.change({"diffuse.style": "{prompt} in mud", "diffuse.seed": 77, "diffuse.reference": "mud.png"})
    saved = looks.save(own, "Mud", shot.settings, doc="Wet.")
    assert not {"diffuse.prompt", "diffuse.reference", "diffuse.device"} & set(saved.values)
    # Somebody else takes it over: what it does not name goes back to the default, what belongs to their shot stays.
    other = create(tmp_path / "other", {"diffuse.prompt": "a dog", "diffuse.guidance": 3.0, "diffuse.anchor": 9})
    theirs = looks.add(tmp_path / "theirs", saved.path)
    assert theirs.values == saved.values
    other.change(differing(looks.find("mud", tmp_path / "theirs").values, other.settings))
    now = other.settings["diffuse"]
    assert (now.prompt, now.anchor, now.guidance, now.seed, now.steps) == ("a dog", 9, 0.0, 77, 8)
    with pytest.raises(InputError, match="already"):
        looks.add(tmp_path / "theirs", saved.path)
    assert looks.add(tmp_path / "theirs", saved.path, replace=True).name == "Mud"
    looks.remove(own, "mud")
    with pytest.raises(InputError, match='no look "mud"'):
        looks.find("mud", own)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format = 1\n[matte]\nfeather = 2.0", r"a look has no table \[matte\]"),
        ("format = 1\n[paint]\na = 2", r"no table \[paint\]"),
        ("format = 1\n[diffuse]\nprompt = 'a cat'", "belongs to one shot and cannot be in a look"),
        ("format = 1\n[diffuse]\nstrength = 7", '"diffuse.strength" is 7, which is not allowed'),
        ("format = 1\n[diffuse]\nstyl = 'oil'", 'Did you mean "style"'),
        ("format = 1", "this look sets nothing"),
        ("format = 9\n[diffuse]\nstyle = 'oil'", "newer Lineboil"),
        ("[diffuse", "cannot be understood"),
        ("format = 1\nwhole = ['matte']\n[diffuse]\nstyle = 'oil'", '"whole" must be a list of stages'),
    ],
)
def test_a_broken_one_is_told_and_the_others_stay(tmp_path: Path, own: Path, text: str, words: str) -> None:
    own.mkdir()
    path = own / "mine.toml"
    path.write_text(text, encoding="utf-8")
    found, problems = looks.load(own)
    assert {look.identifier for look in found} == SHIPPED and len(problems) == 1
    for doing in (lambda: looks.find("mine", own), lambda: looks.add(tmp_path / "other", path)):
        with pytest.raises(EngineError, match=words) as told:
            doing()
        assert str(path) in told.value.sentence()
    assert not (tmp_path / "other").exists()


def test_a_shared_one_does_not_take_the_place_of_a_shipped_one(tmp_path: Path, own: Path) -> None:
    path = tmp_path / "Oil.toml"
    path.write_text("format = 1\n[diffuse]\nstyle = 'oil'", encoding="utf-8")
    with pytest.raises(InputError, match="already"):
        looks.add(own, path, replace=True)
    with pytest.raises(InputError, match="no such look"):
        looks.add(own, tmp_path / "gone.toml")


def lineboil(own: Path, *words: object) -> tuple[int, list[dict]]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "addon"), *map(str, words), "--json"],
        capture_output=True, text=True, check=False, env={**os.environ, "LINEBOIL_LOOKS": str(own)},
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_on_the_command_line(shot: Shot, own: Path) -> None:
    code, told = lineboil(own, "look", "list")
    assert code == 0 and {one["stage"] for one in told if one["kind"] == "status"} == SHIPPED
    assert told[-1]["result"]["folder"] == str(own)
    code, told = lineboil(own, "look", "apply", shot.root, "watercolour")
    assert (code, told[-1]["result"]["diffuse.strength"]) == (0, "0.62")
    assert Shot(shot.root).settings["diffuse"].engine == "diffusion"
    assert lineboil(own, "look", "save", shot.root, "Wet Paper", "--doc", "Mine.")[0] == 0
    code, told = lineboil(own, "look", "show", "wet_paper")
    assert (code, told[-1]["result"]["good for"]) == (0, "Mine.")
    assert lineboil(own, "look", "remove", "Wet Paper")[0] == 0
    code, told = lineboil(own, "look", "apply", shot.root, "mud")
    assert (code, told[-1]["what"]) == (1, 'there is no look "mud"')
