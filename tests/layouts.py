"""Values of every dtype, and arrays of every layout, as calls in cases and random programs write them.

The functions of `NAMES` may be called in `calls` blocks. Each call makes a new array, so that every run begins with the same.
"""

from __future__ import annotations

import math
import random
from functools import cache

from tests.arrays import DTYPES

# The layouts that compiled code takes, and those with which the original function runs or which are refused.
TAKEN = ("C", "F", "strided", "reversed", "column", "offset", "transposed", "broadcast", "read-only", "read-only strided")
OTHER = ("unaligned", "swapped", "subclass", "matrix", "masked", "record")


@cache
def values(dtype: str, edge: bool = True) -> tuple:
    """Scalars of a dtype: the edges of what it holds, or small ones."""
    import numpy as np

    kind = np.dtype(dtype)
    if kind.kind == "b":
        numbers = [True, False]
    elif kind.kind in "iu":
        low, high = int(np.iinfo(kind).min), int(np.iinfo(kind).max)
        small = [0, 1, 2, 3, 5, 7, 11] + ([-1, -2, -7] if low else [])
        numbers = [0, 1, 2, 3, 7, low, high, high - 1, low + 1, 8 * kind.itemsize - 1, min(8 * kind.itemsize, high), high // 2 + 1] \
            + ([-1, -2, -64] if low else []) if edge else small
    elif kind.kind == "f":
        limits = np.finfo(kind)
        edges = [0.0, -0.0, 0.5, 1.0, 1.5, -2.5, 3.0, float(limits.max), float(limits.min), float(limits.smallest_subnormal),
                 float(limits.tiny), float(1 + limits.eps), 2.0**24 + 1, 2.0**63, -(2.0**31), 255.9, math.inf, -math.inf, math.nan]
        numbers = edges if edge else [0.0, 0.5, 1.0, 1.5, -2.5, 3.0, 0.1, -0.0, 100.25]
    else:
        most = float(np.finfo(kind).max)
        edges = [0j, complex(-0.0, -0.0), 1j, 1 + 2j, -2.5 + 0.5j, 3 + 0j, complex(most, -most), complex(math.inf, 1.0),
                 complex(math.nan, 0.0), complex(0.0, -math.inf), complex(math.inf, math.nan)]
        numbers = edges if edge else [0j, 1j, 1 + 2j, -0.5 + 0.25j, 3 + 0j, 2.5 - 1j]
    unique = {repr(kind.type(one)): kind.type(one) for one in numbers}
    return tuple(unique.values())


def filled(dtype: str, shape=(), seed: int = 0, edge: bool = False):
    """A new array in C order; its elements are chosen among the values of the dtype."""
    import numpy as np

    made = np.empty(shape, dtype)
    chosen = random.Random(f"{dtype}/{seed}")
    some = values(dtype, edge)
    flat = made.reshape(-1)
    for at in range(flat.size):
        flat[at] = chosen.choice(some)
    return made


def read_only(array):
    """The array, made read-only."""
    array.flags.writeable = False
    return array


def unaligned(array):
    """A copy whose elements lie at odd addresses."""
    import numpy as np

    memory = np.zeros(array.nbytes + 1, np.uint8)
    made = np.ndarray(array.shape, array.dtype, memory, 1)
    made[...] = array
    return made


def swapped(array):
    """A copy in the other byte order."""
    return array.astype(array.dtype.newbyteorder())


def subclass(array):
    """A view of a class of the user's own."""
    return array.view(_subclass())


@cache
def _subclass():
    import numpy as np

    return type("Subclass", (np.ndarray,), {})


NAMES = {one.__name__: one for one in (filled, read_only, unaligned, swapped, subclass)}


def written(layout: str, dtype: str, shape: tuple[int, ...], seed: int = 0, edge: bool = False) -> str:
    """The text of an array of a layout; `broadcast` has the same elements along its first dimension."""
    def fill(shape) -> str:
        return f"filled({dtype!r}, {_tuple(shape)}, {seed}{', True' if edge else ''})"

    ndim = len(shape)
    plain = fill(shape)
    if layout in ("C", "F", "strided", "reversed", "column", "offset", "transposed", "broadcast") and not ndim:
        return plain
    match layout:
        case "C":
            return plain
        case "F":
            return f"np.asfortranarray({plain})" if ndim > 1 else plain
        case "strided":
            return f"{fill((*shape[:-1], shape[-1] * 2))}[..., ::2]"
        case "reversed":
            return f"{plain}[{', '.join(['::-1'] * ndim)}]"
        case "column":
            return f"{fill((*shape, 3))}[..., 1]"
        case "offset":
            return f"{fill(tuple(one + 2 for one in shape))}[{', '.join(['1:-1'] * ndim)}]"
        case "transposed":
            return f"{fill(shape[::-1])}.T"
        case "broadcast":
            return f"np.lib.stride_tricks.as_strided({fill(shape[1:])}, {_tuple(shape)}, {_strides(dtype, shape)})"
        case "read-only":
            return f"read_only({plain})"
        case "read-only strided":
            return f"read_only({written('strided', dtype, shape, seed, edge)})" if ndim else f"read_only({plain})"
        case "unaligned":
            return f"unaligned({plain})"
        case "swapped":
            return f"swapped({plain})"
        case "subclass":
            return f"subclass({plain})"
        case "matrix":
            return f"np.asmatrix({fill(shape if ndim == 2 else (1, 3))})"
        case "masked":
            return f"np.ma.masked_array({plain}, mask=False)"
        case "record":
            return f"np.rec.array({plain})"
    raise ValueError(layout)


def _strides(dtype: str, shape: tuple[int, ...]) -> str:
    import numpy as np

    size, strides = np.dtype(dtype).itemsize, []
    for one in shape[:0:-1]:
        strides.insert(0, size)
        size *= one
    return _tuple((0, *strides))


def _tuple(parts) -> str:
    return "(" + ", ".join(map(str, parts)) + ("," if len(parts) == 1 else "") + ")"


def every(shapes=((), (0,), (1,), (4,), (2, 3), (0, 3), (3, 1), (2, 2, 2)), layouts=TAKEN, dtypes=DTYPES):
    """The texts of arrays of every layout, dtype and shape."""
    return [written(layout, dtype, shape, 1) for layout in layouts for dtype in dtypes for shape in shapes]
