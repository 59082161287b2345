"""What the build measures, finding Blender, and the life of its process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from lineboil.addon.engine import blender, blender_child
from lineboil.addon.engine.errors import Cancelled, EngineError, InputError, MissingError
from lineboil.addon.engine.stages.build_measure import distance_of, measure_frame, read_depth_facts, summary

FACTS = {"near_metres": 2.0, "far_metres": 8.0, "focal_pixels": 400.0}
SIZE = (640, 480)


def figure(left: int, right: int, top: int, bottom: int) -> tuple[np.ndarray, np.ndarray]:
    matte = np.zeros(SIZE[::-1], np.float32)
    matte[top:bottom, left:right] = 1
    matte[5:9, 5:9] = 1
    disparity = np.full(SIZE[::-1], 0.2, np.float32)
    disparity[bottom - 24 :] = 0.4
    return matte, disparity


def test_a_figure_is_measured_and_specks_are_not() -> None:
    row = measure_frame(*figure(240, 400, 80, 400), FACTS)
    assert row[:4] == pytest.approx([-80 / 400, 80 / 400, -160 / 400, 160 / 400], abs=0.006)
    assert row[4] == pytest.approx(1 / (0.2 * 0.375 + 0.125), rel=1e-3)
    assert row[5] == pytest.approx(1 / (0.4 * 0.375 + 0.125), rel=0.02)
    assert not row[6:].any()


def test_the_ends_of_the_depth_range() -> None:
    assert distance_of(np.array([0.0, 1.0], np.float32), FACTS) == pytest.approx([8.0, 2.0])


def test_frames_without_figure_are_filled_in_and_cut_edges_found() -> None:
    rows = np.array(
        [
            measure_frame(*figure(100, 200, 80, 480), FACTS),
            measure_frame(np.zeros(SIZE[::-1], np.float32), np.zeros(SIZE[::-1], np.float32), FACTS),
            measure_frame(*figure(200, 300, 80, 480), FACTS),
        ]
    )
    found = summary(rows, [1, 2, 3], FACTS, SIZE, 24.0)
    assert found["found"]
    assert found["left"][1] == pytest.approx((found["left"][0] + found["left"][2]) / 2, abs=1e-4)
    assert found["cropped"] == {"bottom": -240 / 400}


def test_an_empty_shot_still_has_a_set() -> None:
    found = summary(np.full((4, 10), np.nan), [1, 2, 3, 4], FACTS, SIZE, 24.0)
    assert not found["found"]
    assert np.isfinite(found["distance"]).all()


@pytest.mark.parametrize("text", ["", "{}", '{"near_metres": 5, "far_metres": 2, "focal_pixels": 300}'])
def test_damaged_depth_facts_are_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "depth.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"depth\.json.*again"):
        read_depth_facts(tmp_path / "depth.json")


def test_a_blender_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such Blender.*make env"):
        blender.find_blender(str(tmp_path / "blender"))


def test_a_python_without_bpy() -> None:
    with pytest.raises(MissingError, match="no bpy module"):
        blender.find_blender(sys.executable)


def test_too_old_a_blender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "blender"
    program.write_text("", encoding="utf-8")
    monkeypatch.setattr(blender, "_answer", lambda command: "Blender 3.6.5\n")
    monkeypatch.setenv(blender.VARIABLE, str(program))
    with pytest.raises(MissingError, match=r"3\.6\.5.*too old.*4\.2"):
        blender.find_blender()


def test_command_lines(tmp_path: Path) -> None:
    job = tmp_path / "job.json"
    program = blender.Blender(tmp_path / "blender", "program", (5, 2, 0)).command(job)
    assert program[1:3] == ["--background", "--factory-startup"]
    assert program[-2:] == ["--", str(job)]
    module = blender.Blender(tmp_path / "python", "module", (5, 0, 1)).command(job)
    assert len(module) == 3


CHILD = """
import json, os, sys, threading, time
job = json.load(open(sys.argv[1]))
threading.Thread(target=lambda: (os.read(0, 1), os._exit(9)), daemon=True).start()
open(job["pid"], "w").write(str(os.getpid()))
def say(**message): print(json.dumps(message), flush=True)
print("a library prints this")
say(kind="progress", stage="build", what="working", done=1, total=2)
if job["act"] == "fail": say(kind="failed", what="no such set", error="InputError")
if job["act"] == "die": print("out of memory", file=sys.stderr, flush=True); os.kill(os.getpid(), 9)
if job["act"] == "wait": time.sleep(60)
say(kind="done", result={"answer": 42})
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> blender.Blender:
    entry = tmp_path / "child.py"
    entry.write_text(CHILD, encoding="utf-8")
    monkeypatch.setattr(blender, "_ENTRY", entry)
    return blender.Blender(Path(sys.executable), "module", (5, 0, 0))


def run(child: blender.Blender, folder: Path, act: str, on_message=lambda message: None) -> dict:
    return blender_child.run_job(child, {"act": act, "pid": str(folder / "pid")}, folder, on_message)


def test_a_job_tells_its_progress_and_result(child: blender.Blender, tmp_path: Path) -> None:
    heard: list = []
    assert run(child, tmp_path, "work", heard.append) == {"answer": 42}
    assert [message.what for message in heard if message] == ["working"]


def test_a_failure_keeps_its_kind(child: blender.Blender, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such set"):
        run(child, tmp_path, "fail")


@pytest.mark.skipif(sys.platform == "win32", reason="no signals there")
def test_a_sudden_death_is_told_with_its_last_words(child: blender.Blender, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"log\.txt.*signal 9.*out of memory.*Run again"):
        run(child, tmp_path, "die")


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return False
    status = Path(f"/proc/{process}/stat")
    return not (status.is_file() and status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z")


@pytest.mark.skipif(sys.platform == "win32", reason="no signals there")
def test_cancelling_ends_the_child(child: blender.Blender, tmp_path: Path) -> None:
    def stop(message) -> None:
        if message is None:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(child, tmp_path, "wait", stop)
    assert not is_alive(int((tmp_path / "pid").read_text(encoding="utf-8")))


@pytest.mark.skipif(sys.platform == "win32", reason="no signals there")
def test_the_child_dies_with_its_parent(child: blender.Blender, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from lineboil.addon.engine import blender, blender_child as c;"
        f"blender._ENTRY = Path({str(tmp_path / 'child.py')!r});"
        f"c.run_job(blender.Blender(Path(sys.executable), 'module', (5, 0, 0)),"
        f"{{'act': 'wait', 'pid': {str(tmp_path / 'pid')!r}}}, Path({str(tmp_path)!r}), lambda message: None)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    wait_for(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text(encoding="utf-8"))
    process = int((tmp_path / "pid").read_text(encoding="utf-8"))
    assert is_alive(process)
    parent.kill()
    parent.wait()
    wait_for(lambda: not is_alive(process))


def wait_for(condition) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in ten seconds")
