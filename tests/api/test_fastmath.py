"""The option `fastmath`: results within bounds, errors and ints as without it, vectors in the code, nothing of it without the option."""

import itertools
import math
import os
import pickle
import re
import subprocess
import sys
from types import FunctionType

import numpy as np
import pytest

from brrr import brrr
from tests import program

ARRAY = "float64[::1]"

MODULE = """
import math
import numpy as np

def total(x):
    t = 0.0
    for i in range(len(x)):
        t += x[i]
    return t

def dot(x, y):
    t = 0.0
    for i in range(len(x)):
        t += x[i] * y[i]
    return t

def polynomial(x, out):
    for i in range(len(x)):
        out[i] = (x[i] * 2.0 + 1.0) * x[i] + 3.0

def quotients(x, y):
    t = 0.0
    for i in range(len(x)):
        t += 1.0 / float(x[i]) + float(y[i]) / 3.0
    return t

def softplus(x, out):
    for i in range(len(x)):
        out[i] = np.log1p(np.exp(x[i]))

def exponentials(x):
    t = 0.0
    for i in range(len(x)):
        t += math.exp(x[i])
    return t

def waves(n):
    t = 0.0
    for i in range(n):
        t += math.sin(i * 0.5) * math.cos(i * 0.25)
    return t

def logarithms(x):
    t = 0.0
    for i in range(len(x)):
        t += math.log(x[i]) + math.sqrt(x[i])
    return t

def squares(x):
    t = 0.0
    for i in range(len(x)):
        t += float(x[i]) ** 2 + float(x[i]) ** 3
    return t

def powers(x, y):
    t = 0.0
    for i in range(len(x)):
        t += float(x[i]) ** float(y[i])
    return t

def before(x):
    t = 0.0
    for i in range(len(x)):
        t += math.exp(x[i - 1]) + math.log(x[i - 3])
    return t

def counts(n, m):
    t = 0
    for i in range(n):
        t += i * m
    return t
"""


def load(text=MODULE, **options):
    """The functions of a module under the decorator with these options, and the plain ones."""
    path = program.filename("fastmath")
    plain = program.execute(text, path, program.undecorated)
    functions = {name: one for name, one in plain.items() if isinstance(one, FunctionType) and name != "brrr"}
    return {name: brrr(one, **options) for name, one in functions.items()}, functions


@pytest.fixture(scope="module")
def fast():
    return load(fastmath=True)[0]


@pytest.fixture(scope="module")
def exact():
    return load()[0]


def compiled(function, *args):
    """The function, compiled with all that the optimiser can do for these arguments."""
    function.compile(*[ARRAY if isinstance(one, np.ndarray) else type(one) for one in args])
    return function


RANDOM = np.random.default_rng(7)
X, Y = RANDOM.uniform(0.1, 3.0, 4099), RANDOM.uniform(-2.0, 2.0, 4099)

SUMS = {"total": (X,), "dot": (X, Y), "quotients": (X, Y), "exponentials": (Y,), "waves": (4099,), "logarithms": (X,), "squares": (Y,),
        "before": (X,), "powers": (X, Y)}


@pytest.mark.parametrize("tier", ["quick", "full"])
@pytest.mark.parametrize("name", SUMS)
def test_sums_are_within_bounds(name, tier):
    fast, plain = load(fastmath=True)
    args = SUMS[name]
    function = fast[name]
    if tier == "full":
        compiled(function, *args)
    given, wanted = function(*args), plain[name](*args)
    terms = 4099 * 32.0
    # Each term is some ulp away, and each of the additions rounds.
    assert type(given) is type(wanted) and abs(given - wanted) <= terms * 4100 * 2**-53
    assert function.stats()["exits"] == {} and function.stats()["fastmath"] in ("vectors", "scalar")


