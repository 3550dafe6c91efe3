"""A brrr function as an object: metadata, introspection, copies, memory."""

import copy
import gc
import inspect
import pickle
import pydoc
import sys
import typing
import weakref

import pytest

from brrr import brrr
from tests import program
from tests.api import functions


def test_metadata():
    f, plain = functions.add, functions.plain
    assert f.__name__ == "add" and f.__qualname__ == "add" and f.__module__ == "tests.api.functions"
    assert f.__doc__ == "Adds." and f.__defaults__ == (10,) and f.__kwdefaults__ is None
    assert f.__annotations__ == plain.__annotations__ and inspect.signature(f) == inspect.signature(plain)
    assert f.original_func is f.__wrapped__ is f.py_func and type(f.original_func) is type(plain)
    assert inspect.getsource(f) == inspect.getsource(f.original_func) and "def add" in inspect.getsource(f)
    assert inspect.unwrap(f) is f.original_func and callable(f) and "add" in repr(f)
    assert inspect.getdoc(f) == "Adds." and typing.get_type_hints(f) == typing.get_type_hints(plain)
    assert "add(a: int, b: int = 10) -> int" in pydoc.plain(pydoc.render_doc(f))


def test_attributes():
    f = brrr(functions.plain)
    f.note = 5
    assert f.note == 5
    del f.note
    with pytest.raises(AttributeError):
        f.note
    f.__doc__ = "Other."
    assert f.__doc__ == "Other."
    functions.plain.__doc__ = "Adds."


def test_signatures_and_compile():
    f = brrr(functions.plain)
    assert f.signatures == []
    f.compile()
    assert f.signatures == ["(int, int) -> int"]
    f.compile(float, int)
    f.compile("bool", "float")
    f.compile("int, float")
    f.compile(int, int)
    assert f.signatures == ["(int, int) -> int", "(float, int) -> float", "(bool, float) -> float", "(int, float) -> float"]
    assert f.stats()["calls"] == 0 and f.stats()["compile_seconds"] > 0
    assert f(1, 2) == 3 and len(f.signatures) == 4


@pytest.mark.parametrize("types", [(int,), (int, int, int), (str, int), ("nonsense", "int"), (int, list), (3, 4), ("int", None, int)])
def test_compile_refuses_other_types(types):
    with pytest.raises(TypeError):
        brrr(functions.plain).compile(*types)


def test_compile_without_annotations():
    @brrr
    def f(a, b):
        return a

    with pytest.raises(TypeError, match="annotation"):
        f.compile()
    f.compile(int, int)


def test_inspection():
    f = brrr(functions.total.original_func)
    types, llvm, raw, asm = f.inspect_types(), f.inspect_llvm(), f.inspect_llvm(optimized=False), f.inspect_asm()
    assert "i64" in types and "def total" in types and "result += i" in types
    assert "define" in llvm and "define" in raw and llvm != raw
    assert "ret" in asm and "brrr_entry" in asm
    assert "double" not in llvm
    g = brrr(functions.plain)
    g(1.5, 2)
    assert "double" in g.inspect_llvm() and "fadd" in g.inspect_llvm()
    assert "fadd" not in g.inspect_llvm("(int, int)") and "sadd.with.overflow" in g.inspect_llvm((int, int))
    assert "f64" in g.inspect_types("float, float")
    assert f.signatures == [] and g.signatures == ["(float, int) -> float"]


def test_wrapping_is_seen_in_the_code():
    exact, wrap = brrr(functions.plain), brrr(overflow="wrap")(functions.plain)
    assert "with.overflow" in exact.inspect_llvm() and "with.overflow" not in wrap.inspect_llvm()


def test_pickling_and_copying():
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(functions.add, protocol)) is functions.add
    assert copy.copy(functions.add) is functions.add and copy.deepcopy(functions.add) is functions.add

    @brrr
    def local(a):
        return a

    with pytest.raises((AttributeError, pickle.PicklingError)):
        pickle.dumps(local)


def test_errors_can_be_pickled():
    from brrr import BrrrError

    with pytest.raises(BrrrError) as caught:
        functions.add("text")
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is BrrrError and str(again) == str(caught.value)


def test_weak_references_and_hashes():
    f = brrr(functions.plain)
    gone = []
    reference = weakref.ref(f, gone.append)
    assert reference() is f and {f: 1}[f] == 1 and f == f and f != functions.add
    del f
    gc.collect()
    assert reference() is None and len(gone) == 1


def test_binding():
    class A:
        f = functions.add

    assert A.f is functions.add
    bound = A().f
    assert inspect.ismethod(bound) and bound.__func__ is functions.add


def memory() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_dropped_functions_leave_nothing():
    text = "@brrr\ndef f(a, b):\n    return a + b\n"
    file = program.filename("api")
    namespace = program.execute(text.replace("@brrr\n", "\n"), file, brrr)
    plain = namespace["f"]

    def rounds(count, compiled):
        for _ in range(count):
            f = brrr(plain)
            if compiled:
                assert f(1, 2) == 3
        gc.collect()

    rounds(2000, False)
    rounds(60, True)
    before, references = memory(), sys.getrefcount(plain)
    rounds(20_000, False)
    rounds(300, True)
    assert sys.getrefcount(plain) == references
    assert memory() - before < 12 << 20


def test_cycles_are_collected():
    f = brrr(functions.plain)
    f.itself = f
    reference = weakref.ref(f)
    del f
    gc.collect()
    assert reference() is None


def test_calls_leave_no_references():
    f = brrr(functions.plain)
    values = [int("1" * 12), float("1.25"), 2**62, 2**64]
    counts = [sys.getrefcount(one) for one in values]
    for _ in range(1000):
        for one in values:
            f(one, 1)
            f(one, b=one)
    del one
    assert [sys.getrefcount(one) for one in values] == counts


def test_exits_leave_no_references():
    @brrr
    def f(a, b):
        return a // b

    value = int("9" * 15)
    before = sys.getrefcount(value)
    for _ in range(500):
        with pytest.raises(ZeroDivisionError):
            f(value, 0)
    gc.collect()
    assert sys.getrefcount(value) <= before + 1
