"""What CPython says about a call, and the comparison with what brrr did.

Enters: source text, the name of a function in it, arguments. Leaves: an `Expected`, made by CPython alone: the outcome
(value, type, bits; or exception, text, line), and where compiled code has to leave, with the locals that stand there.
`differences` compares it with an `Observed`, made by brrr.

Two runs make an `Expected`. The plain run gives the outcome. The instrumented run executes the same tree with one line
number a statement, so that line events are statements, and with every operation behind a helper which knows the rules of
side exits (an int over 64 bits, an exception, an operation without a row); it gives the exit, the locals at each visit
and the names that are read afterwards.
"""

from __future__ import annotations

import ast
import math
import operator
import re
import struct
import sys
from dataclasses import dataclass, field
from typing import Any

LOW, HIGH = -(2**63), 2**63 - 1

BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "<<": operator.lshift, ">>": operator.rshift, "&": operator.and_,
    "|": operator.or_, "^": operator.xor, "@": operator.matmul,
}
COMPARE = {
    "<": operator.lt, "<=": operator.le, "==": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge,
}
UNARY = {"-": operator.neg, "+": operator.pos, "~": operator.invert}
BITWISE = frozenset(("<<", ">>", "&", "|", "^"))
SPELLING = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.LShift: "<<", ast.MatMult: "@", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
    ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=", ast.Gt: ">", ast.GtE: ">=",
    ast.USub: "-", ast.UAdd: "+", ast.Invert: "~",
}
# The instrumented run gives up beyond these; the call is then left out.
MOST_EVENTS = 40_000
MOST_BITS = 4_096


class TooMuch(BaseException):
    """A call that would take CPython too long: a huge int, or too many statements."""


# Values ---------------------------------------------------------------------------------------------------------------


def encode(value: object) -> tuple[str, Any]:
    """Type and value in a form that `==` compares to the bit. The sign and payload of NaN are not compared."""
    if type(value) is float:
        return ("float", "nan" if math.isnan(value) else struct.pack(">d", value).hex())
    if type(value) in (int, bool, type(None)):
        return (type(value).__name__, value)
    return (type(value).__name__, repr(value))


def show(encoded: tuple[str, Any]) -> str:
    """The readable form of an encoded value."""
    kind, payload = encoded
    if kind == "float" and payload != "nan":
        return repr(struct.unpack(">d", bytes.fromhex(payload))[0])
    return f"float {payload}" if kind == "float" else f"{payload!r}" if kind in ("int", "bool") else str(payload)


@dataclass(frozen=True)
class Outcome:
    """What a call did: returned `value`, or raised `value` (type and text) at `line` of the file."""

    raised: bool
    value: tuple[str, Any]
    line: int | None = None
    # The argument that came back as the same object; None if no argument did, or if it does not matter.
    same: int | str | None = None

    def __str__(self) -> str:
        if self.raised:
            return f"{self.value[0]}: {self.value[1]} (line {self.line})"
        return f"{show(self.value)} ({self.value[0]})" + (f", argument {self.same}" if self.same is not None else "")


def outcome(function, args=(), kwargs=None, filename: str | None = None) -> Outcome:
    """Calls, and says what happened. `line` is that of the innermost frame in `filename`."""
    kwargs = kwargs or {}
    try:
        value = function(*args, **kwargs)
    except Exception as error:
        return failure(error, filename)
    return Outcome(False, encode(value), same=_same(value, args, kwargs))


def failure(error: BaseException, filename: str | None) -> Outcome:
    """The outcome of a call that raised `error`."""
    line, entry = None, error.__traceback__
    while entry is not None:
        if entry.tb_frame.f_code.co_filename == filename:
            line = entry.tb_lineno
        entry = entry.tb_next
    return Outcome(True, (type(error).__name__, str(error)), line)


def _same(value, args, kwargs):
    # Small ints, bools and None are one object anyway.
    if value is None or type(value) is bool or (type(value) is int and -5 <= value <= 256):
        return None
    names = [*enumerate(args), *kwargs.items()]
    return next((name for name, argument in names if argument is value), None)


# The instrumented run -------------------------------------------------------------------------------------------------


@dataclass
class Visit:
    """A statement that begins to be executed, and the locals there."""

    statement: int
    locals: dict[str, tuple[str, Any]]
    # The turns that remain of each `for` around the statement, by the ordinal of the `for`.
    turns: dict[int, range]
    # Names read, and loops advanced, from here on before they are written: what a continuation needs at the least.
    needed: set[str] = field(default_factory=set)
    advanced: set[int] = field(default_factory=set)


