"""What functions call may change meanwhile; what they leave behind; what is done in place of a call."""

import gc
import linecache
import sys
import textwrap
import weakref
from types import ModuleType

import numpy as np
import pytest

from brrr import brrr
from tests.api import test_called
from tests.api.groups import described, module, outcome


def test_types_are_told_behind_calls():
    made = module("""
        def half(x):
            return x / 2

        @brrr
        def f(n):
            if n < 2:
                return n
            before = f(n - 2)
            return before + half(n)
        CALLS = []
    """)
    text = made.f.inspect_types("int")
    assert text.startswith("f(n: i64) -> i64 | f64\n") and "# before: i64 | f64" in text, text


def test_a_function_that_is_called_may_change_meanwhile():
    text = """
        def g(n):
            return n + 1
        @brrr
        def f(n):
            return g(n)
        CALLS = []
    """
    made = module(text, True)
    assert made.f(1) == 2
    made.g = module("""
        def g(n, k=4):
            return n * k
    """, False).g
    assert made.f(1) == 4
    made.g.__defaults__ = (5,)
    assert made.f(1) == 5
    made.g.__code__ = module("""
        def g(n, k=4):
            return n - k
    """, False).g.__code__
    assert made.f(1) == -4


def test_a_function_hears_of_its_own_defaults():
    text = """
        @brrr
        def f(n, k=2, *, j=1):
            if n <= 0:
                return k * j
            return f(n - 1) + 1
        CALLS = []
    """
    plain, made = module(text, False).f, module(text, True).f
    changes = [
        {},
        {"__defaults__": (7,)},
        {"__kwdefaults__": {"j": 10}},
        {"__kwdefaults__": {"j": 10.5}, "__defaults__": (0.5,)},
        {"__defaults__": None},
        {"__defaults__": (2,), "__kwdefaults__": {"j": 1}},
        {"__kwdefaults__": None},
    ]
    for change in changes:
        for name, value in change.items():
            setattr(plain, name, value)
            setattr(made.original_func, name, value)
        for args in ((3,), (0, 5), (2, 5)):
            for _ in range(2):
                assert outcome(made, args) == outcome(plain, args), (change, args)
    plain.__kwdefaults__, made.original_func.__kwdefaults__ = {"j": 3}, {"j": 3}
    assert outcome(made, (3,)) == outcome(plain, (3,))
    plain.__kwdefaults__["j"] = made.original_func.__kwdefaults__["j"] = 4
    assert outcome(made, (3,)) == outcome(plain, (3,))


def wrapped(value):
    return (value + 2**63) % 2**64 - 2**63


def test_each_function_has_its_own_overflow():
    text = """
        def plain(n):
            return n * n
        @brrr(overflow="wrap")
        def wraps(n):
            return n * n + plain(n)
        @brrr
        def exact(n):
            return n * n - plain(n) + 1
        @brrr(overflow="wrap")
        def both(n):
            return wraps(n), exact(n)[0] if n < 0 else exact(n), n * 3
        @brrr
        def f(n):
            return wraps(n), exact(n), n * 3
        @brrr
        def g(n):
            return 1 if n <= 1 else n * h(n - 1)
        @brrr(overflow="wrap")
        def h(n):
            return 1 if n <= 1 else n * g(n - 1)
        CALLS = []
    """
    made = ModuleType("group")
    linecache.cache["<group overflow>"] = len(text), None, textwrap.dedent(text).splitlines(keepends=True), "<group overflow>"
    made.__dict__["brrr"] = brrr
    exec(compile(textwrap.dedent(text), "<group overflow>", "exec"), made.__dict__)
    for n in (3, 2**40 + 3, 2**62):
        wraps = wrapped(2 * n * n)
        assert made.f(n) == (wraps, 1, n * 3)
        assert made.both(n) == (wraps, 1, wrapped(n * 3))
        assert made.wraps(n) == wraps and made.exact(n) == 1
    assert made.f.stats()["exits"]
    assert not made.wraps.stats()["exits"]

    def product(n, wraps):
        if n <= 1:
            return 1
        below = n * product(n - 1, not wraps)
        return wrapped(below) if wraps else below

    for n in (5, 21, 22):
        assert made.g(n) == product(n, False)
    # Where `g` gives more than 64 bits, `h` leaves for the interpreter.
    for n in (5, 20, 21):
        assert made.h(n) == product(n, True)


def test_what_the_interpreter_did_may_change_what_is_called():
    text = """
        @brrr
        def leaf(n):
            x = n * n
            return x % 7
        @brrr
        def f(n):
            a = leaf(n)
            return a + step(n)
        @brrr
        def step(n):
            return 1
        CALLS = []
    """
    made = module(text, True)
    assert made.f(3) == 3
    assert made.f(2**40) == 2**80 % 7 + 1
    made.step = module("""
        def step(n):
            return 1000
    """, False).step
    assert made.f(2**40) == 2**80 % 7 + 1000


OUTSIDE = """
    TABLE = np.array([1, 2, 3])
    K = OUTER = 5
    def read(i):
        return TABLE[i] + K
    @brrr
    def leaf(n):
        x = n * n
        return x % 7
    @brrr
    def down(n, m):
        if n == 0:
            return leaf(m)
        return down(n - 1, m) + read(n)
    @brrr
    def f(n, m):
        row = TABLE[1:]
        before = read(0)
        return before, down(n, m), read(0), read(1), K, row[0]
    CALLS = []
"""


