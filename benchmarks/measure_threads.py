"""Times two threads at work at once, against one after the other. Prints JSON.

`run`: a long loop, in brrr, in Numba with `nogil=True`, and in C; `compile`: different functions, each compiled by its thread; `beside`: a
short call in one thread while the other is in a long loop. Wall-clock time, medians.
"""

import ctypes
import json
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
from brrr import brrr
from kernels import logistic
from measure_calls import add
from measure_kernels import in_c
from measure_size import function, module

QUICK = "--quick" in sys.argv
ROUNDS = 3 if QUICK else 11
ARGUMENTS = (3.7, 0.5, 5_000_000 if QUICK else 20_000_000)
LINES = 60
THREADS = 2


def clocked(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def gain(pool, tasks):
    """How many times as fast tasks are at once as one after the other. `tasks` makes them anew for each round."""
    found = []
    for _ in range(ROUNDS):
        alone = clocked(lambda: [one() for one in tasks()])
        made = tasks()
        together = clocked(lambda: [one.result() for one in [pool.submit(one) for one in made]])
        found.append(alone / together)
    return statistics.median(found)


def beside(pool, compiled, short):
    """Seconds of a short call: alone, and while another thread is in a long loop."""
    times = {}
    for name in ("alone", "beside"):
        samples = []
        for _ in range(ROUNDS):
            long = pool.submit(compiled, *ARGUMENTS) if name == "beside" else None
            time.sleep(0.002)
            calls = 200
            samples.append(clocked(lambda: [short(2, 3) for _ in range(calls)]) / calls)
            if long:
                long.result()
        times[name] = statistics.median(samples)
    return times


def main(results):
    in_clang = in_c(ctypes.CDLL(str(results / "kernels.so")), logistic, ARGUMENTS, 0.5)
    peers = {"brrr": brrr(logistic), "numba": numba.njit(logistic, nogil=True), "c": in_clang}
    expected = in_clang(*ARGUMENTS)
    for name, peer in peers.items():
        assert peer(*ARGUMENTS) == expected, name

    def compilations(decorate, folder):
        made = []
        for number in range(THREADS):
            # A function that is decorated anew is compiled anew: nothing is kept on the disk here.
            own = folder / str(number)
            own.mkdir(parents=True, exist_ok=True)
            plain = module(function(LINES + 5 * number), own).f
            made.append(lambda plain=plain: decorate(plain)(3, 0.5))
        return made

    folder = results / "threads"
    short = brrr(add)
    assert short(2, 3) == 5
    with ThreadPoolExecutor(THREADS) as pool:
        found = {
            "run": {name: gain(pool, lambda peer=peer: [lambda: peer(*ARGUMENTS)] * THREADS) for name, peer in peers.items()},
            "compile": {name: gain(pool, lambda one=one: compilations(one, folder)) for name, one in (("brrr", brrr), ("numba", numba.njit))},
            "beside": beside(pool, peers["brrr"], short),
        }
    for name, peers_found in found.items():
        print(f"  {name:<8} {peers_found}", file=sys.stderr, flush=True)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
