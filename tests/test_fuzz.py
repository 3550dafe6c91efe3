"""The fuzzer for some functions, with a fixed seed; and that it can find, shrink and report."""

from __future__ import annotations

import ast
import math
import os
import time

import pytest

from brrr import brrr
from tests import program, table
from tests.fuzz import features
from tests.fuzz.check import Checker, Finding, Options
from tests.fuzz.engine import Engine
from tests.fuzz.generate import Generator
from tests.fuzz.shrink import shrink, smaller
from tests.fuzz.worker import Source
from tests.program import Program

SEED = 20_260_101
FUNCTIONS = int(os.environ.get("BRRR_FUZZ_FUNCTIONS", "500"))


def programs(seed, count):
    generator = Generator(seed)
    return [generator.program(number) for number in range(count)]


@pytest.fixture
def engine():
    engine = Engine(2, timeout=120, options=Options(instrumented=0.5, forced=0.3))
    yield engine
    engine.stop()


def test_random_functions(engine):
    """The same ones on every machine, however fast; `BRRR_FUZZ_FUNCTIONS` says how many."""
    # What random functions do not spell, such as a complex to the power of a negative literal, the constructs do.
    found = engine.search(Source("constructs"))
    constructs = engine.totals.functions
    found = found or engine.search(Source("random", SEED), end=FUNCTIONS)
    print(engine.totals)
    assert found is None, engine.shrink(found).markdown()
    # What is refused is no function; a search that does nothing must not pass.
    assert constructs > 0 and engine.totals.functions - constructs > 0.9 * FUNCTIONS
    if engine.totals.functions >= 2_500:
        assert not set(table.rows()) - engine.totals.rows


def test_the_same_seed_makes_the_same_programs():
    def made(seed):
        return [one.text for one in programs(seed, 20)]

    assert made(5) == made(5) != made(6)
    assert Generator(5).program(13).text == made(5)[13]


def test_programs_are_varied():
    """Every construct of the language that the build takes occurs."""
    made = programs(1, 500)
    text = "".join(one.text for one in made)
    wanted = ["while True", "elif ", "return\n", " = y = ", ", y = ", "range(", *(f" {one}= " for one in table.ARITHMETIC),
              *(f" {one} " for one in table.ARITHMETIC + table.COMPARISONS)]
    assert not [one for one in wanted if one not in text]
    found = {name for one in made for name in one.constructs}
    words = {"walrus": "NamedExpr", "match": "Match", "assert": "Assert", "raise": "Raise", "in": "In", "tuple index": "Subscript",
             "is none": "Is", "constant": "global constant", "keyword-only": "keyword-only", "default": "default"}
    constructs = {word for name, word in words.items() if name in features.constructs()}
    constructs |= {"For else", "While else", "loop in loop in loop", "early return", "Break", "Continue", "Pass", "IfExp", "BoolOp",
                   "idiom: long", "idiom: growing", "idiom: mixing", "idiom: joins"}
    assert not constructs - found


def test_every_construct_runs_under_cpython():
    """What is tried of a build is Python."""
    for text, call in features.CONSTRUCTS.values():
        args, kwargs = program.split(call)
        program.execute(text, "feature", program.undecorated)["f"](*args, **kwargs)
    for text, kinds, _ in features.FORMS:
        values = [repr(features.OPERANDS[kind][1]) for kind in kinds]
        eval(text.format(*values), {"math": math})


def test_crashes_and_hangs_are_findings():
    engine = Engine(timeout=10)
    try:
        crash = engine.examine(Program("import os\nif brrr.__name__ == 'brrr': os._exit(7)\ndef f():\n    return 1\n", "f", [()]))
        assert "status 7" in crash.problems[0]
        hang = engine.examine(Program("while brrr.__name__ == 'brrr': pass\ndef f():\n    return 1\n", "f", [()]))
        assert "no answer within 10 s" in hang.problems[0]
        # And the next program runs.
        assert engine.examine(Program("@brrr\ndef f():\n    return 1\n", "f", [()])) is None
    finally:
        engine.stop()


def test_a_search_finds_crashes_and_differences():
    engine = Engine(timeout=10, environment={"BRRR_DISABLE": "1"})
    try:
        found = engine.search(Source("random", 1))
        # Without a compiler nothing can be counted as compiled.
        assert found is not None and found.problems
    finally:
        engine.stop()


def liar(one: Program) -> Finding | None:
    """A check whose brrr gets every product wrong."""
    wrong = " * " in one.text and one.calls
    return Finding(one, one.calls[0], ["CPython: 6 (int); brrr: 7 (int)"]) if wrong else None


def test_findings_are_made_small():
    text = ("@brrr\ndef f(a, b):\n    c = a + b\n    while c > 3:\n        if b:\n            c -= a * (b + 1)\n        else:\n"
            "            c = 0\n    for i in range(4):\n        c += i\n    return c\n")
    found = shrink(Finding(Program(text, "f", [(1, 2), (3, 4)]), None, ["?"]), liar, seconds=10)
    assert len(found.program.text.splitlines()) <= 4 and " * " in found.program.text
    assert found.program.calls == [(1, 2)]
    assert found.markdown().count("```") == 4


def test_smaller_texts_are_smaller_and_valid():
    for one in programs(3, 10):
        for text in smaller(one.text):
            assert len(text) < len(one.text)
            ast.parse(text)


INFINITE = float("inf")


@pytest.mark.parametrize("body, value, tells", [
    ("x = a * 0.0\n    y = 1\n    return copysign(2.0, x) + y", INFINITE, True),
    ("x = a * 0.0\n    y = 1\n    return copysign(2.0, x) + y", 3.0, False),
    ("return told(a * 0.0)", INFINITE, True),
    ("return told(a)", float("nan"), False),
    ("return told(a * 0.0) if N == 3 else a", INFINITE, False),
])
def test_the_sign_of_a_nan_that_is_made_is_not_judged(body, value, tells):
    """Wherever it becomes visible: then a difference is none. Of all other numbers, and of a NaN that is passed, signs are compared."""
    text = f"from math import copysign\nN = 7\ndef told(x):\n    return copysign(1.0, x)\n@brrr\ndef f(a):\n    {body}\n"
    one = Program(text, "f", [(value,)])
    file = program.filename("fuzz")
    assert Checker._is_settled(Finding(one, (value,), ["a difference"]), file) is not tells
    if "N == 3" in body:
        assert not Checker._is_settled(Finding(one, (value,), ["a difference"], elsewhere=True), file)
    assert math.copysign.__name__ == "copysign" and math.copysign(1.0, -0.0) == -1.0


class Turned:
    """A compiled function with another sign of what it gives, forced exits or not."""

    def __init__(self, function):
        self.function = brrr(function)

    def __call__(self, *args):
        return -self.function(*args)

    def __getattr__(self, name):
        return getattr(self.function, name)


@pytest.mark.parametrize("value, found", [(INFINITE, False), (2.0, True), (-2.0, True)])
def test_a_difference_counts_unless_the_sign_of_a_nan_decides_it(value, found):
    text = "import math\ndef told(x):\n    return math.copysign(1.0, x - x)\n@brrr\ndef f(a):\n    return told(a)\n"
    checker = Checker(Options(instrumented=0.0), Turned)
    assert bool(checker.examine(Program(text, "f", [(value,)], judged=False), 0)) is found
    assert checker.totals.skipped == (0 if found else 1)
