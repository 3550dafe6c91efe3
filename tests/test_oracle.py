"""The harness is right: its rules of side exits, its records, and that it sees what is wrong."""

from __future__ import annotations

import dataclasses

import pytest

from brrr import brrr
from tests import markdown, oracle, program, values
from tests.oracle import Observed, Outcome, encode


def expect(text, args, name="f"):
    file = program.filename("harness")
    plain = program.execute(text, file, program.undecorated)
    return oracle.expect(plain[name], oracle.Instrumented(text, name, plain), args, {}, file)


def leave(text, *args):
    """Statement, line and point of the first visit that may leave."""
    leaves = expect(text, args).leaves
    first = next(iter(leaves.visits), None)
    assert bool(first) == bool(+leaves.counts)
    return first and (first.statement, next(iter(leaves.counts)), first.point)


@pytest.mark.parametrize(("expression", "args", "leaves"), [
    ("a + b", (2**63 - 1, 0), False),
    ("a + b", (2**63 - 1, 1), True),
    ("a + b", (2**63 - 1, 1.0), False),
    ("-a", (-(2**63), 0), True),
    ("a // b", (-(2**63), -1), True),
    ("a % b", (-(2**63), -1), False),
    ("a / b", (1, 0), True),
    ("a ** b", (2, 62), False),
    ("a ** b", (2, 63), True),
    ("a ** b", (2, -1), True),
    ("a ** -1", (2, 0), False),
    ("a ** -1", (0, 0), True),
    ("a ** b", (-2.0, 0.5), True),
    ("a << b", (0, 2**62), False),
    ("a << b", (1, -1), True),
    ("a << b", (1.5, 1), True),
    ("~a", (True, 0), True),
    ("~a", (1, 0), False),
    ("a < b < 1", (0, 0.5), False),
    ("a and c", (0, 0), False),
    ("a and c", (1, 0), True),
    ("a if b else c", (1, 1), False),
])
def test_rules_of_exits(expression, args, leaves):
    found = leave(f"def f(a, b):\n    if a is None:\n        c = 1\n    return {expression}\n", *args)
    assert found == ((2, 4, "start") if leaves else None)


def test_exit_is_at_the_first_statement_that_leaves():
    text = "def f(n):\n    t = 1\n    for i in range(n):\n        t = t * 2; u = t\n    return t + u + v\n"
    assert leave(text, 70) == (2, 4, "start")
    found = expect(text, (70,)).leaves.visits[0]
    assert found.locals == {"n": encode(70), "t": encode(2**62), "i": encode(62), "u": encode(2**62)}
    # `u` and `i` are written before they are read again.
    assert found.needed == {"t"}


def test_points_of_headers():
    assert leave("def f(a):\n    while a << 62:\n        a = 0\n    return a\n", 4) == (0, 2, "condition")
    assert leave("def f(a):\n    for a in range(1, a, 0):\n        pass\n    return a\n", 4) == (0, 2, "iterable")


def test_calls_that_take_too_long_are_left_out():
    with pytest.raises(oracle.TooMuch):
        expect("def f(a):\n    return a ** a\n", (2**40,))
    with pytest.raises(oracle.TooMuch):
        expect("def f(a):\n    while a:\n        pass\n", (1,))


def test_calls_that_tell_the_sign_of_a_nan_are_left_out():
    text = "import math\ndef f(a, b):\n    return math.copysign(a, b)\ndef g(a, b):\n    return math.copysign(a, b * 0.0)\n"
    infinite = float("inf")
    assert not oracle.Instrumented(text, "f").run((1.0, float("nan"))).counts
    assert not oracle.Instrumented(text, "g").run((1.0, 2.0)).counts
    with pytest.raises(values.Unsettled):
        oracle.Instrumented(text, "g").run((1.0, infinite))


def test_a_function_under_the_decorator_is_compared_by_its_name():
    text = "@brrr\ndef f():\n    pass\ndef g():\n    pass\n"
    fast = program.execute(text, program.filename("oracle"), brrr)
    plain = program.execute(text, program.filename("oracle"), lambda function: function)
    assert encode((fast["f"], 1)) == encode((plain["f"], 1)) != encode((plain["g"], 1))


