# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds a grid, memory, and how far from the card's limit: full-size models of random weights, through the stage.

    python benchmarks/diffuse.py [--families sd15,sdxl] [--device cuda] [--types float16,bfloat16] [--ways 0,2,3]
                                 [--compile] [--steps 20] [--keys 11] [--height 1080]
    python benchmarks/diffuse.py --tiny          # small networks, to see that it runs

The diffuse stage draws its grids with networks of the true classes and shapes, all steps of them; the first grid draws
alone, the others look at the first (shared attention). The limit is what a matrix product of the same type reaches on
the same device in the same run; the work of a grid is counted by PyTorch. Needs no model files. Prints the rows of
docs/benchmarks.md.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch.utils.flop_counter import FlopCounterMode

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "engine"), str(HERE.parent / "tests")]

from carry_shot import run_stage  # noqa: E402
from diffuse_memory import ATTENTION  # noqa: E402
from diffuse_networks import Networks  # noqa: E402
from diffuse_overhead import KINDS, make  # noqa: E402
from lineboil.addon.engine.models.diffusion import diffuser as diffusion  # noqa: E402
from lineboil.addon.engine.models.diffusion.memory import Way, chosen_device  # noqa: E402
from lineboil.addon.engine.models.diffusion.request import Model, Request  # noqa: E402
from lineboil.addon.engine.stages import diffuse_model, diffuse_parts, diffuse_request  # noqa: E402

TERA, GIGA = 1e12, 1e9


@dataclass
class Drawn:
    """One grid as it was drawn."""

    is_shared: bool
    pixels: str
    seconds: float
    flops: float
    peak_bytes: int


class Timed:
    """The model as the stage sees it; notes what each drawing takes.

    Args:
        diffuser: Of the true code.
        flops: Work of a grid by whether attention is shared, as counted before; filled when empty.
    """

    def __init__(self, diffuser: Any, flops: dict[bool, float]) -> None:
        self._diffuser, self._flops = diffuser, flops
        self.drawn: list[Drawn] = []
        self.seconds = 0.0

    def draw(self, request: Request, step: Any) -> Any:
        """Draw a grid, after trials that warm the device and count the work."""
        begun = time.perf_counter()
        is_shared = request.anchor is not None
        if is_shared not in self._flops:
            self._flops[is_shared] = self._counted(request)
        else:
            self._diffuser.draw(replace(request, steps=1))
        _forget_peak()
        started = time.perf_counter()
        picture = self._diffuser.draw(request, step)
        seconds = time.perf_counter() - started
        size = f"{picture.shape[1]}x{picture.shape[0]}"
        self.drawn.append(Drawn(is_shared, size, seconds, self._flops[is_shared], _peak()))
        self.seconds += time.perf_counter() - begun
        return picture

    def _counted(self, request: Request) -> float:
        """Floating-point operations of all steps, from drawings of one and of two."""
        found = []
        for steps in (1, 2):
            with FlopCounterMode(display=False, custom_mapping=ATTENTION) as counter:
                self._diffuser.draw(replace(request, steps=steps))
            found.append(counter.get_total_flops())
        return found[0] + (found[1] - found[0]) * (request.steps - 1)


def diffuser_of(family: str, dtype: torch.dtype, device: str, is_tiny: bool) -> Any:
    """A `Diffuser` of networks without files."""
    networks = Networks(family, dtype, device, is_tiny)
    with (
        mock.patch.object(diffusion, "load_checkpoint", lambda *_: networks.pipeline()),
        mock.patch.object(diffusion, "load_controlnets", lambda *_: networks.controlnets(KINDS)),
        mock.patch.object(diffusion, "chosen_type", lambda *_: dtype),
    ):
        return diffusion.Diffuser(Model(family, Path("random"), v_prediction=False), device)  # type: ignore[arg-type]


def compiled(diffuser: Any) -> None:
    """Compile the blocks that repeat, each once: as quick as the whole, compiled in a fraction of the time."""
    for network in [diffuser._base.unet, *diffuser._nets.nets()]:
        for block in network.modules():
            if type(block).__name__ in ("BasicTransformerBlock", "ResnetBlock2D"):
                block.compile()