@dataclass
class Statement:
    """A statement of the function's body, in pre-order."""

    line: int
    point: str
    writes: frozenset[str]
    # The ordinals of the `for` loops in whose bodies it stands.
    loops: tuple[int, ...]


@dataclass
class Leave:
    """The side exit that has to be taken."""

    statement: int
    line: int
    point: str
    reason: str
    visit: Visit


@dataclass
class Expected:
    """What CPython says about a call."""

    outcome: Outcome
    leave: Leave | None
    operations: int
    used: frozenset[tuple]


class Turns:
    """An iterator over a range that knows the turns that remain."""

    def __init__(self, owner: Instrumented, ordinal: int, turns: range):
        self.owner, self.ordinal, self.rest = owner, ordinal, turns

    def __iter__(self):
        return self

    def __next__(self):
        self.owner._event("turn", self.ordinal)
        if not self.rest:
            raise StopIteration
        value, self.rest = self.rest[0], self.rest[1:]
        return value


class Instrumented:
    """One function of a module's text, rewritten; `run` executes a call."""

    def __init__(self, text: str, name: str, namespace: dict | None = None):
        tree = ast.parse(text)
        self.statements: list[Statement] = []
        rewritten = []
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                node.decorator_list = []
                if node.name == name:
                    self._function(node)
                rewritten.append(node)
            elif not isinstance(node, (ast.Import, ast.ImportFrom)):
                rewritten.append(node)
        tree.body = rewritten
        self.namespace = dict(namespace or {})
        self.namespace.update(_b=self._binary, _u=self._unary, _c=self._compare, _n=self._not, _r=self._read,
                              _k=self._literal, _i=self._iterate, _w=self._written)
        exec(compile(ast.fix_missing_locations(tree), "<instrumented>", "exec"), self.namespace)
        self.function = self.namespace[name]

    # Rewriting.

    def _function(self, node: ast.FunctionDef) -> None:
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        stored |= {n.name for n in ast.walk(node) if isinstance(n, ast.MatchAs) and n.name}
        self.names = {one.arg for one in every} | stored
        for one in every:
            one.annotation = None
        node.returns = None
        node.body = [self._statement(one, ()) for one in node.body]

    def _statement(self, node: ast.stmt, loops: tuple[int, ...]) -> ast.stmt:
        number = len(self.statements)
        point = "condition" if isinstance(node, (ast.If, ast.While, ast.Match)) else (
            "iterable" if isinstance(node, ast.For) else "start")
        targets = {ast.Assign: lambda: node.targets, ast.AnnAssign: lambda: [node.target] if node.value else [],
                   ast.AugAssign: lambda: [node.target], ast.For: lambda: [node.target]}.get(type(node), list)()
        writes = frozenset(n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name))
        self.statements.append(Statement(node.lineno, point, writes, loops))
        rewrite = _Rewrite(self)
        if isinstance(node, ast.AugAssign):
            # The same order as Python's: the target is read, then the value is evaluated, then the target is written.
            read = ast.Name(node.target.id, ast.Load())
            value = ast.BinOp(read, node.op, node.value)
            node = ast.Assign([node.target], rewrite.visit(value), lineno=node.lineno)
        elif isinstance(node, ast.AnnAssign):
            # The annotation of a local is never evaluated.
            node = ast.Assign([node.target], rewrite.visit(node.value)) if node.value else ast.Pass()
        elif isinstance(node, (ast.If, ast.While)):
            node.test = rewrite.visit(node.test)
        elif isinstance(node, ast.Match):
            node.subject = rewrite.visit(node.subject)
            for case in node.cases:
                case.guard = case.guard and rewrite.visit(case.guard)
        elif isinstance(node, ast.For):
            iterate, ordinal = ast.Name("_i", ast.Load()), ast.Constant(number)
            node.iter = ast.Call(iterate, [ordinal, rewrite.visit(node.iter)], [])
        else:
            node = rewrite.visit(node)
        bodies = [(one, name, getattr(one, name)) for one in (node, *getattr(node, "cases", ()))
                  for name in ("body", "orelse") if isinstance(getattr(one, name, None), list)]
        for one, name, _ in bodies:
            setattr(one, name, [])
        for inner in ast.walk(node):
            if hasattr(inner, "lineno") or isinstance(inner, (ast.expr, ast.stmt)):
                inner.lineno = inner.end_lineno = number + 1
                inner.col_offset = inner.end_col_offset = 0
        for one, name, body in bodies:
            inside = (*loops, number) if isinstance(node, ast.For) and name == "body" else loops
            setattr(one, name, [self._statement(inner, inside) for inner in body])
        return node

    # Helpers that the rewritten function calls.

    def _event(self, *event) -> None:
        self._events.append(event)
        if len(self._events) > MOST_EVENTS:
            raise TooMuch

    def _leave(self, reason: str) -> None:
        self._event("leave", reason)
        self._left = True

    def _count(self, symbol: str, *operands) -> None:
        # What comes after an exit is the interpreter's.
        if not self._left:
            self.operations += 1
            self.used.add((symbol, *map(type, operands)))

    def _read(self, name: str, value):
        self._event("read", name)
        return value

    def _written(self, name: str, value):
        self._event("written", name)
        return value

    def _iterate(self, ordinal: int, iterable):
        if type(iterable) is not range:
            return iterable
        self._event("range", ordinal)
        self._turns[ordinal] = Turns(self, ordinal, iterable)
        return self._turns[ordinal]

    def _literal(self, value):
        if not LOW <= value <= HIGH:
            self._leave("literal over 64 bits")
        return value

    def _binary(self, symbol: str, left, right, negative_literal: bool):
        by_int = negative_literal and type(left) is not float
        self._count("**-" if by_int else symbol, left, right)
        kinds = {type(left), type(right)}
        if not kinds <= {int, float, bool} or symbol == "@" or (symbol in BITWISE and float in kinds):
            self._leave("no row")
        elif float not in kinds and huge(symbol, left, right):
            raise TooMuch
        elif symbol == "**" and float not in kinds and right < 0 and not negative_literal:
            self._leave("negative exponent")
        result = BINARY[symbol](left, right)
        self.gave_operand |= result is left or result is right
        if type(result) not in (int, float, bool) or (type(result) is int and not LOW <= result <= HIGH):
            self._leave("result not in 64 bits")
        return result

    def _unary(self, symbol: str, value):
        self._count(symbol, value)
        if symbol == "~" and type(value) is bool:
            self._leave("complement of a bool")
        result = UNARY[symbol](value)
        self.gave_operand |= result is value
        if type(result) is int and not LOW <= result <= HIGH:
            self._leave("result not in 64 bits")
        return result

    def _compare(self, symbol: str, left, right):
        self._count(symbol, left, right)
        if not {type(left), type(right)} <= {int, float, bool}:
            self._leave("no row")
        return COMPARE[symbol](left, right)

    def _not(self, value) -> bool:
        self._count("not", bool(value))
        return not value

    # Running.

    def run(self, args=(), kwargs=None) -> Leave | None:
        """Executes a call. Gives the exit it has to take; raises `TooMuch` if the call is too long."""
        self._events: list[tuple] = []
        self._turns: dict[int, Turns] = {}
        self.operations, self.used, self._left = 0, set(), False
        # CPython's `+x` and `x % y` may give `x` itself: equal is enough there.
        self.gave_operand = False
        code = self.function.__code__

        def lines(frame, kind, _):
            if kind == "line":
                found = {n: encode(v) for n, v in dict(frame.f_locals).items() if n in self.names}
                number = frame.f_lineno - 1
                turns = {one: self._turns[one].rest for one in self.statements[number].loops if one in self._turns}
                self._event("line", number, found, turns)
            return lines

        before = sys.gettrace()
        sys.settrace(lambda frame, *_: lines if frame.f_code is code else None)
        try:
            self.function(*args, **(kwargs or {}))
        except Exception as error:
            self._event("leave", f"{type(error).__name__}")
        finally:
            sys.settrace(before)
        return self._first_leave()

    def _first_leave(self) -> Leave | None:
        visit = None
        for at, event in enumerate(self._events):
            if event[0] == "line":
                visit = at
            elif event[0] == "leave":
                if visit is None:  # The arguments did not match: the call never began.
                    return None
                _, number, found, turns = self._events[visit]
                statement = self.statements[number]
                made = Visit(number, found, turns, self._needed(visit, found), self._advanced(visit))
                return Leave(number, statement.line, statement.point, event[1], made)
        return None

    def _needed(self, at: int, bound: dict) -> set[str]:
        needed, written, writes = set(), set(), frozenset()
        for event in self._events[at:]:
            if event[0] == "line":
                written |= writes
                writes = self.statements[event[1]].writes
            elif event[0] == "written":
                written.add(event[1])
            elif event[0] == "read" and event[1] not in written:
                needed.add(event[1])
        return needed & bound.keys()

    def _advanced(self, at: int) -> set[int]:
        advanced, made = set(), set()
        for event in self._events[at:]:
            if event[0] == "range":
                made.add(event[1])
            elif event[0] == "turn" and event[1] not in made:
                advanced.add(event[1])
        return advanced


