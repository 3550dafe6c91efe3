"""Continuations under CPython alone: no compiled code, every entry point of many nested programs.

A program is run plainly, and once more with a hook at every entry point. At the hook's n-th visit the run is cut off, and the
continuation made for that entry point goes on with the locals and iterators as they stood. What both did together, their result
or exception, and the whole traceback must be those of the plain run. This is done for every n.
"""

import ast
import importlib
import linecache
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType

import pytest

from tests.nested import Generator

PATH = Path(__file__).parents[1] / "crates/py/python/brrr/_resume.py"
if not PATH.exists():
    import brrr

    PATH = Path(brrr.__file__).with_name("_resume.py")
# Its package without the extension, which need not be built.
sys.modules["brrr_alone"] = ModuleType("brrr_alone")
sys.modules["brrr_alone"].__path__ = [str(PATH.parent)]
resume = importlib.import_module("brrr_alone._resume")

LIMIT = 400
"""Notes after which a run ends: generated loops need not end themselves."""


class Cut(BaseException):
    """The run is cut off at an entry point."""


class TooLong(Exception):
    """A run that does not end soon."""


class Hooks(ast.NodeTransformer):
    """Puts a hook at every entry point of a function."""

    def __init__(self):
        self.next = 0
        self.around = []
        self.loops = {}
        """The loops in whose turns each entry point stands, and how their iterators are kept."""

    def function(self, tree):
        tree.decorator_list = []
        tree.body = self.block(tree.body)
        return ast.fix_missing_locations(tree)

    def block(self, statements):
        return [part for statement in statements for part in self.statement(statement)]

    def statement(self, statement):
        ordinal = self.next
        self.next += 1
        self.loops[ordinal] = tuple(self.around)
        kept = _kept(statement) if isinstance(statement, (ast.For, ast.While)) else None
        match statement:
            case ast.If() | ast.While():
                statement.test = self.before(ordinal, "condition", statement.test)
            case ast.Match():
                statement.subject = self.before(ordinal, "condition", statement.subject)
            case ast.For():
                over = self.before(ordinal, "iterable", statement.iter)
                name = ast.Name(id="hooked_", ctx=ast.Load())
                statement.iter = ast.Call(func=name, args=[ast.Constant(value=ordinal), over], keywords=[])
            case _:
                return [ast.Expr(value=self.hook(ordinal, "start")), statement]
        if isinstance(statement, (ast.For, ast.While)):
            self.around.append((ordinal, kept))
            statement.body = self.block(statement.body)
            self.around.pop()
        elif isinstance(statement, ast.If):
            statement.body = self.block(statement.body)
        else:
            for case in statement.cases:
                case.body = self.block(case.body)
        if not isinstance(statement, ast.Match):
            statement.orelse = self.block(statement.orelse)
        return [statement]

    def before(self, ordinal, point, expression):
        return ast.BoolOp(op=ast.And(), values=[self.hook(ordinal, point), expression])

    def hook(self, ordinal, point):
        args = [ast.Constant(value=ordinal), ast.Constant(value=point)]
        return ast.Call(func=ast.Name(id="hook_", ctx=ast.Load()), args=args, keywords=[])


def _kept(loop):
    """How compiled code keeps the iterator of a loop."""
    if isinstance(loop, ast.While):
        return "while"
    if not (isinstance(loop.iter, ast.Call) and ast.unparse(loop.iter.func) == "range"):
        return "parts"
    args = loop.iter.args
    return "stepped" if len(args) == 3 and ast.unparse(args[2]) not in ("1", "-1") else "counted"


def _parts(iterator, loop, kept):
    """The state of an iterator, by the names under which a continuation takes it."""
    kinds = {"counted": ("next", "stop"), "stepped": ("next", "step", "left")}
    values = {}
    for part, value in resume.iterator_state(iterator).items():
        kind, _, number = part.partition(".")
        if kind in kinds.get(kept, ("turns", "at", "by", "over", "count")):
            values[f".{kind}{loop}{'.' if number else ''}{number}"] = value
    return values


class Run:
    """One run of the program with hooks, cut off at visit `at`."""

    def __init__(self, program, at):
        self.program = program
        self.left = at
        self.iterators = {}
        self.place = None

    def hook(self, ordinal, point, depth=1):
        self.left -= 1
        if self.left == 0:
            self.place = ordinal, point, dict(sys._getframe(depth).f_locals)
            raise Cut
        return True

    def hooked(self, ordinal, over):
        self.iterators[ordinal] = iter(over)
        return Hooked(self, ordinal, self.iterators[ordinal])

    def state(self):
        """Names and values at the entry point."""
        ordinal, point, values = self.place
        loops = self.program.loops[ordinal]
        if point in ("advance", "target"):
            loops += ((ordinal, self.program.kept[ordinal]),)
        for loop, kept in loops:
            if kept == "while":
                continue
            values |= _parts(self.iterators[loop], loop, kept)
        return values


class Hooked:
    """An iterator that has a hook before each of its turns."""

    def __init__(self, run, ordinal, inner):
        self.run, self.ordinal, self.inner = run, ordinal, inner

    def __iter__(self):
        return self

    def __next__(self):
        self.run.hook(self.ordinal, self.run.program.advance, depth=2)
        return next(self.inner)


