"""The worker's environment is made, examined, mended and removed for real, from wheels of a few bytes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lineboil.addon import environment as module
from lineboil.addon import (
    environment_lock,
    environment_look,
    environment_make,
    environment_meter,
    environment_pip,
    environment_python,
    environment_state,
)
from lineboil.addon.engine import diagnosis, errors, messages, own_python
from lineboil.addon.engine.models import registry
from lineboil.addon.environment import Environment, find, main, worker_start
from tiny_wheels import write_locks, write_wheel

ROOT = Path(__file__).resolve().parents[2]
FOLDER_NAME = "Ordner mit Käse/environment"


@dataclass
class Shelf:
    """Where the wheels and locks are."""

    wheels: Path
    locks: Path

    def environment(self, folder: Path, **options) -> Environment:
        options = {"with_models": False, "locks": self.locks, "python": sys.executable} | options
        return Environment(folder, pip_arguments=("--no-index", "--find-links", str(self.wheels)), **options)


class Told:
    """A report that keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list = []

    def __call__(self, message) -> None:
        self.messages.append(message)

    def progress(self) -> list:
        return [item for item in self.messages if isinstance(item, messages.Progress)]


def never() -> bool:
    return False


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LINEBOIL_MODELS", "LINEBOIL_ENVIRONMENT", "LINEBOIL_PYTHON", "LINEBOIL_ONLINE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    base = tmp_path_factory.mktemp("shelf")
    for name, version in (("pebble", "1.0"), ("pebble", "2.0"), ("stone", "1.0"), ("heap", "1.0")):
        write_wheel(base / "wheels", name, version)
    write_wheel(base / "wheels", "ncnn", "1.0", "raise ImportError('no such library')\n")
    return Shelf(base / "wheels", write_locks(base / "locks"))


@pytest.fixture(scope="module")
def making(shelf: Shelf, tmp_path_factory: pytest.TempPathFactory) -> tuple[Environment, Told]:
    """One environment made once, not to be changed, and what was told meanwhile."""
    environment = shelf.environment(tmp_path_factory.mktemp("made") / FOLDER_NAME)
    told = Told()
    environment.make("cpu", told, never)
    return environment, told


@pytest.fixture
def made(making: tuple[Environment, Told], shelf: Shelf, tmp_path: Path) -> Environment:
    """A copy of it, free to be damaged."""
    shutil.copytree(making[0].folder, tmp_path / FOLDER_NAME, symlinks=True, copy_function=copy_or_link)
    return shelf.environment(tmp_path / FOLDER_NAME)


def copy_or_link(source: str, target: str) -> None:
    """Nobody damages pip here: its many files need not be copied."""
    if Path("site-packages", "pip").as_posix() in Path(source).as_posix():
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def packages(environment: Environment) -> Path:
    return environment_look.site_packages(environment.folder)


def fake_python(environment: Environment, target: Path) -> None:
    """Put another program in the place of an environment's Python."""
    environment.python.unlink()
    if sys.platform == "win32":
        environment.python.write_bytes(b"")
    else:
        environment.python.symlink_to(target)


# Made


def test_what_is_made_is_ready(making: tuple[Environment, Told]) -> None:
    environment, told = making
    state = environment.examine()
    assert state.is_ready and not state.needs and not state.remedy
    assert state.python == environment.python and state.backend == "cpu"
    answer = subprocess.run(
        [state.python, "-I", "-c", "import pebble, stone; print(pebble.VERSION)"], capture_output=True, text=True
    )
    assert answer.stdout.strip() == "1.0", answer.stderr
    assert environment.check().is_ready
    assert not (environment.folder / "temporary").exists()
    assert "pebble" in (environment.folder / "install.log").read_text(encoding="utf-8")


