"""Walks over arrays to their very end, and one element beyond, where blocks of turns end: the same results as the interpreter's, and
no exits but where it raises."""

import numpy as np
import pytest

from brrr import brrr

#: Lengths around those of a block of turns, and of a vector.
LENGTHS = [1, 2, 7, 63, 64, 65, 8_191, 8_192, 8_193, 16_383, 16_384, 16_385, 40_000]


def counted(x, y):
    for i, v in enumerate(x):
        y[i] += 2 * v


def in_steps(y, step):
    for i in range(1, len(y) - 1, step):
        y[i] = y[i - 1] + y[i + 1]


def downwards(y, step):
    for i in range(len(y) - 2, 0, -step):
        y[i] = y[i - 1] + y[i + 1]


def in_pairs(x, y):
    i = j = 0
    while i < len(x):
        y[j] = x[i]
        i, j = i + 1, j + 2


def from_end(x, y):
    for i in range(len(y)):
        y[i] = x[-1 - i]


def filtered(x, y):
    n = 0
    for v in x:
        if v % 3 != 1:
            y[n] = v
            n += 1
    return n


def converted(y, first):
    for i in range(len(y)):
        y[i] = first + i


def convolved(image, weights, out, first, last):
    h, w = image.shape
    for y in range(first, h - last):
        for x in range(first, w - last):
            s = 0.0
            for dy in range(3):
                for dx in range(3):
                    s += image[y + dy - 1, x + dx - 1] * weights[dy, dx]
            out[y, x] = s


def blurred(image, out, first, last):
    h, w = image.shape
    for y in range(first, h - last):
        for x in range(first, w - last):
            s = 0
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    s += int(image[y + dy, x + dx])
            out[y, x] = s // 9


def best(a):
    at = least_at = 0
    least = a[0]
    for i in range(1, len(a)):
        if a[i] > a[at]:
            at = i
        if a[i] < least:
            least, least_at = a[i], i
    return at, least_at


def outcome(function, *args):
    args = [one.copy() if isinstance(one, np.ndarray) else one for one in args]
    try:
        result = function(*args)
    except (IndexError, OverflowError) as error:
        result = repr(error)
    return result, [one.tobytes() for one in args if isinstance(one, np.ndarray)]


def same(function, *args):
    """The outcome is CPython's, and whether it has an exception."""
    compiled = brrr(function)
    expected = outcome(function, *args)
    assert outcome(compiled, *args) == expected
    raised = isinstance(expected[0], str)
    assert sum(compiled.stats()["exits"].values()) == raised
    return raised


@pytest.mark.parametrize("length", LENGTHS)
def test_walks_end_where_their_arrays_do(length):
    x = np.arange(length)
    assert not same(counted, x, np.arange(length))
    assert same(counted, x, np.arange(length - 1))
    for step in (1, 2, 3):
        assert not same(in_steps, np.arange(float(length)), step)
        assert not same(downwards, np.arange(float(length)), step)
    assert not same(in_pairs, x, np.zeros(2 * length - 1))
    assert same(in_pairs, x, np.zeros(2 * length - 2))
    assert not same(from_end, x, np.zeros(length))
    assert same(from_end, x, np.zeros(length + 1))
    kept = sum(v % 3 != 1 for v in range(length))
    assert not same(filtered, x, np.zeros(kept))
    assert same(filtered, x, np.zeros(kept - 1))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.uint64])
@pytest.mark.parametrize("length", [100, 10_000])
def test_numbers_fit_up_to_the_last_one(dtype, length):
    limits = np.iinfo(dtype)
    y = np.zeros(min(length, int(limits.max) // 2), dtype)
    last = min(int(limits.max), 2**63 - 1) - len(y) + 1
    assert not same(converted, y, last)
    assert last == 2**63 - len(y) or same(converted, y, last + 1)
    assert not same(converted, y, int(limits.min))
    assert same(converted, y, int(limits.min) - 1)


@pytest.mark.parametrize("shape", [(3, 3), (4, 9), (20, 64), (7, 131), (30, 500)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_filters_end_at_the_margin(shape, dtype):
    image = (np.arange(shape[0] * shape[1]) * 7 % 251).reshape(shape).astype(dtype)
    weights = np.arange(9.0).reshape(3, 3)
    # From 0 on, the neighbours at -1 are those at the other end.
    for first in (0, 1):
        assert not same(convolved, image, weights, np.zeros(shape), first, 1)
        assert same(convolved, image, weights, np.zeros(shape), first, 0)
        assert not same(blurred, image, np.zeros(shape, np.uint8), first, 1)
        assert same(blurred, image, np.zeros(shape, np.uint8), first, 0)
    assert same(convolved, image, weights[:2], np.zeros(shape), 1, 1)
    assert same(convolved, image, weights, np.zeros((shape[0] - 2, shape[1])), 1, 1)
    assert same(blurred, image, np.zeros((shape[0], shape[1] - 2)), 1, 1)


@pytest.mark.parametrize("length", LENGTHS)
def test_the_best_of_many(length):
    for values in (np.arange(length), np.arange(length)[::-1], np.arange(length) * 7_919 % 1_009, np.zeros(length)):
        for dtype in (np.int16, np.uint32, np.float64):
            assert not same(best, values.astype(dtype))
    assert not same(best, np.where(np.arange(length) % 3 == 1, np.nan, np.arange(length)))
