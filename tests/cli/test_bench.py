"""`brrr bench`."""

import json
import os
import sys

import pytest

from tests.cli.conftest import ROOT

TEXT = """from brrr import brrr
import math

N = 1000
calls = []

@brrr
def total(n):
    s = 0
    for i in range(n):
        s += i * i
    return s

@brrr
def fill(a, value):
    for i in range(len(a)):
        a[i] = value
    return a[0]

@brrr
def fails(n):
    if n > 1:
        raise ValueError(f"not {n}")
    return n

def plain(x, y=0.5):
    return x * y

class Box:
    @staticmethod
    @brrr
    def double(a):
        return a + a

@brrr
def refused(a):
    with a:
        pass

print("the file speaks")
"""


@pytest.fixture
def bench(brrr):
    brrr.write("a.py", TEXT.replace("@brrr\ndef refused", "def refused"))

    def bench(target, arguments, *more):
        import brrr as package

        path = os.pathsep.join([os.path.dirname(os.path.dirname(package.__file__)), str(ROOT)])
        return brrr("bench", target, "--args", arguments, "--time", "0.05", "--python", sys.executable, *more, env={"PYTHONPATH": path})

    return bench


def report(ran):
    assert ran.code == 0, ran.err
    return json.loads(ran.out.splitlines()[-1])


def test_a_function_is_measured(bench):
    found = report(bench("a.py::total", "(N,)", "--json"))
    assert found["equal"] is True and found["result"] == str(sum(i * i for i in range(1000)))
    for side in ("brrr", "cpython"):
        one = found[side]
        assert one["runs"] >= 3 and 0 < one["low"] <= one["median"] <= one["high"]
    assert found["speedup"] == found["cpython"]["median"] / found["brrr"]["median"] > 1
    assert found["signatures"] == ["(int) -> int"] and found["exits"] == {} and found["first_call_seconds"] > 0


def test_what_people_read(bench):
    ran = bench("a.py::total", "1000")
    assert ran.code == 0
    for word in ("total(1000)", "the same as CPython's", "quartiles", "first call", "x CPython\n"):
        assert word in ran.out, ran.out


def test_the_report_goes_to_a_file_too(bench, brrr):
    ran = bench("a.py::total", "1000", "--save", "report.json")
    assert ran.code == 0 and "x CPython\n" in ran.out
    found = json.loads((brrr.folder / "report.json").read_text())
    assert found["equal"] is True and found["speedup"] == found["cpython"]["median"] / found["brrr"]["median"]
    ran = bench("a.py::total", "1000", "--save", "nowhere/report.json")
    assert ran.code == 2 and "cannot write nowhere/report.json" in ran.err


def test_arrays_are_fresh_for_each_run(bench):
    pytest.importorskip("numpy")
    found = report(bench("a.py::fill", "(np.zeros(50), 2.5)", "--json"))
    assert found["equal"] and found["result"] == "np.float64(2.5)"


def test_exceptions_are_results(bench):
    found = report(bench("a.py::fails", "(7,)", "--json"))
    assert found["equal"] and found["result"] == "raises ValueError: not 7"


def test_other_kinds_of_functions(bench):
    assert report(bench("a.py::Box.double", "(3,)", "--json"))["result"] == "6"
    assert report(bench("a.py::plain", "(3,)", "--json"))["result"] == "1.5"


@pytest.mark.parametrize("target, arguments, said", [
    ("a.py::nothing", "()", "a.py has no `nothing`"),
    ("a.py::N", "()", "`N` is no function"),
    ("nowhere.py::f", "()", "cannot read nowhere.py"),
    ("a.py::total", "(M,)", "NameError"),
    ("a.py::total", "(1", "SyntaxError"),
    ("a.py::total", "('text',)", "BRRR701"),
    ("a.py::refused", "(1,)", "BRRR208"),
])
def test_what_cannot_be_measured(bench, target, arguments, said):
    ran = bench(target, arguments)
    assert ran.code == 2 and said in ran.err, ran


def test_results_that_differ_are_found(bench, brrr):
    """A function that tells the two apart: the decorator leaves it plain in CPython's process."""
    brrr.write("a.py", "import os\nfrom brrr import brrr\nONE = 1 if os.environ.get('BRRR_DISABLE') else 2\n@brrr\ndef f(a):\n    return a + ONE\n")
    ran = bench("a.py::f", "(1,)")
    assert ran.code == 1 and "the results differ" in ran.out
    ran = bench("a.py::f", "(1,)", "--json")
    assert ran.code == 1 and json.loads(ran.out)["equal"] is False


def test_a_python_without_brrr(brrr):
    ran = brrr("bench", "a.py::f", "--python", "/nowhere/python")
    assert ran.code == 2 and "no Python that has brrr is found" in ran.err
    assert brrr("bench", "a.py::f", "--time", "-1").code == 2


def test_equal_to_the_bit():
    from brrr._bench import _data

    for one, other in ((1, 1.0), (True, 1), (0.0, -0.0), ((1,), [1]), (1.5, 1.5 + 2**-52), (1 + 0j, complex(1, -0.0)), ("1", 1)):
        assert _data(one) != _data(other), (one, other)
        assert _data(one) == _data(one) and _data(other) == _data(other)
    assert _data(float("nan")) == _data(-float("nan"))
    numpy = pytest.importorskip("numpy")
    for one, other in ((numpy.float64(1), 1.0), (numpy.zeros(2), numpy.zeros(2, "int64")), (numpy.zeros((1, 2)), numpy.zeros((2, 1))),
                       (numpy.zeros(2), -numpy.zeros(2)), (numpy.int8(1), numpy.int16(1))):
        assert _data(one) != _data(other), (one, other)
    for one in (numpy.nan, numpy.float64("nan"), numpy.complex128(complex("nan")), numpy.array([numpy.nan])):
        assert _data(one) == _data(-one)
