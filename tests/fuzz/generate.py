"""Random functions of the whole language that the build takes.

The same seed and number make the same program. Most functions are small trees of statements with loops of few turns; some are the
idioms of `idioms`, some of which are long.
"""

from __future__ import annotations

import ast
import random

from tests import table
from tests.fuzz import array_features, features, outside
from tests.fuzz.arrays import Arrays
from tests.fuzz.expressions import NAMES, SCALARS, Expressions, Kind
from tests.fuzz.groups import Groups
from tests.fuzz.idioms import Idioms
from tests.program import Program, function_of
from tests.values import written

PARAMETERS = ["a", "b", "c"]
CONSTANTS = {"COUNT": ("constant", "int", ["7", "3", "100", "4611686018427387904"]),
             "RATE": ("constant float", "float", ["0.25", "1.5", "1e308"]),
             "MASK": ("constant beyond", "int", ["18446744073709551615", "4294967295", "14695981039346656037"])}
EXCEPTIONS = ["ValueError", "TypeError", "ArithmeticError", "ZeroDivisionError", "OverflowError", "RuntimeError", "IndexError",
              "AssertionError", "KeyError"]
# Share of the programs that are about arrays.
ARRAYS = 0.25
# Share of the others that are groups of functions that call each other.
GROUPS = 0.15
# Deepest nesting of blocks.
DEEPEST = 6


