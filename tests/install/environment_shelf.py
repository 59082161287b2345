"""Wheels of a few bytes on a shelf, environments made of them, and ways to spoil these."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lineboil.addon import (
    environment_look,
)
from lineboil.addon.engine import messages, own_python
from lineboil.addon.environment import Environment
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


def half_made(environment: Environment) -> None:
    path = environment.folder / own_python.MARKER
    path.write_text(json.dumps(own_python.marker(environment.folder) | {"finished": False}), encoding="utf-8")


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
