# SPDX-License-Identifier: GPL-3.0-or-later
"""One person in one frame: body, hands, face and pupils from where they were last seen, checked against each other."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..litert import Floats
from .body import JOINTS, Body, BodyNetwork, region_of_detection
from .detector import PERSON, Detection, Detector
from .face import POINTS as FACE_POINTS
from .face import Face, FaceNetwork, head_region, is_back_view
from .hands import LEFT, RIGHT, Hand, HandNetwork
from .regions import Points, Region, from_array, to_array

LEAST_SCORE = 0.5
"""Landmarks below this score are no body, hand or face."""

_VISIBLE = 0.5
_BODY_LARGEST = 6.0
_BOX_PADDING = 0.06
_MASK_REACH = 0.3
_TORSO = (11, 12, 23, 24)
_COLOUR_LEVELS = 4
_WRISTS = (15, 16)

RECORD = np.dtype(
    [
        ("body", "<f4", (JOINTS, 3)),
        ("body_visibility", "<f4", (JOINTS,)),
        ("body_world", "<f4", (JOINTS, 3)),
        ("body_score", "<f4"),
        ("hands", "<f4", (2, 21, 3)),
        ("hands_world", "<f4", (2, 21, 3)),
        ("hand_score", "<f4", (2,)),
        ("face", "<f4", (FACE_POINTS, 3)),
        ("face_score", "<f4"),
        ("pupils", "<f4", (2, 2)),
        ("boxes", "<f4", (4,)),
        ("back_view", "?"),
        ("presence", "<f4"),
        ("region", "<f8", (5,)),
    ]
)
"""What is kept of a person in a frame. Points with pixel centres at whole numbers; NaN where absent.
`presence` is the person detector's score on the person's own region, on the frames it looked; `region` is where the
body is looked for in the neighbouring frames."""

Records = npt.NDArray[np.void]


def blank_records(*shape: int) -> Records:
    """Records of nobody."""
    records = np.zeros(shape, RECORD)
    for name in RECORD.names or ():
        if name != "back_view":
            records[name] = np.nan
    return records


@dataclass(frozen=True)
class Track:
    """What has to be known of a person to find them in the next frame.

    Attributes:
        body: Where to look for the body.
        hands: Where to look for the left and the right hand, where they were seen.
        face: Where to look for the face, where it was seen.
        colours: (64,) histogram of the torso, kept as a slow mean.
    """

    body: Region
    hands: tuple[Region | None, Region | None] = (None, None)
    face: Region | None = None
    colours: Floats | None = None

    def to_array(self) -> Points:
        """The track as (84,) numbers, exactly."""
        regions = [to_array(region) for region in (self.body, *self.hands, self.face)]
        colours = np.full(_COLOUR_LEVELS**3, np.nan) if self.colours is None else self.colours.astype(np.float64)
        return np.concatenate([*regions, colours])


TRACK_NUMBERS = 20 + _COLOUR_LEVELS**3


def track_from_array(values: Points) -> Track | None:
    """The inverse of `Track.to_array`; None for NaN."""
    body, left, right, face = (from_array(values[index : index + 5]) for index in (0, 5, 10, 15))
    if body is None:
        return None
    colours = values[20:].astype(np.float32)
    return Track(body, (left, right), face, colours if np.isfinite(colours).all() else None)


@dataclass(frozen=True)
class Seen:
    """A person in a frame.

    Attributes:
        record: Scalar of `RECORD`.
        track: How to go on.
        colours: (64,) of the torso in this very frame; None when it is not in the picture.
    """

    record: Records
    track: Track
    colours: Floats | None


class PersonNetworks:
    """All networks that look at people, loaded once.

    Raises:
        MissingError: A model is not installed.
    """

    def __init__(self) -> None:
        self.detector = Detector(PERSON)
        self.body = BodyNetwork()
        self.hands = HandNetwork()
        self.face = FaceNetwork()

    def begin(self, picture: npt.NDArray[np.uint8], region: Region) -> Track | None:
        """A track of the body in a region, or None when there is no body.

        The region of a detector or a box is coarse: the body's own landmarks give a better one.
        """
        height, width = picture.shape[:2]
        for _ in range(2):
            if not region.is_usable(width, height, _BODY_LARGEST):
                return None
            body = self.body(picture, region)
            if body.score < LEAST_SCORE:
                return None
            region = body.next_region
        return Track(region)

    def begin_at(self, picture: npt.NDArray[np.uint8], detection: Detection) -> Track | None:
        """A track of a detected person."""
        return self.begin(picture, region_of_detection(detection))

    def presence(self, picture: npt.NDArray[np.uint8], region: Region) -> float:
        """The person detector's score on the part of the picture where a body is looked for."""
        return self.detector(picture, inside_picture(region, picture)).best_score

    def observe(self, picture: npt.NDArray[np.uint8], track: Track, *, check_presence: bool) -> Seen | None:
        """A person in a frame, and how to go on; None when the person is lost.

        Args:
            picture: (H, W, 3) uint8 sRGB.
            track: From the frame before (or after, when going back in time).
            check_presence: Ask the person detector too.
        """
        height, width = picture.shape[:2]
        if not track.body.is_usable(width, height, _BODY_LARGEST):
            return None
        body = self.body(picture, track.body)
        if body.score < LEAST_SCORE or not _is_in_picture(body, width, height):
            return None
        hands, hand_scores = self._hands(picture, body, track)
        face, face_score = self._face(picture, body, track)
        record = blank_records(1)[0]
        _put_body(record, body, person_box(body, width, height))
        _put_hands(record, hands, hand_scores)
        record["face_score"] = face_score
        record["back_view"] = is_back_view(body, face_score)
        if face is not None:
            record["face"] = face.points
            record["face"][:, :2] -= 0.5
            record["pupils"] = self.face.pupils(picture, face) - 0.5
        if check_presence:
            record["presence"] = self.presence(picture, body.next_region)
        colours = colours_of(picture, body)
        sides = (_next(hands[LEFT]), _next(hands[RIGHT]))
        return Seen(record, Track(body.next_region, sides, _next(face), _blend(track.colours, colours)), colours)

    def _hands(
        self, picture: npt.NDArray[np.uint8], body: Body, track: Track
    ) -> tuple[list[Hand | None], tuple[float, float]]:
        found = [self._hand(picture, body, track.hands[side], side) for side in (LEFT, RIGHT)]
        hands: list[Hand | None] = [hand if hand and hand.score >= LEAST_SCORE else None for hand in found]
        left, right = hands
        if left and right and _are_same(left, right):
            strays = [_wrist_distance(hand, body, side) for side, hand in ((LEFT, left), (RIGHT, right))]
            hands[LEFT if strays[LEFT] > strays[RIGHT] else RIGHT] = None
        scores = [hand.score if hand else math.nan for hand in found]
        return hands, (scores[LEFT], scores[RIGHT])

    def _hand(self, picture: npt.NDArray[np.uint8], body: Body, last: Region | None, side: int) -> Hand | None:
        """The hand where it was last seen, or else where the body says; the better of the two."""
        height, width = picture.shape[:2]
        best: Hand | None = None
        for region in (last, self.hands.region_of_body(picture, body, side)):
            if region is None or not region.is_usable(width, height):
                continue
            hand = self.hands(picture, region)
            if not _belongs(hand, body, side):
                hand = replace(hand, score=min(hand.score, 0.0))
            if hand.score >= LEAST_SCORE:
                return hand
            if best is None or hand.score > best.score:
                best = hand
        return best

    def _face(self, picture: npt.NDArray[np.uint8], body: Body, track: Track) -> tuple[Face | None, float]:
        height, width = picture.shape[:2]
        head = head_region(body)
        last = track.face if track.face and head.contains(track.face.x, track.face.y) else None
        best = math.nan
        for attempt in range(2):
            region = last if attempt == 0 else self.face.region_of_body(picture, body)
            if region is None or not region.is_usable(width, height):
                continue
            face = self.face(picture, region)
            if face.score >= LEAST_SCORE and face.next_region.is_usable(width, height):
                return face, face.score
            best = face.score if math.isnan(best) else max(best, face.score)
        return None, best


