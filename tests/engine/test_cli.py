"""The command line as a program meets it: words that are no command, help, and being stopped."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ADDON = Path(__file__).resolve().parents[2] / "addon"


def lineboil(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, str(ADDON), *words], capture_output=True, text=True, timeout=60, check=False)


WRONG = [("paint",), ("run",), ("sheet", "a", "b"), ("set", "shot")]


@pytest.mark.parametrize("words", [*WRONG, ("serve",)], ids=" ".join)
def test_wrong_words_are_told_with_how_it_is_written(words: tuple[str, ...]) -> None:
    done = lineboil(*words)
    assert done.returncode == 2
    assert not done.stdout
    assert done.stderr.startswith("usage: lineboil")
    assert "error: " in done.stderr


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
def test_wrong_words_of_a_program_are_told_as_a_message(words: tuple[str, ...]) -> None:
    done = lineboil(*words, "--json")
    assert done.returncode == 2
    message = json.loads(done.stdout)
    assert (message["kind"], message["error"], message["exit_code"]) == ("failed", "SettingError", 2)
    assert message["remedy"].startswith("usage: lineboil")
    assert not done.stderr


@pytest.mark.parametrize("words", [("--help",), ("run", "--help"), ("--version",)], ids=" ".join)
def test_help_goes_to_standard_output(words: tuple[str, ...]) -> None:
    done = lineboil(*words)
    assert done.returncode == 0
    assert "lineboil" in done.stdout


STOPPED_INSIDE_EXEC = """
import signal, sys
from lineboil.addon.engine import cli, commands
def sheet(options, reporter):
    exec("import os, signal, time; os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)")
commands.sheet = sheet
sys.exit(cli.main(["sheet", "shot", "--json"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM for a process")
def test_stopped_inside_exec_it_ends_with_its_own_code() -> None:
    """Python remembers a KeyboardInterrupt that passes through `exec`, as every import of a data class does."""
    command = [sys.executable, "-c", STOPPED_INSIDE_EXEC]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 130 != -signal.SIGINT
    assert json.loads(done.stdout)["error"] == "Cancelled"
