"""Packs columns of numbers into bytes and back, bit for bit. Pure.

Owns the format only. What monitoring measures is mostly constant, whole, or has few decimals: such columns
become small integers; all others keep their bits, XORed with their neighbour. Either is laid out byte by byte
and compressed. The store calls it.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]

SCALES: Final = (1.0, 10.0, 100.0, 1_000.0, 256.0, 10_000.0)
"""Decimals of percentages and milliseconds; 256 for sizes in MiB of memory that comes in pages of 4 KiB."""

_CONSTANT, _PLAIN, _DELTA, _XOR, _STEADY = range(5)
_COMPRESSED: Final = 0x80
_HEADER: Final = struct.Struct("<BBBI")  # kind, scale, bytes per number, how many
_FIRST: Final = struct.Struct("<q")
_VALUE: Final = struct.Struct("<d")
_EXACT_BELOW: Final = 2.0**53
_WORTH_COMPRESSING: Final = 48


def pack_floats(values: Floats) -> bytes:
    """Pack finite numbers; not empty."""
    bits = values.view(np.int64)
    if (bits == bits[0]).all():
        return _HEADER.pack(_CONSTANT, 0, 0, len(values)) + _VALUE.pack(values[0])
    scaled = find_scale(values)
    if scaled is not None:
        index, integers = scaled
        return _pack_integers(integers, index)
    mixed = bits.copy()
    mixed[1:] ^= bits[:-1]
    return _frame(_XOR, 0, 8, len(values), mixed.view(np.uint64))


def unpack_floats(data: bytes) -> Floats:
    """Return what `pack_floats` packed."""
    kind, scale, width, count = _HEADER.unpack_from(data)
    if kind & ~_COMPRESSED == _CONSTANT:
        return np.full(count, _VALUE.unpack_from(data, _HEADER.size)[0])
    if kind & ~_COMPRESSED == _XOR:
        mixed = _unframe(data[_HEADER.size :], kind, width, count).view(np.int64)
        restored: Integers = np.bitwise_xor.accumulate(mixed)
        return restored.view(np.float64)
    integers: Floats = _unpack_integers(data).astype(np.float64)
    return integers / SCALES[scale]


def pack_integers(values: Integers) -> bytes:
    """Pack whole numbers such as instants; not empty."""
    return _pack_integers(values, 0)


def unpack_integers(data: bytes) -> Integers:
    """Return what `pack_integers` packed."""
    return _unpack_integers(data)


def find_scale(values: Floats) -> tuple[int, Integers] | None:
    """Return the index of a scale that makes all values whole, and those; None when there is none."""
    bits = values.view(np.int64)
    for index, scale in enumerate(SCALES):
        rounded = np.rint(values * scale)
        if np.abs(rounded).max() >= _EXACT_BELOW:
            return None
        if ((rounded.astype(np.int64) / scale).view(np.int64) == bits).all():
            return index, rounded.astype(np.int64)
    return None


def _pack_integers(values: Integers, scale: int) -> bytes:
    lowest = int(values.min())
    plain = (values - lowest).view(np.uint64)
    steps = values[1:] - values[:-1]
    if len(steps) and (steps == steps[0]).all():
        head = _HEADER.pack(_STEADY, scale, 0, len(values))
        return head + _FIRST.pack(int(values[0])) + _FIRST.pack(int(steps[0]))
    zigzag = ((steps << 1) ^ (steps >> 63)).view(np.uint64)
    most_plain = int(plain.max())
    most_step = int(zigzag.max()) if len(zigzag) else 0
    if _width(most_step) < _width(most_plain) or most_step * 4 < most_plain:
        body = _frame(_DELTA, scale, _width(most_step), len(values), zigzag, int(values[0]))
    else:
        body = _frame(_PLAIN, scale, _width(most_plain), len(values), plain, lowest)
    return body


def _unpack_integers(data: bytes) -> Integers:
    kind, _, width, count = _HEADER.unpack_from(data)
    (first,) = _FIRST.unpack_from(data, _HEADER.size)
    body = data[_HEADER.size + _FIRST.size :]
    if kind == _STEADY:
        steady: Integers = first + np.arange(count) * _FIRST.unpack(body)[0]
        return steady
    if kind & ~_COMPRESSED == _PLAIN:
        plain: Integers = _unframe(body, kind, width, count).view(np.int64) + first
        return plain
    zigzag = _unframe(body, kind, width, count - 1)
    steps = (zigzag >> np.uint64(1)).view(np.int64) ^ -(zigzag & np.uint64(1)).view(np.int64)
    restored = np.empty(count, np.int64)
    restored[0] = first
    restored[1:] = steps
    whole: Integers = np.cumsum(restored)
    return whole


def _width(most: int) -> int:
    for width in (1, 2, 4):
        if most < 1 << 8 * width:
            return width
    return 8


def _frame(
    kind: int, scale: int, width: int, count: int, numbers: npt.NDArray[np.uint64], first: int | None = None
) -> bytes:
    narrow = numbers.astype(f"<u{width}")
    planes = narrow.view(np.uint8).reshape(-1, width).T.tobytes()  # equal high bytes stand together
    if len(planes) > _WORTH_COMPRESSING:
        squeezed = zlib.compress(planes, 1)
        if len(squeezed) < len(planes):
            planes, kind = squeezed, kind | _COMPRESSED
    head = _HEADER.pack(kind, scale, width, count)
    return head + (_FIRST.pack(first) if first is not None else b"") + planes


def _unframe(body: bytes, kind: int, width: int, count: int) -> npt.NDArray[np.uint64]:
    planes = zlib.decompress(body) if kind & _COMPRESSED else body
    bytes_ = np.frombuffer(planes, np.uint8).reshape(width, count).T
    numbers: npt.NDArray[np.uint64] = (
        np.ascontiguousarray(bytes_).view(f"<u{width}").ravel().astype(np.uint64)
    )
    return numbers
