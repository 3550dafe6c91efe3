"""Programs that try every row of the table of operators on edge values."""

from __future__ import annotations

import inspect
import random
from functools import cache
from itertools import product

from tests import numpy_edges, table
from tests.program import Program
from tests.table import ARITHMETIC, COMPARISONS, Row
from tests.values import huge

INTS = [0, 1, -1, 2, 3, 7, 63, 64, -64, 2**31, 2**32, -(2**31), 2**53, 2**53 + 1, -(2**53) - 1, 2**62, 2**63 - 1, -(2**63)]
FLOATS = [
    0.0, -0.0, 0.5, 1.0, 1.5, -2.5, 3.0, 2.0**53, 2.0**63, -(2.0**63), 1e308, -1e308, 5e-324, -5e-324,
    2.2250738585072014e-308, float("inf"), float("-inf"), float("nan"),
]
BOOLS = [True, False]
COMPLEXES = [0j, complex(-0.0, -0.0), 1j, 1 + 2j, -2.5 + 0.5j, complex(1e308, -1e308), complex(float("inf"), 1.0),
             complex(float("nan"), 0.0), complex(0.0, float("-inf")), complex(3.0, 0.0)]
VALUES = [*INTS, *FLOATS, *BOOLS]
BY_TYPE = {"int": INTS, "float": FLOATS, "bool": BOOLS, "complex": COMPLEXES, "None": [None]}
# As they are written in programs.
LITERALS = ["0", "1", "-1", "2", "3", "7", "63", "64", "-3", "4294967296", "9007199254740993", "4611686018427387904",
            "9223372036854775807", "-9223372036854775808", "0.0", "-0.0", "0.5", "-2.5", "1e308", "5e-324", "1e400", "-1e400",
            "True", "False"]

UNARY = ("-", "+", "~", "not ")
# Most expressions of one program: enough to spare compilations, few enough to keep them short.
CHUNK = 24
# Most calls of one program whose row has more than two operands.
MOST_CALLS = 1_500


@cache
def values() -> list:
    """Edge values of every type that the table has."""
    known = {one for row in table.rows() for one in (*row.params, row.result)}
    return [*VALUES, *(COMPLEXES if "complex" in known else ()), *([None] if "None" in known else ())]


def pairs(symbol: str) -> list[tuple]:
    """All pairs of edge values, but those for which CPython would make a huge int."""
    return [(a, b) for a, b in product(values(), values()) if not huge(symbol, (a, b))]


def operand_programs() -> list[Program]:
    """`a op b` and `a op= b` for every operator on all pairs of edge values, unary operators on all values."""
    programs = []
    for symbol in (*ARITHMETIC, *COMPARISONS):
        programs.append(Program(f"@brrr\ndef f(a, b):\n    return a {symbol} b\n", "f", pairs(symbol)))
    for symbol in ARITHMETIC:
        text = f"@brrr\ndef f(a, b):\n    a {symbol}= b\n    return a\n"
        programs.append(Program(text, "f", pairs(symbol)))
    for symbol in UNARY:
        programs.append(Program(f"@brrr\ndef f(a):\n    return {symbol}a\n", "f", [(a,) for a in values()]))
    for symbol in ("and", "or"):
        programs.append(Program(f"@brrr\ndef f(a, b):\n    return a {symbol} b\n", "f", pairs(symbol)))
        programs.append(Program(f"@brrr\ndef f(a, b):\n    return not (a {symbol} b)\n", "f", pairs(symbol)))
    programs.append(Program("@brrr\ndef f(a, b):\n    return a if a > b else b\n", "f", pairs("<")))
    programs.append(Program("@brrr\ndef f(a, b):\n    return a < b <= a\n", "f", pairs("<")))
    return programs


def called() -> list[Row]:
    """One row for each function, method or attribute and each number of operands."""
    found = {(row.name, len(row.params)): row for row in table.rows() if row.kind in ("call", "method", "attribute")}
    return list(found.values())


