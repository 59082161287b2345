"""What model files are, told from their heads alone, and those the artist has already, used where they lie."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from lineboil.addon.engine import cli, errors
from lineboil.addon.engine.models import artist_folders, artist_places, family, locate
from lineboil.addon.engine.models.family import Recognised
from lineboil.addon.engine.models.safetensors_header import read_header

WHOLE: dict[str, tuple[int, ...]] = {"first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3)}
UNET = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
KOHYA = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
PEFT = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_"
NET = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"
SEEN = "controlnet_cond_embedding.conv_in.weight"


def write(path: Path, shapes: dict[str, tuple[int, ...]], notes: dict[str, str] | None = None) -> Path:
    """A .safetensors file of half floats, all of them zero."""
    head, end = {}, 0
    for name, shape in shapes.items():
        size = 2
        for side in shape:
            size *= side
        head[name] = {"dtype": "F16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(head | ({"__metadata__": notes} if notes else {})).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))
    return path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("HOME", "USERPROFILE", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv(artist_places.VARIABLE, raising=False)
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("shapes", "notes", "what"),
    [
        ({UNET: (320, 768)} | WHOLE, {}, Recognised("checkpoint", "sd15")),
        ({UNET: (640, 2048), "conditioner.embedders.1.model.x": (1,)}, {}, Recognised("checkpoint", "sdxl")),
        ({UNET: (640, 2048), "v_pred": (0,)} | WHOLE, {}, Recognised("checkpoint", "sdxl", v_prediction=True)),
        ({UNET: (320, 768)} | WHOLE, {"modelspec.prediction_type": "v"},
         Recognised("checkpoint", "sd15", v_prediction=True)),
        ({f"{KOHYA}.lora_up.weight": (320, 4), f"{KOHYA}.lora_down.weight": (4, 768)}, {}, Recognised("lora", "sd15")),
        ({f"{KOHYA}.lora_down.weight": (4, 2048, 1, 1)}, {}, Recognised("lora", "sdxl")),
        ({f"{PEFT}B.weight": (320, 4), f"{PEFT}A.weight": (4, 2048)}, {}, Recognised("lora", "sdxl")),
        ({"lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": (4, 8)}, {}, Recognised("lora", "sdxl")),
        ({"transformer.layers.0.attention.to_q.lora_A.weight": (4, 8)}, {}, Recognised("lora", "zimage")),
        ({NET: (320, 768), SEEN: (4,)}, {}, Recognised("controlnet", "sd15")),
        ({f"control_model.{NET}": (640, 2048), "control_model.input_hint_block.0.weight": (4,)}, {},
         Recognised("controlnet", "sdxl")),
        ({NET: (640, 2048), SEEN: (4,), "task_embedding": (8, 4)}, {}, Recognised("controlnet_union", "sdxl")),
        ({"control_layers.0.attention.to_q.weight": (4, 4)}, {}, Recognised("controlnet_union", "zimage")),
        ({"decoder.conv_in.weight": (4,)}, {}, Recognised("vae", "")),
        ({"ip_adapter.1.to_k_ip.weight": (640, 2048)}, {}, Recognised("ip_adapter", "sdxl")),
        ({"emb_params": (8, 768)}, {}, Recognised("embedding", "sd15")),
        ({"<word>": (768,)}, {}, Recognised("embedding", "sd15")),
        ({"clip_g": (2, 1280), "clip_l": (2, 768)}, {}, Recognised("embedding", "sdxl")),
        ({"clip_g": (2, 1280), "clip_l": (3, 768)}, {},
         Recognised("embedding", "sdxl", problem="has not as many words for one text encoder as for the other")),
        ({"clip_g": (2, 1280)}, {},
         Recognised("embedding", "", problem="has words for one of SDXL's two text encoders only")),
        ({"emb_params": (8, 1024)}, {},
         Recognised("embedding", "", problem="was made for Stable Diffusion 2, which is not supported")),
        ({"emb_params": (320, 768)}, {}, Recognised("unknown", "", problem="is no kind of model that is known here")),
    ],
)
def test_a_head_tells_what_a_file_is(tmp_path: Path, shapes, notes, what: Recognised) -> None:
    assert family.recognise(write(tmp_path / "a.safetensors", shapes, notes)) == what


def test_true_classes_are_told_apart() -> None:
    """Files written by diffusers itself."""
    pytest.importorskip("diffusers")
    import tiny_diffusion as tiny

    assert family.recognise(tiny.folder("sd15")) == Recognised("checkpoint", "sd15")
    assert family.recognise(tiny.single_file("sd15")) == Recognised("checkpoint", "sd15")
    assert family.recognise(tiny.controlnet("sd15", "depth", "folder")) == Recognised("controlnet", "sd15")
    assert family.recognise(tiny.controlnet("sd15", "depth", "original")) == Recognised("controlnet", "sd15")
    for layout in ("kohya", "diffusers"):
        assert family.recognise(tiny.lora("sd15", layout)) == Recognised("lora", "sd15")
    assert family.recognise(tiny.vae("sd15", "file")) == Recognised("vae", "")
    assert family.recognise(tiny.ip_adapter("sd15")) == Recognised("ip_adapter", "sd15")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def cut_in_the_head(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


def page(path: Path) -> None:
    path.write_bytes(b"<!doctype html><title>404</title>" * 10)


def no_table(path: Path) -> None:
    path.write_bytes((2).to_bytes(8, "little") + b"[]")


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (cut, "is cut off"), (cut_in_the_head, "cut off within its head"), (page, "web page"), (no_table, "damaged"),
        (empty, "empty"),
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, harm, words: str) -> None:
    path = write(tmp_path / "a.safetensors", {UNET: (320, 768)})
    harm(path)
    with pytest.raises(errors.InputError, match=words) as caught:
        read_header(path)
    assert caught.value.where == str(path) and caught.value.remedy


def test_a_file_that_can_hold_a_program_is_refused_and_named(tmp_path: Path) -> None:
    (tmp_path / "old.ckpt").write_bytes(b"x")
    own = artist_folders.files([tmp_path])[0]
    assert "hidden programs" in own.problem and "safetensors" in own.problem
    with pytest.raises(errors.InputError, match="hidden programs"):
        artist_folders.named("old", [tmp_path])


def programs(root: Path) -> Path:
    """The folders of A1111 and ComfyUI, the second with another disk named in its file of extra paths."""
    write(root / "stable-diffusion-webui/models/Stable-diffusion/Toon.safetensors", {UNET: (320, 768)} | WHOLE)
    write(root / "stable-diffusion-webui/models/Lora/line/ink.safetensors", {f"{KOHYA}.lora_down.weight": (4, 768)})
    write(root / "stable-diffusion-webui/outputs/not_ours.safetensors", {"x": (4,)})
    write(root / "stable-diffusion-webui/embeddings/word.safetensors", {"emb_params": (8, 768)})
    write(root / "ComfyUI/models/checkpoints/big.safetensors", {UNET: (640, 2048)} | WHOLE)
    write(root / "disk/nets/union.safetensors", {NET: (640, 2048), SEEN: (4,), "task_embedding": (8, 4)})
    write(root / "disk/more/ink.safetensors", {f"{KOHYA}.lora_down.weight": (4, 2048)})
    (root / "ComfyUI/extra_model_paths.yaml").write_text(
        "#a comment\ncomfy:\n    base_path: ../disk/\n    controlnet: nets  # here\n    loras: |\n        more\n"
        "        gone\n    upscale_models: more\n"
    )
    return root


def test_what_the_artist_has_is_found_and_named(home: Path) -> None:
    programs(home)
    found = {own.path.relative_to(home).name: (own.family, own.kind) for own in artist_folders.files()}
    assert found == {"Toon.safetensors": ("sd15", "checkpoint"), "ink.safetensors": found["ink.safetensors"],
                     "big.safetensors": ("sdxl", "checkpoint"), "union.safetensors": ("sdxl", "controlnet_union"),
                     "word.safetensors": ("sd15", "embedding")}
    assert len(artist_folders.files()) == 6
    assert locate.locate("toon") == home / "stable-diffusion-webui/models/Stable-diffusion/Toon.safetensors"
    assert locate.locate("word").name == "word.safetensors"
    # Prompts name embeddings: a LoRA of the name is what other settings mean.
    write(home / "stable-diffusion-webui/models/Lora/word.safetensors", {f"{KOHYA}.lora_down.weight": (4, 768)})
    artist_folders._seen.clear()
    assert locate.locate("word").parent.name == "Lora"
    assert locate.locate("line/ink.safetensors").parent.name == "line"
    with pytest.raises(errors.SettingError, match="2 models are called") as caught:
        locate.locate("ink")
    assert "disk" in caught.value.remedy
    with pytest.raises(errors.MissingError):
        locate.locate("nothing of the kind")


def test_heads_are_read_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / "many"
    for number in range(500):
        write(folder / f"{number:03}.safetensors", {f"{KOHYA}.lora_down.weight": (4, 768)})
    assert len(artist_folders.files([folder])) == 500
    monkeypatch.setattr(artist_folders, "recognise", lambda path: pytest.fail(f"{path} was read again"))
    started = time.perf_counter()
    assert {own.family for own in artist_folders.files([folder])} == {"sd15"}
    assert time.perf_counter() - started < 2
    monkeypatch.undo()
    write(folder / "000.safetensors", {UNET: (320, 768)})
    os.utime(folder / "000.safetensors", ns=(1, 1))
    assert [own.kind for own in artist_folders.files([folder])].count("checkpoint") == 1


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_are_followed_once(home: Path, tmp_path: Path) -> None:
    write(tmp_path / "a.safetensors", {UNET: (320, 768)})
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / "b.safetensors").symlink_to(tmp_path / "a.safetensors")
    (tmp_path / "c.safetensors").symlink_to(tmp_path / "gone")
    assert len(artist_folders.files([tmp_path])) == 1


def test_folders_are_added_and_forgotten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = write(tmp_path / "mine/toon.safetensors", {UNET: (320, 768)}).parent
    assert cli.main(["models", "folders", "--add", str(place)]) == 0 and str(place) in capsys.readouterr().out
    assert cli.main(["models", "own", "--json"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (first["stage"], first["facts"]["family"], first["facts"]["kind"]) == ("toon", "sd15", "checkpoint")
    assert cli.main(["models", "folders", "--forget", str(place)]) == 0 and artist_places.folders() == []
    capsys.readouterr()
    assert cli.main(["models", "folders", "--forget", str(place)]) == 1
    assert cli.main(["models", "folders", "--add", str(place / "gone")]) == 1