def test_progress_rises_to_its_end(making: tuple[Environment, Told]) -> None:
    progress = making[1].progress()
    assert [item.done for item in progress] == sorted(item.done for item in progress)
    assert (progress[0].done, progress[-1].done) == (0, 100) and {item.total for item in progress} == {100}
    assert progress[0].what == "package 1 of 2: pebble" and progress[0].unit == "%"


def test_examining_starts_nothing(made: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert made.examine().is_ready
    assert made.plan("cuda").packages == (1, 3)


def test_a_moved_environment_works(made: Environment, making: tuple[Environment, Told]) -> None:
    state = made.check()
    assert state.is_ready
    assert any(str(making[0].folder) in detail and "no harm" in detail for detail in state.details)


# Examined: every way to be broken, with the button that mends it


def test_nothing_there(shelf: Shelf, tmp_path: Path) -> None:
    state = shelf.environment(tmp_path / "nothing").examine()
    assert (state.is_ready, state.needs, state.python) == (False, "make", None)
    assert "not made yet" in state.text and "Make Environment" in state.remedy


def remove_package(environment: Environment) -> None:
    shutil.rmtree(next(packages(environment).glob("pebble-*")))


def cut_off_package(environment: Environment) -> None:
    (next(packages(environment).glob("pebble-*")) / "RECORD").unlink()


def other_version(environment: Environment) -> None:
    next(packages(environment).glob("pebble-*")).rename(packages(environment) / "pebble-0.9.dist-info")


def no_python(environment: Environment) -> None:
    environment.python.unlink()


def base_gone(environment: Environment) -> None:
    configuration = environment.folder / "pyvenv.cfg"
    lines = configuration.read_text(encoding="utf-8").splitlines()
    lines = ["home = " + str(environment.folder / "gone") if line.startswith("home") else line for line in lines]
    configuration.write_text("\n".join(lines), encoding="utf-8")
    fake_python(environment, environment.folder / "gone" / "python3")


def no_configuration(environment: Environment) -> None:
    (environment.folder / "pyvenv.cfg").unlink()


def too_old(environment: Environment) -> None:
    configuration = environment.folder / "pyvenv.cfg"
    text = configuration.read_text(encoding="utf-8").replace("version = 3.", "version = 3.9.")
    configuration.write_text(text, encoding="utf-8")


def half_made(environment: Environment) -> None:
    path = environment.folder / own_python.MARKER
    path.write_text(json.dumps(own_python.marker(environment.folder) | {"finished": False}), encoding="utf-8")


def broken_marker(environment: Environment) -> None:
    (environment.folder / own_python.MARKER).write_bytes(b"\xff{")


@pytest.mark.parametrize(
    ("damage", "words"),
    [(no_python, "its Python is missing"), (no_configuration, "its Python is missing"), (too_old, "Python 3.9, which")],
)
def test_a_python_that_cannot_be_used_is_found(made: Environment, damage, words: str) -> None:
    damage(made)
    state = made.examine()
    assert not state.is_ready and state.needs == "repair" and words in state.text, state
    assert made.plan("cpu").packages == (2, 2)


@pytest.mark.parametrize(
    ("damage", "needs", "words"),
    [
        (remove_package, "repair", "1 package is missing (pebble)"),
        (cut_off_package, "repair", "1 package is missing (pebble)"),
        (other_version, "repair", "1 package is of another version (pebble)"),
        (base_gone, "repair", "is gone from"),
        (half_made, "make", "half made: 2 of 2"),
        (broken_marker, "make", "half made"),
    ],
)
def test_damage_is_found_and_mended(made: Environment, damage, needs: str, words: str) -> None:
    models = made.folder / "models"
    models.mkdir()
    (models / "kept.tflite").write_bytes(b"model")
    damage(made)
    state = made.examine()
    assert not state.is_ready and state.needs == needs and words in state.text, state
    assert ("Make Environment" if needs == "make" else "Repair Environment") in state.remedy
    with pytest.raises(errors.MissingError) as caught:
        worker_start(made, made.folder, "")
    assert caught.value.remedy == state.remedy
    made.repair("cpu", Told(), never)
    assert made.check().is_ready
    assert (models / "kept.tflite").read_bytes() == b"model"


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows the program has no version in its name")
def test_a_python_that_was_upgraded_is_found(made: Environment, tmp_path: Path) -> None:
    newer = tmp_path / "python3.14"
    newer.write_bytes(b"")
    fake_python(made, newer)
    assert "is another version now" in made.examine().text


def test_an_update_of_the_extension_asks_for_a_repair(made: Environment, shelf: Shelf, tmp_path: Path) -> None:
    updated = shelf.environment(made.folder, locks=write_locks(tmp_path / "new locks", pebble="2.0"))
    state = updated.examine()
    assert state.needs == "repair" and state.details == ("pebble 1.0 is another version",)
    plan = updated.plan("cpu")
    assert plan.packages == (1, 2) and plan.download_megabytes == 30
    stone = (packages(made) / "stone" / "__init__.py").stat().st_mtime_ns
    updated.repair("", Told(), never)
    assert updated.check().is_ready
    assert (packages(made) / "stone" / "__init__.py").stat().st_mtime_ns == stone


def test_a_file_of_a_package_is_damaged(made: Environment) -> None:
    (packages(made) / "stone" / "__init__.py").write_text("VERSION = 'something else'\n", encoding="utf-8")
    assert made.examine().is_ready
    state = made.check()
    assert not state.is_ready and state.needs == "repair" and "stone has a damaged file" in state.text
    made.repair("", Told(), never)
    assert made.check().is_ready


def test_what_a_killed_pip_leaves_is_cleared(made: Environment) -> None:
    (packages(made) / "~ebble").mkdir()
    cut_off_package(made)
    made.make("cpu", Told(), never)
    assert made.check().is_ready and not (packages(made) / "~ebble").exists()


def test_a_package_that_cannot_be_imported(made: Environment, tmp_path: Path) -> None:
    locks = write_locks(tmp_path / "locks")
    (locks / "cpu.txt").write_text("ncnn==1.0\n", encoding="utf-8")
    made.locks = locks
    with pytest.raises(errors.EngineError, match="ncnn cannot be imported"):
        made.make("cpu", Told(), never)
    assert not made.examine().is_ready


# Folders that are not ours


def test_a_folder_with_other_things_is_left_alone(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "novel.txt").write_text("chapter one", encoding="utf-8")
    environment = shelf.environment(tmp_path)
    state = environment.examine()
    assert not state.is_ready and state.needs == "" and "did not make" in state.text
    for change in (lambda: environment.make("cpu", Told(), never), environment.remove):
        with pytest.raises(errors.MissingError):
            change()
    assert [path.name for path in tmp_path.iterdir()] == ["novel.txt"]


def test_a_file_in_its_place(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "environment").write_text("not a folder", encoding="utf-8")
    environment = shelf.environment(tmp_path / "environment")
    assert not environment.examine().is_ready
    with pytest.raises(errors.EngineError):
        environment.make("cpu", Told(), never)
    assert (tmp_path / "environment").read_text(encoding="utf-8") == "not a folder"


def test_an_environment_of_somebody_else_is_used_but_never_changed(made: Environment) -> None:
    (made.folder / own_python.MARKER).unlink()
    state = made.examine()
    assert state.is_ready and "an environment of yours" in state.text
    other_version(made)
    assert made.examine().is_ready
    remove_package(made)
    state = made.examine()
    assert not state.is_ready and state.needs == "" and "by hand" not in state.text
    for change in (lambda: made.repair("cpu", Told(), never), made.remove):
        with pytest.raises(errors.MissingError):
            change()
    assert made.python.exists()


def test_the_checkout_is_mended_by_make_env() -> None:
    environment = Environment(ROOT / ".venv")
    assert environment.examine().is_ready and environment.models == ROOT / ".models"
    with pytest.raises(errors.MissingError) as caught:
        environment.make("cpu", Told(), never)
    assert caught.value.remedy == own_python.REMEDY_CHECKOUT
    with pytest.raises(errors.MissingError):
        environment.remove()


def test_a_checkout_without_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environment_look, "ROOT", tmp_path)
    monkeypatch.setattr(environment_state, "ROOT", tmp_path)
    state = Environment(tmp_path / ".venv").examine()
    assert not state.is_ready and state.needs == "" and state.remedy == own_python.REMEDY_CHECKOUT


