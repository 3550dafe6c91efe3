"""What the decorator takes, and what it refuses."""

import functools
import linecache
import warnings

import pytest

from brrr import BrrrError, BrrrWarning, brrr
from tests import program


def load(text, **more):
    """The namespace of a module's text under the decorator."""
    return program.execute(text, program.filename("api"), brrr) | more


def test_three_spellings():
    def f(a):
        return a + 1

    assert brrr(f)(2) == brrr()(f)(2) == brrr(overflow="exact", fallback=True)(f)(2) == 3


def test_under_the_decorator_twice():
    @brrr
    def f(a):
        return a * 2**62

    again = brrr(f)
    assert again(1) == 2**62 and again(4) == 2**64
    assert brrr(overflow="wrap")(f)(4) == 0


@pytest.mark.parametrize("options", [{"parallel": True}, {"nonsense": 1}])
def test_unknown_options_name_the_known_ones(options):
    with pytest.raises(TypeError, match="overflow.*fastmath.*fallback") as caught:
        brrr(**options)
    assert next(iter(options)) in str(caught.value)


@pytest.mark.parametrize("options", [{"overflow": "nonsense"}, {"overflow": None}, {"fallback": "yes"}, {"fastmath": 1}, {"cache": "yes"}])
def test_wrong_values_of_options(options):
    with pytest.raises((TypeError, ValueError), match=next(iter(options))):
        brrr(**options)


class Callable:
    def __call__(self, a):
        return a


async def coroutine(a):
    return a


def generator(a):
    yield a


async def agenerator(a):
    yield a


class WithMethod:
    def method(self):
        return 1

    @classmethod
    def of_class(cls):
        return 1


GARBAGE = [None, 1, "text", len, print, int, Callable, Callable(), lambda a: a, functools.partial(len), coroutine, generator,
           agenerator, WithMethod().method, WithMethod.of_class, property(len), classmethod(len), (), [], object(), type, range(3),
           NotImplemented, ..., functools.lru_cache(len), str.upper, "".join]


@pytest.mark.parametrize("thing", GARBAGE, ids=lambda thing: repr(thing).split(" at ")[0])
def test_garbage_is_refused(thing):
    with pytest.raises(BrrrError) as caught:
        brrr(thing)
    (one, *_) = caught.value.diagnostics
    assert one.code.startswith("BRRR") and one.severity == "error"
    assert one.message and one.message in str(caught.value)


def test_garbage_arguments():
    for args in [(), (len, len)]:
        if args:
            with pytest.raises(TypeError):
                brrr(*args)
    with pytest.raises(TypeError):
        brrr()(1, 2)


def test_errors_carry_data():
    text = "@brrr\ndef f(a):\n    b = a\n    return [b]\n"
    with pytest.raises(BrrrError) as caught:
        load(text)
    error = caught.value
    assert isinstance(error, TypeError)
    (one,) = error.diagnostics
    assert (one.code, one.slug, one.severity) == ("BRRR220", "list-display", "error")
    assert (one.start.line, one.start.column, one.end.line, one.end.column) == (4, 12, 4, 15)
    assert one.path.startswith("<api") and one.message and one.help
    drawn = str(error)
    assert "BRRR220" in drawn and one.message in drawn and "return [b]" in drawn and f"{one.path}:4:12" in drawn
    assert one.help in drawn and "\x1b" not in drawn


def test_all_errors_of_a_function_come_at_once():
    with pytest.raises(BrrrError) as caught:
        load("@brrr\ndef f(a):\n    b = [a]\n    with b: pass\n    return b.c\n")
    assert [(one.slug, one.start.line) for one in caught.value.diagnostics] == [
        ("list-display", 3), ("with-statement", 4), ("attribute", 5)]


def test_the_traceback_ends_at_the_decorator():
    file = program.filename("api")
    with pytest.raises(BrrrError) as caught:
        program.execute("x = 1\n\n@brrr\ndef f(a):\n    return [a]\n", file, brrr)
    entry = caught.value.__traceback__
    while entry.tb_next:
        entry = entry.tb_next
    assert (entry.tb_frame.f_code.co_filename, entry.tb_lineno) == (file, 3)


