"""Random functions over arrays: loops with elements read and written, rows and slices as views, arrays made and returned.

Enters: a source of random choices. Leaves: a program whose calls pass arrays of several dtypes, layouts and lengths, some of them on one
memory. What the build refuses is left out as far as `array_features` tells; the rest is counted as refused.
"""

from __future__ import annotations

import random

from tests import layouts
from tests.arrays import DTYPES
from tests.fuzz import array_features
from tests.program import Program
from tests.values import Text

NAMES = ["a", "b", "c"]
# Kinds of values: truth values, ints, floats, complexes.
KINDS = {"bool": "b", **{name: name[0].replace("u", "i") for name in DTYPES if name != "bool"}}
DTYPE_WEIGHTS = [2, 3, 2, 2, 5, 3, 2, 2, 2, 4, 8, 1, 1.5]
OPERATORS = {"b": ["&", "|", "^", "+", "*"], "i": ["+", "+", "-", "-", "*", "*", "//", "%", "&", "|", "^", "<<", ">>", "**"],
             "f": ["+", "+", "-", "*", "*", "/", "//", "%", "**"], "c": ["+", "-", "*", "/"]}
LITERALS = {"b": ["True", "False"], "i": ["0", "1", "2", "3", "-1", "7", "100", "-5"], "f": ["0.0", "0.5", "1.5", "-2.0", "0.1", "1e10"],
            "c": ["1j", "(0.5 - 2j)", "0j"]}
SCALARS = ["x", "y", "s", "t"]
DEEPEST = 4
# More than two of them would seldom get further.
MOST_FAULTS = 2


