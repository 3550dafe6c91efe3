"""Programs that try every row of NumPy's scalars on edge values: every dtype against every dtype and against Python's numbers.

One function has several operations and is told which to do, which spares compilations. Without NumPy there are none.
"""

from __future__ import annotations

import random
from functools import cache
from itertools import product

from tests import arrays, layouts, table
from tests.arrays import DTYPES
from tests.program import Program
from tests.values import Text, huge

# Operations of one function.
OPERATORS = (("+", "-", "*", "/", "//", "%"), ("**", "<<", ">>", "&", "|", "^"), table.COMPARISONS)
# Python's numbers beside which each dtype is tried; ints also beyond what the dtypes hold.
PYTHON = {
    "int": [0, 1, -1, 2, 3, 7, -8, 63, 127, 128, 255, 256, -129, 2**31, 2**32, 2**53 + 1, 2**63 - 1, -(2**63)],
    "float": [0.0, -0.0, 0.5, -2.5, 3.0, 1e10, 1e39, -1e308, 5e-324, float("inf"), float("nan")],
    "bool": [True, False], "complex": [0j, 1 + 2j, -2.5 + 0.5j, complex(1e308, float("inf"))], "None": [None],
}
LITERALS = ["0", "1", "-1", "2", "7", "127", "128", "-129", "255", "256", "-32768", "65536", "4294967295", "9223372036854775807",
            "0.0", "-0.0", "0.5", "-2.5", "1e39", "1e400", "True", "2j"]
# Forms that are no row of their own, by the number of operands.
FORMS = {
    1: ["-a", "+a", "~a", "not a", "abs(a)", "int(a)", "float(a)", "bool(a)", "complex(a)", "round(a)", "round(a, 1)", "a.real", "a.imag", "a.conjugate()",
        "a == a", "a if a else 3", "a is None", "isinstance(a, float)", "isinstance(a, int)", "math.floor(a)", "math.ceil(a)", "math.trunc(a)", "(a, a)",
        "a in (1, 0.5, a)", "range(3)[a]", "a and 5", "a or 5", "0 < a <= 7", "a.bit_length()", "a.is_integer()", "a.item()"],
    2: ["a if a > b else b", "a and b", "a or b", "min(a, b)", "max(a, b)", "divmod(a, b)", "pow(a, b)", "round(a, b)", "a < b <= a", "complex(a, b)",
        "(a, b) == (b, a)", "a in (b, 3)", "a + b * a - 2", "(a + 1) // (b - 1)"],
}
# Values of one dtype beside those of another one.
FEW = 3


def _values(kind: str, most: int | None = None, seed: object = 0) -> list:
    every = list(layouts.values(kind)) if kind in DTYPES else PYTHON[kind]
    return every if most is None or len(every) <= most else random.Random(f"{kind}/{seed}").sample(every, most)


def _function(parameters: str, expressions: list[str]) -> str:
    lines = [line for k, one in enumerate(expressions) for line in (f"    if k == {k}:", f"        return {one}")]
    return table.preamble(f"@brrr\ndef f(k, {parameters}):\n" + "\n".join(lines) + "\n")


@cache
def decorates(expression: str) -> bool:
    """True if the build takes the expression."""
    from tests.fuzz.features import works

    return works(table.preamble(f"@brrr\ndef f(a, b, c):\n    return {expression}\n"), None)


def pairs() -> list[tuple[str, str]]:
    """Pairs of types of which one at least is a dtype."""
    return [*product(DTYPES, DTYPES), *product(DTYPES, PYTHON), *product(PYTHON, DTYPES)]


def _operands(left: str, right: str) -> list[tuple]:
    most = None if left == right else FEW
    return [(a, b) for a in _values(left, most, right) for b in _values(right, most or 2 * FEW, left)]