# Stopped, gone on, two at once


def test_stopped_after_a_package_it_goes_on_there(made: Environment) -> None:
    environment = made
    for path in [*packages(made).glob("pebble*"), *packages(made).glob("stone*")]:
        shutil.rmtree(path)
    told = Told()
    with pytest.raises(errors.Cancelled):
        environment.make("cpu", told, lambda: any(item.done for item in told.progress()))
    state = environment.examine()
    assert state.needs == "make" and "half made: 1 of 2" in state.text
    assert environment.plan("cpu").packages == (1, 2)
    first = (packages(environment) / "pebble" / "__init__.py").stat().st_mtime_ns
    told = Told()
    environment.make("cpu", told, never)
    assert environment.check().is_ready
    assert (packages(environment) / "pebble" / "__init__.py").stat().st_mtime_ns == first
    assert {item.what for item in told.progress()} == {"package 1 of 1: stone"}


@contextlib.contextmanager
def silent_index() -> Iterator[tuple[str, threading.Event, threading.Event]]:
    """A package index that accepts a connection and never answers; events: connected, and connection gone."""
    connected, gone = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                connected.set()
                with connection, contextlib.suppress(OSError):
                    while connection.recv(4096):
                        continue
                gone.set()

        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/simple", connected, gone


def test_stopped_while_it_fetches_pip_is_killed(made: Environment) -> None:
    remove_package(made)
    with silent_index() as (address, connected, gone):
        made.pip_arguments = ("--index-url", address, "--no-cache-dir")
        with pytest.raises(errors.Cancelled):
            made.make("cpu", Told(), connected.is_set)
        assert gone.wait(10)
    assert made.examine().needs == "make"


