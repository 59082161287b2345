"""The depth stage on small synthetic shots."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from carry_shot import Listener, make_shot, run_stage
from lineboil.addon.engine.errors import Cancelled
from lineboil.addon.engine.frames import frame_name
from lineboil.addon.engine.image.flow_store import encode_end, encode_pair
from lineboil.addon.engine.models.person.landmarks import empty_landmarks, save_landmarks
from lineboil.addon.engine.schema.registry import BY_NAME
from lineboil.addon.engine.stages.depth_tracks import faded, held, person_tracks

HEIGHT, WIDTH, COUNT = 240, 160, 6
SCALE = 100.0
ONE_SCENE = ((1, COUNT),)
# A body in metres about the hips: x right, y down, seen from in front (the left hand is at the right).
BODY = {0: (0, -0.7), 7: (0.08, -0.7), 8: (-0.08, -0.7), 11: (0.2, -0.5), 12: (-0.2, -0.5), 13: (0.25, -0.22),
        14: (-0.25, -0.22), 15: (0.0, -0.25), 16: (-0.28, 0.05), 23: (0.12, 0), 24: (-0.12, 0), 25: (0.12, 0.45),
        26: (-0.12, 0.45), 27: (0.12, 0.88), 28: (-0.12, 0.88), 29: (0.12, 0.92), 30: (-0.12, 0.92), 31: (0.14, 0.92),
        32: (-0.14, 0.92)}


def landmarks(wrist_metres: float = 0.4, back: bool = False, face: bool = True):
    found = empty_landmarks(1, COUNT)
    world = np.zeros((33, 3), np.float32)
    for joint in range(33):
        world[joint, :2] = BODY.get(joint, (0, -0.68))
    world[[17, 19], :2], world[[18, 20], :2] = BODY[15], BODY[16]
    world[15, 2] = -wrist_metres
    found.body_world[:] = world
    found.body[..., :2] = world[:, :2] * SCALE + np.array([80, 120])
    found.body[..., 2] = 0
    found.body_visibility[:], found.body_score[:], found.detector_score[:] = 1, 1, 0.9
    found.back_view[:] = back
    found.face_score[:] = 0.99 if face else 0.0
    if face:
        rng = np.random.default_rng(5)
        angle, radius = rng.uniform(0, 2 * np.pi, 468), np.sqrt(rng.uniform(0, 1, 468))
        mesh = np.stack([80 + 9 * radius * np.cos(angle), 51 + 11 * radius * np.sin(angle), 8 * radius**2], axis=1)
        found.face[:] = mesh
    return found


def matte() -> np.ndarray:
    image = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.ellipse(image, (80, 51), (12, 14), 0, 0, 360, (1.0,), -1)
    cv2.rectangle(image, (55, 66), (105, 130), (1.0,), -1)
    cv2.rectangle(image, (58, 130), (78, 212), (1.0,), -1)
    cv2.rectangle(image, (84, 130), (104, 212), (1.0,), -1)
    return image


def shot(root: Path, found=None, mattes: list[np.ndarray] | None = None, scenes=(), **values) -> Path:
    mattes = mattes or [matte()] * COUNT
    pictures = [np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)] * len(mattes)
    make_shot(root, pictures, mattes, scenes, **values)
    save_landmarks(root / "pose/landmarks.npz", found if found is not None else empty_landmarks(0, len(mattes)))
    still = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    ends = {last for _, last in scenes or ((1, len(mattes)),)}
    for frame in range(1, len(mattes) + 1):
        path = root / "state/flow" / frame_name(frame, BY_NAME["flow"].suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_end() if frame in ends else encode_pair(still, still, WIDTH, HEIGHT))
    return root


def depth_of(root: Path, frame: int = 3) -> np.ndarray:
    return cv2.imread(str(root / "depth" / frame_name(frame)), cv2.IMREAD_UNCHANGED)


def facts_of(root: Path) -> dict:
    return json.loads((root / "depth/depth.json").read_text(encoding="utf-8"))


def metres_of(root: Path, frame: int = 3) -> np.ndarray:
    facts = facts_of(root)
    far, near = 1 / facts["far_metres"], 1 / facts["near_metres"]
    return 1 / (far + depth_of(root, frame) / 65535 * (near - far))


def test_a_person_stands_on_the_floor_before_the_wall(tmp_path: Path) -> None:
    root = shot(tmp_path / "shot", landmarks())
    run_stage(root, "depth")
    facts, depth, metres = facts_of(root), depth_of(root), metres_of(root)
    assert depth.dtype == np.uint16
    assert facts["label"] == "layout depth"
    assert facts["engine"] == "body"
    assert facts["pixels_per_metre"] == pytest.approx(SCALE, rel=0.01)
    assert facts["subject_metres"][2] == pytest.approx(facts["focal_pixels"] / SCALE, rel=0.01)
    # Floor beside the feet, feet, wall, chest.
    assert metres[212, 20] == pytest.approx(metres[209, 68], rel=0.03)
    assert metres[0, 0] == pytest.approx(facts["wall_metres"], rel=0.05)
    assert metres[110, 80] < metres[0, 0] - 1
    assert (np.diff(depth[:, 5].astype(int)) >= 0).all()


def test_the_arm_before_the_chest_is_nearer_and_the_face_has_a_nose(tmp_path: Path) -> None:
    near = shot(tmp_path / "near", landmarks(0.4))
    plain = shot(tmp_path / "plain", landmarks(-0.4), depth__face=False)
    for root in (near, plain):
        run_stage(root, "depth")
    rise = metres_of(plain) - metres_of(near)
    assert rise[97, 92] > 0.04
    assert abs(rise[180, 68]) < 0.01
    nose, ear = metres_of(near)[51, 80], metres_of(near)[51, 72]
    assert nose < ear - 0.02


def test_from_behind_there_is_no_face(tmp_path: Path) -> None:
    tracks = person_tracks(landmarks(back=True), ONE_SCENE, 24.0)
    assert not tracks[0].face_weight.any()
    seen = person_tracks(landmarks(), ONE_SCENE, 24.0)
    assert seen[0].face_weight.all()
    behind = shot(tmp_path / "behind", landmarks(back=True))
    without = shot(tmp_path / "without", landmarks(face=False))
    for root in (behind, without):
        run_stage(root, "depth")
    assert np.array_equal(depth_of(behind), depth_of(without))


def test_a_leaning_camera_is_taken_out() -> None:
    found = landmarks()
    tilted = found.body_world.copy()
    tilted[..., 2] += 0.5 * tilted[..., 1]
    upright = person_tracks(found, ONE_SCENE, 24.0)[0]
    leaning = person_tracks(replace(found, body_world=tilted), ONE_SCENE, 24.0)[0]
    assert np.degrees(leaning.lean - upright.lean) == pytest.approx(26.6, abs=3)
    assert np.allclose(leaning.joints[2, [11, 23, 27], 2], upright.joints[2, [11, 23, 27], 2], atol=0.03)


def test_without_landmarks_the_matte_s_shape_speaks(tmp_path: Path) -> None:
    root = shot(tmp_path / "shot")
    listener = run_stage(root, "depth")
    assert facts_of(root)["engine"] == "relief"
    assert any("matte's shape" in str(message) for message in listener.messages)
    metres = metres_of(root)
    assert metres[100, 80] < metres[100, 57] - 0.03


def test_flat_is_a_card(tmp_path: Path) -> None:
    root = shot(tmp_path / "shot", landmarks(), depth__engine="flat")
    run_stage(root, "depth")
    inside = cv2.erode(matte(), np.ones((3, 3))) > 0
    assert np.ptp(depth_of(root)[inside].astype(int)) <= 1
    assert facts_of(root)["engine"] == "flat"


def test_one_range_for_the_shot_and_cuts_are_not_crossed(tmp_path: Path) -> None:
    small = cv2.warpAffine(matte(), np.float32([[0.5, 0, 40], [0, 0.5, 60]]), (WIDTH, HEIGHT))
    scenes = ((1, 3), (4, 6))
    root = shot(tmp_path / "shot", None, [matte()] * 3 + [small] * 3, scenes)
    run_stage(root, "depth")
    assert facts_of(root)["wall_metres"] > 0
    alone = shot(tmp_path / "alone", None, [matte()] * 3 + [small] * 3, scenes, depth__steadiness="off")
    run_stage(alone, "depth")
    assert np.array_equal(depth_of(root, 3), depth_of(alone, 3))
    assert np.array_equal(depth_of(root, 4), depth_of(alone, 4))


def test_an_empty_matte_leaves_the_room(tmp_path: Path) -> None:
    empty = np.zeros((HEIGHT, WIDTH), np.float32)
    root = shot(tmp_path / "shot", None, [matte(), empty, matte()])
    run_stage(root, "depth")
    assert (np.ptp(depth_of(root, 2), axis=1) == 0).all()
    nothing = shot(tmp_path / "nothing", None, [empty] * 2)
    run_stage(nothing, "depth")
    assert facts_of(nothing)["near_metres"] < facts_of(nothing)["far_metres"]


def test_an_interrupted_run_gives_the_same_bytes(tmp_path: Path) -> None:
    whole, broken = shot(tmp_path / "whole", landmarks()), shot(tmp_path / "broken", landmarks())
    run_stage(whole, "depth")
    for stop_after in (1, 2, 3):
        with pytest.raises(Cancelled):
            run_stage(broken, "depth", Listener(stop_after))
    damaged = next((broken / "state/cache/depth/raw").glob("*.npz"))
    damaged.write_bytes(damaged.read_bytes()[:40])
    run_stage(broken, "depth")
    for frame in range(1, COUNT + 1):
        name = frame_name(frame)
        assert (whole / "depth" / name).read_bytes() == (broken / "depth" / name).read_bytes()
    assert (whole / "depth/depth.json").read_bytes() == (broken / "depth/depth.json").read_bytes()


def test_two_people_stand_at_their_own_distances(tmp_path: Path) -> None:
    found = empty_landmarks(2, COUNT)
    one = landmarks(face=False)
    for name in ("body", "body_world", "body_visibility", "body_score", "face_score"):
        getattr(found, name)[:] = getattr(one, name)
    found.detector_score[:] = 0.9
    found.body[0, ..., 0] -= 40
    found.body[1, ..., :2] = (found.body[1, ..., :2] - np.array([80, 120])) * 0.5 + np.array([125, 120])
    both = np.roll(matte(), -40, axis=1)
    both[:, 100:] = cv2.warpAffine(matte(), np.float32([[0.5, 0, 85], [0, 0.5, 60]]), (WIDTH, HEIGHT))[:, 100:]
    root = shot(tmp_path / "shot", found, [both] * COUNT)
    run_stage(root, "depth")
    metres, focal = metres_of(root), facts_of(root)["focal_pixels"]
    assert metres[125, 40] == pytest.approx(focal / SCALE - 0.1, abs=0.1)
    assert metres[120, 125] == pytest.approx(focal / (SCALE / 2) - 0.1, abs=0.15)


def test_presence_fades_over_five_frames_but_not_at_a_cut() -> None:
    mask = np.array([True] * 6 + [False] * 6)
    assert np.allclose(faded(mask, ((1, 12),)), [1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0, 0, 0, 0])
    assert np.array_equal(faded(mask, ((1, 6), (7, 12))), mask.astype(float))
    values = np.array([np.nan, 1, np.nan, np.nan, 4, np.nan])
    assert np.array_equal(held(values, ((1, 6),)), [1, 1, 1, 4, 4, 4])
