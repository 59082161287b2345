"""What moves by itself, less what the scene explains over several frames."""

from __future__ import annotations

import cv2
import numpy as np
from lineboil.addon.engine.image.flow import FlowFinder, grey8
from lineboil.addon.engine.image.movers import Movers
from lineboil.addon.engine.image.moving import REACH, Moving

HEIGHT, WIDTH, FRAMES, MIDDLE = 160, 400, 33, 17
SIDE, RIM, TOP = 68, 18, 40
SPEED = 8


def texture(seed: int, height: int, width: int) -> np.ndarray:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((height, width, 3)), (0, 0), 1.5)
    return (40 + 175 * (noise - noise.min()) / (noise.max() - noise.min())).astype(np.uint8)


WALL = texture(1, HEIGHT, WIDTH)
FRAME_ITSELF = (texture(2, SIDE, SIDE) * np.array([1.0, 0.5, 0.3])).astype(np.uint8)


def ring(frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Where a square frame is that moves before a still wall, and where the wall shows through it: bool (H, W)."""
    left = 10 + SPEED * frame
    outer, inner = np.zeros((2, HEIGHT, WIDTH), bool)
    outer[TOP : TOP + SIDE, left : left + SIDE] = True
    inner[TOP + RIM : TOP + SIDE - RIM, left + RIM : left + SIDE - RIM] = True
    return outer & ~inner, inner


def picture(frame: int) -> np.ndarray:
    """uint8 RGB."""
    image = WALL.copy()
    where, _ = ring(frame)
    image[where] = FRAME_ITSELF[where[TOP : TOP + SIDE, 10 + SPEED * frame :][:, :SIDE]]
    return image


def flow(frame: int, other: int) -> np.ndarray:
    return FlowFinder().between(grey8(picture(frame)), grey8(picture(other)))


def whole(_frame: int) -> tuple[int, int]:
    return 1, FRAMES


def made() -> Moving:
    return Moving(picture, flow, whole, (WIDTH, HEIGHT))


def test_the_wall_in_the_opening_of_a_thing_that_moves_does_not_move() -> None:
    where, opening = ring(MIDDLE)
    rough, mask = Movers(picture, flow, whole).mask(MIDDLE), made().mask(MIDDLE)
    assert rough[opening].mean() > 0.8
    assert mask[opening].mean() < 0.3
    assert mask[where].mean() > 0.85
    assert mask.dtype == np.float32
    assert 0 <= mask.min() <= mask.max() <= 1


def test_a_mask_is_never_more_than_what_moves_by_its_motion() -> None:
    assert (made().mask(MIDDLE) <= Movers(picture, flow, whole).mask(MIDDLE)).all()


def test_a_mask_does_not_depend_on_what_was_asked_before() -> None:
    first, second = made(), made()
    for frame in (2, FRAMES, 1):
        first.mask(frame)
    assert np.array_equal(first.mask(MIDDLE), second.mask(MIDDLE))


def test_a_scene_of_one_frame_and_a_still_one_have_no_movers() -> None:
    still = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    assert not Moving(picture, lambda *_: still, lambda frame: (frame, frame), (WIDTH, HEIGHT)).mask(MIDDLE).any()
    assert not Moving(lambda _: WALL, lambda *_: still, whole, (WIDTH, HEIGHT)).mask(MIDDLE).any()


def test_a_mask_depends_on_near_frames_only() -> None:
    asked: set[int] = set()
    there, back = flow(MIDDLE, MIDDLE + 1), flow(MIDDLE, MIDDLE - 1)

    def seen(frame: int) -> np.ndarray:
        asked.add(frame)
        return picture(MIDDLE)

    def moved(frame: int, other: int) -> np.ndarray:
        asked.update((frame, other))
        return there if other > frame else back

    Moving(seen, moved, lambda _: (1, 5000), (WIDTH, HEIGHT)).mask(2500)
    assert 12 < max(abs(frame - 2500) for frame in asked) <= REACH
