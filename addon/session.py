# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes on in this Blender: the worker, the running task, and the last known state of the stages.

One instance a process, `current`. Panels read it, operators start tasks, the pump polls it. No Blender in here.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .engine import pipeline
from .engine.errors import BusyError, EngineError, MissingError
from .engine.messages import Done, Failed, Message, Warned
from .engine.schema.registry import BY_NAME
from .environment import Environment, State
from .session_place import Found, Places, Start
from .session_program import Program
from .session_status import StatusBook
from .session_task import StageView, Task
from .worker import Worker

_IDLE_POLL_SECONDS = 0.02
_ADDON = Path(__file__).resolve().parent


class Session:
    """The worker and everything known of its work.

    Nothing here blocks but `wait`, `start` (for as long as starting a process takes) and `close`.

    Attributes:
        task: What is running.
        last: What ended last, with its error; None from the next start on.
        notice: Something the artist should know that belongs to no task; empty from the next start on.
        longest_pause_seconds: The longest time that something of ours has held Blender's main loop.
        longest_pause_in: What that was.
    """

    def __init__(self) -> None:
        self.task: Task | None = None
        self.last: Task | None = None
        self.notice = ""
        self.longest_pause_seconds = 0.0
        self.longest_pause_in = ""
        self._places = Places()
        self._found: Found | None = None
        self._worker: Worker | None = None
        self._program: Program | None = None
        self._ending: list[Program] = []
        self._book = StatusBook()
        self._questions: dict[int, Path] = {}
        self._was_ready = False
        self._is_retrying = False

    # What is where.

    def configure(
        self, user_folder: Path, blender: str = "", environment_override: str = "", *, start: Start | None = None
    ) -> None:
        """Say where things are (`Places`); called again when preferences change."""
        wanted = Places(user_folder, blender, environment_override, start)
        if wanted != self._places:
            self._places, self._found = wanted, None
            if self.task is None:
                self._stop_worker()

    @property
    def environment(self) -> Environment:
        """The worker's own Python environment."""
        return self._look().environment

    @property
    def environment_state(self) -> State:
        """How the environment stands, looked at again every few seconds."""
        return self._look().state()

    @property
    def is_ready(self) -> bool:
        """Whether a worker could be started."""
        return self._places.given_start is not None or self.environment_state.is_ready

    @property
    def log(self) -> Path:
        """What the worker's libraries print."""
        started = self._worker.log if self._worker else None
        return started or self._places.user_folder / "worker.log"

    @property
    def environment_log(self) -> Path:
        """What making the environment printed."""
        return self._places.user_folder / "environment.log"

    @property
    def is_awaiting(self) -> bool:
        """Whether an answer is expected, so that polling often is worth it."""
        return bool(self.task or self._questions or self._ending)

    @property
    def worker_state(self) -> str:
        """`off`, `starting`, `ready`, `busy` or `failed`."""
        return self._worker.state if self._worker else "off"

    # Work.

    def start(
        self, title: str, command: Sequence[str], shot: Path | None = None, *, planned: Sequence[str] = ()
    ) -> Task:
        """Have the worker do a command line.

        Args:
            title: What the artist asked for.
            command: Its words (`["run", SHOT]`).
            shot: The shot it belongs to.
            planned: Stages it goes through; found out for `run` when not given.

        Raises:
            BusyError: Something else is in work.
            MissingError: There is no environment to work in.
            EngineError: The worker cannot be started.
        """
        self._refuse_when_busy()
        if not self.is_ready:
            state = self.environment_state
            raise MissingError(state.text, remedy=state.remedy)
        request = self._ensure_worker().request(command)
        stages = tuple(planned) or _planned(command)
        self._begin(Task(title, tuple(command), shot, stages, request))
        return self._running()

    def start_environment(self, title: str, words: Sequence[str], *, python: str = "") -> Task:
        """Make, check, repair or remove the environment.

        Args:
            title: What the artist asked for.
            words: Behind `environment` on the command line (`["make", "--backend", "cpu"]`).
            python: What runs it; this process's own Python when empty.

        Raises:
            BusyError: Something else is in work.
            EngineError: The program cannot be started.
        """
        self._refuse_when_busy()
        if words and words[0] not in ("check", "plan"):
            # A running worker would hold files of the environment, and go on with the old ones.
            self._stop_worker()
        command = [python or sys.executable, "-I", str(_ADDON), "environment", *words, "--json"]
        self._program = Program(command, self.environment_log)
        self._begin(Task(title, ("environment", *words)))
        return self._running()

    def start_free(self, title: str) -> Task:
        """Have the worker give back the memory of its models.

        Raises:
            BusyError: Something else is in work.
            MissingError: No worker runs, so no memory is taken.
        """
        self._refuse_when_busy()
        if self._worker is None or self._worker.state == "off":
            raise MissingError("no worker is running, so it takes no memory")
        self._begin(Task(title, ("free",), request=self._worker.free()))
        return self._running()

    def cancel(self) -> None:
        """Ask the running task to stop. What is finished is kept; the task ends by `poll`.

        A worker that does not stop for half a minute is ended.
        """
        task = self.task
        if task is None or task.is_cancelling:
            return
        task.is_cancelling = True
        if self._program is not None:
            self._program.cancel()
        elif self._worker is not None:
            self._worker.cancel(task.request)

    def abandon(self) -> None:
        """End the running task's process now."""
        task = self.task
        if task is None:
            return
        if self._program is not None:
            self._program.close()
        else:
            self._stop_worker()
        self._take(task, _stopped())

    def poll(self, deadline_seconds: float = 0.01) -> bool:
        """Take in what arrived; True when something to show changed. Takes little longer than the deadline."""
        changed = self._poll_program(deadline_seconds) if self._program else False
        if self._worker is not None:
            self._was_ready |= self._worker.hello is not None
            for request, message in self._worker.poll(deadline_seconds):
                changed |= self._route(request, message)
        self._ending = [program for program in self._ending if not program.is_gone()]
        self._ask_status()
        return changed

    def wait(self, task: Task, on_change: Callable[[Task], None] | None = None) -> Task:
        """Poll until a task is over; Ctrl-C asks it to stop.

        Args:
            task: One that `start` gave.
            on_change: Told whenever there is something new to show.
        """
        while not task.is_over:
            try:
                if self.poll(0.05) and on_change is not None:
                    on_change(task)
                if task is not self.task and not task.is_over:
                    raise BusyError("this task was replaced by another")
                time.sleep(0 if task.is_over else _IDLE_POLL_SECONDS)
            except KeyboardInterrupt:
                self.cancel()
        return task

    # Stages.

    def stages(self, shot: Path) -> dict[str, StageView]:
        """Every stage of a shot as last known, in the order of the work. Never blocks."""
        views = self._book.views(shot)
        task = self.task or self.last
        if task is None or task.shot != shot or task.stage not in views:
            return views
        view = views[task.stage]
        if not task.is_over:
            standing, finished, total = "running", view.finished, view.total
            if task.unit == "frames" and task.total:
                finished, total = task.done, task.total
            views[task.stage] = StageView(standing, finished, total, task.what, view.facts)
        elif task.error is not None and not task.is_cancelled:
            views[task.stage] = StageView(
                "failed", view.finished, view.total, task.error.what, view.facts, task.error
            )
        return views

    def status_error(self, shot: Path) -> Failed | None:
        """Why the stages of a shot could not be looked at, when they could not."""
        return self._book.error(shot)

    def want_status(self, shot: Path) -> None:
        """Somebody looks at this shot: its stages are asked for soon, and again when its files change."""
        self._book.wish(shot)

    def renew(self, shot: Path) -> None:
        """The state of this shot is asked for again, also when the worker failed the last time."""
        self._is_retrying = True
        self._book.wish(shot)
        self._book.renew(shot)

    def forget(self, shot: Path | None = None) -> None:
        """Drop what is known of a shot, or of all, with the error of the last task."""
        self._book.forget(shot)
        if shot is None or (self.last and self.last.shot == shot):
            self.last = None

    # Time.

    @contextmanager
    def timed(self, name: str) -> Generator[None]:
        """Measure how long something of ours holds Blender's main loop."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.held(name, time.perf_counter() - started)

    def held(self, name: str, seconds: float) -> None:
        """Something of ours held Blender's main loop for this long."""
        if seconds > self.longest_pause_seconds:
            self.longest_pause_seconds, self.longest_pause_in = seconds, name

    def close(self) -> None:
        """End every process; a running task is told as stopped. Blocks up to two seconds."""
        if self.task is not None:
            self.abandon()
        self._questions = {}
        if self._worker is not None:
            self._worker.close()
        for program in self._ending:
            program.close()
        self._ending = []
        self.forget()

    # Inside.

    def _refuse_when_busy(self) -> None:
        if self.task is not None:
            raise BusyError(f"{self.task.title} is still running", remedy="Wait for it, or stop it first.")

    def _begin(self, task: Task) -> None:
        self.task, self.last, self.notice = task, None, ""

    def _running(self) -> Task:
        if self.task is None:
            raise EngineError("the task has ended already")
        return self.task

    def _look(self) -> Found:
        if self._found is None:
            self._found = Found(self._places)
        return self._found

    def _ensure_worker(self) -> Worker:
        if self._worker is None:
            self._worker = Worker(self._worker_start)
        return self._worker

    def _worker_start(self) -> tuple[list[str], Path, dict[str, str]]:
        return self._places.start(self.environment)

    def _stop_worker(self) -> None:
        self._questions = {}
        if self._worker is not None:
            self._worker.kill()

    def _route(self, request: int, message: Message) -> bool:
        shot = self._questions.get(request)
        if shot is not None:
            if isinstance(message, Done | Failed):
                del self._questions[request]
            return self._book.answer(shot, message)
        if request and self.task is not None and self.task.request == request:
            return self._take(self.task, message)
        if request == 0 and isinstance(message, Warned):
            self.notice = message.text
            return True
        return False

    def _take(self, task: Task, message: Message) -> bool:
        if not task.apply(message):
            return False
        self._book.follow(task, message)
        if task.is_over:
            self.task, self.last = None, task
            # A worker that crashed at its work is started again to look at what it left; one that cannot start is not.
            self._is_retrying, self._was_ready = self._was_ready, False
            if task.shot is not None:
                self._book.renew(task.shot)
            if self._program is not None:
                self._end_program()
        return True

    def _poll_program(self, deadline_seconds: float) -> bool:
        changed = False
        program, task = self._program, self.task
        if program is not None and task is not None:
            for message in program.poll(deadline_seconds):
                changed |= self._take(task, message)
        return changed

    def _end_program(self) -> None:
        if self._program is not None:
            self._ending.append(self._program)
        self._program = None
        self._found = None

    def _ask_status(self) -> None:
        if self._questions or self._program is not None:
            return
        if self.worker_state == "failed" and not self._is_retrying:
            return
        shot = self._book.due()
        if shot is None or not self.is_ready:
            return
        self._is_retrying = False
        try:
            request = self._ensure_worker().request(["status", str(shot)])
        except EngineError as error:
            self._book.answer(shot, Failed(error.what, error.where, error.remedy, type(error).__name__))
            return
        self._book.asked(shot)
        self._questions[request] = shot


def _planned(command: Sequence[str]) -> tuple[str, ...]:
    words = list(command)
    try:
        if words[0] == "run":
            stage = words[words.index("--stage") + 1] if "--stage" in words else ""
            until = words[words.index("--until") + 1] if "--until" in words else ""
            return tuple(pipeline.plan(stage, until))
        if words[0] == "preview":
            return tuple(pipeline.plan(words[words.index("--stage") + 1]))
        if words[0] in ("try", "redraw"):
            return tuple(pipeline.plan("diffuse"))
        return tuple(pipeline.plan(words[0])) if words[0] in BY_NAME else ()
    except (EngineError, IndexError):
        # The worker words what is wrong with the command.
        return ()


def _stopped() -> Failed:
    return Failed("Stopped; what is finished is kept", error="Cancelled", exit_code=130)


current = Session()
