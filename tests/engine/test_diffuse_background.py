"""Words for what is outside the matte."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from carry_shot import Listener, make_shot, run_stage
from lineboil.addon.engine.image import files

pytest.importorskip("diffusers")

import tiny_diffusion as tiny
from lineboil.addon.engine.models.diffusion.request import Request
from lineboil.addon.engine.schema.registry import BY_NAME
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages import diffuse_model, diffuse_parts, diffuse_redraw, diffuse_request
from lineboil.addon.engine.stages.context import StageContext
from lineboil.addon.engine.state import Record, ShotState

HEIGHT, WIDTH = 64, 96
MATTE = np.zeros((HEIGHT, WIDTH), np.float32)
MATTE[:, : WIDTH // 2] = 1


@pytest.fixture(autouse=True)
def no_controls(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (diffuse_parts, diffuse_request):
        monkeypatch.setattr(module, "kinds_of", lambda *_: ())


def ready(root: Path, keys: tuple[dict, ...] = ({"frame": 1},), whole: bool = False, **settings: object) -> Path:
    pictures = [np.random.default_rng(2).random((HEIGHT, WIDTH, 3), np.float32)] * 2
    values = {
        "engine": "diffusion", "model": str(tiny.folder()), "device": "cpu", "prompt": "a person", "style": "ink",
        "mode": "single", "cell_multiple": 8, "steps": 2, "strength": 0.5, "grid_long_side": 256, **settings,
    }
    mattes = [np.ones_like(MATTE)] * 2 if whole else [MATTE, 1 - MATTE]
    make_shot(root, pictures, mattes, **{f"diffuse__{name}": value for name, value in values.items()})
    (root / "keys.json").write_text(json.dumps({"version": 1, "keys": list(keys)}), encoding="utf-8")
    return root


def asked(monkeypatch: pytest.MonkeyPatch, root: Path) -> tuple[list[Request], list[str]]:
    """What the model is asked, and what is told; pictures are given back as they are."""
    requests: list[Request] = []

    class Draws:
        def draw(self, request: Request, _: object) -> np.ndarray:
            requests.append(request)
            return request.image

    monkeypatch.setattr(diffuse_model, "diffuser_for", lambda *_: Draws())
    heard = run_stage(root, "diffuse").messages
    return requests, [text for message in heard if (text := getattr(message, "text", ""))]


def test_the_background_is_a_part_with_its_words_in_the_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (request,), _ = asked(monkeypatch, ready(tmp_path / "shot", background_prompt="a street, snow"))
    (cell,) = request.cells
    assert (request.prompt, cell.prompt) == ("a person, ink", "a street, snow, ink")
    assert cell.seed is None and cell.strength is None
    assert np.array_equal(cell.mask, 1 - MATTE)
    (without,), _ = asked(monkeypatch, ready(tmp_path / "without"))
    assert without.cells == ()


def test_a_keys_own_words_are_its_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ({"frame": 1}, {"frame": 2, "prompt": "a red house", "seed": 9})
    root = ready(tmp_path / "shot", keys, mode="grid", background_prompt="a street")
    (request,), _ = asked(monkeypatch, root)
    background, own, seeded = request.cells
    assert (background.prompt, own.prompt, seeded.prompt) == ("a street, ink", "a red house, ink", None)
    assert (own.seed, seeded.seed) == (None, 9)
    # Words never overlap, and the whole cell has its noise.
    assert float((background.mask + own.mask).max()) <= 1
    assert own.mask.sum() * 2 == pytest.approx(seeded.mask.sum(), rel=0.01)


def test_pictures_differ_where_the_words_do(tmp_path: Path) -> None:
    found = []
    for number, words in enumerate(("", "a street of red houses")):
        root = ready(tmp_path / str(number), background_prompt=words, strength=1.0, steps=4)
        run_stage(root, "diffuse")
        found.append(files.read_rgb8(root / "styled" / "000001.png").astype(int))
    change = np.abs(found[0] - found[1]).mean(axis=(0, 2))
    assert change[WIDTH // 2 :].mean() > change[: WIDTH // 2].mean()


def test_without_a_background_it_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ({"frame": 1}, {"frame": 2})
    requests, told = asked(monkeypatch, ready(tmp_path / "shot", keys, whole=True, background_prompt="a street"))
    assert len(requests) == 2 and all(request.cells == () for request in requests)
    assert sum("the matte takes the whole picture" in text for text in told) == 1


def test_a_region_drawn_again_keeps_its_backgrounds_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = ready(tmp_path / "shot", background_prompt="a street")
    run_stage(root, "diffuse")
    seen: list[Request] = []

    class Draws:
        def draw(self, request: Request, _: object) -> np.ndarray:
            seen.append(request)
            return request.image

    monkeypatch.setattr(diffuse_redraw, "diffuser_for", lambda *_: Draws())
    mask = root / "mask.png"
    painted = np.zeros((HEIGHT, WIDTH), np.float32)
    painted[16:48, 32:64] = 1
    files.write_grey(mask, painted)
    context = _context(root)
    diffuse_redraw.redraw(context, diffuse_redraw.Region(1, mask=mask), keeps_key=True)
    (cell,) = seen[0].cells
    assert cell.mask.shape == seen[0].image.shape[:2] and cell.prompt == "a street, ink"
    assert cell.mask[:, 0].max() < 0.1 and cell.mask[:, -1].min() > 0.9


def _context(root: Path) -> StageContext:
    state, spec = ShotState(Shot(root)), BY_NAME["diffuse"]
    return StageContext(state, spec, state.record("diffuse") or Record(parts={}), (1,), Listener())
