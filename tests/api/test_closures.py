"""Values captured from enclosing functions: constants, or hidden arguments where they differ or keep changing."""

import gc
import os
import sys
import weakref
from statistics import median

import pytest

from brrr import BrrrError, brrr
from tests import oracle


def adder(k):
    @brrr
    def f(x):
        return x + k

    return f


def spent(function, *args):
    """The result, and the seconds of compilation that the call took."""
    before = function.stats()["compile_seconds"]
    result = function(*args)
    return result, function.stats()["compile_seconds"] - before


def test_functions_of_a_factory_share_machine_code():
    functions = [adder(k) for k in range(50)]
    assert [f(10) for f in functions] == list(range(10, 60))
    times = [f.stats()["compile_seconds"] for f in functions]
    # The first value is a constant, the second one makes it an argument: two compilations, then none.
    assert median(times[2:]) < min(times[:2]) / 5
    assert all(f.stats()["compiled"] == 1 and f.signatures == ["(int) -> int"] for f in functions)


def test_the_same_value_stays_a_constant():
    def times(k):
        @brrr
        def f(x):
            return x * k

        return f

    functions = [times(8) for _ in range(3)]
    assert [f(3) for f in functions] == [24] * 3
    # A multiplication by a constant power of two.
    assert all("shl" in f.inspect_llvm() or "smul" in f.inspect_llvm() and "8)" in f.inspect_llvm() for f in functions)


def test_types_of_captured_values():
    values = [1, 2.5, True, None, 2**63, (1, (2.5, True)), 3 + 1j, 2**70]

    def holder(value):
        @brrr
        def f():
            return value

        return f

    for value in values:
        f = holder(value)
        assert oracle.encode(f()) == oracle.encode(value)
        assert oracle.encode(f()) == oracle.encode(value)


def test_negative_zero_and_nan_are_values_of_their_own():
    def holder(value):
        @brrr
        def f(x):
            return x * value

        return f

    for value in (0.0, -0.0, float("nan"), 0.0, -0.0):
        f = holder(value)
        assert oracle.encode(f(1.0)) == oracle.encode(1.0 * value)


def test_nonlocal_rebinding_is_seen_at_the_next_call():
    def outer():
        k = 1

        @brrr
        def f(x):
            return x + k

        def rebind(value):
            nonlocal k
            k = value

        def remove():
            nonlocal k
            del k

        return f, rebind, remove

    f, rebind, remove = outer()
    assert f(1) == 2
    for value in (5, 0.5, 7, 1 << 40, True):
        rebind(value)
        assert f(1) == 1 + value
    for value in range(1000, 1100):
        rebind(value)
        result, seconds = spent(f, 1)
        assert result == 1 + value
    assert seconds == 0 and f.stats()["compiled"] == f.stats()["calls"]
    remove()
    with pytest.raises(NameError, match="cannot access free variable 'k' where it is not associated with a value in enclosing scope"):
        f(1)
    rebind(3)
    assert f(1) == 4
    rebind(2**80)
    assert f(1) == 1 + 2**80


def test_a_captured_value_that_cannot_be_compiled():
    with pytest.raises(BrrrError, match="`k` is an object of type `list`") as caught:
        adder([1])
    assert caught.value.diagnostics[0].slug == "outside-list"


def test_a_captured_value_that_is_bound_later():
    def outer():
        @brrr
        def f(x):
            return x * later

        before = oracle.outcome(f, (2,), {})
        later = 21
        return before, f(2)

    before, after = outer()
    assert before.raised and before.value[0] == "NameError" and after == 42


def test_captured_arrays_are_read_and_written():
    numpy = pytest.importorskip("numpy")

    def counter(n):
        seen = numpy.zeros(n, "int64")

        @brrr
        def count(at):
            seen[at] += 1
            return seen[at]

        return count, seen

    count, seen = counter(4)
    assert [int(count(at)) for at in (1, 1, 3)] == [1, 2, 1] and seen.tolist() == [0, 2, 0, 1]
    with pytest.raises(IndexError, match="index 4 is out of bounds for axis 0 with size 4"):
        count(4)
    times = []
    for _ in range(5):
        other, own = counter(6)
        result, seconds = spent(other, 5)
        times.append(seconds)
        assert result == 1 and own.tolist() == [0, 0, 0, 0, 0, 1] and seen.tolist() == [0, 2, 0, 1]
    assert median(times) < count.stats()["compile_seconds"] / 5
    assert other.stats()["exits"] == {}


def test_a_captured_array_that_is_replaced():
    numpy = pytest.importorskip("numpy")

    def outer():
        data = numpy.arange(4.0)

        @brrr
        def total():
            t = 0.0
            for x in data:
                t += x
            return t

        def replace(other):
            nonlocal data
            data = other

        return total, replace

    total, replace = outer()
    assert total() == 6.0
    for number in range(20):
        replace(numpy.full(3, float(number)))
        assert total() == 3.0 * number
    replace(numpy.arange(5))
    assert total() == 10.0 and type(total()) is numpy.float64
    replace(numpy.arange(8.0)[::2])
    assert total() == 12.0
    assert total.stats()["exits"] == {} and total.stats()["compiled"] == total.stats()["calls"]
    replace([1.0, 2.0])
    assert total() == 3.0


