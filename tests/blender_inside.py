"""Scripts inside Blender, each in a process of its own, with the checkout enabled there as the extension it is.

Runs them in the Blender that the program itself would take, or in those that LINEBOIL_TEST_BLENDERS lists (programs,
or Pythons with the bpy module, separated like PATH).
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from lineboil.addon.engine.blender import Blender, find_blender

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "tests" / "blender" / "inside"
PACKAGE = "bl_ext.user_default.lineboil"
LISTED = [text for text in os.environ.get("LINEBOIL_TEST_BLENDERS", "").split(os.pathsep) if text]


@dataclass
class Inside:
    """One Blender to run scripts in.

    Attributes:
        blender: Which one.
        user: Its user folder, with the extension linked into it.
    """

    blender: Blender
    user: Path

    def run(self, script: str, *arguments: object, enable: bool = True, seconds: float = 120, **variables: str) -> dict:
        """What `main(module, arguments)` of a script in `tests/blender/inside/` returns.

        Args:
            script: Its name without ".py".
            arguments: Given to it as texts.
            enable: Enable the extension first.
            seconds: A Blender that takes longer is ended, and the test fails.
            variables: Environment variables.
        """
        words = [str(SCRIPTS / f"{script}.py"), "yes" if enable else "no", *map(str, arguments)]
        done = subprocess.run(
            [*self._command(), "--", *words],
            env=self._variables() | variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        found = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
        told = f"{self.blender}, exit code {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-6000:]}"
        assert done.returncode == 0 and found, told
        # Blender's own add-ons may have troubles of theirs.
        raised = done.stderr.split("Traceback (most recent call last)")[1:]
        assert not any(f"{os.sep}lineboil{os.sep}" in text for text in raised), told
        return {**json.loads(found[-1].removeprefix("RESULT ")), "output": done.stdout + done.stderr}

    def _command(self) -> list[str]:
        entry = str(SCRIPTS.with_suffix(".py"))
        if self.blender.kind == "module":
            return [str(self.blender.path), entry]
        return [str(self.blender.path), "--background", "--factory-startup", "--python-exit-code", "3",
                "--python", entry]

    def _variables(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LINEBOIL_", "PYTHON"))}
        return {**kept, "BLENDER_USER_RESOURCES": str(self.user), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="session", params=LISTED or [""], ids=lambda text: text or "usual")
def inside(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Inside:
    """A Blender with the extension in it."""
    user = tmp_path_factory.mktemp("user")
    place = user / "extensions" / "user_default" / "lineboil"
    place.parent.mkdir(parents=True)
    place.symlink_to(ROOT, target_is_directory=True)
    return Inside(find_blender(request.param), user)
