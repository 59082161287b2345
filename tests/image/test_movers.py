# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves by itself in front of a static scene, on small made-up shots."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from lineboil.addon.engine.image.flow import FlowFinder, grey8
from lineboil.addon.engine.image.guided import guided_enlarge, guided_filter
from lineboil.addon.engine.image.movers import REACH, Movers

HEIGHT, WIDTH, FRAMES, SIDE = 120, 180, 13, 32
MIDDLE = 7


@dataclass
class Shot:
    """A far wall, a post nearer to the camera, and a square that may move, or a shadow in its place."""

    camera: float = 0.0
    square: float = 0.0
    post: bool = True
    shadow: bool = False
    sway: float = 0.0

    def picture(self, frame: int) -> np.ndarray:
        """(H, W, 3) uint8 RGB."""
        shift = self.camera * frame
        image = _seen(_texture(1, HEIGHT, WIDTH + 80), -shift)
        if self.square or self.shadow:
            mask = self.mask(frame)
            if self.shadow:
                soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 4)[..., None]
                image = (image * (1 - 0.4 * soft)).astype(np.uint8)
            else:
                top, left = 40, round(self._left(frame))
                image[top : top + SIDE, left : left + SIDE] = _texture(2, SIDE, SIDE)
        if self.post:
            left = round(140 - 2.5 * shift)
            image[:, max(0, left) : left + 14] = _texture(3, HEIGHT, 14)[:, max(0, -left) :]
        if self.sway:
            y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
            bent = x + np.float32(self.sway) * np.sin(y / 9 + x / 13 + frame).astype(np.float32)
            image = cv2.remap(image, bent, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        return image

    def _left(self, frame: int) -> float:
        return 30 + self.square * frame - self.camera * frame

    def mask(self, frame: int) -> np.ndarray:
        """(H, W) bool, the square where the post does not hide it."""
        found = np.zeros((HEIGHT, WIDTH), bool)
        left = round(self._left(frame))
        found[40 : 40 + SIDE, left : left + SIDE] = True
        if self.post:
            found[:, max(0, round(140 - 2.5 * self.camera * frame)) :][:, :14] = False
        return found

    def movers(self) -> Movers:
        """Of the whole shot."""
        finder = FlowFinder()
        return Movers(
            self.picture,
            lambda frame, other: finder.between(grey8(self.picture(frame)), grey8(self.picture(other))),
            lambda _frame: (1, FRAMES),
        )


def _texture(seed: int, height: int, width: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    noise = cv2.GaussianBlur(random.random((height, width, 3)), (0, 0), 1.5)
    return (40 + 175 * (noise - noise.min()) / (noise.max() - noise.min())).astype(np.uint8)


def _seen(wall: np.ndarray, shift: float) -> np.ndarray:
    move = np.array([[1, 0, shift], [0, 1, 0]], np.float32)
    return np.array(cv2.warpAffine(wall, move, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC))


def overlap(mask: np.ndarray, truth: np.ndarray) -> float:
    return float(((mask > 0.5) & truth).sum() / ((mask > 0.5) | truth).sum())


def test_a_square_moves_in_front_of_a_still_camera() -> None:
    shot = Shot(square=3.0)
    mask = shot.movers().mask(MIDDLE)
    assert mask.shape == (HEIGHT, WIDTH)
    assert mask.dtype == np.float32
    assert overlap(mask, shot.mask(MIDDLE)) > 0.75


def test_a_square_moves_under_a_moving_camera_and_a_near_post_does_not() -> None:
    shot = Shot(camera=1.0, square=4.0)
    mask = shot.movers().mask(MIDDLE)
    assert overlap(mask, shot.mask(MIDDLE)) > 0.7
    assert mask[:, 121:139].mean() < 0.1


def test_where_nothing_moves_the_mask_is_empty() -> None:
    assert Shot().movers().mask(MIDDLE).max() == 0
    assert Shot(camera=1.0, post=False).movers().mask(MIDDLE).max() == 0


def test_a_shadow_counts_less_than_a_thing() -> None:
    thing, shadow = Shot(square=3.0), Shot(square=3.0, shadow=True)
    truth = thing.mask(MIDDLE)
    assert shadow.movers().mask(MIDDLE)[truth].mean() < 0.3 * thing.movers().mask(MIDDLE)[truth].mean()


def test_doubt_grows_where_planes_do_not_explain_what_moves_a_little() -> None:
    assert Shot(camera=1.0).movers().doubt(MIDDLE) < 0.1
    swaying = Shot(camera=1.0, sway=0.5).movers()
    assert swaying.mask(MIDDLE).mean() < 0.2
    assert swaying.doubt(MIDDLE) > 0.25


def test_a_mask_does_not_depend_on_what_was_asked_before() -> None:
    shot = Shot(camera=1.0, square=4.0)
    first, second = shot.movers(), shot.movers()
    for frame in (2, FRAMES, 1):
        first.mask(frame)
    assert np.array_equal(first.mask(MIDDLE), second.mask(MIDDLE))


def test_the_scene_of_one_frame_has_no_movers() -> None:
    shot = Shot(square=3.0)
    movers = Movers(shot.picture, lambda _frame, _other: np.zeros((HEIGHT, WIDTH, 2), np.float32), lambda f: (f, f))
    assert movers.mask(MIDDLE).max() == 0


def test_a_mask_depends_on_near_frames_only() -> None:
    asked: set[int] = set()
    shot = Shot(square=1.0)

    def picture(frame: int) -> np.ndarray:
        asked.add(frame)
        return shot.picture(MIDDLE)

    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    Movers(picture, lambda _frame, _other: flow, lambda _frame: (1, 5000)).mask(2500)
    assert max(abs(frame - 2500) for frame in asked) <= REACH


def test_large_footage_is_analysed_small_and_answered_large() -> None:
    shot = Shot(square=3.0)

    def large(frame: int) -> np.ndarray:
        return cv2.resize(shot.picture(frame), (WIDTH * 3, HEIGHT * 3), interpolation=cv2.INTER_CUBIC)

    small = shot.movers()
    movers = Movers(
        large,
        lambda frame, other: 3 * cv2.resize(small._flow(frame, other), (WIDTH * 3, HEIGHT * 3)),
        lambda _frame: (1, FRAMES),
    )
    truth = cv2.resize(shot.mask(MIDDLE).astype(np.uint8), (WIDTH * 3, HEIGHT * 3)) > 0
    assert overlap(movers.mask(MIDDLE), truth) > 0.6


def test_enlarging_without_change_of_size_is_the_guided_filter() -> None:
    picture = _texture(5, 40, 50)
    source = (picture[..., 0] > 120).astype(np.float32)
    plain = guided_filter((picture / 255).astype(np.float32), source, 4, 1e-3)
    assert np.allclose(guided_enlarge(picture, source, picture, 4, 1e-3), plain, atol=1e-4)
