"""Times what a user waits for: the import and the first calls, each in fresh processes by turns. Prints JSON.

`kept` is brrr with the code on the disk; elsewhere nothing is kept. `--child brrr|kept|numba|llvm` is one such process; its milliseconds go to stdout.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROCESSES = 5 if "--quick" in sys.argv else 31


def foo(a: int) -> int:
    b = 0
    i = 0
    while i < a:
        b = b + i
        i = i + 1
    return b


def collatz(n):
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


def child(peer):
    """Milliseconds of the steps, in their order."""
    clock = [time.perf_counter_ns()]
    if peer in ("brrr", "kept"):
        from brrr import brrr as decorate

        clock.append(time.perf_counter_ns())
        assert "numpy" not in sys.modules
    elif peer == "numba":
        from numba import njit as decorate

        clock.append(time.perf_counter_ns())
    else:
        import ctypes
        from importlib.util import find_spec

        library = Path(find_spec("brrr").origin).with_name("_llvm.so")
        clock = [time.perf_counter_ns()]
        ctypes.CDLL(str(library))
        clock.append(time.perf_counter_ns())
        return {"open": (clock[1] - clock[0]) / 1e6}
    own = [decorate(foo)]
    assert own[0](1_000) == 499_500
    clock.append(time.perf_counter_ns())
    own.append(decorate(collatz))
    assert own[1](27) == 111
    clock.append(time.perf_counter_ns())
    if peer == "kept":
        assert [one.stats()["cache"] for one in own] == ["hit", "hit"] or "--fill" in sys.argv
    steps = [(after - before) / 1e6 for before, after in zip(clock, clock[1:])]
    return dict(zip(("import", "first", "second"), steps))


def main():
    samples = {"brrr": [], "kept": [], "numba": [], "llvm": []}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(PROCESSES + 1):
            for peer, found in samples.items():
                command = [sys.executable, __file__, *([] if turn else ["--fill"]), "--child", peer]
                environment = {**os.environ, "BRRR_CACHE_DIR": folder if peer == "kept" else ""}
                one = json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
                # The first process of each finds cold files and writes byte code, or code to the disk.
                if turn:
                    found.append(one)
    medians = {
        peer: {step: statistics.median(one[step] for one in found) for step in found[0]} for peer, found in samples.items()
    }
    json.dump(medians, sys.stdout)


if __name__ == "__main__":
    if "--child" in sys.argv:
        json.dump(child(sys.argv[-1]), sys.stdout)
    else:
        main()
