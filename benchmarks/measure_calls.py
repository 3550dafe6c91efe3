"""Times one call, loop included: brrr, Numba and plain Python by turns, in several fresh processes. Prints JSON.

Nanoseconds of processor time; the median of the processes' medians. What brrr refuses has the diagnostic's text in place of a time.
"""

import json
import math
import statistics
import subprocess
import sys
import time
import timeit
import types

import numpy as np

QUICK = "--quick" in sys.argv
PROCESSES = 2 if QUICK else 7
ROUNDS = 3 if QUICK else 9
CALLS = 200_000


def add(a, b):
    return a + b


def negate(a):
    return -a


def length(x):
    return len(x)


def lengths(x, y, z):
    return len(x) + len(y) + len(z)


def put(x, i, value):
    x[i] = value


def element(x, i):
    return x[i]


def mixed(n, x, flag, values, k):
    return n + k if flag else x + len(values)


FIRST, SECOND, THIRD = 3, 5, 7


def literal(n):
    return n + 3


def literals(n):
    return n + 3 + 5 - 7


def added(n):
    return n + 3


def one_global(n):
    return n + FIRST


def three_globals(n):
    return n + FIRST + SECOND - THIRD


def one_callee(n):
    return added(n)


def quarter(x):
    return x + 0.25


def half_a_turn(x):
    return x + math.pi


class Namespace:
    @staticmethod
    def scaled(a, b):
        return a * b


X, Y, Z = np.zeros(3), np.zeros(4), np.zeros(5)
# By the text of the call: the function and its arguments, `a`, `b` and so on in the text.
CASES = {
    "add(2, 3)": (add, (2, 3)),
    "add(2**40, 1)": (add, (2**40, 1)),
    "add(0.5, 0.25)": (add, (0.5, 0.25)),
    "negate(7)": (negate, (7,)),
    "len(x)": (length, (X,)),
    "len(x) + len(y) + len(z)": (lengths, (X, Y, Z)),
    "x[i] = value": (put, (X, 1, 0.5)),
    "x[i]": (element, (X, 1)),
    "five arguments of four types": (mixed, (3, 0.5, True, X, 4)),
    "add(a=2, b=3)": (add, (2, 3)),
    "Namespace.scaled(2, 3)": (Namespace.scaled, (2, 3)),
    "n + 3": (literal, (4,)),
    "n + a global": (one_global, (4,)),
    "n + 3 + 5 - 7": (literals, (4,)),
    "n + three globals": (three_globals, (4,)),
    "a function that returns n + 3": (one_callee, (4,)),
    "x + 0.25": (quarter, (0.5,)),
    "x + math.pi": (half_a_turn, (0.5,)),
    "add of ints and of floats by turns": (add, (2, 3, 0.5, 0.25)),
    "add of ints, twice": (add, (2, 3, 4, 5)),
}
# Cases that are written another way than `f(a, b, ...)`. One call in two is of another type; the time is that of two calls.
TEXTS = {
    "add(a=2, b=3)": "f(a=a, b=b)",
    "Namespace.scaled(2, 3)": "N.scaled(a, b)",
    "add of ints and of floats by turns": "f(a, b); f(c, d)",
    "add of ints, twice": "f(a, b); f(c, d)",
}


def child():
    import numba
    from brrr import BrrrError, brrr

    decorators = {"brrr": brrr, "numba": numba.njit, "cpython": lambda function: function}
    found = {}
    for case, (function, arguments) in CASES.items():
        text = TEXTS.get(case, f"f({', '.join('abcde'[: len(arguments)])})")
        pairs = [arguments[:2], arguments[2:]] if ";" in text else [arguments]
        timers, refused = {}, {}
        for peer, decorate in decorators.items():
            try:
                # What it calls has the same decorator.
                own = {**globals(), "added": decorate(added)}
                made = decorate(types.FunctionType(function.__code__, own, function.__name__))
                assert all(made(*one) == function(*one) for one in pairs)
            except BrrrError as error:
                refused[peer] = str(error)
                continue
            namespace = type("Namespace", (), {"scaled": staticmethod(made)})
            names = {"f": made, "N": namespace, **dict(zip("abcde", arguments))}
            timers[peer] = timeit.Timer(text, timer=time.thread_time, globals=names)
        times = {peer: [] for peer in timers}
        for _ in range(ROUNDS):
            for peer, timer in timers.items():
                times[peer].append(timer.timeit(CALLS) / CALLS * 1e9)
        found[case] = {peer: statistics.median(all_) for peer, all_ in times.items()} | refused
    return found


def main():
    command = [sys.executable, __file__, "--child", *sys.argv[1:]]
    runs = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(PROCESSES)
    ]

    def median(found):
        return found[0] if isinstance(found[0], str) else statistics.median(found)

    medians = {case: {peer: median([run[case][peer] for run in runs]) for peer in runs[0][case]} for case in CASES}
    json.dump(medians, sys.stdout)


if __name__ == "__main__":
    if "--child" in sys.argv:
        json.dump(child(), sys.stdout)
    else:
        main()
