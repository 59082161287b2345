"""The worker's client, with a fake worker that does everything wrong."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import Bench
from lineboil.addon import child as child_module
from lineboil.addon.engine.errors import EngineError, MissingError
from lineboil.addon.engine.messages import Done, Failed, Note, Progress, Warned
from processes import PATIENCE_SECONDS, is_running, needs_proc


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.mode = "well"
    bench.worker.close()


# A worker that behaves.


def test_a_request_is_answered(bench: Bench) -> None:
    assert bench.worker.state == "off"
    request = bench.worker.request(["echo", "a b", "ü"])
    assert bench.worker.state == "starting"
    assert bench.worker.open_requests == (request,)
    bench.until_answered()
    assert [type(message) for number, message in bench.said if number == request] == [Progress, Done]
    assert bench.ends(request)[0].result["command"] == ["echo", "a b", "ü"]
    assert bench.worker.state == "ready"
    assert bench.worker.hello is not None
    assert bench.worker.hello.version == "fake"


def test_requests_share_a_process_and_keep_their_order(bench: Bench) -> None:
    requests = [bench.worker.request(["echo"]) for _ in range(5)]
    bench.until_answered()
    assert [number for number, message in bench.said if isinstance(message, Done)] == requests
    assert bench.modes == ["well"]


def test_nothing_is_asked_twice(bench: Bench) -> None:
    bench.worker.request(["hang"])
    bench.until_ready()
    for count in range(2, 5):
        request = bench.worker.request(["status"])
        bench.until(lambda request=request: bench.ends(request))
        assert bench.ends(request)[0].result["heard"] == count


def test_the_memory_of_models_is_asked_back(bench: Bench) -> None:
    bench.worker.request(["echo"])
    bench.until_answered()
    request = bench.worker.free()
    bench.until_answered()
    assert bench.ends(request)[0].result == {"freed": ["model"]}


def test_a_worker_that_does_not_run_has_no_memory_to_give(bench: Bench) -> None:
    request = bench.worker.free()
    bench.poll()
    assert bench.ends(request)[0].result == {"freed": []}
    assert bench.modes == []


def test_heartbeats_tell_of_the_process_and_are_not_passed_on(bench: Bench) -> None:
    bench.worker.request(["echo"])
    bench.until(lambda: bench.worker.heartbeat)
    assert bench.worker.heartbeat.memory_bytes == 1 << 20
    assert {message.kind for _, message in bench.said} <= {"progress", "done"}


def test_a_warning_of_the_worker_itself_is_passed_on(bench: Bench) -> None:
    bench.worker.request(["warn"])
    bench.until_answered()
    assert [message.text for message in bench.of(0, Warned)] == ["the disk is nearly full"]


def test_a_request_that_works_for_long_is_not_taken_for_hung(bench: Bench) -> None:
    request = bench.worker.request(["hang"])
    bench.until(lambda: bench.of(request, Progress))
    heartbeats = set()
    for _ in range(5):
        last = bench.worker.heartbeat
        bench.until(lambda last=last: bench.worker.heartbeat is not last)
        heartbeats.add(id(bench.worker.heartbeat))
        bench.clock.now += 20
        bench.worker._polled_at = bench.clock.now
    assert bench.worker.open_requests == (request,)
    assert bench.worker.state == "busy"


# Cancelling.


def test_a_running_request_is_cancelled(bench: Bench) -> None:
    request = bench.worker.request(["hang"])
    bench.until(lambda: bench.of(request, Progress))
    bench.worker.cancel(request)
    bench.worker.cancel(request)
    bench.until_answered()
    assert bench.failure(request).error == "Cancelled"
    assert bench.worker.state == "ready"


def test_a_request_is_cancelled_before_the_worker_is_ready(bench: Bench) -> None:
    request, other = bench.worker.request(["echo"]), bench.worker.request(["echo"])
    bench.worker.cancel(request)
    bench.until_answered()
    assert bench.failure(request).error == "Cancelled"
    assert not bench.of(request, Progress)
    assert bench.is_done(other)


def test_unknown_and_answered_requests_cannot_be_cancelled(bench: Bench) -> None:
    request = bench.worker.request(["echo"])
    bench.until_answered()
    bench.worker.cancel(request)
    bench.worker.cancel(77)
    bench.until_answered()
    assert len(bench.ends(request)) == 1


def test_a_worker_deaf_to_cancel_is_replaced(bench: Bench) -> None:
    bench.mode = "deaf"
    request, other = bench.worker.request(["hang"]), bench.worker.request(["echo"])
    bench.until(lambda: bench.of(request, Progress))
    first = bench.worker.hello.process
    bench.worker.cancel(request)
    bench.mode = "well"
    bench.until(lambda: bench.ends(request), step_seconds=1)
    bench.until_answered()
    assert bench.failure(request).error == "Cancelled"
    assert bench.ends(other)[0].result["process"] != first
    assert bench.modes == ["deaf", "well"]


def test_a_cancelled_request_is_not_asked_again_after_a_death(bench: Bench) -> None:
    bench.mode = "deaf"
    fatal, cancelled, waiting = (bench.worker.request([word]) for word in ("hang", "echo", "echo"))
    bench.until(lambda: bench.of(fatal, Progress))
    bench.worker.cancel(cancelled)
    os.kill(bench.worker.hello.process, 9)
    bench.until_answered()
    assert "was killed" in bench.failure(fatal).what
    assert bench.failure(cancelled).error == "Cancelled"
    assert bench.is_done(waiting)


# Dying.


def test_a_death_fails_the_request_in_work_and_the_others_go_on(bench: Bench) -> None:
    fatal, second, third = (bench.worker.request([word]) for word in ("die", "echo", "echo"))
    bench.until_answered()
    failure = bench.failure(fatal)
    assert failure.what == (
        "the worker ended with code 7 in the middle of this: first line / the card fell off the bus"
    )
    assert failure.where == str(bench.folder / "worker.log")
    assert failure.remedy
    assert bench.of(fatal, Progress)
    assert bench.is_done(second)
    assert bench.is_done(third)
    assert len(bench.modes) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_worker_is_told_as_such(bench: Bench) -> None:
    request = bench.worker.request(["die-killed"])
    bench.until_answered()
    assert "was killed (signal 9)" in bench.failure(request).what


def test_a_light_request_beside_a_fatal_one_is_asked_again(bench: Bench) -> None:
    long = bench.worker.request(["hang"])
    bench.until(lambda: bench.worker.heartbeat and bench.worker.heartbeat.busy == long)
    light, heavy = bench.worker.request(["status", "die"]), bench.worker.request(["echo"])
    os.kill(bench.worker.hello.process, 9)
    bench.until_answered()
    assert isinstance(bench.failure(long), Failed)
    assert bench.is_done(light)
    assert bench.is_done(heavy)


def test_memory_asked_back_from_a_worker_that_died_is_free(bench: Bench) -> None:
    fatal, free = bench.worker.request(["die"]), bench.worker.free()
    bench.until_answered()
    assert isinstance(bench.failure(fatal), Failed)
    assert bench.ends(free)[0].result == {"freed": []}
    assert len(bench.modes) == 1


def test_a_worker_that_ends_after_each_request_serves_them_all(bench: Bench) -> None:
    for _ in range(2):
        request = bench.worker.request(["die-after"])
        bench.until(lambda: bench.worker.state == "failed")
        assert bench.is_done(request)
    assert len(bench.modes) == 2


def test_what_is_asked_after_an_unseen_death_goes_to_a_new_process(bench: Bench) -> None:
    bench.worker.request(["echo"])
    bench.until_answered()
    os.kill(bench.worker.hello.process, 9)
    while bench.worker._child.is_alive():
        time.sleep(0.01)
    request = bench.worker.request(["echo"])
    bench.until_answered()
    assert bench.is_done(request)
    assert len(bench.modes) == 2


def test_a_worker_that_ends_while_idle_is_warned_of(bench: Bench) -> None:
    bench.mode = "exits"
    bench.worker.request(["echo"])
    bench.until(lambda: bench.worker.state == "failed")
    bench.said.clear()
    bench.mode = "well"
    bench.worker.request(["echo"])
    bench.until_answered()
    os.kill(bench.worker.hello.process, 9)
    bench.until(lambda: bench.worker.state == "failed")
    bench.poll()
    assert "was killed" in bench.of(0, Warned)[0].text


def test_a_worker_that_dies_at_once_fails_each_request_once(bench: Bench) -> None:
    bench.mode = "dies"
    requests = [bench.worker.request(["echo"]) for _ in range(5)]
    bench.until_answered()
    assert all(bench.failure(request) for request in requests)
    first = bench.failure(requests[0])
    assert first.what == "the worker ended with code 3 before it was ready: no module named engine"
    assert "repair" in first.remedy
    assert bench.worker.state == "failed"


def test_three_deaths_within_a_minute_stop_the_restarts(bench: Bench) -> None:
    requests = [bench.worker.request(["die"]) for _ in range(5)]
    bench.until_answered()
    assert len(bench.modes) == 3
    assert "ended with code 7" in bench.failure(requests[2]).what
    assert "3 times within a minute" in bench.failure(requests[3]).what
    assert "3 times within a minute" in bench.failure(requests[4]).what
    with pytest.raises(EngineError, match="3 times within a minute"):
        bench.worker.request(["echo"])
    bench.clock.now += 61
    request = bench.worker.request(["echo"])
    bench.until_answered()
    assert bench.is_done(request)


def test_closing_forgives_the_deaths(bench: Bench) -> None:
    for _ in range(3):
        bench.worker.request(["die"])
    bench.until_answered()
    bench.worker.close()
    assert bench.worker.state == "off"
    request = bench.worker.request(["echo"])
    bench.until_answered()
    assert bench.is_done(request)


# Silence and nonsense.


@pytest.mark.parametrize("mode", ["silent", "endless-line"])
def test_a_worker_without_hello_is_replaced(bench: Bench, mode: str) -> None:
    bench.mode = mode
    request, other = bench.worker.request(["echo"]), bench.worker.request(["echo"])
    bench.poll()
    bench.mode = "well"
    bench.until(lambda: bench.ends(request), step_seconds=1)
    bench.until_answered()
    assert "did not get ready within 60 s" in bench.failure(request).what
    assert bench.is_done(other)


def test_a_worker_that_hangs_after_its_hello_is_replaced(bench: Bench) -> None:
    bench.mode = "mute"
    request, other = bench.worker.request(["echo"]), bench.worker.request(["echo"])
    bench.until_ready()
    bench.mode = "well"
    bench.until(lambda: bench.ends(request), step_seconds=1)
    bench.until_answered()
    assert "no sign of life for 30 s" in bench.failure(request).what
    assert bench.is_done(other)


def test_a_worker_that_hangs_in_a_request_is_replaced(bench: Bench) -> None:
    request, other = bench.worker.request(["fall-silent"]), bench.worker.request(["echo"])
    bench.until(lambda: bench.of(request, Progress))
    bench.until(lambda: bench.ends(request), step_seconds=1)
    bench.until_answered()
    assert "no sign of life" in bench.failure(request).what
    assert bench.is_done(other)


def test_a_long_pause_of_blender_is_not_the_workers_silence(bench: Bench) -> None:
    bench.mode = "mute"
    bench.worker.request(["echo"])
    bench.until_ready()
    bench.poll()
    bench.clock.now += 3600
    bench.poll()
    assert bench.worker.state == "busy"


def test_a_worker_that_only_talks_nonsense_is_replaced(bench: Bench) -> None:
    bench.mode = "nonsense"
    request, other = bench.worker.request(["echo"]), bench.worker.request(["echo"])
    bench.poll()
    bench.mode = "well"
    bench.until_answered()
    assert "nonsense" in bench.failure(request).what
    assert bench.is_done(other)


def test_garbage_between_messages_does_no_harm(bench: Bench) -> None:
    first = bench.worker.request(["garbage"])
    other = bench.worker.request(["echo"])
    bench.until_answered()
    assert [message.done for message in bench.of(first, Progress)] == [1, 2]
    assert bench.is_done(first)
    assert bench.is_done(other)
    assert {number for number, _ in bench.said} == {first, other}
    assert bench.worker.hello.protocol == 1


def test_an_answer_counts_once(bench: Bench) -> None:
    request, other = bench.worker.request(["twice"]), bench.worker.request(["echo"])
    bench.until(lambda: bench.ends(other))
    assert bench.is_done(request)


def test_another_protocol_is_refused_at_once(bench: Bench) -> None:
    bench.mode = "protocol-999"
    requests = [bench.worker.request(["echo"]) for _ in range(2)]
    bench.until_answered()
    for request in requests:
        assert "protocol 999" in bench.failure(request).what
        assert "Restart Blender" in bench.failure(request).remedy
    assert bench.modes == ["protocol-999"]
    assert bench.worker.state == "failed"


# Floods.


def test_a_flood_is_taken_in_pieces_and_nothing_of_it_is_lost(bench: Bench) -> None:
    count = 20_000
    request = bench.worker.request(["flood", str(count)])
    bench.until_ready()
    most = 0
    end = time.monotonic() + PATIENCE_SECONDS
    while bench.worker.open_requests and time.monotonic() < end:
        most = max(most, len(bench.poll()))
        assert sum(map(len, bench.worker._lines)) <= child_module._READ_BYTES + child_module._LINE_BYTES
    bench.poll()
    # The clock of this bench goes on by a millisecond at each look, and the deadline is ten.
    assert 0 < most <= 20
    assert [message.done for message in bench.of(request, Progress)] == list(range(count))
    assert bench.is_done(request)


def test_a_line_too_long_is_dropped_and_the_rest_arrives(bench: Bench) -> None:
    request = bench.worker.request(["long-line", str((1 << 20) + 1)])
    bench.until_answered()
    assert bench.is_done(request)
    assert bench.worker._child.dropped_lines == 1


def test_a_flood_of_errors_goes_to_a_log_that_stays_small(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "_TRIM_SECONDS", 0.0)
    request = bench.worker.request(["flood-errors", "12"])
    bench.until_answered()
    assert bench.is_done(request)
    bench.poll()
    files = sorted(path.name for path in bench.folder.glob("*.log"))
    assert files == ["worker.log", "worker.previous.log"]
    assert sum(path.stat().st_size for path in bench.folder.glob("*.log")) < 10 << 20


def test_a_worker_that_never_reads_does_not_block(bench: Bench) -> None:
    bench.mode = "not-reading"
    requests = [bench.worker.request(["echo", "x" * 100_000]) for _ in range(20)]
    bench.until_ready()
    for _ in range(20):
        bench.poll()
    assert bench.worker.open_requests == tuple(requests)
    assert len(bench.worker._child._outgoing) > 1_000_000
    bench.worker.kill()
    bench.poll()
    assert all(bench.failure(request).error == "Cancelled" for request in requests)


# Starting.


def test_an_environment_that_is_missing_is_told_when_asked(bench: Bench) -> None:
    bench.error = MissingError("the environment is missing", remedy="Press Make Environment.")
    with pytest.raises(MissingError, match="Press Make"):
        bench.worker.request(["echo"])
    assert bench.worker.open_requests == ()
    assert bench.worker.state == "failed"
    bench.error = None
    request = bench.worker.request(["echo"])
    bench.until_answered()
    assert bench.is_done(request)


def test_an_environment_removed_while_running_fails_what_waits(bench: Bench) -> None:
    fatal, waiting = bench.worker.request(["die"]), bench.worker.request(["echo"])
    # Not until it is ready: a worker that is slow to be heard may be dead by then.
    bench.until(lambda: bench.modes)
    bench.error = MissingError("the environment is missing", where="/env", remedy="Press Make Environment.")
    bench.until_answered()
    assert "ended with code 7" in bench.failure(fatal).what
    assert bench.failure(waiting) == Failed(
        "the environment is missing", "/env", "Press Make Environment.", "MissingError", 1
    )


def test_a_python_that_has_gone_is_told_with_its_remedy(bench: Bench) -> None:
    bench.python = str(bench.folder / "bin" / "python")
    with pytest.raises(EngineError) as caught:
        bench.worker.request(["echo"])
    assert caught.value.where == bench.python
    assert "cannot be started" in caught.value.what
    assert "Repair" in caught.value.remedy


# Ending.


def test_closing_answers_what_is_open(bench: Bench) -> None:
    request = bench.worker.request(["hang"])
    bench.until(lambda: bench.of(request, Progress))
    process = bench.worker._child
    bench.worker.close()
    assert not process.is_alive()
    bench.poll()
    assert bench.failure(request).error == "Cancelled"
    assert bench.worker.state == "off"
    bench.worker.close()


def test_a_stubborn_worker_is_killed(bench: Bench) -> None:
    bench.mode = "immortal"
    bench.worker.request(["hang"])
    bench.until_ready()
    process = bench.worker._child
    bench.worker.close()
    assert not process.is_alive()


def test_killing_does_not_wait_and_leaves_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.mode = "immortal"
    request = bench.worker.request(["hang"])
    bench.until_ready()
    process = bench.worker._child
    with monkeypatch.context() as awake:
        awake.setattr(child_module.time, "sleep", None)
        bench.worker.kill()
    bench.until(lambda: not bench.worker._ending)
    assert process.exit_code is not None
    assert bench.failure(request).error == "Cancelled"


@needs_proc
def test_what_the_worker_started_ends_with_it(bench: Bench) -> None:
    request = bench.worker.request(["family"])
    bench.until(lambda: bench.of(request, Note))
    sleeper = int(bench.of(request, Note)[0].text)
    assert is_running(sleeper)
    os.kill(bench.worker.hello.process, 9)
    bench.until_answered()
    bench.until(lambda: not is_running(sleeper))
    assert "in the middle" in bench.failure(request).what


# What the process is given.


def test_blenders_own_python_settings_stay_with_blender(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("PYTHONPATH", "/nowhere/else")
    monkeypatch.setenv("LINEBOIL_TEST", "kept")
    request = bench.worker.request(["environment"])
    bench.until_answered()
    given = json.loads(bench.of(request, Note)[0].text)
    assert {name for name in given if name.startswith("PYTHON")} == {"PYTHONUNBUFFERED", "PYTHONUTF8"}
    assert given["LINEBOIL_TEST"] == "kept"
    assert given["FAKE"] == "yes"