class _Rewrite(ast.NodeTransformer):
    """Puts helpers round the operations of one statement."""

    def __init__(self, owner: Instrumented):
        self.owner = owner
        self.temporaries = 0

    def _call(self, helper: str, *args: ast.expr) -> ast.Call:
        return ast.Call(ast.Name(helper, ast.Load()), list(args), [])

    def visit_Name(self, node: ast.Name):
        if isinstance(node.ctx, ast.Load) and node.id in self.owner.names:
            return self._call("_r", ast.Constant(node.id), node)
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr):
        return ast.NamedExpr(node.target, self._call("_w", ast.Constant(node.target.id), self.visit(node.value)))

    def visit_Constant(self, node: ast.Constant):
        return self._call("_k", node) if type(node.value) is int else node

    def visit_BinOp(self, node: ast.BinOp):
        right = node.right
        symbol = ast.Constant(SPELLING[type(node.op)])
        negative = (symbol.value == "**" and isinstance(right, ast.UnaryOp) and isinstance(right.op, ast.USub)
                    and isinstance(right.operand, ast.Constant) and type(right.operand.value) is int)
        return self._call("_b", symbol, self.visit(node.left), self.visit(right), ast.Constant(negative))

    def visit_UnaryOp(self, node: ast.UnaryOp):
        if isinstance(node.op, ast.Not):
            return self._call("_n", self.visit(node.operand))
        if isinstance(node.op, ast.USub) and isinstance(getattr(node.operand, "value", None), (int, float)):
            # The least int is a literal beyond 64 bits under a minus.
            return self._call("_u", ast.Constant("-"), node.operand)
        return self._call("_u", ast.Constant(SPELLING[type(node.op)]), self.visit(node.operand))

    def visit_Compare(self, node: ast.Compare):
        if any(type(op) not in SPELLING for op in node.ops):
            return self.generic_visit(node)
        parts, left = [], self.visit(node.left)
        for at, (op, right) in enumerate(zip(node.ops, node.comparators)):
            right = self.visit(right)
            symbol = ast.Constant(SPELLING[type(op)])
            if at + 1 == len(node.ops):
                parts.append(self._call("_c", symbol, left, right))
                continue
            self.temporaries += 1
            name = f"_t{self.temporaries}"
            parts.append(self._call("_c", symbol, left, ast.NamedExpr(ast.Name(name, ast.Store()), right)))
            left = ast.Name(name, ast.Load())
        return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), parts)