def operator_programs() -> list[Program]:
    """Every operator and comparison on every pair, also as `op=`."""
    programs = []
    texts = [_function("a, b", [f"a {symbol} b" for symbol in group]) for group in OPERATORS]
    for left, right in pairs():
        for group, text in zip(OPERATORS, texts):
            calls = [(k, a, b) for k, symbol in enumerate(group) for a, b in _operands(left, right) if not huge(symbol, (a, b))]
            programs.append(Program(text, "f", calls))
    for symbol in table.ARITHMETIC:
        text = f"@brrr\ndef f(a, b):\n    a {symbol}= b\n    return a\n"
        programs.append(Program(text, "f", [(_values(one, 1, symbol)[0], _values(other, 1, symbol)[0]) for one, other in pairs()[::5]]))
    return programs


@cache
def gives_half(form: str) -> bool:
    """True if NumPy gives a float16 for a bool or an int of 8 bits: calls that do are refused, and have functions of their own."""
    import numpy

    name = form.partition("(")[0]
    if name in ("np.round", "np.around"):
        return "," not in form
    function = getattr(numpy, name.removeprefix("np."), None) if name.startswith("np.") else None
    return isinstance(function, numpy.ufunc) and "e" in "".join(one.partition("->")[2] for one in function.types) and not any(
        one.startswith("b" * function.nin + "->") for one in function.types)


def parted(forms: list[str], size: int) -> list[list[str]]:
    """The forms, so many together; what may give a float16 stands alone."""
    others = [one for one in forms if not gives_half(one)]
    return [others[at:at + size] for at in range(0, len(others), size)] + [[one] for one in forms if gives_half(one)]


def form_programs() -> list[Program]:
    """Functions, methods and other forms of one and two operands."""
    programs = []
    one = [form for form in FORMS[1] if decorates(form)]
    rows = {row.spelled("a") for row in (*table.rows(), *table.numpy_rows()) if len(row.params) == 1 and row.kind in ("call", "method", "attribute")}
    one += sorted(text for text in rows if decorates(text) and text not in one)
    for part in parted(one, 12):
        for kind in DTYPES:
            calls = [(k, a) for k, form in enumerate(part) for a in _values(kind) if not huge(form.partition("(")[0], (a,))]
            programs.append(Program(_function("a", part), "f", calls, refusable=gives_half(part[0])))
    three = sorted({row.spelled("a", "b", "c") for row in table.numpy_rows() if len(row.params) == 3 and row.kind == "call"})
    for text in filter(decorates, three):
        for kind in DTYPES:
            chosen = random.Random(f"{text}/{kind}")
            calls = [(0, *(chosen.choice(_values(kind)) for _ in range(3))) for _ in range(20)]
            programs.append(Program(_function("a, b, c", [text]), "f", calls))
        # A number of Python's that comes first is none of the weak ones.
        chosen = random.Random(text)
        every = [*DTYPES, "int", "float", "bool", "complex"]
        calls = [(0, *(chosen.choice(_values(chosen.choice(every))) for _ in range(3))) for _ in range(300)]
        programs.append(Program(_function("a, b, c", [text]), "f", calls))
    two = [form for form in FORMS[2] if decorates(form)]
    rows = {row.spelled("a", "b") for row in (*table.rows(), *table.numpy_rows()) if len(row.params) == 2 and row.kind in ("call", "method")}
    two += sorted(text for text in rows if decorates(text) and text not in two)
    for at, part in enumerate(parted(two, 8)):
        for left, right in [*((one, other) for one in DTYPES for other in (one, "int")), ("float32", "int64"), ("float64", "int64")] + random.Random(at).sample(pairs(), 15):
            calls = [(k, a, b) for k, form in enumerate(part) for a, b in _operands(left, right)[:40] if not huge(form.partition("(")[0], (a, b))]
            programs.append(Program(_function("a, b", part), "f", calls, refusable=gives_half(part[0])))
    return programs


