"""Atomic writes, the journal of finished files, and the lock."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from lineboil.addon.engine import cache
from lineboil.addon.engine.errors import BusyError, InputError
from lineboil.addon.engine.image import files
from lineboil.addon.engine.journal import Journal
from lineboil.addon.engine.lock import ShotLock


def picture(value: int = 7) -> bytes:
    return files.encode_png(np.full((9, 11, 3), value, np.uint8))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state" / "matte.journal", tmp_path)


def test_a_failed_write_leaves_the_old_file_and_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    cache.write_atomic(path, b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="the disk is full"):
        cache.write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_atomic_path_replaces_only_on_success(tmp_path: Path) -> None:
    path = tmp_path / "movie.mp4"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), cache.atomic_path(path) as part:
        part.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    with cache.atomic_path(path) as part:
        assert part.suffix == ".mp4"
        part.write_bytes(b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_identity_is_of_content_not_of_date(tmp_path: Path) -> None:
    path = tmp_path / "clip.bin"
    path.write_bytes(b"abc")
    before = cache.file_identity(path)
    os.utime(path, (1, 1))
    assert cache.file_identity(path) == before
    path.write_bytes(b"abd")
    assert cache.file_identity(path) != before
    assert cache.file_identity(tmp_path / "none") == "missing"


def test_whole_and_torn_pictures(tmp_path: Path) -> None:
    path = tmp_path / "000001.png"
    path.write_bytes(picture())
    assert cache.is_whole(path)
    data = bytearray(picture())
    path.write_bytes(data[:-20])
    assert not cache.is_whole(path)
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert not cache.is_whole(path)


def test_conditions_of_a_file(journal: Journal, tmp_path: Path) -> None:
    name = "matte/000001.png"
    assert journal.condition(name) == "missing"
    journal.write(name, picture())
    path = tmp_path / name
    assert journal.condition(name) == "finished"
    assert Journal(journal.path, tmp_path).condition(name) == "finished"
    os.utime(path, (5, 5))
    assert Journal(journal.path, tmp_path).condition(name) == "finished"
    path.write_bytes(picture(9))
    assert Journal(journal.path, tmp_path).condition(name) == "edited"
    assert Journal(journal.path, tmp_path).edited() == [name]
    path.write_bytes(picture()[:-7])
    assert Journal(journal.path, tmp_path).condition(name) == "damaged"
    path.unlink()
    assert Journal(journal.path, tmp_path).condition(name) == "missing"
    (tmp_path / "matte" / "000002.png").write_bytes(picture())
    assert journal.condition("matte/000002.png") == "foreign"


def test_a_line_torn_by_a_kill_swallows_nothing(journal: Journal, tmp_path: Path) -> None:
    journal.write("matte/000001.png", picture(1))
    with journal.path.open("ab") as stream:
        stream.write(b"matte/000002.png 12")
    again = Journal(journal.path, tmp_path)
    again.write("matte/000003.png", picture(3))
    last = Journal(journal.path, tmp_path)
    assert sorted(last.entries) == ["matte/000001.png", "matte/000003.png"]
    assert last.condition("matte/000003.png") == "finished"


def test_a_kill_between_line_and_rename_makes_the_file_again(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            journal.write("matte/000001.png", picture())
    assert Journal(journal.path, tmp_path).condition("matte/000001.png") == "missing"


def test_read_only_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refused)
    with pytest.raises(InputError, match="no permission to write here"):
        cache.write_atomic(tmp_path / "b" / "a.txt", b"x")


def test_a_file_that_may_not_be_read_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"x")
    refusal = PermissionError(errno.EACCES, "Permission denied")
    assert "no permission to write here" in str(cache.disk_error(refusal, clip))
    # Root may read everything, whatever the file says.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != clip)
    assert "no permission to read this file" in str(cache.disk_error(refusal, clip))


HOLD = """
import sys, time
from pathlib import Path
from lineboil.addon.engine.lock import ShotLock
with ShotLock(Path(sys.argv[1]), "render"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lock_names_its_holder_and_a_dead_one_does_not_keep_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "lock"
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout and child.stdout.readline().strip() == "held"
    with pytest.raises(BusyError, match=f"process {child.pid} .*render") as caught, ShotLock(path, "run"):
        pass
    assert caught.value.exit_code == 75
    child.kill()
    child.wait()
    time.sleep(0.05)
    with ShotLock(path, "run") as lock:
        assert lock.dead_holder["process"] == child.pid
    with ShotLock(path, "run") as lock:
        assert lock.dead_holder == {}
