"""Functions as values: passed, held, returned, compared and called, they are CPython's, and nothing holds them.

Each group is a module, once plain and once under the decorator. Every call runs as it is, and with the exit forced at each entry
point in turn.
"""

import gc
import linecache
import math
import weakref

import numpy as np
import pytest

from brrr import BrrrError, brrr
from tests.api import groups

GROUPS = {
    "integrate": """
        @brrr
        def f(g, a, b, n):
            h = (b - a) / n
            total = 0.0
            for i in range(n):
                total += g(a + (i + 0.5) * h)
            return total * h
        def square(x):
            return x * x
        @brrr
        def cube(x):
            return x * x * x
        def late(x):
            return 1 / (x - 0.625)
        CALLS = [(square, 0.0, 1.0, 4), (cube, 0.0, 1.0, 4), (math.sin, 0.0, 1.0, 4), (abs, -1, 1, 3), (np.sqrt, 0.0, 1.0, 3),
                 (float, 0, 1, 3), (late, 0.0, 1.0, 4), (min, 0.0, 1.0, 4), (3, 0.0, 1.0, 4)]
    """,
    "two arguments": """
        @brrr
        def f(g, a, b):
            return g(a, b), g(b, a)
        def sub(a, b=2):
            return a - b
        CALLS = [(min, 2, 3), (max, 2, 2.0), (pow, 2, 3), (pow, 0, -1), (math.atan2, 1, 2), (divmod, 7, 3), (divmod, 7, 0),
                 (sub, 7, 3), (sub, 2**62, -(2**62)), (math.gcd, 12, 18), (abs, 1, 2), (round, 2.5, 1), (math.hypot, 3, 4)]
    """,
    "passed on": """
        @brrr
        def f(g, h, x, n):
            return each(g, x, n) + each(h, x, n) + each(double, x, n)
        @brrr
        def each(g, x, n):
            total = x * 0
            for i in range(n):
                total += g(x) + i
            return total
        def double(x):
            return x + x
        def power(x):
            return x ** 5
        CALLS = [(double, power, 3, 3), (power, double, 0.5, 2), (abs, math.sqrt, 2.0, 3), (math.sqrt, abs, -1.0, 2),
                 (power, power, 2**13, 3), (double, 1, 2, 2)]
    """,
    "held": """
        @brrr
        def f(g, h, x, n):
            chosen = g
            pair = (h, g)
            total = 0
            for i in range(n):
                total += chosen(x + i)
                chosen = pair[i % 2]
            return total, chosen(x), pair[0](x)
        def one(x):
            return x + 1
        def two(x):
            return x * 2
        CALLS = [(one, two, 3, 5), (two, one, 0.5, 4), (abs, one, -2, 3), (one, two, 2**62, 4)]
    """,
    "chosen": """
        @brrr
        def f(n, x):
            g = up if n % 2 else down
            total = 0
            for i in range(n):
                total += (up if i % 3 else down)(x)
            return total, g(x), g is up, g is not down, up is up
        def up(x):
            return x + 1
        def down(x):
            return x - 1
        CALLS = [(4, 10), (5, 0.5), (0, 2**63 - 1), (3, 2**63 - 1)]
    """,
    "optional": """
        @brrr
        def f(x, g=None):
            if g is None:
                return x
            return g(x) if g else 0
        def half(x):
            return x / 2
        CALLS = [(3,), (3, half), (4, None), (9, math.isqrt), (-9, math.isqrt), (1, half)]
    """,
    "recursion": """
        @brrr
        def f(g, n, x):
            return x if n <= 0 else g(f(g, n - 1, x))
        def more(x):
            return x * 3 + 1
        CALLS = [(more, 6, 1), (more, 50, 1), (math.sqrt, 3, 7.0), (abs, 2, -5)]
    """,
    "a result that is called": """
        @brrr
        def f(a, b, x):
            return larger(a, b, x)(x) + larger(a, b, x + 1)(x)
        @brrr
        def larger(a, b, x):
            return a
        def one(x):
            return x * x
        CALLS = [(one, abs, 3), (abs, one, -3), (one, one, 2**40)]
    """,
    "writes": """
        @brrr
        def f(g, a):
            for i in range(len(a)):
                a[i] = g(a[i], i)
            return a[0]
        def scaled(value, i):
            return value * 0.5 + i
        def fails(value, i):
            return value / (2 - i)
        CALLS = [(scaled, np.arange(4.0)), (fails, np.arange(4.0)), (np.add, np.arange(3.0)), (math.pow, np.arange(3.0))]
    """,
    "returned": """
        @brrr
        def f(g, x):
            if x > 2:
                return g, x
            return x, g
        def some(x):
            return x
        CALLS = [(some, 3), (abs, 1), (math.sin, 0.5)]
    """,
    "the same objects": """
        @brrr
        def f(g, x, y):
            if g(x, y) is None:
                return x
            return g(x, y)
        def first(x, y):
            return x
        CALLS = [(first, 1.5, 2.5), (max, 1.5, 2.5), (min, 1, 2)]
    """,
    "lambdas": """
        @brrr
        def f(g, x, n):
            total = x
            for i in range(n):
                total += g(x, i)
            return total, g(x, n)
        def shifted(by):
            return lambda x, i=0: x + by * i
        both = (lambda x, i: x - i), lambda x, i: (x, i)[1] * 3  # beside each other
        held = {"a": lambda x, i: x // (i - 2) if i else x, "b": lambda x, i: x ** 9 + i}
        CALLS = [(lambda x, i: x * i, 3, 4), (lambda x, i: max(x, i + 0.5), 1, 3), (shifted(2), 5, 3), (shifted(0.5), 5, 3), (both[0], 9, 2),
                 (both[1], 9, 2), (held["a"], 7, 3), (held["b"], 2**8, 2), (lambda x, i: math.sqrt(x - i), 1, 3),
                 (
                     lambda x, i: (x + 1) / (1 - i), 4, 2)]
    """,
    "exceptions": """
        @brrr
        def f(g, x):
            y = x + 1
            return g(y) + 1
        def low(x):
            return high(x) + 1
        def high(x):
            if x > 3:
                raise ValueError(x)
            return x
        CALLS = [(low, 1), (low, 3), (math.sqrt, -5), (math.factorial, -3)]
    """,
}


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_does_what_cpython_does(name):
    groups.does_what_cpython_does(GROUPS[name])