def inside_picture(region: Region, picture: npt.NDArray[np.uint8]) -> Region:
    """The upright square around the part of a region that lies in the picture."""
    height, width = picture.shape[:2]
    half = max(region.width, region.height) / 2
    left, right = max(0.0, region.x - half), min(float(width), region.x + half)
    top, bottom = max(0.0, region.y - half), min(float(height), region.y + half)
    side = max(right - left, bottom - top, 16.0)
    return Region((left + right) / 2, (top + bottom) / 2, side, side)


def person_box(body: Body, width: int, height: int) -> Points:
    """Left, top, right, bottom of a person in the picture, from the joints and the part of the mask in the picture.

    Shoulders and hips count even where they are outside: the person goes on to the picture's edge there.
    """
    counted = body.visibility > _VISIBLE
    counted[list(_TORSO)] = True
    joints = np.clip(body.points[counted, :2], 0.0, [width, height])
    low, high = joints.min(axis=0), joints.max(axis=0)
    reach = _MASK_REACH * float((high - low).max())
    rows, columns = np.nonzero(body.mask > 0.5)
    places = body.crop.to_picture(np.column_stack([columns, rows]) + 0.5)
    places = places[((places >= 0) & (places <= [width, height])).all(axis=1)]
    if len(places) > 50:
        edges = np.percentile(places, [1.0, 99.0], axis=0)
        low = np.minimum(low, np.maximum(edges[0], low - reach))
        high = np.maximum(high, np.minimum(edges[1], high + reach))
    padding = _BOX_PADDING * float((high - low).max())
    return np.clip(np.concatenate([low - padding, high + padding]), 0.0, [width, height, width, height])


