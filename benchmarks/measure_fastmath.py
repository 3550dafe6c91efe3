"""The option `fastmath`: what it wins, and how far its functions are from the true values. Prints JSON.

Kernels are those of `fastmath.py`: C by clang and by gcc with `-ffast-math`, brrr with and without the option, Numba with and without its own, by
turns in one process; medians of processor time. Results are compared with CPython's first, to a relative error of 1e-11.

Errors are those of millions of values, in units of the last place of the true result: that of x87's long double, which has 11 bits more, or, where
NumPy has no such function, that of scalar libm, whose own error is below one. `measure_fastmath.py RESULTS` finds the libraries in that folder.
"""

import ctypes
import json
import linecache
import math
import statistics
import sys
import time
from pathlib import Path

import numba
import numpy as np
from brrr import brrr
from fastmath import KERNELS, arguments

QUICK = "--quick" in sys.argv
ROUNDS = 3 if QUICK else 15
VALUES = 100_000 if QUICK else 2_000_000

# Where the arguments of functions lie, and what NumPy calls the function; None where it has none.
DOMAINS = {
    "acos": ((-1.0, 1.0), "arccos"),
    "acosh": ((1.0, 100.0), "arccosh"),
    "asin": ((-1.0, 1.0), "arcsin"),
    "asinh": ((-100.0, 100.0), "arcsinh"),
    "atan": ((-100.0, 100.0), "arctan"),
    "atan2": ((-10.0, 10.0), "arctan2"),
    "atanh": ((-1.0, 1.0), "arctanh"),
    "cbrt": ((-1000.0, 1000.0), "cbrt"),
    "cos": ((-1000.0, 1000.0), "cos"),
    "cosh": ((-700.0, 700.0), "cosh"),
    "erf": ((-6.0, 6.0), None),
    "erfc": ((-6.0, 26.0), None),
    "exp": ((-700.0, 700.0), "exp"),
    "exp2": ((-1000.0, 1000.0), "exp2"),
    "expm1": ((-30.0, 700.0), "expm1"),
    "hypot": ((-1000.0, 1000.0), "hypot"),
    "log": ((1e-300, 1000.0), "log"),
    "log10": ((1e-300, 1000.0), "log10"),
    "log1p": ((-1.0, 1000.0), "log1p"),
    "log2": ((1e-300, 1000.0), "log2"),
    "pow": ((0.01, 100.0), "power"),
    "sin": ((-1000.0, 1000.0), "sin"),
    "sinh": ((-700.0, 700.0), "sinh"),
    "tan": ((-1000.0, 1000.0), "tan"),
    "tanh": ((-20.0, 20.0), "tanh"),
}
TWO = ("atan2", "hypot", "pow")


def made(name, text):
    """The function `f` of a text, whose lines brrr finds."""
    path = f"<{name}>"
    linecache.cache[path] = len(text), None, text.splitlines(keepends=True), path
    space = {}
    exec(compile(text, path, "exec"), space)
    return space["f"]


