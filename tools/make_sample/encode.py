# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins rendered frames and the sound: run `python -m make_sample.encode FOLDER CLIP.mp4` in `tools/` (PyAV, numpy)."""

import argparse
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from .motion import FRAME_COUNT, FRAME_RATE
from .sound import SAMPLE_RATE, make_sound

QUALITY = "19"


def encode(folder: Path, clip: Path) -> None:
    """Write H.264 (BT.709, 4:2:0) with AAC from FOLDER/000001.png on."""
    clip.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(clip), "w", options={"movflags": "faststart"}) as container:
        video = container.add_stream(
            "libx264", rate=FRAME_RATE, options={"crf": QUALITY, "preset": "veryslow", "threads": "1"}
        )
        audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono", options={"b": "96k"})
        video.pix_fmt = "yuv420p"
        context = video.codec_context
        context.color_primaries = context.color_trc = context.colorspace = 1
        context.color_range = 1
        first = _read(folder / "000001.png")
        video.width, video.height = first.width, first.height
        for number in range(1, FRAME_COUNT + 1):
            frame = _read(folder / f"{number:06d}.png")
            converted = frame.reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            converted.pts = number - 1
            container.mux(video.encode(converted))
        container.mux(video.encode(None))
        _encode_sound(container, audio)


def _read(path: Path) -> av.VideoFrame:
    with av.open(str(path)) as picture:
        frame = next(picture.decode(video=0))
        return av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")


def _encode_sound(container: av.container.OutputContainer, audio: av.AudioStream) -> None:
    samples = make_sound()
    for start in range(0, len(samples), 1024):
        block = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[None, start : start + 1024]), format="fltp", layout="mono"
        )
        block.sample_rate = SAMPLE_RATE
        block.pts = start
        container.mux(audio.encode(block))
    container.mux(audio.encode(None))


def main() -> None:
    """Encode what the command line names."""
    parser = argparse.ArgumentParser(description="Join the frames and the sound of the sample clip.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("clip", type=Path)
    options = parser.parse_args()
    encode(options.folder, options.clip)


if __name__ == "__main__":
    main()
