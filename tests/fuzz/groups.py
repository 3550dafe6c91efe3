"""Random groups of functions that call each other: in expressions, conditions and loops, with recursion, exits in callees at any
depth, functions that are passed, functions within functions, and arrays that are written before and after calls: arguments, and those of the module, which also has
a number that changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.fuzz.expressions import SCALARS, Kind
from tests.program import Program
from tests.values import Text

# No variable has one of these names: what is called would be a number then.
FUNCTIONS = ["f", "g", "h", "m"]
# What takes the place of a call that would never end.
DEPTH = "n"
# An array and a number of the module.
ARRAY, NUMBER = "G", "K"
# A tuple of the module's functions.
TABLE = "T"
FIRST = [3, 1, 4, 1]
# What else a function may return.
SHAPES = ["None", "7", DEPTH, "(1, 2.5)", "()", f"(1, {DEPTH}, 0.5)", f"({DEPTH}, (2, 0.5))", f"(True, {DEPTH})"]


class Groups:
    """The part of the generator that makes groups; mixed into it."""

    def group(self) -> Program:
        """Some functions and calls of the first."""
        chosen = FUNCTIONS[: self.random.choice([1, 2, 2, 3, 3, 4])]
        self.writes = self.arrays > 0 and self.random.random() < 0.35
        self.outside = self.arrays > 0 and self.random.random() < 0.35
        # Functions are passed to others that call them, or called out of tuples.
        self.passes = self.random.random() < 0.35
        self.has_table = False
        self.helpers: set[int] = set()
        self.headers: dict[str, tuple[list[Kind], Kind]] = {}
        for name in chosen:
            kinds = [self.random.choices(SCALARS, [6, 3, 1])[0] for _ in range(self.random.randint(0, 2))]
            result = self.random.choices([*SCALARS, "None", ("int", "float")], [6, 3, 1, 0.3, 0.7])[0]
            self.headers[name] = (kinds, result)
        texts = []
        for at, name in enumerate(chosen):
            again = chosen[: at + 1] if self.random.random() < (0.7 if len(chosen) == 1 else 0.35) else []
            decorator = "@brrr\n" if at == 0 or self.random.random() < 0.7 else ""
            texts.append(decorator + self._member(name, chosen[at + 1 :], again))
        # Those that are called may be defined behind the one that calls.
        if self.random.random() < 0.5:
            texts.reverse()
        for count in sorted(self.helpers):
            names = ", ".join(f"x{at}" for at in range(count))
            decorator = self.random.choice(["@brrr\n", ""])
            body = self.random.choice([f"    return fn({names})\n", f"    pair = fn, abs\n    other = pair[0]\n    return other({names}) if other is fn else 0\n"])
            texts.insert(0, f"{decorator}def apply{count}(fn, {names}):\n{body}")
        calls = [self._group_call(chosen[0]) for _ in range(self.random.randint(3, 5))]
        entry, changes = chosen[0], ()
        if self.outside:
            entry = "entry"
            texts.append(self._entry(chosen[0]))
            texts.insert(0, f"import numpy as np\n{ARRAY} = np.array({FIRST})\n{NUMBER} = 3\n")
            changes = tuple(self._new_values() for _ in calls)
        if self.has_table:
            texts.append(f"{TABLE} = ({', '.join(chosen)},)\n")
        text = "\n".join(texts)
        if "math." in text:
            text = "import math\n" + text
        return Program(text, entry, calls, constructs=frozenset({"group"}), judged=False, changes=changes)

    def _entry(self, name: str) -> str:
        """A function that begins with the same array each time, calls the group and says what has become of it."""
        kinds, _ = self.headers[name]
        parameters = ", ".join([*(["s"] if self.writes else []), DEPTH, *["a", "b"][: len(kinds)]])
        fill = "".join(f"    {ARRAY}[{at}] = {value}\n" for at, value in enumerate(FIRST))
        elements = ", ".join(f"{ARRAY}[{at}]" for at in range(len(FIRST)))
        return f"@brrr\ndef entry({parameters}):\n{fill}    x = {name}({parameters})\n    return x, {elements}\n"

    def _new_values(self) -> str:
        """Other values for the names of the module, or none."""
        return self.random.choices(
            ["", f"{NUMBER} = {self.random.randint(-5, 9)}", f"{NUMBER} = {NUMBER} + 0.5", f"{ARRAY} = {ARRAY}.copy()", f"{ARRAY} = {ARRAY} * 0.5"],
            [3, 4, 1, 1, 0.5],
        )[0]

    def _group_call(self, name: str) -> tuple:
        kinds, _ = self.headers[name]
        values = [self._value(kind, self.random.random() < 0.2) for kind in kinds]
        array = [Text("np.array([3, 1, 4, 1])")] if self.writes else []
        return (*array, self.random.randint(0, 6), *values)

    def _member(self, name: str, callees: list[str], again: list[str]) -> str:
        kinds, self.wanted = self.headers[name]
        names = ["a", "b"][: len(kinds)]
        self.meant = dict(zip(names, kinds))
        self.types = dict(self.meant)
        self.constants = {}
        self.lines = []
        self.loops = 0
        self.budget = self.random.randint(2, 8)
        self.callees, self.again, self.calls_left = callees, again, self.random.randint(1, 4)
        # Functions within this one that may have been made: the kinds of their parameters, and what they give.
        self.inner: dict[str, tuple[list[Kind], Kind]] = {}
        # The same for those that write variables of this one, and are called in statements of their own.
        self.writers: dict[str, tuple[list[Kind], Kind]] = {}
        # The same for those that write to an array at their end; they give None.
        self.putters: dict[str, list[Kind]] = {}
        if again:
            self._line(1, f"if {DEPTH} <= 0:")
            self._line(2, f"return {self._literal(self.wanted)}")
        if self.random.random() < (0.4 if isinstance(self.wanted, tuple) else 0.03):
            # A scalar or a tuple, or tuples of several shapes: whoever calls may not be able to take it apart.
            self._line(1, f"if {DEPTH} % {self.random.choice([2, 3, 5])} == 1:")
            self._line(2, f"return {self.random.choice(SHAPES)}")
            if self.random.random() < 0.3:
                self._line(1, f"if {DEPTH} == {self.random.randint(0, 4)}:")
                self._line(2, f"return {self.random.choice(SHAPES)}")
        if self.outside and self.random.random() < 0.7:
            target = self._target()
            self._line(1, f"{target} = {self.random.choice([NUMBER, f'{NUMBER} * 2 - {DEPTH}', self._element()])}")
            self.types[target] = "int"
        self.in_group = True
        try:
            self._block(1, in_loop=False)
            self._line(1, f"return {self._result()}")
        finally:
            self.in_group = False
        self._bind_the_rest()
        parameters = [*(["s"] if self.writes else []), DEPTH, *names]
        return f"def {name}({', '.join(parameters)}):\n" + "\n".join(self.lines) + "\n"

    def _call(self, depth: int) -> tuple[str, Kind] | None:
        """A call of another function of the group, with the kind of its result."""
        if self.inner and self.calls_left > 0 and self.random.random() < 0.5:
            self.calls_left -= 1
            name = self.random.choice(list(self.inner))
            kinds, result = self.inner[name]
            return self._called(name, [self._expression(kind, depth - 1) for kind in kinds]), result
        among = [*self.callees, *(self.again if not self.in_loop else [])]
        if not among or self.calls_left <= 0:
            return None
        self.calls_left -= 1
        name = self.random.choice(among)
        kinds, result = self.headers[name]
        deeper = f"{DEPTH} - {self.random.choice([1, 2, 2, 3])}" if name in self.again else self.random.choice([DEPTH, f"{DEPTH} - 1"])
        args = [*(["s"] if self.writes else []), deeper, *(self._expression(kind, depth - 1) for kind in kinds)]
        return self._called(name, args), result

    @contextmanager
    def _within(self, names: list[str], kinds: list[Kind], inner: dict | None = None) -> Iterator[None]:
        """The body of a function within the function, which may be called in a loop: its names end with it, and it calls `inner` alone."""
        outer = self.types, self.in_loop, self.inner
        self.types, self.in_loop, self.inner = self.types | dict(zip(names, kinds)), True, inner or {}
        try:
            yield
        finally:
            self.types, self.in_loop, self.inner = outer

    def _inner(self, depth: int, *_) -> None:
        """A function within the function, which reads its variables."""
        name = self.random.choice(["w1", "w2"])
        kinds, result = [self._scalar() for _ in range(self.random.randint(0, 2))], self._scalar()
        names = [f"p{at}" for at in range(len(kinds))]
        default = f"={self._expression(kinds[-1], 1)}" if kinds and self.random.random() < 0.3 else ""
        parameters = ", ".join(names) + default
        # Only the second one calls the first: none calls itself without end.
        with self._within(names, kinds, {"w1": self.inner["w1"]} if name == "w2" and "w1" in self.inner else {}):
            if self.random.random() < 0.5:
                self._line(depth, f"{name} = lambda {parameters}: {self._expression(result, 2)}")
            else:
                self._line(depth, f"def {name}({parameters}):")
                if self.random.random() < 0.5:
                    kind = self._scalar()
                    self._line(depth + 1, f"q = {self._expression(kind, 2)}")
                    self.types["q"] = kind
                if self.random.random() < 0.4:
                    self._further(depth + 1)
                if self.random.random() < 0.3:
                    self._line(depth + 1, f"if {self._expression('bool', 1)}:")
                    self._line(depth + 2, f"return {self._expression(result, 1)}")
                self._line(depth + 1, f"return {self._expression(result, 2)}")
        self.inner[name] = (kinds, result)
        self.calls_left += 2

    def _further(self, depth: int) -> None:
        """A function within a function within the function: it reads variables of both, and calls what that one may."""
        kinds, result = [self._scalar() for _ in range(self.random.randint(0, 2))], self._scalar()
        names = [f"r{at}" for at in range(len(kinds))]
        default = f"={self._expression(kinds[-1], 1)}" if kinds and self.random.random() < 0.3 else ""
        parameters = ", ".join(names) + default
        with self._within(names, kinds, self.inner):
            if self.random.random() < 0.4:
                self._line(depth, f"v1 = lambda {parameters}: {self._expression(result, 2)}")
            else:
                self._line(depth, f"def v1({parameters}):")
                if self.random.random() < 0.3:
                    self._line(depth + 1, f"if {self._expression('bool', 1)}:")
                    self._line(depth + 2, f"return {self._expression(result, 1)}")
                self._line(depth + 1, f"return {self._expression(result, 2)}")
        self.inner = self.inner | {"v1": (kinds, result)}
        self.calls_left += 2

    def _writer(self, depth: int, *_) -> None:
        """A function within the function, which writes its variables: `nonlocal`."""
        # Some names stand for what is bound nowhere: no function could write them.
        bound = {line.strip().split(" = ")[0] for line in self.lines if " = " in line} | set(self.meant)
        written = [name for name, kind in self.types.items() if kind in SCALARS and name in bound]
        if not written or len(self.writers) == 2:
            return self._inner(depth)
        name = f"u{len(self.writers) + 1}"
        written = self.random.sample(written, min(len(written), self.random.choice([1, 1, 2])))
        kinds, result = [self._scalar() for _ in range(self.random.randint(0, 2))], self._scalar()
        names = [f"p{at}" for at in range(len(kinds))]
        outer = self.types
        with self._within(names, kinds):
            self._line(depth, f"def {name}({', '.join(names)}):")
            self._line(depth + 1, f"nonlocal {', '.join(written)}")
            if self.random.random() < 0.3:
                self._line(depth + 1, f"if {self._expression('bool', 1)}:")
                self._line(depth + 2, f"return {self._expression(result, 1)}")
            for one in written:
                if self.random.random() < 0.5 and outer[one] != "bool":
                    self._line(depth + 1, f"{one} {self.random.choice(['+=', '-=', '*='])} {self._expression(outer[one], 1)}")
                else:
                    self._line(depth + 1, f"{one} = {self._expression(outer[one], 2)}")
            if self.writers and self.random.random() < 0.5:
                self._line(depth + 1, self._write_call())
            if self.random.random() < 0.4:
                self._writer_within(depth + 1, self.random.choice(written), outer)
            self._line(depth + 1, f"return {self._expression(result, 2)}")
        self.writers[name] = (kinds, result)

    def _writer_within(self, depth: int, name: str, types: dict[str, Kind]) -> None:
        """A function within one that writes a variable of this one: it writes that, too, and one of the function between."""
        self._line(depth, f"q = {self._expression('int', 1)}")
        self.types["q"] = "int"
        with self._within([], []):
            self._line(depth, "def v2():")
            self._line(depth + 1, f"nonlocal q, {name}")
            self._line(depth + 1, f"{name} = {self._expression(types[name], 1)}")
            self._line(depth + 1, f"q += {self._expression('int', 1)}")
            if self.writers and self.random.random() < 0.6:
                # One of the function further around, which writes variables of that.
                self._line(depth + 1, self._write_call())
        self._line(depth, "v2()")

    def _putter(self, depth: int, *_) -> None:
        """A function within the function, which writes an element as the last thing that it does."""
        name = f"e{len(self.putters) % 2 + 1}"
        kinds = [self._scalar() for _ in range(self.random.randint(0, 2))]
        names = [f"p{at}" for at in range(len(kinds))]
        with self._within(names, kinds):
            self._line(depth, f"def {name}({', '.join(names)}):")
            if self.random.random() < 0.4:
                self._line(depth + 1, f"if {self._expression('bool', 1)}:")
                self._line(depth + 2, "return")
            form = self.random.choice(["{e} = ({v}) % 100", "{e} += {v}", "{e}, {o} = {o}, {e}"])
            self._line(depth + 1, form.format(e=self._element(), o=self._element(), v=self._expression("int", 2)))
        self.putters[name] = kinds

    def _write_call(self) -> str:
        """A call of a function that writes variables of this one."""
        name = self.random.choice(list(self.writers))
        values = [self._expression(kind, 1) for kind in self.writers[name][0]]
        # What a statement writes by way of such a call it cannot write by itself, too.
        return f"{name}({', '.join(self._literal(kind) if ':=' in value else value for kind, value in zip(self.writers[name][0], values))})"

    def _written(self, depth: int, *_) -> None:
        """A statement that calls a function which writes variables of this one."""
        call = self._write_call()
        name = call[: call.index("(")]
        if self.random.random() < 0.5:
            return self._line(depth, call)
        target = self._target()
        self._line(depth, f"{target} = {call}")
        self.types[target] = self.writers[name][1]

    def _called(self, name: str, args: list[str]) -> str:
        """The text of a call, which may be made by way of a value."""
        given = ", ".join(args)
        pick = self.random.random() if self.passes else 1.0
        if pick < 0.4 and args:
            self.helpers.add(len(args))
            return f"apply{len(args)}({name}, {given})"
        if pick < 0.5:
            return f"(abs, {name})[1]({given})"
        if pick < 0.6 and name in self.headers:
            self.has_table = True
            return f"{TABLE}[{list(self.headers).index(name)}]({given})"
        if pick < 0.7:
            return f"({name} if {DEPTH} > 1 else {name})({given})"
        return f"{name}({given})"

    def _element(self) -> str:
        array = self.random.choice([*(["s"] if self.writes else []), *([ARRAY] if self.outside else [])])
        return f"{array}[{self.random.choice(['0', '1', '2', '3', '-1', f'{DEPTH} % 4'])}]"

    def _write(self, depth: int) -> None:
        """A statement that writes to the array."""
        pick = self.random.random()
        if pick < 0.15:
            return self._putter(depth)
        if self.putters and pick < 0.5:
            name = self.random.choice(list(self.putters))
            return self._line(depth, self._called(name, [self._expression(kind, 1) for kind in self.putters[name]]))
        value = self._expression("int", 2)
        made = self._call(2)
        pick = self.random.random()
        if made and made[1] in ("int", "bool") and pick < 0.6:
            form = self.random.choice(["{e} += {c}", "{e} = {c}", "{e} = {e2} + {c}", "{e} = {c} - {e2}"])
            self._line(depth, form.format(e=self._element(), e2=self._element(), c=made[0]))
        elif pick < 0.8:
            self._line(depth, f"{self._element()} += {self.random.randint(-3, 9)}")
        else:
            self._line(depth, f"{self._element()} = ({value}) % 100")
