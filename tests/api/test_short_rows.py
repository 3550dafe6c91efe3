"""Rows of small elements of every length around a vector's: what is left behind full vectors is done under a mask."""

import numpy as np
import pytest
from brrr import brrr

LENGTHS = [*range(0, 70), 95, 96, 97, 127, 128, 129, 159, 190, 191, 192, 193, 255, 256, 257, 321]


@brrr
def blend(a, b, out):
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[i, j] = (a[i, j] >> 1) + (b[i, j] >> 1)


@brrr
def around(old, new):
    rows, columns = old.shape
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            near = old[i - 1, j] + old[i + 1, j] + old[i, j - 1] + old[i, j + 1]
            new[i, j] = near == 3 or (near == 2 and old[i, j] == 1)


@brrr
def where_above(a, limit, out):
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            if a[i, j] > limit:
                out[i, j] = limit


@brrr
def widen(a, out):
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[i, j] = a[i, j]


@brrr
def until(a, stop, out):
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            if a[i, j] == stop:
                break
            out[i, j] = a[i, j]


@brrr
def cubes(a, out):
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            x = a[i, j]
            out[i, j] = (x * x + x) * x + x


@brrr
def mean_of_nine(a, out):
    for i in range(1, a.shape[0] - 1):
        for j in range(1, a.shape[1] - 1):
            total = a[i - 1, j - 1] + a[i - 1, j] + a[i - 1, j + 1] + a[i, j - 1] + a[i, j] + a[i, j + 1]
            out[i, j] = (total + a[i + 1, j - 1] + a[i + 1, j] + a[i + 1, j + 1]) / 9


def numbers(seed, length, dtype):
    made = np.random.default_rng(seed).integers(0, 120, (3, length))
    return made.astype(dtype)


def same(function, *arguments):
    plain = [one.copy() if isinstance(one, np.ndarray) else one for one in arguments]
    with np.errstate(all="ignore"):
        function.original_func(*plain)
    function(*arguments)
    for found, expected in zip(arguments, plain):
        if isinstance(found, np.ndarray):
            assert np.array_equal(found, expected), (function.__name__, found.dtype, found.shape)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32"])
def test_rows_of_all_lengths(dtype):
    for length in LENGTHS:
        a, b = numbers(1, length, dtype), numbers(2, length, dtype)
        same(blend, a, b, numbers(3, length, dtype))
        same(around, a % 2, numbers(3, length, dtype))
        same(where_above, a, a.dtype.type(60), numbers(3, length, dtype))
        same(widen, a, np.zeros((3, length), np.int16))
        same(widen, a != 0, np.zeros((3, length), dtype))
        same(until, a, a.dtype.type(7), numbers(3, length, dtype))


@pytest.mark.parametrize("dtype", ["float32", "int32", "uint32", "float64"])
def test_rows_of_longer_elements(dtype):
    for length in LENGTHS:
        a = (numbers(1, length, dtype) / 7).astype(dtype)
        same(cubes, a, numbers(2, length, dtype))
        same(mean_of_nine, a, numbers(2, length, "float32"))
        same(where_above, a, a.dtype.type(9), numbers(3, length, dtype))
        same(widen, a, numbers(3, length, "float32"))
        same(until, a, a.dtype.type(7), numbers(3, length, dtype))


@pytest.mark.parametrize("shift", [-65, -64, -1, 0, 1, 31, 64])
def test_rows_that_overlap(shift):
    for length in (5, 63, 64, 65, 130, 200):
        memory = np.random.default_rng(length).integers(0, 120, 3 * length + 200).astype(np.uint8)
        plain = memory.copy()
        for function, whole in ((blend, memory), (blend.original_func, plain)):
            a = whole[100 : 100 + 3 * length].reshape(3, length)
            out = whole[100 + shift : 100 + shift + 3 * length].reshape(3, length)
            function(a, a, out)
        assert np.array_equal(memory, plain), (length, shift)


def test_nothing_beyond_a_row_is_touched():
    whole = np.full((9, 96), 7, np.uint8)
    out = whole[3:6, :37]
    blend(np.ones((3, 37), np.uint8), np.ones((3, 37), np.uint8), out)
    expected = np.full((9, 96), 7, np.uint8)
    expected[3:6, :37] = 0
    assert np.array_equal(whole, expected)
