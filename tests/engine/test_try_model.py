"""A try and a redrawn region with a tiny model in the true classes, by the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tiny_diffusion
from carry_shot import Listener, make_shot
from lineboil.addon.engine import cli, pipeline
from lineboil.addon.engine.frames import frame_name
from lineboil.addon.engine.image import files
from lineboil.addon.engine.key_list import Key, KeyList, keys_text
from lineboil.addon.engine.messages import Failed
from lineboil.addon.engine.models import kept
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.tries import Tries

HEIGHT, WIDTH = 128, 192


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shot:
    rng = np.random.default_rng(3)
    pictures = [rng.random((HEIGHT, WIDTH, 3), np.float32) for _ in range(2)]
    folder = tiny_diffusion.folder("sd15").as_posix()
    values = {"prompt": "a cat", "model": folder, "cell_multiple": 8, "device": "cpu", "steps": 4}
    settings = {f"diffuse__{name}": value for name, value in {"engine": "diffusion", **values}.items()}
    settings |= {f"controls__{kind}": False for kind in ("lineart", "depth", "openpose")}
    made = make_shot(tmp_path / "shot", pictures, **settings)
    (made.root / "keys.json").write_text(keys_text(KeyList((Key(1), Key(2)))), encoding="utf-8")
    # The stages before are there already.
    monkeypatch.setattr(pipeline, "run", lambda *_, **__: None)
    return made


def lineboil(*words: object) -> tuple[dict, list]:
    listener = Listener()
    last = cli.conclude(cli.parse([str(word) for word in words]), listener)
    assert not isinstance(last, Failed), last
    return last.result, listener.messages


def test_equal_seeds_give_equal_bits_and_regions_stay_in_theirs(shot: Shot) -> None:
    history = Tries(shot.state)
    _, told = lineboil("try", shot.root, "--frame", 1, "--seeds", "4,5")
    lineboil("try", shot.root, "--frame", 1, "--seeds", "4", "--from", 2)
    first, second, again = (files.read_rgb8(history.picture(number)) for number in (1, 2, 3))
    assert first.shape == (HEIGHT // 2, WIDTH // 2, 3)
    assert np.array_equal(first, again) and not np.array_equal(first, second)
    assert any(one.kind == "preview" and one.path.endswith("try-live.png") for one in told)
    assert history.get(3).settings == history.get(1).settings and history.get(1).facts["device"] == "cpu"
    lineboil("try", shot.root, "--grid", 1, "--size", "0.25")
    assert history.get(4).what == "grid"

    key = np.random.default_rng(8).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    files.write_rgb(shot.root / "styled" / frame_name(1), key)
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[40:80, 60:110] = 1
    files.write_grey(shot.root / "mask.png", mask)
    lineboil("redraw", shot.root, "--frame", 1, "--mask", shot.root / "mask.png", "--size", 256)
    drawn = files.read_rgb8(shot.root / "styled" / frame_name(1))
    assert np.array_equal(drawn[mask == 0], key[mask == 0])
    assert not np.array_equal(drawn[mask == 1], key[mask == 1])

    # What a worker does when the artist frees the memory.
    assert kept.free() == [tiny_diffusion.folder("sd15").name] and kept.free() == []
