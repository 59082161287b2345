"""Keys enlarged before they are carried: the film is as large and crisper; sizes, transparency, what is made again."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from carry_shot import Listener, make_shot, paint, run_stage
from lineboil.addon.engine import pipeline
from lineboil.addon.engine.errors import InputError
from lineboil.addon.engine.frames import list_frames
from lineboil.addon.engine.image import files
from lineboil.addon.engine.key_list import Key, KeyList, keys_text
from lineboil.addon.engine.schema.registry import BY_NAME
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages.upscale import lanczos, reduced
from lineboil.addon.engine.stages.upscale_keys import enlarged
from lineboil.addon.engine.state import ShotState

HEIGHT, WIDTH, FRAMES, KEYS = 96, 128, 7, (1, 4, 7)


def footage(frame):
    """Speckled ground that slides two pixels a frame."""
    ground = np.random.default_rng(3).random((HEIGHT, WIDTH + 2 * FRAMES + 2, 3), np.float32)
    ground = cv2.GaussianBlur(ground, (0, 0), 1.5)
    return np.clip((ground - 0.5) * 3 + 0.5, 0, 1)[:, 2 * frame : 2 * frame + WIDTH]


@pytest.fixture
def shot(tmp_path):
    root = tmp_path / "shot"
    pictures = [footage(frame) for frame in range(1, FRAMES + 1)]
    make_shot(root, pictures, diffuse__engine="painted", matte__engine="off", upscale_keys__engine="lanczos")
    (root / "keys.json").write_text(keys_text(KeyList(tuple(Key(key, "test") for key in KEYS))))
    for key in KEYS:
        paint(root, key, pictures[key - 1])
    run_stage(root, "flow")
    carry(root)
    return root


def carry(root):
    state = ShotState(Shot(root))
    for stage in ("upscale_keys", "propagate"):
        if state.is_enabled(stage):
            run_stage(root, stage)


def read(root, folder, frame):
    return files.read_rgb(root / folder / f"{frame:06d}.png")


def changed(root, before):
    return [frame for frame in before if (root / f"propagated/{frame:06d}.png").stat().st_mtime_ns != before[frame]]


def stamps(root):
    return {frame: (root / f"propagated/{frame:06d}.png").stat().st_mtime_ns for frame in range(1, FRAMES + 1)}


def test_only_keys_are_enlarged_and_the_film_is_as_large(shot):
    assert list_frames(shot / "upscaled_keys") == list(KEYS)
    for key in KEYS:
        assert np.array_equal(read(shot, "propagated", key), read(shot, "upscaled_keys", key))
    for frame in range(1, FRAMES + 1):
        carried = read(shot, "propagated", frame)
        assert carried.shape == (2 * HEIGHT, 2 * WIDTH, 3)
        inside = (slice(16, -16), slice(32, -32))
        assert np.abs(reduced(carried, 2) - footage(frame))[inside].mean() < 0.03


def test_the_film_is_as_crisp_as_its_keys(shot):
    def edges(image):
        return float(np.abs(np.diff(image[20:-20, 40:-40], axis=1)).mean())

    assert edges(read(shot, "propagated", 3)) > 0.9 * edges(read(shot, "upscaled_keys", 4))


def test_a_key_painted_over_is_carried_and_only_beside_it(shot):
    before = stamps(shot)
    own = read(shot, "upscaled_keys", 1)
    own[:40] = (1, 0, 0)
    files.write_rgb(shot / "upscaled_keys/000001.png", own)
    carry(shot)
    assert np.array_equal(read(shot, "propagated", 1), read(shot, "upscaled_keys", 1))
    assert changed(shot, before) == [1, 2, 3]


def test_off_again_carries_at_the_keys_own_size_and_the_other_way_all_is_made_anew(shot):
    Shot(shot).change({"upscale_keys.engine": "off"})
    carry(shot)
    assert {read(shot, "propagated", frame).shape for frame in range(1, FRAMES + 1)} == {(HEIGHT, WIDTH, 3)}
    Shot(shot).change({"upscale_keys.engine": "lanczos", "upscale_keys.scale": 4})
    carry(shot)
    assert {read(shot, "propagated", frame).shape for frame in range(1, FRAMES + 1)} == {(4 * HEIGHT, 4 * WIDTH, 3)}


def test_a_key_redrawn_is_enlarged_alone(shot):
    before = {key: (shot / f"upscaled_keys/{key:06d}.png").stat().st_mtime_ns for key in KEYS}
    paint(shot, 4, footage(1))
    carry(shot)
    now = {key: (shot / f"upscaled_keys/{key:06d}.png").stat().st_mtime_ns for key in KEYS}
    assert [key for key in KEYS if now[key] != before[key]] == [4]


def test_an_own_picture_of_another_scale_is_told_while_all_is_there(shot):
    own = read(shot, "upscaled_keys", 4)
    files.write_rgb(shot / "upscaled_keys/000004.png", 1 - own)
    Shot(shot).change({"upscale_keys.scale": 4})
    state = ShotState(Shot(shot))
    spec = BY_NAME["upscale_keys"]
    with pytest.raises(InputError, match=r"000004\.png: is your own picture of 256x192 pixels.*512x384.*delete it"):
        pipeline._run_stage(state, spec, None, Listener())
    assert list_frames(shot / "upscaled_keys") == list(KEYS)


def test_the_preview_enlarges_nothing(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(pipeline, "_run_stage", lambda state, spec, *_: asked.append(spec.name))
    root = tmp_path / "shot"
    make_shot(root, [footage(1)], diffuse__engine="painted", upscale_keys__engine="lanczos")
    pipeline.run(Shot(root), Listener(), stage="propagate", inputs_only=True)
    assert "diffuse" in asked and not {"upscale_keys", "propagate"} & set(asked)
    pipeline.run(Shot(root), Listener(), stage="propagate")
    assert "upscale_keys" in asked


def test_transparency_is_enlarged_without_a_rim():
    picture = np.zeros((20, 30, 4), np.float32)
    picture[5:15, 10:20] = (0.9, 0.2, 0.1, 1)
    result = enlarged(picture, lambda image: lanczos(image, 2), 2)
    assert result.shape == (40, 60, 4)
    shown = result[..., 3] > 0.3
    assert np.abs(result[shown][:, :3] - (0.9, 0.2, 0.1)).max() < 0.12
    assert result[..., 3].max() <= 1 and result[0, 0, 3] == 0
