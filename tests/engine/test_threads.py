"""The command line leaves the libraries one thread for two logical cores, and the person's own number alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from lineboil.addon.engine import threads


def told(monkeypatch, cores):
    monkeypatch.setattr(threads, "_usable_cores", lambda: cores)
    monkeypatch.delenv("OPENCV_FOR_THREADS_NUM", raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    threads.share_cores()
    return os.environ["OPENCV_FOR_THREADS_NUM"], os.environ["OPENBLAS_NUM_THREADS"]


@pytest.mark.parametrize(("cores", "threads_wanted"), [(1, "1"), (2, "1"), (3, "1"), (16, "8")])
def test_one_thread_for_two_cores(monkeypatch, cores, threads_wanted):
    # Set twice, so that what the call leaves behind is taken back.
    monkeypatch.setenv("OPENCV_FOR_THREADS_NUM", "")
    assert told(monkeypatch, cores) == (threads_wanted, "3")


def test_opencv_keeps_to_it():
    code = "import cv2; print(cv2.getNumThreads())"
    environment = {**os.environ, "OPENCV_FOR_THREADS_NUM": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
