"""The fuzzer for a while, with a fixed seed; and that it can find, shrink and report."""

from __future__ import annotations

import ast
import os
import time

import pytest

from tests import table
from tests.fuzz.engine import Engine, Finding, smaller
from tests.fuzz.generate import Generator
from tests.fuzz.worker import Died, Worker
from tests.program import Program

SEED = 20_260_101
SECONDS = float(os.environ.get("BRRR_FUZZ_SECONDS", "20"))


@pytest.fixture
def engine():
    engine = Engine(timeout=30)
    yield engine
    engine.stop()


def test_random_functions(engine):
    """`BRRR_FUZZ_SECONDS` says how long."""
    end = time.monotonic() + SECONDS
    found = engine.search(Generator(SEED).programs(), lambda _: time.monotonic() < end)
    print(engine.totals)
    assert found is None, engine.shrink(found).markdown()
    # Far below what a busy machine does: a search that does nothing must not pass.
    assert engine.totals.functions > SECONDS / 2
    assert engine.totals.exits < engine.totals.calls / 2
    if engine.totals.functions >= 300:
        assert not set(table.rows()) - engine.totals.rows


def test_the_same_seed_makes_the_same_programs():
    def made(seed):
        return [one.text for one, _ in zip(Generator(seed).programs(), range(20))]

    assert made(5) == made(5) != made(6)


def test_programs_are_varied():
    """Every construct of the language occurs."""
    text = "".join(one.text for one, _ in zip(Generator(1).programs(), range(400)))
    wanted = ["while ", "while True", "for ", "else:", "elif ", "break", "continue", "return\n", "return ", "pass", " if ", " and ",
              " or ", "not ", " = y = ", ", y = ", "range(", *(f" {one}= " for one in table.BINARY),
              *(f" {one} " for one in table.BINARY + table.COMPARE)]
    assert not [one for one in wanted if one not in text]


def test_crashes_and_hangs_are_findings():
    worker = Worker(timeout=3)
    try:
        crash = Program("import os\nos._exit(7)\n@brrr\ndef f():\n    return 1\n", "f", [()])
        with pytest.raises(Died, match="status 7"):
            worker.run(crash)
        with pytest.raises(Died, match="no answer within 3 s"):
            worker.run(Program("while True: pass\n", "f", [()]))
        # And the next program runs.
        assert len(worker.run(Program("@brrr\ndef f():\n    return 1\n", "f", [()]))) == 1
    finally:
        worker.stop()


class Liar(Engine):
    """An engine whose brrr gets every product wrong."""

    def examine(self, one):
        wrong = " * " in one.text and one.calls
        return Finding(one, one.calls[0], ["CPython: 6 (int); brrr: 7 (int)"]) if wrong else None


def test_findings_are_made_small():
    engine = Liar()
    text = ("@brrr\ndef f(a, b):\n    c = a + b\n    while c > 3:\n        if b:\n            c -= a * (b + 1)\n        else:\n"
            "            c = 0\n    for i in range(4):\n        c += i\n    return c\n")
    found = engine.shrink(Finding(Program(text, "f", [(1, 2), (3, 4)]), None, ["?"]), seconds=10)
    assert len(found.program.text.splitlines()) <= 4 and " * " in found.program.text
    assert found.program.calls == [(1, 2)]
    assert found.markdown().count("```") == 4


def test_smaller_texts_are_smaller_and_valid():
    for one, _ in zip(Generator(3).programs(), range(10)):
        for text in smaller(one.text):
            assert len(text) < len(one.text)
            ast.parse(text)
