"""Random functions, made of the rows of the table of operators.

Expressions are made from the wanted type downwards: a row that gives the type, then operands of its parameters' types. A few
operands are of a wrong type, and a few names may be unbound, on purpose. Loops have few turns.
"""

from __future__ import annotations

import ast
import random

from tests import edges, table
from tests.program import Program

NAMES = ["x", "y", "z", "u", "v", "w"]
PARAMETERS = ["a", "b", "c"]
INT_LITERALS = [0, 0, 1, 1, 2, 2, 3, 5, 7, 10, 63, 64, 2**31, 2**32, 2**53, 2**53 + 1, 2**62, 2**63 - 1]
FLOAT_LITERALS = ["0.0", "0.5", "1.0", "1.5", "2.5", "0.1", "1e308", "5e-324", "9007199254740992.0", "1e400", "1e-5"]
WEIGHTS = {"+": 6, "-": 5, "*": 4, "/": 2, "//": 2, "%": 3, "**": 1, "<<": 1, ">>": 1, "not": 2,
           "<": 2, "==": 2}
# Of arguments of the type a parameter is meant for.
SMALL = {
    "int": [0, 1, -1, 2, 3, 4, 5, 7, -3, -7, 10, 12],
    "float": [0.0, 0.5, 1.0, 1.5, -2.5, 3.0, 0.1, -0.0, 100.25],
    "bool": [True, False],
}
EDGES = {"int": edges.INTS, "float": edges.FLOATS, "bool": edges.BOOLS}


