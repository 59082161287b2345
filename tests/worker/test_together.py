"""Blender's side of the worker with the real one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lineboil.addon.engine.messages import PROTOCOL_VERSION, Done, Failed, Message, Progress, StageDone, Status
from lineboil.addon.worker import Worker
from processes import needs_proc, until

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-I", str(ROOT / "addon"), "serve", "--json"]
SMALL = ("footage.long_side=160", "footage.end_frame=8")


class Together:
    """A client, its worker, and everything that was said."""

    def __init__(self, folder: Path) -> None:
        self.worker = Worker(lambda: (COMMAND, folder / "logs" / "worker.log", {}))
        self.said: list[tuple[int, Message]] = []
        self.shot = folder / "shot"

    def poll(self) -> None:
        self.said += self.worker.poll()

    def of(self, request: int, kind: type[Message]) -> list:
        self.poll()
        return [message for number, message in self.said if number == request and isinstance(message, kind)]

    def begin(self, *words: object) -> int:
        return self.worker.request([str(word) for word in words])

    def end(self, request: int) -> Done | Failed:
        until(lambda: self.of(request, Done | Failed), lambda: self.said[-5:])
        (end,) = self.of(request, Done | Failed)
        return end

    def do(self, *words: object) -> Done | Failed:
        return self.end(self.begin(*words))

    def new_shot(self, *settings: str) -> None:
        end = self.do("new", self.shot, "--footage", ROOT / "samples" / "performer.mp4", *settings)
        assert isinstance(end, Done), end


@pytest.fixture
def together(tmp_path: Path) -> Iterator[Together]:
    together = Together(tmp_path)
    yield together
    together.worker.close()


def test_a_shot_is_made_run_asked_and_the_worker_ends_in_order(together: Together) -> None:
    together.new_shot(*SMALL)
    run = together.begin("run", together.shot, "--stage", "matte")
    assert isinstance(together.end(run), Done)
    assert together.of(run, StageDone)[-1].stage == "matte"
    status = together.begin("status", together.shot)
    together.end(status)
    assert {message.stage: message.state for message in together.of(status, Status)}["matte"] == "done"
    assert together.worker.hello.protocol == PROTOCOL_VERSION
    assert together.worker.state == "ready"
    child = together.worker._child
    together.worker.close()
    assert child.exit_code == 0


def test_wrong_requests_fail_with_their_reason(together: Together) -> None:
    missing = together.do("status", together.shot)
    wrong = together.do("dance")
    assert (missing.error, wrong.error, wrong.exit_code) == ("InputError", "SettingError", 2)
    assert together.worker.state == "ready"


def test_a_run_is_cancelled_and_goes_on_later(together: Together) -> None:
    together.new_shot("footage.long_side=320")
    run = together.begin("run", together.shot, "--until", "matte")
    until(lambda: together.of(run, Progress))
    together.worker.cancel(run)
    assert together.end(run).error == "Cancelled"
    assert isinstance(together.do("status", together.shot), Done)


@needs_proc
def test_a_run_whose_worker_is_killed_fails_once_and_can_be_done_again(together: Together) -> None:
    together.new_shot(*SMALL)
    run = together.begin("run", together.shot, "--until", "matte")
    waiting = together.begin("check", together.shot)
    until(lambda: together.of(run, Progress))
    os.kill(together.worker.hello.process, 9)
    failure = together.end(run)
    assert "was killed (signal 9) in the middle of this" in failure.what
    together.end(waiting)
    assert isinstance(together.do("run", together.shot, "--stage", "matte"), Done)


def test_the_memory_of_models_comes_back(together: Together) -> None:
    together.new_shot(*SMALL)
    together.do("run", together.shot, "--stage", "matte")
    freed = together.end(together.worker.free()).result["freed"]
    assert freed
    assert together.end(together.worker.free()).result["freed"] == []
