"""Child processes that never make their parent wait, and never outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lineboil.addon import child as child_module
from lineboil.addon import child_log, child_pipes
from lineboil.addon.child import Child, child_environment
from lineboil.addon.child_log import ChildLog
from lineboil.addon.engine.errors import EngineError, InputError
from processes import PATIENCE_SECONDS, is_running, needs_proc, until

ROOT = Path(__file__).resolve().parents[2]
ECHO = "import sys\nfor line in sys.stdin: print('heard', line.strip(), flush=True)"
SLEEP = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); " + SLEEP


class Nursery:
    """Starts children that run a piece of Python, and ends them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: list[Child] = []

    def start(self, code: str, *words: str, log: str = "child.log", **variables: str) -> Child:
        child = Child([sys.executable, "-I", "-u", "-c", code, *words], self.folder / log, variables)
        self.children.append(child)
        return child


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    nursery = Nursery(tmp_path)
    yield nursery
    for child in nursery.children:
        child.close(0)


def lines_of(child: Child, count: int) -> list[str]:
    lines: list[str] = []
    until(lambda: lines.extend(child.read()) or len(lines) >= count)
    return lines


def all_of(child: Child) -> list[str]:
    """Everything until its end."""
    lines: list[str] = []
    until(lambda: lines.extend(child.read()) or child.is_over())
    return lines


# Lines.


def test_lines_go_both_ways(nursery: Nursery) -> None:
    child = nursery.start(ECHO)
    child.write("one")
    child.write("zwölf")
    assert lines_of(child, 2) == ["heard one", "heard zwölf"]
    assert child.is_alive()
    assert child.exit_code is None
    assert child.ending() == "still runs"


