# SPDX-License-Identifier: GPL-3.0-or-later
"""High dynamic range to standard: HLG and PQ signals in BT.2020 become sRGB.

The road of a pixel: signal -> light on the display in nits (ITU-R BT.2100: PQ EOTF; HLG inverse OETF and the OOTF of a
1000 nit display) -> BT.709 primaries -> the largest channel is rolled off towards reference white by the curve of
ITU-R BT.2390 section 5.4.1, the others with it so that hue stays -> colours outside the primaries are pulled towards
their own grey -> sRGB curve. Reference white is 203 nits (ITU-R BT.2408): what a grey card or a face gives in the
HDR picture it gives in an SDR one too; white paper lands near 90 %, highlights above it keep their drawing.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]
Table = npt.NDArray[np.float32]
Transfer = Literal["hlg", "pq"]

REFERENCE_WHITE_NITS = 203.0
DEFAULT_PEAK_NITS = 1000.0

_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_HLG_A = 0.17883277
_HLG_B, _HLG_C = 1 - 4 * _HLG_A, 0.5 - _HLG_A * float(np.log(4 * _HLG_A))
_HLG_GAMMA = 1.2
_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593], np.float32)
_LUMA_709 = np.array([0.2126, 0.7152, 0.0722], np.float32)
# Linear RGB from one set of primaries to BT.709, all with a D65 white.
TO_709: dict[str, Image] = {
    "bt2020": np.array(
        [[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]],
        np.float32,
    ),
    "p3": np.array(
        [[1.224940, -0.224940, 0.0], [-0.042057, 1.042057, 0.0], [-0.019638, -0.078636, 1.098274]], np.float32
    ),
}
_TABLE_SIZE = 1 << 16


def pq_to_nits(signal: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """PQ signal 0..1 to light in nits (BT.2100 EOTF)."""
    root = np.clip(np.asarray(signal, np.float64), 0, 1) ** (1 / _M2)
    return 10000 * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1)


def nits_to_pq(nits: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Light in nits to PQ signal 0..1."""
    power = (np.clip(np.asarray(nits, np.float64), 0, 10000) / 10000) ** _M1
    return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2


