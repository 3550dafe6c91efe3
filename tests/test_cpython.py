"""CPython's own tests of numbers through brrr, and that this notices what is wrong.

`tests/cpython/known.py` names the tests that do not pass; docs/cpython-tests.md is the published table.
"""

from __future__ import annotations

import ast
import sys
import unittest

import pytest

from tests.cpython import operations, runner, worker
from tests.cpython.known import MODULES
from tests.cpython.transform import transform


@pytest.fixture(scope="module")
def reports():
    return {one.module: one for one in runner.run_all(list(MODULES))}


@pytest.mark.parametrize("module", MODULES)
def test_of_cpython(reports, module):
    report = reports[module]
    if report.absent:
        pytest.skip(f"the tests of this CPython cannot run: {report.absent}")
    assert not report.problems(), "\n".join(report.problems())
    assert len(report.names()) > 0
    for way in runner.WAYS:
        assert report.runs[way].counts["compiled"] > 0


def test_the_published_table_is_true(reports):
    if any(one.absent for one in reports.values()):
        pytest.skip("some of CPython's tests are absent here")
    problem = runner.stale(list(reports.values()))
    assert not problem, f"docs/cpython-tests.md {problem}: run `{sys.executable} -m tests.cpython --write-docs`"


# The transformation ---------------------------------------------------------------------------------------------------

PROGRAM = """
import math
from math import floor, sqrt as root
from operator import add, neg

log = []

def note(value):
    log.append(value)
    return value

class Number:
    isclose = math.isclose
    def __init__(self, value):
        self.value = value
    def __add__(self, other):
        return ("add", self.value, other)
    def __iadd__(self, other):
        self.value += other
        return self

def steps(n):
    total = 0
    for i in range(n):
        total += i * i
    return total

def run():
    x, y = 7, 2.5
    x += note(1)
    same = held = Number(1)
    held += 5
    results = [
        note(1) + note(2) * note(3), x ** 2 % 5, -x, not y, x < 9 < note(10), 3 if x else note(99), x if y else y, x and y,
        abs(-x), round(2.675, 2), pow(2, 10, 1000), max(x, y), int(y), float("2"), isinstance(x, int), divmod(-x, 3),
        math.sqrt(2.0), floor(2.5), root(9.0), add(1, 2), neg(3), Number(1) + 2, "a" + "b", [1] * 2,
        x.bit_length(), y.real, (3).numerator, Number.isclose(1.0, 1.0 + 1e-12), Number(1).isclose(2.0, 2.0),
        list(map(abs, [-1, 2])), steps(10), x in (1, 8), y is None, list(range(4, 0, -2)), same is held, held.value,
        (lambda a=x * 2: a)(), f"{x + 1}", [i * 2 for i in range(3) if i != 1],
    ]
    for wrong in (lambda: 1 // (x - 8), lambda: x << -1, lambda: "a" + x, lambda: math.sqrt(-y), lambda: range(1, 2, 0), lambda: abs(),
                  lambda: unbound + 1, lambda: math.log(0), lambda: x.nothing, lambda: y.bit_length()):
        try:
            results.append(wrong())
        except Exception as error:
            results.append((type(error), str(error)))
    match x:
        case -1 | 8:
            results.append("matched")
    return results
"""


def executed(text: str, way: str):
    registry = operations.Registry()
    tree, namespace = transform(text, "<program>", registry, way == "expressions") if way != "plain" else (ast.parse(text), {})
    exec(compile(tree, "<program>", "exec", dont_inherit=True), namespace)
    return namespace, registry


@pytest.mark.parametrize("way", runner.WAYS)
def test_the_changed_program_does_the_same(way):
    plain, _ = executed(PROGRAM, "plain")
    changed, registry = executed(PROGRAM, way)
    expected, found = plain["run"](), changed["run"]()
    assert [(type(one), repr(one)) for one in found] == [(type(one), repr(one)) for one in expected]
    # Operands are evaluated once, from left to right, and on demand where they are so in Python.
    assert changed["log"] == plain["log"]
    assert registry.differences == []
    counts = registry.counts()
    assert counts.compiled > 20 and counts.left > 1 and counts.other > 3


def test_every_kind_of_operation_is_replaced():
    _, registry = executed(PROGRAM, "operations")
    bodies = [text.partition("\n    ")[2].strip() for text in registry.operations]
    for wanted in ("return a + b", "return a ** 2", "return -a", "return not a", "return a and b", "return b if a else a", "return abs(a)", "return a.bit_length()",
                   "a += b\n    return a", "return a in (1, 8)", "return a is None", "return isinstance(a, int)", "return round(2.675, 2)"):
        assert any(wanted in one for one in bodies), wanted
    changed, registry = executed(PROGRAM, "expressions")
    changed["run"]()
    assert "def f(a):\n    return a ** 2 % 5\n" in registry.operations


def test_what_the_module_binds_itself_is_left_alone():
    text = "def abs(x):\n    return 'mine'\ndef f(int):\n    return abs(-1), int(2)\nresult = f(lambda x: 'own')\n"
    namespace, registry = executed(text, "operations")
    assert namespace["result"] == ("mine", "own")


CASE = """
import unittest

class Tests(unittest.TestCase):
    def test_product(self):
        x, y = 6, 7
        self.assertEqual(x * y, 42)
    def test_division(self):
        x = 1
        self.assertRaisesRegex(ZeroDivisionError, "by zero", lambda: x // 0)
    def test_subtests(self):
        for x in (1, 2):
            with self.subTest(x=x):
                self.assertEqual(x + x, 2 * x)
"""


