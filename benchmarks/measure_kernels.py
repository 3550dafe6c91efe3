"""Times the kernels: C by clang and by gcc, brrr, Numba, Pythran and CPython by turns in one process. Prints JSON.

The results of all are compared first, floats to the last bit. Times are medians of `ROUNDS` calls each, CPython's of
`PLAIN_ROUNDS`; the quartiles of brrr's are given too. `measure_kernels.py RESULTS` finds the libraries in that folder.
"""

import ctypes
import json
import statistics
import sys
import time
from pathlib import Path

import numba
import pythran_peer
from brrr import brrr
from kernels import KERNELS

QUICK = "--quick" in sys.argv
ROUNDS = 3 if QUICK else 25
PLAIN_ROUNDS = 1 if QUICK else 3


def in_c(library, function, arguments, result):
    """The C function of the same name, with the types of the arguments and the result."""
    kind = {int: ctypes.c_int64, float: ctypes.c_double}
    found = library[function.__name__]
    found.argtypes = [kind[type(one)] for one in arguments]
    found.restype = kind[type(result)]
    return found


def seconds(function, arguments):
    start = time.thread_time()
    function(*arguments)
    return time.thread_time() - start


def main(results):
    clang, gcc = (ctypes.CDLL(str(results / file)) for file in ("kernels.so", "kernels-gcc.so"))
    pythran = pythran_peer.found(results / "pythran", "pythran_kernels")
    rows = []
    for function, arguments in KERNELS:
        expected = function(*arguments)
        compiled = brrr(function)
        peers = {
            "c": in_c(clang, function, arguments, expected),
            "gcc": in_c(gcc, function, arguments, expected),
            "brrr": compiled,
            "numba": numba.njit(function),
            "pythran": pythran.get(function.__name__),
            "cpython": function,
        }
        if peers["pythran"] is None:
            del peers["pythran"]
        wrong = []
        for name, peer in peers.items():
            # Numba compiles a function that calls itself if its name is that of the compiled one.
            vars(sys.modules[function.__module__])[function.__name__] = peer if name == "numba" else function
            try:
                result = peer(*arguments)
            except Exception as error:
                result = error
            vars(sys.modules[function.__module__])[function.__name__] = function
            if result != expected or type(result) is not type(expected):
                said = f"{function.__name__} in {name}: {result!r}, not {expected!r}"
                if name not in ("numba", "pythran"):
                    raise SystemExit(said)
                # A wrong result has no time.
                print(f"  {said}", file=sys.stderr, flush=True)
                wrong.append(name)
        for name in wrong:
            del peers[name]
        times = {name: [] for name in peers}
        for turn in range(ROUNDS):
            for name, peer in peers.items():
                if name != "cpython" or turn < PLAIN_ROUNDS:
                    times[name].append(seconds(peer, arguments))
        row = {"kernel": function.__name__, "arguments": list(arguments), "exits": compiled.stats()["exits"]}
        row.update({name: statistics.median(all_) for name, all_ in times.items()} | dict.fromkeys(wrong))
        row["quartiles"] = statistics.quantiles(times["brrr"], n=4)[::2]
        rows.append(row)
        print(f"  {function.__name__:<16} brrr {row['brrr'] * 1e3:8.2f} ms", file=sys.stderr, flush=True)
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
