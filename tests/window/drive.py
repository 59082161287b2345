"""Drives a real Blender with its window through the whole road, as an artist would, on a screen that nobody sits at.

    python tests/window/drive.py BLENDER ZIP OUT [SCENARIO]

Installs the built extension into a user folder of its own, plays `scenario.main_road`, quits in mid-run, then kills a
second Blender in mid-run; looks that no worker is left either time. Photographs and report.json lie in OUT. Needs
LINEBOIL_ENVIRONMENT (a finished environment) and Xvfb, xwd. `stalls` as the scenario measures how long Blender's main
loop pauses, which wants a machine with nothing else to do.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

from display import HEIGHT, WIDTH, photograph, screen

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "performer.mp4"
_SETTINGS = {"footage.long_side": 480, "footage.end_frame": 24}
_PATIENCE_SECONDS = 600


def main() -> int:
    """Drive; returns 0 when every step did what it should."""
    blender, archive, out = (Path(word).resolve() for word in sys.argv[1:4])
    shutil.rmtree(out, ignore_errors=True)
    (out / "user").mkdir(parents=True)
    install(archive, out / "user")
    scenarios = sys.argv[4:] or ["main_road", "run_until_killed"]
    problems: list[str] = []
    with screen() as display:
        for scenario in scenarios:
            problems += play(blender, out, display, scenario)
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


def install(archive: Path, user: Path) -> None:
    """Put the extension where `install from disk` puts it."""
    folder = user / "extensions" / "user_default" / "lineboil"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(archive) as files:
        files.extractall(folder)


def play(blender: Path, out: Path, display: str, scenario: str) -> list[str]:
    """Play one scenario; what went wrong, as sentences."""
    for name in ("report.json", "photo"):
        (out / name).unlink(missing_ok=True)
    plan = {
        "scenario": scenario, "clip": str(SAMPLE), "shot": str(out / "shot"), "blend": str(out / "film.blend"),
        "settings": _SETTINGS,
    }
    (out / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    log = out / f"{scenario}.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command(blender, out, scenario), env=environment(out, display), stdout=stream, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, start_new_session=True, cwd=ROOT,
        )
        try:
            watch(process, out, display, scenario)
        finally:
            end(process)
    return judge(out, log, scenario)


def command(blender: Path, out: Path, scenario: str) -> list[str]:
    """Blender in its window, on the file of the first scenario when there is one."""
    size = [str(number) for number in (0, 0, WIDTH, HEIGHT)]
    words = [str(blender), "--python-exit-code", "3", "--enable-event-simulate", "--window-geometry", *size]
    if scenario == "run_until_killed":
        words.append(str(out / "film.blend"))
    else:
        words.append("--factory-startup")
    return [*words, "--python", str(Path(__file__).with_name("scenario.py")), "--", str(out)]


def environment(out: Path, display: str) -> dict[str, str]:
    """A user folder of its own."""
    return {
        **os.environ, "DISPLAY": display, "BLENDER_USER_RESOURCES": str(out / "user"), "LIBGL_ALWAYS_SOFTWARE": "1",
        "PYTHONUNBUFFERED": "1",
    }


def watch(process: subprocess.Popen[bytes], out: Path, display: str, scenario: str) -> None:
    """Take the photographs that are asked for, until Blender has ended or is to be killed."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < until:
        request = out / "photo"
        if request.exists():
            photograph(display, out / f"{request.read_text(encoding='utf-8')}.png")
            request.unlink()
        if scenario == "run_until_killed" and (out / "report.json").exists():
            return
        time.sleep(0.1)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of Blender, as the system would: without a word."""
    for child in descendants(process.pid):
        if "blender" in name_of(child):
            os.kill(child, signal.SIGKILL)
    process.kill()
    process.wait()


def descendants(parent: int) -> list[int]:
    """Processes that a process has started, and theirs."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(folder.name)] = int(words[1])
    found = [number for number, other in parents.items() if other == parent]
    return found + [number for child in found for number in descendants(child)]


def name_of(process: int) -> str:
    """What a process is called; empty when it has gone."""
    try:
        return (Path("/proc") / str(process) / "comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def is_there(process: int) -> bool:
    """Whether a process lives."""
    try:
        state = (Path("/proc") / str(process) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def judge(out: Path, log: Path, scenario: str) -> list[str]:
    """What went wrong."""
    report = out / "report.json"
    if not report.is_file():
        return [f"{scenario}: Blender ended without a report; see {log}"]
    found = json.loads(report.read_text(encoding="utf-8"))
    shutil.copy(report, out / f"{scenario}.json")
    problems = [f"{scenario}: {found['error']}"] if found["error"] else []
    worker = found["facts"].get("worker_process", 0)
    if not worker:
        problems.append(f"{scenario}: there was no worker to look at")
    until = time.monotonic() + 10
    while worker and is_there(worker) and time.monotonic() < until:
        time.sleep(0.1)
    if worker and is_there(worker):
        problems.append(f"{scenario}: the worker {worker} outlived Blender")
    text = log.read_text(encoding="utf-8", errors="replace")
    ours = [line for line in text.splitlines() if "lineboil" in line.lower() and "Error" in line]
    problems += [f"{scenario}: {line}" for line in ours[:3]]
    if "Traceback" in text and "lineboil" in text.partition("Traceback")[2]:
        problems.append(f"{scenario}: a traceback in {log}")
    print(json.dumps(found["facts"], indent=1))
    return problems


if __name__ == "__main__":
    sys.exit(main())
