"""Every row of the table of operators on all edge values, compared with CPython in everything."""

from __future__ import annotations

import pytest

from tests import oracle, table
from tests.fuzz.engine import Engine
from tests.program import Program


@pytest.fixture(scope="module")
def engine():
    engine = Engine(timeout=60)
    yield engine
    engine.stop()


def check(engine, programs):
    found = engine.search(programs, lambda _: True)
    assert found is None, found.markdown()


@pytest.mark.parametrize("kind", ["operand_programs", "joined_programs", "literal_programs"])
def test_edge_values(engine, kind):
    check(engine, getattr(table, kind)())


def test_examples():
    """The `example` of each row is valid, uses the row, and runs compiled unless the row says that it leaves."""
    for row in table.rows():
        assert row.example, row
        program = Program(f"@brrr\ndef f():\n    return {row.example}\n", "f", [()])
        instrumented = oracle.Instrumented(program.text, "f")
        instrumented.run()
        assert row in table.covered(instrumented.used), (row, instrumented.used)


def test_examples_agree(engine):
    check(engine, [Program(f"@brrr\ndef f():\n    return {row.example}\n", "f", [()]) for row in table.rows()])


def test_every_row_was_used(engine):
    """The programs above left no row out."""
    if engine.totals.calls < 10_000:
        pytest.skip("the programs did not run before this test")
    assert not set(table.rows()) - engine.totals.rows


def test_rules_agree_with_the_rows():
    """The oracle's rules of side exits know exactly the operators of the table."""
    binary = {row.name for row in table.rows() if len(row.params) == 2} - {"**-"}
    assert binary == set(table.BINARY) | set(table.COMPARE)
    assert {row.name for row in table.rows() if len(row.params) == 1} == {"-", "+", "~", "not"}
