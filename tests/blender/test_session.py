"""The session outside Blender, with a worker that pretends to work or does everything wrong."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lineboil.addon.engine.errors import BusyError, MissingError
from lineboil.addon.engine.messages import Done, Failed, Progress, StageDone, StageStarted
from lineboil.addon.session import Session
from lineboil.addon.session_task import Task

SCRIPTED = Path(__file__).with_name("scripted_worker.py")
PATIENCE_SECONDS = 30.0


class Bench:
    """A session with a scripted worker and a shot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shot = folder / "shot"
        self.shot.mkdir()
        (self.shot / "shot.toml").write_text("format = 1\n", encoding="utf-8")
        self.words = ["well"]
        self.starts = 0
        self.session = Session()
        self.session.configure(folder, start=self.start)

    def start(self) -> tuple[list[str], Path, dict[str, str]]:
        self.starts += 1
        return [sys.executable, "-I", str(SCRIPTED), *self.words], self.folder / "worker.log", {}

    def until(self, is_reached: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not is_reached():
            assert time.monotonic() < end, "this never came"
            self.session.poll()
            time.sleep(0.005)

    def run(self) -> Task:
        return self.session.start("Run All", ["run", str(self.shot), "--until", "matte"], self.shot)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.session.close()


def test_a_run_is_followed_to_its_end(bench: Bench) -> None:
    task = bench.run()
    assert task.planned == ("footage", "flow", "pose", "matte")
    seen: list[float] = []
    bench.session.wait(task, lambda shown: seen.append(shown.fraction))
    assert seen == sorted(seen)
    assert task.fraction == 1.0
    assert task.error is None
    assert task.warnings == ["the picture is dark"]
    assert bench.session.task is None
    assert bench.session.last is task
    assert task.sentence().startswith("Run All: done")


def test_a_second_task_has_to_wait(bench: Bench) -> None:
    bench.words = ["well", "run=half"]
    bench.run()
    with pytest.raises(BusyError, match="Run All is still running"):
        bench.run()
    with pytest.raises(BusyError):
        bench.session.start_environment("Check", ["check"])
    with pytest.raises(BusyError):
        bench.session.start_free("Free Memory")


def test_a_stopped_task_says_that_what_is_finished_is_kept(bench: Bench) -> None:
    bench.words = ["well", "run=half"]
    task = bench.run()
    bench.until(lambda: task.stage == "flow" and task.done == 2)
    assert task.label() == "flow  2/4 frames  2.0 s each  4.0 s left"
    assert bench.session.stages(bench.shot)["flow"].standing == "running"
    assert (bench.session.stages(bench.shot)["flow"].finished, task.fraction) == (2, 0.375)
    bench.session.cancel()
    assert task.label() == "Stopping…"
    bench.session.wait(task)
    assert task.is_cancelled
    assert task.sentence() == "Stopped; what is finished is kept."
    assert bench.session.stages(bench.shot)["flow"].standing != "failed"
    bench.words = ["well"]
    assert bench.session.wait(bench.session.start("Run All", ["echo"])).error is None


def test_ctrl_c_while_waiting_asks_the_task_to_stop(bench: Bench) -> None:
    bench.words = ["well", "run=half"]
    task = bench.run()
    pressed: list[Task] = []

    def press(shown: Task) -> None:
        if not pressed:
            pressed.append(shown)
            raise KeyboardInterrupt

    bench.session.wait(task, press)
    assert task.is_cancelled


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ("die", "the card fell off the bus"),
        ("held", "in use by process 7 on desk"),
        ("refused", "Make room."),
    ],
)
def test_an_error_is_told_once_and_the_next_task_goes_on(bench: Bench, behaviour: str, said: str) -> None:
    bench.words = ["well", f"run={behaviour}"]
    task = bench.session.wait(bench.run())
    assert said in task.sentence()
    assert bench.session.last is task
    for _ in range(20):
        assert not bench.session.poll()
    bench.words = ["well"]
    following = bench.session.wait(bench.session.start("Again", ["echo"]))
    assert following.error is None
    assert bench.session.last is following