def values(low, high, count):
    """Half of them spread evenly, half of them by their exponents: around zero, or from the lower end on."""
    random = np.random.default_rng(11)
    even = random.uniform(low, high, count // 2)
    if low > 0:
        powers = np.exp(random.uniform(math.log(low), math.log(high), count // 2))
    else:
        powers = 2.0 ** random.uniform(-60, math.log2(min(-low, high) or high), count // 2) * random.choice([-1.0, 1.0], count // 2)
    return np.concatenate([even, np.clip(powers, low, high)])


def errors(name):
    """The greatest error, that of 999 of 1000 values, and the share of results that are rounded correctly; for float64 and float32."""
    (low, high), of_numpy = DOMAINS[name]
    call = "a[i] ** b[i]" if name == "pow" else f"np.{of_numpy}(a[i], b[i])" if name in TWO else f"np.{of_numpy}(a[i])"
    if of_numpy is None:
        call = f"math.{name}(a[i])"
    text = f"import math\nimport numpy as np\ndef f(a, b, out):\n    for i in range(len(a)):\n        out[i] = {call}\n"
    found = {}
    for dtype in ("float64", "float32"):
        if of_numpy is None and dtype == "float32":
            continue
        function = brrr(made(f"{name} of {dtype}", text), fastmath=True)
        low_, high_ = (max(low, -85.0), min(high, 85.0)) if dtype == "float32" and name in ("exp", "expm1", "sinh", "cosh", "exp2") else (low, high)
        low_ = max(low_, 1e-37) if dtype == "float32" and low > 0 else low_
        a = values(low_, high_, VALUES).astype(dtype)
        b = values(-6.0, 6.0, VALUES).astype(dtype)[::-1].copy() if name in TWO else a
        out = np.zeros_like(a)
        function.compile(*[f"{dtype}[::1]"] * 3)
        function(a, b, out)
        if "_ZGV" not in function.inspect_asm():
            raise SystemExit(f"{name} is not called as a vector")
        wide = np.longdouble if dtype == "float64" else np.float64
        with np.errstate(all="ignore"):
            if of_numpy:
                true = getattr(np, of_numpy)(*([a.astype(wide), b.astype(wide)] if name in TWO else [a.astype(wide)]))
            else:
                true = np.array([getattr(math, name)(one) for one in a.tolist()], dtype=wide)
            finite = np.isfinite(true.astype(dtype)) & (np.abs(true) >= np.finfo(dtype).tiny)
            apart = np.abs(out[finite].astype(wide) - true[finite]) / np.spacing(np.abs(true[finite].astype(dtype))).astype(wide)
        assert np.isfinite(out[finite]).all()
        found[dtype] = {
            "most": float(apart.max()),
            "usual": float(np.quantile(apart.astype(float), 0.999)),
            "rounded": float(np.mean(out[finite] == true[finite].astype(dtype))),
            "values": int(finite.sum()),
        }
    return {"function": name, "domain": [low, high], **found}


class InC:
    """A kernel in C."""

    def __init__(self, library, name):
        self.function = library[name]
        self.function.restype = None

    def __call__(self, x, y, out):
        pointers = [ctypes.c_void_p(one.ctypes.data) for one in (x, y, out)]
        self.function(*pointers, ctypes.c_int64(len(x)))


def measure(libraries, function):
    name = function.__name__
    peers = {peer: InC(library, name) for peer, library in libraries.items()}
    peers |= {"brrr": brrr(function, fastmath=True), "exact": brrr(function)}
    peers |= {"numba": numba.njit(function, fastmath=True), "numba_exact": numba.njit(function)}
    x, y, out = arguments(2000)
    function(x, y, out)
    expected = out.copy()
    for peer, compiled in peers.items():
        out[:] = 0.0
        compiled(x, y, out)
        if not np.allclose(out, expected, rtol=1e-11, atol=1e-11):
            raise SystemExit(f"{name} in {peer}: a result that differs by {np.abs(out - expected).max()}")
    given = arguments()
    times = {peer: [] for peer in peers}
    for turn in range(ROUNDS + 1):
        for peer, compiled in peers.items():
            start = time.thread_time()
            compiled(*given)
            if turn:
                times[peer].append(time.thread_time() - start)
    if peers["brrr"].stats()["exits"]:
        raise SystemExit(f"{name} left compiled code: {peers['brrr'].stats()['exits']}")
    return {"kernel": name, **{peer: statistics.median(all_) for peer, all_ in times.items()}}


def main(results, names):
    libraries = {peer: ctypes.CDLL(str(results / file)) for peer, file in (("c", "fastmath.so"), ("gcc", "fastmath-gcc.so"))}
    found = {"kernels": [], "errors": []}
    for function in KERNELS:
        if not names or function.__name__ in names:
            row = measure(libraries, function)
            found["kernels"].append(row)
            shown = " ".join(f"{peer} {time * 1e3:6.2f}" for peer, time in row.items() if peer != "kernel")
            print(f"  {row['kernel']:<16} {shown} ms", file=sys.stderr, flush=True)
    for name in DOMAINS:
        if not names or name in names:
            row = errors(name)
            found["errors"].append(row)
            shown = " ".join(f"{dtype} {row[dtype]['most']:.2f} ulp" for dtype in ("float64", "float32") if dtype in row)
            print(f"  {name:<16} {shown}", file=sys.stderr, flush=True)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [one for one in sys.argv[2:] if not one.startswith("--")])
