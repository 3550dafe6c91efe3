"""Continuations: the rest of a function from one of its entry points on.

Enters: a function's code object and text, then an entry point (the ordinal of a statement, the point in it, the names that
are bound there). Leaves: a function whose parameters are these names, which does what the original function does from there on,
with the original's names, lines, columns, globals, cells and flags, so that exceptions and tracebacks are CPython's own.

Enclosing loops and branches are entered in the middle. The hidden local `.first` is true until the entry point is reached:

- before the entry point, in an enclosing loop: `if not .first: ...`; outside any loop: left out
- `while T`, entered in its body: `while .first or T`
- `for x in E`, entered in its body: goes over the current `x`, then over the rest of its iterator
- `if T`, entered in its body: `if .first or T`; in its `else`: `if not .first and T: ... else: ...`
- `match` in one of its cases, a loop in its `else`: `if .first:` the rest of that part, else the whole statement
- headers are entered before the condition, the iterable, or the next turn

A statement, or a header, that has made calls is done from its start with *pins* in place of what is not to be done again: the value
of the expression at a place comes as `.pin<place>`, and what it has raised as `.raise<place>`, a function that raises it. The place
is `line:column-line:column`, lines counted from the function's first, columns in bytes. The hidden local `.pinned` is true until
the statement, or the header, has been done once.

Hidden names begin with a dot, as no name of a source does. The state of the iterator of the `for` with ordinal N comes as
`.next<N>` and `.stop<N>` (steps 1 and -1), or `.next<N>`, `.step<N>` and `.left<N>` (turns that remain modulo 2**64); the iterator
itself is then `.rest<N>`. What is gone over by tuples, `enumerate`, `zip` and `reversed` comes as `.turns<N>` (turns that remain) and the
places of its parts: `.at<N>` and `.by<N>` for a range, `.over<N>` and `.at<N>` (the next index) for a tuple, `.count<N>` for an
`enumerate`; the second range or tuple has `.1` behind the names, and so on, and so have the second `enumerate` and those after it.

With `asks`, the rest of the function asks whether compiled code can go on: `.ask(N, locals(), must_leave)`, N being the ordinal of the
loop whose turn has ended, gives an iterator of as many items as there are turns until the next question, or None: then the
continuation returns `.ask` itself. `"often"` does so in every loop, by taking an item of the iterator `.ticks` at the end of each turn.
`"rarely"` does so only in the loops that are entered in the middle and those around which there is none, and costs next to
nothing: a `for` goes over a part of its iterator, `.turns` long, at the end of which it asks and leaves. An iterator of a kind that compiled
code does not know comes as `.rest<N>` itself.
"""

import warnings
from _ast import (  # the nodes alone: importing `ast` takes longer than making a continuation
    Add, And, Assign, Attribute, AugAssign, BinOp, BoolOp, Break, Call, ClassDef, Constant, Continue, Expr, Expression, For,
    FunctionDef, Global, If, IfExp, Load, Match, Mod, Module, Mult, Name, NamedExpr, Nonlocal, Not, Or, Pass,
    PyCF_ONLY_AST, RShift, Raise, Return, Store, Subscript, Tuple, UnaryOp, While,
)  # fmt: skip
from itertools import chain, count, islice, repeat
from sys import version_info
from types import CodeType, FunctionType

from ._inner import Unsupported, inner_code, made_again
from ._lambda import body_column
from ._iterators import RANGE_ITERATORS, iterator_state as iterator_state
from ._nodes import (
    _BLOCKS, _assign, _call, _changed, _constant, _count, _is_scope, _is_stored, _loaded, _move, _name, _parameters, _place, _shifted,
)  # fmt: skip

_FUTURES = 0x1FE_0000
"""Everything in `co_flags` that `from __future__ import` sets."""

_SHOWS_NAMES = ("locals", "vars", "dir")
"""Builtins that give the names of the function when they are called without arguments."""


def _visible(names: object) -> object:
    """What `locals()`, `vars()` or `dir()` gave, without the hidden names."""
    if type(names) is dict and ".locals" in names:
        return {name: value for name, value in names.items() if not name.startswith(".")}
    if type(names) is list and ".locals" in names:
        return [name for name in names if not name.startswith(".")]
    return names