@pytest.mark.parametrize("name", GROUPS)
def test_exits_may_be_anywhere(name):
    groups.exits_may_be_anywhere(GROUPS[name], 60)


@brrr
def total(g, n):
    s = 0
    for i in range(n):
        s += g(i)
    return s


@brrr
def same(g):
    return g


@brrr
def in_tuple(g, x):
    return (g, (x, g))


def scaled_by(k):
    def scaled(x):
        return x * k

    return scaled


def test_calls_are_compiled_and_inlined():
    def one(x):
        return x + 1

    before = total.stats()
    assert total(one, 10) == 55 and total(abs, 10) == 45 and total(math.floor, 3) == 3
    after = total.stats()
    assert after["compiled"] - before["compiled"] == 3 and after["exits"] == before["exits"]
    assert any("function abs" in one for one in total.signatures)


def test_the_very_object_comes_back():
    functions = [scaled_by(1), scaled_by(1), total, math.sin, np.sin, int, np.float64]
    for one in functions * 2:
        assert same(one) is one
        first, (x, second) = in_tuple(one, 2)
        assert first is one and second is one and x == 2


def test_closures_are_told_apart():
    scaled = [scaled_by(k) for k in (2, 3, 2, 0.5, 10)]
    for _ in range(2):
        assert [total(one, 5) for one in scaled] == [20, 30, 20, 5.0, 100]
    assert all(same(one) is one for one in scaled)


def test_dead_functions_are_forgotten():
    references = []
    for k in range(5):
        one = scaled_by(k)
        total(one, 3), same(one), in_tuple(one, 1)
        references.append(weakref.ref(one))
        del one
    gc.collect()
    assert [one() for one in references] == [None] * 5


def test_recursive_closures_go():
    def make():
        def factorial(n):
            return 1 if n < 2 else n * factorial(n - 1)

        return factorial

    references = []
    for _ in range(4):
        one = make()
        assert total(one, 24) == sum(math.factorial(max(n, 1)) for n in range(24))
        references.append(weakref.ref(one))
        del one
    gc.collect()
    assert [one() for one in references] == [None] * 4


