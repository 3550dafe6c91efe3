"""Times what a user waits for: the import and the first calls, each in fresh processes by turns. Prints JSON.

`kept` is brrr with the code on the disk; elsewhere nothing is kept. `--child brrr|kept|numba|llvm` is one such process; its milliseconds go to stdout.
`--child PEER TURNS` is one of the break-even curve: from before the import to the result of so many turns of a loop.
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
CURVE_PROCESSES = 1 if "--quick" in sys.argv else 5
# Turns of the loop of the break-even curves; what would take CPython longer is left out.
TURNS = [10**power * step for power in range(2, 8) for step in (1, 3)] + [10**8]
PATIENT_TURNS = 10**7


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


def whole(peer, turns):
    """Milliseconds from before the import to the result of the call of Collatz's kind, which no compiler has a formula for."""
    start = time.perf_counter_ns()
    if peer in ("brrr", "kept"):
        from brrr import brrr as decorate
    elif peer == "numba":
        from numba import njit as decorate
    else:
        decorate = lambda function: function  # noqa: E731
    assert decorate(walk)(turns) >= 0
    return (time.perf_counter_ns() - start) / 1e6


def walk(turns):
    n = 27
    for _ in range(turns):
        if n % 2 == 0:
            n = n // 2
        else:
            n = (3 * n + 1) % 1_000_003
    return n


def curves(folder):
    """For each peer, pairs of turns and the median of milliseconds."""
    found = {}
    for peer in ("brrr", "kept", "numba", "cpython"):
        environment = {**os.environ, "BRRR_CACHE_DIR": folder if peer == "kept" else ""}
        pairs = []
        for turns in [TURNS[0], *TURNS]:
            if peer == "cpython" and turns > PATIENT_TURNS:
                continue
            command = [sys.executable, __file__, "--child", peer, str(turns)]
            runs = [
                json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)
                for _ in range(CURVE_PROCESSES)
            ]
            pairs.append((turns, statistics.median(runs)))
        # The first runs were there to fill caches.
        found[peer] = pairs[1:]
    return found


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
        by_turns = curves(folder)
    medians = {
        peer: {step: statistics.median(one[step] for one in found) for step in found[0]} for peer, found in samples.items()
    }
    json.dump(medians | {"curves": by_turns}, sys.stdout)


if __name__ == "__main__":
    if "--child" in sys.argv:
        asked = sys.argv[sys.argv.index("--child") + 1 :]
        json.dump(whole(asked[0], int(asked[1])) if len(asked) == 2 else child(asked[0]), sys.stdout)
    else:
        main()