@pytest.mark.parametrize("name", ["polynomial", "softplus"])
def test_elements_are_within_bounds(name):
    fast, plain = load(fastmath=True)
    given, wanted = np.zeros_like(Y), np.zeros_like(Y)
    compiled(fast[name], Y, given)(Y, given)
    plain[name](Y, wanted)
    np.testing.assert_allclose(given, wanted, rtol=2e-15, atol=4e-15)


def assembly(function, *args):
    return compiled(function, *args).inspect_asm()


VECTORS = {"exponentials": "exp", "waves": "sin", "logarithms": "log", "powers": "pow"}


@pytest.mark.skipif(sys.platform != "linux", reason="libmvec is glibc's")
@pytest.mark.parametrize("name", VECTORS)
def test_functions_are_vectors(name, fast, exact):
    args = SUMS[name]
    if compiled(fast[name], *args).stats()["fastmath"] == "scalar":
        pytest.skip("no libmvec here")
    assert re.search(rf"_ZGV[bde]N\d+v+_{VECTORS[name]}\b", assembly(fast[name], *args))
    assert "_ZGV" not in assembly(exact[name], *args)


def test_numpys_functions_are_vectors_where_elements_are_written(fast):
    if fast["softplus"].stats()["fastmath"] == "scalar":
        pytest.skip("no libmvec here")
    assert re.search(r"_ZGV[bde]N\d+v_exp\b", assembly(fast["softplus"], X, X))


@pytest.mark.parametrize("name", ["total", "dot"])
def test_sums_are_vectors(name, fast, exact):
    args = SUMS[name]
    packed = r"v?(addpd|fmadd\d+pd)"
    assert re.search(packed, assembly(fast[name], *args))
    assert not re.search(packed, assembly(exact[name], *args))


FLAGS = r"= (fast|reassoc|contract|nsz|arcp|afn|nnan|ninf)\b|\bf(?:add|sub|mul|div|neg) (\w+ )*(reassoc|contract|nsz|arcp|afn|fast)\b"


def test_without_the_option_there_is_nothing_of_it(exact, fast):
    for name, args in SUMS.items():
        for optimized in (False, True):
            compiled(exact[name], *args)
            text = exact[name].inspect_llvm(optimized=optimized)
            assert not re.search(FLAGS, text) and "vector-function-abi" not in text and "brrr." not in text, name
    compiled(fast["dot"], X, Y)
    text = fast["dot"].inspect_llvm(optimized=False)
    assert re.search(FLAGS, text) and "nnan" not in text and "ninf" not in text and " fast " not in text


def test_without_the_option_sums_are_exact(exact):
    _, plain = load()
    for name, args in SUMS.items():
        assert compiled(exact[name], *args)(*args) == plain[name](*args), name
    assert exact["dot"].stats()["fastmath"] == "off"


def test_ints_are_as_exact_as_ever(fast):
    assert fast["counts"](10, 2**61) == 45 * 2**61
    for args in ((1000, 3), (5, 2**62), (100000, 12345)):
        assert fast["counts"](*args) == sum(i * args[1] for i in range(args[0]))


def raised(function, *args):
    try:
        return function(*args), None, None
    except Exception as error:
        line, trace = None, error.__traceback__
        while trace is not None:
            line, trace = trace.tb_lineno, trace.tb_next
        return type(error), str(error), line


ERRORS = {
    "exponentials": [(np.array([1.0] * 50 + [710.0] + [2.0] * 50),), (np.array([-math.inf, 0.0] * 20),)],
    "logarithms": [(np.array([1.0] * 61 + [0.0] + [2.0] * 50),), (np.array([1.0] * 61 + [-1.0]),)],
    "quotients": [(np.array([1.0] * 50 + [0.0] + [2.0] * 9), np.ones(60)), (np.array([1.0] * 50 + [-0.0]), np.ones(51))],
    "squares": [(np.array([1.0] * 50 + [1e200] + [2.0] * 50),), (np.array([1e150] * 3),)],
    "before": [(np.array([1.0] * 50 + [800.0] * 3),), (np.array([0.0] + [1.0] * 50),), (np.array([1.0]),)],
    "powers": [(np.array([1.0] * 50 + [0.0]), np.full(51, -1.0)), (np.array([2.0] * 20), np.full(20, 1024.0)),
               (np.array([2.0] * 20 + [-2.0]), np.full(21, 0.5))],
}


