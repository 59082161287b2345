"""The real worker with a verb of its own, `sheet`, that does what no verb should; the shot's name says what."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path

from lineboil.addon.engine import children, cli, commands
from lineboil.addon.engine.job import Job
from lineboil.addon.engine.models import litert

NOTES = Path(sys.argv[1])


def odd(options, reporter):
    return globals()[options.shot.name](Job(reporter, "odd"))


def divide(job):
    return {"never": 1 / 0}


def half_character(job):
    raise ValueError("\ud800")


def leave(job):
    sys.exit(7)


def memory(job):
    raise MemoryError


def disk(job):
    raise OSError(28, "No space left on device", "/full/disk")


def lacking(job):
    import no_such_library  # noqa: F401


def unsayable(job):
    return {"object": job}


def chatter(job):
    print("a library prints")
    os.write(1, b"from C, too\n")
    subprocess.run([sys.executable, "-c", "print('and a child')"], check=True)
    assert not os.read(0, 1), "a library would read the requests"
    return {}


def work(job):
    for done in range(10**6):
        job.step("working", done, 10**6)
        time.sleep(0.01)


def hang(job, wait=lambda: time.sleep(600)):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], stdin=subprocess.PIPE)
    with children.held(child):
        job.note(str(child.pid))
        wait()


def hang_in_a_library(job):
    """Where Python's own handlers of signals are never called: a lock that its owner waits for."""
    library, lock = ctypes.CDLL(None), ctypes.create_string_buffer(256)
    library.pthread_mutex_lock(lock)
    hang(job, lambda: library.pthread_mutex_lock(lock))


def told_load(path, threads):
    with NOTES.open("a", encoding="utf-8") as stream:
        stream.write(f"{path.name}\n")
    return load(path, threads)


load, litert._load = litert._load, told_load
commands.sheet = odd
sys.exit(cli.main(["serve", "--json"]))
