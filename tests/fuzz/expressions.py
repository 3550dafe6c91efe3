"""Random expressions: from the wanted type downwards, a row that gives the type, then operands of its parameters' types.

A few operands are of another type, and a few names may be unbound, on purpose. A kind is the name of a type, or a tuple of kinds.
"""

from __future__ import annotations

import random

from tests import edges, table
from tests.fuzz import features
from tests.table import Row

Kind = str | tuple

NAMES = ["x", "y", "z", "u", "v", "w"]
INT_LITERALS = [0, 0, 1, 1, 2, 2, 3, 5, 7, 10, 63, 64, 2**31, 2**32, 2**53, 2**53 + 1, 2**62, 2**63 - 1]
BEYOND_LITERALS = [2**64 - 1, 2**63, 0xCBF29CE484222325, 2**100]
FLOAT_LITERALS = ["0.0", "0.5", "1.0", "1.5", "2.5", "0.1", "1e308", "5e-324", "9007199254740992.0", "1e400", "1e-5"]
COMPLEX_LITERALS = ["1j", "0j", "2.5j", "(1 + 2j)", "(0.5 - 1j)"]
WEIGHTS = {"+": 6, "-": 5, "*": 4, "/": 2, "//": 2, "%": 3, "**": 1, "<<": 1, ">>": 1, "not": 2, "<": 2, "==": 2}
SCALARS = ("int", "float", "bool")
# Kinds that may stand in the place of another one.
NARROWER = {"int": ("bool",), "float": ("int", "int", "bool"), "complex": ("float", "int", "bool"), "bool": ("int",)}


