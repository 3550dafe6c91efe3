"""Exits that are forced: at each visit of each entry point in turn, compiled code leaves and the interpreter goes on.

So resumption is tested at every statement, and not only where an overflow happens to strike. The extension counts the visits of
the probes of functions that were decorated under `probed`, and leaves at the one chosen.
"""

from __future__ import annotations

import os
import random
from contextlib import contextmanager

from tests import oracle

VARIABLE = "BRRR_PROBES"
# A visit that no call reaches.
NEVER = 2**62


@contextmanager
def probed():
    """Functions that are decorated in this context have probes."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = "1"
    try:
        yield
    finally:
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before


def run(function, call: tuple, visit: int, file: str | None) -> tuple[oracle.Outcome, int]:
    """Calls with the exit forced at a visit, counted from 1. Gives the outcome, and the visits there were."""
    from brrr._brrr import probe

    probe(visit)
    try:
        made = oracle.outcome(function, *call, file)
    finally:
        visits = probe(0)
    return made, visits


def differences(function, call, expected: oracle.Outcome, file: str | None, most: int, seed: object = 0,
                ulps: int = 0) -> tuple[int, list[str]]:
    """Forces the exit at each visit of a call, or at `most` of them. Gives how many were forced and the first difference.

    `call` makes the arguments of a run: a list and a dict.
    """
    made, visits = run(function, call(), NEVER, file)
    if not oracle.same_outcome(expected, made, True, ulps):
        return 0, [f"with probes, none of which leaves: {oracle.in_words(expected, made)}"]
    chosen = list(range(1, visits + 1))
    if visits > most:
        # The first ones, the last one, and some in between.
        some = random.Random(f"{seed}").sample(chosen[most // 3:-1], most - most // 3 - 1)
        chosen = [*chosen[:most // 3], *sorted(some), visits]
    done = 0
    for visit in chosen:
        made, reached = run(function, call(), visit, file)
        # What leaves often is left to the interpreter for longer: not every call has as many visits.
        done += reached >= visit
        if not oracle.same_outcome(expected, made, True, ulps):
            return done, [f"with the exit forced at visit {visit} of {visits}: {oracle.in_words(expected, made)}"]
    return done, []
