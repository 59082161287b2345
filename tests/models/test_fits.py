"""Key layouts of the files artists have, and one sentence for each that a setting cannot use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lineboil.addon.engine import errors
from lineboil.addon.engine.models import artist_folders, artist_places, family, locate
from lineboil.addon.engine.models.family import Recognised
from lineboil.addon.engine.models.fits import check_fits
from lineboil.addon.engine.models.safetensors_header import Header, read_header

Shapes = dict[str, tuple[int, ...]]

UNET = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
VAE: Shapes = {"first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3)}
CROSS = "down_blocks.1.attentions.0.transformer_blocks.0.attn2"
FLAT = CROSS.replace(".", "_")
TEXT = "text_model_encoder_layers_0_self_attn_q_proj"
HINT: Shapes = {"controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3)}


def head(*files: tuple[str, Shapes, dict[str, str], Recognised]) -> list[object]:
    return [pytest.param(shapes, notes, what, id=name) for name, shapes, notes, what in files]


@pytest.mark.parametrize(("shapes", "notes", "what"), head(
    ("kohya", {f"lora_unet_{FLAT}_to_k.lora_down.weight": (8, 768)}, {}, Recognised("lora", "sd15")),
    ("kohya_sdxl", {"lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight": (8, 2048)}, {},
     Recognised("lora", "sdxl")),
    ("loha", {f"lora_unet_{FLAT}_to_k.hada_w1_a": (640, 8), f"lora_unet_{FLAT}_to_k.hada_w1_b": (8, 768)}, {},
     Recognised("lora", "sd15")),
    ("lokr", {f"lora_unet_{FLAT}_to_k.lokr_w1": (8, 8)}, {"ss_base_model_version": "sdxl_base_v1-0"},
     Recognised("lora", "sdxl")),
    ("self_attention_only", {"lora_unet_input_blocks_7_1_transformer_blocks_9_attn1_to_q.lora_down.weight": (8, 1280)},
     {}, Recognised("lora", "sdxl")),
    ("old_diffusers", {f"unet.{CROSS}.processor.to_k_lora.down.weight": (4, 768)}, {}, Recognised("lora", "sd15")),
    ("peft", {f"base_model.model.{CROSS}.to_k.lora_A.weight": (4, 2048)}, {}, Recognised("lora", "sdxl")),
    ("text_only", {f"lora_te_{TEXT}.lora_down.weight": (8, 768)}, {}, Recognised("lora", "sd15")),
    ("noted", {"lora_unet_conv_in.lora_down.weight": (8, 4, 3, 3)},
     {"modelspec.architecture": "stable-diffusion-v1/lora"}, Recognised("lora", "sd15")),
    ("zimage_kohya", {"lora_unet_layers_0_attention_to_q.lora_down.weight": (8, 3840)}, {},
     Recognised("lora", "zimage")),
    ("zimage_comfy", {"diffusion_model.layers.3.attention.to_k.lora_A.weight": (8, 3840)}, {},
     Recognised("lora", "zimage")),
    ("of_a_video_model", {"transformer.transformer_blocks.0.attn2.to_k.lora_A.weight": (8, 2048)}, {},
     Recognised("lora", "")),
    ("flux", {"lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight": (8, 3072)}, {}, Recognised("lora", "")),
    ("small_controlnet", HINT | {"add_embedding.linear_1.weight": (1280, 2816)}, {}, Recognised("controlnet", "sdxl")),
    ("bare_controlnet", {"input_hint_block.0.weight": (16, 3, 3, 3), UNET.removeprefix("model.diffusion_model."):
                         (320, 768)}, {}, Recognised("controlnet", "sd15")),
    ("zimage_vae", {"decoder.conv_in.weight": (512, 16, 3, 3)}, {}, Recognised("vae", "zimage")),
    ("plus_adapter", {"image_proj.latents": (1, 16, 768), "ip_adapter.1.to_k_ip.weight": (320, 768)}, {},
     Recognised("ip_adapter", "sd15")),
    ("adapter_with_lora", {"image_proj.norm.weight": (2048,), "ip_adapter.1.to_k_ip.weight": (640, 2048),
                           "ip_adapter.0.to_q_lora.down.weight": (8, 640)}, {}, Recognised("ip_adapter", "sdxl")),
))  # fmt: skip
def test_layouts_are_told_apart(shapes: Shapes, notes: dict[str, str], what: Recognised) -> None:
    assert family.of_header(Header(shapes, notes)) == what


@pytest.mark.parametrize(("shapes", "words"), [
    ({UNET: (320, 1024)} | VAE, "Stable Diffusion 2"),
    ({UNET: (384, 1280)} | VAE, "refiner"),
    ({UNET: (320, 768)}, "without text encoder"),
    ({UNET: (320, 768), "model.diffusion_model.input_blocks.0.0.weight": (320, 9, 3, 3)} | VAE, "9 channels"),
    ({"model.diffusion_model.cap_embedder.0.weight": (4,)}, "Z-Image in one file"),
    ({"layers.0.attention.qkv.weight": (8, 8), "cap_embedder.0.weight": (4,)}, "not a checkpoint: it holds only"),
    ({f"{CROSS}.to_k.weight": (640, 2048)}, "not a checkpoint: it holds only"),
    ({"emb_params": (4, 768)}, "is an embedding, not a checkpoint"),
    ({"emb_params": (4, 700)}, "not a checkpoint: it is no kind"),
    ({f"lora_unet_{FLAT}_to_k.lora_down.weight": (8, 768)}, "is a LoRA, not a checkpoint"),
])  # fmt: skip
def test_what_cannot_be_a_checkpoint_is_told(tmp_path: Path, shapes: Shapes, words: str) -> None:
    path = write(tmp_path / "a.safetensors", shapes)
    with pytest.raises(errors.InputError, match=words) as caught:
        check_fits(path, "checkpoint", "sd15")
    assert caught.value.where == str(path) and "diffuse.model" in caught.value.remedy
    assert caught.value.sentence().count("\n") == 0


def test_another_family_is_told(tmp_path: Path) -> None:
    lora = write(tmp_path / "ink.safetensors", {f"lora_unet_{FLAT}_to_k.lora_down.weight": (8, 768)})
    net = write(tmp_path / "net.safetensors", HINT | {f"{CROSS}.to_k.weight": (640, 2048), "task_embedding": (8, 4)})
    whole = write(tmp_path / "toon.safetensors", {UNET: (320, 768)} | VAE)
    vae = write(tmp_path / "vae.safetensors", {"decoder.conv_in.weight": (512, 16, 3, 3)})
    assert check_fits(lora, "lora", "sd15") == Recognised("lora", "sd15")
    assert check_fits(net, "controlnet", "sdxl").kind == "controlnet_union"
    for path, kind, of, words in (
        (lora, "lora", "sdxl", "is a LoRA for Stable Diffusion 1.5, but the checkpoint is SDXL"),
        (net, "controlnet", "sd15", "is a union ControlNet for SDXL, but the checkpoint is Stable Diffusion 1.5"),
        (whole, "checkpoint", "sdxl", "diffuse.family says SDXL"),
        (vae, "vae", "sd15", "for Z-Image"),
        (net, "lora", "sdxl", "is a union ControlNet, not a LoRA"),
    ):
        with pytest.raises(errors.InputError, match=words):
            check_fits(path, kind, of)


@pytest.mark.parametrize(("data", "words"), [
    (b"", "is empty"),
    (b"<!DOCTYPE html><html>" + b" " * 90, "is a web page"),
    (b"\n <html lang='en'>" + b" " * 90, "is a web page"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "pointer of Git LFS"),
    (b"PK\x03\x04" + bytes(90), "hidden programs"),
    (b"\x80\x02}q" + b"\xff" * 90, "hidden programs"),
    (bytes(4096), "damaged"),
    ((500).to_bytes(8, "little") + b'{"a": {"dtype"', "cut off within its head"),
    ((60).to_bytes(8, "little") + b'{"a":{"dtype":"F16","shape":[1e999],"data_offsets":[0,2]}}  ', "damaged"),
])  # fmt: skip
def test_what_is_no_model_is_told(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(errors.InputError, match=words) as caught:
        read_header(path)
    assert caught.value.remedy
    assert words in artist_folders.files([tmp_path])[0].problem


def test_folders_tell_what_they_are(tmp_path: Path) -> None:
    def told(**files: dict[str, object]) -> Recognised:
        for name, value in files.items():
            place = tmp_path / name.replace("__", "/")
            place.mkdir(parents=True, exist_ok=True)
            (place / ("model_index.json" if "_class_name" in value else "config.json")).write_text(json.dumps(value))
        return family.recognise(tmp_path / next(iter(files)))

    xl: dict[str, object] = {"_class_name": "StableDiffusionXLPipeline"}
    assert told(a=xl) == Recognised("checkpoint", "sdxl")
    assert "9 channels" in told(b=xl, b__unet={"in_channels": 9, "cross_attention_dim": 2048}).problem
    two: dict[str, object] = {"_class_name": "StableDiffusionPipeline"}
    assert "Diffusion 2" in told(c=two, c__unet={"in_channels": 4, "cross_attention_dim": 1024}).problem


def test_a_model_in_a_folder_is_one(tmp_path: Path) -> None:
    for part in ("toon/unet", "toon/vae", "depth"):
        (tmp_path / part).mkdir(parents=True)
        write(tmp_path / part / "diffusion_pytorch_model.safetensors", {f"{CROSS}.to_k.weight": (640, 768)})
        (tmp_path / part / "config.json").write_text('{"_class_name": "ControlNetModel", "cross_attention_dim": 768}')
    (tmp_path / "toon/model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    found = {own.path.name: (own.kind, own.family, own.problem) for own in artist_folders.files([tmp_path])}
    assert found == {"toon": ("checkpoint", "sd15", ""), "depth": ("controlnet", "sd15", "")}
    assert artist_folders.named("toon", [tmp_path]) == tmp_path / "toon"


def test_the_extra_paths_of_comfyui_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "extra_model_paths.yaml"
    path.write_text("\ufeffa111:\r\n  checkpoints: 'models/Stable-diffusion'\r\n  base_path: /disk/webui/\r\n\r\n"
                    "comfyui:\r\n  # is_default: true\r\n  loras: |-\r\n    one\r\n    /two\r\n  clip: no\r\n")
    texts = [place.as_posix() for place in artist_places.extra_places(path)]
    assert [text.removeprefix(tmp_path.as_posix()) for text in texts] == [
        "/disk/webui/models/Stable-diffusion", "/one", "/two"]  # fmt: skip
    path.write_bytes(b"\xff\xfe: [\x00{")
    assert artist_places.extra_places(path) == []


@pytest.mark.parametrize("name", ["x" * 5000, "~nobody-of-this-name/a", "a\0b"])
def test_odd_names_are_not_there(name: str) -> None:
    with pytest.raises(errors.MissingError):
        locate.locate(name)


def write(path: Path, shapes: Shapes) -> Path:
    """A .safetensors file whose tensors all are the same nothing."""
    nothing = {"dtype": "F16", "data_offsets": [0, 0]}
    text = json.dumps({name: {"shape": shape} | nothing for name, shape in shapes.items()})
    path.write_bytes(len(text).to_bytes(8, "little") + text.encode())
    return path


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USERPROFILE", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path_factory.mktemp("home")))