@pytest.mark.parametrize("name,args", [(name, args) for name, all_args in ERRORS.items() for args in all_args])
def test_errors_are_raised_as_without_the_option(name, args):
    fast, plain = load(fastmath=True)
    wanted = raised(plain[name], *args)
    for function in (fast[name], compiled(fast[name], *args)):
        given = raised(function, *args)
        if wanted[1] is None:
            assert given[0] == pytest.approx(wanted[0], rel=1e-13)
        else:
            assert given == wanted


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1e308, -1e308, 710.0, -745.5, -800.0, 1e22, 2.0**-1050]
NUMPYS = ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh",
          "arcsinh", "arccosh", "arctanh", "cbrt"]


@pytest.mark.parametrize("name", NUMPYS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_special_values_stay_what_they_are(name, dtype):
    text = f"import numpy as np\ndef f(x, out):\n    for i in range(len(x)):\n        out[i] = np.{name}(x[i])\n"
    fast, _ = load(text, fastmath=True)
    exact, _ = load(text)
    with np.errstate(all="ignore"):
        x = np.array(SPECIAL * 3, dtype=dtype)
    given, wanted = np.zeros_like(x), np.zeros_like(x)
    for one, out in ((fast["f"], given), (exact["f"], wanted)):
        one.compile(f"{dtype}[::1]", f"{dtype}[::1]")
        one(x, out)
    np.testing.assert_allclose(given, wanted, rtol=8 * np.finfo(dtype).eps, atol=8 * np.finfo(dtype).smallest_subnormal)


def test_where_infinities_and_nan_go_sums_go(fast, exact):
    for special in (math.inf, -math.inf, math.nan):
        x = X.copy()
        x[17] = special
        given, wanted = compiled(fast["dot"], x, X)(x, X), exact["dot"](x, X)
        assert given == wanted or math.isnan(given) and math.isnan(wanted)
    x = X.copy()
    x[5], x[3000] = math.inf, -math.inf
    assert math.isnan(fast["total"](x))


def test_a_callee_keeps_its_own_option():
    text = """
def plain(x, y):
    return x * y + 0.5

@fast
def inner(x, y):
    return x * y + 0.25

@exact
def careful(x, y):
    return x * y + 0.125

@fast
def outer(x, y):
    return plain(x, y) + inner(x, y) + careful(x, y)

@exact
def around(x, y):
    return plain(x, y) + inner(x, y) + careful(x, y)
"""
    path = program.filename("fastmath")
    made = program.execute(text.replace("@fast", "@brrr(fastmath=True)").replace("@exact", "@brrr"), path, brrr)
    flags = re.compile(r"fadd reassoc\b.*?double.*, (0x[0-9A-F]+|[0-9.e+-]+)$", re.MULTILINE)
    for name, wanted in (("outer", {0.5, 0.25}), ("around", {0.25})):
        made[name].compile(float, float)
        found = {float(one) for one in flags.findall(made[name].inspect_llvm(optimized=False)) if not one.startswith("0x")}
        assert found == wanted, name
        assert made[name](2.0, 3.0) == 18.875


def test_pickles_keep_the_option():
    cloudpickle = pytest.importorskip("cloudpickle")
    again = pickle.loads(cloudpickle.dumps(load(fastmath=True)[0]["dot"]))
    assert again(X, Y) == pytest.approx(float(np.dot(X, Y)), abs=1e-9) and again.stats()["fastmath"] != "off"


@pytest.mark.parametrize("value", ["yes", 1, None, 0.0, ["nnan"]])
def test_other_values_are_refused(value):
    with pytest.raises(TypeError, match=r"`fastmath` is True or False, not"):
        brrr(fastmath=value)


ALONE = """
import os, sys
import numpy as np
from tests.api import test_fastmath as module
os.environ["BRRR_CACHE_DIR"] = sys.argv[1]
fast, plain = module.load(fastmath=True)
x = np.linspace(-2.0, 2.0, 1001)
value = module.compiled(fast["exponentials"], x)(x)
assert abs(value - plain["exponentials"](x)) < 1e-9, value
text = fast["exponentials"].inspect_asm()
stats = fast["exponentials"].stats()
print(stats["fastmath"], "_ZGV" in text, stats["cache"])
"""


def test_without_libmvec_functions_are_scalar(tmp_path):
    seen = []
    for hidden, run in itertools.product(["1", ""], range(2)):
        env = os.environ | {"BRRR_NO_LIBMVEC": hidden}
        ran = subprocess.run([sys.executable, "-c", ALONE, str(tmp_path)], env=env, capture_output=True, text=True, check=True)
        seen.append(ran.stdout.split())
    assert seen[:2] == [["scalar", "False", "miss"], ["scalar", "False", "hit"]]
    # What was kept without the library is nothing for who has it, and the other way round.
    assert seen[2:] in ([["vectors", "True", "miss"], ["vectors", "True", "hit"]], [["scalar", "False", "hit"]] * 2)


WRITING = """
import math

def sigmoid(x, out):
    for i in range(len(x)):
        out[i] = 1.0 / (1.0 + math.exp(-x[i]))

def in_place(x, out):
    for i in range(len(x)):
        x[i] = math.log(x[i]) * out[i]

def shifted(x, out):
    for i in range(1, len(x)):
        x[i] = math.exp(-x[i - 1]) + out[i]

def rows(x, out):
    n = len(x) // 8
    for j in range(8):
        for i in range(n):
            out[j * n + i] = math.sqrt(x[j * n + i]) + math.sin(x[i])

def many(x, out):
    n = len(x)
    i = 0
    while i < n:
        out[i] = math.atan2(x[i], 0.5) + math.tanh(x[i]) + math.asinh(x[i]) + float(x[i]) ** 2
        i += 1

def kept(x, out):
    last = 0
    for i in range(len(x)):
        out[last] = math.exp(out[last]) * 0.25
        last = i

def reversed_(x, out):
    n = len(x)
    for i in range(n):
        out[n - 1 - i] = math.cosh(x[i])
"""


def after(function, x, out):
    """What is raised, and the arrays then: two of their own, or `x` and `out` as parts of one array."""
    x, out = (one.copy() for one in (x, out))
    try:
        function(x, out)
    except (ValueError, OverflowError, ZeroDivisionError, IndexError) as error:
        line, trace = None, error.__traceback__
        while trace is not None:
            line, trace = trace.tb_lineno, trace.tb_next
        return (type(error), str(error), line), x, out
    return None, x, out


def same_after(name, x, out):
    fast, plain = load(WRITING, fastmath=True)
    with np.errstate(all="ignore"):
        wanted = after(plain[name], x, out)
        for function in (fast[name], compiled(fast[name], x, out)):
            given = after(function, x, out)
            assert given[0] == wanted[0]
            for one, other in zip(given[1:], wanted[1:]):
                np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-13)
    return fast[name]


