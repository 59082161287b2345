"""The environment as a program: finding Pythons and itself, lock files, its verbs, what `lineboil check` says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from environment_shelf import (
    ROOT,
    Shelf,
    Told,
    half_made,
    never,
    silent_index,
)
from lineboil.addon import environment as module
from lineboil.addon import (
    environment_lock,
    environment_make,
    environment_python,
)
from lineboil.addon.engine import diagnosis, errors, messages, own_python
from lineboil.addon.engine.models import registry
from lineboil.addon.environment import Environment, find, main, worker_start

pytest_plugins = ("environment_shelf",)


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LINEBOIL_MODELS", "LINEBOIL_ENVIRONMENT", "LINEBOIL_PYTHON", "LINEBOIL_ONLINE"):
        monkeypatch.delenv(name, raising=False)


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
    assert all((name in here) == (backend != "cpu") for name in ("torch", "diffusers", "transformers"))
    # One that does not match torch to the build breaks the import of diffusers and transformers.
    assert "torchvision" not in here


def test_only_builds_of_an_extra_index_are_asked_there() -> None:
    rocm = environment_lock.read_lock("rocm", (3, 11)).requirements
    assert {item.name for item in rocm if item.index} == {"torch"}


def test_a_build_for_the_processor_does_not_pass_for_one_for_a_card() -> None:
    assert not environment_lock.is_version("2.13.0+cpu", "2.13.0") and environment_lock.is_version("2.13.0", "2.13.0")
    assert environment_lock.is_version("2.13.0+cpu", "2.13.0+cpu")
    assert environment_lock.is_version("2.13.0+cu130", "2.13.0")


def test_on_linux_the_processors_torch_is_its_own_build(monkeypatch: pytest.MonkeyPatch) -> None:
    for system, version in (("Linux", "2.13.0+cpu"), ("Windows", "2.13.0"), ("Darwin", "2.13.0")):
        monkeypatch.setattr(environment_lock.platform, "system", lambda system=system: system)
        found = {item.name: item for item in environment_lock.read_lock("cpu-torch", (3, 11)).requirements}
        assert found["torch"].version == version
        assert {name for name, item in found.items() if item.index} == ({"torch"} if system == "Linux" else set())
        assert environment_lock.megabytes("torch", version)[0] < 200


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
