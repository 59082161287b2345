"""A worker that pretends to make shots: `python -I scripted_worker.py MODE [VERB=BEHAVIOUR ...]`.

Every verb can be given one of the misbehaviours of the fake worker (`run=die`). Standard library only.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

spec = importlib.util.spec_from_file_location(
    "fake_worker", Path(__file__).resolve().parent.parent / "worker" / "fake_worker.py"
)
fake_worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fake_worker)

STAGES = ("footage", "flow", "pose", "matte")


class ScriptedWorker(fake_worker.FakeWorker):
    def __init__(self, mode: str, behaviours: list[str]) -> None:
        super().__init__(mode)
        for text in behaviours:
            verb, _, behaviour = text.partition("=")
            setattr(self, f"do_{verb}", getattr(self, "do_" + behaviour.replace("-", "_")))

    def do_status(self, number: int, shot: str) -> bool:
        if not (Path(shot) / "shot.toml").is_file():
            self.busy = 0 if self.busy == number else self.busy
            self.say(number, "failed", what="there is no shot here", where=shot, error="InputError")
            return False
        made = (Path(shot) / "state" / "footage.json").is_file()
        for stage in STAGES:
            state = "done" if made and stage == "footage" else "missing"
            self.say(number, "status", stage=stage, state=state, finished=4 if state == "done" else 0, total=4, why="")
        return True

    def do_run(self, number: int, shot: str, *words: str) -> bool:
        state = Path(shot) / "state"
        state.mkdir(exist_ok=True)
        for stage in STAGES:
            self.say(number, "stage_started", stage=stage, pending=4, finished=0)
            self.say(number, "progress", stage=stage, what="making it", done=2, total=4, rate=2.0, seconds_left=1.0)
            (state / f"{stage}.json").write_text("{}", encoding="utf-8")
            self.say(number, "stage_done", stage=stage, made=4, seconds=0.1)
        self.say(number, "warning", stage="matte", text="the picture is dark")
        return True

    def do_half(self, number: int, shot: str, *words: str) -> bool:
        """Goes as far as the second stage and works there until it is cancelled."""
        self.say(number, "stage_done", stage="footage", made=4, seconds=0.1)
        self.say(number, "stage_started", stage="flow", pending=3, finished=1)
        self.say(number, "progress", stage="flow", what="making it", done=2, total=4, rate=0.5, seconds_left=4.0)
        return False

    def do_new(self, number: int, shot: str, *words: str) -> bool:
        Path(shot).mkdir(parents=True)
        (Path(shot) / "shot.toml").write_text("format = 1\n", encoding="utf-8")
        self.busy = 0
        self.say(number, "done", result={"shot": shot})
        return False

    def do_held(self, number: int, *words: str) -> bool:
        self.busy = 0
        self.say(
            number, "failed", what="this shot is in use by process 7 on desk (run, since noon)", where=words[0],
            remedy="Wait until it is finished, or stop it, then try again.", error="BusyError", exit_code=75,
        )
        return False

    def do_refused(self, number: int, *words: str) -> bool:
        self.busy = 0
        self.say(number, "failed", what="the disk is full", where=words[0], remedy="Make room.", error="InputError")
        return False

    def do_preview(self, number: int, shot: str, *words: str) -> bool:
        picture = Path(shot) / "state" / "picture.png"
        picture.parent.mkdir(exist_ok=True)
        picture.write_bytes(bytes.fromhex(
            "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0"
            "000003010100c9fe92ef0000000049454e44ae426082"
        ))
        self.busy = 0
        self.say(number, "done", result={"picture": str(picture)})
        return False


if __name__ == "__main__":
    ScriptedWorker(sys.argv[1], sys.argv[2:]).main()