def call_programs() -> list[Program]:
    """Every function, method and attribute of the table: on all edge values, on all pairs, on many triples and more."""
    programs = []
    for row in called():
        names = ["a", "b", "c", "d", "e"][:len(row.params)]
        text = table.preamble(f"@brrr\ndef f({', '.join(names)}):\n    return {row.spelled(*names)}\n")
        if len(names) <= 2:
            calls = list(product(values(), repeat=len(names)))
        else:
            chosen = random.Random(row.name)
            calls = [tuple(chosen.choice(values()) for _ in names) for _ in range(MOST_CALLS)]
            # Operands of the types of each row of that name, small ones among them.
            for other in table.rows():
                if other.name == row.name and len(other.params) == len(names):
                    calls += [tuple(chosen.choice(BY_TYPE.get(one, INTS)[:8]) for one in other.params) for _ in range(200)]
        programs.append(Program(text, "f", [one for one in calls if not huge(row.name, one)]))
    return programs


def joined_programs() -> list[Program]:
    """Operators on values whose type is known at run time only."""
    programs = []
    for symbol in (*ARITHMETIC, *COMPARISONS):
        text = inspect.cleandoc(f"""
            @brrr
            def f(a, b, c, d):
                x = a
                y = c
                for i in range(2):
                    if i:
                        z = x {symbol} y
                    if c == c:
                        x = b
                    if a == a:
                        y = d
                return z
        """) + "\n"
        calls = [(3, b, 2.5, d) for b, d in pairs(symbol) if not huge(symbol, (3, d))]
        programs.append(Program(text, "f", calls[::7]))
    for row in called():
        more = ", ".join(["", *(f"a{at}" for at in range(1, len(row.params)))])
        operands = ["x", *(f"a{at}" for at in range(1, len(row.params)))]
        text = table.preamble(inspect.cleandoc(f"""
            @brrr
            def f(a, b{more}):
                x = a
                for i in range(2):
                    if i:
                        z = {row.spelled(*operands)}
                    if a == a:
                        x = b
                return z
        """) + "\n")
        chosen = random.Random(row.name)
        calls = [(3, b, *(chosen.choice(BY_TYPE.get(one, INTS)) for one in row.params[1:])) for b in values()]
        programs.append(Program(text, "f", [one for one in calls if not (huge(row.name, one[1:]) or huge(row.name, (3, *one[2:])))]))
    return programs


def literal_programs() -> list[Program]:
    """Literals on the left, on the right and on both sides."""
    programs = []
    for symbol in (*ARITHMETIC, *COMPARISONS):
        right = [f"a {symbol} {literal}" for literal in LITERALS]
        left = [f"{_bracketed(literal, symbol)} {symbol} a" for literal in LITERALS]
        for expressions in (right, left):
            text = chosen("k, a", expressions)
            calls = [(k, a) for k, one in enumerate(expressions) for a in VALUES if not _slow_text(one, a)]
            programs.append(Program(text, "f", calls))
        both = [f"{_bracketed(a, symbol)} {symbol} {b}" for a, b in product(LITERALS, LITERALS)]
        both = [one for one in both if not _slow_text(one, 0)]
        for at in range(0, len(both), CHUNK):
            expressions = both[at:at + CHUNK]
            programs.append(Program(chosen("k", expressions), "f", [(k,) for k in range(len(expressions))]))
    for symbol in UNARY:
        expressions = [f"{symbol}({literal})" for literal in LITERALS]
        programs.append(Program(chosen("k", expressions), "f", [(k,) for k in range(len(expressions))]))
    for row in called():
        if len(row.params) == 1:
            expressions = [row.spelled(literal) for literal in LITERALS if not huge(row.name, (eval(literal),))]
            programs.append(Program(table.preamble(chosen("k", expressions)), "f", [(k,) for k in range(len(expressions))]))
    return programs


