"""Times the kernels over arrays with and without tests of indices, by turns in one process: what bounds checks cost. Prints JSON.

Needs the build with planted faults (`scripts/build-faults.sh`): of the fault `index-unchecked` comes code that takes every index as it
is, which is right for these kernels, and is compared. Nothing else differs: both are made by the same compiler. Times are medians of
`ROUNDS` runs, of processor time. `measure_checks.py NAME...` measures some of the kernels.
"""

import json
import os
import statistics
import sys
import time

import numpy as np
from arrays import KERNELS
from brrr import brrr
from brrr._brrr import faults
from measure_arrays import copy_of, outcome, same

QUICK = "--quick" in sys.argv
ROUNDS = 3 if QUICK else 15
VARIABLE, FAULT = "BRRR_FAULT", "index-unchecked"


def compiled(function, arguments, checked):
    """The function in compiled code for these arguments; what it has done to them shows that it is right."""
    if not checked:
        os.environ[VARIABLE] = FAULT
    try:
        made = brrr(function)
        found = outcome(made, arguments)
    finally:
        os.environ.pop(VARIABLE, None)
    return made, found


def measure(kernel):
    peers, found = {}, {}
    for name in ("checked", "unchecked"):
        peers[name], found[name] = compiled(kernel.function, kernel.arguments(kernel.full), name == "checked")
    if not same(found["checked"], found["unchecked"]):
        raise SystemExit(f"{kernel.function.__name__}: results differ without checks")
    times = {peer: [] for peer in peers}
    fresh = kernel.arguments(kernel.full)
    # Where arrays lie is worth a fifth of the time of some kernels, more than what is measured: both peers get the same ones.
    arguments = copy_of(fresh)
    for turn in range(ROUNDS):
        # Whoever is first finds colder caches.
        for peer, function in [*peers.items()][:: 1 if turn % 2 else -1]:
            for own, first in zip(arguments, fresh):
                if isinstance(own, np.ndarray):
                    np.copyto(own, first)
            start = time.thread_time()
            for _ in range(kernel.calls):
                function(*arguments)
            times[peer].append(time.thread_time() - start)
    row = {"kernel": kernel.function.__name__, "dependent": kernel.dependent}
    return row | {peer: statistics.median(all_) for peer, all_ in times.items()}


def main(names):
    if FAULT not in faults():
        raise SystemExit("this build has no planted faults: scripts/build-faults.sh")
    rows = []
    for kernel in KERNELS:
        if names and kernel.function.__name__ not in names:
            continue
        row = measure(kernel)
        rows.append(row)
        print(f"  {row['kernel']:<16} {row['checked'] / row['unchecked']:.3f}", file=sys.stderr, flush=True)
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main([one for one in sys.argv[1:] if not one.startswith("--")])