def huge(symbol: str, left: int, right: int) -> bool:
    """True if the int result would take CPython long to make."""
    left, right = int(left), int(right)
    if symbol == "**":
        return right > 0 and abs(left) > 1 and left.bit_length() * right > MOST_BITS
    if symbol == "<<":
        return left != 0 and 0 < right and left.bit_length() + right > MOST_BITS
    return symbol == "*" and left.bit_length() + right.bit_length() > MOST_BITS


# Comparing ------------------------------------------------------------------------------------------------------------


def fits(value: object) -> bool:
    """True if compiled code takes the value as an argument."""
    return type(value) in (float, bool, type(None)) or (type(value) is int and LOW <= value <= HIGH)


def expect(plain, instrumented: Instrumented | None, args, kwargs=None, filename: str | None = None) -> Expected:
    """What CPython says about `plain(*args, **kwargs)`; raises `TooMuch` if it would take too long."""
    kwargs = kwargs or {}
    leave, operations, used = None, 0, frozenset()
    if instrumented is not None:
        leave = instrumented.run(args, kwargs)
        operations, used = instrumented.operations, frozenset(instrumented.used)
        if not all(fits(value) for value in [*args, *kwargs.values()]):
            leave = None
    made = outcome(plain, args, kwargs, filename)
    if instrumented is not None and instrumented.gave_operand:
        made = Outcome(made.raised, made.value, made.line, None)
    return Expected(made, leave, operations, used)


@dataclass
class Observed:
    """What brrr did in a call."""

    outcome: Outcome
    compiled: int
    exits: dict[int, int]
    record: dict | None


def observe(function, args=(), kwargs=None, filename: str | None = None) -> Observed:
    """Calls a decorated function, and reads its statistics and its exit record."""
    before = function.stats()
    made = outcome(function, args, kwargs, filename)
    after = function.stats()
    exits = {line: count - before["exits"].get(line, 0) for line, count in after["exits"].items()}
    exits = {int(line): count for line, count in exits.items() if count}
    record = None
    if exits:
        found = function._last_exit()
        record = dict(found, locals={name: encode(value) for name, value in dict(found["locals"]).items()})
    return Observed(made, after["compiled"] - before["compiled"], exits, record)