class Generator(Groups, Expressions):
    """Makes programs from a seed."""

    def __init__(self, seed: int, arrays: float = ARRAYS, groups: float = GROUPS):
        self.seed = seed
        self.in_group = False
        self.in_loop = False
        self.has = features.constructs()
        # None before the build has elements of arrays.
        self.arrays = arrays if "load" in array_features.has() else 0.0
        self.groups = groups

    def program(self, number: int) -> Program:
        """One function and calls of it."""
        self.random = random.Random(f"{self.seed}/{number}")
        if self.random.random() < self.arrays:
            made = Arrays(self.random).program()
            made.constructs = made.constructs | used(made.text)
            return made
        if "call of another function" in self.has and self.random.random() < self.groups:
            made = self.group()
            made.constructs = made.constructs | used(made.text)
            return made
        pick = self.random.random()
        if pick < 0.03:
            made = self._idiom(long=True)
        elif pick < 0.15:
            made = self._idiom(long=False)
        elif pick < 0.2:
            made = self._joins()
        elif pick < 0.23:
            made = self._headers()
        else:
            made = self._tree()
        made.constructs = made.constructs | used(made.text)
        return made

    # Idioms.

    def _idiom(self, long: bool) -> Program:
        turns = int(10 ** self.random.uniform(2, 5)) if long else self.random.randint(3, 150)
        grows = self.random.random() < 0.5
        text, turns = Idioms(self.random).function(turns, grows)
        calls = [(self.random.choice([0, 1, 3, -5, 12345, 2**40, 2**62 + 1, -(2**63)]), self.random.choice([1, 2, 7, -9, 2**31 - 1, 2**63 - 1]))
                 for _ in range(2 if long else 5)]
        words = {"idiom: " + ("growing" if grows else "mixing")} | ({"idiom: long"} if long else set())
        return Program(f"@brrr\ndef f(a, b):\n{text}", "f", calls, long or turns > 400, frozenset(words))

    def _joins(self) -> Program:
        text = f"@brrr\ndef f(a, b, c):\n{Idioms(self.random).joins()}"
        kinds = [self.random.choice(SCALARS) for _ in range(3)]
        calls = [tuple(self._value(kind, False) for kind in kinds) for _ in range(5)]
        return Program(text, "f", calls, constructs=frozenset({"idiom: joins"}))

    def _headers(self) -> Program:
        text = f"@brrr\ndef f(a, b, c):\n{Idioms(self.random).headers()}"
        calls = []
        for _ in range(6):
            low = self.random.choice([0, 0, 5, 2**63 - 30, -(2**63), 2**62, -(2**62)])
            ends = [max(-(2**63), min(2**63 - 1, low + self.random.randint(-30, 30))) for _ in range(3)]
            calls.append(tuple(self.random.choice([end, end, self.random.randint(-3, 40)]) for end in ends))
        return Program(text, "f", calls, constructs=frozenset({"idiom: headers"}))

    # Trees.

    def _tree(self) -> Program:
        count = self.random.choices([0, 1, 2, 3], [0.3, 2, 4, 3])[0]
        self.meant = {name: self._parameter_kind() for name in PARAMETERS[:count]}
        # What a name was last assigned, as far as the text tells; names out of it may be unbound.
        self.types: dict[str, Kind] = dict(self.meant)
        self.constants = {name: kind for name, (construct, kind, _) in CONSTANTS.items()
                          if construct in self.has and self.random.random() < 0.12}
        self.lines: list[str] = []
        self.loops = 0
        self.budget = self.random.randint(3, 16)
        header, optional = self._header()
        self._block(1, in_loop=False)
        if self.random.random() < 0.9:
            self._line(1, f"return {self._result()}")
        self._bind_the_rest()
        body = "\n".join(self.lines) + "\n"
        constants = {name: self.random.choice(CONSTANTS[name][2]) for name in self.constants if name in body}
        before = "import math\n" if "math." in body else ""
        text = f"@brrr\ndef f({header}):\n{body}"
        made = Program(text if constants else before + text, "f", self._calls(optional))
        if "captured" not in self.has and constants:
            made.text = before + "".join(f"{name} = {value}\n" for name, value in constants.items()) + text
            return made
        return outside.varied(self.random, made, before, constants)

    def _parameter_kind(self) -> Kind:
        if "tuple argument" in self.has and self.random.random() < 0.06:
            return self._tuple_kind() or ("int",)
        return self.random.choices([*SCALARS, "complex"], [6, 3, 1, 0.7 if "complex" in self.has else 0])[0]

    def _header(self) -> tuple[str, list[str]]:
        """The parameters as they are written, and the names of those that may be left out or that need a keyword."""
        optional = []
        if self.meant and "star" in self.has and self.random.random() < 0.06:
            last = list(self.meant)[-1]
            self.meant[last] = self.types[last] = self._tuple_kind() or ("int", "int")
            optional.append("rest")
        parts = [name if self.random.random() < 0.8 else f"{name}: {self.random.choice(SCALARS)}" for name in self.meant]
        names = list(self.meant)
        if "rest" in optional:
            parts[-1] = "*" + parts[-1]
        elif names and "default" in self.has and self.random.random() < 0.1 and not isinstance(self.meant[names[-1]], tuple):
            default = written(self._value(self.meant[names[-1]], False))
            parts[-1] += f"={default}" if ":" not in parts[-1] else f" = {default}"
            optional.append(names[-1])
        if len(names) > 1 and "rest" not in optional and "keyword-only" in self.has and self.random.random() < 0.08:
            parts.insert(len(parts) - 1, "*")
            optional.append("*")
        elif len(names) > len(optional) and "positional-only" in self.has and self.random.random() < 0.05:
            parts.insert(1, "/")
            optional.append("/")
        return ", ".join(parts), optional

    def _calls(self, optional: list[str]) -> list[tuple]:
        # Few signatures, for each is compiled, and several calls of each.
        signatures = [[self._argument_kind(kind) for kind in self.meant.values()] for _ in range(self.random.choice([1, 1, 1, 1, 2, 2]))]
        calls = []
        for signature in signatures:
            for _ in range(self.random.randint(3, 5)):
                args = [self._value(kind, self.random.random() < 0.25) for kind in signature]
                names = list(self.meant)
                if "rest" in optional:
                    calls.append((*args[:-1], *(args[-1] if isinstance(args[-1], tuple) else (args[-1],))))
                elif not optional or optional == ["/"]:
                    first = self.random.randint(len(optional), len(args)) if self.random.random() < 0.15 else len(args)
                    named = list(zip(names[first:], args[first:]))
                    self.random.shuffle(named)
                    calls.append((*args[:first], *([dict(named)] if named else [])))
                elif "*" in optional:
                    left_out = names[-1] in optional and self.random.random() < 0.4
                    calls.append((*args[:-1], {} if left_out else {names[-1]: args[-1]}))
                elif self.random.random() < 0.5:
                    calls.append((*args[:-1], {}))
                else:
                    calls.append((*args[:-1], {names[-1]: args[-1]}))
        return calls

    def _argument_kind(self, kind: Kind) -> Kind:
        return self.random.choice(SCALARS) if self.random.random() < 0.12 else kind

    def _bind_the_rest(self) -> None:
        # A name that is read only would be a name from outside, which is refused.
        tree = ast.parse("def f():\n" + "\n".join(self.lines)).body[0]
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in NAMES + PARAMETERS]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)} | set(self.meant)
        stored |= {node.name for node in ast.walk(tree) if isinstance(node, ast.MatchAs) and node.name}
        for name in sorted({node.id for node in names} - stored):
            if not self.lines[-1].startswith("    return"):
                self._line(1, "return")
            self._line(1, f"{name} = 0")

    # Statements.

    def _line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def _block(self, depth: int, in_loop: bool) -> None:
        before = len(self.lines)
        outer, self.in_loop = self.in_loop, self.in_loop or in_loop
        for _ in range(self.random.randint(1, 4 if depth > 1 else 7)):
            if self.budget <= 0:
                break
            self.budget -= 1
            self._statement(depth, in_loop)
        if len(self.lines) == before:
            self._assign(depth)
        self.in_loop = outer

    def _statement(self, depth: int, in_loop: bool) -> None:
        kinds = {"assign": 9, "augmented": 6, "unpack": 2, "chained": 1, "pass": 0.2}
        if depth < DEEPEST:
            kinds |= {"if": 6, "while": 2.5, "for": 4}
            if "match" in self.has:
                kinds["match"] = 1.5
        if in_loop:
            kinds |= {"break": 1.2, "continue": 1.2}
        if depth > 1:
            kinds["return"] = 1
        if "assert" in self.has:
            kinds["assert"] = 0.5
        if "raise" in self.has:
            kinds["raise"] = 0.35
        if self.in_group and depth < DEEPEST:
            kinds |= {"inner": 4 if {"inner def", "inner lambda"} <= self.has else 0, "writer": 2 if "inner nonlocal" in self.has else 0}
        if self.in_group and self.writers:
            kinds["written"] = 6
        if self.in_group and (self.writes or self.outside):
            kinds["write"] = 6
        chosen = self.random.choices(list(kinds), list(kinds.values()))[0]
        getattr(self, "_" + chosen)(depth, *([in_loop] if chosen in ("if", "match") else []))

    def _assign(self, depth: int, *_):
        target, kind = self._target(), self._kind()
        value = self._expression(kind, 3)
        annotation = ": float" if self.random.random() < 0.03 else ""
        self._line(depth, f"{target}{annotation} = {value}")
        self.types[target] = kind

    def _augmented(self, depth: int):
        known = [name for name, kind in self.types.items() if kind in SCALARS]
        target = self.random.choice(known) if known and self.random.random() < 0.97 else self._target()
        kind = self.types.get(target, "int")
        binary = [row for row in features.rows() if row.name in table.ARITHMETIC and row.kind == "binary"]
        rows = [row for row in binary if row.params[0] == kind or (kind == "bool" and row.params[0] == "int")]
        row = self._row([row for row in rows if row.result != "bool" or row.name in "&|^"] or binary)
        self._line(depth, f"{target} {row.name}= {self._right(row, 2)}")
        self.types[target] = row.result

    def _unpack(self, depth: int):
        tuples = [name for name, kind in self.types.items() if isinstance(kind, tuple) and len(kind) > 1]
        if tuples and "tuple unpack" in self.has and self.random.random() < 0.5:
            source = self.random.choice(tuples)
            targets = [self._target() for _ in self.types[source]]
            if "tuple star" in self.has and self.random.random() < 0.15:
                at = self.random.randrange(len(targets))
                self._line(depth, f"{', '.join([*targets[:at], '*_', *targets[at + 1:]])} = {source}")
                self.types |= {name: kind for name, kind in zip(targets[:at], self.types[source])}
                return
            self._line(depth, f"{', '.join(targets)} = {source}")
            self.types |= dict(zip(targets, self.types[source]))
            return
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

    def _chained(self, depth: int):
        targets, kind = [self._target(), self._target()], self._kind()
        self._line(depth, f"{' = '.join(targets)} = {self._expression(kind, 2)}")
        self.types |= dict.fromkeys(targets, kind)

    def _pass(self, depth: int):
        self._line(depth, "pass")

    def _break(self, depth: int):
        self._guarded(depth, "break")

    def _continue(self, depth: int):
        self._guarded(depth, "continue")

    def _return(self, depth: int):
        self._guarded(depth, f"return {self._result()}" if self.random.random() < 0.9 else "return")

    def _assert(self, depth: int):
        condition = self._condition() if self.random.random() < 0.3 else f"{self._condition(1)} or {self._condition(1)} or True"
        message = self._message("assert") if "assert message" in self.has and self.random.random() < 0.5 else ""
        self._line(depth, f"assert {condition}" + (f", {message}" if message else ""))

    def _raise(self, depth: int):
        error = self.random.choice(EXCEPTIONS)
        if "raise class" not in self.has or self.random.random() < 0.7:
            error += f"({self._message('raise')})"
        if "raise from" in self.has and self.random.random() < 0.1:
            error += " from None"
        self._line(depth, f"if {self._condition()} and {self._condition(1)}:")
        self._line(depth + 1, f"raise {error}")

    def _message(self, word: str) -> str:
        if f"{word} formatted" in self.has and self.types and self.random.random() < 0.6:
            names = self.random.sample(list(self.types), min(2, len(self.types)))
            return "f'" + " of ".join("{" + name + self.random.choice(["", "", "!r"]) + "}" for name in names) + "'"
        return self.random.choice(["'text'", "''", "'a \"quoted\" word'"])

    def _guarded(self, depth: int, text: str) -> None:
        # Mostly under a condition, or what follows would never be reached.
        if self.random.random() < 0.75:
            self._line(depth, f"if {self._condition()}:")
            depth += 1
        self._line(depth, text)

    def _if(self, depth: int, in_loop: bool):
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

    def _match(self, depth: int, in_loop: bool):
        kind = self.random.choice(SCALARS)
        pair = "match tuple" in self.has and self.random.random() < 0.15
        self._line(depth, f"match {self._expression(kind, 2)}" + (f", {self._expression('int', 1)}:" if pair else ":"))
        before, ends = dict(self.types), [dict(self.types)]
        count = self.random.randint(1, 3)
        for at in range(count):
            self.types = dict(before)
            pattern, binds = self._pattern(kind)
            if pair:
                pattern, binds = f"({pattern}, {self.random.choice(['0', '_', '2'])})", binds
            elif at + 1 == count and self.random.random() < 0.4:
                pattern, binds = "_", None
            self.types |= {binds: kind} if binds else {}
            irrefutable = pattern in NAMES + ["_"]
            guard = "match capture" in self.has and (self.random.random() < 0.3 or (irrefutable and at + 1 < count))
            if irrefutable and at + 1 < count and not guard:
                pattern = "3"
            self._line(depth + 1, f"case {pattern}" + (f" if {self._condition(1)}:" if guard else ":"))
            self._block(depth + 2, in_loop)
            ends.append(self.types)
        self._join(ends)

    def _pattern(self, kind: str) -> tuple[str, str | None]:
        """A pattern, and the name it binds."""
        target = self.random.choice(NAMES)
        forms = [(self._pattern_literal(kind), None)] * 3
        if "match or" in self.has:
            forms.append((f"{self._pattern_literal(kind)} | {self._pattern_literal(self.random.choice(SCALARS))}", None))
        if "match capture" in self.has:
            forms.append((target, target))
        if "match singleton" in self.has:
            forms += [("True", None), ("None", None)]
        if "match as" in self.has:
            forms.append((f"({self._pattern_literal(kind)} | 2) as {target}", target))
        if "match class" in self.has:
            forms += [("int()", None), (f"float({target})", target), ("bool()", None)]
        return self.random.choice(forms)

    def _pattern_literal(self, kind: str) -> str:
        choices = {"bool": ["True", "False"] if "match singleton" in self.has else ["0", "1"],
                   "float": ["0.5", "1.5", "-2.5", "0.0"] if "match float" in self.has else ["0", "1"]}
        return self.random.choice(choices.get(kind, ["0", "1", "2", "-1", "7", "9223372036854775807"]))

    def _join(self, ends: list[dict]) -> None:
        # A name that some paths do not bind is mostly not read afterwards, but it may be.
        everywhere = set(ends[0]).intersection(*ends[1:])
        anywhere = {name: kind for end in ends for name, kind in end.items()}
        self.types = {name: kind for name, kind in anywhere.items() if name in everywhere or self.random.random() < 0.12}

    def _while(self, depth: int):
        self.loops += 1
        counter, turns = f"n{self.loops}", self.random.randint(1, 6 if depth < 4 else 3)
        before = dict(self.types)
        self._line(depth, f"{counter} = 0")
        if self.random.random() < 0.3:
            self._line(depth, "while True:")
            self._line(depth + 1, f"if {counter} >= {turns}:")
            self._line(depth + 2, "break")
        else:
            extra = f" and {self._condition(1)}" if self.random.random() < 0.4 else ""
            tests = [f"{counter} < {turns}"] * 4 + [f"{counter} != {turns}", f"not {counter} >= {turns}"]
            tests += [f"{counter} + 3 != {turns + 3}", f"{turns - 1} >= {counter} - 1 + 1", f"0 <= {counter} < {turns}"]
            test = self.random.choice(tests)
            self._line(depth, f"while {test}{extra}:")
        self._line(depth + 1, f"{counter} += 1")
        self._block(depth + 1, True)
        self._join([before, self.types])
        self._else(depth)

    def _for(self, depth: int):
        before = dict(self.types)
        target = self.random.choice(["i", "j", "k"]) if self.random.random() < 0.8 else self._target()
        if "tuple for" in self.has and self.random.random() < 0.1:
            kind = self.random.choice(SCALARS)
            items = [self._expression(kind, 1) for _ in range(self.random.randint(1, 4))]
            self._line(depth, f"for {target} in {self._tuple(items)}:")
            self.types[target] = kind
        elif "tuple loops" in self.has and self.random.random() < 0.15:
            self._other_for(depth, target)
        else:
            self._line(depth, f"for {target} in range({self._range()}):")
            self.types[target] = "int"
        self._block(depth + 1, True)
        self._join([before, self.types])
        self._else(depth)

    def _other_for(self, depth: int, target: str) -> None:
        """A loop over what is no range."""
        tuples = [(name, kind) for name, kind in self.types.items() if isinstance(kind, tuple) and kind]
        if tuples and self.random.random() < 0.5:
            over, kind = self.random.choice(tuples)
        else:
            kind = tuple(self.random.choice(["int", "int", self._scalar()]) for _ in range(self.random.randint(1, 3)))
            over = self._tuple_expression(kind, 1)
        second, number = self._target(), self.random.choice(["", "", ", 5", ", start=-1"])
        item = kind[0]
        if self.random.random() < 0.25:
            over = f"reversed({over})"
            item = kind[-1]
        turns = f"range({self._range()})"
        form = self.random.randint(0, 4)
        match form:
            case 0:
                self._line(depth, f"for {target}, {second} in enumerate({over}{number}):")
            case 1:
                self._line(depth, f"for {target}, {second} in zip({turns}, {over}):")
            case 2:
                self._line(depth, f"for {target}, {second} in enumerate({turns}):")
                item = "int"
            case 3:
                self._line(depth, f"for {target} in reversed({turns}):")
            case _:
                self._line(depth, f"for {target} in {over}:")
                self.types[target] = item
        if form < 4:
            self.types[target] = "int"
        if form < 3:
            self.types[second] = item

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
        if pick < 0.78:
            return f"{name}"
        if pick < 0.9:
            return f"{name} % {self.random.randint(1, 6)}"
        if pick < 0.95:
            return f"{name}, {name} + {turns}"
        return f"{name}, {name} {self.random.choice(['+', '-'])} {turns * 3}, {self._expression('int', 1)}"


def used(text: str) -> frozenset[str]:
    """What of the language occurs in a text, in words."""
    found = set()
    function = function_of(ast.parse(text))
    for node in ast.walk(function):
        if isinstance(node, (ast.stmt, ast.expr, ast.pattern, ast.boolop, ast.cmpop)) and not isinstance(node, (ast.Name, ast.FunctionDef)):
            found.add(type(node).__name__)
        if isinstance(node, (ast.For, ast.While)):
            found |= {f"{type(node).__name__} else"} if node.orelse else set()
            inner = [one for one in ast.walk(node) if isinstance(one, (ast.For, ast.While)) and one is not node]
            found |= {"loop in loop"} if inner else set()
            found |= {"loop in loop in loop"} if any(isinstance(one, (ast.For, ast.While)) and one is not two
                                                     for two in inner for one in ast.walk(two)) else set()
        if isinstance(node, ast.Return) and node not in function.body:
            found.add("early return")
    if function.args.defaults or function.args.kw_defaults:
        found.add("default")
    if function.args.kwonlyargs:
        found.add("keyword-only")
    if function.args.posonlyargs:
        found.add("positional-only")
    if " = " in text.partition("@brrr")[0]:
        found.add("global constant")
    return frozenset(found)
