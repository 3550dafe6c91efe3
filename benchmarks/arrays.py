"""The kernels over arrays as plain Python functions: brrr and Numba compile these, CPython runs them, arrays.c has them in C.

`KERNELS` gives each its arguments for a size: a small one that CPython can run, and a full one of 2 to 20 ms of work in C.
They are made anew, from fixed seeds, each time they are asked for.
"""

import math
from dataclasses import dataclass
from typing import Callable

import numpy as np


def dot(a, b):
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


def dot_int(a, b):
    total = 0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


def dot_strided(a, b):
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


def saxpy(y, x, alpha, turns):
    for _ in range(turns):
        for i in range(len(y)):
            y[i] += alpha * x[i]


def norms(x, y, out, turns):
    for _ in range(turns):
        for i in range(x.shape[0]):
            out[i] = math.sqrt(x[i] * x[i] + y[i] * y[i])


def matmul(a, b, c):
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            total = 0.0
            for k in range(a.shape[1]):
                total += a[i, k] * b[k, j]
            c[i, j] = total


def matmul_rows(a, b, c):
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            factor = a[i, k]
            for j in range(b.shape[1]):
                c[i, j] += factor * b[k, j]


def jacobi(old, new, turns):
    rows, columns = old.shape
    for _ in range(turns):
        for i in range(1, rows - 1):
            for j in range(1, columns - 1):
                new[i, j] = 0.25 * (old[i - 1, j] + old[i + 1, j] + old[i, j - 1] + old[i, j + 1])
        old, new = new, old


def gauss_seidel(a, turns):
    for _ in range(turns):
        for i in range(1, a.shape[0] - 1):
            for j in range(1, a.shape[1] - 1):
                a[i, j] = 0.25 * (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])


def laplacian(a, out, centre):
    for i in range(1, a.shape[0] - 1):
        for j in range(1, a.shape[1] - 1):
            for k in range(1, a.shape[2] - 1):
                out[i, j, k] = (
                    a[i - 1, j, k] + a[i + 1, j, k] + a[i, j - 1, k] + a[i, j + 1, k] + a[i, j, k - 1] + a[i, j, k + 1]
                    - centre * a[i, j, k]
                )  # fmt: skip


def floyd_warshall(distance):
    n = len(distance)
    for k in range(n):
        for i in range(n):
            first = distance[i, k]
            for j in range(n):
                through = first + distance[k, j]
                if through < distance[i, j]:
                    distance[i, j] = through


def life(old, new, turns):
    rows, columns = old.shape
    for _ in range(turns):
        for i in range(1, rows - 1):
            for j in range(1, columns - 1):
                around = (
                    old[i - 1, j - 1] + old[i - 1, j] + old[i - 1, j + 1] + old[i, j - 1] + old[i, j + 1]
                    + old[i + 1, j - 1] + old[i + 1, j] + old[i + 1, j + 1]
                )  # fmt: skip
                new[i, j] = around == 3 or (around == 2 and old[i, j] == 1)
        old, new = new, old


def transpose(a, out):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = a[j, i]


def row_maxima(a, out):
    for i in range(len(a)):
        row = a[i]
        greatest = row[0]
        for j in range(1, len(row)):
            if row[j] > greatest:
                greatest = row[j]
        out[i] = greatest


def sieve(flags):
    n = len(flags)
    for i in range(n):
        flags[i] = i > 1
    i = 2
    while i * i < n:
        if flags[i]:
            for j in range(i * i, n, i):
                flags[j] = False
        i += 1
    count = 0
    for i in range(n):
        if flags[i]:
            count += 1
    return count


def sieve_while(composite):
    n = len(composite)
    count = 0
    i = 2
    while i < n:
        if composite[i] == 0:
            count += 1
            j = i * i
            while j < n:
                composite[j] = 1
                j += i
        i += 1
    return count