class Arrays:
    """Makes one function."""

    def __init__(self, chosen: random.Random):
        self.random = chosen
        self.has = array_features.has()

    def program(self) -> Program:
        """The function, and calls of it."""
        count = self.random.choice([1, 1, 2, 2, 3])
        # Name to dtype and number of dimensions.
        self.arrays: dict[str, tuple[str, int]] = {name: self._form() for name in NAMES[:count]}
        parameters = dict(self.arrays)
        self.kinds: dict[str, str] = {"n": "i"}
        self.loops: list[str] = []
        # The array and dimension that a counter goes over.
        self.over: dict[str, tuple[str, int]] = {}
        self.used: set[str] = set()
        self.lines: list[str] = []
        self.names = 0
        self.budget, self.faults = self.random.randint(3, 9), 0
        for name in self.random.sample(SCALARS, self.random.randint(1, 3)):
            kind = self.random.choice("iiffb")
            self._line(1, f"{name} = {self._expression(kind, 1)}")
            self.kinds[name] = kind
        self._block(1)
        self._line(1, f"return {self._result()}")
        body = "\n".join(self.lines) + "\n"
        text = f"import numpy as np\n@brrr\ndef f({', '.join([*parameters, 'n'])}):\n{body}"
        if "math." in body:
            text = "import math\n" + text
        words = frozenset({"arrays", *(f"array {name}" for name in self.used)})
        return Program(text, "f", self._calls(parameters), constructs=words, refusable=True)

    def _form(self) -> tuple[str, int]:
        return (self.random.choices(DTYPES, DTYPE_WEIGHTS)[0], self.random.choices([1, 2, 3], [6, 3, 0.5 if "load 2" in self.has else 0])[0])

    def _use(self, name: str) -> bool:
        """True if the build has the feature, which is then used."""
        if name in self.has:
            self.used.add(name)
        return name in self.has

    # Calls.

    def _calls(self, parameters: dict[str, tuple[str, int]]) -> list[tuple]:
        calls = []
        for at in range(self.random.choice([1, 1, 2])):
            forms = dict(parameters)
            for name, (_, ndim) in parameters.items():
                if at and self.random.random() < 0.5:
                    forms[name] = (self._form()[0], ndim) if self.random.random() < 0.85 else self._form()
            chosen = {name: self._layout() for name in forms}
            length = self.random.randint(2, 5)
            for _ in range(self.random.randint(2, 4)):
                if self.random.random() < 0.4:
                    length = self.random.choice([2, 3, 4, 5, 7, 9]) if self.random.random() < 0.85 else self.random.choice([0, 1])
                calls.append(self._call(forms, chosen, length))
        return calls

    def _layout(self) -> str:
        pick = self.random.random()
        if pick < 0.55:
            return "C"
        return self.random.choice(layouts.TAKEN if pick < 0.97 else layouts.OTHER)

    def _call(self, forms, chosen, length: int) -> tuple:
        args: list = []
        alias = self.random.random() < 0.12
        for name, (dtype, ndim) in forms.items():
            shape = tuple(length if self.random.random() < 0.9 else self.random.randint(0, 5) for _ in range(ndim))
            first = next((one for one in list(forms)[:len(args)] if forms[one] == (dtype, ndim)), None)
            if alias and first is not None:
                view = self.random.choice(["", "[1:]", "[:-1]", "[::-1]", "[...]"])
                args.append(Text(f"_{first}{view}"))
                continue
            text = layouts.written(chosen[name], dtype, shape, self.random.randint(0, 99), self.random.random() < 0.2)
            args.append(Text(f"(_{name} := {text})" if alias else text))
        return (*args, self.random.choice([0, 1, 2, length - 1, length, -1]))

    # Statements.

    def _line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def _block(self, depth: int) -> None:
        before = len(self.lines)
        for _ in range(self.random.randint(1, 4)):
            if self.budget <= 0:
                break
            self.budget -= 1
            self._statement(depth)
        if len(self.lines) == before:
            self._assign(depth)

    def _statement(self, depth: int) -> None:
        kinds = {"assign": 4, "augmented": 4, "store": 7, "store_augmented": 4, "swap": 1, "view": 2, "create": 1.2, "if": 2.5}
        if depth < DEEPEST:
            kinds |= {"counted": 8 if depth < 3 else 3, "elements": 4, "while": 1}
        if self.loops:
            kinds |= {"leave": 1.2, "fault": 0.4}
        chosen = self.random.choices(list(kinds), list(kinds.values()))[0]
        getattr(self, "_" + chosen)(depth)

    def _assign(self, depth: int) -> None:
        name, kind = self.random.choice(SCALARS), self.random.choice("iiffbc" if self._complex() else "iiffb")
        self._line(depth, f"{name} = {self._expression(kind, 2)}")
        self.kinds[name] = kind

    def _complex(self) -> bool:
        return any(KINDS[dtype] == "c" for dtype, _ in self.arrays.values())

    def _augmented(self, depth: int) -> None:
        known = [one for one in SCALARS if one in self.kinds]
        if not known:
            return self._assign(depth)
        name = self.random.choice(known)
        operator = self.random.choice([one for one in OPERATORS[self.kinds[name]] if one not in ("**", "<<")])
        self._line(depth, f"{name} {operator}= {self._operand(self.kinds[name], operator, 2)}")
        return None

    def _store(self, depth: int) -> None:
        target, kind = self._element("store")
        self._line(depth, f"{target} = {self._expression(self._stored(kind), 2)}")

    def _store_augmented(self, depth: int) -> None:
        target, kind = self._element("augmented")
        operator = self.random.choice([one for one in OPERATORS[kind] if one not in ("/",) or kind != "i"])
        self._line(depth, f"{target} {operator}= {self._operand(kind, operator, 2)}")

    def _stored(self, kind: str) -> str:
        if self.random.random() < 0.7:
            return kind
        return self.random.choice({"b": "bif", "i": "bif", "f": "bif", "c": "bifc"}[kind])

    def _swap(self, depth: int) -> None:
        name = self.random.choice(list(self.arrays))
        if not self._use("swap"):
            return self._store(depth)
        one, other = (f"{name}[{self._index(name)}]" for _ in range(2))
        self._line(depth, f"{one}, {other} = {other}, {one}")
        return None

    def _new(self, form: tuple[str, int]) -> str:
        self.names += 1
        name = f"v{self.names}"
        self.arrays[name] = form
        return name

    def _view(self, depth: int) -> None:
        source = self.random.choice(list(self.arrays))
        dtype, ndim = self.arrays[source]
        views = {"slice": (":-1", 1), "slice bounds": (f"{self._bound()}:{self._bound()}", 1), "slice step": ("::2", 1), "slice reversed": ("::-1", 1),
                 "ellipsis": ("...", ndim), "transpose method": (".transpose()", ndim)}
        if ndim > 1:
            at = self._position(source, 0)
            views |= {"row": (at, ndim - 1), "column": (f":, {self._position(source, 1)}", ndim - 1), "slice 2": ("1:, ::-1", 2),
                      "row slice": (f"{at}, 1:", ndim - 1), "transpose": (".T", ndim), "swapaxes": (".swapaxes(-1, 0)", ndim)}
            views["transpose method"] = (f".transpose({', '.join(str(axis) for axis in self.random.sample(range(ndim), ndim))})", ndim)
        known = [one for one in views if one in self.has]
        if not known:
            return self._assign(depth)
        form = self.random.choice(known)
        self._use(form)
        text, left = views[form]
        value = f"{source}{text}" if text.startswith(".") and text != "..." else f"{source}[{text}]"
        left = ndim if form in ("slice", "slice bounds", "slice step", "slice reversed", "slice 2") else left
        self._line(depth, f"{self._new((dtype, left))} = {value}")
        return None

    def _bound(self) -> str:
        return self.random.choice(["0", "1", "2", "-1", "-2", "n", "", "5", *self.loops])

    def _create(self, depth: int) -> None:
        source = self.random.choice(list(self.arrays))
        dtype, ndim = self.arrays[source]
        other = self.random.choices(DTYPES, DTYPE_WEIGHTS)[0]
        kind = f"np.{'bool_' if other == 'bool' else other}"
        forms = {"zeros": ("np.zeros(3)", "float64", 1), "zeros dtype": (f"np.zeros(len({source}), {kind})", other, 1),
                 "zeros keyword": (f"np.zeros(2, dtype={kind})", other, 1), "zeros 2": (f"np.zeros((2, len({source})))", "float64", 2),
                 "zeros shape": (f"np.zeros({source}.shape, {kind})", other, ndim), "ones": ("np.ones(4)", "float64", 1),
                 "full": (f"np.full(3, {self._expression('f', 1)})", "float64", 1), "arange": (f"np.arange(len({source}))", "int64", 1),
                 "arange bounds": (f"np.arange(1, {self.random.randint(1, 9)}, 2)", "int64", 1), "arange float": ("np.arange(0.5, 3)", "float64", 1),
                 "linspace": ("np.linspace(0, 1, 5)", "float64", 1), "eye": ("np.eye(3)", "float64", 2), "zeros_like": (f"np.zeros_like({source})", dtype, ndim),
                 "ones_like": (f"np.ones_like({source})", dtype, ndim), "full_like": (f"np.full_like({source}, 1)", dtype, ndim),
                 "copy": (f"{source}.copy()", dtype, ndim), "astype": (f"{source}.astype({kind})", other, ndim),
                 "reshape flat": (f"{source}.reshape(-1)", dtype, 1), "zeros list": (f"np.zeros([2, len({source})])", "float64", 2),
                 "array list": (f"np.array([{self._expression('f', 1)}, {self._expression('f', 1)}])", "float64", 1),
                 "array nested": (f"np.array([[1, n], (n, 2)], {kind})", other, 2), "array": (f"np.array({source})", dtype, ndim),
                 "asarray": (f"np.asarray({source}, {kind})", other, ndim), "astype same": (f"{source}.astype({source}.dtype, copy=False)", dtype, ndim),
                 "reshape F": (f"{source}.reshape(-1, order='F')", dtype, 1), "reshape 1": (f"{source}.reshape(1, -1)", dtype, 2),
                 "ravel": (f"{source}.ravel()", dtype, 1), "flatten F": (f"{source}.flatten('F')", dtype, 1),
                 "like shape": (f"np.zeros_like({source}, shape=3)", dtype, 1), "dtype variable": (f"np.zeros(3, {source}.dtype)", dtype, 1)}
        known = [one for one in forms if one in self.has]
        if not known:
            return self._assign(depth)
        form = self.random.choice(known)
        self._use(form)
        text, made, left = forms[form]
        self._line(depth, f"{self._new((made, left))} = {text}")
        return None

    def _scope(self, depth: int, header: str, loops: list[str], kinds: dict[str, str], views: dict[str, tuple[str, int]]) -> None:
        self._line(depth, header)
        arrays, known, before = dict(self.arrays), dict(self.kinds), list(self.loops)
        self.loops += loops
        self.kinds |= kinds | dict.fromkeys(loops, "i")
        self.arrays |= views
        self._block(depth + 1)
        # What the body binds is mostly bound; a name that is not raises.
        keep = self.random.random() < 0.08
        self.loops = before
        self.arrays, self.kinds = (self.arrays, self.kinds) if keep else (arrays, known)

    def _counter(self) -> str:
        return next((one for one in "ijk" if one not in self.loops), "m")

    def _counted(self, depth: int) -> None:
        name = self._counter()
        source = self.random.choice(list(self.arrays))
        axis = self.random.randrange(self.arrays[source][1]) if self._use("shape") else 0
        length = f"{source}.shape[{axis}]" if axis or (self._use("shape") and self.random.random() < 0.3) else f"len({source})"
        self.over[name] = (source, axis)
        forms = [f"{length}"] * 5 + [f"1, {length}", f"1, {length} - 1", f"{length} - 1", f"{length} - 1, -1, -1", f"0, {length}, 2", "n", "3",
                                     f"-{length}, 0"]
        if self.faults < MOST_FAULTS and self.random.random() < 0.1:
            self.faults += 1
            forms = [f"{length} + 1", f"-1, {length}", f"{length}, -1, -1"]
        if self.loops and self.random.random() < 0.2:
            forms = [f"{self.loops[-1]} + 1, {length}", f"{self.loops[-1]}"]
        self._scope(depth, f"for {name} in range({self.random.choice(forms)}):", [name], {}, {})

    def _elements(self, depth: int) -> None:
        source = self.random.choice(list(self.arrays))
        form = self.random.choice(["for", "for", "enumerate", "enumerate start", "zip", "reversed"])
        if not self._use(form):
            return self._counted(depth)
        self.names += 1
        name, counter = f"e{self.names}", self._counter()
        kinds, views = self._bound_element(source, name)
        if kinds is None:
            return self._counted(depth)
        loops = []
        match form:
            case "for":
                header = f"for {name} in {source}:"
            case "reversed":
                header = f"for {name} in reversed({source}):"
            case "enumerate" | "enumerate start":
                self.over[counter] = (source, 0)
                header, loops = f"for {counter}, {name} in enumerate({source}{', 1' if form == 'enumerate start' else ''}):", [counter]
            case _:
                other = self.random.choice(list(self.arrays))
                more, more_views = self._bound_element(other, f"{name}b")
                if more is None:
                    return self._counted(depth)
                kinds, views = kinds | more, views | more_views
                header = f"for {name}, {name}b in zip({source}, {other}):"
        self._scope(depth, header, loops, kinds, views)
        return None

    def _bound_element(self, source: str, name: str):
        dtype, ndim = self.arrays[source]
        if ndim == 1:
            return {name: KINDS[dtype]}, {}
        return ({}, {name: (dtype, ndim - 1)}) if self._use("for rows") else (None, None)

    def _while(self, depth: int) -> None:
        name, source = self._counter(), self.random.choice(list(self.arrays))
        self._line(depth, f"{name} = 0")
        more = f" and {self._condition()}" if self.random.random() < 0.4 else ""
        at = len(self.lines) + 1
        self.over[f"({name} - 1)"] = (source, 0)
        # One that misses its stop goes on until an index is out of bounds. Counted up first, so that `continue` gets on.
        tests = [f"{name} < len({source})"] * 4 + [f"{name} != len({source})", f"not {name} >= len({source})"]
        # What is moved to the other side, and what is asked once.
        tests += [f"{name} + 1 != len({source}) + 1", f"{name} - 2 < len({source}) - 2", f"len({source}) >= 1 + {name}"]
        tests += [f"0 <= {name} < len({source})", f"{name} > -1 and {name} < len({source})"]
        test, inside = f"{self.random.choice(tests)}{more}", "    " * (depth + 1)
        first = [f"{inside}{name} += 1"]
        if self.random.random() < 0.15:
            test, first = "True", [f"{inside}if {name} == len({source}){more}:", f"{inside}    break", *first]
        self._scope(depth, f"while {test}:", [f"({name} - 1)"], {}, {})
        self.lines[at:at] = first

    def _if(self, depth: int) -> None:
        known, arrays = dict(self.kinds), dict(self.arrays)
        self._line(depth, f"if {self._condition()}:")
        self._block(depth + 1)
        self.kinds, self.arrays = dict(known), dict(arrays)
        if self.random.random() < 0.4:
            self._line(depth, "else:")
            self._block(depth + 1)
            self.kinds, self.arrays = known, arrays

    def _leave(self, depth: int) -> None:
        self._line(depth, f"if {self._condition()}:")
        self._line(depth + 1, self.random.choice(["break", "continue", f"return {self._result()}"]))

    def _fault(self, depth: int) -> None:
        self._line(depth, f"if {self._condition()} and {self._condition()}:")
        name = self.random.choice(list(self.arrays))
        self._line(depth + 1, self.random.choice(["raise ValueError('text')", f"{name}[{'0, ' * (self.arrays[name][1] - 1)}99] = 0", "assert n == 99",
                                                  "x = 1 // (n - n)"]))

    # Elements.

    def _position(self, name: str, axis: int) -> str:
        """An index along one dimension."""
        length = f"len({name})" if not axis or "shape" not in self.has else f"{name}.shape[{axis}]"
        counters = self.loops
        pick = self.random.random()
        if counters and pick < 0.62:
            one = self.random.choice(counters[-2:] if self.random.random() < 0.8 else counters)
            # A counter over another array may lie beyond the end.
            return one if self.over.get(one) == (name, axis) or self.random.random() < 0.35 else f"{one} % {length}"
        if counters and pick < 0.8:
            one = self.random.choice(counters)
            return self.random.choice([f"{one} - 1", f"-{one} - 1", f"{length} - 1 - {one}", f"{one} // 2", f"{one} + 1", f"-{one}", f"~{one}", f"{one} % 2"])
        if pick < 0.86:
            whole = [one for one, (dtype, ndim) in self.arrays.items() if KINDS[dtype] == "i" and ndim == 1]
            if whole and counters:
                one = f"{self.random.choice(whole)}[{self.random.choice(counters)}]"
                return self.random.choice([one, f"{one} % {length}", f"int({one}) % {length}", f"abs({one}) % 3"])
        if pick < 0.89:
            known = [one for one, kind in self.kinds.items() if kind == "i"]
            return self.random.choice(known) if known and self.random.random() < 0.1 else f"n % {length}"
        return self.random.choice(["0", "0", "0", "-1", "-1", "1"])

    def _index(self, name: str) -> str:
        ndim = self.arrays[name][1]
        return ", ".join(self._position(name, axis) for axis in range(ndim)) if ndim else "()"

    def _element(self, feature: str = "load") -> tuple[str, str]:
        """The text of an element, and its kind."""
        name = self.random.choice(list(self.arrays))
        dtype, ndim = self.arrays[name]
        self._use(feature)
        if ndim == 2 and self.random.random() < 0.2 and self._use("store chained" if feature != "load" else "load chained"):
            return f"{name}[{self._position(name, 0)}][{self._position(name, 1)}]", KINDS[dtype]
        return f"{name}[{self._index(name)}]", KINDS[dtype]

    # Expressions.

    def _condition(self) -> str:
        pick = self.random.random()
        if pick < 0.7:
            kind = self.random.choice("iif")
            return f"{self._expression(kind, 1)} {self.random.choice(['<', '<=', '==', '!=', '>', '>='])} {self._expression(kind, 1)}"
        if pick < 0.8:
            return f"({self._condition()} {self.random.choice(['and', 'or'])} {self._condition()})"
        if pick < 0.82 and self._use("truth"):
            name = self.random.choice(list(self.arrays))
            return f"{name}[{':1, ' * (self.arrays[name][1] - 1)}-1:]" if self.arrays[name][1] else name
        return self._expression(self.random.choice("bif"), 1)

    def _expression(self, kind: str, depth: int) -> str:
        pick = self.random.random()
        if depth <= 0 or pick < 0.3:
            return self._leaf(kind)
        if pick < 0.36:
            return f"({self._expression(kind, depth - 1)} if {self._condition()} else {self._expression(kind, depth - 1)})"
        if pick < 0.5:
            return self._call_of(kind, depth)
        if kind == "b" and pick < 0.75:
            return f"({self._condition()})"
        operator = self.random.choice(OPERATORS[kind])
        return f"({self._expression(kind, depth - 1)} {operator} {self._operand(kind, operator, depth)})"

    def _operand(self, kind: str, operator: str, depth: int) -> str:
        if operator == "**":
            return self.random.choice(["2", "3", "0"] if kind == "i" else ["2", "0.5", "3", "2.0"])
        if operator in ("<<", ">>") and self.random.random() < 0.8:
            return self.random.choice(["1", "2", "3", "7"])
        if operator in ("//", "%", "/") and self.random.random() < 0.7:
            return self.random.choice(["2", "3", "-3", "7"] if kind == "i" else ["2", "0.5", "-3.0", "7"])
        if kind == "f" and self.random.random() < 0.3:
            kind = "i"
        return self._expression(kind, depth - 1)

    def _leaf(self, kind: str) -> str:
        for _ in range(3):
            text, other = self._element()
            if other == kind or (kind == "f" and other == "i"):
                if self.random.random() < 0.85:
                    return text
                break
        if self.random.random() < 0.06:
            known = [name for name, (dtype, ndim) in self.arrays.items() if KINDS[dtype] == kind and ndim]
            form = self.random.choice(["item index", "item 2"])
            name = self.random.choice(known) if known else ""
            if known and (self.arrays[name][1] > 1 or form == "item index") and self._use(form):
                return f"{name}.item({self._index(name) if form == 'item 2' else self._position(name, 0)})"
        known = [name for name, one in self.kinds.items() if one == kind]
        if known and self.random.random() < 0.7:
            return self.random.choice(known)
        if kind == "i" and self.random.random() < 0.1:
            name = self.random.choice(list(self.arrays))
            forms = [form for form in ("len", "ndim", "size", "itemsize", "nbytes", "dtype itemsize") if form in self.has]
            if forms:
                form = self.random.choice(forms)
                self._use(form)
                return f"len({name})" if form == "len" else f"{name}.{form.replace(' ', '.')}"
        if kind == "b" and self.random.random() < 0.15:
            forms = [form for form in ("dtype", "isinstance") if form in self.has]
            if forms:
                form = self.random.choice(forms)
                self._use(form)
                return self._about_type(form)
        return self.random.choice(LITERALS[kind])

    def _about_type(self, form: str) -> str:
        """A question about a dtype or a class, which types decide."""
        name, other = (self.random.choice(list(self.arrays)) for _ in range(2))
        if form == "isinstance":
            value = self._element()[0] if self.random.random() < 0.7 else self.random.choice([name, *self.kinds])
            classes = ("np.floating", "np.integer", "np.signedinteger", "np.number", "np.generic", "np.float64", "np.int8", "np.bool_", "np.ndarray")
            return f"isinstance({value}, {self.random.choice(classes)})"
        dtype = self.random.choices(DTYPES, DTYPE_WEIGHTS)[0]
        one = self.random.choice([f"{name}.dtype", f"{self._element()[0]}.dtype"])
        beside = (f"np.{'bool_' if dtype == 'bool' else dtype}", f"np.dtype('{dtype}')", f"{other}.dtype", "float", "int", f"'{dtype}'")
        return f"({one} {self.random.choice(['==', '!='])} {self.random.choice(beside)})"

    def _call_of(self, kind: str, depth: int) -> str:
        inner = self._expression(kind, depth - 1)
        forms = []
        for name in array_features.functions(1):
            if name in ("isnan", "isinf", "isfinite", "signbit") and kind == "b":
                forms.append(f"np.{name}({self._expression('f', depth - 1)})")
            elif kind in "fi" and name in ("abs", "floor", "ceil", "trunc", "rint", "sign", "square", "absolute", "fabs", "negative"):
                forms.append(f"np.{name}({inner})")
            elif kind == "f" and name in ("sqrt", "reciprocal"):
                forms.append(f"np.{name}({inner})")
        if kind in "if":
            forms += [f"np.{name}({inner}, {self._expression(kind, depth - 1)})" for name in array_features.functions(2)
                      if name in ("minimum", "maximum", "fmin", "fmax") or (kind == "f" and name in ("copysign", "nextafter"))]
            forms += [f"{name}({inner}, {self._expression(kind, depth - 1)})" for name in ("min", "max") if name in self.has]
            forms += [f"abs({inner})", f"(-{inner})"]
            dtypes = [one for one in ("int8", "uint64", "float32") if one in self.has and KINDS[one] == kind]
            forms += [f"np.{one}({inner})" for one in dtypes]
        other = {"i": "int", "f": "float", "b": "bool"}.get(kind)
        if other in self.has:
            forms.append(f"{other}({self._expression(self.random.choice('if'), depth - 1)})")
        return self.random.choice(forms) if forms else inner

    def _result(self) -> str:
        pick = self.random.random()
        arrays = [name for name in self.arrays if "return array" in self.has]
        scalars = [name for name in self.kinds]
        if arrays and pick < 0.3:
            return self.random.choice(arrays)
        if arrays and pick < 0.4 and "return tuple" in self.has:
            return f"{self.random.choice(arrays)}, {self.random.choice(scalars)}"
        if arrays and pick < 0.45 and "return slice" in self.has:
            name = self.random.choice(arrays)
            return f"{name}[1:]" if self.arrays[name][1] else name
        if pick < 0.75:
            return ", ".join(self.random.sample(scalars, self.random.randint(1, min(3, len(scalars)))))
        return self._expression(self.random.choice("if"), 2)
