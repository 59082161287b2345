# SPDX-License-Identifier: GPL-3.0-or-later
"""The diffusion models Lineboil knows by name: where they are, what they are for, how large, under which licence.

None of them comes along and none is fetched unless it is asked for. Where `is_verified` is False, the repository, the
names of its files, its licence and its size were written down without a look at the hub; getting it looks at what is
there, says what differs, and keeps the revision it got. A file is named by alternatives (`a|b`), the first that the
repository has is taken, and by patterns (`*.json`); a question mark before it says that it may be missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "checkpoint", "controlnet", "controlnet_union", "lora", "vae", "ip_adapter", "image_encoder", "control", "unknown"
]
Family = Literal["sd15", "sdxl", "zimage", ""]


@dataclass(frozen=True)
class HubLicence:
    """The licence of weights.

    Attributes:
        identifier: SPDX identifier, or the name the hub uses.
        url: Its text.
        limits: What it forbids, as a clause; empty for a free licence, which nobody has to accept first.
    """

    identifier: str
    url: str
    limits: str = ""


@dataclass(frozen=True)
class HubModel:
    """One model on the hub.

    Attributes:
        name: What settings and commands call it.
        repository: Owner and name on the hub.
        files: What is taken of it; alternatives are parted by |, and may be patterns.
        main: The file or folder in it that is given to the program; "" for the whole.
        megabytes: To fetch, about.
        licence: Its licence.
        family: Which checkpoints it goes with; "" for any.
        kind: What it is.
        doc: What it is for.
        control: The control a ControlNet follows; "" for others.
        revision: Commit, branch or tag.
        sha256: Of files that are known, by name in the repository.
        is_verified: Whether this entry was compared with the hub.
    """

    name: str
    repository: str
    files: tuple[str, ...]
    main: str
    megabytes: int
    licence: HubLicence
    family: Family
    kind: Kind
    doc: str
    control: str = ""
    revision: str = "main"
    sha256: tuple[tuple[str, str], ...] = ()
    is_verified: bool = False

    @property
    def page(self) -> str:
        """Its page on the hub, where its licence and what it was trained on are told."""
        return f"https://huggingface.co/{self.repository}"


_SPDX = "https://spdx.org/licenses/"
_NO_HARM = "forbids a list of harmful uses"
APACHE = HubLicence("Apache-2.0", f"{_SPDX}Apache-2.0.html")
MIT = HubLicence("MIT", f"{_SPDX}MIT.html")
OPENRAIL = HubLicence(
    "CreativeML-OpenRAIL-M", "https://huggingface.co/spaces/CompVis/stable-diffusion-license", _NO_HARM
)
OPENRAIL_XL = HubLicence(
    "CreativeML-OpenRAIL++-M",
    "https://huggingface.co/stabilityai/stable-diffusion-xl-base-1.0/blob/main/LICENSE.md",
    _NO_HARM,
)

_WEIGHTS = "diffusion_pytorch_model.fp16.safetensors|diffusion_pytorch_model.safetensors"
_TEXT = "model.fp16.safetensors|model.safetensors"


def _pipeline(*parts: tuple[str, str]) -> tuple[str, ...]:
    """Files of a folder as diffusers writes it: small files of all its parts, weights of those named."""
    weights = tuple("|".join(f"{part}/{name}" for name in names.split("|")) for part, names in parts)
    return ("model_index.json", "scheduler/*.json", "tokenizer*/*", *(f"{part}/*.json" for part, _ in parts), *weights)


def _control15(control: str, repository: str) -> HubModel:
    return HubModel(
        f"sd15-{control}", f"lllyasviel/{repository}", ("config.json", _WEIGHTS), "", 723, OPENRAIL, "sd15",
        "controlnet", f"Holds SD 1.5 to the {control} control.", control,
    )


def _file(
    name: str, repository: str, file: str, megabytes: int, licence: HubLicence, family: Family, kind: Kind, doc: str
) -> HubModel:
    return HubModel(name, repository, (file,), file, megabytes, licence, family, kind, doc)


HUB_MODELS: tuple[HubModel, ...] = (
    HubModel(
        "sd15", "stable-diffusion-v1-5/stable-diffusion-v1-5",
        _pipeline(("text_encoder", _TEXT), ("unet", _WEIGHTS), ("vae", _WEIGHTS)), "", 2140, OPENRAIL, "sd15",
        "checkpoint", "Stable Diffusion 1.5: the lightest family, with a ControlNet for every control.",
    ),
    _control15("lineart", "control_v11p_sd15_lineart"),
    _control15("depth", "control_v11f1p_sd15_depth"),
    _control15("openpose", "control_v11p_sd15_openpose"),
    _control15("softedge", "control_v11p_sd15_softedge"),
    _control15("canny", "control_v11p_sd15_canny"),
    _control15("mlsd", "control_v11p_sd15_mlsd"),
    _control15("segmentation", "control_v11p_sd15_seg"),
    _file("sd15-hyper", "ByteDance/Hyper-SD", "Hyper-SD15-8steps-CFG-lora.safetensors", 270, OPENRAIL, "sd15", "lora",
          "SD 1.5 in 8 steps, with negative prompts."),
    _file("sd15-lcm", "latent-consistency/lcm-lora-sdv1-5", "pytorch_lora_weights.safetensors", 135, OPENRAIL_XL,
          "sd15", "lora", "SD 1.5 in 4 to 8 steps with the LCM scheduler."),
    _file("sd15-reference", "h94/IP-Adapter", "models/ip-adapter-plus_sd15.safetensors", 98, APACHE, "sd15",
          "ip_adapter", "Follows a reference picture with SD 1.5; needs reference-encoder."),
    HubModel(
        "reference-encoder", "h94/IP-Adapter",
        ("models/image_encoder/config.json", "models/image_encoder/model.safetensors"), "models/image_encoder", 2530,
        APACHE, "", "image_encoder", "Reads the reference picture, for SD 1.5 and SDXL.",
    ),
    HubModel(
        "sdxl", "stabilityai/stable-diffusion-xl-base-1.0",
        _pipeline(("text_encoder", _TEXT), ("text_encoder_2", _TEXT), ("unet", _WEIGHTS), ("vae", _WEIGHTS)), "", 6940,
        OPENRAIL_XL, "sdxl", "checkpoint", "Stable Diffusion XL: larger pictures, truer to the prompt.",
    ),
    HubModel(
        "sdxl-union", "brad-twinkl/controlnet-union-sdxl-1.0-promax", ("config.json", _WEIGHTS), "", 2510, APACHE,
        "sdxl", "controlnet_union", "One ControlNet for all controls of SDXL.",
    ),
    HubModel(
        "sdxl-vae", "madebyollin/sdxl-vae-fp16-fix", ("config.json", "diffusion_pytorch_model.safetensors"), "", 335,
        MIT, "sdxl", "vae", "SDXL's VAE that does not overflow in half precision.",
    ),
    _file("sdxl-hyper", "ByteDance/Hyper-SD", "Hyper-SDXL-8steps-CFG-lora.safetensors", 790, OPENRAIL_XL, "sdxl",
          "lora", "SDXL in 8 steps, with negative prompts."),
    _file("sdxl-lcm", "latent-consistency/lcm-lora-sdxl", "pytorch_lora_weights.safetensors", 394, OPENRAIL_XL, "sdxl",
          "lora", "SDXL in 4 to 8 steps with the LCM scheduler."),
    _file("sdxl-reference", "h94/IP-Adapter", "sdxl_models/ip-adapter-plus_sdxl_vit-h.safetensors", 848, APACHE,
          "sdxl", "ip_adapter", "Follows a reference picture with SDXL; needs reference-encoder."),
    HubModel(
        "zimage", "Tongyi-MAI/Z-Image-Turbo",
        ("model_index.json", "scheduler/*.json", "tokenizer/*", "text_encoder/*.json", "text_encoder/*.safetensors",
         "transformer/*.json", "transformer/*.safetensors", "vae/*.json", "vae/*.safetensors"), "", 20700, APACHE,
        "zimage", "checkpoint", "Z-Image Turbo: the newest family, 8 steps; for 16 GB cards.",
    ),
    _file("zimage-union", "alibaba-pai/Z-Image-Turbo-Fun-Controlnet-Union-2.1",
          "Z-Image-Turbo-Fun-Controlnet-Union-2.1-8steps.safetensors|*8steps.safetensors", 6700, APACHE, "zimage",
          "controlnet_union", "One ControlNet for all controls of Z-Image Turbo."),
    HubModel(
        "people", "PekingU/rtdetr_v2_r18vd", ("config.json", "preprocessor_config.json", "model.safetensors"), "", 81,
        APACHE, "", "control", "Finds people for the openpose control (RT-DETRv2).", "openpose",
    ),
    HubModel(
        "body", "usyd-community/vitpose-base-simple", ("config.json", "preprocessor_config.json", "model.safetensors"),
        "", 344, APACHE, "", "control", "Landmarks of bodies for the openpose control (ViTPose).", "openpose",
    ),
    HubModel(
        "segments", "openmmlab/upernet-convnext-small",
        ("config.json", "preprocessor_config.json", "model.safetensors"), "", 328, MIT, "", "control",
        "Names what is seen for the segmentation control, in ADE20K's classes (UperNet).", "segmentation",
    ),
    # The hashes are those told by projects that use the same files.
    HubModel(
        "lines", "rocca/informative-drawings-line-art-onnx", ("model.onnx",), "model.onnx", 17, MIT, "", "control",
        "Draws lines for the lineart control (Informative Drawings).", "lineart",
        sha256=(("model.onnx", "1fef40b8f7126d827e30fbebccf95ae9b0b391795df926bf9366a821bad4f498"),),
    ),
    HubModel(
        "edges", "opencv/edge_detection_dexined", ("edge_detection_dexined_2024sep.onnx",),
        "edge_detection_dexined_2024sep.onnx", 47, MIT, "", "control",
        "Finds edges for the softedge control (DexiNed).", "softedge",
        sha256=(("edge_detection_dexined_2024sep.onnx",
                 "a50d01dc8481549c7dedb9eb3e0123b810a016520df75e4669a504609982cdd0"),),
    ),
)

BY_NAME: dict[str, HubModel] = {model.name: model for model in HUB_MODELS}

_IDENTIFIER = re.compile(r"([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:/(.+\.safetensors))?")
_NET = "?diffusion_pytorch_model.fp16.safetensors|diffusion_pytorch_model.safetensors|model.fp16.safetensors|" \
       "model.safetensors"


def entry(name: str) -> HubModel | None:
    """The model of a name: one of the catalogue, or one that is named by its place on the hub.

    A place is `owner/name` for a model in diffusers' layout, `owner/name/file.safetensors` for one file. None when
    the name is neither.
    """
    match = None if name in BY_NAME else _IDENTIFIER.fullmatch(name)
    if match is None or ".." in name:
        return BY_NAME.get(name)
    repository, file = str(match[1]), str(match[2] or "")
    page = f"https://huggingface.co/{repository}"
    licence = HubLicence("the one its page names", page, "is not known to this program")
    folder = ("model_index.json|config.json", "?*/*.json", "?*/*.txt", "?*/*.model", _NET,
              "?*/*.fp16.safetensors|*/*.safetensors")
    return HubModel(name, repository, (file,) if file else folder, file, 0, licence, "", "unknown",
                    "Named by its place on the hub.")
