"""Elements of arrays in an instrumented run: which loads and stores may leave compiled code, and turns over arrays."""

from __future__ import annotations

from tests import arrays
from tests.values import finite, fits

# What is asked about an array that never leaves, though no row says so.
OF_ARRAYS = frozenset(("len", ".shape", ".ndim", ".size"))


class Turns:
    """An iterator over a range, or over the elements of an array, that knows the turns that remain."""

    def __init__(self, owner, ordinal: int, turns: range, array=None):
        self.owner, self.ordinal, self.rest, self.array = owner, ordinal, turns, array

    def __iter__(self):
        return self

    def __next__(self):
        self.owner._event("turn", self.ordinal)
        if not self.rest:
            raise StopIteration
        value, self.rest = self.rest[0], self.rest[1:]
        return value if self.array is None else self.array[value]


class Target:
    """An object whose element is written."""

    def __init__(self, owner, statement: int, value):
        self.owner, self.statement, self.value = owner, statement, value

    def __setitem__(self, index, value):
        reason = store_reason(self.value, index, value)
        self.value[index] = value
        if reason is not None:
            self.owner._may(self.statement, reason, "[]=", (type(self.value), type(value)))


def index_reason(array, index) -> str | None:
    """Why an index that CPython takes may leave; None if it may not."""
    if not arrays.fits(array):
        return "an array of another form"
    return None if all(map(_is_plain_index, index if type(index) is tuple else (index,))) else "an index of another type"


def _is_plain_index(index) -> bool:
    if type(index) is slice:
        return all(one is None or _is_plain_index(one) for one in (index.start, index.stop, index.step))
    if index is Ellipsis:
        return True
    return (type(index) is int and fits(index)) or (arrays.is_scalar(index) and arrays.fits(index) and index.dtype.kind in "iu")


def store_reason(array, index, value) -> str | None:
    """Why a store may leave, if it does not raise."""
    if not arrays.is_array(array):
        return "no array"
    reason = index_reason(array, index)
    if reason is not None:
        return reason
    kind = array.dtype.kind
    number = (type(value) in (bool, int, float, complex) and fits(value)) or (arrays.is_scalar(value) and arrays.fits(value))
    if not number or arrays.is_array(array[index]):
        return "a value of another type"
    is_complex = isinstance(value, complex) or (arrays.is_scalar(value) and value.dtype.kind == "c")
    if is_complex and kind not in "bc":
        return "the imaginary part is lost"
    if kind in "iu" and (arrays.is_scalar(value) or type(value) is float):
        # What a float becomes that the dtype does not hold is the machine's own.
        return None if value.__class__ is int or (finite(float(value)) and _within(array.dtype, value)) else "a float beyond the dtype"
    return None


def _within(dtype, value) -> bool:
    if arrays.is_scalar(value) and value.dtype.kind in "iub":
        return True
    low, high = -(2 ** (8 * dtype.itemsize - 1)), 2 ** (8 * dtype.itemsize)
    return low <= float(value) < (high if dtype.kind == "u" else high // 2) and (dtype.kind == "i" or float(value) > -1)