def differences(expected: Expected, observed: Observed, runs_compiled: bool = True) -> list[str]:
    """Everything in which brrr differs from CPython, in words; empty if nothing does.

    `runs_compiled` is False for calls that run the original function: then nothing may be counted.
    """
    found = []
    if not same_outcome(expected.outcome, observed.outcome):
        found.append(f"CPython: {expected.outcome}; brrr: {observed.outcome}")
    leave = expected.leave if runs_compiled else None
    lines = {leave.line: 1} if leave else {}
    if observed.exits != lines:
        reason = f" ({leave.reason})" if leave else ""
        found.append(f"exits expected at {_lines(lines)}{reason}, taken at {_lines(observed.exits)}")
    elif leave:
        found += record_differences(leave, observed.record)
    # A call that CPython refuses before it begins (a missing argument) is not compiled either.
    began = expected.outcome.line is not None or not expected.outcome.raised
    compiled = 1 if runs_compiled and not leave and began else 0
    if observed.compiled != compiled:
        found.append(f"calls that ran compiled from start to end: expected {compiled}, counted {observed.compiled}")
    return found


def same_outcome(expected: Outcome, observed: Outcome) -> bool:
    """True if nobody can tell them apart. An argument that CPython gives back must be the same object."""
    if (expected.raised, expected.value) != (observed.raised, observed.value):
        return False
    # CPython 3.11 gives an unbound name the line of the store before it once a function has run a few times.
    wavers = sys.version_info < (3, 12) and expected.value[0] == "UnboundLocalError"
    if expected.line != observed.line and not wavers:
        return False
    return expected.same is None or expected.same == observed.same


def record_differences(leave: Leave, record: dict | None) -> list[str]:
    """In what an exit record differs from CPython's frame at the statement that has to leave."""
    if record is None:
        return ["the exit left no record"]
    found = []
    place = (leave.statement, leave.line, leave.point)
    stated = (record["statement"], record["line"], str(record["point"]).lower())
    if place != stated:
        found.append(f"exit record: statement, line, point expected {place}, got {stated}")
    live = {name: value for name, value in record["locals"].items() if not name.startswith(".")}
    for name, value in live.items():
        there = leave.visit.locals.get(name)
        if there != value:
            words = "unbound" if there is None else show(there)
            found.append(f"exit record: `{name}` is {show(value)}, in CPython's frame {words}")
    for name in sorted(leave.visit.needed - live.keys()):
        found.append(f"exit record: `{name}` is read afterwards, but is not in the record")
    return found + iterator_differences(leave.visit, record["locals"])


def iterator_differences(visit: Visit, recorded: dict) -> list[str]:
    """In what the iterators of an exit record differ from the turns that remain in CPython.

    `.next4` is the next value of the `for` that is statement 4. With a step of 1 or -1 it goes up to `.stop4`; otherwise
    `.step4` is added, and `.left4` turns remain, modulo 2**64.
    """
    found, states = [], {}
    for name, value in recorded.items():
        if match := re.fullmatch(r"\.(next|stop|step|left)(\d+)", name):
            states.setdefault(int(match[2]), {})[match[1]] = value[1]
    for ordinal in sorted(visit.advanced & visit.turns.keys() - states.keys()):
        found.append(f"exit record: the loop of statement {ordinal} goes on, but is not in the record")
    for ordinal, state in sorted(states.items()):
        rest = visit.turns.get(ordinal)
        if rest is None:
            found.append(f"exit record: the loop of statement {ordinal} is in the record, but is not going on")
        elif not _agrees(state, rest):
            found.append(f"exit record: the loop of statement {ordinal} is at {state}, in CPython {rest} remains")
    return found


def _agrees(state: dict[str, int], rest: range) -> bool:
    turns = max(0, -((rest.start - rest.stop) // rest.step))
    if turns and state.get("next") != rest[0]:
        return False
    if "left" in state or "step" in state:
        return state.get("left", 0) % 2**64 == turns and state.get("step") == rest.step
    remain = max(0, (state["stop"] - state["next"]) * rest.step)
    return abs(rest.step) == 1 and remain == turns


def _lines(lines: dict[int, int]) -> str:
    return ", ".join(f"line {line}" + (f" x{n}" if n > 1 else "") for line, n in lines.items()) or "no line"
