"""Embeddings that a shot's prompts name: found in the artist's folders, told where they cannot be used, and stale."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from carry_shot import make_shot, run_stage
from lineboil.addon.engine import cli
from lineboil.addon.engine.errors import EngineError, InputError
from lineboil.addon.engine.image import files
from lineboil.addon.engine.models import artist_folders, artist_places
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.state import ShotState

pytest.importorskip("diffusers")

import tiny_diffusion as tiny
from lineboil.addon.engine.stages import diffuse_parts, diffuse_request


@pytest.fixture(autouse=True)
def webui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A1111's folder with an embedding for each family, and one that may not be opened."""
    for name in ("HOME", "USERPROFILE", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    place = tmp_path / "stable-diffusion-webui"
    (place / "models" / "Lora").mkdir(parents=True)
    (place / "embeddings").mkdir()
    shutil.copyfile(tiny.embedding("sd15"), place / "embeddings" / "InkWord.safetensors")
    shutil.copyfile(tiny.embedding("sdxl"), place / "embeddings" / "wide.safetensors")
    (place / "embeddings" / "old.pt").write_bytes(b"PK\x03\x04")
    monkeypatch.setenv(artist_places.VARIABLE, str(place))
    artist_folders._seen.clear()
    for module in (diffuse_parts, diffuse_request):
        monkeypatch.setattr(module, "kinds_of", lambda *_: ())
    return place


def ready(root: Path, key: str = "", **settings: object) -> Path:
    picture = np.random.default_rng(2).random((64, 64, 3), np.float32)
    values = {
        "engine": "diffusion", "model": str(tiny.folder()), "device": "cpu", "prompt": "a person", "mode": "single",
        "cell_multiple": 8, "steps": 2, "strength": 0.5, **settings,
    }
    make_shot(root, [picture], None, **{f"diffuse__{name}": value for name, value in values.items()})
    own = {"prompt": key} if key else {}
    (root / "keys.json").write_text(json.dumps({"version": 1, "keys": [{"frame": 1, **own}]}), encoding="utf-8")
    return root


def drawn(root: Path) -> tuple[np.ndarray, list[str]]:
    heard = run_stage(root, "diffuse").messages
    texts = [text for message in heard if (text := getattr(message, "text", ""))]
    return files.read_rgb8(root / "styled" / "000001.png"), texts


def test_a_name_in_any_prompt_changes_the_picture(tmp_path: Path) -> None:
    pictures = [
        drawn(ready(tmp_path / str(number), key, **settings))[0]
        for number, (key, settings) in enumerate([
            ("", {"prompt": "a person inkword"}), ("a person <inkword>", {}),
            ("", {"prompt": "a person"}), ("", {"negative_prompt": "(inkword:1.2)"}),
        ])
    ]
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2]) and not np.array_equal(pictures[2], pictures[3])


def test_one_that_cannot_be_used_is_an_error_where_it_is_meant_and_told_where_it_may_be_a_word(tmp_path: Path) -> None:
    for prompt, said in (
        ("<wide>", r"is an embedding for SDXL, but the checkpoint is Stable Diffusion 1\.5"),
        ("embedding:old", r"is a \.pt file, which can run hidden programs"),
    ):
        with pytest.raises(InputError, match=said):
            drawn(ready(tmp_path / prompt.strip("<>").replace(":", "_"), prompt=prompt))
    _, told = drawn(ready(tmp_path / "plain", prompt="a wide old house, <lora:ink:1>"))
    assert any('"wide" in the prompt is read as words' in text and "for SDXL" in text for text in told)
    assert any('"old" in the prompt is read as words' in text and ".pt" in text for text in told)
    assert any("<lora:ink:1> in the prompt is no embedding" in text and "diffuse.loras" in text for text in told)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("gone.safetensors", "there is no embedding"), (str(tiny.lora()), "is a LoRA, not an embedding"),
        (str(tiny.embedding("sdxl")), "is an embedding for SDXL"), (str(tiny.folder() / "unet"), "is a folder"),
    ],
    ids=["nothing", "a LoRA", "another family", "a folder"],
)
def test_what_the_setting_names_is_looked_at(tmp_path: Path, setting: str, said: str) -> None:
    with pytest.raises(EngineError, match=said):
        drawn(ready(tmp_path / "shot", embeddings=setting))


def test_one_of_two_with_a_name_is_chosen_by_its_path(tmp_path: Path, webui: Path) -> None:
    (webui / "embeddings" / "mine").mkdir()
    other = shutil.copyfile(tiny.embedding("sd15", "longer", 4), webui / "embeddings" / "mine" / "inkword.safetensors")
    with pytest.raises(EngineError, match=r'2 embeddings are called "inkword"'):
        drawn(ready(tmp_path / "two", prompt="an inkword"))
    drawn(ready(tmp_path / "one", prompt="an inkword", embeddings=str(other)))


def test_an_embedding_that_is_named_and_changes_makes_the_stage_stale(tmp_path: Path, webui: Path) -> None:
    named, other = (ready(tmp_path / text, prompt=f"a person {text}") for text in ("inkword", "alone"))
    roots = (named, other, ready(tmp_path / "key", "an inkword"))
    before = [ShotState(Shot(root)).parts("diffuse") for root in roots]
    shutil.copyfile(tiny.embedding("sd15", "longer", 4), webui / "embeddings" / "InkWord.safetensors")
    after = [ShotState(Shot(root)).parts("diffuse") for root in roots]
    assert [one == two for one, two in zip(before, after, strict=True)] == [False, True, False]


def test_they_are_listed_with_the_artists_own_models(webui: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models", "own", "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    listed = {item["stage"]: item["facts"] for item in found if item["kind"] == "status"}
    assert listed["InkWord"]["kind"] == "embedding" and listed["InkWord"]["family"] == "sd15"
    assert listed["wide"]["family"] == "sdxl" and "old" in listed
