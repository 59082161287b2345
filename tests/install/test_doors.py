"""The same verbs, output and exit codes through every door: `lineboil`, `--python addon`, `--command lineboil`."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from blender_inside import LISTED
from lineboil.addon import doors
from lineboil.addon.engine.blender import Blender, find_blender
from lineboil.addon.engine.errors import BusyError, MissingError
from lineboil.addon.engine.lock import ShotLock
from lineboil.addon.engine.shot import create
from lineboil.addon.environment import Environment

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "addon" / "__main__.py"
DRIVER = Path(__file__).parent / "inside" / "door.py"
SAMPLE = ROOT / "samples" / "performer.mp4"
DOORS = ("script", "command")


@dataclass
class Case:
    """What is asked, and what came of it."""

    words: list
    variables: dict = field(default_factory=dict)
    code: int = -1
    text: str = ""

    def messages(self) -> list:
        return [json.loads(line) for line in self.text.splitlines() if line.startswith("{")]


@dataclass
class Door:
    """One door of one Blender."""

    name: str
    blender: Blender
    user: Path

    def ask(self, cases: Sequence[Case], blend: Path | None = None) -> None:
        """Fill in what became of every case."""
        if self.blender.kind == "module":
            self._ask_module(cases, blend)
            return
        for case in cases:
            done = self._run(self.command(case.words, blend), case.variables)
            case.code, case.text = done.returncode, done.stdout

    def command(self, words: Sequence[str], blend: Path | None = None) -> list[str]:
        """Blender's command line; a driver's where Blender is a module."""
        opened = [str(blend)] if blend else []
        if self.blender.kind == "module":
            return [str(self.blender.path), str(DRIVER), "--", self._given([Case(list(words))], blend)]
        if self.name == "command":
            return [str(self.blender.path), "-b", *opened, "--command", "lineboil", *words]
        switches = ["--factory-startup", "--python-exit-code", "9", "--python", str(MAIN), "--"]
        return [str(self.blender.path), "-b", *opened, *switches, *words]

    def _given(self, cases: Sequence[Case], blend: Path | None) -> str:
        asked = [{"words": case.words, "variables": case.variables} for case in cases]
        return json.dumps({"door": self.name, "blend": str(blend) if blend else None, "cases": asked})

    def _ask_module(self, cases: Sequence[Case], blend: Path | None) -> None:
        done = self._run([str(self.blender.path), str(DRIVER), "--", self._given(cases, blend)], {})
        parts = done.stdout.split("CASE\n")[1:]
        assert len(parts) == len(cases), done.stdout
        for case, part in zip(cases, parts, strict=True):
            case.text, _, code = part.rpartition("CODE ")
            case.code = int(code.split()[0])
        if len(cases) == 1:
            assert done.returncode == cases[0].code

    def variables(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LINEBOIL_", "PYTHON"))}
        return kept | {"BLENDER_USER_RESOURCES": str(self.user), "PYTHONDONTWRITEBYTECODE": "1"}

    def _run(self, command: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess:
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
            encoding="utf-8", errors="replace", env=self.variables() | variables, timeout=300, check=False,
        )


@pytest.fixture(scope="module", params=LISTED or [""], ids=lambda text: text or "usual")
def blender(request: pytest.FixtureRequest) -> Blender:
    return find_blender(request.param)


@pytest.fixture(scope="module", params=DOORS)
def door(request: pytest.FixtureRequest, blender: Blender, tmp_path_factory: pytest.TempPathFactory) -> Door:
    user = tmp_path_factory.mktemp("user")
    place = user / "extensions" / "user_default" / "lineboil"
    place.parent.mkdir(parents=True)
    place.symlink_to(ROOT, target_is_directory=True)
    made = Door(request.param, blender, user)
    if blender.kind == "program" and request.param == "command":
        enable = "import bpy; bpy.ops.preferences.addon_enable(module='bl_ext.user_default.lineboil'); "
        enable += "bpy.ops.wm.save_userpref()"
        done = made._run([str(blender.path), "-b", "--python-exit-code", "1", "--python-expr", enable], {})
        assert done.returncode == 0, done.stdout
    return made


@pytest.fixture(scope="module")
def shot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shots") / "Käse und Brot"
    create(root, {"footage.source": str(SAMPLE), "footage.long_side": 160})
    return root


@dataclass
class Asked:
    """Everything that was asked of a door with no .blend open."""

    door: Door
    cases: dict


@pytest.fixture(scope="module")
def asked(door: Door, shot: Path, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    empty = tmp_path_factory.mktemp("empty")
    without = {"LINEBOIL_ENVIRONMENT": str(empty / "none")}
    cases = {
        "status": Case(["status", str(shot), "--json"]),
        "no shot": Case(["run", "--json"]),
        "unknown": Case(["frobnicate"]),
        "broken": Case(["status", str(empty), "--json"]),
        "busy": Case(["run", str(shot), "--json"]),
        "help": Case(["--help"], without),
        "unknown without": Case(["frobnicate"], without),
        "run without": Case(["run", str(shot), "--json"], without),
        "check without": Case(["check", "--json"], without),
        "environment without": Case(["environment", "check", "--json"], without),
    }
    with ShotLock(shot / "state" / "lock", "run"):
        door.ask(list(cases.values()))
    return Asked(door, cases)


def failed(case: Case) -> dict:
    last = case.messages()[-1]
    assert last["kind"] == "failed", case.text
    return last


def test_done_is_0_and_the_output_is_the_programs_own(asked: Asked, shot: Path) -> None:
    case = asked.cases["status"]
    own = subprocess.run(
        [sys.executable, str(ROOT / "addon"), "status", str(shot), "--json"], capture_output=True, text=True,
        encoding="utf-8", check=True,
    )
    assert case.code == 0, case.text
    assert case.messages() == [json.loads(line) for line in own.stdout.splitlines()]


def test_wrong_use_is_2(asked: Asked) -> None:
    assert [asked.cases[name].code for name in ("no shot", "unknown", "unknown without")] == [2, 2, 2]
    told = failed(asked.cases["no shot"])
    assert "no shot" in told["what"] and "run SHOT" in told["remedy"]
    assert "invalid choice" in asked.cases["unknown"].text


def test_in_use_is_75(asked: Asked) -> None:
    assert asked.cases["busy"].code == 75, asked.cases["busy"].text
    assert failed(asked.cases["busy"])["error"] == "BusyError"


def test_failed_is_1(asked: Asked) -> None:
    assert asked.cases["broken"].code == 1
    assert failed(asked.cases["broken"])["remedy"]


def test_a_missing_environment_is_told_with_this_doors_remedy(asked: Asked) -> None:
    case = asked.cases["run without"]
    assert case.code == 1
    told = failed(case)
    command = "--command lineboil environment make" if asked.door.name == "command" else "-- environment make"
    assert command in told["remedy"] and "Make Environment" in told["remedy"]


def test_what_mends_the_environment_needs_none(asked: Asked) -> None:
    assert asked.cases["help"].code == 0 and "environment" in asked.cases["help"].text
    assert asked.cases["check without"].code == 1
    assert asked.cases["environment without"].code == 1
    assert "environment" in json.dumps(failed(asked.cases["environment without"])).lower()


@pytest.fixture(scope="module")
def blends(blender: Blender, shot: Path) -> dict[str, Path]:
    """Files that belong to the shot: by the scene's word, and by lying in its folder."""
    found = {"beside": shot.parent / "cuts" / "film.blend", "inside": shot / "free.blend"}
    found["beside"].parent.mkdir(exist_ok=True)
    code = (
        "import bpy\n"
        f"bpy.ops.wm.save_as_mainfile(filepath={str(found['inside'])!r})\n"
        f"bpy.context.scene['lineboil_shot'] = '//../{shot.name}'\n"
        f"bpy.ops.wm.save_as_mainfile(filepath={str(found['beside'])!r})\n"
    )
    module = [str(blender.path), "-c", code]
    program = [str(blender.path), "-b", "--factory-startup", "--python-exit-code", "1", "--python-expr", code]
    done = subprocess.run(module if blender.kind == "module" else program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return found


@pytest.mark.parametrize("name", ["beside", "inside"])
def test_the_open_blend_says_the_shot(door: Door, shot: Path, blends: dict[str, Path], name: str) -> None:
    cases = [Case(["set", "footage.end_frame=9", "--json"]), Case(["status", "--json"])]
    door.ask(cases, blends[name])
    assert [case.code for case in cases] == [0, 0], cases[0].text + cases[1].text
    assert cases[0].messages()[-1]["result"], cases[0].text
    assert any(message.get("stage") == "footage" for message in cases[1].messages())


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals for one other process")


def started_run(door: Door, shot: Path) -> subprocess.Popen:
    # Whoever runs the tests in the background makes them deaf to Ctrl-C, and their children with them.
    hearing = (lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) if os.name == "posix" else None
    process = subprocess.Popen(
        door.command(["run", str(shot), "--json"]), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=door.variables(), text=True, start_new_session=True, preexec_fn=hearing,
    )
    for line in process.stdout:
        if '"progress"' in line:
            return process
    raise AssertionError(f"ended with {process.wait()} before anything was told")


@pytest.fixture
def long_shot(tmp_path: Path) -> Path:
    root = tmp_path / "long"
    create(root, {"footage.source": str(SAMPLE), "footage.long_side": 640})
    return root


@posix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_run_in_order(door: Door, long_shot: Path, number: signal.Signals) -> None:
    process = started_run(door, long_shot)
    process.send_signal(number)
    rest = process.communicate(timeout=60)[0]
    assert process.returncode == 130, rest
    assert '"Cancelled"' in rest


@posix_only
def test_a_run_ends_when_its_blender_is_killed(door: Door, long_shot: Path) -> None:
    process = started_run(door, long_shot)
    process.kill()
    process.communicate(timeout=60)
    deadline = time.monotonic() + 30
    while True:
        try:
            with ShotLock(long_shot / "state" / "lock", "look"):
                return
        except BusyError:
            assert time.monotonic() < deadline, "the run goes on without its Blender"
            time.sleep(0.2)


# Too old.


def test_a_blender_that_is_too_old_says_so() -> None:
    code = (
        "import runpy, sys, types\n"
        "bpy = types.ModuleType('bpy')\n"
        "bpy.app = types.SimpleNamespace(version=(4, 1, 1), version_string='4.1.1', background=True)\n"
        "sys.modules['bpy'] = bpy\n"
        f"runpy.run_path({str(MAIN)!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs Blender 4.2 or newer; this one is 4.1.1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_python_that_is_too_old_says_so() -> None:
    ast.parse(MAIN.read_text(encoding="utf-8"), feature_version=(3, 7))
    code = (
        "import runpy, sys\n"
        "sys.version_info = (3, 9, 2)\n"
        f"runpy.run_path({str(MAIN)!r}, run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "needs Python 3.11 or 3.13" in done.stderr and "Traceback" not in done.stderr


# What the words become, without Blender.


@pytest.fixture
def hand(tmp_path: Path, shot: Path) -> doors.Hand:
    return doors.Hand(
        door="blender -b --command lineboil", blender="/b/blender", python=sys.executable,
        environment=Environment(tmp_path / "environment"), shot=shot, blend=tmp_path / "film.blend",
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run"], ["run", "SHOT"]),
        (["run", "--until", "matte", "--json"], ["run", "SHOT", "--until", "matte", "--json"]),
        (["render", "quality=final"], ["render", "SHOT", "quality=final", "--blend", "BLEND"]),
        (["build", "--json"], ["build", "SHOT", "--json", "--blend", "BLEND"]),
        (["build", "--blend", "x.blend"], ["build", "SHOT", "--blend", "x.blend"]),
        (["build", "SHOT"], ["build", "SHOT", "--blend", "BLEND"]),
        (["build", "other"], ["build", "other"]),
        (["set", "matte.engine=chroma"], ["set", "SHOT", "matte.engine=chroma"]),
        (["preview", "--stage", "matte", "--frame", "3"], ["preview", "SHOT", "--stage", "matte", "--frame", "3"]),
        (["run", "--help"], ["run", "--help"]),
        (["run", "--frames"], ["run", "--frames"]),
        (["check"], ["check"]),
        (["new", "x", "--footage", "c.mp4"], ["new", "x", "--footage", "c.mp4"]),
        ([], []),
    ],
)
def test_words_are_completed_by_what_is_open(hand: doors.Hand, words: list, expected: list) -> None:
    names = {"SHOT": str(hand.shot), "BLEND": str(hand.blend)}
    given = [names.get(word, word) for word in words]
    assert doors.completed(given, hand) == [names.get(word, word) for word in expected]


def test_environment_is_asked_of_this_blenders_own(hand: doors.Hand) -> None:
    command, variables = doors.start(["environment", "plan", "--json"], hand)
    assert command[:2] == [sys.executable, "-I"]
    assert command[command.index("--folder") + 1] == str(hand.environment.folder)
    assert "LINEBOIL_ONLINE" not in variables
    command, _ = doors.start(["environment", "plan", "--folder=elsewhere"], hand)
    assert "--folder" not in command
    chosen = doors.Hand(**{**vars(hand), "backend": "cuda"})
    assert doors.start(["environment", "make"], chosen)[0][-2:] == ["--backend", "cuda"]
    assert "--backend" not in doors.start(["environment", "repair"], chosen)[0]


def test_online_access_that_is_off_is_passed_on(hand: doors.Hand) -> None:
    offline = doors.Hand(**{**vars(hand), "is_online": False})
    assert doors.start(["environment", "make"], offline)[1]["LINEBOIL_ONLINE"] == "0"


def test_missing_environment_names_the_command(hand: doors.Hand) -> None:
    with pytest.raises(MissingError) as caught:
        doors.start(["run", "shot"], hand)
    assert "blender -b --command lineboil environment make" in caught.value.remedy
