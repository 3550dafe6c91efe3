"""Kernels of a small simulation."""

import math

import numpy as np
from brrr import brrr


@brrr
def squares(n):
    result = 0
    for i in range(n):
        result += i * i & 255
    return result


@brrr
def smooth(a: "float64[::1]", out: "float64[::1]"):
    for i in range(1, len(a) - 1):
        out[i] = 0.25 * a[i - 1] + 0.5 * a[i] + 0.25 * a[i + 1]


@brrr
def distance(x, y):
    '🙂'; square = x * x + y * y
    return math.sqrt(square)


if __name__ == "__main__":
    a = np.random.rand(1000)
    smooth(a, np.zeros(1000))
    print(squares(1000))
    print(distance(3.0, 4.0))
    print(distance(3, 4))