class Program:
    """A function `f` and what it needs: `note` writes down what it is given and gives it back."""

    def __init__(self, text, head="", find="f"):
        self.notes = []
        self.path = f"<program {id(self)}>"
        self.text = head + text
        linecache.cache[self.path] = (len(self.text), None, self.text.splitlines(True), self.path)
        self.globals = {"note": self.note}
        exec(compile(self.text, self.path, "exec"), self.globals)
        self.function = eval(find, self.globals)
        lines = self.text.splitlines(True)[self.function.__code__.co_firstlineno - 1 :]
        self.source = resume.Source(self.function.__code__, "".join(lines))
        tree = ast.parse(self.text)
        hooks = Hooks()
        (inner,) = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name == "f"]
        hooks.function(inner)
        self.loops = hooks.loops
        self.kept = {ordinal: _kept(one) for ordinal, one in _ordinals(self.text) if isinstance(one, (ast.For, ast.While))}
        self.advance = "advance"
        self.made = {}
        self.hooked = {"note": self.note}
        exec(compile(tree, self.path, "exec"), self.hooked)
        self.hooked_function = eval(find, self.hooked)

    def note(self, value):
        self.notes.append(value)
        if len(self.notes) > LIMIT:
            raise TooLong
        return value

    def outcome(self, call):
        """What a call gives, with the traceback from the function on."""
        try:
            return "returned", repr(call())
        except TooLong:
            return "too long", ""
        except Exception as error:
            trace = error.__traceback__
            while trace.tb_frame.f_code.co_filename != self.path:
                trace = trace.tb_next
            text = "".join(traceback.format_exception(type(error), error, trace))
            # CPython 3.11 reads two locals at once in a function that is warm, and then marks the first for either.
            return "raised", re.sub(r"\n *\^+(?=\n)", "", text) if isinstance(error, UnboundLocalError) else text

    def check(self, *args, asks=""):
        """Cuts the run off at every visit; gives back the number of visits."""
        self.notes = []
        self.asks = asks
        expected = self.outcome(lambda: self.function(*args))
        notes = self.notes
        if expected[0] == "too long":
            return 0
        at = 0
        while True:
            at += 1
            run = Run(self, at)
            self.hooked |= {"hook_": run.hook, "hooked_": run.hooked}
            self.notes = []
            try:
                self.hooked_function(*args)
            except Cut:
                pass
            except Exception:
                if run.place is None:
                    return at - 1
                raise
            if run.place is None:
                return at - 1
            values = run.state()
            statement, point, _ = run.place
            made = self.continuation(statement, point, tuple(values), asks)
            went_on = self.outcome(lambda: self.go_on(made, values, asks))
            place = f"{self.text}\nentered at statement {statement}, {point}, with {values}"
            assert went_on == expected, place
            assert self.notes == notes, place

    def continuation(self, *place):
        if place not in self.made:
            self.made[place] = self.source.continuation(self.function, *place)
        return self.made[place]

    def go_on(self, made, values, asks):
        """Runs a continuation; at every question the next continuation takes over, at the header that asks."""
        answer = Answer()
        return self.entered_again(answer, made(*values.values(), answer, 1), values)

    def entered_again(self, answer, result, values):
        while result is answer:
            ordinal, values = answer.ordinal, dict(answer.values)
            loops = self.loops[ordinal] + ((ordinal, self.kept[ordinal]),)
            for loop, kept in loops:
                if kept == "while":
                    continue
                values |= _parts(values[f".rest{loop}"], loop, kept)
            point = "condition" if self.kept[ordinal] == "while" else "advance"
            kept_parts = re.compile(r"\.(next|stop|step|left|turns|at|by|over|count)\d")
            values = {name: value for name, value in values.items() if name[0] != "." or kept_parts.match(name)}
            made = self.continuation(ordinal, point, tuple(values), self.asks)
            result = made(*values.values(), answer, 2)
        return result


class Answer:
    """The other side of the questions: where it may stay, every third answer is to leave."""

    def __init__(self):
        self.asked = 0

    def __call__(self, ordinal, values, must_leave):
        self.asked += 1
        self.ordinal, self.values = ordinal, values
        return None if must_leave or self.asked % 3 == 0 else iter(range(self.asked % 3))


def _ordinals(text):
    """The statements of `f` with their ordinals."""
    (tree,) = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.FunctionDef) and one.name == "f"]

    def walk(statements):
        for statement in statements:
            yield statement
            for part in [statement, *getattr(statement, "cases", ())]:
                for field in ("body", "orelse"):
                    yield from walk(getattr(part, field, ()))

    def flat(statements):
        for statement in statements:
            yield statement
            yield from flat(getattr(statement, "body", ()))
            for case in getattr(statement, "cases", ()):
                yield from flat(case.body)
            yield from flat(getattr(statement, "orelse", ()))

    return list(enumerate(flat(tree.body)))


@pytest.mark.parametrize("asks", ["", "often", "rarely"])
@pytest.mark.parametrize("seed", range(5))
def test_generated(seed, asks):
    visits = 0
    for number in range(16):
        program = Program(Generator(seed * 1000 + number, notes=True, match=True).text())
        for args in [(1, 2, 3), (0, 5, 2)]:
            visits += program.check(*args, asks=asks)
    assert visits > 300
