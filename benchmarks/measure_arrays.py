"""Times the kernels over arrays: C by clang and by gcc, brrr, Numba and Pythran by turns in one process. Prints JSON.

brrr's results, and what it leaves in the arrays, are compared first: with CPython's at the small size, with C's at the full
one, to the bit. Times are medians of `ROUNDS` runs, of processor time. What brrr refuses is reported
with the diagnostic's text. `measure_arrays.py RESULTS NAME...` measures some of the kernels; that folder has the libraries.
"""

import copy
import ctypes
import json
import statistics
import sys
import time
import warnings
from pathlib import Path

import numba
import numpy as np
import pythran_peer
from arrays import KERNELS
from brrr import BrrrError, brrr

QUICK = "--quick" in sys.argv
ROUNDS = 3 if QUICK else 15
# What takes so many seconds of work that C does in milliseconds is measured by one call.
HOPELESS = 0.5

SCALARS = {int: ctypes.c_int64, float: ctypes.c_double, np.int64: ctypes.c_int64, np.float64: ctypes.c_double}
SCALARS |= {np.float32: ctypes.c_float, type(None): None}


class InC:
    """The C function of the same name, for arguments of these types. An array is its pointer, its lengths and, if it is not
    contiguous, its strides."""

    def __init__(self, library, function, result):
        self.function = library[function.__name__]
        self.function.restype = SCALARS[type(result)]

    @staticmethod
    def taken(arguments):
        """The arguments as ctypes wants them, to be made before the clock starts."""
        found = []
        for one in arguments:
            if isinstance(one, np.ndarray):
                found.append(ctypes.c_void_p(one.ctypes.data))
                found += map(ctypes.c_int64, one.shape)
                found += [] if one.flags.c_contiguous else map(ctypes.c_int64, one.strides)
            else:
                found.append(SCALARS[type(one)](one))
        return found

    def __call__(self, *taken):
        return self.function(*taken)


def bits(value):
    """What two results must have in common."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    return np.asarray(value).tobytes()


def outcome(function, arguments, taken=None):
    """The result of one call, with the arrays as they are afterwards."""
    result = function(*(arguments if taken is None else taken))
    return result, [one for one in arguments if isinstance(one, np.ndarray)]


def same(found, expected):
    return bits(found[0]) == bits(expected[0]) and [*map(bits, found[1])] == [*map(bits, expected[1])]


def differs(name, found, expected):
    said = "a result or arrays that differ" if found[0] == expected[0] else f"{found[0]!r}, not {expected[0]!r}"
    return f"{name}: {said}"


def of_brrr(kernel):
    """The compiled function, compared with CPython at the small size; or why there is none."""
    try:
        compiled = brrr(kernel.function)
        found = outcome(compiled, kernel.arguments(kernel.small))
    except BrrrError as error:
        return None, str(error)
    expected = outcome(kernel.function, kernel.arguments(kernel.small))
    if not same(found, expected) or type(found[0]) is not type(expected[0]):
        raise SystemExit(differs(f"{kernel.function.__name__} in brrr, size {kernel.small}", found, expected))
    if not compiled.signatures:
        return None, "the original function did the call"
    return compiled, None


def measure(libraries, pythran, kernel):
    name = kernel.function.__name__
    plain = outcome(kernel.function, kernel.arguments(kernel.small))
    in_c = {peer: InC(one, kernel.function, plain[0]) for peer, one in libraries.items()}
    for peer, function in in_c.items():
        small = kernel.arguments(kernel.small)
        found = outcome(function, small, function.taken(small))
        if not same(found, plain):
            raise SystemExit(differs(f"{name} in {peer}, size {kernel.small}", found, plain))

    compiled, refused = of_brrr(kernel)
    peers = {**in_c, "brrr": compiled, "numba": numba.njit(kernel.function)}
    if name in pythran:
        peers["pythran"] = pythran[name]
    row = {"kernel": name, "size": kernel.full, "dependent": kernel.dependent, "refused": refused}
    if refused:
        print(f"  {name}: refused: {refused}", file=sys.stderr, flush=True)
        del peers["brrr"]
        row["brrr"] = None

    arguments = kernel.arguments(kernel.full)
    expected = outcome(in_c["c"], arguments, in_c["c"].taken(arguments))
    for peer in [one for one in peers if one not in in_c]:
        try:
            found = outcome(peers[peer], kernel.arguments(kernel.full))
            said = None if same(found, expected) else differs(f"{name} in {peer}", found, expected)
        except Exception as error:
            said = f"{name} in {peer}: {error!r}"
        if said and peer == "brrr":
            raise SystemExit(said)
        if said:
            # A wrong result has no time.
            print(f"  {said}", file=sys.stderr, flush=True)
            del peers[peer]
            row[peer] = None
        else:
            # Compiled by now. A call that leaves compiled code all the time is seen here and not fifteen times again.
            arguments = kernel.arguments(kernel.full)
            start = time.thread_time()
            peers[peer](*arguments)
            once = (time.thread_time() - start) * kernel.calls
            if once > HOPELESS:
                row[peer] = once
                del peers[peer]

    times = {peer: [] for peer in peers}
    fresh = kernel.arguments(kernel.full)
    # All work in the same memory: where arrays lie within a line of the cache makes a difference of up to a half.
    arguments = copy_of(fresh)
    for turn in range(ROUNDS):
        for peer, function in peers.items():
            refill(arguments, fresh)
            taken = function.taken(arguments) if peer in in_c else arguments
            start = time.thread_time()
            for _ in range(kernel.calls):
                function(*taken)
            times[peer].append(time.thread_time() - start)
    row |= {peer: statistics.median(all_) for peer, all_ in times.items()}
    row["quartiles"] = statistics.quantiles(times["brrr"], n=4)[::2] if "brrr" in times else None
    row["exits"] = compiled.stats()["exits"] if compiled else None
    return row


def copy_of(arguments):
    """Arrays of the same layout that may be written."""
    return tuple(
        copy.deepcopy(one) if not isinstance(one, np.ndarray) or one.flags.c_contiguous else strided(one) for one in arguments
    )


def refill(arguments, fresh):
    """Writes into arrays what is in others."""
    for one, other in zip(arguments, fresh, strict=True):
        if isinstance(one, np.ndarray):
            np.copyto(one, other)


def strided(one):
    """A view with the same strides on memory of its own."""
    whole = one.base.copy()
    offset = one.ctypes.data - one.base.ctypes.data
    return np.ndarray(one.shape, one.dtype, whole.data, offset, one.strides)


def main(results, names):
    warnings.simplefilter("ignore", RuntimeWarning)
    libraries = {peer: ctypes.CDLL(str(results / file)) for peer, file in (("c", "arrays.so"), ("gcc", "arrays-gcc.so"))}
    pythran = pythran_peer.found(results / "pythran", "pythran_arrays")
    rows = []
    for kernel in KERNELS:
        if names and kernel.function.__name__ not in names:
            continue
        row = measure(libraries, pythran, kernel)
        rows.append(row)
        shown = " ".join(f"{peer} {row[peer] * 1e3:8.2f}" if row[peer] else f"{peer:<5} none" for peer in ("c", "brrr", "numba") if peer in row)
        print(f"  {row['kernel']:<16} {shown} ms", file=sys.stderr, flush=True)
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [one for one in sys.argv[2:] if not one.startswith("--")])
