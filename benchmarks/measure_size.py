"""Times compilation against the size of the function, and what a thousand functions cost in memory. Prints JSON.

Functions of 10 to 5 000 lines, with loops, branches and checked ints, each in fresh processes of brrr, in its quick tier and in its full
one, and of Numba: processor time of the first call, the compiler itself already warm. `--child PEER LINES` and `--child memory FUNCTIONS` are such processes.
"""

import gc
import importlib.util
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

QUICK = "--quick" in sys.argv
SIZES = (10, 100, 1_000, 5_000) if QUICK else (10, 30, 100, 300, 1_000, 3_000, 5_000)
PROCESSES = 1 if QUICK else 5
PEERS = ("quick", "full", "numba")
FUNCTIONS = 100 if QUICK else 1_000
# Seconds for one process; what takes longer has no figure.
PATIENCE = 60 if QUICK else 300


def function(lines):
    """The text of a function of so many lines: a loop with a branch and a checked sum for every five of them."""
    chosen = random.Random(lines)
    text = ["def f(n, x):", "    a = 1", "    b = 2.5", "    c = 7"]
    for _ in range((lines - len(text) - 1) // 5):
        k = chosen.randrange(1, 9)
        text += [
            "    for i in range(n):",
            f"        a = (a * {k} + i) % 1009",
            f"        if a > {k * 50}:",
            f"            b = b * {chosen.random():.3f} + x",
            f"    c = c + a % {k + 2}",
        ]
    return "\n".join([*text, "    return a + b + c", ""])


def small(number):
    """The text of one of the thousand functions; no two are alike."""
    return (
        f"def f{number}(n):\n    total = {number}\n    for k in range(n):\n        if k % {number % 7 + 2} == 0:\n"
        f"            total = total + k * {number % 5 + 1}\n        else:\n            total = total - 1\n    return total\n"
    )


def module(text, folder):
    file = Path(folder) / "measured.py"
    file.write_text(text)
    spec = importlib.util.spec_from_file_location("measured", file)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def first_call(peer, lines, folder):
    """Seconds of processor time from decoration to the first result."""
    if peer == "numba":
        from numba import njit as decorate
    else:
        from brrr import brrr as decorate
    assert decorate(module(small(0), folder).f0)(5) is not None
    plain = module(function(lines), folder).f
    expected = plain(3, 0.5)
    # Numba compiles the function with its operands' types only when it is called; so does brrr.
    start = time.process_time()
    assert decorate(plain)(3, 0.5) == expected
    return time.process_time() - start


def resident():
    """Megabytes of this process in memory."""
    gc.collect()
    line = next(one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def memory(functions, folder):
    from brrr import brrr

    made = module("\n".join(map(small, range(functions + 1))), folder)
    brrr(made.f0)(10)
    before = resident()

    def grown():
        kept = [brrr(getattr(made, f"f{number}")) for number in range(1, functions + 1)]
        for one in kept:
            one(10)
        return resident() - before

    # What is dropped is freed: a second thousand grows into the place of the first.
    return {"functions": functions, "first": grown(), "again": grown()}


def run(*arguments):
    """What a child says, or nothing if it takes too long."""
    command = [sys.executable, __file__, "--child", *map(str, arguments)]
    environment = os.environ | ({"BRRR_TIER": arguments[0]} if arguments[0] in ("quick", "full") else {})
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def main():
    rows = []
    lost = set()
    for lines in SIZES:
        row = {"lines": lines}
        for peer in PEERS:
            # A peer that lost its patience at one size is not asked for a larger one.
            found = [None if peer in lost else run(peer, lines) for _ in range(PROCESSES if lines < 1_000 else 1)]
            lost |= {peer} if None in found else set()
            row[peer] = None if None in found else statistics.median(found)
        rows.append(row)
        shown = "  ".join(f"{peer} {row[peer] * 1e3:9.1f} ms" if row[peer] else f"{peer} none in {PATIENCE} s" for peer in PEERS)
        print(f"  {lines:>5} lines  {shown}", file=sys.stderr, flush=True)
    json.dump({"rows": rows, "patience": PATIENCE, "memory": run("memory", FUNCTIONS)}, sys.stdout)


if __name__ == "__main__":
    if "--child" in sys.argv:
        peer, amount = sys.argv[-2:]
        with tempfile.TemporaryDirectory() as folder:
            json.dump(memory(int(amount), folder) if peer == "memory" else first_call(peer, int(amount), folder), sys.stdout)
    else:
        main()