class Generator:
    """Makes programs; the same ones for the same seed."""

    def __init__(self, seed: int):
        self.seed = seed

    def program(self, number: int) -> Program:
        """One function and calls of it."""
        self.random = random.Random(f"{self.seed}/{number}")
        count = self.random.choices([1, 2, 3], [2, 4, 3])[0]
        self.meant = {name: self.random.choices(["int", "float", "bool"], [6, 3, 1])[0] for name in PARAMETERS[:count]}
        # What a name was last assigned, as far as the text tells; names out of it may be unbound.
        self.types = dict(self.meant)
        self.lines: list[str] = []
        self.loops = 0
        self.budget = self.random.randint(3, 14)
        self._block(1, in_loop=False)
        if self.random.random() < 0.9:
            self._line(1, f"return {self._result()}")
        self._bind_the_rest()
        text = f"@brrr\ndef f({', '.join(self._parameter(name) for name in self.meant)}):\n" + "\n".join(self.lines) + "\n"
        return Program(text, "f", [self._call() for _ in range(self.random.randint(4, 8))])

    def _bind_the_rest(self) -> None:
        # A name that is read only would be a name from outside, which is refused.
        tree = ast.parse("def f():\n" + "\n".join(self.lines)).body[0]
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id not in ("range", "int", "float", "bool")]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)} | set(self.meant)
        for name in sorted({node.id for node in names} - stored):
            if not self.lines[-1].startswith("    return"):
                self._line(1, "return")
            self._line(1, f"{name} = 0")

    # Calls.

    def _parameter(self, name: str) -> str:
        return name if self.random.random() < 0.8 else f"{name}: {self.random.choice(['int', 'float', 'bool'])}"

    def _call(self) -> tuple:
        return tuple(self._argument(kind) for kind in self.meant.values())

    def _argument(self, kind: str):
        if self.random.random() < 0.15:
            kind = self.random.choice(["int", "float", "bool"])
        value = self.random.choice((SMALL if self.random.random() < 0.7 else EDGES)[kind])
        # Equal floats and large ints as different objects, so that confusing them can be told.
        return float(repr(value)) if kind == "float" else int(str(value)) if kind == "int" else value

    # Statements.

    def _line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def _block(self, depth: int, in_loop: bool) -> None:
        before = len(self.lines)
        for _ in range(self.random.randint(1, 4 if depth > 1 else 7)):
            if self.budget <= 0:
                break
            self.budget -= 1
            self._statement(depth, in_loop)
        if len(self.lines) == before:
            self._assign(depth)

    def _statement(self, depth: int, in_loop: bool) -> None:
        kinds = {"assign": 9, "augmented": 6, "unpack": 2, "chained": 1, "pass": 0.2}
        if depth < 5:
            kinds |= {"if": 6, "while": 2.5, "for": 4}
        if in_loop:
            kinds |= {"break": 1.2, "continue": 1.2}
        if depth > 1:
            kinds["return"] = 1
        getattr(self, "_" + self._weighted(kinds))(depth, *([in_loop] if "if" in kinds else []))

    def _weighted(self, kinds: dict[str, float]) -> str:
        return self.random.choices(list(kinds), list(kinds.values()))[0]

    def _target(self) -> str:
        return self.random.choice(NAMES + list(self.meant))

    def _assign(self, depth: int, *_):
        target, kind = self._target(), self._kind()
        value = self._expression(kind, 3)
        annotation = ": float" if self.random.random() < 0.03 else ""
        self._line(depth, f"{target}{annotation} = {value}")
        self.types[target] = kind

    def _augmented(self, depth: int, *_):
        known = list(self.types)
        target = self.random.choice(known) if self.random.random() < 0.97 else self._target()
        kind = self.types.get(target, "int")
        rows = [row for row in _binary() if row.params[0] == kind or (kind == "bool" and row.params[0] == "int")]
        row = self._row([row for row in rows if row.result != "bool" or row.name in "&|^"] or _binary())
        self._line(depth, f"{target} {row.name}= {self._right(row, 2)}")
        self.types[target] = row.result

    def _unpack(self, depth: int, *_):
        if self.random.random() < 0.4 and len(self.types) > 1:
            names = self.random.sample(list(self.types), min(len(self.types), self.random.choice([2, 2, 3])))
            values = names[1:] + names[:1]
            self._line(depth, f"{', '.join(names)} = {', '.join(values)}")
            self.types |= dict(zip(names, [self.types[one] for one in values]))
            return
        kinds = [self._kind() for _ in range(self.random.choice([2, 2, 3]))]
        targets = [self._target() for _ in kinds]
        self._line(depth, f"{', '.join(targets)} = {', '.join(self._expression(kind, 2) for kind in kinds)}")
        self.types |= dict(zip(targets, kinds))

    def _chained(self, depth: int, *_):
        targets, kind = [self._target(), self._target()], self._kind()
        self._line(depth, f"{' = '.join(targets)} = {self._expression(kind, 2)}")
        self.types |= dict.fromkeys(targets, kind)

    def _pass(self, depth: int, *_):
        self._line(depth, "pass")

    def _break(self, depth: int, *_):
        self._guarded(depth, "break")

    def _continue(self, depth: int, *_):
        self._guarded(depth, "continue")

    def _return(self, depth: int, *_):
        self._guarded(depth, f"return {self._result()}" if self.random.random() < 0.9 else "return")

    def _guarded(self, depth: int, text: str) -> None:
        # Mostly under a condition, or what follows would never be reached.
        if self.random.random() < 0.75:
            self._line(depth, f"if {self._condition()}:")
            depth += 1
        self._line(depth, text)

    def _if(self, depth: int, in_loop: bool = False):
        before = dict(self.types)
        self._line(depth, f"if {self._condition()}:")
        self._block(depth + 1, in_loop)
        ends = [self.types]
        for _ in range(self.random.choices([0, 1, 2], [7, 3, 1])[0]):
            self.types = dict(before)
            self._line(depth, f"elif {self._condition()}:")
            self._block(depth + 1, in_loop)
            ends.append(self.types)
        self.types = dict(before)
        if self.random.random() < 0.55:
            self._line(depth, "else:")
            self._block(depth + 1, in_loop)
        ends.append(self.types)
        self._join(ends)

    def _join(self, ends: list[dict]) -> None:
        # A name that some paths do not bind is mostly not read afterwards, but it may be.
        everywhere = set(ends[0]).intersection(*ends[1:])
        anywhere = {name: kind for end in ends for name, kind in end.items()}
        self.types = {name: kind for name, kind in anywhere.items() if name in everywhere or self.random.random() < 0.12}

    def _while(self, depth: int, *_):
        self.loops += 1
        counter, turns = f"n{self.loops}", self.random.randint(1, 6)
        before = dict(self.types)
        self._line(depth, f"{counter} = 0")
        if self.random.random() < 0.3:
            self._line(depth, "while True:")
            self._line(depth + 1, f"if {counter} >= {turns}:")
            self._line(depth + 2, "break")
        else:
            extra = f" and {self._condition(1)}" if self.random.random() < 0.4 else ""
            self._line(depth, f"while {counter} < {turns}{extra}:")
        self._line(depth + 1, f"{counter} += 1")
        self._block(depth + 1, True)
        self._join([before, self.types])
        self._else(depth)

    def _for(self, depth: int, *_):
        before = dict(self.types)
        target = self.random.choice(["i", "j", "k"]) if self.random.random() < 0.8 else self._target()
        self._line(depth, f"for {target} in range({self._range()}):")
        self.types[target] = "int"
        self._block(depth + 1, True)
        self._join([before, self.types])
        self._else(depth)

    def _else(self, depth: int) -> None:
        if self.random.random() < 0.2:
            self._line(depth, "else:")
            self._block(depth + 1, False)

    def _range(self) -> str:
        pick = self.random.random()
        turns = self.random.randint(0, 6)
        if pick < 0.35:
            return str(turns)
        if pick < 0.5:
            start = self.random.randint(-4, 4)
            return f"{start}, {start + turns}"
        if pick < 0.7:
            start, step = self.random.randint(-4, 4), self.random.choice([1, 2, 3, -1, -2, 7])
            return f"{start}, {start + turns * step + self.random.choice([0, 1, -1])}, {step}"
        if pick < 0.75:
            start, stop, step = self.random.choice([
                (2**63 - 4, 2**63 - 1, 1), (2**63 - 5, 2**63 - 1, 3), (-(2**63) + 3, -(2**63), -1),
                (-(2**63), 2**63 - 1, 2**62), (2**63 - 1, -(2**63) + 1, -(2**62)), (0, 2**63 - 1, 2**63 - 1),
            ])
            return f"{start}, {max(stop, -(2**63) + 1)}, {step}"
        name = self._name("int") or "3"
        if pick < 0.8:
            return f"{name}"
        if pick < 0.9:
            return f"{name} % {self.random.randint(1, 6)}"
        if pick < 0.95:
            return f"{name}, {name} + {turns}"
        return f"{name}, {name} {self.random.choice(['+', '-'])} {turns * 3}, {self._expression('int', 1)}"

    # Expressions.

    def _kind(self) -> str:
        return self.random.choices(["int", "float", "bool"], [6, 4, 1])[0]

    def _result(self) -> str:
        if self.random.random() < 0.4 and self.types:
            return self.random.choice(list(self.types))
        return self._expression(self._kind(), 2)

    def _condition(self, depth: int = 2) -> str:
        return self._expression(self.random.choices(["bool", "int", "float"], [8, 1, 1])[0], depth)

    def _name(self, kind: str) -> str | None:
        if self.random.random() < 0.006:
            return self._target()
        known = [name for name, one in self.types.items() if one == kind]
        if kind == "float" and self.random.random() < 0.2:
            known += [name for name, one in self.types.items() if one in ("int", "bool")]
        if kind == "int" and self.random.random() < 0.1:
            known += [name for name, one in self.types.items() if one == "bool"]
        return self.random.choice(known) if known else None

    def _literal(self, kind: str) -> str:
        if self.random.random() < 0.003:
            return "None"
        if kind == "bool":
            return self.random.choice(["True", "False"])
        if kind == "float":
            return self.random.choice(FLOAT_LITERALS)
        value = self.random.choice(INT_LITERALS[:11] if self.random.random() < 0.85 else INT_LITERALS)
        return str(value)

    def _expression(self, kind: str, depth: int) -> str:
        if self.random.random() < 0.012:
            kind = self.random.choice(["int", "float", "bool"])
        pick = self.random.random()
        if depth <= 0 or pick < (0.06 if kind == "bool" else 0.3):
            name = self._name(kind) if self.random.random() < 0.8 else None
            if name is None and kind == "bool" and self.types and self.random.random() < 0.8:
                one = self.random.choice(list(self.types))
                return f"({one} {self.random.choice(table.COMPARISONS)} {self._literal(self.types[one])})"
            return name or self._literal(kind)
        if pick < 0.36:
            condition = self._condition(depth - 1)
            return f"({self._expression(kind, depth - 1)} if {condition} else {self._expression(kind, depth - 1)})"
        if pick < 0.44:
            word = self.random.choice(["and", "or"])
            left = self._expression(kind if self.random.random() < 0.7 else self._kind(), depth - 1)
            return f"({left} {word} {self._expression(kind, depth - 1)})"
        if kind == "bool" and pick < 0.5:
            parts = [self._expression(self._kind(), depth - 1) for _ in range(3)]
            words = [self.random.choice(table.COMPARISONS) for _ in range(2)]
            return f"({parts[0]} {words[0]} {parts[1]} {words[1]} {parts[2]})"
        return self._operation(self._row([row for row in table.rows() if row.result == kind]), depth)

    def _row(self, rows: list[table.Row]) -> table.Row:
        # The complement of a bool always leaves.
        weights = [0.05 if (row.name, row.params) == ("~", ("bool",)) else WEIGHTS.get(row.name, 1) for row in rows]
        return self.random.choices(rows, weights)[0]

    def _operation(self, row: table.Row, depth: int) -> str:
        if len(row.params) == 1:
            # Two minus signs in a row would do, but read badly.
            return f"({row.name} {self._expression(row.params[0], depth - 1)})"
        if row.name == "**-":
            return f"({self._expression('int', 0)} ** -{self.random.choice([1, 1, 2, 3])})"
        return f"({self._expression(row.params[0], depth - 1)} {row.name} {self._right(row, depth)})"

    def _right(self, row: table.Row, depth: int) -> str:
        small = self.random.random() < 0.8
        if row.name == "**" and small:
            return self.random.choice(["0", "1", "2", "2", "3", "0.5", "1.5", "7"])
        if row.name in ("<<", ">>") and small:
            return self.random.choice(["0", "1", "3", "10", "31", "62", "63", "64"])
        if row.name in ("/", "//", "%") and small:
            return self.random.choice(["2", "3", "-2", "7", "0.5", "-1", "1e308"] if row.params[0] == "float" else ["2", "3", "-2", "7", "-1"])
        return self._expression(row.params[-1], depth - 1)


def _binary() -> list[table.Row]:
    return [row for row in table.rows() if row.name in table.ARITHMETIC and len(row.params) == 2]