def test_outcomes_are_compared_in_everything():
    def made(value):
        return oracle.outcome(lambda: value)

    values = [0, False, 0.0, -0.0, None, 1, True, 1.0, 2**53, 2.0**53, float("inf")]
    for left in values:
        for right in values:
            same = type(left) is type(right) and repr(left) == repr(right)
            assert oracle.same_outcome(made(left), made(right)) == same
    assert oracle.same_outcome(made(float("nan")), made(-float("nan")))
    big = 2**60
    assert oracle.outcome(lambda a: a, (big,)).same == 0
    assert not oracle.same_outcome(oracle.outcome(lambda a: a, (big,)), oracle.outcome(lambda a: big + 1 - 1, (big,)))


def test_lines_of_exceptions():
    file = program.filename("harness")
    plain = program.execute("def f(a):\n    b = 1\n    return a / b % 0\n", file, program.undecorated)
    made = oracle.outcome(plain["f"], (1,), {}, file)
    assert made == Outcome(True, ("ZeroDivisionError", made.value[1]), 3, trace=made.trace)
    assert len(made.trace) == 1 and f'"{file}", line 3, in f' in made.trace[0] and "return a / b % 0" in made.trace[0]
    assert not oracle.same_outcome(made, dataclasses.replace(made, trace=()))


def test_exceptions_behind_an_exception_are_compared():
    def chained():
        raise ValueError("a") from KeyError("b")

    def plain():
        raise ValueError("a")

    assert not oracle.same_outcome(oracle.outcome(chained), oracle.outcome(plain))
    assert oracle.same_outcome(oracle.outcome(chained), oracle.outcome(chained))


RECORD = {"statement": 1, "line": 3, "point": "start", "locals": {"a": encode(2**62), "b": encode(2**62)}}


@pytest.mark.parametrize(("change", "words"), [
    ({}, None),
    ({"statement": 0}, "statement"),
    ({"point": "condition"}, "point"),
    ({"locals": {"a": encode(2**62)}}, "`b` is read afterwards"),
    ({"locals": {"a": encode(1), "b": encode(2**62)}}, "`a` is 1"),
    ({"locals": {"a": encode(2**62), "b": encode(2.0**62)}}, "`b` is"),
    ({"locals": {"a": encode(2**62), "b": encode(2**62), "c": encode(1)}}, "`c` is 1, in CPython's frame unbound"),
])
def test_records_are_compared(change, words):
    expected = expect("def f(a):\n    b = a\n    c = a + b\n    return b - c\n", (2**62,))
    observed = Observed(expected.outcome, 0, {3: 1}, dict(RECORD, **change))
    found = oracle.differences(expected, observed)
    assert (words is None and not found) or words in "\n".join(found)


LOOP = "def f(a):\n    for i in range(a, 9, 2):\n        for j in range(3):\n            a = a * 2**60\n    return a\n"
STATE = {"a": encode(2**60), "i": encode(1), ".next0": encode(3), ".step0": encode(2), ".left0": encode(3),
         ".next1": encode(2), ".stop1": encode(3)}


@pytest.mark.parametrize(("change", "words"), [
    ({}, None),
    ({".next0": encode(5)}, "statement 0 is at"),
    ({".left0": encode(2)}, "statement 0 is at"),
    ({".step0": encode(1)}, "statement 0 is at"),
    ({".next1": encode(1)}, "statement 1 is at"),
    ({".stop1": encode(4)}, "statement 1 is at"),
    ({".next2": encode(1), ".stop2": encode(2)}, "statement 2 is in the record"),
])
def test_iterators_are_compared(change, words):
    expected = expect(LOOP, (1,))
    record = {"statement": 2, "line": 4, "point": "start", "locals": STATE | change}
    found = oracle.record_differences(expected.leaves.visits, record)
    assert (words is None and not found) or words in "\n".join(found)
    without = {name: value for name, value in STATE.items() if "1" not in name}
    found = oracle.record_differences(expected.leaves.visits, record | {"locals": without})
    assert any("statement 1 goes on" in one for one in found)