def test_fallback_warns_once_and_runs():
    text = "@brrr(fallback=True)\ndef f(a):\n    b = [a]\n    return b\n"
    with pytest.warns(BrrrWarning) as caught:
        f = load(text)["f"]
        assert f(1) == [1] and f("x") == ["x"]
    (one,) = caught.list
    assert issubclass(BrrrWarning, UserWarning)
    assert "BRRR220" in str(one.message) and "`f`" in str(one.message)
    assert one.filename.startswith("<api") and one.lineno == 3
    assert f.stats()["compiled"] == 0 and f.stats()["calls"] == 2


def test_fallback_of_what_compiles_is_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        f = load("@brrr(fallback=True)\ndef f(a):\n    return a + 1\n")["f"]
        assert f(1) == 2 and f.stats()["compiled"] == 1


def test_fallback_of_argument_types():
    f = load("@brrr(fallback=True)\ndef f(a):\n    return a + a\n")["f"]
    with pytest.warns(BrrrWarning) as caught:
        assert f("x") == "xx" and f([1]) == [1, 1] and f("y") == "yy"
    assert len(caught.list) == 1
    assert f(2) == 4 and f.stats()["compiled"] == 1


def test_decoration_does_not_compile():
    f = load("@brrr\ndef f(a):\n    return a + 1\n")["f"]
    assert f.signatures == [] and f.stats()["compile_seconds"] == 0


# Where functions come from.


def test_functions_made_in_a_loop():
    made = []
    for step in range(3):
        @brrr
        def f(a, step=step):
            return a + step

        made.append(f)
    assert [f(10) for f in made] == [10, 11, 12]
    assert all(f.stats()["compiled"] == 1 for f in made)


def test_static_methods():
    class A:
        @staticmethod
        @brrr
        def inner(a, b):
            return a * b

        @brrr
        @staticmethod
        def outer(a, b):
            return a - b

    assert A.inner(6, 7) == A().inner(6, 7) == 42
    assert A.outer(6, 7) == A().outer(6, 7) == -1
    assert A.inner.stats()["compiled"] == 2 and A.outer.stats()["compiled"] == 2


def test_functions_in_functions():
    def outer():
        def inner():
            @brrr
            def f(n):
                t = 0
                for i in range(n):
                    t += i
                return t
            return f
        return inner()

    assert outer()(5) == 10


def test_source_in_linecache():
    text = "from brrr import brrr\n@brrr\ndef f(a):\n    return a + 0.5\n"
    linecache.cache["<notebook 1>"] = (len(text), None, text.splitlines(True), "<notebook 1>")
    namespace = {}
    exec(compile(text, "<notebook 1>", "exec"), namespace)
    assert namespace["f"](1) == 1.5 and namespace["f"].stats()["compiled"] == 1


def test_two_functions_on_one_line_are_told_apart():
    namespace = load("def g(d): return d\n@brrr\ndef f(a): return a + 1; return a\n")
    assert namespace["f"](1) == 2


@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_files_of_every_kind(tmp_path, line_break, monkeypatch):
    text = "# -*- coding: latin-1 -*-\nfrom brrr import brrr\n\n\n@brrr\ndef f(a):\n    'gr\u00fc\u00dfe'\n\tif a: return a + 1\n    return 0"
    text = text.replace("\t", "    ").replace("\n", line_break)
    path = tmp_path / "kinds.py"
    path.write_bytes(text.encode("latin-1"))
    monkeypatch.syspath_prepend(tmp_path)
    import importlib

    module = importlib.import_module("kinds")
    try:
        assert module.f(1) == 2 and module.f(0) == 0 and module.f.stats()["compiled"] == 2
    finally:
        import sys

        del sys.modules["kinds"]


def test_future_imports():
    f = load("from __future__ import annotations\n@brrr\ndef f(a: int, b: 'float') -> undefined:\n    return a + b\n")["f"]
    f.compile()
    assert f.signatures == ["(int, float) -> float"] and f(1, 2.5) == 3.5


def test_several_decorators():
    def double(function):
        @functools.wraps(function)
        def wrapper(*args):
            return function(*args) * 2
        return wrapper

    @double
    @brrr
    def f(a):
        return a + 1

    assert f(1) == 4