def levenshtein(a, b, row):
    for j in range(len(b) + 1):
        row[j] = j
    for i in range(len(a)):
        diagonal = row[0]
        row[0] = i + 1
        for j in range(len(b)):
            best = diagonal
            if a[i] != b[j]:
                if row[j] < best:
                    best = row[j]
                if row[j + 1] < best:
                    best = row[j + 1]
                best += 1
            diagonal = row[j + 1]
            row[j + 1] = best
    return row[len(b)]


def black_scholes(spot, strike, time, rate, volatility, call, put):
    for i in range(spot.shape[0]):
        root = math.sqrt(time[i])
        first = (math.log(spot[i] / strike[i]) + (rate + 0.5 * volatility * volatility) * time[i]) / (volatility * root)
        second = first - volatility * root
        discounted = strike[i] * math.exp(-rate * time[i])
        up = 0.5 * (1.0 + math.erf(first / math.sqrt(2.0)))
        down = 0.5 * (1.0 + math.erf(second / math.sqrt(2.0)))
        call[i] = spot[i] * up - discounted * down
        put[i] = discounted * (1.0 - down) - spot[i] * (1.0 - up)


def n_body(position, velocity, mass, step, turns):
    n = len(mass)
    for _ in range(turns):
        for i in range(n):
            for j in range(n):
                if i != j:
                    dx = position[j, 0] - position[i, 0]
                    dy = position[j, 1] - position[i, 1]
                    dz = position[j, 2] - position[i, 2]
                    squared = dx * dx + dy * dy + dz * dz + 0.01
                    pull = step * mass[j] / (squared * math.sqrt(squared))
                    velocity[i, 0] += pull * dx
                    velocity[i, 1] += pull * dy
                    velocity[i, 2] += pull * dz
        for i in range(n):
            for axis in range(3):
                position[i, axis] += step * velocity[i, axis]


def prefix_sum(a, out):
    total = 0
    for i in range(len(a)):
        total += a[i]
        out[i] = total


def reverse(a, turns):
    for _ in range(turns):
        i = 0
        j = len(a) - 1
        while i < j:
            a[i], a[j] = a[j], a[i]
            i += 1
            j -= 1


def count_above(a, limit):
    count = 0
    for i in range(len(a)):
        if a[i] > limit:
            count += 1
    return count


def bubble_sort(a):
    n = len(a)
    for i in range(n):
        for j in range(n - 1 - i):
            if a[j] > a[j + 1]:
                a[j], a[j + 1] = a[j + 1], a[j]


def histogram(data, counts):
    for i in range(len(data)):
        counts[data[i]] += 1


def histogram_float(data, counts):
    bins = len(counts)
    for i in range(len(data)):
        counts[int(data[i] * bins)] += 1


def gather(values, index, out):
    for i in range(len(index)):
        out[i] = values[index[i]]


@dataclass(frozen=True)
class Kernel:
    """A function, its arguments for a size, the size that CPython runs and the full one, and how often a timed run calls it."""

    function: Callable
    arguments: Callable[[int], tuple]
    small: int
    full: int
    calls: int = 1
    #: The indices are values read from arrays: nothing can be known of them before the loop.
    dependent: bool = False


def made(seed):
    return np.random.default_rng(seed)


def floats(seed, *shape, dtype=np.float64):
    return made(seed).random(shape, dtype)


def ints(seed, low, high, *shape, dtype=np.int64):
    return made(seed).integers(low, high, shape, dtype)


def distances(n):
    """Some edges in a directed graph; the others are too long for any path."""
    found = ints(1, 1, 1_000, n, n, dtype=np.int32)
    found[floats(2, n, n) < 0.8] = 1_000_000
    np.fill_diagonal(found, 0)
    return found


def codes(seed, n):
    return ints(seed, 97, 123, n, dtype=np.uint8)


