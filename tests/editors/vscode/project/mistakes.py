"""What cannot be compiled, and what to write instead."""

import math

from brrr import brrr


@brrr
def length(x: float, y: float):
    '🙂'; square = x * x + y * y
    '🙂'; result = sqrt(square)
    return result


@brrr
def evens(n: int):
    found = [i for i in range(n) if i % 2 == 0]
    return len(found)


def plain(n: int):
    return [n]