_HELPERS = {
    ".iter": iter, ".range": range, ".chain": chain, ".islice": islice, ".repeat": repeat, ".isinstance": isinstance,
    ".kinds": RANGE_ITERATORS, ".locals": locals, ".visible": _visible,
    ".enumerate": enumerate, ".zip": zip, ".reversed": reversed,
}  # fmt: skip
"""What continuations use. They come as defaults, for names outside the function may mean anything, and are of C, which leaves no
frames in a traceback."""


class Source:
    """A function as continuations are made from it."""

    __slots__ = ("class_name", "code", "shift", "tree")

    def __init__(self, code: CodeType, text: str) -> None:
        """`text` is the function's own lines, from the first decorator with its indentation to its last statement."""
        indented = text[:1] in (" ", "\t", "\f")
        module = _compile("if 1:\n" + text if indented else text, code, PyCF_ONLY_AST)
        tree = module.body[0].body[0] if indented else module.body[0]
        if not isinstance(tree, FunctionDef):
            raise Unsupported
        self.shift = 0
        if code.co_name == "<lambda>":
            # Its text is a `def` of one line; where the body stands in the file, the code tells.
            tree.name = code.co_name
            column = body_column(code)
            self.shift = 0 if column is None else column - tree.body[0].value.col_offset
        # Moved to the lines of the file; columns are the file's already.
        first = (tree.decorator_list or [tree])[0].lineno
        _move(tree, code.co_firstlineno - first)
        if not set(_SHOWS_NAMES).isdisjoint(code.co_names):
            tree = _with_visible_names(tree)
        self.code = code
        self.tree = tree
        self.class_name = _class_name(code.co_qualname)

    def keys(self, names: list[str]) -> list[str]:
        """The names as `locals()` has them: private names of classes are mangled."""
        return [_mangled(name, self.class_name) for name in names]

    def continuation(
        self, function: FunctionType, statement: int, point: str, names: tuple[str, ...], asks: str
    ) -> FunctionType:
        """The rest of `function` from an entry point on.

        It takes a value for each of `names`, in this order, and then `.ask` and `.turns`. `asks` is `"often"`, `"rarely"` or `""`.
        """
        writer = _Writer(statement, point, frozenset(names), asks, self.code.co_firstlineno)
        tree = self.tree
        if statement < _count(tree.body):
            rest = writer.block(tree.body, 0, None, again=False)
        else:
            rest = []
        made = made_again(tree, self.code, [name for name in names if name.startswith(".fun")])
        body = [*self._scope(), *made, *writer.start(writer.place or tree.body[0]), *rest]
        parameters = [*names, ".ask", ".turns", *_HELPERS]
        decorators = [Constant(value=None, kind=None, **_place(one)) for one in tree.decorator_list[:1]]
        made = _changed(tree, args=_parameters(parameters, tree), body=body, decorator_list=decorators, returns=None)
        if hasattr(made, "type_params"):
            made.type_params = []
        code = self._compiled(made)
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
        closure = tuple(cells[name] for name in code.co_freevars)
        return FunctionType(code, function.__globals__, function.__name__, tuple(_HELPERS.values()), closure)

    def _scope(self) -> list:
        """Code that never runs and from which the compiler learns the scope of each name: the original body."""
        tree = self.tree
        args = tree.args
        names = [one.arg for one in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg) if one]
        at = tree.body[0]
        locals_ = [_assign(name, Constant(value=None, kind=None, **_place(at)), at) for name in names]
        never = Constant(value=False, kind=None, **_place(at))
        return [If(test=never, body=[*locals_, *tree.body], orelse=[], **_place(at))]

    def _compiled(self, tree: FunctionDef) -> CodeType:
        """Compiles a function where the original stands: in its class, within the function that has its free variables."""
        original = self.code
        if self.shift:
            tree = _shifted(tree, self.shift)
        outer = tree
        if self.class_name is not None:
            parts = {"type_params": []} if hasattr(tree, "type_params") else {}
            outer = ClassDef(
                name=self.class_name, bases=[], keywords=[], body=[outer], decorator_list=[], **parts, **_place(tree)
            )
        free = [name for name in original.co_freevars if name != "__class__"]
        if free:
            outer = _changed(tree, name="_", args=_parameters(free, tree), body=[outer], decorator_list=[])
        code = _compile(Module(body=[outer], type_ignores=[]), original, 0)
        depth = 1 + (self.class_name is not None) + bool(free)
        for _ in range(depth):
            code = next(one for one in code.co_consts if isinstance(one, CodeType))
        consts = tuple(inner_code(original, one) if isinstance(one, CodeType) else one for one in code.co_consts)
        return code.replace(co_qualname=original.co_qualname, co_consts=consts)