def test_captured_tuples_of_arrays_and_scalars():
    numpy = pytest.importorskip("numpy")

    def make(*parts):
        @brrr
        def f(i):
            first, second = parts
            return first[i] + second

        return f

    f = make(numpy.arange(3.0), numpy.float32(0.5))
    assert f(2) == 2.5 and type(f(1)) is numpy.float64
    times = [spent(make(numpy.arange(4.0), numpy.float32(2.5)), 3) for _ in range(5)]
    assert [result for result, _ in times] == [5.5] * 5
    assert median(seconds for _, seconds in times) < f.stats()["compile_seconds"] / 5
    with pytest.raises(IndexError):
        f(3)
    assert make((1, 2), 3)(0) == 4


def test_captured_objects_come_back_themselves():
    numpy = pytest.importorskip("numpy")
    array, pair = numpy.arange(3), (int("1" * 15), 2.5)

    def holder(value):
        @brrr
        def f(n):
            kept = value
            return kept if n else value

        return f

    assert holder(array)(0) is array and holder(array)(1) is array
    holder(0)(0)
    assert holder(pair)(0) is pair and holder(pair)(1) is pair


def test_exits_with_hidden_arguments():
    """The interpreter goes on with the variables of the enclosing function, and compiled code is entered again with them."""

    def outer(k, step):
        @brrr
        def f(n):
            t = k
            for i in range(n):
                t = t * k + step
                if t > 2**62:
                    t = t % 1_000_003
            return t

        return f

    for k, step in ((3, 1), (5, 2), (7, 3)):
        f = outer(k, step)
        assert f(20000) == f.original_func(20000)
    assert f.stats()["exits"] != {} and f.stats()["compiled"] == 0


def test_functions_do_not_leak():
    def rounds(count):
        gone = []
        for k in range(count):
            f = adder(k * 0.5)
            assert f(1) == 1 + k * 0.5
            gone.append(weakref.ref(f))
            gone.append(weakref.ref(f.original_func))
        del f
        gc.collect()
        return sum(one() is not None for one in gone)

    assert rounds(300) == 0


def test_many_functions_take_no_memory():
    def made(count):
        for k in range(count):
            assert adder(k)(1) == 1 + k
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    made(3000)
    before = made(3000)
    # A hundred bytes for each would be 3 MB.
    assert made(30_000) - before < 1_000_000


def test_captured_objects_do_not_leak():
    numpy = pytest.importorskip("numpy")

    def make():
        data = numpy.arange(3.0)

        @brrr
        def f(at):
            return data[at]

        assert f(2) == 2.0
        with pytest.raises(IndexError):
            f(3)
        return f, weakref.ref(data)

    f, data = make()
    del f
    gc.collect()
    assert data() is None


def test_a_function_that_is_in_its_own_closure():
    def outer():
        box = [None]
        k = 2

        @brrr
        def f(x):
            return x + k

        box[0] = f
        f.box = box
        return f

    f = outer()
    assert f(1) == 3
    gone = weakref.ref(f)
    del f
    gc.collect()
    assert gone() is None


def test_a_module_that_holds_the_function_goes_with_it():
    import types

    from tests import program
    own = types.ModuleType("own_settings")
    own.N = 3
    namespace = program.execute("@brrr\ndef f(x):\n    return x * own.N\n", program.filename("api"), brrr)
    namespace["own"] = own
    own.f = namespace["f"]
    assert own.f(2) == 6
    gone = weakref.ref(own)
    del namespace, own
    gc.collect()
    assert gone() is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_closures_leave_no_memory():
    from tests.api.test_objects import memory

    def rounds(count):
        for k in range(count):
            assert adder(k)(1) == 1 + k

    rounds(2000)
    before = memory()
    rounds(10_000)
    assert memory() - before < 8 << 20


def test_machine_code_lives_as_long_as_the_code_object():
    """Functions that are dropped one by one do not have it made again."""
    def late(k):
        @brrr
        def f(x):
            return x - k

        return f

    times = []
    for k in range(10):
        f = late(k)
        f(1)
        times.append(f.stats()["compile_seconds"])
        del f
        gc.collect()
    assert median(times[2:]) < min(times[:2]) / 5


def test_in_a_loop():
    functions = []
    for k in range(4):
        @brrr
        def f(x):
            return x * 100 + k

        functions.append(f)
    # One variable for all of them.
    assert [f(2) for f in functions] == [203] * 4


def test_functions_that_capture_functions_share_machine_code_and_are_dropped():
    """Each pair is made anew, called and dropped: nothing is compiled for it."""

    def make(k):
        @brrr
        def g(x):
            return x + k

        @brrr
        def f(x):
            return g(x) * k

        return f

    assert [make(k)(2) for k in range(1, 5)] == [3, 8, 15, 24]
    seconds = 0.0
    for k in range(5, 200):
        f = make(k)
        assert f(2) == (2 + k) * k
        seconds += f.stats()["compile_seconds"]
    assert seconds < 0.2
    f, g = make(3), make(4)
    assert (f(2), g(2), f(2)) == (15, 24, 15)
    del f
    assert (make(5)(2), g(2)) == (35, 24)
