"""Arguments, results, statistics."""

import enum
import subprocess
import sys

import pytest

from brrr import BrrrError, brrr
from tests import oracle
from tests.api import functions


@brrr
def add(a, b=10, /, c=100, *, d=1000):
    return a + b + c + d


def counted(function, *args, **kwargs):
    """The result, and how `compiled` and `calls` grew."""
    before = function.stats()
    result = function(*args, **kwargs)
    after = function.stats()
    return result, after["compiled"] - before["compiled"], after["calls"] - before["calls"]


@pytest.mark.parametrize(("args", "kwargs", "result"), [
    ((1,), {}, 1111), ((1, 2), {}, 1103), ((1, 2, 3), {}, 1006), ((1, 2, 3), {"d": 4}, 10), ((1,), {"c": 3, "d": 4}, 18),
    ((1,), {"d": 4, "c": 3}, 18), ((1.5, True), {"d": 0.25}, 102.75),
])
def test_keywords_and_defaults(args, kwargs, result):
    assert counted(add, *args, **kwargs) == (result, 1, 1)
    assert type(add(*args, **kwargs)) is type(result)


@pytest.mark.parametrize(("args", "kwargs"), [
    ((), {}), ((1, 2, 3, 4), {}), ((1,), {"e": 5}), ((1,), {"b": 5}), ((), {"a": 5}), ((1, 2, 3), {"c": 3}),
    ((), {"d": 1}), ((1, 2, 3, 4), {"d": 1}), ((1,), {"": 1}),
])
def test_wrong_arguments_are_told_word_for_word(args, kwargs):
    expected = oracle.outcome(add.original_func, args, kwargs)
    assert expected.raised and expected.value[0] == "TypeError"
    assert oracle.outcome(add, args, kwargs) == expected


def test_keywords_where_they_would_be_by_position():
    """Names in the order of the parameters; also names that are not interned, and what is positional only."""

    @brrr
    def f(a, /, b, c):
        return a * 100 + b * 10 + c

    @brrr
    def nine(a, b, c, d, e, f, g, h, i):
        return a + b - c + d - e + f - g + h - i

    made = "".join(["b", "_c"]).split("_")
    for args, kwargs in [((1,), {"b": 2, "c": 3}), ((1, 2), {"c": 3}), ((1,), {"c": 3, "b": 2}), ((1,), dict(zip(made, (2, 3)))), ((1, 2, 3), {})]:
        assert counted(f, *args, **kwargs) == (123, 1, 1)
    for args, kwargs in [((), {"a": 1, "b": 2, "c": 3}), ((1, 2), {"b": 3}), ((1, 2, 3), {"c": 3}), ((1,), {"b": 2}), ((1,), {"b": 2, "d": 3})]:
        expected = oracle.outcome(f.original_func, args, kwargs)
        assert expected.raised and oracle.outcome(f, args, kwargs) == expected
    # What fails does not spoil what follows.
    assert counted(f, 1, b=2, c=3) == (123, 1, 1) and counted(f, 1, b=2.5, c=3)[0] == 128.0
    names = "abcdefghi"
    assert nine(*range(9)) == nine(**dict(zip(names, range(9)))) == nine.original_func(*range(9))


def test_defaults_may_change():
    @brrr
    def f(a=1, *, b=2):
        return a * b

    assert f() == 2
    f.__defaults__ = (10,)
    assert f() == 20
    f.original_func.__kwdefaults__ = {"b": 0.5}
    assert f() == 5.0
    f.__defaults__ = None
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        f()


class MyInt(int):
    def __add__(self, other):
        return "mine"


class MyFloat(float):
    def __add__(self, other):
        return "mine"


class Colour(enum.IntEnum):
    RED = 1


@pytest.mark.parametrize(("value", "result"), [
    (MyInt(1), "mine"), (MyFloat(1), "mine"), (Colour.RED, 2), (2**64, 2**64 + 1), (-(2**63) - 1, -(2**63)), (10**100, 10**100 + 1),
])
def test_the_original_runs_silently(value, result):
    """Subclasses of int and float, and ints beyond 64 bits."""

    @brrr
    def f(a):
        return a + 1

    assert counted(f, value) == (result, 0, 1)
    assert counted(f, 1) == (2, 1, 1)
    assert counted(f, value) == (result, 0, 1)
    assert f.stats()["exits"] == {}