def test_what_ran_in_the_interpreter_has_failed():
    expected = expect("def f(a):\n    return a + 1\n", (1,))
    good = Observed(expected.outcome, 1, {}, None)
    assert not oracle.differences(expected, good)
    assert oracle.differences(expected, dataclasses.replace(good, compiled=0))
    assert oracle.differences(expected, dataclasses.replace(good, compiled=0, exits={2: 1}))
    assert oracle.differences(expected, dataclasses.replace(good, outcome=Outcome(False, encode(3))))


def test_exits_only_where_they_are_legitimate():
    text = "def f(a):\n    for i in range(3):\n        a = a * 2**40\n    b = a // 3\n    return 1 / (b - b)\n"
    expected = expect(text, (1,))
    # Twice over 64 bits, and reads of what is; then the division.
    assert expected.leaves.counts == {3: 3, 4: 2, 5: 3} and expected.leaves.raised == 5
    # Interpreted to the end after the first exit, entered again, and entered again but for the last line.
    for exits in ({3: 1}, {3: 2, 5: 1}, {3: 1, 4: 1}):
        assert not oracle.differences(expected, Observed(expected.outcome, 0, exits, None)), exits
    for exits in ({}, {2: 1}, {3: 4}, {3: 1, 2: 1}):
        assert oracle.differences(expected, Observed(expected.outcome, 0, exits, None)), exits


@pytest.mark.parametrize(("body", "is_open"), [
    ("b = 1\n    return a * b", False), ("return a & 18446744073709551615", True), ("return a % 2**64", True), ("return a % 2**62", False),
    ("return a + -9223372036854775808", False), ("return a + MASK", True), ("b = (a, 1)\n    return b", False),
    ("b = (a, 1)\n    if a:\n        b = 1\n    return b", True), ("a = 1, a\n    return a", True), ("b, c = 1, a\n    b = c\n    return b", False),
    ("return (a or PAIR) + 1", True), ("return 1 if a in PAIR else 2", False),
])
def test_what_has_forms_of_its_own_is_not_judged(body, is_open):
    text = f"MASK = 2**64 - 1\nPAIR = (1, 2)\ndef f(a):\n    {body}\n"
    expected = expect(text, (1,))
    assert expected.leaves.open == is_open
    assert bool(oracle.differences(expected, Observed(expected.outcome, 0, {2: 1}, None))) != is_open


@pytest.mark.parametrize(("captured", "is_open"), [((2, 3), True), (2**64 - 1, True), (1.5, False)])
def test_what_is_captured_has_its_forms_too(captured, is_open):
    text = ("def make(c):\n    def f(a):\n        for k in (0.5, c):\n            a %= 7\n        return a, c.__class__ is int and pow(c.real, 3, 7)\n"
            "    return f\n")
    namespace = {}
    exec(text, namespace)
    leaves = oracle.Instrumented(text, "f", {"f": namespace["make"](captured)}).run((8,))
    assert leaves.open == is_open


@pytest.mark.parametrize("text", [
    "## A\n```calls\nf()\n```\n",
    "## A\n```py\ndef f(): return 1\n```\n",
    "## A\n```py\ndef f(): return 1\n```\n```calls\nf() # leave: 3\n```\n",
    "## A\n```py\ndef f(): return 1\n```\n```calls\n1 + 1\n```\n",
    "## A\n```python\n```\n",
    "## A\n```py\ndef f(): return 1\n",
])
def test_malformed_cases_are_refused(tmp_path, text):
    with pytest.raises(markdown.Malformed):
        markdown.parse(tmp_path / "a.md", text)


def test_cases_are_read(tmp_path):
    text = ("# T\n## A case\nProse.\n```py\n@brrr\ndef f(a):\n    return a + 1  # revealed: int, warning: [unbound-name]\n"
            "```\n```calls\nf(1)\nf(2**63 - 1)  # leaves: 3 x2, 5\nf(2**70)  # interpreted\n```\n")
    (case,) = markdown.parse(tmp_path / "a.md", text)
    assert case.source.startswith("@brrr\ndef f")
    assert [(c.text, c.leaves, c.interpreted) for c in case.calls] == [
        ("f(1)", {}, False), ("f(2**63 - 1)", {3: 2, 5: 1}, False), ("f(2**70)", {}, True)]
    assert case.diagnostics == [(3, "warning", "unbound-name")] and not case.refused
