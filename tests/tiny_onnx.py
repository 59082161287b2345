"""ONNX files of one convolution, written by hand (https://onnx.ai: its messages are Protocol Buffers)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_FLOAT, _INTS = 1, 7


def write_convolution(path: Path, kernels: np.ndarray, *, sigmoid: bool = True, stride: int = 1) -> Path:
    """A network with an output for each kernel.

    Args:
        path: The file.
        kernels: float32 (outputs, channels of the picture, 3, 3).
        sigmoid: Put one behind each output.
        stride: Of the convolution.
    """
    nodes, tensors, outputs = b"", b"", b""
    for number, kernel in enumerate(kernels):
        weight, drawn, last = f"w{number}", f"c{number}", f"out{number}"
        attributes = _ints("pads", [1, 1, 1, 1]) + _ints("strides", [stride, stride])
        nodes += _node("Conv", ["picture", weight], drawn if sigmoid else last, attributes)
        if sigmoid:
            nodes += _node("Sigmoid", [drawn], last)
        tensors += _field(5, _tensor(weight, kernel[None]))
        outputs += _field(12, _value(last, [1, 1, "h", "w"]))
    channels = kernels.shape[1]
    graph = nodes + _text(2, "tiny") + tensors + _field(11, _value("picture", [1, channels, "h", "w"])) + outputs
    path.write_bytes(_number(1, 8) + _field(8, _text(1, "") + _number(2, 11)) + _field(7, graph))
    return path


def _node(kind: str, inputs: list[str], output: str, attributes: bytes = b"") -> bytes:
    return _field(1, b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(3, output)
                  + _text(4, kind) + attributes)


def _ints(name: str, values: list[int]) -> bytes:
    return _field(5, _text(1, name) + b"".join(_number(8, value) for value in values) + _number(20, _INTS))


def _tensor(name: str, values: np.ndarray) -> bytes:
    sizes = b"".join(_number(1, size) for size in values.shape)
    return sizes + _number(2, _FLOAT) + _text(8, name) + _field(9, values.astype("<f4").tobytes())


def _value(name: str, shape: list[int | str]) -> bytes:
    sizes = b"".join(_field(1, _text(2, size) if isinstance(size, str) else _number(1, size)) for size in shape)
    return _text(1, name) + _field(2, _field(1, _number(1, _FLOAT) + _field(2, sizes)))


def _text(field: int, text: str) -> bytes:
    return _field(field, text.encode())


def _field(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes([*made, value])
