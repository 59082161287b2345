# SPDX-License-Identifier: GPL-3.0-or-later
"""What each measure that makes grids agree does to the difference between them, alone and all together.

    python benchmarks/diffuse_agreement.py [REPEATS]

Two grids show the same figure in other poses before the same place; the first is the anchor's. Three parts:

- by a tiny Stable Diffusion 1.5 of random weights in the true classes: how far a key of the second grid is from the
  anchor, without any measure, with each alone, and with all. It shows that a measure acts and what it costs; how well
  it does so with a trained model it cannot show.
- by a made-up model that is known exactly: every grid gets a look of its own, drawn by chance from the noise and from
  what is in the grid, the same for all its cells; the denoiser is the true mean of that. It shows what holding the
  anchor's cell does in a model that wants its cells alike, by the scheduler and the code of the real thing.
- by made-up colours: each grid is coloured by a look of its own; how far colour matching takes that back.

Difference is the distance of the mean colours and of their spread in Lab, inside and outside the figure, in levels; of
the exact model, that of the looks, in units of their spread.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests")]

import tiny_diffusion as tiny  # noqa: E402
from lineboil.addon.engine.image.match import match_cells, match_statistics  # noqa: E402
from lineboil.addon.engine.models.diffusion.diffuser import diffuser_for  # noqa: E402
from lineboil.addon.engine.models.diffusion.held import Held  # noqa: E402
from lineboil.addon.engine.models.diffusion.request import Model, Request  # noqa: E402
from lineboil.addon.engine.models.diffusion.schedulers import make_scheduler  # noqa: E402

CELL = 128


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


def by_tiny_model(repeats: int) -> None:
    """Draw with the tiny model and print its table."""
    model = Model("sd15", tiny.folder(), ip_adapter=tiny.ip_adapter(), image_encoder=tiny.image_encoder())
    diffuser = diffuser_for(model, "cpu")
    anchor, second, other = figure(0), figure(1), figure(2)
    mattes = anchor[1], second[1]
    grids = [np.hstack([anchor[0], beside[0]]) for beside in (other, second)]
    measures: dict[str, tuple[str, ...]] = {
        "none: another seed": (),
        "the same seed": ("seed",),
        "the anchor's finished cell held": ("held",),
        "attention shared with the first grid": ("anchor",),
        "the anchor as reference (IP-Adapter)": ("reference",),
        "colours by the shared cell": ("cells",),
        "colours by statistics": ("statistics",),
        "seed, held, attention, colours (the default)": ("seed", "held", "anchor", "statistics"),
        "all, with the reference": ("seed", "held", "anchor", "reference", "statistics"),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in measures}
    for repeat in range(repeats):
        base = Request(prompt="a person, oil painting", image=grids[0], strength=0.8, steps=10, seed=repeat)
        whole = diffuser.draw(base)
        for name, parts in measures.items():
            start = time.perf_counter()
            drawn = diffuser.draw(agreeing(replace(base, image=grids[1]), whole, parts))
            seconds = time.perf_counter() - start
            key = matched(drawn, whole[:, :CELL], mattes, parts)
            found[name].append((difference(whole[:, :CELL], key, mattes), seconds))
    print("| tiny model, random weights | difference to the anchor | seconds a grid |\n|---|---|---|")
    print(f"| as filmed | {difference(anchor[0], second[0], mattes):.2f} | |")
    for name, values in found.items():
        print(f"| {name} | {np.mean([value for value, _ in values]):.2f} | {np.median([s for _, s in values]):.2f} |")


def agreeing(request: Request, whole: np.ndarray, parts: tuple[str, ...]) -> Request:
    """The second grid's request with measures that act while it is drawn."""
    if "seed" not in parts:
        request = replace(request, seed=request.seed + 99)
    if "anchor" in parts:
        request = replace(request, anchor=whole)
    if "reference" in parts:
        request = replace(request, reference=np.ascontiguousarray(whole[:, :CELL]))
    if "held" in parts:
        kept = np.hstack([whole[:, :CELL], request.image[:, CELL:]])
        mask = np.ones(kept.shape[:2], np.float32)
        mask[:, :CELL] = 0
        request = replace(request, image=kept, kept=kept, mask=mask)
    return request