def test_values_of_the_module_change_between_calls():
    plain, made = module(OUTSIDE, False), module(OUTSIDE, True)
    for k in (5, 6, 7, 8, 9, 2.5, 3.5, 10, True, 2**70, 4):
        plain.K = made.K = k
        assert outcome(made.f, (2, 3)) == outcome(plain.f, (2, 3))
    before = made.f.stats()["compiled"]
    for k in range(50):
        plain.K = made.K = k
        plain.TABLE = made.TABLE = np.array([k, 2, k * k])
        assert described(made.f(2, 3)) == described(plain.f(2, 3))
    assert made.f.stats()["compiled"] == before + 50
    for table in (np.array([0.5, 1.5, 2.5]), np.array([[1, 2], [3, 4], [5, 6]])[:, 1], (7, 8, 9)):
        plain.TABLE = made.TABLE = table
        assert outcome(made.f, (1, 3)) == outcome(plain.f, (1, 3))
    del plain.K, made.K
    assert outcome(made.f, (1, 3)) == outcome(plain.f, (1, 3))
    plain.K = made.K = 1
    plain.TABLE = made.TABLE = np.array([9, 9, 8])
    assert described(made.f(2, 3)) == described(plain.f(2, 3))


@pytest.mark.parametrize("changes", [{"TABLE": np.array([10, 20, 30])}, {"K": 50}, {"TABLE": np.array([0.5, 1.5, 2.5]), "K": 0.5}])
def test_values_of_the_module_change_while_the_interpreter_runs(changes):
    made = module(OUTSIDE, True)
    made.f(1, 3)
    for made.K in (3, 4, 5):
        made.f(1, 3)
    plain = module(OUTSIDE, False)
    plain.K = made.K

    # Where `leaf` is left for the interpreter, another one of its functions changes the names.
    def changing(frame, event, _):
        if event == "call" and frame.f_code.co_name == "leaf" and "OUTER" in frame.f_globals:
            frame.f_globals.update(changes)

    results = []
    for one in (plain, made):
        sys.setprofile(changing)
        try:
            results.append(described(one.f(2, 2**40)))
        finally:
            sys.setprofile(None)
    assert results[0] == results[1]


def test_what_leaves_often_is_called_again():
    made = module("""
        def power(n):
            x = n * n * n * n
            y = x * 3
            return y % 1000
        @brrr
        def f(n, m):
            total = 0
            for i in range(n, n + m):
                total += power(i)
            return total
        CALLS = []
    """)
    for n in (3, *range(2**20, 2**20 + 300), 3):
        assert made.f(n, 3) == sum(i**4 * 3 % 1000 for i in range(n, n + 3))
    # At first the function that is done in place leaves as its caller, then as itself.
    assert sum(made.f.stats()["exits"].values()) == 200
    for n in (3, 2**20, 2**30):
        assert made.f(n, 100) == sum(i**4 * 3 % 1000 for i in range(n, n + 100))
    assert sum(made.f.stats()["exits"].values()) == 200


def test_a_caller_goes_on_in_compiled_code_whatever_comes():
    made = module("""
        def either(n):
            if n % 3 == 0:
                return None
            if n % 3 == 1:
                return n, 0.5
            return n * 2
        @brrr
        def f(n):
            total = 0.0
            for i in range(n):
                e = either(i)
                if e is None:
                    total -= 1
                elif isinstance(e, tuple):
                    total += e[0] + e[1]
                else:
                    total += e
            return total, either(n)
        CALLS = []
    """)
    for n in range(12):
        assert described(made.f(n)) == described(made.f.original_func(n))
    assert not made.f.stats()["exits"]


def test_a_loop_over_calls_becomes_what_one_without_becomes():
    made = module("""
        def square(x):
            return x * x
        @brrr
        def called(n):
            total = 0
            for i in range(n):
                total += square(i)
            return total
        @brrr
        def written(n):
            total = 0
            for i in range(n):
                total += i * i
            return total
        CALLS = []
    """)
    assert made.called(2**20) == made.written(2**20) == sum(i * i for i in range(2**20))
    # A formula of squares is computed in 65 bits; nothing else is.
    called, written = (one.inspect_llvm().count(" i65 ") for one in (made.called, made.written))
    assert called == written > 0


def test_nothing_is_left_of_functions_that_call_each_other():
    def make():
        made = module(test_called.GROUPS["each other"])
        assert made.f(10) is True
        made.__dict__["f"](3)
        references = [weakref.ref(made.f), weakref.ref(made.odd)]
        made.__dict__.clear()
        return references

    references = make()
    gc.collect()
    assert [one() for one in references] == [None, None]


def test_exceptions_of_called_functions_hold_nothing():
    made = module(test_called.GROUPS["three frames"])
    with pytest.raises(ZeroDivisionError):
        made.f(3, 1)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(50):
        try:
            made.f(3, 1)
        except ZeroDivisionError:
            pass
    gc.collect()
    assert len(gc.get_objects()) < before + 200


def test_arrays_of_called_functions_go():
    resource = pytest.importorskip("resource")
    made = module("""
        def row(n):
            t = np.zeros(n)
            t[n - 1] = 1.0
            return t
        @brrr
        def f(m, n):
            s = 0.0
            for i in range(m):
                a = row(n)
                s += a[n - 1]
            return s
        CALLS = []
    """)
    assert made.f(3, 1000) == 3.0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # 800 MB in all.
    assert made.f(2000, 50_000) == 2000.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
