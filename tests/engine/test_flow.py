"""The flow stage: every pair inside a scene, none across a cut, resumable."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from carry_shot import Listener, make_shot, run_stage
from lineboil.addon.engine.errors import Cancelled, EngineError
from lineboil.addon.engine.image.flow_store import load_pair
from lineboil.addon.engine.job import Job
from lineboil.addon.engine.schema.registry import BY_NAME
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages.context import StageContext
from lineboil.addon.engine.stages.flow import search_size
from lineboil.addon.engine.state import Record, ShotState

HEIGHT, WIDTH, COUNT = 48, 64, 6


def pictures(step=2.0):
    noise = np.random.default_rng(5).random((HEIGHT, WIDTH + 40, 3), dtype=np.float32)
    wide = cv2.GaussianBlur(noise, (0, 0), 1.5)
    wide = (wide - wide.min()) / (wide.max() - wide.min())
    shift = [np.float32([[1, 0, -20 + step * index], [0, 1, 0]]) for index in range(COUNT)]
    return [cv2.warpAffine(wide, matrix, (WIDTH, HEIGHT)) for matrix in shift]


def context_of(root: Path, stage: str) -> StageContext:
    state = ShotState(Shot(root))
    return StageContext(state, BY_NAME[stage], Record(), (), Listener())


def flow_files(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "state/flow").glob("*.npz"))}


def test_every_pair_of_a_scene_has_motion_both_ways(tmp_path):
    make_shot(tmp_path / "shot", pictures())
    run_stage(tmp_path / "shot", "flow")
    context = context_of(tmp_path / "shot", "keys")
    assert len(flow_files(tmp_path / "shot")) == COUNT
    inner = (slice(8, -8), slice(8, -8))
    assert np.abs(context.flow(2, 3)[inner] - (2, 0)).mean() < 0.1
    assert np.abs(context.flow(3, 2)[inner] - (-2, 0)).mean() < 0.1


def test_no_motion_crosses_a_cut(tmp_path):
    make_shot(tmp_path / "shot", pictures(), scenes=((1, 3), (4, 6)))
    run_stage(tmp_path / "shot", "flow")
    context = context_of(tmp_path / "shot", "keys")
    context.flow(2, 3)
    with pytest.raises(EngineError, match="from frame 3 to frame 4"):
        context.flow(3, 4)
    with pytest.raises(EngineError, match="last frame of a scene"):
        load_pair(tmp_path / "shot/state/flow/000003.npz")


def test_a_stopped_run_goes_on_and_ends_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(Job, "_INTERVAL_SECONDS", 0.0)
    for name in ("whole", "stopped"):
        make_shot(tmp_path / name, pictures())
    run_stage(tmp_path / "whole", "flow")

    class StopAtThird(Listener):
        def send(self, message):
            return message.kind == "progress" and len(flow_files(tmp_path / "stopped")) >= 3

    with pytest.raises(Cancelled):
        run_stage(tmp_path / "stopped", "flow", StopAtThird())
    early = {path: path.stat().st_mtime_ns for path in (tmp_path / "stopped/state/flow").glob("*.npz")}
    assert 3 <= len(early) < COUNT
    run_stage(tmp_path / "stopped", "flow")
    assert flow_files(tmp_path / "stopped") == flow_files(tmp_path / "whole")
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in early.items())


def test_a_single_frame_is_a_scene_of_its_own(tmp_path):
    make_shot(tmp_path / "shot", pictures()[:1])
    run_stage(tmp_path / "shot", "flow")
    assert list(flow_files(tmp_path / "shot")) == ["000001.npz"]


def test_large_footage_is_searched_smaller():
    assert search_size(3840, 2160, 1280) == (1280, 720)
    assert search_size(960, 540, 1280) == (960, 540)
    assert search_size(540, 2000, 1000) == (270, 1000)


def test_motion_found_at_a_reduced_size_is_in_footage_pixels(tmp_path):
    make_shot(tmp_path / "shot", [cv2.resize(p, None, fx=2, fy=2) for p in pictures()], flow__long_side=64)
    run_stage(tmp_path / "shot", "flow")
    flow = context_of(tmp_path / "shot", "keys").flow(2, 3)
    assert flow.shape == (2 * HEIGHT, 2 * WIDTH, 2)
    assert abs(np.median(flow[..., 0]) - 4) < 0.3
