"""The table of operators as the tests see it: its rows, how they are spelled, which row operands use."""

from __future__ import annotations

import ast
import operator
import re
from dataclasses import dataclass, replace
from functools import cache

from tests import arrays

BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "<<": operator.lshift, ">>": operator.rshift, "&": operator.and_,
    "|": operator.or_, "^": operator.xor, "@": operator.matmul,
}
COMPARE = {
    "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge,
}
UNARY = ("-", "+", "~", "not")
# The operators that have rows.
ARITHMETIC = tuple(symbol for symbol in BINARY if symbol != "@")
COMPARISONS = tuple(COMPARE)


@dataclass(frozen=True)
class Row:
    """One row that users can write."""

    name: str
    params: tuple[str, ...]
    result: str
    leaves: tuple[str, ...]
    example: str

    @property
    def kind(self) -> str:
        """How it is spelled: `binary`, `unary`, `power` (of a negative literal), `attribute`, `method` or `call`."""
        if self.name == "**-":
            return "power"
        if len(self.params) == 2 and self.name in (*ARITHMETIC, *COMPARISONS):
            return "binary"
        if len(self.params) == 1 and self.name in UNARY:
            return "unary"
        if self.name.startswith("."):
            return "method" if f"{self.name}(" in self.example else "attribute"
        if all(part.isidentifier() for part in self.name.split(".")):
            return "call"
        raise ValueError(f"tests/table.py does not know how `{self.name}` of the table of operators is spelled")

    def spelled(self, *operands: str) -> str:
        """The operation on operands, each of which is a name, a literal or in brackets; the result is in brackets."""
        kind = self.kind
        if kind == "power":
            return f"({operands[0]} ** -{operands[1]})"
        if kind == "binary":
            return f"({operands[0]} {self.name} {operands[1]})"
        if kind == "unary":
            return f"({self.name} {operands[0]})" if self.name == "not" else f"({self.name}{operands[0]})"
        if kind == "attribute":
            return f"({operands[0]}){self.name}"
        if kind == "method":
            return f"({operands[0]}){self.name}({', '.join(operands[1:])})"
        keywords = _keywords(self.example)
        plain = len(operands) - len(keywords)
        given = [*operands[:plain], *(f"{name}={value}" for name, value in zip(keywords, operands[plain:]))]
        return f"{self.name}({', '.join(given)})"


@cache
def _keywords(example: str) -> tuple[str, ...]:
    tree = ast.parse(example, mode="eval").body
    return tuple(one.arg for one in tree.keywords) if isinstance(tree, ast.Call) else ()


_PYTHON = {"None", "bool", "int", "float", "complex"}


def is_numpy(one: dict) -> bool:
    """A row of NumPy's scalars, or a function of NumPy."""
    return one["name"].startswith("np.") or not _PYTHON.issuperset(one["params"])


@cache
def rows() -> list[Row]:
    """Every row of Python's numbers that users can write, from the extension."""
    return _rows(False)


@cache
def numpy_rows() -> list[Row]:
    """Every row of NumPy's scalars that users can write."""
    return _rows(True)


def _rows(of_numpy: bool) -> list[Row]:
    from brrr._brrr import operators

    found: dict[tuple, Row] = {}
    for one in operators():
        if one["name"].endswith(".") or is_numpy(one) != of_numpy:
            continue
        row = Row(one["name"], tuple(one["params"]), one["result"], tuple(one["leaves"]), one["example"])
        # Ints of several widths are one type in Python.
        before = found.get((row.name, row.params))
        if before is not None:
            leaves = (*before.leaves, *(leave for leave in row.leaves if leave not in before.leaves))
            row = replace(before, leaves=leaves, example=before.example or row.example)
        found[row.name, row.params] = row
    return list(found.values())


@cache
def by_operands() -> dict[tuple[str, tuple[str, ...]], Row]:
    """Rows by name and types of operands."""
    return {(row.name, row.params): row for row in (*rows(), *numpy_rows())}


def python_name(kind: type) -> str:
    """The name of a type as the table has it."""
    if kind.__module__ == "numpy":
        return arrays.scalar_name(kind)
    return "None" if kind is type(None) else kind.__name__


_WIDER = ("bool", "int", "float", "complex")


@cache
def resolve(name: str, types: tuple[type, ...]) -> Row | None:
    """The row that operands of these types use, after Python's conversions: a bool counts as an int, an int beside a float as a
    float, either beside a complex as a complex; scalars of NumPy take NumPy's common type."""
    exact = tuple(python_name(one) for one in types)
    tries = [exact, tuple("int" if one == "bool" else one for one in exact)]
    if any(one.__module__ == "numpy" for one in types):
        tries += arrays.converted(types)
    elif all(one in _WIDER for one in exact):
        tries += [(kind,) * len(exact) for kind in _WIDER[2:] if all(_WIDER.index(one) <= _WIDER.index(kind) for one in exact)]
    found = by_operands()
    return next((found[name, one] for one in tries if (name, one) in found), None)


def covered(used) -> set[Row]:
    """The rows behind the operations of an instrumented run."""
    return {row for name, types in used if (row := resolve(name, types))}


# Elements of these are libm's in compiled code, and a library of NumPy's own in NumPy; all others agree to the bit.
_TRANSCENDENTAL = re.compile(r"\bnp\.(?:a?(?:sin|cos|tan)h?|arc\w+|exp\w*|log\w*|power|pow|float_power|cbrt|hypot)\b")
# Units in the last place by which they may differ.
MOST_ULPS = 4


def ulps(text: str) -> int:
    """By how much the floats of NumPy may differ in what a text computes."""
    return MOST_ULPS if _TRANSCENDENTAL.search(text) else 0


def preamble(text: str) -> str:
    """The text with the imports that its rows need."""
    numpy = "import numpy as np\n" if re.search(r"\bnp\.", text) else ""
    modules = sorted({row.name.partition(".")[0] for row in (*rows(), *numpy_rows()) if row.kind == "call" and "." in row.name})
    return numpy + "".join(f"import {one}\n" for one in modules if one != "np" and f"{one}." in text) + text


def clips_to_another(clipped: type, result: type) -> bool:
    """True if an int is clipped to what is not of its dtype: there NumPy leaves out bounds of Python's that no int of it is beyond."""
    own = {"int": "int64"}.get(name := python_name(clipped), name)
    return own in arrays.DTYPES and own.lstrip("u").startswith("int") and python_name(result) != own