@pytest.mark.parametrize("value", ["text", b"b", [1], ({},), {}, {1}, object(), print, bytes, ..., range(3)], ids=repr)
def test_other_types_are_refused(value):
    @brrr
    def f(first, second):
        return first

    with pytest.raises(BrrrError) as caught:
        f(1, value)
    (one,) = caught.value.diagnostics
    assert one.code == "BRRR701" and "second" in one.message and type(value).__name__ in one.message
    assert f(1, 2) == 1


def test_an_array_that_is_refused_says_how_to_convert_it():
    import numpy

    @brrr
    def first(a):
        return a[0]

    unaligned = numpy.zeros(25, "uint8")[1:].view("float64")
    cases = [
        (unaligned, "copy it, `x.copy()`", unaligned.copy()),
        (numpy.zeros(3, ">i4"), "`x.astype(x.dtype.newbyteorder(\"=\"))`", numpy.zeros(3, ">i4").astype("int32")),
        (numpy.zeros(3, "longlong"), "`x.astype(np.int64)`", numpy.zeros(3, "longlong").astype(numpy.int64)),
        (numpy.zeros(3, "float16"), "`x.astype(np.float64)`", numpy.zeros(3)),
        (numpy.zeros(3, object), "`x.astype(np.float64)`", numpy.zeros(3)),
    ]
    for array, remedy, converted in cases:
        with pytest.raises(BrrrError) as caught:
            first(array)
        assert remedy in caught.value.diagnostics[0].help.replace("\n", " "), array.dtype
        assert first(converted) == 0 and type(first(converted)) is converted.dtype.type


def test_numpy_is_refused_politely():
    import numpy
    for value in (numpy.zeros(3, "float16"), numpy.zeros(3, ">i4"), numpy.zeros(3, "datetime64[s]"), numpy.float16(3)):
        with pytest.raises(BrrrError, match="BRRR701"):
            functions.add(value, 1)
    with pytest.raises(BrrrError, match="BRRR104"):
        functions.add(numpy.arange(3), 1)


def test_none_as_an_argument():
    @brrr
    def f(a):
        if a:
            return 1
        return a

    assert counted(f, None) == (None, 1, 1)
    assert counted(f, 5) == (1, 1, 1)


def test_equal_arguments_keep_their_identity():
    a, b = float("1.5"), float("1.5")
    assert a is not b

    @brrr
    def second(x, y):
        return y

    @brrr
    def larger(x, y):
        return x if x > y else y

    assert second(a, b) is b and second(b, a) is a
    big = int("1" * 15)
    assert larger(big, 3) is big and larger(a, 0.5) is a


def test_of_equal_arguments_the_one_that_python_returns_comes_back():
    """Compiled code knows values, not objects: where several arguments could be meant, the interpreter decides."""
    a, b = float("1.5"), float("1.5")

    @brrr
    def larger(x, y):
        return x if x > y else y

    assert larger(a, b) is b and larger(b, a) is a and larger(a, a) is a


def test_the_types_of_the_call_decide():
    assert functions.add(1.5, 2) == 3.5 and functions.add(True, True) == 2


def test_stats():
    @brrr
    def f(a, b):
        c = a + b
        d = c // b
        return d

    nothing = {"calls": 0, "compiled": 0, "exits": {}, "compile_seconds": 0.0, "cache": "off", "tiers": {}, "tier_problems": {}, "moves": 0, "fastmath": "off"}
    assert f.stats() == nothing
    first = f.original_func.__code__.co_firstlineno
    for _ in range(3):
        f(1, 2)
    for _ in range(2):
        f(2**63 - 1, 1)
    with pytest.raises(ZeroDivisionError):
        f(1, 0)
    f(2**64, 1)
    with pytest.raises(TypeError):
        f(1)
    stats = f.stats()
    assert stats["calls"] == 8 and stats["compiled"] == 3
    assert stats["exits"] == {first + 2: 2, first + 3: 1}
    assert 0 < stats["compile_seconds"] < 60


