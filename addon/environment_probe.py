# SPDX-License-Identifier: GPL-3.0-or-later
"""Run by an environment's own Python, alone: is every file of its packages there, and can they be imported?

Reads {"packages": {name: version}, "modules": {name: module}} as JSON from standard input; answers
{"python": version, "problems": {name: what}} as the last line of standard output. Standard library only.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import platform
import sys
from typing import Any


def problem_of(name: str, module: str) -> str:
    """What is wrong with an installed package; "" for nothing."""
    try:
        distribution = importlib.metadata.distribution(name)
        files = distribution.files
    except (importlib.metadata.PackageNotFoundError, OSError, ValueError):
        return "is missing"
    if files is None:
        return "was not installed to the end"
    for file in files:
        try:
            size = os.stat(os.fspath(file.locate())).st_size
        except OSError:
            return f"lacks the file {file}"
        if file.size is not None and size != file.size:
            return f"has a damaged file, {file}"
    return import_problem(module) if module else ""


def import_problem(module: str) -> str:
    """Why a module cannot be imported; "" when it can."""
    try:
        importlib.import_module(module)
    except Exception as error:  # noqa: BLE001 - a package may fail in any way, which is the answer
        return f"cannot be imported ({type(error).__name__}: {error})"
    return ""


def main() -> int:
    """Answer what standard input asks."""
    asked: dict[str, Any] = json.load(sys.stdin)
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    found = {name: problem_of(name, asked["modules"].get(name, "")) for name in asked["packages"]}
    problems = {name: text for name, text in found.items() if text}
    answer.write(json.dumps({"python": platform.python_version(), "problems": problems}) + "\n")
    answer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
