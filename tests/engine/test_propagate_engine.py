"""The engine that mixes frames: chosen by what is there, never changed amid a film without a word."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from carry_shot import make_shot, paint, run_stage
from lineboil.addon.engine.errors import MissingError
from lineboil.addon.engine.image import files, torch_device
from lineboil.addon.engine.image.torch_device import Device
from lineboil.addon.engine.key_list import Key, KeyList, keys_text
from lineboil.addon.engine.messages import Warned
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages import propagate_engine
from lineboil.addon.engine.stages.propagate_carry import Carrier
from lineboil.addon.engine.state import ShotState

ROOT = Path(__file__).resolve().parents[2]
HEIGHT, WIDTH, COUNT = 60, 96, 4
CARD = Device("cpu", "a card of tests")


def texture(seed):
    noise = np.random.default_rng(seed).random((HEIGHT, WIDTH + 16, 3), dtype=np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return (smooth - smooth.min()) / (smooth.max() - smooth.min())


@pytest.fixture
def shot(tmp_path):
    """Footage that pans, its first and last frame painted; flow found."""

    def make(**settings):
        wide = texture(1)
        pictures = [wide[:, at : at + WIDTH] for at in range(COUNT)]
        root = tmp_path / "shot"
        make_shot(root, pictures, **{"matte__engine": "off", **settings})
        (root / "keys.json").write_text(keys_text(KeyList((Key(1), Key(COUNT)))), encoding="utf-8")
        for key in (1, COUNT):
            paint(root, key, np.round(pictures[key - 1] * 4) / 4)
        run_stage(root, "flow")
        return root

    return make


def facts(root):
    return ShotState(Shot(root)).record("propagate").facts


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.setattr(torch_device, "is_installed", lambda: False)


def test_auto_is_the_processor_without_torch(shot, no_torch):
    root = shot()
    run_stage(root, "propagate")
    assert facts(root)["engine"] == "cpu"


def test_torch_asked_for_and_not_there_is_told(shot, no_torch):
    root = shot(propagate__engine="torch")
    with pytest.raises(MissingError, match="PyTorch is not installed") as caught:
        run_stage(root, "propagate")
    assert "propagate.engine to auto" in caught.value.remedy


def test_a_film_begun_by_the_processor_goes_on_by_it(shot, no_torch, monkeypatch):
    root = shot()
    run_stage(root, "propagate", frames=(1, 2))
    monkeypatch.setattr(torch_device, "graphics_card", lambda: CARD)
    seen = devices(monkeypatch)
    run_stage(root, "propagate")
    assert seen == [None]
    assert facts(root)["engine"] == "cpu"


def test_a_film_begun_on_a_card_that_is_gone_is_told(shot, no_torch, monkeypatch):
    root = shot()
    run_stage(root, "propagate", frames=(1, 2))
    state = ShotState(Shot(root))
    record = state.record("propagate")
    record.facts["engine"] = "torch"
    state.save("propagate", record)
    listener = run_stage(root, "propagate")
    warnings = [message.text for message in listener.messages if isinstance(message, Warned)]
    assert any("the processor goes on" in text for text in warnings)
    assert facts(root)["engine"] == "cpu"


def test_the_card_is_taken_where_it_is_and_not_for_the_crossfade(shot, monkeypatch):
    root = shot()
    monkeypatch.setattr(torch_device, "graphics_card", lambda: CARD)
    seen = devices(monkeypatch)
    monkeypatch.setattr(Carrier, "carry", lambda *_: None)
    run_stage(root, "propagate")
    assert seen == [CARD]
    assert facts(root) | {"engine": "torch", "device": CARD.name} == facts(root)


def test_the_film_of_torch_is_that_of_the_processor(shot, monkeypatch):
    pytest.importorskip("torch")
    root = shot(propagate__engine="torch")
    monkeypatch.setattr(torch_device, "graphics_card", lambda: None)
    run_stage(root, "propagate")
    assert facts(root)["engine"] == "torch"
    found = [files.read_rgb8(path).astype(float) for path in sorted((root / "propagated").glob("*.png"))]
    bytes_of = {path.name: path.read_bytes() for path in (root / "propagated").glob("*.png")}
    (root / "propagated" / "000003.png").unlink()
    run_stage(root, "propagate")
    assert bytes_of == {path.name: path.read_bytes() for path in (root / "propagated").glob("*.png")}
    Shot(root).change({"propagate.engine": "cpu"})
    run_stage(root, "propagate")
    assert facts(root)["engine"] == "cpu"
    for path, made in zip(sorted((root / "propagated").glob("*.png")), found, strict=True):
        difference = np.abs(files.read_rgb8(path) - made)
        assert difference.mean() < 0.5
        assert np.mean(difference < 3) >= 0.999


def devices(monkeypatch):
    """What the stage is told to mix on, of every run from here."""
    seen = []
    resolve = propagate_engine.tell

    def told(context, device):
        seen.append(device)
        resolve(context, device)

    monkeypatch.setattr("lineboil.addon.engine.stages.propagate.tell", told)
    return seen


def test_torch_is_named_in_its_own_files_only():
    for path in (ROOT / "addon").rglob("*.py"):
        if path.name.startswith("torch_") or path.parent.name in ("diffusion", "vision"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
        assert not [name for name in names if name.split(".")[0] == "torch"], path


def test_the_stage_does_not_load_torch_by_itself():
    code = "import sys; import lineboil.addon.engine.stages.propagate; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
