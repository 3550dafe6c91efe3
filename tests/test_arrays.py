"""The harness is right about NumPy: scalars and arrays are compared in everything, and arguments are made anew for each run."""

from __future__ import annotations

import numpy as np
import pytest

from tests import arrays, layouts, oracle, program, rules, table
from tests.values import Text, encode, fits, fresh, show, taken, written

NAMES = {**layouts.NAMES, "np": np, "inf": np.inf, "nan": np.nan}


def made(value):
    return oracle.outcome(lambda: value)


def test_scalars_are_compared_by_type_and_bits():
    values = [one for dtype in arrays.DTYPES for one in layouts.values(dtype)] + [0, 1, 0.0, 1.0, True, False, 0j, 1 + 2j]
    for left in values:
        for right in values:
            same = type(left) is type(right) and (left.tobytes() == right.tobytes() if arrays.is_scalar(left) else repr(left) == repr(right))
            assert oracle.same_outcome(made(left), made(right)) == same, (left, right)


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_nan_is_nan(kind):
    bits, dtype = (np.uint32, np.float32) if kind == "float32" else (np.uint64, np.float64)
    quiet = np.array([np.nan], dtype)
    other = (quiet.view(bits) | bits(1) | (bits(1) << bits(8 * dtype().itemsize - 1))).view(dtype)
    assert quiet.tobytes() != other.tobytes()
    assert encode(quiet[0]) == encode(other[0]) and encode(quiet)[1][-1] == encode(other)[1][-1]
    assert encode(quiet[0] * 1j) == encode(other[0] * 1j)


def test_scalars_are_written_and_made_anew():
    for dtype in arrays.DTYPES:
        for edge in (True, False):
            for value in layouts.values(dtype, edge):
                again = eval(written(value), NAMES)
                assert encode(again) == encode(value) == encode(fresh(value)) and fits(value)
                assert dtype == "bool" or fresh(value) is not value
                assert show(encode(value)).startswith("np.")


@pytest.mark.parametrize("change", [
    "a.astype(np.float32)", "a.reshape(3, 2)", "np.asfortranarray(a)", "read_only(a.copy())", "a[:]", "a + 1", "subclass(a.copy())",
    "swapped(a)", "np.where(a == 0, -0.0, a)", "a[::-1].copy()", "tuple(a)", "a[0]", "None",
])
def test_arrays_are_compared_in_everything(change):
    a = np.arange(6.0).reshape(2, 3).copy()
    assert oracle.same_outcome(made(a), made(a.copy()))
    other = eval(change, {**NAMES, "a": a})
    assert not oracle.same_outcome(made(a), made(other))
    assert str(made(a)) != str(made(other))


def test_what_a_result_is_of_the_arguments_is_compared():
    def run(function):
        a = np.arange(6.0)
        return oracle.outcome(function, (a, a[1:]))

    functions = [lambda a, b: a, lambda a, b: b, lambda a, b: a[:], lambda a, b: a.copy(), lambda a, b: a[1:], lambda a, b: a[1:3],
                 lambda a, b: (a, a), lambda a, b: (a, a[:]), lambda a, b: (a[:], a[:]), lambda a, b: a[2:4], lambda a, b: a[1:3].copy(),
                 lambda a, b: np.ndarray((2,), float, a, 8)[:]]
    for at, left in enumerate(functions):
        for number, right in enumerate(functions):
            alike = {at, number} <= {5, 11} or at == number
            assert oracle.same_outcome(run(left), run(right)) == alike, (at, number)


def test_what_a_call_writes_is_compared():
    def run(function, text="filled('float64', 4)"):
        return oracle.outcome(function, *program.arguments(f"f({text})", {}))

    def write(at, value, raising=False):
        def f(a):
            a[at] = value
            if raising:
                raise ValueError("text")
        return f

    assert oracle.same_outcome(run(write(0, 9.0)), run(write(0, 9.0)))
    for other in (write(0, 8.0), write(1, 9.0), write(0, 9.0, True)):
        assert not oracle.same_outcome(run(write(0, 9.0)), run(other))
    assert not oracle.same_outcome(run(write(0, 9.0, True)), run(write(0, 8.0, True)))
    # Beside a view, too.
    strided = "filled('float64', 8)[2:6]"

    def beyond(a):
        a.base[7] = 5.0

    assert not oracle.same_outcome(run(lambda a: None, strided), run(beyond, strided))
    found = oracle.in_words(run(write(0, 9.0)), run(write(0, 8.0)))
    assert "argument after the call" in found and "9." in found and "8." in found


def test_every_layout_is_what_it_says():
    for text in layouts.every(layouts=layouts.TAKEN + layouts.OTHER):
        one, other = eval(text, NAMES), eval(text, NAMES)
        assert encode(one) == encode(other) and not np.may_share_memory(one, other) or not one.size
        assert show(encode(one))
    shape = (3, 4)
    flags = {layout: eval(layouts.written(layout, "int16", shape), NAMES) for layout in layouts.TAKEN + layouts.OTHER}
    assert all(one.shape == shape for one in flags.values())
    assert [name for name, one in flags.items() if one.flags.c_contiguous] == ["C", "read-only", "unaligned", "swapped", "subclass", "matrix", "masked",
                                                                             "record"]
    assert [name for name, one in flags.items() if one.flags.f_contiguous] == ["F", "transposed"]
    assert flags["reversed"].strides == (-8, -2) and flags["broadcast"].strides == (0, 2) and flags["column"].strides == (24, 6)
    assert [name for name, one in flags.items() if not one.flags.writeable] == ["read-only", "read-only strided"]
    assert [name for name, one in flags.items() if not taken(one)] == list(layouts.OTHER)
    assert [name for name, one in flags.items() if arrays.is_refused(one)] == ["unaligned", "swapped"]


