"""A worker that does nothing, in every wrong way there is: `python fake_worker.py MODE`.

MODE is how the process behaves; the words of a request say what happens in it. Standard library only, run with -I.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time

PROTOCOL = 1
BEAT_SECONDS = 0.02
SLEEPER = "import time; time.sleep(60)"


class FakeWorker:
    def __init__(self, mode: str) -> None:
        self.mode = mode
        self.busy = 0
        self.heard = 0
        self.waiting: list[dict] = []
        self.asked: queue.Queue[dict | None] = queue.Queue()
        self.lock = threading.Lock()

    def say(self, request: int, kind: str, **fields) -> None:
        self.raw(json.dumps({"kind": kind, "id": request, **fields}).encode() + b"\n")

    def raw(self, data: bytes) -> None:
        with self.lock:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()

    def progress(self, request: int, done: int, total: int = 10) -> None:
        self.say(request, "progress", stage="fake", what="working", done=done, total=total)

    def listen(self) -> None:
        for line in sys.stdin.buffer:
            self.heard += 1
            self.asked.put(json.loads(line))
        if self.mode != "immortal":
            os._exit(0)

    def beat(self) -> None:
        while True:
            self.say(0, "heartbeat", busy=self.busy, memory_bytes=1 << 20)
            time.sleep(BEAT_SECONDS)

    def main(self) -> None:
        before = getattr(self, "mode_" + self.mode.replace("-", "_"), None)
        if before:
            before()
        self.say(0, "hello", protocol=PROTOCOL, version="fake", process=os.getpid(), python=sys.version.split()[0])
        if self.mode == "exits":
            return
        if self.mode != "mute":
            threading.Thread(target=self.beat, daemon=True).start()
        if self.mode in ("not-reading", "mute"):
            time.sleep(60)
        threading.Thread(target=self.listen, daemon=True).start()
        while True:
            self.answer(self.asked.get())

    # How the process behaves.

    def mode_dies(self) -> None:
        sys.stderr.write("no module named engine\n")
        sys.stderr.flush()
        os._exit(3)

    def mode_silent(self) -> None:
        time.sleep(60)

    def mode_protocol_999(self) -> None:
        self.say(0, "hello", protocol=999)
        time.sleep(60)

    def mode_nonsense(self) -> None:
        while True:
            self.raw(b"Traceback of something\n" * 100)

    def mode_endless_line(self) -> None:
        while True:
            self.raw(b"x" * 65536)

    def mode_immortal(self) -> None:
        if hasattr(signal, "SIGTERM"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)

    # What happens in a request.

    def answer(self, ask: dict) -> None:
        number, kind = ask["id"], ask["kind"]
        if kind == "cancel" and self.mode != "deaf":
            self.cancel(number)
        elif kind == "free":
            self.say(number, "done", result={"freed": ["model"]})
        elif kind == "request" and self.busy and ask["command"][0] != "status":
            self.waiting.append(ask)
        elif kind == "request":
            self.work(number, ask["command"])

    def cancel(self, number: int) -> None:
        self.say(number, "failed", what="Stopped", error="Cancelled", exit_code=130)
        self.waiting = [ask for ask in self.waiting if ask["id"] != number]
        if self.busy == number:
            self.busy = 0
        while self.waiting and not self.busy:
            self.answer(self.waiting.pop(0))

    def work(self, number: int, command: list[str]) -> None:
        verb, *words = command
        is_beside = bool(self.busy)
        self.busy = self.busy or number
        is_done = getattr(self, "do_" + verb.replace("-", "_"), self.do_echo)(number, *words)
        if is_done:
            self.busy = self.busy if is_beside else 0
            self.say(number, "done", result={"command": command, "process": os.getpid(), "heard": self.heard})

    def do_echo(self, number: int, *words: str) -> bool:
        self.progress(number, 1)
        return True

    def do_hang(self, number: int, *words: str) -> bool:
        """Works until it is cancelled: heartbeats go on, what comes behind waits."""
        self.progress(number, 1)
        return False

    def do_fall_silent(self, number: int, *words: str) -> bool:
        self.progress(number, 1)
        self.lock.acquire()
        time.sleep(60)
        return False

    def do_die(self, number: int, *words: str) -> bool:
        self.progress(number, 3)
        sys.stderr.write("first line\nthe card fell off the bus\n")
        sys.stderr.flush()
        os._exit(7)

    def do_die_killed(self, number: int, *words: str) -> bool:
        os.kill(os.getpid(), signal.SIGKILL)
        return False

    def do_die_after(self, number: int, *words: str) -> bool:
        self.say(number, "done", result={})
        os._exit(0)

    def do_flood(self, number: int, count: str) -> bool:
        for index in range(int(count)):
            self.progress(number, index, int(count))
        return True

    def do_flood_errors(self, number: int, megabytes: str) -> bool:
        for _ in range(int(megabytes)):
            sys.stderr.write(("all work and no play" * 5 + "\n") * 10000)
        sys.stderr.write("end of the flood\n")
        sys.stderr.flush()
        return True

    def do_long_line(self, number: int, size: str) -> bool:
        self.progress(number, 1)
        self.raw(b"y" * int(size) + b"\n")
        return True

    def do_garbage(self, number: int, *words: str) -> bool:
        """Everything that is not a message of this request; only the two progress messages are."""
        self.progress(number, 1)
        self.raw(b"a library says hello\n\x00\xff\xfe\x80 binary\n\n\r\n[]\n42\nnull\n" + b"[" * 5000 + b"\n")
        self.raw(b'{"kind": "progress", "id": 1, "sta\n')
        for odd in (999, -1, "1", None, True, 1.5, [1], {}):
            self.raw(json.dumps({"kind": "done", "id": odd, "result": {}}).encode() + b"\n")
        self.raw(b'{"kind": "done"}\n{"id": 1}\n{"kind": ["done"], "id": 1}\n')
        self.say(number, "dance", steps=3)
        self.say(number, "progress", stage="fake", what="no numbers")
        self.say(number, "progress", stage="fake", what="wrong kinds of values", done="many", total=None)
        self.say(number, "done", result="not a table")
        self.say(number, "hello", protocol=999)
        self.say(0, "hello", protocol=999)
        self.progress(number, 2)
        return True

    def do_twice(self, number: int, *words: str) -> bool:
        self.say(number, "done", result={})
        self.say(number, "done", result={})
        self.say(number, "failed", what="after the end")
        return True

    def do_warn(self, number: int, *words: str) -> bool:
        self.say(0, "warning", stage="", text="the disk is nearly full")
        return True

    def do_family(self, number: int, *words: str) -> bool:
        """Starts a process of its own that would outlive it."""
        sleeper = subprocess.Popen([sys.executable, "-I", "-c", SLEEPER], stdin=subprocess.DEVNULL)
        self.say(number, "note", stage="fake", text=str(sleeper.pid))
        return False

    def do_environment(self, number: int, *words: str) -> bool:
        self.say(number, "note", stage="fake", text=json.dumps(dict(os.environ)))
        return True


if __name__ == "__main__":
    FakeWorker(sys.argv[1] if len(sys.argv) > 1 else "well").main()
