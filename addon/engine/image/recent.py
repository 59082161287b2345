# SPDX-License-Identifier: GPL-3.0-or-later
"""The last few results of a function of frames."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any


class Recent:
    """A function that keeps its last few results.

    Args:
        make: The function, of whole numbers.
        most: How many results are kept.
    """

    def __init__(self, make: Callable[..., Any], most: int) -> None:
        self._make, self._most = make, most
        self._kept: OrderedDict[tuple[int, ...], Any] = OrderedDict()

    def __call__(self, *key: int) -> Any:
        """The result for these numbers, made if it is not kept."""
        if key not in self._kept:
            self._kept[key] = self._make(*key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]