class _Writer:
    """Writes the body of one continuation."""

    def __init__(self, statement: int, point: str, names: frozenset[str], asks: str, first_line: int) -> None:
        self.statement = statement
        self.point = point
        self.names = names
        self.asks = asks
        self.in_turn = False
        """The entry point is within a turn of a loop, and therefore has to set `.first`."""
        self.place = None
        """The node that is entered."""
        self.ticking: set[int] = set()
        """Loops that take an item of `.ticks` at the end of a turn."""
        self.ticking_depth = 0
        self.entered = 0
        """Loops that were entered in the middle, inner before outer."""
        self.iterators: list = []
        """Statements that make the iterators of the loops that are entered in the middle."""
        self.pins = {name.removeprefix(".pin").removeprefix(".raise"): name for name in names if _is_pin(name)}
        """The name of each pin by its place."""
        self.first_line = first_line

    def start(self, at) -> list:
        """What stands before everything else."""
        flags = [*([".first"] if self.in_turn else []), *([".pinned"] if self.pins else [])]
        first = [_assign(flag, _constant(True, at), at) for flag in flags]
        turns = _call(".repeat", at, _constant(None, at), self.turns(at, self.ticking_depth))
        ticks = [_assign(".ticks", turns, at)] if self.asks else []
        pinned = [_assign(".pinned", _constant(True, at), at)] if self.pins else []
        return [*self.iterators, *ticks, *first, *pinned]

    def block(self, statements: list, ordinal: int, loop: int | None, *, again: bool) -> list:
        """A block with the entry point in it. `ordinal` is that of its first statement, `loop` that of the loop whose turns
        the block is part of; `again`: the block may run again after the entry point."""
        for index, statement in enumerate(statements):
            after = ordinal + _count([statement])
            if self.statement < after:
                break
            ordinal = after
        before = self.rest(statements[:index], ordinal - _count(statements[:index]), loop) if again else []
        written = [self.when(self.not_first(before[0]), before)] if before else []
        written += self.enter(statement, ordinal, loop, again)
        return [*written, *self.rest(statements[index + 1 :], after, loop)]

    def enter(self, statement, ordinal: int, loop: int | None, again: bool) -> list:
        """The statement that is the entry point or has it in it."""
        if self.statement == ordinal:
            self.place = getattr(statement, "iter", None) or getattr(statement, "test", None) or statement
            if isinstance(statement, For) and self.point in ("advance", "target"):
                return [self.next_turn(statement, ordinal, loop, again)]
            return [*self.reached(statement), *self.pinned(statement, ordinal, loop)]
        part, inner = self.part(statement, ordinal)
        if isinstance(statement, If):
            return self.enter_if(statement, part, inner, loop, again)
        if isinstance(statement, (For, While)) and part == "body":
            self.in_turn = True
            if self.asks == "often" or isinstance(statement, While):
                self.ticking.add(ordinal)
            body = [*self.block(statement.body, inner, ordinal, again=True), *self.turn(statement.body, ordinal)]
            orelse = self.rest(statement.orelse, inner + _count(statement.body), loop)
            if isinstance(statement, For):
                return [self.enter_for(statement, ordinal, body, orelse, again)]
            test = statement.test
            if not (isinstance(test, Constant) and test.value):
                test = BoolOp(op=Or(), values=[self.first(test), test], **_place(test))
            self.ticking_depth = max(self.ticking_depth, self.entered)
            self.entered += 1
            return [_changed(statement, test=test, body=body, orelse=orelse)]
        if isinstance(statement, (For, While, Match)):
            block = statement.orelse if part == "orelse" else statement.cases[part].body
            if not again:
                return self.block(block, inner, loop, again=False)
            test = self.first(statement)
            once = self.block(block, inner, loop, again=False)
            return [self.when(test, once, self.rest([statement], ordinal, loop))]
        raise Unsupported

    def part(self, statement, ordinal: int) -> tuple[str | int, int]:
        """Which part of a statement has the entry point in it, and the ordinal of that part's first statement."""
        ordinal += 1
        parts = ["body"] if not isinstance(statement, Match) else []
        parts += range(len(getattr(statement, "cases", ())))
        for part in [*parts, "orelse"]:
            block = statement.cases[part].body if isinstance(part, int) else getattr(statement, part, [])
            after = ordinal + _count(block)
            if self.statement < after:
                return part, ordinal
            ordinal = after
        raise Unsupported

    def enter_if(self, statement: If, part: str | int, ordinal: int, loop: int | None, again: bool) -> list:
        if not again:
            return self.block(getattr(statement, part), ordinal, loop, again=False)
        test = statement.test
        if part == "body":
            test = BoolOp(op=Or(), values=[self.first(test), test], **_place(test))
            body = self.block(statement.body, ordinal, loop, again=True)
            orelse = self.rest(statement.orelse, ordinal + _count(statement.body), loop)
        else:
            test = BoolOp(op=And(), values=[self.not_first(test), test], **_place(test))
            body = self.rest(statement.body, ordinal - _count(statement.body), loop)
            orelse = self.block(statement.orelse, ordinal, loop, again=True)
        return [_changed(statement, test=test, body=body, orelse=orelse)]

    def enter_for(self, statement: For, ordinal: int, body: list, orelse: list, again: bool) -> For:
        """A `for` entered in its body."""
        self.make_iterator(statement, ordinal)
        target, over = statement.target, statement.iter
        if isinstance(target, Name) and target.id in self.names:
            current = _name(target.id, over)
        else:
            # The target keeps what it has: what comes in this turn goes nowhere.
            current = _constant(None, over)
            hidden = f".item{ordinal}"
            bind = Assign(targets=[target], value=_name(hidden, target), type_comment=None, **_place(target))
            body = [self.when(self.not_first(target), [bind]), *body]
            target = Name(id=hidden, ctx=Store(), **_place(target))
        one = Tuple(elts=[current], ctx=Load(), **_place(over))
        rest = self.part_of(_call(".chain", over, one, _name(f".rest{ordinal}", over)), ordinal)
        if again:
            rest = IfExp(test=self.first(over), body=rest, orelse=self.iterable(statement, ordinal), **_place(over))
        return _changed(statement, target=target, iter=rest, body=body, orelse=self.part_ends(over, orelse, ordinal))

    def next_turn(self, statement: For, ordinal: int, loop: int | None, again: bool) -> For:
        """A `for` entered before its next turn."""
        self.make_iterator(statement, ordinal)
        over = statement.iter
        (whole,) = self.whole(statement, ordinal, loop, in_parts=False)
        rest = self.part_of(_name(f".rest{ordinal}", over), ordinal)
        if self.in_turn:
            reached = NamedExpr(target=_name(".first", over, Store()), value=_constant(False, over), **_place(over))
            reached = UnaryOp(op=Not(), operand=reached, **_place(over))
            test = BoolOp(op=And(), values=[self.first(over), reached], **_place(over))
            rest = IfExp(test=test, body=rest, orelse=whole.iter, **_place(over))
        return _changed(whole, iter=rest, orelse=self.part_ends(over, whole.orelse, ordinal))

    def part_of(self, iterator, ordinal: int):
        """What a loop goes over until it asks: all, unless questions are to come rarely."""
        depth, self.entered = self.entered, self.entered + 1
        if self.asks != "rarely":
            return iterator
        at = iterator
        over = _name(".over", at)
        both = [NamedExpr(target=_name(".over", at, Store()), value=iterator, **_place(at)), _name(f".rest{ordinal}", at)]
        both = Tuple(elts=both, ctx=Load(), **_place(at))
        rest = Subscript(value=both, slice=_constant(1, at), ctx=Load(), **_place(at))
        part = _call(".islice", at, over, self.turns(at, depth))
        # Nothing leaves another kind of iterator midway.
        test = _call(".isinstance", at, rest, _name(".kinds", at))
        return IfExp(test=test, body=part, orelse=over, **_place(at))

    def turns(self, at, depth: int):
        """The turns until the next question, for a loop around so many that were entered in the middle."""
        turns = _name(".turns", at)
        if self.asks != "rarely" or depth == 0:
            return turns
        shift = BinOp(left=turns, op=RShift(), right=_constant(6 * depth, at), **_place(at))
        return BoolOp(op=Or(), values=[shift, _constant(1, at)], **_place(at))

    def part_ends(self, at, orelse: list, ordinal: int) -> list:
        """The `else` of such a loop: what it goes over next, if that was not all."""
        if self.asks != "rarely":
            return orelse
        ask = Expr(value=self.question(at, ordinal, must_leave=True), **_place(at))
        leave = Return(value=_name(".ask", at), **_place(at))
        rest = _name(f".rest{ordinal}", at)
        left = Attribute(value=rest, attr="__length_hint__", ctx=Load(), **_place(at))
        left = Call(func=left, args=[], keywords=[], **_place(at))
        more = BoolOp(op=And(), values=[_call(".isinstance", at, rest, _name(".kinds", at)), left], **_place(at))
        return [self.when(more, [ask, leave]), *orelse]

    def make_iterator(self, statement: For, ordinal: int) -> None:
        """Makes `.rest<N>` from the state of the iterator; nothing remains for one that is not read any more."""
        at = statement.iter
        if f".rest{ordinal}" in self.names:
            return
        iterator = self.iterator(at, ordinal, count(), count(), reverse=False)
        self.iterators.append(_assign(f".rest{ordinal}", iterator, at))

    def iterator(self, over, ordinal: int, leaves, counts, *, reverse: bool):
        """An expression for an iterator over what `over` stands for, as far as it has come."""
        at = over
        function = over.func.id if isinstance(over, Call) and isinstance(over.func, Name) else ""
        if function == "enumerate":
            number = _numbered(".count", ordinal, next(counts))
            inner = self.iterator(over.args[0], ordinal, leaves, counts, reverse=False)
            start = _name(number, at) if number in self.names else _constant(0, at)
            return _call(".enumerate", at, inner, start)
        if function == "zip":
            return _call(".zip", at, *(self.iterator(one, ordinal, leaves, counts, reverse=False) for one in over.args))
        if function == "reversed":
            return self.iterator(over.args[0], ordinal, leaves, counts, reverse=True)
        number = next(leaves)
        if isinstance(over, Call) and isinstance(over.func, Attribute):
            made = [_numbered(f".{part}", ordinal, number) for part in ("over", "at")]
            if all(name in self.names for name in made):
                # `np.ndindex` of lengths or `np.ndenumerate` of an array: no other function of a module gives something to go over.
                of, first = (_name(name, at) for name in made)
                whole = Call(func=over.func, args=[of], keywords=[], **_place(at))
                return _call(".islice", at, whole, first, _constant(None, at))
        parts = ("at", "by", "over", "next", "stop", "step", "left", "turns")
        name = {part: _numbered(f".{part}", ordinal, number if part in ("at", "by", "over") else 0) for part in parts}
        has = {part for part in parts if name[part] in self.names}
        part = {part: _name(name[part], at) for part in parts}
        if "over" in has and "at" in has:
            made = _numbered(".part", ordinal, number)
            whole = _call(".reversed" if reverse else ".iter", at, part["over"])
            set_state = Attribute(value=_name(made, at), attr="__setstate__", ctx=Load(), **_place(at))
            set_state = Call(func=set_state, args=[part["at"]], keywords=[], **_place(at))
            self.iterators += [_assign(made, whole, at), Expr(value=set_state, **_place(at))]
            return _name(made, at)
        first, step, turns = ("at", "by", "turns") if "at" in has else ("next", "step", "left")
        if first not in has:
            values = Tuple(elts=[], ctx=Load(), **_place(at))
        elif step in has and turns in has:
            left = BinOp(left=part[turns], op=Mod(), right=_constant(1 << 64, at), **_place(at))
            length = BinOp(left=left, op=Mult(), right=part[step], **_place(at))
            stop = BinOp(left=part[first], op=Add(), right=length, **_place(at))
            values = _call(".range", at, part[first], stop, part[step])
        elif "stop" not in has:
            # Before the target is bound, in a loop whose body never ends: nothing asks for a second turn.
            values = Tuple(elts=[part[first]], ctx=Load(), **_place(at))
        else:
            values = _call(".range", at, part[first], part["stop"], _constant(_constant_step(at), at))
        return _call(".iter", at, values)

    def pinned(self, statement, ordinal: int, loop: int | None) -> list:
        """The statement that is entered, the first time with its pins in place of the expressions that they stand for."""
        if not self.pins:
            return self.rest([statement], ordinal, loop)
        at = statement
        changes = {}
        for field in ("test", "iter", "subject", "value", "target", "targets", "msg", "args"):
            found = getattr(statement, field, None)
            if found is not None:
                changes[field] = self.with_pins(found)
        if isinstance(statement, Match):
            changes["cases"] = [_changed(case, guard=self.with_pins(case.guard)) for case in statement.cases]
        loaded = self.pin(statement.target) if isinstance(statement, AugAssign) else None
        if loaded:
            left = self.choice(statement.target, loaded)
            value = BinOp(left=left, op=statement.op, right=changes["value"], **_place(at))
            statement = Assign(targets=[changes["target"]], value=value, type_comment=None, **_place(at))
        else:
            statement = _changed(statement, **changes)
        *before, statement = self.rest([statement], ordinal, loop)
        over = _assign(".pinned", _constant(False, at), at)
        if isinstance(statement, (If, For, While)):
            blocks = {field: [over, *getattr(statement, field)] for field in ("body", "orelse")}
            statement = _changed(statement, **blocks)
        elif isinstance(statement, Match):
            cases = [_changed(case, body=[over, *case.body]) for case in statement.cases]
            statement = _changed(statement, cases=cases)
        return [*before, statement, over]

    def pin(self, node) -> str | None:
        """The pin that stands for an expression."""
        if not self.pins or "lineno" not in node._attributes:
            return None
        line, column, end_line, end_column = _place(node).values()
        return self.pins.get(f"{line - self.first_line}:{column}-{end_line - self.first_line}:{end_column}")

    def choice(self, node, pin: str):
        """The pin, the first time, else the expression."""
        name = _name(pin, node)
        value = name if pin.startswith(".pin") else Call(func=name, args=[], keywords=[], **_place(node))
        return IfExp(test=_name(".pinned", node), body=value, orelse=_loaded(node), **_place(node))

    def with_pins(self, node):
        """A copy of an expression with its pins."""
        if isinstance(node, list):
            return [self.with_pins(one) for one in node]
        if not hasattr(node, "_fields"):
            return node
        pin = None if _is_stored(node) else self.pin(node)
        if pin:
            return self.choice(node, pin)
        fields = {field: getattr(node, field) for field in node._fields if hasattr(node, field)}
        return _changed(node, **{field: self.with_pins(value) for field, value in fields.items()})

    def rest(self, statements: list, ordinal: int, loop: int | None) -> list:
        """Statements that are not entered in the middle."""
        written = []
        for statement in statements:
            written += self.whole(statement, ordinal, loop)
            ordinal += _count([statement])
        return written

    def whole(self, statement, ordinal: int, loop: int | None, *, in_parts: bool = True) -> list:
        if isinstance(statement, (Global, Nonlocal)):
            # The compiler has learnt it already, and takes it only once.
            return [Pass(**_place(statement))]
        if isinstance(statement, Continue):
            return [*self.turn([statement], loop), statement] if loop is not None else [statement]
        if _is_scope(statement):
            return [statement]
        is_loop = isinstance(statement, (For, While))
        asks = self.asks == "often" or self.asks == "rarely" and (loop is None or ordinal == self.statement)
        if self.asks == "often" or asks and isinstance(statement, While):
            self.ticking.add(ordinal)
        changes = {}
        inner = ordinal + 1
        for field in _BLOCKS:
            parts = getattr(statement, field, None)
            if not isinstance(parts, list) or not parts:
                continue
            around = ordinal if is_loop and field == "body" else loop
            if field in ("handlers", "cases"):
                changes[field] = []
                for part in parts:
                    changes[field].append(_changed(part, body=self.rest(part.body, inner, around)))
                    inner += _count(part.body)
            else:
                changes[field] = self.rest(parts, inner, around)
                inner += _count(parts)
        if is_loop:
            changes["body"] += self.turn(statement.body, ordinal)
        if isinstance(statement, For):
            over = self.iterable(statement, ordinal) if asks else statement.iter
            if asks and in_parts:
                over = self.part_of(over, ordinal)
                changes["orelse"] = self.part_ends(over, changes.get("orelse", []), ordinal)
            changes["iter"] = over
        return [_changed(statement, **changes)] if changes else [statement]

    def iterable(self, statement: For, ordinal: int):
        """What a `for` goes over, so that its iterator can be asked for its state."""
        over = statement.iter
        if not self.asks:
            return over
        target = _name(f".rest{ordinal}", over, Store())
        # What cannot be gone over is TypeError, which CPython places here.
        at = over if version_info >= (3, 13) else statement
        return NamedExpr(target=target, value=_changed(_call(".iter", over, over), **_place(at)), **_place(over))

    def turn(self, statements: list, loop: int) -> list:
        """The question at the end of a turn; `statements` end the turn."""
        at = statements[-1]
        if not self.asks or loop not in self.ticking or isinstance(at, (Return, Raise, Break)):
            return []
        if isinstance(at, Continue) and len(statements) > 1:
            return []  # It has asked itself.
        leave = Return(value=_name(".ask", at), **_place(at))
        at_end = UnaryOp(op=Not(), operand=_name(".ticks", at), **_place(at))
        ask = [_assign(".ticks", self.question(at, loop, must_leave=False), at), self.when(at_end, [leave])]
        taken = [Break(**_place(at))]
        tick = _name(".tick", at, Store())
        return [For(target=tick, iter=_name(".ticks", at), body=taken, orelse=ask, type_comment=None, **_place(at))]

    def question(self, at, loop: int, *, must_leave: bool) -> Call:
        return _call(".ask", at, _constant(loop, at), _call(".locals", at), _constant(must_leave, at))

    def reached(self, at) -> list:
        """The entry point."""
        return [_assign(".first", _constant(False, at), at)] if self.in_turn else []

    def first(self, at) -> Name:
        return _name(".first", at)

    def not_first(self, at) -> UnaryOp:
        return UnaryOp(op=Not(), operand=self.first(at), **_place(at))

    def when(self, test, body: list, orelse: list | None = None) -> If:
        return If(test=test, body=body, orelse=orelse or [], **_place(test))