def test_the_failed_stage_is_shown_until_the_next_start(bench: Bench) -> None:
    task = Task("Run", shot=bench.shot)
    bench.session._begin(task)
    bench.session._take(task, StageStarted("matte", 3, 1))
    bench.session._take(task, Failed("no figure", remedy="Paint a stroke."))
    view = bench.session.stages(bench.shot)["matte"]
    assert (view.standing, view.why, view.error) == ("failed", "no figure", task.error)
    assert bench.session.stages(bench.folder)["matte"].standing == "unknown"
    bench.run()
    assert bench.session.stages(bench.shot)["matte"].standing != "failed"


@pytest.mark.parametrize("mode", ["dies", "exits", "protocol-999", "nonsense"])
def test_a_worker_that_is_of_no_use_is_told_and_not_started_for_ever(bench: Bench, mode: str) -> None:
    bench.words = [mode]
    task = bench.session.wait(bench.session.start("Run All", ["run", str(bench.shot)], bench.shot))
    assert task.error is not None
    assert task.error.remedy
    bench.session.want_status(bench.shot)
    for _ in range(30):
        bench.session.poll()
        time.sleep(0.01)
    # One that was ready once is tried once more, to look at the stages.
    assert bench.starts <= (2 if mode == "exits" else 1)


def test_after_a_crash_the_stages_are_looked_at_again(bench: Bench) -> None:
    bench.words = ["well", "run=die"]
    bench.session.want_status(bench.shot)
    bench.until(lambda: bench.session.stages(bench.shot)["flow"].standing == "missing")
    bench.session.wait(bench.run())
    bench.session.want_status(bench.shot)
    bench.until(lambda: bench.session.worker_state == "ready")
    assert bench.starts == 2


def test_floods_and_garbage_do_no_harm(bench: Bench) -> None:
    for command in (["flood", "30000"], ["garbage"], ["long-line", "2000000"], ["flood-errors", "3"], ["twice"]):
        task = bench.session.wait(bench.session.start("Run", command, bench.shot))
        assert task.error is None, command
        assert len(task.notes) <= 50
        assert task.fraction == 1.0


def test_a_warning_of_the_worker_itself_is_shown(bench: Bench) -> None:
    bench.session.wait(bench.session.start("Run", ["warn"]))
    bench.until(lambda: bench.session.notice == "the disk is nearly full")


def test_states_are_asked_for_when_somebody_looks_and_again_when_files_change(bench: Bench) -> None:
    session = bench.session
    for _ in range(10):
        session.poll()
    assert bench.starts == 0
    assert session.stages(bench.shot)["footage"].standing == "unknown"
    session.want_status(bench.shot)
    bench.until(lambda: session.stages(bench.shot)["footage"].standing == "missing")
    (bench.shot / "state").mkdir()
    (bench.shot / "state" / "footage.json").write_text("{}", encoding="utf-8")
    session.want_status(bench.shot)
    bench.until(lambda: session.stages(bench.shot)["footage"].standing == "done")
    assert session.stages(bench.shot)["render"].standing == "unknown"
    assert list(session.stages(bench.shot))[:2] == ["footage", "flow"]
    session.forget(bench.shot)
    assert session.stages(bench.shot)["footage"].standing == "unknown"


def test_states_are_told_beside_a_running_task(bench: Bench) -> None:
    bench.words = ["well", "run=half"]
    bench.run()
    bench.session.want_status(bench.shot)
    bench.until(lambda: bench.session.stages(bench.shot)["matte"].standing == "missing")
    assert bench.session.task is not None


def test_a_shot_folder_that_goes_is_told_and_looked_at_again_when_it_is_back(bench: Bench) -> None:
    away = bench.folder / "away"
    bench.shot.rename(away)
    bench.session.renew(bench.shot)
    bench.until(lambda: bench.session.status_error(bench.shot))
    assert bench.session.status_error(bench.shot).what == "there is no shot here"
    away.rename(bench.shot)
    bench.session.forget(bench.shot)
    bench.session.want_status(bench.shot)
    bench.until(lambda: bench.session.stages(bench.shot)["footage"].standing == "missing")
    assert bench.session.status_error(bench.shot) is None


def test_closing_ends_the_worker_and_the_task(bench: Bench) -> None:
    bench.words = ["immortal", "run=half"]
    task = bench.run()
    bench.until(lambda: task.stage == "flow")
    bench.session.close()
    assert task.is_cancelled
    assert bench.session.worker_state == "off"
    assert bench.session.task is None


