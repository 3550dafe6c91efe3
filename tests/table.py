"""The table of operators as the tests see it: its rows, edge values, and programs that try every row on all of them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from itertools import product

from tests import oracle
from tests.program import Program

INTS = [0, 1, -1, 2, 3, 7, 63, 64, -64, 2**31, 2**32, -(2**31), 2**53, 2**53 + 1, -(2**53) - 1, 2**62, 2**63 - 1, -(2**63)]
FLOATS = [
    0.0, -0.0, 0.5, 1.0, 1.5, -2.5, 3.0, 2.0**53, 2.0**63, -(2.0**63), 1e308, -1e308, 5e-324, -5e-324,
    2.2250738585072014e-308, float("inf"), float("-inf"), float("nan"),
]
BOOLS = [True, False]
VALUES = [*INTS, *FLOATS, *BOOLS]
# As they are written in programs.
LITERALS = ["0", "1", "-1", "2", "3", "7", "63", "64", "-3", "4294967296", "9007199254740993", "4611686018427387904",
            "9223372036854775807", "-9223372036854775808", "0.0", "-0.0", "0.5", "-2.5", "1e308", "5e-324", "1e400", "-1e400",
            "True", "False"]

BINARY = tuple(symbol for symbol in oracle.BINARY if symbol != "@")
COMPARE = tuple(oracle.COMPARE)
UNARY = ("-", "+", "~", "not ")
# Most expressions of one program: enough to spare compilations, few enough to keep them short.
CHUNK = 24


@dataclass(frozen=True)
class Row:
    """One row that users can write."""

    name: str
    params: tuple[str, ...]
    result: str
    example: str


@cache
def rows() -> list[Row]:
    """Every row that users can write, from the extension."""
    from brrr._brrr import operators

    every = [Row(one["name"], tuple(one["params"]), one["result"], one["example"]) for one in operators()]
    return [row for row in every if not row.name.endswith(".")]


_TYPES = {int: "int", float: "float", bool: "bool", type(None): "None"}


def resolve(name: str, types: tuple[type, ...]) -> Row | None:
    """The row that operands of these types use, after Python's conversions."""
    exact = tuple(_TYPES[one] for one in types)
    as_int = tuple("int" if one == "bool" else one for one in exact)
    tries = [exact, as_int] + ([("float",) * len(exact)] if "None" not in exact else [])
    found = {(row.name, row.params): row for row in rows()}
    return next((found[name, one] for one in tries if (name, one) in found), None)


def covered(used) -> set[Row]:
    """The rows behind the operations of an instrumented run."""
    return {row for name, *types in used if (row := resolve(name, tuple(types)))}


# Programs -------------------------------------------------------------------------------------------------------------


def _slow(symbol: str, left, right) -> bool:
    both_ints = isinstance(left, int) and isinstance(right, int)
    return both_ints and oracle.huge(symbol, left, right)


def pairs(symbol: str) -> list[tuple]:
    """All pairs of edge values, but those for which CPython would make a huge int."""
    return [(a, b) for a, b in product(VALUES, VALUES) if not _slow(symbol, a, b)]


def operand_programs() -> list[Program]:
    """`a op b` and `a op= b` for every operator on all pairs of edge values, unary operators on all values."""
    programs = []
    for symbol in (*BINARY, *COMPARE):
        programs.append(Program(f"@brrr\ndef f(a, b):\n    return a {symbol} b\n", "f", pairs(symbol)))
    for symbol in BINARY:
        text = f"@brrr\ndef f(a, b):\n    a {symbol}= b\n    return a\n"
        programs.append(Program(text, "f", pairs(symbol)))
    for symbol in UNARY:
        programs.append(Program(f"@brrr\ndef f(a):\n    return {symbol}a\n", "f", [(a,) for a in VALUES]))
    for symbol in ("and", "or"):
        programs.append(Program(f"@brrr\ndef f(a, b):\n    return a {symbol} b\n", "f", pairs(symbol)))
        programs.append(Program(f"@brrr\ndef f(a, b):\n    return not (a {symbol} b)\n", "f", pairs(symbol)))
    programs.append(Program("@brrr\ndef f(a, b):\n    return a if a > b else b\n", "f", pairs("<")))
    programs.append(Program("@brrr\ndef f(a, b):\n    return a < b <= a\n", "f", pairs("<")))
    return programs


def joined_programs() -> list[Program]:
    """Operators on values whose type is known at run time only."""
    programs = []
    for symbol in (*BINARY, *COMPARE):
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
        calls = [(3, b, 2.5, d) for b, d in pairs(symbol) if not _slow(symbol, 3, d)]
        programs.append(Program(text, "f", calls[::7]))
    return programs


def literal_programs() -> list[Program]:
    """Literals on the left, on the right and on both sides."""
    programs = []
    for symbol in (*BINARY, *COMPARE):
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
            return _slow(symbol, eval(left, {"a": a}), eval(right, {"a": a}))
    return False
