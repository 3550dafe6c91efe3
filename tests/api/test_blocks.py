"""Loops over many blocks of turns, against CPython, where the test before a block holds for some and fails for others."""

import random

import pytest
from brrr import brrr

from tests.oracle import encode

LARGEST = 2**63 - 1
EDGES = [LARGEST, -LARGEST - 1, 0, 0, 2**62, -(2**62), 3037000499, 2**31, 2**60, LARGEST // 3, LARGEST // 16384, 2**53]


def up(start, stop, total):
    for i in range(start, stop):
        total += i
    return total


def down(start, stop, total):
    for i in range(start, stop, -1):
        total += i
    return total


def while_by_three(a, n, total, c):
    while a < n:
        total = total - a * c
        a += 3
    return total


def at_most(a, n, c):
    while a <= n:
        a += c
        if a % 2 == 0:
            a += 1
    return a


def remainders(a, n, m):
    total = 0
    for i in range(a, n):
        total += (i * i) % m + i // m
    return total


def any_step(a, n, step):
    total = 0
    for i in range(a, n, step):
        total += i
    return total


def fibonacci(n, m, a, b):
    for _ in range(n):
        a, b = b, (a + b) % m
    return a


def until_equal(n, total, d):
    i = 0
    while i != n:
        total += d
        i += 1
    return total


def falling(n, total, d):
    while n > 0:
        total -= d
        n -= 2
    return total


def sums_of_sums(n, a, b, c):
    for i in range(n):
        a += b
        b += c
        c += i
    return a


def early(n, total, most):
    for i in range(n):
        if i % 3 == 1:
            continue
        if total > most:
            break
        total = total + i * 5
    else:
        total = -total
    return total


FUNCTIONS = [
    up,
    down,
    while_by_three,
    at_most,
    remainders,
    any_step,
    fibonacci,
    until_equal,
    falling,
    sums_of_sums,
    early,
]


def outcome(function, arguments):
    try:
        return encode(function(*arguments))
    except (ArithmeticError, ValueError) as error:
        return type(error), str(error)


def turns(function, arguments):
    """About how many turns a call takes."""
    if function in (up, while_by_three, at_most, remainders):
        return arguments[1] - arguments[0]
    if function is down:
        return arguments[0] - arguments[1]
    if function is any_step:
        return abs(arguments[1] - arguments[0]) // max(1, abs(arguments[2]))
    return arguments[0] if arguments[0] >= 0 or function is not until_equal else LARGEST


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_many_blocks(function):
    compiled = brrr(function)
    numbers = random.Random(function.__name__)

    def number():
        near = numbers.choice([3, 30_000])
        return max(-LARGEST - 1, min(LARGEST, numbers.choice(EDGES) + numbers.randint(-near, near)))

    tried = 0
    while tried < 40:
        arguments = [number() for _ in range(function.__code__.co_argcount)]
        if numbers.random() < 0.7:
            arguments[1] = max(-LARGEST - 1, min(LARGEST, arguments[0] + numbers.randint(-50_000, 50_000)))
        if function in (fibonacci, until_equal, falling, sums_of_sums, early):
            arguments[0] = numbers.randint(0, 50_000)
        if function is at_most and arguments[2] < 1 or turns(function, arguments) > 60_000:
            continue
        tried += 1
        assert outcome(compiled, arguments) == outcome(function, arguments), arguments
    assert compiled.stats()["compiled"] > 0


def test_the_turn_that_leaves_is_the_right_one():
    """Overflow in every turn around the edge of a block, and in the last one."""
    compiled = brrr(up)
    for last in [*range(8186, 8198), 16383, 16384, 16385, 30_000]:
        whole = last * (last + 1) // 2
        assert compiled(0, 30_001, LARGEST - whole) == up(0, 30_001, LARGEST - whole)
        record = compiled._last_exit()
        if last < 30_000:
            assert record["locals"]["i"] == last + 1
            assert record["locals"]["total"] == LARGEST
    assert compiled(0, 30_001, LARGEST - 30_000 * 30_001 // 2) == LARGEST


def added(a, b, turns):
    for turn in range(turns):
        for i in range(len(a)):
            a[i] += b[i] * turn
    return a[len(a) - 1]


def shifted(a, b):
    for i in range(len(a)):
        for j in range(a.shape[1]):
            a[i, j] = b[i - 1, j] - b[i, j - 1]


@pytest.mark.parametrize("length, turns", [(1, 9), (17, 5_000), (8_191, 3), (8_193, 3), (16_385, 2), (100_000, 3)])
def test_rows_shorter_and_longer_than_a_block(length, turns):
    numpy = pytest.importorskip("numpy")
    compiled = brrr(added)
    outcomes = []
    for function in (compiled, added):
        a = numpy.zeros(length)
        outcomes.append((function(a, numpy.arange(length) * 0.5, turns), a.tobytes()))
    assert outcomes[0] == outcomes[1]
    assert compiled.stats()["exits"] == {}


@pytest.mark.parametrize("shape", [(3, 5), (1, 20_000), (5, 9_000), (40, 40)])
def test_rows_of_which_the_first_is_not_proven(shape):
    numpy = pytest.importorskip("numpy")
    compiled = brrr(shifted)
    b = numpy.arange(shape[0] * shape[1], dtype=numpy.int32).reshape(shape)
    results = [numpy.zeros(shape, numpy.int32) for _ in range(2)]
    compiled(results[0], b)
    shifted(results[1], b)
    assert numpy.array_equal(*results) and compiled.stats()["exits"] == {}
