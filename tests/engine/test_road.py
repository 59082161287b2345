"""The road as a whole, by the real command line: resume after kills, fingerprints, damage, edits, exit codes."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from clips import write_walker
from lineboil.addon.engine.journal import Journal
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.state import ShotState, reports

SETTINGS = ("matte.engine=motion", "diffuse.engine=filter", "keys.count=3", "upscale.engine=lanczos")
OUTPUTS = ("frames", "state/flow", "pose", "matte", "depth", "styled", "propagated", "upscaled", "cutout")


def command(*words: object) -> list[str]:
    root = Path(__file__).resolve().parents[2]
    return [sys.executable, str(root / "addon"), *map(str, words)]


def lineboil(*words: object, **options: object) -> subprocess.CompletedProcess:
    return subprocess.run(command(*words), capture_output=True, text=True, timeout=240, check=False, **options)


def started(*words: object) -> subprocess.Popen:
    # Whoever runs the tests in the background makes them deaf to Ctrl-C, and their children with them.
    hearing = (lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) if os.name == "posix" else None
    return subprocess.Popen(
        command(*words), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, preexec_fn=hearing
    )


def messages_of(done: subprocess.CompletedProcess) -> list[dict]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def outputs(shot: Path) -> dict[str, str]:
    """Hash of every output file."""
    found = {}
    for folder in OUTPUTS:
        for path in sorted((shot / folder).rglob("*")):
            if path.is_file():
                found[path.relative_to(shot).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    for name in ("footage.json", "keys.json"):
        found[name] = hashlib.sha256((shot / name).read_bytes()).hexdigest()
    return found


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_walker(tmp_path_factory.mktemp("clip") / "walker.mp4")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Path:
    """A shot whose road has run undisturbed; tests work on copies."""
    shot = tmp_path_factory.mktemp("finished") / "walker"
    assert lineboil("new", shot, "--footage", clip, *SETTINGS).returncode == 0
    done = lineboil("run", shot)
    assert done.returncode == 0, done.stdout + done.stderr
    return shot


@pytest.fixture
def shot(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "walker"))


def test_everything_is_made_and_nothing_twice(shot: Path) -> None:
    assert {report.stage: report.standing for report in reports(Shot(shot))} == {
        "footage": "done", "flow": "done", "pose": "done", "matte": "done", "depth": "done", "keys": "done",
        "controls": "off", "diffuse": "done", "upscale_keys": "off", "propagate": "done", "upscale": "done",
        "cutout": "done", "encode": "done", "build": "missing", "render": "missing",
    }
    assert (shot / "walker.mp4").is_file()
    again = lineboil("run", shot, "--json")
    assert again.returncode == 0
    assert sum(message["made"] for message in messages_of(again) if message["kind"] == "stage_done") == 0
    assert [message["kind"] for message in messages_of(again)][-1] == "done"


def test_no_part_files_stay(shot: Path) -> None:
    assert not list(shot.rglob("*.part*"))


def test_a_setting_makes_only_what_depends_on_it_stale(shot: Path) -> None:
    assert lineboil("set", shot, "matte.shift=1").returncode == 0
    standing = {report.stage: report for report in reports(Shot(shot))}
    assert {name for name, report in standing.items() if report.standing == "done"} == {"footage", "flow", "pose"}
    assert "setting shift was" in standing["matte"].why
    assert standing["depth"].why == "matte is stale"
    assert lineboil("set", shot, "matte.shift=0").returncode == 0
    assert {report.standing for report in reports(Shot(shot))} == {"done", "missing", "off"}


def test_a_missing_and_a_damaged_frame_are_made_again(shot: Path) -> None:
    before = outputs(shot)
    (shot / "matte" / "000007.png").unlink()
    torn = shot / "depth" / "000009.png"
    torn.write_bytes(torn.read_bytes()[:-30])
    standing = {report.stage: report.standing for report in reports(Shot(shot))}
    assert standing["matte"] == standing["depth"] == "partial"
    done = lineboil("run", shot, "--json")
    assert done.returncode == 0
    made = {message["stage"]: message["made"] for message in messages_of(done) if message["kind"] == "stage_done"}
    assert made["matte"] == made["depth"] == 1
    assert outputs(shot) == before
    assert any("damaged" in message.get("text", "") for message in messages_of(done))


def test_a_frame_the_artist_painted_stays_and_counts(shot: Path) -> None:
    path = shot / "matte" / "000010.png"
    painted = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    painted[:20, :20] = 255
    cv2.imwrite(str(path), painted)
    kept = path.read_bytes()
    standing = {report.stage: report for report in reports(Shot(shot))}
    assert standing["matte"].standing == "done"
    assert "1 edited by hand" in standing["matte"].why
    assert standing["cutout"].standing == "stale"
    assert lineboil("set", shot, "matte.shift=1").returncode == 0
    done = lineboil("run", shot, "--until", "depth")
    assert done.returncode == 0, done.stdout
    assert path.read_bytes() == kept


def test_other_footage_moves_painted_frames_aside_and_deletes_none(shot: Path, tmp_path: Path) -> None:
    path = shot / "matte" / "000010.png"
    cv2.imwrite(str(path), np.full((96, 160), 128, np.uint8))
    kept = path.read_bytes()
    other = write_walker(tmp_path / "other.mp4", count=12)
    assert lineboil("set", shot, f"footage.source={other}").returncode == 0
    assert lineboil("run", shot, "--until", "matte").returncode == 0
    saved = list((shot / "state" / "replaced").rglob("000010.png"))
    assert [file.read_bytes() for file in saved] == [kept]
    assert not (shot / "matte" / "000013.png").exists()


def test_foreign_files_are_moved_aside(shot: Path) -> None:
    (shot / "state" / "matte.json").unlink()
    (shot / "state" / "matte.journal").unlink()
    done = lineboil("run", shot, "--until", "matte")
    assert done.returncode == 0
    assert len(list((shot / "state" / "replaced").rglob("*.png"))) == 20


def test_an_excerpt_makes_its_frames_only_and_the_whole_goes_on(finished: Path, clip: Path, tmp_path: Path) -> None:
    shot = tmp_path / "walker"
    assert lineboil("new", shot, "--footage", clip, *SETTINGS).returncode == 0
    assert lineboil("run", shot, "--until", "cutout", "--frames", "5-8").returncode == 0
    assert [path.name for path in sorted((shot / "propagated").glob("*.png"))] == [f"{n:06d}.png" for n in range(5, 9)]
    assert {r.stage: r.standing for r in reports(Shot(shot))}["propagate"] == "partial"
    assert lineboil("run", shot, "--frames", "5-8").returncode == 0
    with av.open(str(shot / "walker_5-8.mp4")) as container:
        assert len(list(container.decode(video=0))) == 4
    assert {r.stage: r.standing for r in reports(Shot(shot))}["encode"] == "partial"
    assert lineboil("run", shot).returncode == 0
    assert outputs(shot) == outputs(finished)


def test_killed_at_random_moments_the_result_is_the_same(finished: Path, clip: Path, tmp_path: Path) -> None:
    shot = tmp_path / "walker"
    assert lineboil("new", shot, "--footage", clip, *SETTINGS).returncode == 0
    chance = random.Random(11)
    kills = 0
    while kills < 8:
        child = subprocess.Popen(command("run", shot), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            assert child.wait(timeout=chance.uniform(0.5, 2.5)) == 0
            break
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            child.wait()
            kills += 1
        before = finished_files(shot)
    else:
        before = finished_files(shot)
    assert kills >= 2
    assert lineboil("run", shot).returncode == 0
    after = {name: (shot / name).stat().st_mtime_ns for name in before}
    assert after == before
    assert outputs(shot) == outputs(finished)


def finished_files(shot: Path) -> dict[str, int]:
    """Dates of the frames that are finished, of stages that would not be made anew."""
    found = {}
    state = ShotState(Shot(shot))
    for path in (shot / "state").glob("*.journal"):
        if path.stem == "encode":
            continue
        journal = Journal(path, shot)
        numbered = [name for name in journal.entries if name.split("/")[-1].split(".")[0].isdigit()]
        if state.record(path.stem) is not None:
            found.update({
                name: (shot / name).stat().st_mtime_ns for name in numbered if journal.condition(name) == "finished"
            })
    return found


def test_stopping_is_clean(clip: Path, tmp_path: Path) -> None:
    shot = tmp_path / "walker"
    assert lineboil("new", shot, "--footage", clip, *SETTINGS).returncode == 0
    child = started("run", shot, "--json")
    assert child.stdout is not None
    for line in child.stdout:
        if '"stage": "flow"' in line:
            break
    asked = time.monotonic()
    child.send_signal(signal.SIGINT)
    rest = child.stdout.read()
    assert child.wait(timeout=20) == 130
    assert time.monotonic() - asked < 20
    assert json.loads(rest.splitlines()[-1])["error"] == "Cancelled"
    assert not list(shot.rglob("*.part*"))


def test_two_runs_on_one_shot(shot: Path) -> None:
    assert lineboil("set", shot, "flow.quality=fast").returncode == 0
    child = started("run", shot, "--json")
    assert child.stdout is not None
    child.stdout.readline()
    second = lineboil("run", shot, "--json")
    child.kill()
    child.wait()
    assert second.returncode == 75
    assert f"process {child.pid}" in messages_of(second)[-1]["what"]


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("run", "nowhere"), 1, "no shot here"),
        (("new", "made", "--footage", "nothing.mp4"), 1, "nothing.mp4"),
        (("run",), 2, ""),
        (("set", "nowhere", "matte.engine=chroma"), 1, "no shot here"),
        (("run", "nowhere", "--frames", "9-3"), 1, ""),
    ],
)
def test_wrong_use(tmp_path: Path, words: tuple[str, ...], code: int, text: str) -> None:
    done = lineboil(*words, cwd=tmp_path)
    assert done.returncode == code
    assert text in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_frame_past_the_end_is_told(shot: Path) -> None:
    done = lineboil("run", shot, "--frames", "15-25")
    assert done.returncode == 1
    assert "1-20" in done.stdout


def test_set_changes_nothing_when_one_is_wrong(shot: Path) -> None:
    before = (shot / "shot.toml").read_bytes()
    done = lineboil("set", shot, "matte.engine=chroma", "depth.nonsense=3")
    assert done.returncode == 1
    assert (shot / "shot.toml").read_bytes() == before


def test_status_and_preview_and_sheet(shot: Path) -> None:
    status = lineboil("status", shot, "--json")
    states = {message["stage"]: message["state"] for message in messages_of(status) if message["kind"] == "status"}
    assert states["matte"] == "done"
    assert states["build"] == "missing"
    preview = lineboil("preview", shot, "--stage", "matte", "--frame", "4", "--json")
    picture = messages_of(preview)[-1]["result"]["picture"]
    assert cv2.imread(picture) is not None
    assert lineboil("preview", shot, "--stage", "matte", "--frame", "400").returncode == 1
    sheet = lineboil("sheet", shot, "--json")
    assert cv2.imread(messages_of(sheet)[-1]["result"]["contact sheet"]) is not None


def test_a_preview_of_the_carried_film_leaves_the_film_alone(shot: Path) -> None:
    film = {path: path.read_bytes() for path in (shot / "propagated").iterdir()}
    done = messages_of(lineboil("preview", shot, "--stage", "propagate", "--frame", "6", "--json"))[-1]["result"]
    assert "half-size picture" not in done
    assert lineboil("set", shot, "propagate.trust=2").returncode == 0
    done = messages_of(lineboil("preview", shot, "--stage", "propagate", "--frame", "6", "--json"))[-1]["result"]
    whole, half = (cv2.imread(str(path)) for path in (shot / "frames" / "000006.png", done["half-size picture"]))
    assert half.shape[:2] == (whole.shape[0] // 2, whole.shape[1] // 2)
    assert cv2.imread(done["picture"]) is not None
    assert {path: path.read_bytes() for path in (shot / "propagated").iterdir()} == film
    assert {report.stage: report.standing for report in reports(Shot(shot))}["propagate"] == "stale"


def test_the_shot_can_be_moved(shot: Path, clip: Path, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "walker"
    moved.parent.mkdir()
    os.rename(shot, moved)
    assert lineboil("set", moved, f"footage.source={clip}").returncode == 0
    standing = {report.standing for report in reports(Shot(moved))}
    assert standing == {"done", "missing", "off"}


def test_a_painted_key_that_is_locked_is_never_replaced(shot: Path) -> None:
    keys = json.loads((shot / "keys.json").read_text(encoding="utf-8"))
    frame = keys["keys"][1]["frame"]
    keys["keys"][1]["locked"] = True
    (shot / "keys.json").write_text(json.dumps(keys), encoding="utf-8")
    path = shot / "styled" / f"{frame:06d}.png"
    path.unlink()
    (shot / "state" / "diffuse.journal").unlink()
    cv2.imwrite(str(path), np.full((96, 160, 3), (10, 200, 30), np.uint8))
    kept = path.read_bytes()
    assert lineboil("set", shot, "diffuse.look=ink").returncode == 0
    assert lineboil("run", shot, "--until", "propagate").returncode == 0
    assert path.read_bytes() == kept
    carried = cv2.imread(str(shot / "propagated" / f"{frame:06d}.png"))
    assert np.abs(carried.astype(int) - (10, 200, 30)).mean() < 12