def test_two_at_once(made: Environment) -> None:
    half_made(made)
    with environment_look.lock_on(made.folder, "make the environment"):
        state = made.examine()
        assert "being made now" in state.text and f"process {os.getpid()}" in state.text and state.needs == ""
        for change in (lambda: made.make("cpu", Told(), never), made.remove):
            with pytest.raises(errors.BusyError):
                change()
    assert made.examine().needs == "make"


def test_a_worker_in_it_is_not_disturbed(made: Environment) -> None:
    code = (
        "import sys, pathlib\nfrom lineboil.addon.engine import own_python\n"
        "with own_python.in_use('worker', pathlib.Path(sys.argv[1])):\n print('ready', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(made.folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout and worker.stdout.readline() == "ready\n"
        for change in (lambda: made.repair("cpu", Told(), never), made.remove):
            with pytest.raises(errors.BusyError, match=str(worker.pid)):
                change()
        worker.kill()
    assert made.examine().is_ready
    made.remove()
    assert not made.folder.exists()


# Removed


def test_removing_takes_only_what_was_made(made: Environment) -> None:
    (made.folder / "novel.txt").write_text("chapter one", encoding="utf-8")
    (made.folder / "models").mkdir()
    made.remove()
    assert [path.name for path in made.folder.iterdir()] == ["novel.txt"]
    with pytest.raises(errors.MissingError):
        made.remove()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_removing_does_not_follow_links(made: Environment, tmp_path: Path) -> None:
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "gold").write_text("gold", encoding="utf-8")
    (made.folder / "models").symlink_to(treasure)
    made.remove()
    assert (treasure / "gold").exists() and not made.folder.exists()


