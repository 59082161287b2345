"""Mattes the artist brings, at the footage's size or the frames', lie where the frames do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from carry_shot import make_shot, run_stage
from lineboil.addon.engine import footage as footage_module
from lineboil.addon.engine.errors import InputError
from lineboil.addon.engine.image import files

WIDTH, HEIGHT, SOURCE = 96, 64, (102, 70)


def disc(width, height, at):
    rows, columns = np.mgrid[:height, :width]
    return (np.hypot(columns - at[0], rows - at[1]) < 12).astype(np.float32)


def shot_with(tmp_path, matte):
    root = tmp_path / "shot"
    make_shot(root, [np.zeros((HEIGHT, WIDTH, 3), np.float32)], matte__engine="given", matte__folder="mattes")
    path = root / "footage.json"
    footage = footage_module.load_footage(path)
    path.write_text(footage_module.footage_text(replace(footage, source_width=SOURCE[0], source_height=SOURCE[1])))
    files.write_grey(root / "mattes/000001.png", matte)
    (root / "matte/000001.png").unlink()
    return root


def test_mattes_at_the_footages_size_are_cut_as_its_frames_are(tmp_path):
    # `footage.multiple` is 8: three pixels are cut from every side.
    root = shot_with(tmp_path, disc(*SOURCE, (3 + 40, 3 + 30)))
    run_stage(root, "matte")
    assert np.array_equal(files.read_grey(root / "matte/000001.png"), disc(WIDTH, HEIGHT, (40, 30)))


def test_mattes_at_the_frames_size_are_taken_as_they_are(tmp_path):
    root = shot_with(tmp_path, disc(WIDTH, HEIGHT, (40, 30)))
    run_stage(root, "matte")
    assert np.array_equal(files.read_grey(root / "matte/000001.png"), disc(WIDTH, HEIGHT, (40, 30)))


def test_another_size_is_told(tmp_path):
    root = shot_with(tmp_path, disc(50, 50, (20, 20)))
    with pytest.raises(InputError, match=r"000001\.png.*is 50x50 pixels, the footage is 96x64"):
        run_stage(root, "matte")
