"""Functions under the decorator where plain functions go: class bodies, `functools`, `inspect`, threads."""

import concurrent.futures
import functools
import inspect
import operator
import threading

import pytest

from brrr import brrr
from tests import oracle, program


class Shapes:
    SCALE = 3

    @staticmethod
    @brrr
    def area(width, height=2):
        return width * height

    @brrr
    @staticmethod
    def side(area: float, *, height: float = 2.0) -> float:
        """The side."""
        return area / height

    @brrr
    def plain(x):
        return x + 1

    table = [plain(0), plain(1), plain(2)]

    class Inner:
        @staticmethod
        @brrr
        def __hidden(x):
            return x * 7

        def call(self, x):
            return self.__hidden(x)


def test_static_methods():
    assert Shapes.area(3) == Shapes().area(3) == 6 and Shapes.area(3, height=5) == 15
    assert Shapes.side(9.0) == 4.5 and Shapes().side(9.0, height=3.0) == 3.0
    assert Shapes.area.stats()["compiled"] == Shapes.area.stats()["calls"] == 3
    assert type(Shapes.__dict__["side"]) is staticmethod and Shapes.side.__qualname__ == "Shapes.side"
    assert Shapes.Inner().call(6) == 42

    class Other(Shapes):
        pass

    assert Other.area(2) == 4
    with pytest.raises(TypeError, match=r"area\(\) missing 1 required positional argument: 'width'"):
        Shapes.area()


def test_functions_in_class_bodies():
    assert Shapes.table == [1, 2, 3] and Shapes.plain(4) == 5
    with pytest.raises(TypeError, match=r"plain\(\) takes 1 positional argument but 2 were given"):
        Shapes().plain(4)


def test_names_of_the_class_body_are_not_seen():
    with pytest.raises(NameError, match="name 'SCALE' is not defined"):
        class A:
            SCALE = 3

            @brrr
            def f(x):
                return x * SCALE  # noqa: F821

            f(2)


@brrr
def weighted(a, b=2, *rest, c=3):
    t = a * b + c
    for one in rest:
        t += one
    return t


def test_partial():
    half = functools.partial(weighted, 10, c=0)
    assert half() == 20 and half(3) == 30 and half(3, 4, 5) == 39 and half(c=1) == 21
    assert functools.partial(half, 1)(1) == 11
    assert list(map(functools.partial(weighted, b=1), [1, 2, 3])) == [4, 5, 6]
    method = functools.partialmethod(Shapes.area, 4)
    assert type("A", (), {"f": method}).__dict__["f"].func is Shapes.area
    assert weighted.stats()["calls"] == weighted.stats()["compiled"]