# Backends


def test_another_backend_brings_and_takes_its_packages(made: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment_lock, "available_backends", lambda: list(environment_lock.BACKENDS.values()))
    made.make("cuda", Told(), never)
    assert made.backend == "cuda" and made.check().is_ready
    assert (packages(made) / "heap").is_dir()
    made.make("cpu", Told(), never)
    assert made.backend == "cpu" and made.check().is_ready
    assert not (packages(made) / "heap").exists() and (packages(made) / "pebble").is_dir()


def test_a_backend_that_does_not_exist_here(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = shelf.environment(tmp_path / "environment")
    monkeypatch.setattr(environment_lock.platform, "system", lambda: "Windows")
    for name in ("mps", "rocm", "abacus"):
        with pytest.raises(errors.SettingError) as caught:
            environment.make(name, Told(), never)
        assert caught.value.remedy == "There are: cpu, cuda."
    assert not environment.folder.exists()


def test_the_suggestion_follows_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment_lock.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(environment_lock.sys, "platform", "linux")
    assert environment_lock.suggested_backend() == "cuda"
    monkeypatch.setattr(environment_lock.sys, "platform", "darwin")
    monkeypatch.setattr(environment_lock.platform, "machine", lambda: "arm64")
    assert environment_lock.suggested_backend() == "mps"


def test_machines_without_packages_are_told(monkeypatch: pytest.MonkeyPatch, shelf: Shelf, tmp_path: Path) -> None:
    monkeypatch.setattr(environment_lock.sys, "platform", "darwin")
    monkeypatch.setattr(environment_lock.platform, "machine", lambda: "x86_64")
    problem = shelf.environment(tmp_path / "environment").plan("cpu").problem
    assert problem is not None and "Intel" in problem.what


# Before anything is changed: network, room, rights


def test_offline_says_which_preference(shelf: Shelf, tmp_path: Path) -> None:
    environment = Environment(tmp_path / "environment", locks=shelf.locks, with_models=False, allow_online=False)
    with pytest.raises(errors.MissingError) as caught:
        environment.make("cpu", Told(), never)
    assert "40 MB" in caught.value.what and "Allow Online Access" in caught.value.remedy
    assert not environment.folder.exists()


def test_offline_repairs_what_needs_no_network(made: Environment) -> None:
    half_made(made)
    offline = Environment(made.folder, locks=made.locks, with_models=False, allow_online=False)
    offline.make("cpu", Told(), never)
    assert offline.examine().is_ready


def test_a_full_disk_is_told_before(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=90_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    environment = shelf.environment(tmp_path / "environment")
    with pytest.raises(errors.InputError, match="about 100 MB are needed, 90 MB are free"):
        environment.make("cpu", Told(), never)
    assert not environment.folder.exists()


def test_no_right_to_write(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment_look.os, "access", lambda path, mode: False)
    environment = shelf.environment(tmp_path / "deep" / "environment")
    with pytest.raises(errors.InputError, match="no permission"):
        environment.make("cpu", Told(), never)
    assert environment.plan("cpu").problem is not None


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ("OSError: [Errno 28] No space left on device", errors.InputError, "the disk is full"),
        ("ERROR: Could not install: [Errno 13] Permission denied: 'x'", errors.InputError, "no permission"),
        ("ERROR: Failed to establish a new connection: [Errno -2]", errors.MissingError, "no connection"),
        ("ERROR: No matching distribution found for pebble==1", errors.MissingError, "does not have it"),
        ("ERROR: something new.", errors.MissingError, "(something new)"),
    ],
)
def test_what_pip_says_in_plain_words(tmp_path: Path, line: str, kind: type, words: str) -> None:
    error = environment_pip.pip_error("pebble 1.0", ["Collecting pebble", line], tmp_path / "install.log")
    assert type(error) is kind and words in error.what and error.remedy


