"""Functions over tuples that not every CPython has, or that CPythons do differently, against the one that runs."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from brrr import brrr
from tests.values import encode

NUMBERS = [0, 1, -1, 3, True, False, 2**62, 2**63 - 1, -(2**63), 2**64 - 1, 0.1, -0.0, 1e16, 1.5, 1e308, math.inf, math.nan]


def outcome(function, *args):
    try:
        return encode(function(*args))
    except Exception as error:
        return type(error), str(error)


@pytest.mark.skipif(not hasattr(math, "sumprod"), reason="CPython has math.sumprod from 3.12 on")
def test_sumprod():
    @brrr
    def compiled(p, q):
        return math.sumprod(p, q)

    plain = compiled.original_func
    chosen = random.Random(1)
    for length in (0, 1, 2, 5):
        for _ in range(40):
            p, q = (tuple(chosen.choice(NUMBERS[: chosen.choice([6, 17])]) for _ in range(length)) for _ in range(2))
            assert outcome(compiled, p, q) == outcome(plain, p, q), (p, q)
    for p, q in [((1,), (2, 3)), ((1j, 2), (2, 0.5)), ((1, None), (1, 1)), (1, 2), (((1,), 2), (1, 2))]:
        assert outcome(compiled, p, q) == outcome(plain, p, q), (p, q)
    before = compiled.stats()["exits"]
    assert compiled((0.1, 2), (3, 0.5)) == plain((0.1, 2), (3, 0.5))
    assert compiled.stats()["exits"] == before


def test_sums():
    @brrr
    def compiled(t, s):
        return sum(t), sum(t, s), math.fsum(t)

    plain = compiled.original_func
    for t in itertools.product(NUMBERS, NUMBERS, [0.1, 7]):
        assert outcome(compiled, t, 0.25) == outcome(plain, t, 0.25), t


def test_complex_sums():
    @brrr
    def compiled(t):
        return sum(t)

    plain = compiled.original_func
    for t in itertools.product([0.1, 1, 1e16 + 1j, -1e16, 0.1j, -0.0], repeat=3):
        assert outcome(compiled, t) == outcome(plain, t), t