def test_wraps():
    def logged(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            calls.append(args)
            return function(*args, **kwargs)

        return wrapper

    calls = []
    f = logged(weighted)
    assert f(1, b=5) == 8 and calls == [(1,)]
    assert f.__name__ == "weighted" and f.__wrapped__ is weighted and inspect.unwrap(f) is weighted.original_func
    assert inspect.signature(f) == inspect.signature(weighted.original_func)
    # The other way round: a plain function that looks like another one.
    assert functools.update_wrapper(brrr(Shapes.plain.original_func), weighted.original_func).__name__ == "weighted"


def test_caches():
    counted = brrr(program.execute("def f(x):\n    return x * 2.5\n", program.filename("api"), brrr)["f"])
    cached = functools.lru_cache(counted)
    assert [cached(2), cached(2), cached(4.0), cached(2)] == [5.0, 5.0, 10.0, 5.0]
    assert counted.stats()["calls"] == 2 and cached.cache_info().hits == 2
    assert functools.cache(counted)(2) == 5.0
    assert {counted: 1}[counted] == 1 and operator.is_(functools.singledispatch(counted).__wrapped__, counted)


def test_introspection():
    assert str(inspect.signature(weighted)) == "(a, b=2, *rest, c=3)"
    assert str(inspect.signature(Shapes.side)) == "(area: float, *, height: float = 2.0) -> float"
    assert inspect.signature(weighted).bind(1, 2, 3, c=4).arguments == {"a": 1, "b": 2, "rest": (3,), "c": 4}
    assert inspect.getsource(weighted).startswith("@brrr\ndef weighted(a") and inspect.getdoc(Shapes.side) == "The side."
    assert inspect.getsourcelines(Shapes.side)[1] == Shapes.side.original_func.__code__.co_firstlineno
    assert inspect.getfile(weighted.original_func) == inspect.getsourcefile(weighted.original_func)
    assert inspect.getmodule(weighted).__name__ == __name__


@pytest.mark.parametrize(("args", "kwargs"), [
    ((), {}), ((), {"b": 1}), ((1,), {"a": 2}), ((1, 2), {"b": 3}), ((1,), {"rest": 3}), ((1,), {"d": 4, "e": 5}), ((), {"c": 1, "d": 2}),
])
def test_wrong_arguments_are_told_word_for_word(args, kwargs):
    expected = oracle.outcome(weighted.original_func, args, kwargs)
    assert expected.raised and expected.value[0] == "TypeError"
    assert oracle.outcome(weighted, args, kwargs) == expected


def test_keywords_that_are_no_exact_strings():
    class Name(str):
        pass

    assert weighted(1, **{Name("b"): 5}) == 8
    built = "".join(["b"])
    assert weighted(1, **{built: 6}) == 9
    with pytest.raises(TypeError, match="keywords must be strings"):
        weighted(1, **{3: 4})


def test_keywords_run_compiled():
    def count(*args, **kwargs):
        before = weighted.stats()["compiled"]
        weighted(*args, **kwargs)
        return weighted.stats()["compiled"] - before

    assert [count(1, b=2), count(a=1), count(c=1, b=2, a=3), count(1, 2, 3, 4, c=5), count(2.5, c=True)] == [1] * 5


def test_defaults_in_place_of_rest():
    @brrr
    def f(a=1, *rest, b=2):
        return a, rest, b

    assert f() == (1, (), 2) and f(3) == (3, (), 2) and f(3, 4.5) == (3, (4.5,), 2)
    f.__kwdefaults__ = {"b": 0.5}
    f.__defaults__ = (7,)
    assert f() == (7, (), 0.5) and f(b=1) == (7, (), 1)
    f.__kwdefaults__ = None
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'b'"):
        f()


def test_compiling_ahead_with_rest():
    @brrr
    def f(a, *rest):
        return a + sum(rest)

    f.compile("int, tuple[int, float]")
    assert f.signatures == ["(int, tuple[int, float]) -> float"]
    before = f.stats()["compile_seconds"]
    assert f(1, 2, 2.5) == 5.5 and f.stats()["compile_seconds"] == before
    assert "rest" in f.inspect_types("int, tuple[float]")

    @brrr
    def g(a: int, *rest: int):
        return a + sum(rest)

    with pytest.raises(TypeError, match="`\\*rest` takes any number of arguments"):
        g.compile()


def test_threads_that_call_at_once():
    """Keywords, rests and captured variables that other threads rebind."""
    k = 1

    @brrr
    def f(n, *rest, by=1):
        t = k
        for i in range(n):
            t += by * i
        return t, sum(rest)

    barrier = threading.Barrier(6)

    def work(number):
        nonlocal k
        barrier.wait()
        results = []
        for at in range(300):
            if number == 0:
                k = at * 0.5 if at % 3 else at
            results.append(f(at % 7, number, at, by=number))
        return results

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        all_results = list(pool.map(work, range(6)))
    captured = {1} | {at * 0.5 if at % 3 else at for at in range(300)}
    for number, results in enumerate(all_results):
        assert [rest for _, rest in results] == [number + at for at in range(300)]
        assert {total - number * sum(range(at % 7)) for at, (total, _) in enumerate(results)} <= captured


def test_threads_that_make_closures_at_once():
    def make(k):
        @brrr
        def f(x):
            return x * k

        return f

    barrier = threading.Barrier(6)

    def work(number):
        barrier.wait()
        return [make(number * 100 + at)(3) for at in range(60)]

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for number, results in enumerate(pool.map(work, range(6))):
            assert results == [3 * (number * 100 + at) for at in range(60)]