def test_the_bytes_pip_tells_are_progress() -> None:
    told = Told()
    meter = environment_meter.Meter(told)
    meter._INTERVAL_SECONDS = 0.0
    meter.sizes, meter.counts = {"pebble": 63.0, "stone": 37.0}, (0, 2)
    meter.start("pebble")
    for line in ("Collecting pebble", "Progress 500 of 1000", "Progress 1000 of 1000", "Progress 7 of 0"):
        meter.line(line)
    meter.finish("pebble")
    assert [item.done for item in told.progress()] == [0, 30, 60, 63]


def test_a_package_that_is_nowhere(made: Environment, tmp_path: Path) -> None:
    remove_package(made)
    made.pip_arguments = ("--no-index",)
    with pytest.raises(errors.MissingError, match=r"pebble 1\.0 could not be installed"):
        made.make("cpu", Told(), never)
    assert made.examine().needs == "make"


# Models


def test_missing_models_ask_for_a_repair(made: Environment, shelf: Shelf) -> None:
    whole = shelf.environment(made.folder, with_models=True)
    state = whole.examine()
    assert state.needs == "repair" and f"lacks {len(registry.MODELS)} models" in state.text
    assert whole.models == made.folder / "models"
    assert whole.plan("cpu").download_megabytes == 78


def test_models_that_are_there_are_kept_and_their_content_is_checked(made: Environment, shelf: Shelf) -> None:
    whole = shelf.environment(made.folder, with_models=True, allow_online=False)
    shutil.copytree(ROOT / ".models", whole.models)
    whole.make("cpu", Told(), never)
    assert whole.check().is_ready
    model = whole.models / registry.MODELS[0].file_name
    data = bytearray(model.read_bytes())
    data[len(data) // 2] ^= 1
    model.write_bytes(data)
    assert whole.examine().is_ready
    state = whole.check()
    assert state.needs == "repair" and f"{model.name} is damaged" in state.text
    with pytest.raises(errors.MissingError, match="online access is off"):
        whole.repair("", Told(), never)


def test_a_worker_of_a_made_environment_has_its_models(made: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(made.folder))
    assert registry.models_folder() == made.folder / "models"
    monkeypatch.setenv("LINEBOIL_MODELS", "/elsewhere")
    assert registry.models_folder() == made.models == Path("/elsewhere")


# Finding Pythons


def answers(monkeypatch: pytest.MonkeyPatch, table: dict[str, dict]) -> None:
    """Pretend that these commands are Pythons."""
    facts = {"wide": True, "venv": True, "ensurepip": True}

    def answer(command: list[str]) -> str:
        given = table.get(" ".join(word for word in command if word.startswith(("/", "-3"))))
        return json.dumps(facts | given) if given else ""

    names = {Path(key.split()[0]).name: key.split()[0] for key in table}
    monkeypatch.setattr(environment_python, "_answer", answer)
    monkeypatch.setattr(environment_python.shutil, "which", lambda name: names.get(Path(name).name))


def test_the_first_python_that_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, {
        "/blender/own": {"version": [3, 11, 7], "path": "/blender/own", "ensurepip": False},
        "/bin/python3.11": {"version": [3, 11, 2], "path": "/bin/python3.11", "venv": False},
        "/bin/python3.13": {"version": [3, 13, 1], "path": "/bin/python3.13"},
        "/bin/python3": {"version": [3, 13, 1], "path": "/bin/python3.13"},
    })
    monkeypatch.setattr(sys, "executable", "/blender/own")
    found = list(environment_python.pythons())
    assert [str(python.path.as_posix()) for python in found] == ["/bin/python3.13"]