KERNELS = [
    Kernel(dot, lambda n: (floats(1, n), floats(2, n)), 1_000, 500_000, 10),
    Kernel(dot_int, lambda n: (ints(1, -(2**62), 2**62, n), ints(2, -9, 9, n)), 1_000, 250_000, 60),
    Kernel(dot_strided, lambda n: (floats(1, 2 * n)[::2], floats(2, 3 * n)[::-3]), 1_000, 200_000, 20),
    Kernel(
        saxpy,
        lambda n: (floats(1, n, dtype=np.float32), floats(2, n, dtype=np.float32), np.float32(0.37), n // 2),
        50, 10_000,
    ),
    Kernel(norms, lambda n: (floats(1, n), floats(2, n), np.zeros(n), n // 4), 50, 5_000),
    Kernel(matmul, lambda n: (floats(1, n, n), floats(2, n, n + 1), np.zeros((n, n + 1))), 10, 180),
    Kernel(
        matmul_rows,
        lambda n: (floats(1, n, n, dtype=np.float32), floats(2, n, n + 1, dtype=np.float32), np.zeros((n, n + 1), np.float32)),
        10, 400,
    ),
    Kernel(jacobi, lambda n: (floats(1, n, n + 9), floats(1, n, n + 9), n // 2), 20, 300),
    Kernel(gauss_seidel, lambda n: (floats(1, n, n + 9), n // 2), 20, 150),
    Kernel(
        laplacian,
        lambda n: (floats(1, n, n + 1, n + 2, dtype=np.float32), np.zeros((n, n + 1, n + 2), np.float32), np.float32(6.0)),
        8, 110, 8,
    ),
    Kernel(floyd_warshall, lambda n: (distances(n),), 12, 250),
    Kernel(
        life, lambda n: (ints(1, 0, 2, n, n + 9, dtype=np.uint8), np.zeros((n, n + 9), np.uint8), n // 4), 20, 150
    ),
    Kernel(transpose, lambda n: (ints(1, -99, 99, n, n + 9, dtype=np.int32), np.zeros((n + 9, n), np.int32)), 20, 400, 50),
    Kernel(row_maxima, lambda n: (floats(1, n, n), np.zeros(n)), 20, 1_000, 9),
    Kernel(sieve, lambda n: (np.zeros(n, np.bool_),), 1_000, 3_000_000),
    Kernel(sieve_while, lambda n: (np.zeros(n, np.uint8),), 1_000, 3_000_000),
    Kernel(levenshtein, lambda n: (codes(1, n), codes(2, n + 5), np.zeros(n + 6, np.int64)), 20, 2_000),
    Kernel(
        black_scholes,
        lambda n: (
            50 + 100 * floats(1, n), 50 + 100 * floats(2, n), 0.1 + 3 * floats(3, n), 0.03, 0.2, np.zeros(n), np.zeros(n),
        ),
        100, 100_000,
    ),
    Kernel(n_body, lambda n: (floats(1, n, 3), floats(2, n, 3), floats(3, n), 0.001, max(n // 50, 1)), 10, 350),
    Kernel(prefix_sum, lambda n: (ints(1, -(2**62), 2**62, n), np.zeros(n, np.int64)), 1_000, 250_000, 25),
    Kernel(reverse, lambda n: (ints(1, -99, 99, n, dtype=np.int32), n // 2), 51, 5_001),
    Kernel(count_above, lambda n: (floats(1, n, dtype=np.float32), np.float32(0.75)), 1_000, 1_000_000, 20),
    Kernel(bubble_sort, lambda n: (ints(1, -9_999, 9_999, n),), 40, 3_000),
    Kernel(histogram, lambda n: (ints(1, 0, 256, n, dtype=np.uint8), np.zeros(256, np.int64)), 1_000, 1_000_000, 9, True),
    Kernel(histogram_float, lambda n: (floats(1, n), np.zeros(100, np.int64)), 1_000, 1_000_000, 4, True),
    Kernel(
        gather,
        lambda n: (floats(1, n), made(2).permutation(n).astype(np.int32), np.zeros(n)), 1_000, 200_000, 20, True,
    ),
]  # fmt: skip