def joint_distance(first: Records, second: Records) -> float:
    """Mean distance of the joints of two records, in parts of the larger person's extent; small for one person."""
    a, b = first["body"][:25, :2].astype(np.float64), second["body"][:25, :2].astype(np.float64)
    extent = max(float(np.ptp(a, axis=0).max()), float(np.ptp(b, axis=0).max()), 1.0)
    return float(np.hypot(*(a - b).T).mean()) / extent


def colours_of(picture: npt.NDArray[np.uint8], body: Body) -> Floats | None:
    """Histogram (64,) of the colours of a torso, to tell people apart; None when it is not in the picture."""
    torso = body.points[[11, 12, 23, 24], :2]
    height, width = picture.shape[:2]
    left, top = np.clip(torso.min(axis=0), 0, [width, height]).astype(int)
    right, bottom = np.clip(torso.max(axis=0), 0, [width, height]).astype(int)
    if right - left < 4 or bottom - top < 4:
        return None
    cells = (picture[top:bottom, left:right] // (256 // _COLOUR_LEVELS)).reshape(-1, 3).astype(np.int64)
    index = (cells[:, 0] * _COLOUR_LEVELS + cells[:, 1]) * _COLOUR_LEVELS + cells[:, 2]
    counts = np.bincount(index, minlength=_COLOUR_LEVELS**3).astype(np.float32)
    return counts / counts.sum()


def likeness(first: Floats | None, second: Floats | None) -> float:
    """Intersection of two colour histograms, 0..1; 0.5 where one is not known."""
    if first is None or second is None:
        return 0.5
    return float(np.minimum(first, second).sum())


def _blend(old: Floats | None, new: Floats | None) -> Floats | None:
    if old is None or new is None:
        return new if old is None else old
    return (old * np.float32(0.9) + new * np.float32(0.1)).astype(np.float32)


def _next(found: Hand | Face | None) -> Region | None:
    return found.next_region if found else None


def _is_in_picture(body: Body, width: int, height: int) -> bool:
    x, y = body.points[:, 0], body.points[:, 1]
    inside = (x > 0) & (x < width) & (y > 0) & (y < height) & (body.visibility > _VISIBLE)
    return bool(np.isfinite(body.points).all()) and int(inside.sum()) >= 2


def _put_body(record: Records, body: Body, box: Points) -> None:
    record["body"] = body.points
    record["body"][:, :2] -= 0.5
    record["body_visibility"] = body.visibility
    record["body_world"] = body.world
    record["body_score"] = body.score
    record["boxes"] = box
    record["region"] = to_array(body.next_region)


def _put_hands(record: Records, hands: list[Hand | None], scores: tuple[float, float]) -> None:
    record["hand_score"] = scores
    for side, hand in enumerate(hands):
        if hand is not None:
            record["hands"][side] = hand.points
            record["hands"][side, :, :2] -= 0.5
            record["hands_world"][side] = hand.world


def _size(hand: Hand) -> float:
    return float(np.ptp(hand.points[:, :2], axis=0).max())


def _wrist_distance(hand: Hand, body: Body, side: int) -> float:
    return float(np.hypot(*(hand.points[0, :2] - body.points[_WRISTS[side], :2])))


def _belongs(hand: Hand, body: Body, side: int) -> bool:
    """Whether a hand hangs on its own wrist, not on the other one or nowhere."""
    own, other = _wrist_distance(hand, body, side), _wrist_distance(hand, body, 1 - side)
    size = _size(hand)
    return bool(np.isfinite(hand.points).all()) and own < 0.8 * size and (own < other or own < 0.4 * size)


def _are_same(left: Hand, right: Hand) -> bool:
    distance = float(np.hypot(*(left.points[:, :2] - right.points[:, :2]).T).mean())
    return distance < 0.15 * max(_size(left), _size(right))