def test_no_python_says_why_and_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, {
        "/blender/own": {"version": [3, 11, 7], "path": "/blender/own", "ensurepip": False},
        "/bin/python3": {"version": [3, 9, 1], "path": "/bin/python3"},
        "/bin/python": {"version": [3, 11, 1], "path": "/bin/python", "wide": False},
    })
    monkeypatch.setattr(sys, "executable", "/blender/own")
    with pytest.raises(errors.MissingError) as caught:
        list(environment_python.pythons())
    assert "has no ensurepip" in caught.value.what and "is Python 3.9" in caught.value.what
    assert "32-bit" in caught.value.what and "3.11" in caught.value.remedy


def test_a_given_python_is_the_only_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(errors.MissingError, match="is not there"):
        next(environment_python.pythons(str(tmp_path / "python9")))
    monkeypatch.setenv("LINEBOIL_PYTHON", str(tmp_path / "python8"))
    with pytest.raises(errors.MissingError, match="python8"):
        next(environment_python.pythons())
    assert next(environment_python.pythons(sys.executable)).version == sys.version_info[:3]


def test_a_python_that_fails_leaves_the_place_to_the_next(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = environment_python.Python(tmp_path / "gone" / "python3.11", (3, 11, 0))
    monkeypatch.setattr(environment_make, "pythons", lambda given: iter([broken]))
    with pytest.raises(errors.EngineError, match="python3.11"):
        shelf.environment(tmp_path / "environment").make("cpu", Told(), never)


# Lock files


@pytest.mark.parametrize("backend", list(environment_lock.BACKENDS))
@pytest.mark.parametrize("python", environment_lock.SUPPORTED)
def test_the_shipped_locks_are_read_as_pip_reads_them(backend: str, python: tuple[int, int]) -> None:
    from packaging.requirements import Requirement

    here = {"python_version": f"{python[0]}.{python[1]}"}
    wanted = {}
    for line in lock_lines(ROOT / "requirements" / f"{backend}.txt"):
        item = Requirement(line)
        if item.marker is None or item.marker.evaluate(here):
            wanted[environment_lock.normal(item.name)] = str(item.specifier)
    found = environment_lock.read_lock(backend, python).versions()
    assert {name: f"=={version}" for name, version in found.items()} == wanted
    table = environment_lock._sizes(ROOT / "requirements" / "sizes.txt", 0)
    assert set(found) <= {key.split("+")[0] for key in table}


def lock_lines(path: Path) -> list[str]:
    lines = [line.split(" #")[0].strip() for line in path.read_text(encoding="utf-8").splitlines()]
    found = []
    for line in lines:
        if line.startswith("-r "):
            found += lock_lines(path.parent / line[3:])
        elif line and not line.startswith(("#", "-")):
            found.append(line)
    return found


@pytest.mark.parametrize("backend", list(environment_lock.BACKENDS))
def test_every_backend_has_the_program(backend: str) -> None:
    program = {environment_lock.normal(line.split("==")[0]) for line in lock_lines(ROOT / "requirements/program.txt")}
    here = set(environment_lock.read_lock(backend, (3, 11)).versions())
    assert program - here <= {"colorama"}
    assert ("torch" in here) == (backend != "cpu")


def test_only_builds_of_an_extra_index_are_asked_there() -> None:
    rocm = environment_lock.read_lock("rocm", (3, 11)).requirements
    assert {item.name for item in rocm if item.index} == {"torch"}


@pytest.mark.parametrize("text", ["pebble>=1", "pebble==1; planet == 'mars'", "pebble==1; python_version ~= '3'"])
def test_a_damaged_lock_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "cpu.txt").write_text(text + "\n", encoding="utf-8")
    with pytest.raises(errors.EngineError, match="Install Lineboil again"):
        environment_lock.read_lock("cpu", (3, 11), tmp_path)
    state = Environment(tmp_path / "e", locks=tmp_path / "gone").examine()
    assert not state.is_ready


# Finding the environment, starting the worker


