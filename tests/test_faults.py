"""The proof is proved: each planted fault is found by the programs from the table or by the fuzzer.

Needs an extension that was built with the feature `faults` (`scripts/build-faults.sh`); other builds skip this file.
"""

from __future__ import annotations

import pytest

from tests import table
from tests.fuzz.engine import Engine
from tests.fuzz.generate import Generator

pytestmark = pytest.mark.faults
SEED = 7
# A fault that this many random functions do not show is not found.
MOST_FUNCTIONS = 500


def planted() -> list[str]:
    try:
        from brrr._brrr import faults
    except ImportError:
        return []
    return faults()


NAMES = planted()
needs_faults = pytest.mark.skipif(not NAMES, reason="brrr was built without the feature `faults` (scripts/build-faults.sh)")


def table_programs():
    """What the test of the table runs, but for the literals."""
    return [*table.operand_programs(), *table.joined_programs()]


def search(fault: str | None):
    """What finds the fault: `(part, functions run, finding)`; None if nothing does."""
    environment = {"BRRR_FAULT": fault} if fault else {}
    for part, programs in (("table", table_programs()), ("fuzzer", Generator(SEED).programs())):
        engine = Engine(environment, timeout=10)
        try:
            found = engine.search(programs, lambda totals: totals.functions < MOST_FUNCTIONS)
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
        print(f"\n  {fault}: found by the {part} after {functions} functions: {problem[:110]}", end="")


@needs_faults
def test_without_a_fault_nothing_is_found():
    found = search(None)
    assert found is None, found[2].markdown()


@needs_faults
def test_there_are_enough():
    assert len(NAMES) >= 22
