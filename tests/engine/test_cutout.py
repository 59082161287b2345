"""The cutout stage on small synthetic shots."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from carry_shot import make_shot, run_stage
from lineboil.addon.engine.frames import frame_name
from lineboil.addon.engine.image import files


def shot(root: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    matte = np.zeros((120, 160), np.float32)
    cv2.circle(matte, (80, 60), 35, (1.0,), -1)
    matte = cv2.GaussianBlur(matte, (0, 0), 1.2)
    red, blue = np.zeros((120, 160, 3), np.float32), np.zeros((120, 160, 3), np.float32)
    red[..., 0], blue[..., 2] = 0.8, 1
    picture = red * matte[..., None] + blue * (1 - matte[..., None])
    empty = np.zeros_like(matte)
    make_shot(root, [picture, picture], [matte, empty], diffuse__engine="off", upscale__engine="off")
    depth = np.where(matte > 0.5, np.float32(0.8), np.float32(0.1))
    for frame in (1, 2):
        files.write_grey(root / "depth" / frame_name(frame), depth, bits=16)
    return root, matte, picture


def test_no_background_is_left_at_the_edge(tmp_path: Path) -> None:
    root, matte, picture = shot(tmp_path / "shot")
    run_stage(root, "cutout")
    colour = files.read_rgb(root / "cutout/colour" / frame_name(1))
    edge = (matte > 0.02) & (matte < 0.98)
    assert picture[edge][:, 2].max() > 0.9
    assert colour[edge][:, 2].max() < 0.06
    inside = cv2.erode(matte, np.ones((9, 9))) > 0.98
    assert np.abs(colour[inside] - picture[inside]).max() < 0.003


def test_depth_has_no_skirt_and_sixteen_bits(tmp_path: Path) -> None:
    root, _, _ = shot(tmp_path / "shot")
    run_stage(root, "cutout")
    depth = cv2.imread(str(root / "cutout/depth" / frame_name(1)), cv2.IMREAD_UNCHANGED)
    assert depth.dtype == np.uint16
    assert np.abs(depth / 65535 - 0.8).max() < 1e-3


def test_an_empty_matte_keeps_picture_and_depth(tmp_path: Path) -> None:
    root, _, picture = shot(tmp_path / "shot")
    run_stage(root, "cutout")
    colour = files.read_rgb(root / "cutout/colour" / frame_name(2))
    assert np.abs(colour - picture).max() < 0.003
    depth = files.read_grey(root / "cutout/depth" / frame_name(2))
    assert np.array_equal(depth, files.read_grey(root / "depth" / frame_name(2)))
