"""Every row of the table of operators on all edge values, compared with CPython in everything."""

from __future__ import annotations

import os
import time

import pytest

from tests import arrays, edges, numpy_edges, oracle, table
from tests.fuzz.check import Checker, Options
from tests.fuzz.engine import Engine
from tests.fuzz.worker import Source
from tests.program import Program


@pytest.fixture(scope="module")
def engine():
    engine = Engine(jobs=2, timeout=240, options=Options(forced=0.3, most_forced=5))
    yield engine
    engine.stop()


# Seconds for each kind of the programs with NumPy's scalars and arrays, which are no other on another CPython.
NUMPY_SECONDS = float(os.environ.get("BRRR_NUMPY_SECONDS", "inf"))


@pytest.mark.parametrize("kind", list(edges.SOURCES))
def test_edge_values(engine, kind):
    start = time.monotonic()
    found = engine.search(Source(kind), lambda _: "numpy" not in kind or time.monotonic() - start < NUMPY_SECONDS, batch=2)
    assert found is None, found.markdown()


def test_examples():
    """The `example` of each row is valid, uses the row, and gives what CPython gives."""
    checker = Checker(Options(traced=True))
    for number, row in enumerate([*table.rows(), *(row for row in table.numpy_rows() if arrays.present())]):
        assert row.example, row
        # Not every build has NumPy's constructors, in which the examples are written.
        if "np." in row.example and not numpy_edges.decorates(row.example):
            continue
        program = Program(table.preamble(f"@brrr\ndef f():\n    return {row.example}\n"), "f", [()])
        leaves = oracle.Instrumented(program.text, "f").run()
        # What a function of NumPy's is given is converted to what its row takes.
        used = {name for name, _ in leaves.used}
        assert row.name in used if row.name.startswith("np.") else row in table.covered(leaves.used), (row, leaves.used)
        found = checker.examine(program, number)
        assert found is None, found.markdown()


def test_every_row_was_used(engine):
    """The programs above left no row out."""
    if engine.totals.calls < 10_000:
        pytest.skip("the programs did not run before this test")
    assert not set(table.rows()) - engine.totals.rows


def test_every_row_of_numpy_was_used(engine):
    """The programs above left no row of NumPy's scalars out that the build takes."""
    if engine.totals.calls < 10_000 or not arrays.present() or NUMPY_SECONDS < float("inf"):
        pytest.skip("the programs did not run before this test, or there is no NumPy")
    rows = {row for row in table.numpy_rows() if not row.name.startswith("np.") or numpy_edges.decorates(row.example)}
    assert len(rows) > 200 and not rows - engine.totals.rows, sorted({row.name for row in rows - engine.totals.rows})


def test_rows_are_spelled():
    """Every row can be written by the generator and the programs above."""
    for row in (*table.rows(), *table.numpy_rows()):
        operands = ["a", "b", "c", "d", "e", "f"][:len(row.params)]
        text = row.spelled(*(operands if row.kind != "power" else ("a", "2")))
        tree = oracle.Instrumented(f"def f(a=0, b=0, c=0, d=0, e=0, f=0):\n    return {text}\n", "f")
        assert row.name in {name for name, *_ in tree.sites}, (row, text)
