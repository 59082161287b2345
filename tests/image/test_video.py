# SPDX-License-Identifier: GPL-3.0-or-later
"""Films that are written are read back: colours, times, alpha, sound against picture; and nothing half is left."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from lineboil.addon.engine.errors import Cancelled, InputError
from lineboil.addon.engine.image.clip import Decoder, opened
from lineboil.addon.engine.image.sound import PlacedSound, extract_sound
from lineboil.addon.engine.image.video import probe, write_movie
from lineboil.addon.engine.image.yuv import FrameReader, coding_of
from movies import PATCHES, numbered_pictures, patch_means, patch_picture, write_clip

RATE = Fraction(25)


def read(path: Path) -> tuple[list[float], np.ndarray, np.ndarray | None]:
    """Times, and the last frame's picture and alpha."""
    frames = list(Decoder(path).frames())
    last = frames[-1].frame
    image, alpha = FrameReader(coding_of(last), last.width, last.height)(last)
    return [frame.seconds for frame in frames], image, alpha


def sound_of(path: Path, seconds: float = 10.0) -> np.ndarray:
    """Samples from the film's time 0 on, by each packet's own time."""
    with opened(path) as container:
        return np.concatenate([np.zeros((0, 1), np.int16), *PlacedSound(container, 0.0, seconds).chunks("s16")])[:, 0]


def click_track(clicks: list[float], seconds: float) -> np.ndarray:
    track = np.zeros(round(seconds * 48000), np.int16)
    for moment in clicks:
        place = round(moment * 48000)
        track[place : place + 96] = 20000
    return track


def first_click(samples: np.ndarray) -> float:
    return float(np.argmax(np.abs(samples.astype(int)) > 5000)) / 48000


