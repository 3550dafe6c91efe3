"""The proof is proved: each planted fault is found by the programs from the table, by the fuzzer or by forced exits.

Needs an extension that was built with the feature `faults` (`scripts/build-faults.sh`); other builds skip this file.
"""

from __future__ import annotations

import pytest

from tests.fuzz.check import Options
from tests.fuzz.engine import Engine
from tests.fuzz.worker import Source

pytestmark = pytest.mark.faults
SEED = 7
# A fault that so many random functions do not show is not found.
MOST_FUNCTIONS = 600


def planted() -> list[str]:
    try:
        from brrr._brrr import faults
    except ImportError:
        return []
    return faults()


NAMES = planted()
# How the names of faults in arrays begin.
OF_ARRAYS = ("element-", "index-", "length-", "scalar-", "slice-", "store", "stride-", "view-")
needs_faults = pytest.mark.skipif(not NAMES, reason="brrr was built without the feature `faults` (scripts/build-faults.sh)")


def search(fault: str | None):
    """What finds the fault: `(part, functions run, finding)`; None if nothing does."""
    environment = {"BRRR_FAULT": fault} if fault else {}
    searches = [
        ("constructs", Source("constructs"), Options(traced=True, forced=0.5)),
        ("fuzzer", Source("random", SEED), Options(traced=True, forced=0.5)),
        ("table", Source("operands+calls+joined"), Options(traced=True)),
    ]
    if fault is None or fault.startswith(OF_ARRAYS):
        searches.insert(0, ("arrays", Source("numpy arrays"), Options(forced=0.5)))
    if fault is not None and fault.startswith("scalar-"):
        searches.insert(0, ("scalars", Source("numpy operators"), Options()))
    for part, source, options in searches:
        engine = Engine(2, environment, timeout=30, options=options)
        try:
            found = engine.search(source, end=MOST_FUNCTIONS if part == "fuzzer" else None)
        finally:
            engine.stop()
        if found:
            return part, engine.totals.functions, found
    return None


@needs_faults
@pytest.mark.parametrize("fault", NAMES)
def test_fault_is_found(fault, capsys):
    found = search(fault)
    assert found, f"nothing finds the planted fault `{fault}`"
    part, functions, finding = found
    problem = finding.problems[0]
    # A fault that the compiler notices itself proves nothing about the tests.
    assert "BRRR901" not in problem, problem
    with capsys.disabled():
        print(f"\n  {fault}: found by the {part} after {functions} functions: {problem.splitlines()[0][:110]}", end="")


@needs_faults
def test_without_a_fault_nothing_is_found():
    found = search(None)
    assert found is None, found[2].markdown()


@needs_faults
def test_there_are_enough():
    assert len(NAMES) >= 45
