# SPDX-License-Identifier: GPL-3.0-or-later
"""What each measure that makes grids agree does to the difference between them.

    python benchmarks/diffuse_agreement.py

Two grids show the same figure in other poses before the same place; the first is the anchor. Two parts:

- by a tiny Stable Diffusion 1.5 of random weights in the true classes: how far the second grid's colours are from the
  anchor's, without and with each measure. It shows that a measure acts and what it costs; how well it does so with a
  trained model it cannot show.
- by made-up looks: each grid is coloured by a look of its own, as a model does that draws each anew; how far colour
  matching takes that back.

Difference is the distance of the mean colours and of their spread in Lab, inside and outside the figure, in levels.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests")]

import tiny_diffusion as tiny  # noqa: E402
from lineboil.addon.engine.image.match import match_cells, match_statistics  # noqa: E402
from lineboil.addon.engine.models.diffusion.diffuser import diffuser_for  # noqa: E402
from lineboil.addon.engine.models.diffusion.request import Model, Request  # noqa: E402

CELL, REPEATS = 128, 4


def figure(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A figure in some pose before a place, uint8 (CELL, CELL, 3), and its matte."""
    draws = np.random.default_rng(seed)
    rows = np.linspace(60, 150, CELL)[:, None, None]
    picture = np.broadcast_to(rows * (0.8, 0.9, 1.0), (CELL, CELL, 3)).astype(np.uint8).copy()
    cv2.rectangle(picture, (70, 20), (120, 127), (150, 110, 70), -1)
    matte = np.zeros((CELL, CELL), np.uint8)
    at = 40 + int(draws.integers(0, 40))
    for mask, colour in ((picture, (190, 60, 50)), (matte, 255)):
        cv2.ellipse(mask, (at, 80), (18, 40), float(draws.integers(-25, 25)), 0, 360, colour, -1)
        cv2.circle(mask, (at, 30), 14, (220, 180, 150) if mask is picture else 255, -1)
    return picture, (matte > 0).astype(np.float32)


def difference(one: np.ndarray, other: np.ndarray, mattes: tuple[np.ndarray, np.ndarray]) -> float:
    """Between two pictures (H, W, 3), uint8, of other poses."""
    labs = [cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab) for picture in (one, other)]
    total = []
    for inside in (True, False):
        first, second = (lab[(matte > 0.5) == inside] for lab, matte in zip(labs, mattes, strict=True))
        total += [np.linalg.norm(first.mean(0) - second.mean(0)), np.linalg.norm(first.std(0) - second.std(0))]
    return float(np.mean(total))


def by_tiny_model() -> None:
    model = Model("sd15", tiny.folder(), ip_adapter=tiny.ip_adapter(), image_encoder=tiny.image_encoder())
    diffuser = diffuser_for(model, "cpu")
    anchor, second = figure(0), figure(1)
    measures: dict[str, dict] = {
        "other seed": {"seed": 99}, "same seed": {}, "attention shared": {"anchor": 1}, "reference": {"reference": 1},
        "attention and reference": {"anchor": 1, "reference": 1},
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in measures}
    for repeat in range(REPEATS):
        base = Request(prompt="a person, oil painting", image=anchor[0], strength=0.8, steps=10, seed=repeat)
        wanted = diffuser.draw(base)
        for name, more in measures.items():
            seed = base.seed + more.get("seed", 0)
            given = {part: wanted for part in ("anchor", "reference") if part in more}
            start = time.perf_counter()
            drawn = diffuser.draw(replace(base, image=second[0], seed=seed, **given))
            seconds = time.perf_counter() - start
            found[name].append((difference(wanted, drawn, (anchor[1], second[1])), seconds))
    print("| tiny model, random weights | difference to the anchor | seconds |\n|---|---|---|")
    for name, values in found.items():
        print(f"| {name} | {np.mean([value for value, _ in values]):.2f} | {np.median([s for _, s in values]):.2f} |")


def look(picture: np.ndarray, draws: np.random.Generator, strength: float) -> np.ndarray:
    """A picture coloured as a model might: an affine map of the colours, a curve, and a texture."""
    mixed = np.eye(3) + draws.normal(0, 0.12 * strength, (3, 3))
    values = (picture / 255) @ mixed + draws.normal(0, 0.05 * strength, 3)
    values = np.clip(values, 0, 1) ** np.exp(draws.normal(0, 0.25 * strength))
    return np.clip(values + draws.normal(0, 0.02, values.shape), 0, 1).astype(np.float32)


def by_made_up_looks() -> None:
    print("\n| made-up looks | no matching | by statistics inside the matte | by the shared cell |\n|---|---|---|---|")
    for strength in (0.5, 1.0, 2.0):
        rows = []
        for repeat in range(20):
            draws = np.random.default_rng(repeat)
            anchor, second = figure(2 * repeat), figure(2 * repeat + 1)
            first_look, other_look = draws.spawn(2)
            wanted = look(anchor[0], first_look, strength)
            # The same look once more, for the anchor as the second grid draws it.
            state = other_look.bit_generator.state
            drawn = look(second[0], other_look, strength)
            other_look.bit_generator.state = state
            own = look(anchor[0], other_look, strength)
            mattes = (anchor[1], second[1])
            results = (
                drawn, match_statistics(drawn, second[1], wanted, anchor[1]), match_cells(drawn, own, wanted)
            )
            rows.append([difference(wanted * 255, result * 255, mattes) for result in results])
        print(f"| looks {strength:g} apart | " + " | ".join(f"{value:.2f}" for value in np.mean(rows, 0)) + " |")


if __name__ == "__main__":
    by_tiny_model()
    by_made_up_looks()