def _compile(what, code: CodeType, flags: int):
    """Python's own compiler; it has said its warnings when it made the function."""
    flags |= code.co_flags & _FUTURES
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(what, code.co_filename, "exec", flags, dont_inherit=True)


def _is_pin(name: str) -> bool:
    return name.startswith((".pin", ".raise"))


def _class_name(qualname: str) -> str | None:
    """The innermost class around a function, by which private names are mangled."""
    parts = qualname.split(".")
    classes = [one for one, inner in zip(parts, parts[1:]) if "<locals>" not in (one, inner)]
    return classes[-1] if classes else None


def _mangled(name: str, class_name: str | None) -> str:
    class_name = (class_name or "").lstrip("_")
    if not class_name or not name.startswith("__") or name.endswith("__"):
        return name
    return f"_{class_name}{name}"


def _constant_step(over) -> int:
    """The step of `range(...)` with a constant step of 1 or -1."""
    if len(over.args) < 3:
        return 1
    step = eval(compile(Expression(body=over.args[2]), "<step>", "eval"), {"__builtins__": {}})
    if step not in (1, -1):
        raise Unsupported
    return int(step)


def _numbered(part: str, ordinal: int, number: int) -> str:
    return f"{part}{ordinal}.{number}" if number else f"{part}{ordinal}"


def _with_visible_names(node):
    """A copy in which nothing shows the hidden names."""
    if isinstance(node, list):
        return [_with_visible_names(one) for one in node]
    if not hasattr(node, "_fields"):
        return node
    copy = _changed(node, **{field: _with_visible_names(getattr(node, field)) for field in node._fields})
    if isinstance(node, Call) and isinstance(node.func, Name) and node.func.id in _SHOWS_NAMES:
        return copy if node.args or node.keywords else _call(".visible", node, copy)
    return copy
