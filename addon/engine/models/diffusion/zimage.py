# SPDX-License-Identifier: GPL-3.0-or-later
"""Z-Image: a transformer that follows a straight flow, with one ControlNet for all kinds of control.

diffusers has image to image and control for it, not both at once: here the pipeline with control starts from the
picture's own latents, mixed with noise as far as the strength says, and does the rest of the schedule.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ...errors import InputError
from .controlnets import Loaded
from .files import check_class, check_file, read_tensors, says_what_is_wrong
from .fitting import steps_done
from .latents import encode, to_tensor
from .request import Request

_MARK = "control_all_x_embedder.2-1.weight"
_LAYERS = 30
_OWN_REFINER = "control_noise_refiner.0.after_proj.weight"
_ANY_REFINER = "control_noise_refiner."
TEXT_TOKENS = 512


def load_controlnets(wanted: tuple[tuple[str, Path], ...], transformer: Any, dtype: Any) -> Loaded:
    """Load each file or folder once.

    Raises:
        MissingError: One is not there.
        InputError: One is damaged or another thing, or there are several.
    """
    nets = {path: None for _, path in wanted}
    if len(nets) > 1:
        raise InputError(
            "Z-Image takes one ControlNet for all kinds of control, not several", where=str(list(nets)[1]),
            remedy="Name the same file for every kind in diffuse.controlnets.",
        )
    loaded = {path: _load(path, transformer, dtype) for path in nets}
    return Loaded({kind: loaded[path] for kind, path in wanted})


def make_scheduler(config: dict[str, Any]) -> Any:
    """The scheduler of the checkpoint; Z-Image has no other."""
    import diffusers

    made: Any = diffusers.FlowMatchEulerDiscreteScheduler.from_config(config)
    # By the name that all other schedulers have for it.
    made.add_noise = lambda picture, noise, timesteps: made.scale_noise(picture, timesteps, noise)
    return made


def _load(path: Path, transformer: Any, dtype: Any) -> Any:
    """The ControlNet of a file or folder.

    Raises:
        MissingError: Nothing is there.
        InputError: It is damaged or another thing.
    """
    import diffusers

    kind = diffusers.ZImageControlNetModel
    check_file(path, "the ControlNet")
    with says_what_is_wrong(path, "a ControlNet of Z-Image"):
        if path.is_dir():
            check_class(path, ("ZImageControlNetModel",), "a ControlNet of Z-Image")
            return kind.from_pretrained(str(path), dtype=dtype, use_safetensors=True, local_files_only=True)
        tensors = read_tensors(path)
        if _MARK not in tensors:
            raise InputError(
                "is not a ControlNet of Z-Image, as the checkpoint is", where=str(path),
                remedy="Take one that was made for the checkpoint's family.",
            )
        shape = _shape(tensors, transformer)
        del tensors
        with tempfile.TemporaryDirectory() as folder:
            from accelerate import init_empty_weights

            with init_empty_weights():
                kind(**shape).save_config(folder)
            return kind.from_single_file(str(path), config=folder, dtype=dtype, local_files_only=True)


def _shape(tensors: dict[str, Any], transformer: Any) -> dict[str, Any]:
    """What a file says of its shape: how many layers, and whether it refines noise by layers of its own."""
    layers = len({name.split(".")[1] for name in tensors if name.startswith("control_layers.")})
    own = transformer.config
    every = max(1, own.n_layers // layers)
    if _OWN_REFINER in tensors:
        refiner = "control_noise_refiner"
    else:
        refiner = None if any(name.startswith(_ANY_REFINER) for name in tensors) else "control_layers"
    return {
        "control_layers_places": list(range(0, every * layers, every)),
        "control_refiner_layers_places": list(range(own.n_refiner_layers)) if refiner else None,
        "control_in_dim": tensors[_MARK].shape[1] // 4,
        "add_control_noise_refiner": refiner,
        **{name: own[name] for name in ("dim", "n_refiner_layers", "n_heads", "n_kv_heads", "norm_eps", "qk_norm")},
    }


def controlled(base: Any, net: Any) -> Any:
    """The pipeline with control; shares all weights with the one without."""
    import diffusers

    made = diffusers.ZImageControlNetPipeline(**base.components, controlnet=net)
    made.set_progress_bar_config(disable=True)
    return made


def words_of(pipeline: Any, request: Request, start: Any, device: str) -> dict[str, Any]:
    """What a pipeline of Z-Image is called with.

    Args:
        pipeline: With its text encoder on the device.
        request: What is asked.
        start: Latents of the picture that is redrawn.
        device: Where the work is done.
    """
    import torch

    height, width = request.image.shape[:2]
    count = steps_done(request.steps, request.strength)
    sigmas = torch.linspace(1.0, 1 / request.steps, request.steps).tolist()[request.steps - count :]
    shift = pipeline.scheduler.shift
    # The scheduler bends the levels of noise that it is given; the first one must be known to mix the picture.
    level = shift * sigmas[0] / (1 + (shift - 1) * sigmas[0])
    generator = torch.Generator("cpu").manual_seed(request.seed)
    noise = torch.randn(start.shape, generator=generator, dtype=torch.float32).to(start.device)
    # Its guidance counts from 0 where that of Stable Diffusion counts from 1.
    guidance = request.guidance - 1 if request.guidance > 2 else 0.0
    prompt, negative = pipeline.encode_prompt(
        prompt=request.prompt, negative_prompt=request.negative_prompt, device=device,
        do_classifier_free_guidance=guidance > 0, max_sequence_length=TEXT_TOKENS,
    )
    words: dict[str, Any] = {
        "prompt_embeds": prompt,
        "negative_prompt_embeds": negative,
        "height": height,
        "width": width,
        "num_inference_steps": count,
        "sigmas": sigmas,
        "latents": (1 - level) * start.float() + level * noise,
        "guidance_scale": guidance,
        "generator": generator,
        "output_type": "latent",
    }
    if request.controls:
        words |= {"control_image": to_tensor(request.controls[0].image), "controlnet_conditioning_scale": 1.0}
    return words


def cut_of(pipeline: Any, text: str) -> str:
    """What is told of a prompt's end that the text encoder does not read; "" when it reads all."""
    ids = pipeline.tokenizer(text, add_special_tokens=False).input_ids
    # Some room goes to the words around the prompt.
    beyond = ids[TEXT_TOKENS - 16 :]
    if not beyond:
        return ""
    start = " ".join(pipeline.tokenizer.decode(beyond).split()[:8])
    return f'the last {len(beyond)} are left out, from "{start}" on'