def test_where_the_environment_is_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert find(tmp_path).folder == ROOT / ".venv"
    assert find(tmp_path, str(tmp_path / "chosen")).folder == tmp_path / "chosen"
    monkeypatch.setattr(module, "ROOT", tmp_path)
    assert find(tmp_path / "user").folder == tmp_path / "user" / "environment"
    assert find(None).folder == registry.user_data_folder() / "lineboil" / "environment"
    monkeypatch.setenv("LINEBOIL_ENVIRONMENT", str(tmp_path / "named"))
    assert find(tmp_path, str(tmp_path / "chosen")).folder == tmp_path / "named"


def test_a_worker_starts_in_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    command, log, variables = worker_start(Environment(ROOT / ".venv"), tmp_path, "/opt/blender/blender")
    assert log == tmp_path / "worker.log" and "PYTHONPATH" not in variables
    assert variables["LINEBOIL_BLENDER"] == "/opt/blender/blender"
    assert variables["LINEBOIL_MODELS"] == str(ROOT / ".models")
    done = subprocess.run(command, env=variables, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    answer = messages.decode_answer(done.stdout.splitlines()[0])
    assert answer is not None and isinstance(answer[1], messages.Hello), done.stderr


# As a program


def run_main(words: list[str], capsys: pytest.CaptureFixture) -> tuple[int, list]:
    code = main([*words, "--json"])
    return code, [messages.decode(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def signals_as_before() -> Iterator[None]:
    import signal

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals_as_before")
def test_the_verbs_speak_messages(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(tmp_path / "environment")
    code, said = run_main(["plan", "--backend", "cpu", "--folder", folder, "--python", sys.executable], capsys)
    assert code == 0 and said[-1].result["download megabytes"] > 100
    assert "packages" in said[0].text
    code, said = run_main(["check", "--folder", folder], capsys)
    assert code == 1 and isinstance(said[-1], messages.Failed) and "Make Environment" in said[-1].remedy
    code, said = run_main(["make", "--folder", folder, "--offline"], capsys)
    assert code == 1 and "Allow Online Access" in said[-1].remedy
    monkeypatch.setenv("LINEBOIL_ONLINE", "0")
    code, said = run_main(["make", "--folder", folder], capsys)
    assert code == 1 and "Allow Online Access" in said[-1].remedy
    code, said = run_main(["remove", "--folder", folder], capsys)
    assert code == 1 and said[-1].error == "MissingError"
    code, said = run_main(["check", "--folder", str(ROOT / ".venv")], capsys)
    assert code == 0 and said[-1].result["ready"] is True


def test_closing_standard_input_stops_it(tmp_path: Path) -> None:
    """The way Blender stops it, and the way it stops when Blender is killed."""
    folder = tmp_path / "environment"
    with silent_index() as (address, connected, gone):
        variables = module.clean_variables() | {
            "PIP_INDEX_URL": address, "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": "",
        }
        words = ["environment", "make", "--folder", str(folder), "--python", sys.executable, "--json"]
        command = [sys.executable, "-I", str(ROOT / "addon"), *words]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables) as process:
            assert connected.wait(60)
            assert process.stdin and process.stdout
            process.stdin.close()
            said = [messages.decode(line.decode()) for line in process.stdout]
        assert gone.wait(10)
    assert process.returncode == 130
    assert isinstance(said[-1], messages.Failed) and said[-1].error == "Cancelled"
    assert "half made: 0 of" in Environment(folder).examine().text


# What `lineboil check` says


def test_check_tells_about_the_environment(made: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    def environment_finding() -> diagnosis.Finding:
        return next(finding for finding in diagnosis.findings() if finding.name == "environment")

    assert "checkout" in environment_finding().text
    monkeypatch.setattr(sys, "prefix", str(made.folder))
    assert environment_finding().is_good and "made by Lineboil for cpu" in environment_finding().text
    assert own_python.remedy() == own_python.REMEDY_EXTENSION
    half_made(made)
    assert not environment_finding().is_good and "half made" in environment_finding().text
    assert environment_finding().remedy == own_python.REMEDY_EXTENSION