def measured(diffuser: Any, flops: dict[bool, float], arguments: argparse.Namespace) -> tuple[Timed, float]:
    """Run the stages controls and diffuse on a made-up shot.

    Returns:
        The drawings, and the seconds of all else: controls, layout, splitting, colours and writing.
    """
    model = Timed(diffuser, flops)
    tall = arguments.height
    with tempfile.TemporaryDirectory() as folder, ExitStack() as patches:
        root = Path(folder) / "shot"
        small = {"diffuse__grid_long_side": 256, "diffuse__cell_multiple": 8, "diffuse__grid_cells": 2}
        make(
            root, arguments.keys, (tall * 16 // 9, tall), diffuse__steps=arguments.steps, diffuse__strength=1.0,
            controls__openpose=False, controls__depth=False, **(small if arguments.tiny else {}),
        )
        patches.enter_context(mock.patch.object(diffuse_model, "diffuser_for", lambda *_: model))
        patches.enter_context(mock.patch.object(diffuse_model, "model_of", lambda *_: diffuser.model))
        for stage in (diffuse_request, diffuse_parts):
            patches.enter_context(mock.patch.object(stage, "kinds_of", lambda *_: KINDS))
        started = time.perf_counter()
        for stage in ("controls", "diffuse"):
            run_stage(root, stage)
        return model, time.perf_counter() - started - model.seconds


def matmul_rate(device: str, dtype: torch.dtype) -> float:
    """Operations a second that products of large matrices reach here."""
    size, repeats = (8192, 30) if device == "cuda" else (1024, 4)
    one, other = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    best = 0.0
    for _ in range(3):
        _wait(device)
        started = time.perf_counter()
        for _ in range(repeats):
            one @ other
        _wait(device)
        best = max(best, 2 * size**3 * repeats / (time.perf_counter() - started))
    return best


def _wait(device: str) -> None:
    if device != "cpu":
        getattr(torch, device).synchronize()


def _forget_peak() -> None:
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _peak() -> int:
    """Bytes: of the card since the last drawing began, or of the whole process since its start."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def told(name: str, found: tuple[Timed, float], rate: float) -> list[str]:
    """Rows of the table."""
    model, beside = found
    share = beside / len(model.drawn)
    rows = []
    for is_shared in (False, True):
        those = [drawn for drawn in model.drawn if drawn.is_shared == is_shared]
        if not those:
            continue
        best = min(those, key=lambda drawn: drawn.seconds)
        reached = best.flops / best.seconds
        rows.append(
            f"| {name} | {best.pixels} | {'shared' if is_shared else 'own'} | {best.seconds:.2f} | "
            f"{best.flops / TERA:.3g} | {reached / TERA:.3g} of {rate / TERA:.3g} ({reached / rate:.0%}) | "
            f"{best.peak_bytes / GIGA:.1f} | {share:.2f} ({share / best.seconds:.0%}) |"
        )
    return rows


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--families", default="sd15,sdxl")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--types", default="")
    parser.add_argument("--ways", default="0", help="0 all resident, 1 text apart, 2 in 8 bits, 3 layer by layer")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--keys", type=int, default=11)
    parser.add_argument("--height", type=int, default=1080)
    parser.add_argument("--tiny", action="store_true")
    found = parser.parse_args(words)
    if found.tiny:
        found.height, found.steps = min(found.height, 72), min(found.steps, 2)
    return found


def main(words: list[str] | None = None) -> int:
    """Measure and print; returns 0."""
    arguments = _arguments(words)
    device = chosen_device(arguments.device)
    name = torch.cuda.get_device_name() if device == "cuda" else device
    print(f"{name}, PyTorch {torch.__version__}, {arguments.steps} steps\n")
    print("| model, type, way | grid | attention | seconds | TFLOP | TFLOP/s of a product's | peak GB | beside, s |")
    print("|---|---|---|---|---|---|---|---|")
    types = arguments.types or ("float32" if device == "cpu" else "float16,bfloat16")
    for family in arguments.families.split(","):
        flops: dict[bool, float] = {}
        for kind in types.split(","):
            dtype = getattr(torch, kind)
            rate = matmul_rate(device, dtype)
            diffuser = diffuser_of(family, dtype, device, arguments.tiny)
            for way in map(int, arguments.ways.split(",")):
                diffuser._placed.place(Way(way))
                rows = told(f"{family}, {kind}, {way}", measured(diffuser, flops, arguments), rate)
                print("\n".join(rows), flush=True)
            if arguments.compile:
                compiled(diffuser)
                rows = told(f"{family}, {kind}, compiled", measured(diffuser, flops, arguments), rate)
                print("\n".join(rows), flush=True)
            diffuser.free()
    return 0


if __name__ == "__main__":
    sys.exit(main())
