"""Kernels for the option `fastmath`: sums, element functions, and functions of `math`."""

import math

import numpy as np


def dot(x, y, out):
    total = 0.0
    for i in range(len(x)):
        total += x[i] * y[i]
    out[0] = total


def variance(x, y, out):
    total = 0.0
    squares = 0.0
    for i in range(len(x)):
        total += x[i]
        squares += x[i] * x[i]
    out[0] = squares - total * total / len(x)


def horner(x, y, out):
    for i in range(len(x)):
        t = x[i]
        out[i] = ((((0.1 * t + 0.2) * t + 0.3) * t + 0.4) * t + 0.5) * t + 0.6


def exponentials(x, y, out):
    for i in range(len(x)):
        out[i] = np.exp(-x[i] * y[i])


def rotations(x, y, out):
    for i in range(len(x)):
        out[i] = np.sin(x[i]) * y[i] + np.cos(x[i]) * x[i]


def powers(x, y, out):
    for i in range(len(x)):
        out[i] = x[i] ** y[i]


def entropy(x, y, out):
    total = 0.0
    for i in range(len(x)):
        total -= x[i] * math.log(x[i])
    out[0] = total


def softmax_sum(x, y, out):
    total = 0.0
    for i in range(len(x)):
        total += math.exp(x[i] - 1.0)
    out[0] = total


def waves(x, y, out):
    total = 0.0
    for i in range(len(x)):
        total += math.sin(i * 0.001) * y[i]
    out[0] = total


def sigmoid(x, y, out):
    for i in range(len(x)):
        out[i] = 1.0 / (1.0 + math.exp(-x[i]))


def black_scholes(x, y, out):
    for i in range(len(x)):
        spot = 80.0 + 40.0 * x[i]
        root = 0.3 * math.sqrt(y[i])
        d1 = (math.log(spot / 100.0) + (0.02 + 0.045) * y[i]) / root
        d2 = d1 - root
        out[i] = spot * 0.5 * math.erfc(-d1 * 0.7071067811865476) - 100.0 * math.exp(-0.02 * y[i]) * 0.5 * math.erfc(-d2 * 0.7071067811865476)


KERNELS = [dot, variance, horner, exponentials, rotations, powers, entropy, softmax_sum, waves, sigmoid, black_scholes]
COUNT = 200_000


def arguments(count=COUNT):
    """Two arrays of numbers between 0.01 and 2, and one for what comes of them."""
    random = np.random.default_rng(3)
    return random.uniform(0.01, 2.0, count), random.uniform(0.01, 2.0, count), np.zeros(count)