WRITERS = ["sigmoid", "in_place", "shifted", "rows", "many", "kept", "reversed_"]


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("count", [0, 1, 7, 64, 4100, 20000])
def test_elements_are_written(name, count):
    values = np.random.default_rng(count).uniform(0.1, 3.0, count + 1)[:count]
    assert same_after(name, values, np.linspace(0.0, 1.0, count)).stats()["exits"] == {}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("wrong", [0.0, -1.0, -800.0, 800.0, math.inf, math.nan, 1e200])
@pytest.mark.parametrize("at", [0, 100, 9000])
def test_what_raises_has_written_what_came_before_and_nothing_else(name, wrong, at):
    values = np.random.default_rng(at).uniform(0.1, 3.0, 10000)
    values[at] = wrong
    same_after(name, values, np.linspace(0.0, 1.0, 10000))


@pytest.mark.parametrize("name", ["sigmoid", "in_place", "many", "reversed_"])
@pytest.mark.parametrize("by", [-9, -1, 0, 1, 4, 3000])
def test_parts_of_one_array_may_overlap(name, by):
    fast, plain = load(WRITING, fastmath=True)
    compiled(fast[name], X, X)
    results = []
    for function in (fast[name], plain[name]):
        whole = np.random.default_rng(3).uniform(0.1, 3.0, 9000)
        x, out = whole[3000:6000], whole[3000 + by : 6000 + by]
        results.append((after_in_place(function, x, out), whole))
    assert results[0][0] == results[1][0]
    np.testing.assert_allclose(results[0][1], results[1][1], rtol=1e-11)