def test_abandoning_ends_only_what_runs(bench: Bench) -> None:
    bench.words = ["deaf", "run=half"]
    task = bench.run()
    bench.until(lambda: task.stage == "flow")
    bench.session.abandon()
    assert task.is_cancelled
    bench.words = ["well"]
    assert bench.session.wait(bench.session.start("Again", ["echo"])).error is None


def test_free_gives_memory_back_and_needs_a_worker(bench: Bench) -> None:
    with pytest.raises(MissingError, match="no worker is running"):
        bench.session.start_free("Free Memory")
    bench.session.wait(bench.session.start("Run", ["echo"]))
    task = bench.session.wait(bench.session.start_free("Free Memory"))
    assert task.result == {"freed": ["model"]}


def test_without_an_environment_nothing_starts_and_the_mend_is_said(tmp_path: Path) -> None:
    session = Session()
    session.configure(tmp_path, environment_override=str(tmp_path / "nothing"))
    assert not session.is_ready
    with pytest.raises(MissingError, match="Make Environment"):
        session.start("Run All", ["run", "shot"])
    session.want_status(tmp_path)
    assert not session.poll()
    assert session.worker_state == "off"


def test_an_environment_that_was_removed_is_noticed(bench: Bench, tmp_path: Path) -> None:
    bench.session.configure(tmp_path, environment_override=str(tmp_path / "nothing"))
    with pytest.raises(MissingError):
        bench.run()
    assert bench.session.task is None


def test_the_environments_program_is_followed(tmp_path: Path) -> None:
    session = Session()
    session.configure(tmp_path, environment_override=str(tmp_path / "environment"))
    folder = str(tmp_path / "e")
    task = session.wait(session.start_environment("Plan", ["plan", "--backend", "cpu", "--folder", folder]))
    assert task.error is None, task.sentence()
    wrong = session.wait(session.start_environment("Remove", ["remove", "--folder", folder]))
    assert wrong.error is not None
    assert not wrong.is_cancelled
    session.close()


def test_an_environments_program_that_ends_without_a_word_is_told(tmp_path: Path) -> None:
    session = Session()
    session.configure(tmp_path)
    task = session.wait(session.start_environment("Make", ["no-such-word"]))
    assert "without a word" in task.sentence()
    assert str(tmp_path / "environment.log") in task.sentence()
    session.close()


def test_a_stopped_environments_program_is_told_as_stopped(tmp_path: Path) -> None:
    session = Session()
    session.configure(tmp_path)
    sleeper = tmp_path / "python"
    sleeper.write_text(
        f"#!{sys.executable}\nimport sys\nsys.stdin.read()\n"
        'print(\'{"kind": "failed", "what": "Stopped", "error": "Cancelled", "exit_code": 130}\', flush=True)\n',
        encoding="utf-8",
    )
    sleeper.chmod(0o755)
    task = session.start_environment("Make", ["make"], python=str(sleeper))
    session.cancel()
    session.wait(task)
    assert task.is_cancelled
    session.close()


def test_fractions_never_go_back_and_end_at_one() -> None:
    task = Task("Run", planned=("footage", "matte"))
    seen = [task.fraction]
    for message in (
        StageStarted("footage", 10, 0),
        Progress("footage", "reading", 9, 10),
        Progress("footage", "looking", 1, 10),
        StageDone("footage", made=10),
        Progress("matte", "cutting", 5, 10),
        Progress("matte", "odd", 12, 10),
    ):
        task.apply(message)
        seen.append(task.fraction)
    assert seen == [0.0, 0.0, 0.45, 0.45, 0.5, 0.75, 0.999]
    task.apply(Done({}))
    assert task.fraction == 1.0
    assert not task.apply(Progress("matte", "late", 1, 10))


def test_bytes_are_shown_as_megabytes() -> None:
    task = Task("Make Environment")
    task.apply(Progress("environment", "fetching numpy", 5_000_000, 20_000_000, "bytes", 1e6, 15.0))
    assert task.label() == "environment  5/20 MB  15 s left"


def test_the_longest_pause_is_kept_with_its_place() -> None:
    session = Session()
    session.held("pump", 0.02)
    session.held("draw", 0.01)
    assert (session.longest_pause_seconds, session.longest_pause_in) == (0.02, "pump")
    with session.timed("tick"):
        time.sleep(0.03)
    assert session.longest_pause_in == "tick"