def several(net: Any, vae: Any, request: Request) -> Any:
    """One ControlNet that looks at several controls, each with its weight and its range of steps.

    Args:
        net: Of Z-Image.
        vae: AutoencoderKL.
        request: With one control at least, of the drawing's size.
    """
    import torch

    controls, steps = request.controls, steps_done(request.steps, request.strength)
    contexts = [_context(net, encode(vae, control.image)) for control in controls]

    class Several(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = net
            self.config = net.config
            self.done = 0
            self.device, self.dtype = net.device, net.dtype

        def forward(self, latents: Any, time: Any, words: Any, _: Any, conditioning_scale: float = 1.0) -> Any:
            start, end = self.done / steps, (self.done + 1) / steps
            self.done += 1
            total: dict[int, Any] = {}
            for control, context in zip(controls, contexts, strict=True):
                if start < control.start or end > control.end:
                    continue
                wide = context.to(latents[0].device, latents[0].dtype).repeat(len(latents), 1, 1, 1, 1)
                # Each gets lists of its own: the network changes them.
                told = self.net(list(latents), time, list(words), wide, conditioning_scale=control.weight)
                total = {layer: total[layer] + value if layer in total else value for layer, value in told.items()}
            return total

    return Several()


def _context(net: Any, latents: Any) -> Any:
    """Latents of a control as the network takes them: (1, C, 1, h, w), with zeros for what it could be given more."""
    import torch

    lacking = net.config.control_in_dim - latents.shape[1]
    zeros = torch.zeros((1, lacking, *latents.shape[2:]), device=latents.device, dtype=latents.dtype)
    return torch.cat([latents, zeros], dim=1).unsqueeze(2)