def test_arguments_are_made_anew_and_may_share_memory():
    call = (Text("x := filled('int8', 5)"), Text("x[1:]"), 3)
    assert program.written_call("f", call) == "f(x := filled('int8', 5), x[1:], 3)"
    (a, b, c), _ = program.made(call)
    (d, e, _), _ = program.made(call)
    assert np.shares_memory(a, b) and c == 3 and not np.shares_memory(a, d) and encode(a) == encode(d)
    assert arrays.relations(b, (a, b)) == ((1, None, (0, 1), 0),)


def test_units_in_the_last_place():
    one = np.float64(1.0)
    near, far = np.nextafter(one, 2), one + 1e-12
    assert oracle.same_outcome(made(one), made(near), ulps=4) and not oracle.same_outcome(made(one), made(near))
    assert not oracle.same_outcome(made(one), made(far), ulps=4)
    assert oracle.same_outcome(made((one, np.array([1.0]))), made((near, np.array([near]))), ulps=4)
    assert not oracle.same_outcome(made(np.float32(1)), made(one), ulps=4)
    assert oracle.same_outcome(made(np.float64(5e-324)), made(np.float64(-5e-324)), ulps=3)
    assert not oracle.same_outcome(made(1.0), made(float(near)), ulps=4)
    for text in ("np.sin(a)", "np.exp2(a)", "np.log1p(a)", "np.arctan2(a, b)", "np.power(a, b)"):
        assert table.ulps(text), text
    for text in ("np.sqrt(a)", "np.abs(a)", "np.sign(a)", "np.floor(a)", "np.linspace(a)", "math.sin(a)", "a.sin"):
        assert not table.ulps(text), text


def instrumented(text, call, name="f"):
    plain = program.execute(text, "<harness>", program.undecorated)
    runner = rules.Instrumented(text, name, plain)
    expected = oracle.outcome(plain[name], *program.arguments(call, {}))
    args, kwargs = program.arguments(call, {})
    leaves = runner.run(args, kwargs, traced=True)
    return expected, args, leaves


@pytest.mark.parametrize(("body", "call", "where"), [
    ("a[0] = 1.5", "f(filled('float64', 3))", {}),
    ("a[0] = a[1] = a[-1]\n    a[i := 1] = a[0]", "f(filled('float64', 3))", {}),
    ("a[3] = 1.5", "f(filled('float64', 3))", {2: 1}),
    ("a[0] = 1.5\n    a[0] = 2**70", "f(filled('int64', 3))", {3: 2}),
    ("a[0] = 300", "f(filled('int8', 3))", {2: 1}),
    ("a[0] = 1.5", "f(read_only(filled('int8', 3)))", {2: 1}),
    ("a[0] = 1e300", "f(filled('int8', 3))", {2: 1}),
    ("a[0] = 1j", "f(filled('complex64', 3))", {}),
    ("a[1:] = 1", "f(filled('int8', 3))", {2: 1}),
    ("a[True] = 1", "f(filled('int8', 3))", {2: 1}),
    ("for i in range(len(a)):\n        a[i, 0], a[i, 1] = a[i, 1], a[i, 0]", "f(filled('int8', (3, 2)))", {}),
    ("for x in a:\n        x[0] = len(a) + a.ndim", "f(filled('int8', (3, 2)))", {}),
    ("return a[1:, ::2][0, i := 1], i", "f(filled('int8', (3, 4)))", {}),
    ("return a[[0, 1]]", "f(filled('int8', 3))", {2: 1}),
    ("return a[0]", "f(swapped(filled('int16', 3)))", {2: 2}),
])
def test_rules_of_elements(body, call, where):
    text = f"import numpy as np\ndef f(a):\n    {body}\n"
    expected, args, leaves = instrumented(text, call)
    assert {line - 1: count for line, count in leaves.counts.items()} == where, leaves.reasons
    # And it does what the function does.
    assert arrays.after(args) == expected.after and (leaves.raised is not None) == expected.raised


@pytest.mark.parametrize(("name", "types", "operands"), [
    ("+", (np.int8, np.int8), "int8"), ("+", (np.int8, int), "int8"), ("*", (np.uint8, np.int8), "int16"), ("-", (np.float32, float), "float32"),
    ("-", (np.int32, float), "float64"), ("<", (np.uint64, np.int64), "float64"), ("+", (bool, np.int8), "int8"), ("+", (np.bool_, int), "int64"),
    ("*", (np.complex64, float), "complex64"),
])
def test_operands_are_converted_as_numpy_does(name, types, operands):
    assert (operands, operands) in arrays.converted(types)
    samples = [layouts.values(np.dtype(one).name, False)[1] if one.__module__ == "numpy" else one(1) for one in types]
    assert name == "<" or type(table.BINARY[name](*samples)).__name__ == operands
