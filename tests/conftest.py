"""What every test shares."""

from __future__ import annotations

from pathlib import Path

import pytest
from blender_inside import inside as inside
from lineboil.addon.engine.job import Job
from scene_blenders import blender as blender


class Recorder:
    """A reporter that keeps every message, and can ask to stop after some of them."""

    def __init__(self, stop_after: int = 0) -> None:
        self.messages: list = []
        self.stop_after = stop_after

    def send(self, message) -> bool:
        self.messages.append(message)
        return bool(self.stop_after) and len(self.messages) >= self.stop_after

    def of(self, kind: str) -> list:
        return [message for message in self.messages if message.kind == kind]


@pytest.fixture(autouse=True)
def every_step_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress is held back by the clock, which tests must not depend on: a fast machine would tell less."""
    monkeypatch.setattr(Job, "_INTERVAL_SECONDS", 0.0)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).resolve().parent.parent