def matched(
    drawn: np.ndarray, anchor: np.ndarray, mattes: tuple[np.ndarray, np.ndarray], parts: tuple[str, ...]
) -> np.ndarray:
    """The second grid's key after what is done with colours, uint8 (CELL, CELL, 3)."""
    own, key = (part.astype(np.float32) / 255 for part in (drawn[:, :CELL], drawn[:, CELL:]))
    wanted = anchor.astype(np.float32) / 255
    if "cells" in parts:
        key = match_cells(key, own, wanted)
    if "statistics" in parts:
        key = match_statistics(key, mattes[1], wanted, mattes[0])
    return np.rint(key * 255).astype(np.uint8)


class Exact:
    """A model of which all is known: a grid is its footage, one look for all cells (N(middle, 1) a channel), and grain.

    Args:
        footage: Latents, (1, 4, h, w).
        middle: The look that the contents of this grid suggest, (4,).
    """

    GRAIN = 0.5

    def __init__(self, footage: torch.Tensor, middle: torch.Tensor) -> None:
        self._footage, self._middle = footage, middle.view(1, 4, 1, 1)

    def noise(self, latents: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
        """The expected noise in latents of which `share` (0..1, cumulated alpha) is signal."""
        seen = latents / share.sqrt() - self._footage - self._middle
        blur = self.GRAIN**2 + (1 - share) / share
        look = seen.mean((2, 3), keepdim=True) / (1 + blur / seen[0, 0].numel())
        clean = self._footage + self._middle + look + self.GRAIN**2 / blur * (seen - look)
        return (latents - share.sqrt() * clean) / (1 - share).sqrt()


def by_exact_model(repeats: int) -> None:
    """Draw with the exact model and print its table."""
    print("\n| exact model | another seed | the same seed | cell held | the same seed, cell held |")
    print("|---|---|---|---|---|")
    for cells in (2, 4, 6):
        rows = []
        for repeat in range(repeats):
            draws = torch.Generator().manual_seed(repeat)
            footage = [torch.randn((1, 4, 16, 16 * cells), generator=draws) for _ in range(2)]
            middles = [torch.randn(4, generator=draws) for _ in range(2)]
            first = drawn_exactly(footage[0], middles[0], repeat, None)
            # The anchor stands in the first cell of both.
            footage[1][..., :16] = footage[0][..., :16]
            wanted = look_of(first, footage[0])[..., :16].mean((0, 2, 3))
            row = []
            for seed, is_held in ((repeat + 99, False), (repeat, False), (repeat + 99, True), (repeat, True)):
                drawn = drawn_exactly(footage[1], middles[1], seed, first if is_held else None)
                row.append((look_of(drawn, footage[1])[..., 16:].mean((0, 2, 3)) - wanted).norm().item() / 2)
            rows.append(row)
        print(f"| {cells} cells a grid | " + " | ".join(f"{value:.2f}" for value in np.mean(rows, 0)) + " |")


def look_of(drawn: torch.Tensor, footage: torch.Tensor) -> torch.Tensor:
    """What a drawing has beyond the footage."""
    return drawn - footage


def drawn_exactly(
    footage: torch.Tensor, middle: torch.Tensor, seed: int, first: torch.Tensor | None
) -> torch.Tensor:
    """A grid drawn from noise by the usual scheduler in 20 steps; `first` holds its first cell."""
    config = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    scheduler = make_scheduler("", config, None, 20)
    scheduler.set_timesteps(20)
    model = Exact(footage, middle)
    held = None
    if first is not None:
        mask = np.ones((footage.shape[2] * 8, footage.shape[3] * 8), np.float32)
        mask[:, : 16 * 8] = 0
        held = Held(torch.cat([first[..., :16], footage[..., 16:]], -1), mask, seed)
    # As the model itself would be noised: pure noise would pin the look, since the last level keeps some signal.
    draws = torch.Generator().manual_seed(seed)
    noise, grain = (torch.randn(footage.shape, generator=draws) for _ in range(2))
    look = middle.view(1, 4, 1, 1) + torch.randn((1, 4, 1, 1), generator=draws)
    share = scheduler.alphas_cumprod[scheduler.timesteps[0].long()]
    latents = share.sqrt() * (footage + look + model.GRAIN * grain) + (1 - share).sqrt() * noise
    for timestep in scheduler.timesteps:
        share = scheduler.alphas_cumprod[timestep.long()]
        latents = scheduler.step(model.noise(latents, share), timestep, latents).prev_sample
        if held is not None:
            latents = held.hold(latents, scheduler, timestep)
    return latents


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
    count = int(sys.argv[1]) if sys.argv[1:] else 4
    by_tiny_model(count)
    by_exact_model(4 * count)
    by_made_up_looks()