def test_last_exit():
    @brrr
    def f(a, b):
        c = a + 1
        return c // b

    assert f._last_exit() is None
    f(1, 1)
    assert f._last_exit() is None
    with pytest.raises(ZeroDivisionError):
        f(1, 0)
    record = f._last_exit()
    assert record["statement"] == 1 and record["point"] == "start" and record["locals"] == {"b": 0, "c": 2}
    assert record["line"] == f.original_func.__code__.co_firstlineno + 3


def test_exceptions_come_from_the_users_line():
    @brrr
    def f(a):
        b = 1
        return b / a

    with pytest.raises(ZeroDivisionError) as caught:
        f(0)
    frames = []
    entry = caught.value.__traceback__
    while entry:
        frames.append((entry.tb_frame.f_code.co_name, entry.tb_lineno - entry.tb_frame.f_code.co_firstlineno))
        entry = entry.tb_next
    assert frames[-1] == ("f", 3) and len(frames) == 2


def test_wrapping():
    @brrr(overflow="wrap")
    def f(a, b):
        return a * b + a

    assert f(2**63 - 1, 2**63 - 1) == ((2**63 - 1) * (2**63 - 1) + 2**63 - 1 + 2**63) % 2**64 - 2**63
    assert f(1.5, 2) == 4.5
    assert f.stats()["compiled"] == 2 and f.stats()["exits"] == {}


def test_wrapping_still_raises():
    @brrr(overflow="wrap")
    def f(a, b):
        return a // b + (a << b)

    with pytest.raises(ZeroDivisionError):
        f(1, 0)
    with pytest.raises(ValueError, match="negative shift count"):
        f(1, -1)


def test_many_specialisations():
    @brrr
    def f(a, b, c, d):
        return a + b * c - d

    values = [3, 0.5, True]
    for a in values:
        for b in values:
            for c in values:
                for d in values:
                    result, compiled, _ = counted(f, a, b, c, d)
                    assert compiled == 1
                    assert oracle.encode(result) == oracle.encode(f.original_func(a, b, c, d))
    assert len(f.signatures) == 81 == len(set(f.signatures))


SCALE = 2


def test_kinds_of_arguments_by_turns():
    global SCALE

    @brrr
    def scaled(a, b):
        return a * SCALE + b

    kinds = [(1, 2), (0.5, 0.25), (True, 7), (2.0, 3), (1, 2)]
    for turn in range(12):
        # Any two follow each other; what is outside changes between the calls.
        SCALE = (2, 3, 0.5)[turn // 4]
        for step in range(1, len(kinds)):
            for args in kinds[::step]:
                for _ in range(turn % 3 + 1):
                    result = scaled(*args)
                    expected = scaled.original_func(*args)
                    assert (type(result), result) == (type(expected), expected)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        scaled(1)
    assert scaled(0.5, 0.25) == 0.5 and scaled(1, b=2) == 2.5


def test_recursion_of_python_around_it():
    """Compiled code called from deep Python frames."""
    def down(n):
        return functions.add(n, 1) if n == 0 else down(n - 1) + functions.add(0, 0)

    assert down(500) == 1


def test_unsupported_python_code_after_compilation():
    """A function whose code object is replaced runs what it now is."""
    @brrr
    def f(a):
        return a + 1

    assert f(1) == 2
    f.original_func.__code__ = (lambda a: a * 100).__code__
    assert f(1) == 100


def test_disabled():
    code = ("from brrr import brrr\nimport types\n@brrr\ndef f(a):\n    return [a]\n@brrr(fallback=True)\ndef g(a):\n    return a\n"
            "assert type(f) is type(g) is types.FunctionType\nassert f.original_func is f and f.py_func is f\nprint(f(1), g(2))\n")
    import os
    run = subprocess.run([sys.executable, "-c", code], env={**os.environ, "BRRR_DISABLE": "1"}, capture_output=True, text=True, timeout=60)
    assert run.stdout == "[1] 2\n", run.stderr
