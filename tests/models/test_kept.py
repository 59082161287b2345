"""Models that stay loaded: loaded once, given back when asked, and without a memory of what they saw."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from lineboil.addon.engine.models import kept
from lineboil.addon.engine.models.catalogue import MODELS
from lineboil.addon.engine.models.litert import Network
from lineboil.addon.engine.models.registry import model_path
from lineboil.addon.engine.models.upscaler import Upscaler
from lineboil.addon.engine.schema.upscale import MODELS as UPSCALER

NETWORKS = [model.name for model in MODELS if model.file_name.endswith(".tflite")]


@pytest.fixture(autouse=True)
def nothing_kept_before_and_after(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(kept, "_is_holding", threading.Event())
    kept.hold()
    yield
    kept.free()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(b"one")
    return path


def test_a_model_is_loaded_once_for_each_file_and_setting(file: Path) -> None:
    first = kept.kept((file,), 2, make=list)
    assert kept.kept((file,), 2, make=list) is first
    assert kept.kept((file,), 4, make=list) is not first
    other = file.with_name("other.bin")
    other.write_bytes(b"one")
    assert kept.kept((other,), 2, make=list) is not first


def test_a_single_command_keeps_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_is_holding", threading.Event())
    assert kept.kept((file,), make=list) is not kept.kept((file,), make=list)
    assert kept.free() == []


def test_a_file_that_was_replaced_is_loaded_anew(file: Path) -> None:
    first = kept.kept((file,), make=list)
    file.write_bytes(b"another")
    second = kept.kept((file,), make=list)
    assert second is not first
    assert kept.kept((file,), make=list) is second


def test_what_could_not_be_loaded_is_not_kept(file: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        kept.kept((file,), make=lambda: 1 / 0)
    assert kept.free() == []
    assert kept.kept((file,), make=list) == []


def test_freed_models_are_named_and_loaded_again(file: Path) -> None:
    first = kept.kept((file,), make=list)
    kept.kept((file,), 2, make=list)
    assert kept.free() == ["model.bin"]
    assert kept.free() == []
    assert kept.kept((file,), make=list) is not first


def test_there_are_networks() -> None:
    assert len(NETWORKS) >= 8


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_answers_by_what_it_sees_now_only(name: str) -> None:
    network = Network(model_path(name))
    assert Network(model_path(name))._interpreter is network._interpreter
    width, height = network.size
    random = np.random.default_rng(1)
    first, second = random.random((2, height, width, 3), np.float32)
    fresh = network(first)
    network(second)
    again = network(first)
    kept.free()
    anew = Network(model_path(name))(first)
    for one, two, three in zip(fresh, again, anew, strict=True):
        assert one.tobytes() == two.tobytes() == three.tobytes()


def test_the_upscaler_answers_by_what_it_sees_now_only() -> None:
    files = [model_path(name) for name in UPSCALER]
    upscaler = Upscaler(*files)
    assert Upscaler(*files, tile_pixels=40)._net is upscaler._net
    first, second = np.random.default_rng(2).random((2, 24, 32, 3), np.float32)
    fresh = upscaler.enlarge(first)
    upscaler.enlarge(second)
    assert upscaler.enlarge(first).tobytes() == fresh.tobytes()
    assert kept.free() == sorted(path.name for path in files)
    assert Upscaler(*files).enlarge(first).tobytes() == fresh.tobytes()