class Expressions:
    """The part of the generator that makes expressions; `types` holds the kinds of names as far as the text tells."""

    random: random.Random
    types: dict[str, Kind]
    constants: dict[str, str]
    has: frozenset[str]
    # More names, so that walruses have targets of their own.
    meant: dict[str, Kind]

    # Kinds.

    def _kind(self) -> Kind:
        if self.random.random() < 0.07 and "tuple" in self.has:
            return self._tuple_kind()
        more = ("complex", "None") if "complex" in self.has else ("None",)
        weights = [6, 4, 1, 0.7, 0.15] if len(more) == 2 else [6, 4, 1, 0.15]
        return self.random.choices((*SCALARS, *more), weights)[0]

    def _scalar(self) -> str:
        return self.random.choices([*SCALARS, "complex"], [6, 4, 1, 0.7 if "complex" in self.has else 0])[0]

    def _tuple_kind(self, depth: int = 1) -> tuple:
        parts = [self._scalar() for _ in range(self.random.choice([0, 1, 2, 2, 2, 3]))]
        if depth and parts and "tuple nested" in self.has and self.random.random() < 0.2:
            parts[-1] = self._tuple_kind(0)
        return tuple(parts)

    # Leaves.

    def _target(self) -> str:
        return self.random.choice(NAMES + list(self.meant))

    def _name(self, kind: Kind) -> str | None:
        if self.random.random() < 0.006:
            return self._target()
        known = [name for name, one in self.types.items() if one == kind]
        if kind == "float" and self.random.random() < 0.2:
            known += [name for name, one in self.types.items() if one in ("int", "bool")]
        if kind == "int" and self.random.random() < 0.1:
            known += [name for name, one in self.types.items() if one == "bool"]
        known += [name for name, one in self.constants.items() if one == kind]
        return self.random.choice(known) if known else None

    def _literal(self, kind: Kind) -> str:
        if isinstance(kind, tuple):
            return self._tuple([self._literal(one) for one in kind])
        if self.random.random() < 0.003:
            return "None"
        match kind:
            case "bool":
                return self.random.choice(["True", "False"])
            case "float":
                return self.random.choice(FLOAT_LITERALS)
            case "complex":
                return self.random.choice(COMPLEX_LITERALS)
            case "None":
                return "None"
        if self.random.random() < 0.01 and "literal beyond" in self.has:
            return str(self.random.choice(BEYOND_LITERALS))
        return str(self.random.choice(INT_LITERALS[:11] if self.random.random() < 0.85 else INT_LITERALS))

    @staticmethod
    def _tuple(parts: list[str]) -> str:
        return "(" + ", ".join(parts) + ("," if len(parts) == 1 else "") + ")"

    # Expressions.

    def _result(self) -> str:
        if self.in_group and self.random.random() < 0.93:
            return self._expression(self.wanted, 2)
        if self.random.random() < 0.35 and self.types:
            return self.random.choice(list(self.types))
        if self.random.random() < 0.25 and "tuple" in self.has and len(self.types) > 1:
            return self._tuple(self.random.sample(list(self.types), 2))
        return self._expression(self._kind(), 2)

    def _condition(self, depth: int = 2) -> str:
        pick = self.random.random()
        if pick < 0.06 and "is none" in self.has and self.types:
            return f"{self.random.choice(list(self.types))} {self.random.choice(['is', 'is not'])} None"
        if pick < 0.12 and "in" in self.has:
            return self._contains(depth)
        return self._expression(self.random.choices(["bool", "int", "float"], [8, 1, 1])[0], depth)

    def _contains(self, depth: int) -> str:
        kind = self.random.choice(SCALARS)
        items = [self._literal(kind if self.random.random() < 0.8 else self._scalar()) for _ in range(self.random.randint(1, 4))]
        word = "not in" if "not in" in self.has and self.random.random() < 0.3 else "in"
        return f"({self._expression(kind, depth - 1)} {word} {self._tuple(items)})"

    def _expression(self, kind: Kind, depth: int) -> str:
        if self.in_group and depth > 0 and self.random.random() < 0.3:
            made = self._call(depth)
            if made and (made[1] == kind or self.random.random() < 0.03):
                return made[0]
        if self.random.random() < 0.012:
            kind = self._scalar()
        if isinstance(kind, tuple):
            return self._tuple_expression(kind, depth)
        pick = self.random.random()
        if depth <= 0 or kind == "None" or pick < (0.06 if kind == "bool" else 0.3):
            return self._leaf(kind)
        if pick < 0.35:
            condition = self._condition(depth - 1)
            return f"({self._expression(kind, depth - 1)} if {condition} else {self._expression(kind, depth - 1)})"
        if pick < 0.42:
            word = self.random.choice(["and", "or"])
            left = self._expression(kind if self.random.random() < 0.7 else self._scalar(), depth - 1)
            return f"({left} {word} {self._expression(kind, depth - 1)})"
        if pick < 0.45 and "walrus" in self.has:
            value, target = self._expression(kind, depth - 1), self.random.choice(NAMES)
            self.types[target] = kind
            return f"({target} := {value})"
        if pick < 0.47 and "tuple index" in self.has:
            found = [(name, at) for name, one in self.types.items() if isinstance(one, tuple) for at, part in enumerate(one) if part == kind]
            if found:
                name, at = self.random.choice(found)
                return f"{name}[{at if self.random.random() < 0.7 else at - len(self.types[name])}]"
        if pick < 0.5 and "tuple functions" in self.has:
            text = self._over_tuple(kind, depth)
            if text is not None:
                return text
        if kind == "bool" and pick < 0.53:
            parts = [self._expression(self._scalar() if self.random.random() < 0.1 else self.random.choice(SCALARS), depth - 1)
                     for _ in range(3)]
            words = [self.random.choice(table.COMPARISONS) for _ in range(2)]
            return f"({parts[0]} {words[0]} {parts[1]} {words[1]} {parts[2]})"
        if kind == "bool" and pick < 0.55 and "in" in self.has:
            return self._contains(depth)
        if kind == "bool" and pick < 0.57 and "tuple compare" in self.has:
            shape = self._tuple_kind()
            words = ["==", "!=", "==", "<", ">="]
            return f"({self._tuple_expression(shape, 1)} {self.random.choice(words)} {self._tuple_expression(shape, 1)})"
        return self._some_row(kind, depth)

    def _over_tuple(self, kind: str, depth: int) -> str | None:
        """A function of a tuple at a name."""
        names = [name for name, one in self.types.items() if isinstance(one, tuple)]
        if not names:
            return None
        name = self.random.choice(names)
        parts = self.types[name]
        one = self._expression(self.random.choice(parts), depth - 1) if parts and isinstance(parts[0], str) else "1"
        match kind:
            case "bool":
                word = self.random.choice(["in", "not in"])
                return self.random.choice([f"any({name})", f"all({name})", f"({one} {word} {name})"])
            case "int":
                forms = [f"len({name})", f"{name}.count({one})", f"{name}.index({one})" if self.random.random() < 0.2 else f"len({name}[1:])"]
                if parts and set(parts) <= {"int", "bool"}:
                    forms += [f"sum({name})", f"min({name})", f"max({name})", f"math.prod({name})", f"sum({name}, {one})"]
                return self.random.choice(forms)
            case "float":
                if not parts or not set(parts) <= set(SCALARS):
                    return None
                return self.random.choice([f"math.fsum({name})", f"math.dist({name}, {name}[::-1])", f"sum({name}, 0.5)",
                                           *([f"max({name})", f"sum({name})"] if "float" in parts else [])])
        return None

    def _leaf(self, kind: Kind) -> str:
        name = self._name(kind) if self.random.random() < 0.8 else None
        scalars = [name for name, one in self.types.items() if one in SCALARS]
        if name is None and kind == "bool" and scalars and self.random.random() < 0.8:
            one = self.random.choice(scalars)
            return f"({one} {self.random.choice(table.COMPARISONS)} {self._literal(self.types[one])})"
        return name or self._literal(kind)

    def _tuple_expression(self, kind: tuple, depth: int) -> str:
        name = self._name(kind)
        if name is not None and self.random.random() < 0.5:
            return name
        if "tuple slice" in self.has and self.random.random() < 0.15:
            longer = [(name, one) for name, one in self.types.items() if isinstance(one, tuple) and len(one) > len(kind)]
            for name, one in longer:
                for text, part in ((f"{name}[{len(one) - len(kind)}:]", one[len(one) - len(kind):]), (f"{name}[:{len(kind)}]", one[:len(kind)])):
                    if part == kind:
                        return text
            if len(kind) == 2 and kind[0] == kind[1]:
                return f"({self._expression(kind[0], 1)},) * 2"
            return f"{self._tuple_expression(kind[::-1], depth - 1)}[::-1]" if depth > 0 else self._literal(kind)
        return self._tuple([self._expression(one, min(depth - 1, 1)) for one in kind])

    def _some_row(self, kind: str, depth: int) -> str:
        rows = [row for row in features.rows() if row.result == kind]
        operators = [row for row in rows if row.kind in ("binary", "unary", "power")]
        calls = [row for row in rows if row.kind not in ("binary", "unary", "power")]
        forms = [one for one in features.forms() if one[2] == kind]
        pick = self.random.random()
        if forms and pick < 0.06:
            text, params, _ = self.random.choice(forms)
            return "(" + text.format(*(self._operand("int" if one == "small" else one, depth, one == "small") for one in params)) + ")"
        if calls and pick < 0.3 or not operators:
            if not calls:
                return self._leaf(kind)
            # What this CPython does not have, or always raises for, would end too many calls.
            weights = [0.5 + features.good(row)[0] if features.good(row)[1] else 0.02 for row in calls]
            return self._call_row(self.random.choices(calls, weights)[0], depth)
        return self._operation(self._row(operators), depth)

    def _operand(self, kind: str, depth: int, small: bool = False) -> str:
        if small:
            return f"({self._expression('int', depth - 1)} & 15)"
        if self.random.random() < 0.1 and kind in NARROWER:
            kind = self.random.choice(NARROWER[kind])
        return self._expression(kind, depth - 1)

    def _row(self, rows: list[Row]) -> Row:
        # What always leaves would leave too often.
        weights = [0.05 if "always" in row.leaves else WEIGHTS.get(row.name, 1) for row in rows]
        return self.random.choices(rows, weights)[0]

    def _call_row(self, row: Row, depth: int) -> str:
        share, fine = features.good(row)
        # Operands that a function raises for end the call: mostly those are taken for which it does not.
        if fine and self.random.random() > share + 0.1:
            operands = list(self.random.choice(fine))
            if len(operands) > 1 and self.random.random() < 0.3:
                at = self.random.randrange(len(operands))
                operands[at] = self._operand(row.params[at], depth)
            return row.spelled(*operands)
        return row.spelled(*(self._operand(one, depth) for one in row.params))

    def _operation(self, row: Row, depth: int) -> str:
        if row.kind == "unary":
            # Two minus signs in a row would do, but read badly.
            return f"({row.name} {self._expression(row.params[0], depth - 1)})"
        if row.kind == "power":
            return f"({self._expression('int', 0)} ** -{self.random.choice([1, 1, 2, 3])})"
        return f"({self._operand(row.params[0], depth)} {row.name} {self._right(row, depth)})"

    def _right(self, row: Row, depth: int) -> str:
        small = self.random.random() < 0.8
        if row.name == "**" and small:
            return self.random.choice(["0", "1", "2", "2", "3", "0.5", "1.5", "7"])
        if row.name in ("<<", ">>") and small:
            return self.random.choice(["0", "1", "3", "10", "31", "62", "63", "64"])
        if row.name in ("/", "//", "%") and small:
            return self.random.choice(["2", "3", "-2", "7", "-1", "True"] if row.params[0] == "int" else ["2", "3", "-2", "7", "0.5", "-1", "1e308", "True"])
        return self._operand(row.params[-1], depth)

    # Values for arguments.

    def _value(self, kind: Kind, edge: bool):
        if isinstance(kind, tuple):
            return tuple(self._value(one, edge) for one in kind)
        return self.random.choice((edges.BY_TYPE if edge else SMALL)[kind])


# Arguments of the type a parameter is meant for.
SMALL = {
    "int": [0, 1, -1, 2, 3, 4, 5, 7, -3, -7, 10, 12],
    "float": [0.0, 0.5, 1.0, 1.5, -2.5, 3.0, 0.1, -0.0, 100.25],
    "bool": [True, False], "None": [None], "complex": [0j, 1j, 1 + 2j, -0.5 + 0.25j],
}
