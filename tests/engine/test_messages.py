"""Messages: one JSON object a line, and text for people."""

from __future__ import annotations

import io
import json

import pytest
from lineboil.addon.engine import messages, requests
from lineboil.addon.engine.errors import Cancelled, SettingError
from lineboil.addon.engine.frames import frame_name, parse_ranges, range_text
from lineboil.addon.engine.job import Job
from lineboil.addon.engine.reporters import JsonReporter, TextReporter

SAMPLES = [
    messages.StageStarted("matte", 3, 4),
    messages.Progress("matte", "cutting out", 3, 7, rate=0.5, seconds_left=8.0),
    messages.StageDone("matte", 7, 0, 1.5),
    messages.Note("matte", "auto picked chroma"),
    messages.Warned("matte", "nobody in frame 3"),
    messages.Preview("matte", 3, "a.png"),
    messages.Status("matte", "stale", 3, 7, "footage changed", {"engine": "person"}),
    messages.Failed("it broke", "a.png", "Delete it."),
    messages.Done({"movie": "a.mp4"}),
    messages.Hello(messages.PROTOCOL_VERSION, "0.2.0", 1234, "3.13.1"),
    messages.Heartbeat(7, 123_456_789),
]
# What a worker tells the program that started it; no person reads it.
OF_A_WORKER = ("hello", "heartbeat")


def test_samples_cover_every_kind() -> None:
    assert {message.kind for message in SAMPLES} == set(messages.KINDS)


@pytest.mark.parametrize("message", SAMPLES, ids=lambda message: message.kind)
def test_a_message_survives_its_line(message: messages.Message) -> None:
    line = messages.encode(message)
    assert "\n" not in line
    assert messages.decode(line) == message


@pytest.mark.parametrize("line", ["", "garbage", "[1]", '{"kind": "new"}', '{"kind": "progress"}'])
def test_what_is_no_message_is_none(line: str) -> None:
    assert messages.decode(line) is None


def test_unknown_fields_are_ignored() -> None:
    assert messages.decode('{"kind": "note", "stage": "a", "text": "b", "later": 1}') == messages.Note("a", "b")


@pytest.mark.parametrize("message", SAMPLES, ids=lambda message: message.kind)
def test_text_has_no_colour_outside_a_terminal(message: messages.Message) -> None:
    stream = io.StringIO()
    reporter = TextReporter(stream, {})
    reporter._last_plain = -100
    reporter.send(message)
    assert bool(stream.getvalue().strip()) == (message.kind not in OF_A_WORKER)
    assert "\x1b" not in stream.getvalue()


def test_an_answer_names_its_request() -> None:
    for message in SAMPLES:
        assert messages.decode_answer(messages.encode(message, 12)) == (12, message)


@pytest.mark.parametrize("line", ["", "garbage", '{"kind": "done"}', '{"kind": "done", "id": true}', '{"id": 1}'])
def test_what_is_no_answer_is_none(line: str) -> None:
    assert messages.decode_answer(line) is None


ASKS = [requests.Request(1, ("run", "a shot")), requests.Cancel(1), requests.Free(2), requests.Quit(3)]


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: ask.kind)
def test_a_request_survives_its_line(ask: requests.Ask) -> None:
    assert {ask.kind for ask in ASKS} == set(requests.KINDS)
    assert "\n" not in requests.encode(ask)
    assert requests.decode(requests.encode(ask)) == ask


@pytest.mark.parametrize("line", [
    "", "garbage", "[1]", "null", '{"kind": "later", "id": 1}', '{"kind": "free"}', '{"kind": "free", "id": "1"}',
    '{"kind": "free", "id": 0}', '{"kind": "free", "id": true}', '{"kind": "request", "id": 1}',
    '{"kind": "request", "id": 1, "command": "run"}', '{"kind": "request", "id": 1, "command": [1]}', "[" * 100_000,
])
def test_what_asks_nothing_is_none(line: str) -> None:
    assert requests.decode(line) is None


def test_stages_that_are_up_to_date_share_a_line() -> None:
    stream = io.StringIO()
    reporter = TextReporter(stream, {})
    for stage in ("footage", "flow"):
        reporter.send(messages.StageDone(stage, 0, 7, 0.0))
    reporter.send(messages.Done({"movie": "a.mp4"}))
    assert stream.getvalue().splitlines() == ["up to date: footage, flow", "movie: a.mp4"]


def test_colour_on_a_terminal_unless_refused() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = {}
    for name, environment in (("plain", {"NO_COLOR": "1"}), ("colour", {"TERM": "xterm"})):
        stream = Terminal()
        TextReporter(stream, environment).send(messages.Failed("it broke"))
        shown[name] = stream.getvalue()
    assert "\x1b[31m" in shown["colour"]
    assert "\x1b" not in shown["plain"]


def test_json_reporter_writes_one_object_a_line() -> None:
    stream = io.StringIO()
    reporter = JsonReporter(stream)
    for message in SAMPLES:
        reporter.send(message)
    assert [json.loads(line)["kind"] for line in stream.getvalue().splitlines()] == [m.kind for m in SAMPLES]


def test_a_job_stops_when_asked(recorder) -> None:
    recorder.stop_after = 2
    job = Job(recorder, "matte")
    job.note("one")
    with pytest.raises(Cancelled):
        job.note("two")


def test_progress_ends_with_its_total(recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Job, "_INTERVAL_SECONDS", 0.1)
    job = Job(recorder, "matte")
    for done in range(1, 501):
        job.step("cutting out", done, 500)
    steps = recorder.of("progress")
    assert steps[-1].done == 500
    assert len(steps) < 100


def test_ranges() -> None:
    assert parse_ranges("1-3, 7") == (1, 2, 3, 7)
    assert parse_ranges("8-", 10) == (8, 9, 10)
    assert range_text([7, 1, 2, 3]) == "1-3,7"
    assert frame_name(12) == "000012.png"
    for text in ("0-3", "3-1", "a", "", "1-11", "1--3"):
        with pytest.raises(SettingError):
            parse_ranges(text, 10)
