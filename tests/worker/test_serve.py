"""The worker as a real process, on the sample clip: requests, cancel, queue, broken lines, every way to end."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lineboil.addon.engine import requests
from lineboil.addon.engine.errors import BusyError, Cancelled
from lineboil.addon.engine.lock import ShotLock
from lineboil.addon.engine.messages import PROTOCOL_VERSION, Done, Failed
from talk import PATIENCE_SECONDS, Talk

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COMMAND = [sys.executable, "-I", str(ROOT / "addon"), "serve", "--json"]
SMALL = ("footage.long_side=160", "footage.end_frame=8", "keys.count=2")
LONG = ("footage.long_side=320",)
OUTPUTS = ("frames", "state/flow", "pose", "matte", "depth", "styled", "propagated", "cutout")
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    worker = Talk(COMMAND, tmp_path / "worker.log")
    yield worker
    worker.child.kill()
    worker.child.wait()


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Talk]:
    worker = Talk([sys.executable, str(HERE / "odd_worker.py"), str(tmp_path / "loads.txt")], tmp_path / "worker.log")
    yield worker
    worker.child.kill()
    worker.child.wait()


def new_shot(talk: Talk, root: Path, *settings: str) -> Path:
    talk.done("new", root, "--footage", ROOT / "samples" / "performer.mp4", *settings)
    return root


def outputs(shot: Path) -> dict[str, str]:
    return {
        path.relative_to(shot).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in OUTPUTS
        for path in sorted((shot / folder).rglob("*"))
        if path.is_file()
    }


def is_running(process: int) -> bool:
    if Path("/proc/self/stat").exists():
        # Here one that has ended and waits for the system to take note of it can be told.
        with contextlib.suppress(OSError):
            return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
        return False
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True


def wait_until_gone(process: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while is_running(process):
        assert time.monotonic() < end, f"process {process} lives on"
        time.sleep(0.05)


def test_it_says_hello_and_gives_signs_of_life(talk: Talk) -> None:
    talk.until(lambda: len(talk.of(0, "heartbeat")) >= 2)
    hello = talk.said[0][1]
    assert talk.said[0][0] == 0
    assert (hello.kind, hello.protocol, hello.process) == ("hello", PROTOCOL_VERSION, talk.child.pid)
    assert hello.version != "unknown"
    assert hello.python == ".".join(map(str, sys.version_info[:3]))
    beat = talk.of(0, "heartbeat")[-1]
    assert beat.busy == 0
    assert 5_000_000 < beat.memory_bytes < 500_000_000
    assert talk.close() == 0
    assert not talk.garbage


@posix_only
def test_it_lets_blender_go_first(talk: Talk) -> None:
    talk.until(lambda: talk.of(0, "heartbeat"))
    assert os.getpriority(os.PRIO_PROCESS, talk.child.pid) > os.getpriority(os.PRIO_PROCESS, 0)


def test_the_road_and_its_models_are_loaded_once(odd: Talk, tmp_path: Path) -> None:
    first, second, third = (new_shot(odd, tmp_path / name, *SMALL) for name in ("first", "second", "third"))
    loads = tmp_path / "loads.txt"
    end = odd.end(odd.ask("run", first))
    assert Path(end.result["movie"]).is_file()
    loaded = loads.read_text(encoding="utf-8").split()
    assert len(loaded) == len(set(loaded)) > 5
    odd.done("run", second)
    assert loads.read_text(encoding="utf-8").split() == loaded
    assert odd.free() == sorted(loaded)
    assert odd.free() == []
    odd.done("run", third)
    assert loads.read_text(encoding="utf-8").split() == loaded * 2
    made = outputs(first)
    assert len(made) > 50
    assert outputs(second) == made
    assert outputs(third) == made
    by_command_line = new_shot(odd, tmp_path / "fourth", *SMALL)
    subprocess.run([sys.executable, str(ROOT / "addon"), "run", str(by_command_line)], check=True, capture_output=True)
    assert outputs(by_command_line) == made


def test_status_is_answered_beside_a_run_that_is_then_cancelled(talk: Talk, tmp_path: Path) -> None:
    shot = new_shot(talk, tmp_path / "a shot", *LONG)
    run = talk.ask("run", shot)
    talk.until(lambda: talk.of(run, "progress"))
    status = talk.done("status", shot)
    assert "matte" in [message.stage for message in talk.of(status, "status")]
    changed = talk.done("set", shot, "footage.end_frame=8", "footage.long_side=160")
    assert talk.of(changed, "done")[0].result == {"footage.end_frame": "8", "footage.long_side": "160"}
    talk.until(lambda: talk.of(0, "heartbeat") and talk.of(0, "heartbeat")[-1].busy == run)
    assert not talk.ends(run)
    talk.cancel(run)
    end = talk.end(run)
    assert (end.error, end.exit_code) == ("Cancelled", Cancelled.exit_code)
    assert not list(shot.rglob("*.part*"))
    talk.done("run", shot, "--until", "flow")
    assert len(list((shot / "frames").iterdir())) == 8
    assert len(talk.ends(run)) == 1


def test_requests_are_done_in_order_and_waiting_ones_cancelled_at_once(odd: Talk) -> None:
    working = odd.ask("sheet", "work")
    waiting = [odd.ask("sheet", "chatter") for _ in range(3)]
    odd.cancel(waiting[1])
    end = odd.end(waiting[1])
    assert end.error == "Cancelled"
    assert "before it began" in end.what
    assert not odd.ends(working)
    assert not odd.ends(waiting[0])
    odd.cancel(working)
    for request in (waiting[0], waiting[2]):
        assert isinstance(odd.end(request), Done)
    order = [number for number, message in odd.said if isinstance(message, Done | Failed)]
    assert order == [waiting[1], working, waiting[0], waiting[2]]


def test_nothing_but_messages_comes_out(odd: Talk) -> None:
    odd.done("sheet", "chatter")
    assert odd.close() == 0
    assert not odd.garbage
    log = odd.log.read_text(encoding="utf-8")
    assert all(text in log for text in ("a library prints", "from C, too", "and a child"))


@pytest.mark.parametrize(
    ("act", "error", "text"),
    [
        ("divide", "EngineError", "unexpected went wrong (ZeroDivisionError"),
        ("leave", "EngineError", "unexpected went wrong (SystemExit"),
        ("memory", "EngineError", "not enough memory"),
        ("disk", "InputError", "the disk is full"),
        ("lacking", "MissingError", "the environment is not whole (No module named 'no_such_library')"),
        ("unsayable", "EngineError", "the answer cannot be written"),
    ],
)
def test_a_request_that_goes_wrong_takes_nothing_along(odd: Talk, act: str, error: str, text: str) -> None:
    waiting = odd.ask("sheet", act), odd.ask("sheet", "chatter")
    end = odd.end(waiting[0])
    assert isinstance(end, Failed)
    assert (end.error, end.exit_code) == (error, 1)
    assert text in end.what
    assert isinstance(odd.end(waiting[1]), Done)
    assert odd.close() == 0
    if act in ("divide", "leave"):
        assert "worker's log" in end.remedy
        assert "odd_worker.py" in odd.log.read_text(encoding="utf-8")


@pytest.mark.parametrize(("act", "error"), [("divide", "ZeroDivisionError"), ("half_character", "ValueError")])
def test_a_fault_is_kept_in_the_log_of_its_shot(odd: Talk, tmp_path: Path, act: str, error: str) -> None:
    shot = new_shot(odd, tmp_path / act, *SMALL)
    (shot / "state").mkdir()
    end = odd.failed("sheet", shot)
    assert str(shot / "state" / "error.log") in end.remedy
    assert error in (shot / "state" / "error.log").read_text(encoding="utf-8")


BROKEN = (
    b"garbage", b"", b"[1]", b"null", b"\xff\xfe\x00", b'{"kind": "later", "id": 1}', b'{"kind": "free"}',
    b'{"kind": "request", "id": 5}', b'{"kind": "request", "id": -5, "command": ["check"]}', b"[" * 200_000,
    b'{"kind": "request", "id": 6, "command": ["' + b"x" * (3 << 20) + b'"]}',
)


def test_broken_lines_are_warned_of_and_change_nothing(talk: Talk, tmp_path: Path) -> None:
    talk.write(b"\n".join(BROKEN) + b"\n")
    talk.until(lambda: len(talk.of(0, "warning")) == len(BROKEN))
    assert all(len(message.text) < 200 for message in talk.of(0, "warning"))
    talk.cancel(99)
    shot = new_shot(talk, tmp_path / "shot", *SMALL)
    assert talk.failed("status", shot / "nowhere").exit_code == 1
    talk.write(b'{"kind": "free", "id": 77, "later": [1]}\r\n')
    assert isinstance(talk.end(77), Done)
    # Half a line at the end is none.
    talk.write(b'{"kind": "request", "id": 78, "command": ["check"]}')
    assert talk.close() == 0
    assert not talk.of(78)
    assert len(talk.of(0, "warning")) == len(BROKEN)


def test_a_number_in_use_is_not_taken_twice(odd: Talk) -> None:
    working = odd.ask("sheet", "work")
    odd.send(requests.Request(working, ("sheet", "chatter")))
    odd.until(lambda: odd.of(0, "warning"))
    assert str(working) in odd.of(0, "warning")[0].text
    odd.cancel(working)
    assert odd.end(working).error == "Cancelled"


@pytest.mark.parametrize(
    "words",
    [
        (), ("paint",), ("run",), ("run", "shot", "--quick"), ("preview", "shot", "--stage", "matte", "--frame", "x"),
        ("--help",), ("run", "--help"), ("--version",), ("serve", "--json"), ("run", "shot", "--stage", "a", "b"),
    ],
    ids=" ".join,
)
def test_words_that_are_no_command_line_fail(shared: Talk, words: tuple[str, ...]) -> None:
    end = shared.failed(*words)
    assert (end.error, end.exit_code) == ("SettingError", 2)
    assert end.what
    assert not shared.garbage


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    """A worker for requests that leave nothing behind."""
    worker = Talk(COMMAND, tmp_path_factory.mktemp("shared") / "worker.log")
    yield worker
    worker.child.kill()
    worker.child.wait()


@pytest.mark.parametrize("path", ["nul\0byte", "half \ud800 character", "", "a" * 5000, "\x1b[31mred"])
def test_odd_paths_end_in_a_sentence(shared: Talk, path: str) -> None:
    for verb in ("run", "status", "set"):
        words = (verb, path, "matte.engine=chroma") if verb == "set" else (verb, path)
        assert shared.failed(*words).what


def test_a_shot_in_use_can_be_looked_at_but_not_run(shared: Talk, tmp_path: Path) -> None:
    shot = new_shot(shared, tmp_path / "shot", *SMALL)
    with ShotLock(shot / "state" / "lock", "test"):
        end = shared.failed("run", shot)
        assert (end.error, end.exit_code) == ("BusyError", BusyError.exit_code)
        assert str(os.getpid()) in end.what
        shared.done("status", shot)
    shared.done("run", shot, "--stage", "footage")


@pytest.mark.parametrize("stage", ["matte", "propagate"])
def test_a_picture_of_a_frame(shared: Talk, tmp_path: Path, stage: str) -> None:
    shot = new_shot(shared, tmp_path / "shot", *SMALL)
    request = shared.done("preview", shot, "--stage", stage, "--frame", "3")
    picture = shared.of(request, "preview")[0]
    assert (picture.stage, picture.frame) == (stage, 3)
    assert not (shot / "propagated").exists()
    assert Path(picture.path).is_file()
    assert Path(shared.end(shared.ask("sheet", shot)).result["contact sheet"]).is_file()


def test_what_a_request_chooses_is_gone_with_it(shared: Talk) -> None:
    def blender(request: int) -> str:
        return next(message.why for message in shared.of(request, "status") if message.stage == "blender")

    before = blender(shared.done("check"))
    assert "no bpy" in blender(shared.done("check", "--blender", sys.executable))
    assert blender(shared.done("check")) == before


def test_every_request_is_answered_once_whatever_happens_to_it(odd: Talk) -> None:
    chance = random.Random(4)
    asked = []
    for _ in range(120):
        words = chance.choice((("sheet", "chatter"), ("sheet", "divide"), ("status", "nowhere"), ("paint",)))
        asked.append(odd.ask(*words))
        if chance.random() < 0.7:
            odd.cancel(chance.choice(asked))
    for request in asked:
        odd.end(request)
    assert odd.close() == 0
    assert [len(odd.ends(request)) for request in asked] == [1] * len(asked)
    assert not odd.garbage


def test_what_was_asked_when_the_input_closes_is_answered(odd: Talk) -> None:
    asked = [odd.ask("sheet", "work"), odd.ask("sheet", "chatter")]
    odd.until(lambda: odd.of(asked[0], "progress"))
    assert odd.close() == 0
    assert [odd.end(request).error for request in asked] == ["Cancelled", "Cancelled"]


def test_quit_ends_it_in_the_middle_of_a_run(talk: Talk, tmp_path: Path) -> None:
    shot = new_shot(talk, tmp_path / "shot", *LONG)
    run = talk.ask("run", shot)
    talk.until(lambda: talk.of(run, "progress"))
    talk.send(requests.Quit(50))
    assert talk.exit_code() == 0
    assert talk.end(run).error == "Cancelled"
    assert not talk.of(50)
    assert not list(shot.rglob("*.part*"))


@posix_only
@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("act", ["", "work"])
def test_a_signal_ends_it_in_order(odd: Talk, number: str, act: str) -> None:
    odd.until(lambda: odd.of(0, "hello"))
    request = odd.ask("sheet", act) if act else 0
    odd.until(lambda: not act or odd.of(request, "progress"))
    odd.child.send_signal(getattr(signal, number))
    assert odd.exit_code() == Cancelled.exit_code
    assert not act or odd.end(request).error == "Cancelled"
    assert "Traceback" not in odd.log.read_text(encoding="utf-8")


def begin_to_hang(odd: Talk, act: str) -> int:
    """The child that it leaves behind if nobody ends it."""
    request = odd.ask("sheet", act)
    odd.until(lambda: odd.of(request, "note"))
    child = int(odd.of(request, "note")[0].text)
    assert is_running(child)
    return child


def test_one_that_hangs_ends_all_the_same_and_leaves_no_child(odd: Talk) -> None:
    child = begin_to_hang(odd, "hang")
    assert odd.close() == 1
    wait_until_gone(child)
    assert "in hang" in odd.log.read_text(encoding="utf-8")


@posix_only
def test_a_signal_is_heard_however_deep_it_hangs(odd: Talk) -> None:
    child = begin_to_hang(odd, "hang_in_a_library")
    odd.child.send_signal(signal.SIGTERM)
    assert odd.exit_code() == 1
    wait_until_gone(child)


def test_it_ends_when_nobody_listens_any_more(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "odd_worker.py"), str(tmp_path / "loads.txt")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        worker.stdin.write(requests.encode(requests.Request(1, ("sheet", "work"))).encode() + b"\n")
        worker.stdin.flush()
        assert any(b"progress" in line for line in iter(worker.stdout.readline, b""))
        worker.stdout.close()
        assert worker.wait(PATIENCE_SECONDS) == 0


PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
print(child.pid, flush=True)
child.stdin.write(b'{"kind": "request", "id": 1, "command": ["sheet", "work"]}\\n'); child.stdin.flush()
for line in child.stdout:
    if b"progress" in line:
        print("works", flush=True)
        break
time.sleep(600)
"""


@posix_only
def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    words = [sys.executable, str(HERE / "odd_worker.py"), str(tmp_path / "loads.txt")]
    with subprocess.Popen([sys.executable, "-c", PARENT, "-", *words], stdout=subprocess.PIPE, text=True) as parent:
        worker = int(parent.stdout.readline())
        assert parent.stdout.readline() == "works\n"
        parent.kill()
    wait_until_gone(worker)
