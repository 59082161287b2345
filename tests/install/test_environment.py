"""The worker's environment is made, examined, mended and removed for real, from wheels of a few bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from environment_shelf import (
    ROOT,
    Shelf,
    Told,
    fake_python,
    half_made,
    never,
    packages,
    silent_index,
)
from lineboil.addon import (
    environment_lock,
    environment_look,
    environment_meter,
    environment_pip,
    environment_state,
)
from lineboil.addon.engine import errors, own_python
from lineboil.addon.engine.models import registry
from lineboil.addon.environment import Environment, worker_start
from tiny_wheels import write_locks

pytest_plugins = ("environment_shelf",)


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LINEBOIL_MODELS", "LINEBOIL_ENVIRONMENT", "LINEBOIL_PYTHON", "LINEBOIL_ONLINE"):
        monkeypatch.delenv(name, raising=False)


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


def test_a_python_of_somebody_else_that_is_of_no_use(made: Environment) -> None:
    too_old(made)
    (made.folder / own_python.MARKER).unlink()
    state = made.examine()
    assert "Python 3.9, which" in state.text and "choose another environment" in state.remedy and not state.needs


def test_a_file_in_place_of_the_folder(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    state = shelf.environment(tmp_path / "file").examine()
    assert "is a file, not a folder" in state.text and not state.needs


def too_old(environment: Environment) -> None:
    configuration = environment.folder / "pyvenv.cfg"
    text = configuration.read_text(encoding="utf-8").replace("version = 3.", "version = 3.9.")
    configuration.write_text(text, encoding="utf-8")


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
        assert caught.value.remedy == "There are: cpu, cpu-torch, cuda."
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
    carriers = {model.carrier for model in registry.MODELS}
    megabytes = sum(carrier.bytes for carrier in carriers) / 1e6
    assert whole.plan("cpu").download_megabytes == pytest.approx(megabytes, abs=1)


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