def after_in_place(function, x, out):
    try:
        function(x, out)
    except (ValueError, OverflowError) as error:
        return type(error), str(error)
    return None


@pytest.mark.parametrize("name, of", [("sigmoid", "exp"), ("in_place", "log"), ("rows", "sin"), ("many", "atan2"), ("reversed_", "cosh")])
def test_functions_are_vectors_where_elements_are_written(name, of):
    fast, _ = load(WRITING, fastmath=True)
    if fast[name].stats()["fastmath"] == "scalar":
        pytest.skip("no libmvec here")
    assert re.search(rf"_ZGV[bde]N\d+v+_{of}\b", assembly(fast[name], X, X))


DIVISIONS = """
import math
import numpy as np

def by_squares_of_ints(x, out):
    for i in range(len(x)):
        out[i] = 1.0 / float(x[i] * x[i]) + math.exp(out[i])

def by_sums(x, out):
    for i in range(len(x)):
        out[i] = 1.0 / (math.exp(float(x[i])) + 0.0) + 2.0 / (0.5 + math.sqrt(abs(float(x[i]))))
"""


@pytest.mark.parametrize("name", ["by_squares_of_ints", "by_sums"])
@pytest.mark.parametrize("special", [3, 0, 2**32, -2**32, -800])
def test_divisors_that_are_zero_are_seen(name, special):
    fast, plain = load(DIVISIONS, fastmath=True)
    x = np.full(500, 3)
    x[400] = special
    out = np.linspace(0.0, 1.0, 500)
    with np.errstate(all="ignore"):
        wanted = after(plain[name], x, out)
        fast[name].compile("int64[::1]", ARRAY)
        given = after(fast[name], x, out)
    assert given[0] == wanted[0] and (special in (3, -800) or name != "by_squares_of_ints" or given[0])
    np.testing.assert_allclose(given[2], wanted[2], rtol=1e-13)


ROOTS = """
def roots(a, out):
    for i in range(len(a)):
        out[i] = a[i] ** 0.5
"""


def test_powers_with_constant_exponents_are_vectors():
    fast, plain = load(ROOTS, fastmath=True)
    if compiled(fast["roots"], X, X).stats()["fastmath"] == "scalar":
        pytest.skip("no libmvec here")
    text = assembly(fast["roots"], X, np.zeros_like(X))
    # Nothing is computed to find out where it would be libm's anyway.
    assert re.search(r"_ZGV[bde]N\d+vv_pow\b", text) and "sqrt" not in text
    given, wanted = np.zeros_like(X), np.zeros_like(X)
    fast["roots"](X, given)
    plain["roots"](X, wanted)
    np.testing.assert_allclose(given, wanted, rtol=1e-15)