def test_reading_returns_at_once_when_nothing_has_arrived(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    child = nursery.start(SLEEP)
    with monkeypatch.context() as awake:
        awake.setattr(child_module.time, "sleep", None)
        assert child.read(deadline_seconds=3600) == []


def test_half_a_line_waits_for_its_end(nursery: Nursery) -> None:
    child = nursery.start("import sys; print('a', end=''); print('b', file=sys.stderr); input(); print('c')")
    until(lambda: "b" in child.last_words())
    assert child.read() == []
    child.write("go on")
    assert all_of(child) == ["ac"]


def test_the_last_words_arrive_without_a_line_break(nursery: Nursery) -> None:
    child = nursery.start("print('one'); print('two', end='')")
    assert all_of(child) == ["one", "two"]
    assert child.exit_code == 0
    assert child.ending() == "ended with code 0"


def test_windows_line_ends_and_empty_lines_are_left_out(nursery: Nursery) -> None:
    child = nursery.start(r"import os; os.write(1, b'one\r\n\n\r\ntwo\n\xff\n')")
    assert all_of(child) == ["one", "two", "\ufffd"]


def test_one_reading_takes_a_bounded_amount(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    child = nursery.start(SLEEP)
    monkeypatch.setattr(child_module, "receive", lambda descriptor, size: (b"x" * 7 + b"\n") * (size // 8))
    lines = child.read(deadline_seconds=3600)
    assert len(lines) == child_module._READ_BYTES // 8
    assert set(lines) == {"x" * 7}


def test_a_deadline_that_has_passed_still_takes_one_piece(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    child = nursery.start(SLEEP)
    monkeypatch.setattr(child_module, "receive", lambda descriptor, size: (b"x" * 7 + b"\n") * (size // 8))
    assert len(child.read(deadline_seconds=0)) == child_module._CHUNK_BYTES // 8


def test_an_endless_line_takes_no_memory(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "_LINE_BYTES", 100_000)
    child = nursery.start("import os\nfor _ in range(100): os.write(1, b'x' * 10_000)\nprint('\\nend')")
    lines: list[str] = []
    while not child.is_over():
        lines += child.read()
        assert len(child._partial) <= 100_000
    assert lines == ["end"]
    assert child.dropped_lines == 1


def test_a_process_that_never_reads_does_not_block_writing(nursery: Nursery) -> None:
    child = nursery.start(SLEEP)
    for _ in range(30):
        child.write("x" * 100_000)
    child.read()
    assert 2_000_000 < len(child._outgoing) < 3_000_100


def test_what_was_not_taken_at_first_is_sent_later(nursery: Nursery) -> None:
    child = nursery.start("import sys\nfor line in sys.stdin: print(len(line))")
    for length in range(100_000, 100_020):
        child.write("x" * length)
    assert lines_of(child, 20) == [str(length + 1) for length in range(100_000, 100_020)]
    assert not child._outgoing


def test_what_nobody_reads_any_more_is_let_go(nursery: Nursery) -> None:
    child = nursery.start("import os; os.close(0); print('closed'); " + SLEEP)
    assert lines_of(child, 1) == ["closed"]
    child.write("anybody?")
    assert not child._outgoing
    assert child.is_alive()


DEADLY = """
import signal, sys
from pathlib import Path
from lineboil.addon.child import Child
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
child = Child([sys.executable, "-c", ""], Path(sys.argv[1]) / "child.log")
while child.is_alive():
    pass
child.write("anybody?")
print("alive", signal.getsignal(signal.SIGPIPE) is signal.SIG_DFL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_writing_to_a_dead_process_is_safe_where_a_broken_pipe_is_deadly(tmp_path: Path) -> None:
    parent = subprocess.run([sys.executable, "-c", DEADLY, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (parent.returncode, parent.stdout) == (0, "alive True\n"), parent.stderr


# Starting.


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        Child([str(tmp_path / "python")], tmp_path / "child.log")
    assert caught.value.where == str(tmp_path / "python")
    assert caught.value.remedy
    ChildLog(tmp_path / "child.log", ["its log is free again"]).close()


@pytest.mark.skipif(sys.platform == "win32", reason="rights")
def test_a_program_that_may_not_be_run(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    with pytest.raises(EngineError, match=r"cannot be started \(Permission denied\)"):
        Child([str(program)], tmp_path / "child.log")


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file", encoding="utf-8")
    with pytest.raises(InputError):
        Child([sys.executable, "-c", ""], tmp_path / "folder" / "child.log")


@needs_proc
def test_a_child_has_nothing_open_but_its_three_streams(nursery: Nursery, tmp_path: Path) -> None:
    other = nursery.start(ECHO, log="other.log")
    with (tmp_path / "open").open("wb"):
        child = nursery.start("import os; print(*sorted(os.listdir('/proc/self/fd')), sep='\\n')")
        # The fourth is the folder being listed.
        assert all_of(child) == ["0", "1", "2", "3"]
    assert other.is_alive()


@needs_proc
def test_other_processes_started_here_do_not_inherit_the_pipes(nursery: Nursery) -> None:
    child = nursery.start(ECHO)
    ours = [child._popen.stdin.fileno(), child._popen.stdout.fileno(), child._log.stream.fileno()]
    assert not any(os.get_inheritable(descriptor) for descriptor in ours)
    with subprocess.Popen([sys.executable, "-c", SLEEP], close_fds=False) as other:
        child.close_input()
        until(lambda: not child.is_alive())
        other.kill()
    assert child.exit_code == 0


def test_pythons_variables_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__"):
        monkeypatch.setenv(name, "/nowhere")
    given = child_environment({"LINEBOIL_MODELS": "/models", "PYTHONHOME": "/other"})
    assert {name for name in given if name.startswith(("PYTHON", "__"))} == {"PYTHONUNBUFFERED", "PYTHONUTF8"}
    assert given["LINEBOIL_MODELS"] == "/models"
    assert given["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [("{b}/lib", None), ("{b}/lib/mesa:/opt/cuda/lib", "/opt/cuda/lib"), ("/opt/a:/opt/b", "/opt/a:/opt/b")],
)
def test_blenders_own_libraries_are_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, kept: str | None
) -> None:
    blender = tmp_path / "blender-4.2"
    monkeypatch.setattr(child_module.sys, "prefix", str(blender / "4.2" / "python"))
    monkeypatch.setattr(child_module.os, "pathsep", ":")
    monkeypatch.setenv("LD_LIBRARY_PATH", given.format(b=blender))
    assert child_environment().get("LD_LIBRARY_PATH") == kept


def test_library_paths_stay_outside_blender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/cuda/lib")
    assert child_environment()["LD_LIBRARY_PATH"] == "/opt/cuda/lib"


# Ending.


def test_closing_ends_a_process_that_reads_its_input(nursery: Nursery) -> None:
    child = nursery.start(ECHO)
    child.close(PATIENCE_SECONDS)
    assert child.exit_code == 0


def test_closing_ends_a_process_whose_last_words_nobody_read(nursery: Nursery) -> None:
    child = nursery.start("import sys; sys.stdin.read(); print('x' * 1_000_000)")
    child.close(PATIENCE_SECONDS)
    assert child.exit_code == 0


def test_closing_ends_a_stubborn_process_and_waits_no_longer_than_its_grace(
    nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = nursery.start(STUBBORN)
    assert lines_of(child, 1) == ["up"]
    naps: list[float] = []
    now = [0.0]
    # The grace is over after one second; the rest is for the kill to arrive, which this waits for.

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        now[0] += seconds
        if now[0] > 1.2:
            os.waitid(os.P_PID, child.process, os.WEXITED | os.WNOWAIT)

    with monkeypatch.context() as fake:
        fake.setattr(child_module.time, "sleep", sleep)
        fake.setattr(child_module.time, "monotonic", lambda: now[0])
        child.close(1.0)
    assert sum(naps) == pytest.approx(1.2, abs=0.05)
    assert child.exit_code == -signal.SIGKILL


def test_closing_twice_and_using_a_closed_child_is_harmless(nursery: Nursery) -> None:
    child = nursery.start(ECHO)
    child.close()
    child.close()
    child.kill()
    child.write("anybody?")
    assert child.read() == []
    assert child.is_over()


def test_killing_does_not_wait(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    child = nursery.start(STUBBORN)
    assert lines_of(child, 1) == ["up"]
    with monkeypatch.context() as awake:
        awake.setattr(child_module.time, "sleep", None)
        child.kill()
    until(lambda: not child.is_alive())
    assert child.ending() == "was killed (signal 9)"


@needs_proc
def test_no_dead_process_is_left_behind(nursery: Nursery) -> None:
    ended, killed, closed = nursery.start("pass"), nursery.start(SLEEP), nursery.start(ECHO)
    killed.kill()
    closed.close()
    for child in (ended, killed, closed):
        until(lambda child=child: not child.is_alive())
        assert not Path(f"/proc/{child.process}").exists()


@needs_proc
@pytest.mark.parametrize("ending", ["itself", "killed"])
def test_what_a_process_started_ends_with_it(nursery: Nursery, ending: str) -> None:
    code = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {SLEEP!r}]).pid); input()"
    child = nursery.start(code)
    sleeper = int(lines_of(child, 1)[0])
    assert is_running(sleeper)
    if ending == "killed":
        child.kill()
    else:
        child.write("end")
        until(lambda: not child.is_alive())
    until(lambda: not is_running(sleeper))


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
def test_ctrl_c_in_our_terminal_does_not_reach_it(nursery: Nursery) -> None:
    child = nursery.start(ECHO)
    assert os.getpgid(child.process) == child.process != os.getpgid(0)


PARENT = """
import os, runpy, sys, time
from pathlib import Path
from lineboil.addon.child import Child
child = Child([sys.executable, "-I", "-c", sys.argv[2]], Path(sys.argv[1]) / "child.log")
print(child.process, flush=True)
{then}
"""


@needs_proc
@pytest.mark.parametrize("then", ["input()", "sys.exit(3)", "raise RuntimeError", "os.kill(os.getpid(), 9)"])
def test_a_process_ends_with_its_parent_however_that_ends(tmp_path: Path, then: str) -> None:
    command = [sys.executable, "-c", PARENT.format(then=then), str(tmp_path), ECHO]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        process = int(parent.stdout.readline())
        if then == "input()":
            assert is_running(process)
            parent.kill()
    until(lambda: not is_running(process))


@needs_proc
def test_a_stubborn_process_is_ended_when_its_parent_exits(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT.format(then="sys.exit()"), str(tmp_path), STUBBORN]
    process = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert not is_running(process)


def test_a_fork_of_the_parent_does_not_end_the_child(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    child = nursery.start(ECHO)
    with monkeypatch.context() as other:
        other.setattr(child_module.os, "getpid", lambda: 1)
        child._close_at_exit()
    child.write("still here")
    assert lines_of(child, 1) == ["heard still here"]


# The log.


def test_errors_go_to_the_log_under_a_headline(nursery: Nursery) -> None:
    child = nursery.start("import sys\nfor i in range(9): print('line', i, file=sys.stderr)\nsys.exit(4)")
    assert all_of(child) == []
    assert child.ending() == "ended with code 4"
    assert child.last_words() == "line 6 / line 7 / line 8"
    assert child.log.read_text(encoding="utf-8").startswith("--- 2")


def test_the_last_words_are_those_of_this_process(nursery: Nursery) -> None:
    all_of(first := nursery.start("import sys; print('old', file=sys.stderr)"))
    first.close()
    all_of(second := nursery.start("pass"))
    assert second.log == first.log
    assert "old" in second.log.read_text(encoding="utf-8")
    assert second.last_words() == ""


def test_endless_last_words_are_cut(nursery: Nursery) -> None:
    child = nursery.start("import sys; print('x' * 100_000, file=sys.stderr)")
    all_of(child)
    assert 0 < len(child.last_words()) <= 200


def test_a_big_log_is_put_aside_at_the_start(tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    log.write_bytes(b"old\n" * 500_000)
    started = ChildLog(log, ["new"])
    assert started.previous.read_bytes().startswith(b"old\n")
    assert log.stat().st_size < 1000
    started.close()


def test_a_log_that_grows_too_big_keeps_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_log, "_MOST_BYTES", 4000)
    monkeypatch.setattr(child_log, "_KEPT_BYTES", 1000)
    log = ChildLog(tmp_path / "worker.log", ["test"])
    log.stream.write(b"x" * 3000)
    log.trim()
    assert not log.previous.exists()
    log.stream.write(b"y" * 1500)
    log.trim()
    assert log.previous.read_bytes() == b"y" * 1000
    log.stream.write(b"after\n")
    assert log.path.read_bytes() == b"after\n"
    assert log.last_words() == "after"
    log.close()


def test_two_blenders_have_a_log_each(tmp_path: Path) -> None:
    first, second = (ChildLog(tmp_path / "worker.log", ["test"]) for _ in range(2))
    assert [first.path.name, second.path.name] == ["worker.log", "worker-2.log"]
    first.close()
    third = ChildLog(tmp_path / "worker.log", ["test"])
    assert third.path.name == "worker.log"
    second.close()
    third.close()


def test_a_log_deleted_while_in_use_is_no_trouble(nursery: Nursery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module, "_TRIM_SECONDS", 0.0)
    child = nursery.start(ECHO)
    child.log.unlink()
    child.write("one")
    assert lines_of(child, 1) == ["heard one"]
    assert child.last_words() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="descriptor flags")
def test_our_ends_never_block(nursery: Nursery) -> None:
    import fcntl

    child = nursery.start(ECHO)
    for stream in (child._popen.stdin, child._popen.stdout):
        assert fcntl.fcntl(stream.fileno(), fcntl.F_GETFL) & os.O_NONBLOCK
    assert child_pipes.receive(child._popen.stdout.fileno(), 10) is None
