"""The page on the worker's protocol says everything the code can say."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from lineboil.addon.engine import messages, requests
from lineboil.addon.engine.requests import LIGHT_VERBS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "worker-protocol.md").read_text(encoding="utf-8")
ROWS = {
    kind: (re.findall(r"`(\w+)`", columns), text)
    for kind, columns, text in re.findall(r"^\| `(\w+)` \| ([^|]*) \| (.*) \|$", PAGE, re.MULTILINE)
}
EXAMPLES = re.findall(r"^\{.*\}$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("kind", messages.KINDS.values(), ids=lambda kind: kind.kind)
def test_every_message_is_described_with_its_fields(kind: type[messages.Message]) -> None:
    assert ROWS[kind.kind][0] == [field.name for field in fields(kind)]


@pytest.mark.parametrize("kind", requests.KINDS.values(), ids=lambda kind: kind.kind)
def test_every_request_is_described_with_its_fields(kind: type[requests.Ask]) -> None:
    assert ROWS[kind.kind][0] == [field.name for field in fields(kind)]


def test_nothing_else_is_described() -> None:
    assert set(ROWS) == set(messages.KINDS) | set(requests.KINDS)


def test_every_kind_has_an_example_that_is_understood() -> None:
    said = [answer[1].kind for line in EXAMPLES if (answer := messages.decode_answer(line))]
    asked = [ask.kind for line in EXAMPLES if (ask := requests.decode(line))]
    assert set(said) == set(messages.KINDS)
    assert set(asked) == set(requests.KINDS)
    assert len(said) + len(asked) == len(EXAMPLES)


def test_version_and_light_verbs_are_named() -> None:
    assert f"version **{messages.PROTOCOL_VERSION}**" in PAGE
    assert " and ".join(f"`{verb}`" for verb in LIGHT_VERBS) + " are **light**" in PAGE