def chosen(parameters: str, expressions: list[str]) -> str:
    """A function that returns the expression with the number `k`."""
    lines = [line for k, one in enumerate(expressions) for line in (f"    if k == {k}:", f"        return {one}")]
    return f"@brrr\ndef f({parameters}):\n" + "\n".join(lines) + "\n"


def _bracketed(literal: str, symbol: str) -> str:
    # `-2 ** a` is `-(2 ** a)`.
    return f"({literal})" if symbol == "**" and literal.startswith("-") else literal


def _slow_text(expression: str, a) -> bool:
    for symbol in ("**", "<<"):
        left, found, right = expression.partition(f" {symbol} ")
        if found:
            return huge(symbol, (eval(left, {"a": a}), eval(right, {"a": a})))
    return False


def construct_programs() -> list[Program]:
    """What is no operator: names written inside expressions, `None`, membership, identity, tuples, ints without a sign; where the build takes them."""
    from tests.fuzz import features

    some = [3, -7, 2**62, 0.5, float("nan"), float("inf"), True, None]
    two = list(product(some, some))
    made = [
        ("walrus", "a, b", "x = 1\n    y = (x := a) == x\n    return x, y" if "tuple" in features.constructs() else
         "x = 1\n    y = (x := a) == x\n    return x if y else b", two),
        ("walrus", "a, b", "x = 2\n    y = x + (x := b) * a // (b - 3)\n    return x + y", two),
        ("walrus", "a, b", "x = a\n    while (x := x - 2) > 0 and x:\n        b += x\n    return x", [(9, 1), (2**63 - 1 - 2**62, 0), (0, 0)][::2]),
        ("is none", "a, b", "return a is None, b is not None" if "tuple" in features.constructs() else "return a is None", two),
        ("is none", "a, b", "x = None\n    for i in range(3):\n        if x is None:\n            x = a\n        else:\n            x = b\n    return x", two),
        ("in", "a, b", "return a in (1, 0.5, 3, None)", two),
        ("in", "a, b", "return a in (a, b), b not in (a, 3)", two),
        ("tuple compare", "a, b", "return (a, b) == (a, 0.5)", two),
        ("tuple compare", "a, b", "return (a, b) < (a, 3)", two),
        ("tuple compare", "a, b", "return (a, b) != (b, a), ((a,), b) >= ((b,), a)", two),
        ("tuple unpack", "a, b", "x = a, b\n    b, a = x\n    return x, a, b, x[1], x[-2]", two),
        ("tuple argument", "a, b", "x, y = a\n    return y, x, b, a", [((1, 2.5), 3), ((True, None), 0.5), ((1.5, 2**63 - 1), -1)]),
        ("tuple compare", "a, b", "x = a | 9223372036854775808\n    y = b | 9223372036854775808\n    return x < y, x <= y, x == y, x - y if x >= y else y - x",
         [(3, 5), (5, 3), (2**62, 1), (7, 7), (0, 2**63 - 1)]),
        ("complex", "a, b", "x = a ** -2\n    return x * b ** -1", [(1 + 2j, 2j), (0.5j, 3 + 0j), (0j, 1j), (2j, 0j), (3, 2j)]),
        ("match", "a, b", "match a:\n        case 3:\n            b = 1\n        case -7:\n            b = 2\n    return b", two),
        ("match capture", "a, b", "match a:\n        case x if x and x == b:\n            return x\n        case x:\n            b = x\n    return b", two),
        ("assert message", "a, b", "assert a, 'text'\n    return b", two),
        ("raise formatted", "a, b", "if a == b:\n        raise ValueError(f'{a!r} is {b}')\n    return b", two),
    ]
    return [Program(f"@brrr\ndef f({names}):\n    {body}\n", "f", calls) for construct, names, body, calls in made
            if construct in features.constructs()]


SOURCES = {"constructs": construct_programs, "operands": operand_programs, "calls": call_programs, "joined": joined_programs,
           "literals": literal_programs, **numpy_edges.SOURCES}
