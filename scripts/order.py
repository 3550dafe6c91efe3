"""Writes `crates/llvm/order.txt`: the functions of LLVM that first calls run, for the linker to put together.

Runs first calls of several kinds under valgrind's callgrind, with the installed brrr and nothing kept on the disk. To be run again when
LLVM's version or the passes of the quick tier change; names that the library has not are passed over by the linker. Rust's are left
out, which are others in each build. The order is the one of callgrind's file: by the names it is slower by some per cent.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = """
from brrr import brrr

@brrr
def total(n):
    result = 0
    for i in range(n):
        result += i
    return result

@brrr
def collatz(n):
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps

@brrr
def floats(n, x):
    result = 0.0
    for i in range(n):
        result = result + x * i
        if result > 100.0:
            result = result / 3.0
    return result

@brrr
def add(a, b):
    return a + b

@brrr
def calls(n):
    result = 0
    for i in range(n):
        result += collatz(i + 1)
    return result

total(1000), collatz(27), floats(27, 0.5), add(2, 3), add(0.5, 0.25), calls(5)
try:
    import numpy as np
except ImportError:
    pass
else:
    @brrr
    def sums(x, y):
        result = 0.0
        for i in range(len(x)):
            result += x[i] * y[i]
            y[i] = result
        return result

    sums(np.ones(20), np.ones(20))
"""


def functions(profile):
    """The functions of the library in a profile of callgrind's, in its order."""
    libraries, names, library, found = {}, {}, "", {}
    for line in profile.read_text().splitlines():
        match = re.match(r"(c?ob|c?fn)=\((\d+)\)\s*(.*)", line)
        if not match:
            continue
        kind, number, name = match.groups()
        known = libraries if kind.endswith("ob") else names
        if name:
            known[number] = name
        if kind == "ob":
            library = known[number]
        elif kind == "fn" and library.endswith("_llvm.so"):
            found[re.sub(r"'\d+$", "", known[number])] = None
    return found


def main():
    with tempfile.TemporaryDirectory() as folder:
        program, profile = Path(folder, "first.py"), Path(folder, "profile")
        program.write_text(PROGRAM)
        valgrind = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={profile}"]
        environment = {**os.environ, "BRRR_CACHE_DIR": "", "BRRR_TIER": "quick"}
        subprocess.run([*valgrind, sys.executable, program], env=environment, check=True, capture_output=True)
        found = functions(profile)
    is_rust = re.compile(r"_R|.*17h[0-9a-f]{16}E")
    names = [name for name in found if not is_rust.match(name)]
    head = "# Functions of LLVM 19 that first calls run, for the linker: made by scripts/order.py.\n"
    (ROOT / "crates/llvm/order.txt").write_text(head + "".join(f"{name}\n" for name in names))
    print(f"{len(names)} functions")


if __name__ == "__main__":
    main()
