# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a TFLite file by LiteRT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import own_python
from ..errors import MissingError
from .kept import kept

Floats = npt.NDArray[np.float32]


class Network:
    """A network with one input, without a memory of what it saw. A worker loads each file once.

    Args:
        path: The `.tflite` file, from `registry.model_path`.
        threads: CPU threads.

    Raises:
        MissingError: LiteRT is not installed or refuses the file.
    """

    def __init__(self, path: Path, threads: int = 2) -> None:
        self._interpreter: Any = kept((path,), threads, make=lambda: _load(path, threads))
        self._input: dict[str, Any] = self._interpreter.get_input_details()[0]
        self._outputs: list[int] = [detail["index"] for detail in self._interpreter.get_output_details()]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the input in pixels."""
        shape = self._input["shape"]
        return int(shape[2]), int(shape[1])

    def __call__(self, image: npt.NDArray[Any]) -> list[Floats]:
        """Outputs for one image.

        Args:
            image: (H, W, 3) of the network's own size, in its own range; converted to float32.

        Returns:
            The outputs in the file's order, each with its leading batch of one.
        """
        self._interpreter.set_tensor(self._input["index"], np.ascontiguousarray(image[None], np.float32))
        self._interpreter.invoke()
        return [np.array(self._interpreter.get_tensor(index), np.float32) for index in self._outputs]


def _load(path: Path, threads: int) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        what = "LiteRT, which runs the person networks, is not installed"
        raise MissingError(what, remedy=own_python.remedy()) from error
    try:
        interpreter = Interpreter(str(path), num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise MissingError(f"LiteRT cannot load {path.name} ({error})", where=str(path.parent)) from error
    return interpreter