def test_h264_colours_tags_and_times(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    told: list[int] = []
    count = write_movie(path, [patch_picture()] * 5, frame_rate=RATE, quality=4, report=told.append)
    times, image, alpha = read(path)
    assert (count, told, alpha) == (5, [1, 2, 3, 4, 5], None)
    np.testing.assert_allclose(times, np.arange(5) / 25, atol=1e-6)
    np.testing.assert_allclose(patch_means(image), PATCHES, atol=2.5)
    frame = next(iter(Decoder(path).frames())).frame
    tags = (frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries, frame.format.name)
    assert tags == (1, 1, 1, 1, "yuv420p")
    found = probe(path)
    assert (found.width, found.height, found.frame_rate, found.frames) == (192, 48, RATE, 5)
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert [entry.name for entry in tmp_path.iterdir()] == ["film.mp4"]


def test_varying_times_are_written_exactly(tmp_path: Path) -> None:
    times = (0.0, 20 / 600, 44 / 600, 61 / 600, 130 / 600)
    write_movie(tmp_path / "film.mp4", numbered_pictures(5), frame_rate=Fraction(23), times_seconds=times)
    np.testing.assert_allclose(read(tmp_path / "film.mp4")[0], times, atol=6e-6)


def test_odd_sizes_repeat_the_edge(tmp_path: Path) -> None:
    pictures = [np.full((49, 65, 3), 120, np.uint8)] * 3
    pictures[2][:] = (200, 100, 50)
    write_movie(tmp_path / "film.mp4", pictures, frame_rate=RATE, quality=4)
    image = read(tmp_path / "film.mp4")[1]
    assert image.shape == (50, 66, 3)
    np.testing.assert_allclose(image[:, -1] * 255, np.broadcast_to((200, 100, 50), (50, 3)), atol=4)


def test_prores_keeps_alpha_and_colours_apart(tmp_path: Path) -> None:
    alpha = np.linspace(0, 65535, 192).astype(np.uint16)[None].repeat(48, 0)
    picture = np.dstack([patch_picture().astype(np.uint16) * 257, alpha])
    write_movie(tmp_path / "film.mov", [picture] * 2, frame_rate=RATE, codec="prores4444")
    _, image, found = read(tmp_path / "film.mov")
    assert found is not None
    np.testing.assert_allclose(found, alpha / 65535, atol=0.004)
    np.testing.assert_allclose(patch_means(image), PATCHES, atol=2.5)
    assert probe(tmp_path / "film.mov").codec == "prores"


@pytest.mark.parametrize(("codec", "name"), [("h264", "film.mp4"), ("prores4444", "film.mov")])
@pytest.mark.parametrize("offset", [0.0, 0.25, -0.25])
def test_a_click_is_heard_when_it_is_seen(tmp_path: Path, codec, name: str, offset: float) -> None:
    clip = write_clip(tmp_path / "a.mov", numbered_pictures(25), sound=click_track([0.52], 1.0))
    assert extract_sound(clip, tmp_path / "sound.flac", 0.0, 1.0).seconds == pytest.approx(1.0)
    pictures = [np.zeros((48, 64, 3), np.uint8) for _ in range(25)]
    flash = round((0.52 + offset) * 25)
    pictures[flash][:] = 250
    path = tmp_path / name
    write_movie(
        path, pictures, frame_rate=RATE, codec=codec, sound=tmp_path / "sound.flac", sound_offset_seconds=offset
    )
    seen = next(frame.seconds for frame in Decoder(path).frames() if frame.frame.to_ndarray(format="gray").mean() > 128)
    heard = first_click(sound_of(path))
    assert heard == pytest.approx(0.52 + offset, abs=0.003)
    assert abs(seen - heard) <= 0.04
    assert len(sound_of(path)) / 48000 == pytest.approx(min(1.0, 1.0 + offset), abs=0.03)


def test_sound_that_starts_late_or_early_stays_in_sync(tmp_path: Path) -> None:
    late = write_clip(tmp_path / "late.mov", numbered_pictures(25), sound=click_track([0.1], 0.6), sound_start=0.3)
    found = extract_sound(late, tmp_path / "late.flac", 0.0, 1.0)
    assert found.seconds == pytest.approx(0.9, abs=0.001)
    assert first_click(sound_of(tmp_path / "late.flac")) == pytest.approx(0.4, abs=1e-4)
    ticks = [300 + 24 * index for index in range(20)]
    early = write_clip(tmp_path / "early.mkv", numbered_pictures(20), ticks=ticks, sound=click_track([0.7], 1.2))
    start = next(iter(Decoder(early).frames())).seconds
    assert start == pytest.approx(0.5, abs=0.002)
    extract_sound(early, tmp_path / "early.flac", start, 0.7)
    assert first_click(sound_of(tmp_path / "early.flac")) == pytest.approx(0.2, abs=0.002)


def test_a_hole_in_the_sound_is_silence(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mkv", numbered_pictures(50), sound=click_track([0.1, 1.3], 2.0))
    holed = tmp_path / "holed.mkv"
    with av.open(str(clip)) as source, av.open(str(holed), "w") as target:
        tracks = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            is_lost = packet.stream.type == "audio" and packet.pts and 0.4 < float(packet.pts * packet.time_base) < 0.9
            if packet.dts is None or is_lost:
                continue
            packet.stream = tracks[packet.stream.index]
            target.mux(packet)
    samples = sound_of(holed)
    late = samples[48000:]
    assert first_click(samples) == pytest.approx(0.1, abs=0.002)
    assert 1 + first_click(late) == pytest.approx(1.3, abs=0.002)


def test_fine_sound_keeps_its_bits(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mov", numbered_pictures(5), sound=click_track([0.05], 0.2), sound_codec="pcm_s24le")
    extract_sound(clip, tmp_path / "sound.flac", 0.0, 0.2)
    with av.open(str(tmp_path / "sound.flac")) as container:
        assert container.streams.audio[0].format.name == "s32"


def test_a_stopped_or_failed_film_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"the old film")

    def stop(count: int) -> None:
        if count == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        write_movie(path, numbered_pictures(9), frame_rate=RATE, report=stop)
    with pytest.raises(InputError, match="frame 2 of the film is 32x48"):
        write_movie(path, [np.zeros((48, 64, 3), np.uint8), np.zeros((48, 32, 3), np.uint8)], frame_rate=RATE)
    with pytest.raises(InputError, match="no frames"):
        write_movie(path, [], frame_rate=RATE)
    with pytest.raises(InputError, match="bad.flac"):
        (tmp_path / "bad.flac").write_bytes(b"no sound at all" * 9)
        write_movie(path, numbered_pictures(3), frame_rate=RATE, sound=tmp_path / "bad.flac")
    (tmp_path / "bad.flac").unlink()
    assert [entry.name for entry in tmp_path.iterdir()] == ["film.mp4"]
    assert path.read_bytes() == b"the old film"


def test_the_same_frames_give_the_same_film(tmp_path: Path) -> None:
    sound = write_clip(tmp_path / "a.mov", numbered_pictures(25), sound=click_track([0.5], 1.0))
    for name in ("one.mp4", "two.mp4"):
        write_movie(tmp_path / name, numbered_pictures(25), frame_rate=RATE, sound=sound)
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()


def test_a_name_with_odd_characters(tmp_path: Path) -> None:
    path = tmp_path / "film %03d, 50% é.mp4"
    write_movie(path, numbered_pictures(3), frame_rate=RATE)
    assert probe(path).frames == 3