def function_programs() -> list[Program]:
    """The functions of NumPy that have rows on Python's numbers, and dtype constructors on everything."""
    programs = []
    for row in {(row.name, len(row.params)): row for row in table.numpy_rows() if row.kind == "call" and row.name.startswith("np.")}.values():
        names = ["a", "b", "c"][:len(row.params)]
        if not decorates(row.spelled(*names)):
            continue
        text = table.preamble(f"@brrr\ndef f({', '.join(names)}):\n    return {row.spelled(*names)}\n")
        every = [one for kind in ("int", "float", "bool", "complex") for one in PYTHON[kind]]
        calls = [tuple(one) for one in product(every, repeat=len(names))]
        programs.append(Program(text, "f", calls if len(calls) <= 400 else random.Random(row.name).sample(calls, 400), refusable=gives_half(row.spelled(*names))))
    return programs


def literal_programs() -> list[Program]:
    """Literals on either side of a scalar: they are weak, and ints have to fit."""
    programs = []
    for symbol in (*table.ARITHMETIC, *table.COMPARISONS):
        right = [f"a {symbol} {literal}" for literal in LITERALS]
        left = [f"{f'({literal})' if literal.startswith('-') else literal} {symbol} a" for literal in LITERALS]
        for expressions in (right, left):
            text = _function("a", expressions)
            calls = [(k, a) for k in range(len(expressions)) for kind in DTYPES for a in _values(kind, 1, f"{symbol}/{k}")]
            programs.append(Program(text, "f", calls))
    return programs


def joined_programs() -> list[Program]:
    """Operators on values of which only run time tells whether they are Python's or NumPy's."""
    programs = []
    for symbol in (*table.ARITHMETIC, *table.COMPARISONS):
        text = ("@brrr\ndef f(a, b, c, d):\n    x = a\n    y = c\n    for i in range(2):\n        if i:\n"
                f"            z = x {symbol} y\n        if i < 5:\n            x = b\n        if i < 7:\n            y = d\n    return z\n")
        chosen = random.Random(symbol)
        calls = []
        for left, right in chosen.sample(pairs(), 25):
            b, d = chosen.choice(_values(left)), chosen.choice(_values(right))
            calls += [(3, b, 2.5, d), (b, b, d, d)]
        programs.append(Program(text, "f", [one for one in calls if not huge(symbol, (3, one[3])) and not huge(symbol, (one[1], one[3]))]))
    return programs


def array_programs() -> list[Program]:
    """What is done with arrays: on every dtype, on every layout, and with indices out of bounds."""
    from tests.fuzz import array_features

    programs = []
    for at, name in enumerate(sorted(array_features.has())):
        text, _ = array_features.trial(array_features.BODIES[name])
        forms = [("C", dtype) for dtype in DTYPES] + [(layout, DTYPES[(at + k) % len(DTYPES)]) for k, layout in enumerate(layouts.TAKEN)]
        calls = [(Text(layouts.written(layout, dtype, (3,), at, at % 2 == 1)), Text(layouts.written(layout, dtype, (2, 3), at, at % 2 == 1)), i)
                 for k, (layout, dtype) in enumerate(forms) for i in ((1, 0), (1, -1), (1, 3), (1, -4))[k % 4]]
        calls += [(Text("np.zeros(0)"), Text("np.zeros((0, 3))"), 1), (Text("np.zeros(1)"), Text("np.zeros((3, 1))"), 0),
                  (Text("x := np.arange(6.0)"), Text("x.reshape(2, 3)"), 1), (Text("(x := np.arange(8))[1:4]"), Text("x[2:].reshape(3, 2).T"), 1)]
        programs.append(Program(text, "f", calls, refusable=True))
    return programs


def _if_present(make):
    def programs() -> list[Program]:
        return make() if arrays.present() and table.numpy_rows() else []
    return programs


SOURCES = {f"numpy {name}": _if_present(make) for name, make in {
    "operators": operator_programs, "forms": form_programs, "functions": function_programs, "literals": literal_programs, "joined": joined_programs,
    "arrays": array_programs,
}.items()}