def test_what_a_function_refers_to_goes_with_it():
    class Held(float):
        pass

    def make():
        held = Held(2)

        def inner(x):
            return x + 1

        def outer(x):
            return inner(x) * 2

        outer.held = held
        return outer, weakref.ref(inner), weakref.ref(held)

    one, *references = make()
    assert total(one, 3) == 12 and total(one, 3) == 12
    del one
    gc.collect()
    assert [one() for one in references] == [None, None]


def test_an_address_that_is_used_again_is_another_function():
    """Functions of the same place with other values: whatever address they get, each call sees its own."""
    for k in range(200):
        assert total(scaled_by(k), 3) == 3 * k
        assert total(lambda_like(k), 3) == 3 + 3 * k


def lambda_like(k):
    def scaled(x):
        return x + k

    return scaled


def test_a_function_in_a_loop_is_compiled_once():
    @brrr
    def sums(g, n):
        s = 0.0
        for i in range(n):
            s += g(i)
        return s

    for k in range(40):
        assert sums(scaled_by(k + 0.5), 4) == 6 * (k + 0.5)
    stats = sums.stats()
    assert stats["compiled"] == 40
    assert len(sums.signatures) <= 3


def test_many_functions_are_bounded():
    @brrr
    def apply(g, x):
        return g(x)

    functions = []
    for k in range(90):
        namespace = {}
        text = f"def g{k}(x):\n    return x + {k}\n"
        linecache.cache[f"<many {k}>"] = len(text), None, text.splitlines(keepends=True), f"<many {k}>"
        exec(compile(text, f"<many {k}>", "exec"), namespace)
        functions.append(namespace[f"g{k}"])
    assert [apply(one, 1) for one in functions] == [k + 1 for k in range(90)]
    assert apply(functions[0], 5) == 5 and apply(functions[89], 5) == 94
    assert len(apply.signatures) <= 64


def test_a_function_that_is_redefined_is_heard():
    def one(x):
        return x + 1

    def other(x):
        return x * 100

    assert total(one, 4) == 10
    one.__code__ = other.__code__
    assert total(one, 4) == 600

    def shifted(x, y=1):
        return x + y

    assert total(shifted, 4) == 10
    shifted.__defaults__ = (10,)
    assert total(shifted, 4) == 46


def test_what_it_refers_to_may_change():
    k = 2

    def scaled(x):
        return x * k

    assert total(scaled, 4) == 12
    k = 3
    assert total(scaled, 4) == 18
    k = 0.5
    assert total(scaled, 4) == 3.0


def test_what_hangs_on_a_function_is_its_own():
    import copy
    import functools
    import pickle

    def one(x):
        return x + 1

    assert total(one, 3) == 6

    @functools.wraps(one)
    def wrapper(x):
        return x + 2

    assert total(wrapper, 3) == 9 and total(one, 3) == 6
    hanging = vars(one)["__brrr__"]
    assert type(pickle.loads(pickle.dumps(hanging))) is type(hanging)
    assert type(copy.deepcopy(hanging)) is type(hanging)
    vars(one).clear()
    assert total(one, 3) == 6
    assert "__brrr__" not in vars(brrr(wrapper))


def test_lambdas_are_told_apart():
    for q in range(12):
        assert total(lambda x: x * q, 4) == 6 * q and total(lambda x: x + q, 4) == 6 + 4 * q  # noqa: B023
    one = lambda x: x + 1
    assert same(one) is one and total(one, 3) == 6
    with pytest.raises(BrrrError, match="a lambda cannot be compiled"):
        brrr(lambda x: x)
    assert total(one, 3) == 6
    reference = weakref.ref(one)
    del one
    gc.collect()
    assert reference() is None
    with pytest.raises(BrrrError, match="write it on one line"):
        total(lambda x: x +
              1, 3)


def test_functions_that_cannot_be_compiled_are_told():
    def prints(x):
        print(x)
        return x

    with pytest.raises(BrrrError) as caught:
        total(prints, 3)
    assert "prints" in caught.value.diagnostics[0].message
    with pytest.raises(BrrrError) as caught:
        total(print, 3)
    assert caught.value.diagnostics[0].code == "BRRR701"


def test_what_is_no_function_raises():
    with pytest.raises(TypeError, match="'int' object is not callable"):
        total(3, 3)
    assert total(3, 0) == 0