def hlg_to_scene(signal: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """HLG signal 0..1 to light of the scene, 0..1 (BT.2100 inverse OETF)."""
    value = np.clip(np.asarray(signal, np.float64), 0, 1)
    upper = (np.exp((value - _HLG_C) / _HLG_A) + _HLG_B) / 12
    return np.where(value <= 0.5, value**2 / 3, upper)


def roll_off(nits: npt.ArrayLike, peak_nits: float) -> npt.NDArray[np.float64]:
    """Light of the HDR picture to light of the SDR one, 1 = reference white (BT.2390 5.4.1, black unchanged).

    Args:
        nits: Light, any shape.
        peak_nits: Brightest light of the clip; it becomes 1.
    """
    peak = float(nits_to_pq(max(peak_nits, REFERENCE_WHITE_NITS)))
    source = np.minimum(nits_to_pq(nits) / peak, 1.0)
    top = float(nits_to_pq(REFERENCE_WHITE_NITS)) / peak
    knee = 1.5 * top - 0.5
    if knee >= 1:
        return pq_to_nits(source * peak) / REFERENCE_WHITE_NITS
    t = np.clip((source - knee) / (1 - knee), 0, 1)
    rolled = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * top
    return pq_to_nits(np.where(source < knee, source, rolled) * peak) / REFERENCE_WHITE_NITS


def linear_to_srgb(linear: Image) -> Image:
    """Linear light 0..1 to the sRGB curve."""
    value = np.clip(linear, 0, 1).astype(np.float32)
    curved = np.asarray(cv2.pow(value, 1 / 2.4), np.float32) * np.float32(1.055) - np.float32(0.055)
    return np.where(value <= 0.0031308, value * np.float32(12.92), curved)


def srgb_to_linear(image: Image) -> Image:
    """SRGB values 0..1 to linear light."""
    value = np.clip(image, 0, 1)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


class ToneMapper:
    """Turns HDR frames into sRGB ones.

    Args:
        transfer: Curve of the signal.
        peak_nits: Brightest light of the clip; HLG is shown on a display of 1000 nits.
    """

    def __init__(self, transfer: Transfer, peak_nits: float = DEFAULT_PEAK_NITS) -> None:
        signal = np.linspace(0, 1, _TABLE_SIZE)
        self._is_hlg = transfer == "hlg"
        light = hlg_to_scene(signal) if self._is_hlg else pq_to_nits(signal) / 10000
        self._light: Table = light.astype(np.float32)
        self._top_nits = DEFAULT_PEAK_NITS if self._is_hlg else 10000.0
        peak = min(peak_nits, self._top_nits)
        # Gain by the fourth root of light: its steps are even to the eye, also in the shadows.
        nits = (signal**4) * self._top_nits
        nits[0] = nits[1]
        self._gain: Table = (roll_off(nits, peak) * self._top_nits / nits).astype(np.float32)

    def __call__(self, signal: Image) -> Image:
        """A frame.

        Args:
            signal: float32 (H, W, 3), 0..1, coded RGB with BT.2020 primaries.

        Returns:
            float32 (H, W, 3), 0..1, sRGB.
        """
        light = _looked_up(self._light, signal)
        if self._is_hlg:
            luminance = np.maximum(cv2.transform(light, _LUMA_2020[None]), np.float32(1e-6))
            light *= np.asarray(cv2.pow(luminance, _HLG_GAMMA - 1), np.float32).reshape(*light.shape[:2], 1)
        light = np.asarray(cv2.transform(light, TO_709["bt2020"]), np.float32)
        brightest = np.clip(_largest(light), 0, 1)
        light *= _between(self._gain, np.sqrt(np.sqrt(brightest)))[..., None]
        return linear_to_srgb(into_gamut(light))


def _looked_up(table: Table, value: Image) -> Image:
    index = (np.clip(value, 0, 1) * np.float32(_TABLE_SIZE - 1) + np.float32(0.5)).astype(np.uint16)
    return table.take(index)


def _between(table: Table, value: Image) -> Image:
    # A gain in steps would let a smooth highlight fall back between them.
    place = value * np.float32(_TABLE_SIZE - 1)
    below = np.minimum(place.astype(np.int32), _TABLE_SIZE - 2)
    low = table.take(below)
    return np.asarray(low + (table.take(below + 1) - low) * (place - below), np.float32)


def _largest(image: Image) -> Image:
    # Far quicker than a maximum along the last axis.
    return np.maximum(np.maximum(image[..., 0], image[..., 1]), image[..., 2])


def into_gamut(linear: npt.NDArray[np.floating]) -> Image:
    """Linear BT.709 colours that do not exist are mixed with the grey of their own luminance until they do.

    Args:
        linear: float32 (H, W, 3), may be below 0 or above 1.

    Returns:
        float32 (H, W, 3), 0..1.
    """
    found = np.ascontiguousarray(linear, np.float32)
    outside = (_largest(-found) > 0) | (_largest(found) > 1)
    if not outside.any():
        return found
    wild = found[outside]
    grey = np.clip(wild @ _LUMA_709, 0, 1)[:, None]
    away = wild - grey
    with np.errstate(divide="ignore", invalid="ignore"):
        to_black = np.where(away < -1e-9, grey / -away, np.float32(1))
        to_white = np.where(away > 1e-9, (1 - grey) / away, np.float32(1))
    keep = np.minimum(np.minimum(to_black, to_white).min(1), 1)[:, None]
    tame = found.copy()
    tame[outside] = np.clip(grey + away * keep, 0, 1)
    return tame


def from_wide(image: Image, primaries: str) -> Image:
    """SDR colours of wide primaries ("bt2020" or "p3") as sRGB; float32 (H, W, 3), 0..1, both."""
    return linear_to_srgb(into_gamut(np.asarray(cv2.transform(srgb_to_linear(image), TO_709[primaries]), np.float32)))
