"""Times one call, loop included: brrr, Numba and plain Python by turns, in several fresh processes. Prints JSON.

Nanoseconds; the median of the processes' medians.
"""

import json
import statistics
import subprocess
import sys
import timeit

QUICK = "--quick" in sys.argv
PROCESSES = 2 if QUICK else 7
ROUNDS = 3 if QUICK else 9
CALLS = 200_000


def add(a, b):
    return a + b


def negate(a):
    return -a


CASES = {
    "add(2, 3)": (add, (2, 3)),
    "add(2**40, 1)": (add, (2**40, 1)),
    "add(0.5, 0.25)": (add, (0.5, 0.25)),
    "negate(7)": (negate, (7,)),
}


def child():
    import numba
    from brrr import brrr

    decorators = {"brrr": brrr, "numba": numba.njit, "cpython": lambda function: function}
    found = {}
    for case, (function, arguments) in CASES.items():
        text = f"f({', '.join('abc'[: len(arguments)])})"
        timers = {}
        for peer, decorate in decorators.items():
            made = decorate(function)
            assert made(*arguments) == function(*arguments)
            timers[peer] = timeit.Timer(text, globals={"f": made, **dict(zip("abc", arguments))})
        times = {peer: [] for peer in timers}
        for _ in range(ROUNDS):
            for peer, timer in timers.items():
                times[peer].append(timer.timeit(CALLS) / CALLS * 1e9)
        found[case] = {peer: statistics.median(all_) for peer, all_ in times.items()}
    return found


def main():
    command = [sys.executable, __file__, "--child", *sys.argv[1:]]
    runs = [
        json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(PROCESSES)
    ]
    medians = {
        case: {peer: statistics.median(run[case][peer] for run in runs) for peer in runs[0][case]} for case in CASES
    }
    json.dump(medians, sys.stdout)


if __name__ == "__main__":
    if "--child" in sys.argv:
        json.dump(child(), sys.stdout)
    else:
        main()