def outcomes(way: str):
    namespace, registry = executed(CASE, way)
    result = worker.Result(lambda: registry.counts().compiled)
    unittest.defaultTestLoader.loadTestsFromTestCase(namespace["Tests"]).run(result)
    return {name.partition(".")[2]: one for name, one in result.tests.items()}, registry


def test_an_honest_compiler_passes():
    tests, registry = outcomes("operations")
    assert {name: one["outcome"] for name, one in tests.items()} == dict.fromkeys(("test_division", "test_product", "test_subtests"), "passed")
    assert registry.different == 0 and tests["test_product"]["compiled"] == 1


class Liar:
    """A compiled function that gets products and exceptions wrong."""

    def __init__(self, function):
        self.function = function

    def __call__(self, *args):
        try:
            value = self.function(*args)
        except ZeroDivisionError:
            raise ValueError("division by zero") from None
        return value + 1 if value == 42 or value == 4 and 2 not in self.function.__code__.co_consts else value

    def stats(self):
        return {"calls": 0, "compiled": 0, "exits": {}}


@pytest.mark.parametrize("way", runner.WAYS)
def test_a_wrong_result_is_a_failure_and_a_difference(monkeypatch, way):
    monkeypatch.setattr(operations, "brrr", Liar)
    tests, registry = outcomes(way)
    assert {one["outcome"] for one in tests.values()} == {"failed"}
    assert "CPython 42 (int), brrr 43 (int)" in "\n".join(registry.differences)
    assert "ZeroDivisionError" in "\n".join(registry.differences)


def test_differences_are_seen_to_the_bit():
    assert operations.same(0.0, 0.0) and not operations.same(0.0, -0.0)
    assert operations.same(float("nan"), -float("nan"))
    assert not operations.same(1, True) and not operations.same(1, 1.0)
    assert operations.same((1, (2.0,)), (1, (2.0,))) and not operations.same((1, 0.0), (1, -0.0))
    assert operations.same(complex(0.0, 1.0), 1j) and not operations.same(complex(-0.0, 1.0), 1j)


def report(tests: dict, differences=()) -> runner.Report:
    plain = {name: {"outcome": "passed", "text": ""} for name in ("T.a", "T.b")} | {"T.c": {"outcome": "failed", "text": ""}}
    run = runner.Run(tests={name: {"outcome": one, "text": "why", "compiled": 1} for name, one in tests.items()}, differences=list(differences))
    return runner.Report("test_int", runner.Run(tests=plain), dict.fromkeys(runner.WAYS, run))


def test_what_is_not_as_stated_is_a_problem(monkeypatch):
    monkeypatch.setattr(runner, "KNOWN", {})
    assert report({"T.a": "passed", "T.b": "passed", "T.c": "failed"}).problems() == []
    assert "T.b does not pass" in report({"T.a": "passed", "T.b": "failed"}).problems()[0]
    for text, passed in (('"slow" conversion took only 0.01 seconds.', True), ("no such module", False)):
        assert runner._passed({"outcome": "skipped", "text": text}) is passed
    # A test that vanished has not passed.
    assert "T.b does not pass" in report({"T.a": "passed"}).problems()[0]
    assert report({"T.a": "passed", "T.b": "passed"}, ["1 + 1"]).problems() == ["operations: 1 + 1", "expressions: 1 + 1"]
    monkeypatch.setattr(runner, "KNOWN", {"test_int.T.b": "a reason"})
    assert report({"T.a": "passed", "T.b": "failed"}).problems() == []
    assert "is named in known.py" in report({"T.a": "passed", "T.b": "passed"}).problems()[0]


def test_fewer_operations_than_published_are_seen_unless_a_test_was_cut_short(monkeypatch):
    def one(compiled: int, **last) -> runner.Report:
        found = report({"T.a": "passed", "T.b": "passed"})
        for run in found.runs.values():
            run.counts["compiled"] = compiled
            run.tests["T.b"].update(last)
        return found

    full = one(200)
    version = "{}.{}".format(*sys.version_info)
    monkeypatch.setattr(runner, "KNOWN", {})
    monkeypatch.setattr(runner, "published", lambda: {version: runner.section([full])})
    quick = {"outcome": "skipped", "text": '"slow" conversion took only 0.01 seconds.'}
    assert runner.stale([full]) == runner.stale([one(195)]) == runner.stale([one(150, **quick)]) == ""
    assert "says 200 compiled operations of test_int, but it is 150" in runner.stale([one(150)])
    # A test that is cut short hides no other that does not pass.
    hidden = one(200, **quick)
    for run in hidden.runs.values():
        run.tests["T.a"]["outcome"] = "failed"
    assert "(tests, pass)" in runner.stale([hidden])


def test_a_run_without_results_is_a_problem(monkeypatch):
    good = runner.run_one("test_unary", "plain")
    if good.absent:
        pytest.skip(good.absent)
    wrong = runner.run_one("test_unary", "sideways")
    assert "status" in wrong.broken and "sideways" in wrong.broken
    assert len(runner.Report("test_unary", good, {"operations": wrong}).problems()) == 1 + len(good.tests)
    monkeypatch.setattr(runner, "SECONDS", 0.01)
    assert "no result within" in runner.run_one("test_unary", "plain").broken


def test_tests_that_are_not_installed_are_absent():
    assert "not installed" in runner.run_one("test_of_nothing", "plain").absent
