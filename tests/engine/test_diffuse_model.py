"""The diffuse stage with diffusion models of the true classes, tiny and of random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from carry_shot import Listener, make_shot, run_stage
from lineboil.addon.engine import grid_plan, pipeline
from lineboil.addon.engine.errors import Cancelled, EngineError, InputError, MissingError, SettingError
from lineboil.addon.engine.frames import frame_name, list_frames
from lineboil.addon.engine.image import files
from lineboil.addon.engine.image.grid import cut
from lineboil.addon.engine.key_list import Key, KeyList, keys_text
from lineboil.addon.engine.messages import Progress
from lineboil.addon.engine.schema.registry import BY_NAME
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages.diffuse_plan import layout_in
from lineboil.addon.engine.state import Record, ShotState

pytest.importorskip("diffusers")

import tiny_diffusion as tiny
from lineboil.addon.engine.models.diffusion import diffuser as loaded
from lineboil.addon.engine.stages import diffuse_parts, diffuse_request

HEIGHT, WIDTH, COUNT = 64, 96, 6
KEYS = (1, 3, 6)
KINDS = ("lineart", "depth")


@pytest.fixture(autouse=True)
def controls(monkeypatch):
    """Two kinds are taken as made, whatever the settings of the stage that makes them."""
    for module in (diffuse_parts, diffuse_request):
        monkeypatch.setattr(module, "kinds_of", lambda *_: KINDS)


def ready(root: Path, family="sd15", **settings) -> Path:
    random = np.random.default_rng(2)
    pictures = [random.random((HEIGHT, WIDTH, 3), np.float32) for _ in range(COUNT)]
    usual = "folder" if family == "sd15" else "file"
    values = {
        "engine": "diffusion", "model": str(tiny.folder(family)), "device": "cpu", "prompt": "a person, ink drawing",
        "grid_long_side": 256, "grid_cells": 2, "cell_multiple": 8, "steps": 2, "strength": 0.5,
        "controlnets": ", ".join(f"{kind}={tiny.controlnet(family, kind, usual)}" for kind in KINDS), **settings,
    }
    make_shot(root, pictures, None, **{f"diffuse__{name}": value for name, value in values.items()})
    for kind in KINDS:
        for frame in KEYS:
            files.write_rgb(root / "controls" / kind / frame_name(frame), pictures[frame - 1])
    (root / "keys.json").write_text(keys_text(KeyList(tuple(Key(frame) for frame in KEYS))), encoding="utf-8")
    return root


def all_styled(root):
    return [files.read_rgb8(root / "styled" / frame_name(frame)) for frame in KEYS]


class StopsAt(Listener):
    """Asks to stop when the second grid is being drawn."""

    def send(self, message) -> bool:
        super().send(message)
        return isinstance(message, Progress) and message.what.startswith("drawing grid 2") and message.done > 0


def test_grids_are_drawn_agree_and_go_on_where_they_were_stopped_to_the_last_bit(tmp_path):
    whole = ready(tmp_path / "whole")
    run_stage(whole, "diffuse")
    assert list_frames(whole / "styled") == list(KEYS)
    plan = grid_plan.load(whole)
    cells = [cut(layout_in(plan), files.read_rgb8(whole / drawing.file), 0) for drawing in plan.drawings]
    assert len(cells) == 2
    assert np.array_equal(*cells)
    loaded.free()
    root = ready(tmp_path / "shot")
    with pytest.raises(Cancelled):
        run_stage(root, "diffuse", StopsAt())
    assert (root / "grids/grid_01.png").is_file()
    assert not (root / "grids/grid_02.png").is_file()
    run_stage(root, "diffuse")
    for one, other in zip(all_styled(root), all_styled(whole), strict=True):
        assert np.array_equal(one, other)


def test_sdxl_draws_keys_alone_with_a_lora_and_a_reference(tmp_path, monkeypatch):
    monkeypatch.setattr(
        diffuse_parts, "locate", lambda name, *args, locate=diffuse_parts.locate, **words: {
            "sdxl-reference": tiny.ip_adapter("sdxl"), "reference-encoder": tiny.image_encoder(),
        }.get(name) or locate(name, *args, **words)
    )
    root = ready(
        tmp_path / "shot", "sdxl", mode="single", loras=f"{tiny.lora('sdxl')}:0.5", agree_reference=True,

    )
    run_stage(root, "diffuse")
    assert list_frames(root / "styled") == list(KEYS)
    assert len({picture.tobytes() for picture in all_styled(root)}) == len(KEYS)


def test_a_session_loads_the_model_once(tmp_path, monkeypatch):
    load, loads = loaded.load_checkpoint, []
    monkeypatch.setattr(loaded, "load_checkpoint", lambda *given: loads.append(given) or load(*given))
    loaded.free()
    for number, changes in enumerate(({}, {"prompt": "a house", "steps": 3}, {"loras": f"{tiny.lora()}:0.5"})):
        run_stage(ready(tmp_path / f"shot{number}", **changes), "diffuse")
    assert len(loads) == 1
    loaded.free()
    run_stage(ready(tmp_path / "again"), "diffuse")
    assert len(loads) == 2


def test_what_does_not_go_with_a_lora_for_few_steps_is_told(tmp_path):
    lora = tmp_path / "lcm_sd15.safetensors"
    lora.write_bytes(tiny.lora().read_bytes())
    heard = run_stage(ready(tmp_path / "shot", mode="single", loras=f"{lora}:1", guidance=9.0), "diffuse").messages
    told = [message.text for message in heard if "LCM" in getattr(message, "text", "")]
    assert len(told) == 1
    assert "guidance of 9 makes burnt pictures" in told[0]


@pytest.mark.parametrize(
    ("settings", "kind", "said"),
    [
        ({"strength": 0.1}, SettingError, "step"),
        ({"controlnets": "colour=x"}, SettingError, 'names "colour", which is no kind of control'),
        ({"controlnets": "lineart"}, SettingError, "which is not kind=model"),
        ({"loras": "nowhere.safetensors"}, MissingError, r"there is no LoRA .*nowhere"),
        ({"model": "old.ckpt"}, (InputError, MissingError), r"old\.ckpt"),
    ],
)
def test_bad_settings_are_told(tmp_path, settings, kind, said):
    with pytest.raises(kind, match=said):
        run_stage(ready(tmp_path / "shot", **settings), "diffuse")


def test_files_that_cannot_be_used_are_told(tmp_path):
    root = ready(tmp_path / "shot")
    (root / "controls/depth" / frame_name(3)).unlink()
    with pytest.raises(MissingError, match=r"the depth control of frame 3 is missing.*Run the controls stage"):
        run_stage(root, "diffuse")
    wrong = ready(tmp_path / "wrong", controlnets=", ".join(f"{k}={tiny.controlnet('sdxl', k, 'file')}" for k in KINDS))
    with pytest.raises(InputError):
        run_stage(wrong, "diffuse")
    cut_off = ready(tmp_path / "cut", model=str(tiny.truncated(tiny.single_file())))
    with pytest.raises((InputError, SettingError), match=r"torn\.safetensors"):
        run_stage(cut_off, "diffuse")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"diffuse.model": "nothing.safetensors"}, "there is no checkpoint"),
        ({"diffuse.loras": str(tiny.lora("sdxl"))}, "is a LoRA for SDXL"),
        ({"diffuse.strength": 0.1}, "leave no step to do"),
        ({"diffuse.anchor": 2}, "frame 2"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_goes(tmp_path, change, said):
    root = ready(tmp_path / "shot")
    state = ShotState(Shot(root))
    frames = [frame_name(frame) for frame in KEYS]
    for name in frames:
        state.journal("diffuse").write(f"styled/{name}", b"drawn before")
    state.save("diffuse", Record(parts={"version": 0}, complete=True))
    Shot(root).change(change)
    with pytest.raises(EngineError, match=said):
        pipeline._run_stage(ShotState(Shot(root)), BY_NAME["diffuse"], None, Listener())
    assert [(root / "styled" / name).read_bytes() for name in frames] == [b"drawn before"] * 3
