"""Where compiled code may leave in a call, told by CPython alone.

Enters: a module's text, the name of a function in it, arguments. Leaves: `Leaves`, an upper bound of the exits of each line.

The function's own tree is run with every operation behind a helper and one line number a statement. The helpers know no operation
by name: what the table of operators says of the row that the operands use decides. Leaving is legitimate where an int does not fit
64 bits (as a result or as an operand), where no row takes the operands, where the row always leaves or CPython's result is of
another type than the row's, where the row's conditions may hold for what is not finite, and where CPython raises.
"""

from __future__ import annotations

import ast
import math
import operator
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from types import CellType

from tests import arrays, table
from tests.elements import OF_ARRAYS, Target, Turns, index_reason
from tests.forms import SPELLING, alternatives, mixes_tuples, widens
from tests.signs import SIGNS, made_nan
from tests.values import TooMuch, Unsettled, encode, finite, fits, huge

# The instrumented run gives up beyond so many; the call is then left out, or judged by its result alone.
MOST_EVENTS = 40_000

# Conditions of rows that are exact: nothing but an exception or a result that does not fit makes such a row leave.
EXACT = frozenset(("int over 64 bits", "division by zero", "negative shift count", "negative exponent", "step of zero",
                   "NaN, infinity, int over 64 bits", "negative argument", "no modular inverse", "warning made an error"))
UNARY = {"-": operator.neg, "+": operator.pos, "~": operator.invert}
# What is asked about objects, not about numbers: it never leaves.
OBJECTS = {ast.Is: operator.is_, ast.IsNot: operator.is_not}
CONTAINS = (ast.In, ast.NotIn)


@dataclass
class Statement:
    """A statement of the function's body, in pre-order."""

    line: int
    point: str
    # Names it writes, those written inside its expressions left out.
    writes: frozenset[str]
    # The ordinals of the `for` loops in whose bodies it stands.
    loops: tuple[int, ...]


@dataclass
class Visit:
    """A statement that begins to be executed and may leave, and the locals there."""

    statement: int
    point: str
    locals: dict[str, tuple]
    # The turns that remain of each `for` around the statement, by the ordinal of the `for`; None if they cannot be told.
    turns: dict[int, range | None]
    # Names read, and loops advanced, from here on before they are written: what a continuation needs at the least.
    needed: set[str] = field(default_factory=set)
    advanced: set[int] = field(default_factory=set)


@dataclass
class Leaves:
    """Where compiled code may leave in one call."""

    # Line to the most exits that it may take.
    counts: Counter = field(default_factory=Counter)
    # The line of the statement that raised.
    raised: int | None = None
    operations: int = 0
    # Name of the operation and types of its operands, of every operation.
    used: set[tuple] = field(default_factory=set)
    # (name, types, reason) of what may leave.
    reasons: set[tuple] = field(default_factory=set)
    # CPython's operation gave one of its operands: whether the result is an argument is not the function's doing.
    gave_operand: bool = False
    # Where it leaves is not judged: there are values of forms of their own, ints of a wider type or tuples beside other types at one
    # name, and which form a value has depends on the text and not on the value.
    open: bool = False
    # The visits that may leave; in a traced run only.
    visits: list[Visit] = field(default_factory=list)


def makes_functions(function: ast.FunctionDef) -> bool:
    """True if there are functions within a function: where it leaves is not judged."""
    return any(isinstance(inner, (ast.FunctionDef, ast.Lambda)) for one in function.body for inner in ast.walk(one))


def captured_by(function) -> dict[str, object]:
    """The names that a function captures, and what they hold now."""
    cells = getattr(function, "__closure__", None) or ()
    return {name: cell.cell_contents for name, cell in zip(function.__code__.co_freevars, cells) if cell != CellType()} if cells else {}


class Instrumented:
    """One function of a module's text, rewritten; `run` executes a call."""

    def __init__(self, text: str, name: str, namespace: dict | None = None):
        tree = ast.parse(text)
        self.name = name
        self.statements: list[Statement] = []
        # Name of the operation, its function, its statement.
        self.sites: list[tuple] = []
        self.namespace = dict(namespace or {})
        rewritten = []
        # A function that another one returns has its own name there.
        written = getattr(self.namespace.get(name), "__name__", name)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                node.decorator_list = []
                self._find(node, written)
                rewritten.append(node)
            elif not isinstance(node, (ast.Import, ast.ImportFrom)) or "brrr" not in ast.unparse(node):
                rewritten.append(node)
        tree.body = rewritten
        self.namespace.update(_o=self._operate, _f=self._call, _m=self._method, _a=self._attribute, _n=self._argument, _t=self._not, _r=self._read,
                              _w=self._written, _k=self._literal, _c=self._contains, _g=self._captured, _i=self._iterate, _l=self._load, _b=self._truth,
                              _s=partial(Target, self), _slice=slice)
        exec(compile(ast.fix_missing_locations(tree), "<instrumented>", "exec"), self.namespace)
        self.function = self.namespace[name]

    def _alternatives(self):
        """What the names outside the function hold that stand beside other values at one place, as they stand now."""
        captured = captured_by(self.function)
        return [captured.get(name, self.namespace.get(name)) for name in self.alternatives]

    # Rewriting.

    def _find(self, node: ast.FunctionDef, name: str) -> None:
        """Rewrites the function of that name, which may stand within another one."""
        if node.name == name:
            self._function(node)
            return
        for inner in ast.walk(node):
            if isinstance(inner, ast.FunctionDef) and inner.name == name:
                inner.decorator_list = []
                self._function(inner)
                return

    def change(self, statement: str) -> None:
        """Executes a statement of the module before the next run."""
        exec(statement, self.namespace)
        self.function = self.namespace[self.name]

    def _function(self, node: ast.FunctionDef) -> None:
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *filter(None, [arguments.vararg])]
        stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        stored |= {n.name for n in ast.walk(node) if isinstance(n, ast.MatchAs) and n.name}
        self.names = {one.arg for one in every} | stored
        self.stores = Counter([n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)])
        self.stores.update(one.arg for one in every)
        self.open = mixes_tuples(node, {one.arg for one in every}) or widens(node, self.namespace | captured_by(self.namespace.get(self.name)))
        self.alternatives = alternatives(node) - self.names
        if makes_functions(node):
            # What functions within it do is not told apart from what their calls do.
            self.open = True
            return
        for one in every:
            one.annotation = None
        node.returns = None
        node.body = [self._statement(one, ()) for one in node.body]

    def _statement(self, node: ast.stmt, loops: tuple[int, ...]) -> ast.stmt:
        number = len(self.statements)
        header = {ast.If: "test", ast.While: "test", ast.For: "iter", ast.Match: "subject"}.get(type(node))
        point = "start" if header is None else "iterable" if header == "iter" else "condition"
        line = node.lineno if header is None else getattr(node, header).lineno
        self.statements.append(Statement(line, point, _writes(node), loops))
        rewrite = _Rewrite(self, number)
        if isinstance(node, ast.AugAssign):
            node = rewrite.augmented(node)
        elif isinstance(node, ast.AnnAssign):
            # The annotation of a local is never evaluated.
            node = ast.Assign([node.target], rewrite.visit(node.value)) if node.value else ast.Pass()
        elif isinstance(node, (ast.If, ast.While)):
            # A continuation behind a call would ask again.
            calls = any(isinstance(inner, ast.Call) for inner in ast.walk(node.test))
            node.test = ast.Call(ast.Name("_b", ast.Load()), [ast.Constant(number if calls else None), rewrite.visit(node.test)], [])
        elif isinstance(node, ast.Match):
            node.subject = rewrite.visit(node.subject)
            for case in node.cases:
                case.guard = case.guard and rewrite.guard(case)
        elif isinstance(node, ast.For):
            node.iter = rewrite.iterable(node.iter)
        else:
            node = rewrite.visit(node)
        bodies = [(one, name, getattr(one, name)) for one in (node, *getattr(node, "cases", ())) for name in ("body", "orelse")
                  if isinstance(getattr(one, name, None), list)]
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

    def site(self, name: str, function, statement: int) -> ast.Constant:
        """A place of an operation, as the rewritten function names it."""
        self.sites.append((name, function, statement))
        return ast.Constant(len(self.sites) - 1)

    # Helpers that the rewritten function calls.

    def _event(self, *event) -> None:
        if self._traced:
            self._events.append(event)
        self._count += 1
        if self._count > MOST_EVENTS:
            raise TooMuch

    def _may(self, statement: int, reason: str, name: str = "", types: tuple = ()) -> None:
        self._leaves.counts[self.statements[statement].line] += 1
        self._leaves.reasons.add((name, types, reason))
        if self._traced:
            self._events.append(("leave",))

    def _judge(self, site: int, result, operands) -> None:
        name, _, statement = self.sites[site]
        leaves = self._leaves
        leaves.operations += 1
        self._count += 1
        if self._count > MOST_EVENTS:
            raise TooMuch
        types = tuple([type(one) for one in operands])
        leaves.used.add((name, types))
        for one in operands:
            if one is result:
                leaves.gave_operand = True
        if not fits(result):
            self._may(statement, "int over 64 bits", name, types)
            return
        if name in OF_ARRAYS and arrays.is_array(operands[0]):
            return
        reason = _reason(name, types, type(result))
        if reason == "not finite":
            reason = None if all(map(finite, operands)) and finite(result) else reason
        if reason is not None:
            self._may(statement, reason, name, types)

    def _operate(self, site: int, *operands):
        return self._apply(site, self.sites[site][1], operands, {})

    def _call(self, site: int, function, *args, **kwargs):
        return self._apply(site, function, args, kwargs)

    def _apply(self, site: int, function, args: tuple, kwargs: dict):
        name = self.sites[site][0]
        if huge(name, args):
            raise TooMuch
        operands = (*args, *kwargs.values()) if kwargs else args
        if getattr(function, "__name__", "") in SIGNS and made_nan(operands[-1], self._given):
            raise Unsettled
        try:
            result = function(*args, **kwargs)
        except Exception as error:
            self._failed(name, error, operands)
            raise
        self._judge(site, result, operands)
        return result

    def _failed(self, name: str, error: Exception, operands: tuple) -> None:
        # Leaving is counted once, for the statement.
        types = tuple([type(one) for one in operands])
        self._leaves.used.add((name, types))
        self._leaves.reasons.add((name, types, type(error).__name__))

    def _not(self, site: int, value) -> bool:
        self._judge(site, not value, (bool(value),))
        return not value

    def _method(self, site: int, value, *args, **kwargs):
        name, attribute, _ = self.sites[site]
        operands = (value, *args, *kwargs.values())
        try:
            result = getattr(value, attribute)(*args, **kwargs)
        except Exception as error:
            self._failed(name, error, operands)
            raise
        self._judge(site, result, operands)
        return result

    def _attribute(self, site: int, value):
        result = getattr(value, self.sites[site][1])
        self._judge(site, result, (value,))
        return result

    def _load(self, statement: int, value, index):
        """An element, or a part of an array."""
        result = value[index]
        if arrays.is_array(value):
            reason = index_reason(value, index) or (None if fits(result) else "an element of another type")
            if reason is not None:
                self._may(statement, reason, "[]", (type(value), type(index)))
        return result

    def _truth(self, statement: int | None, value):
        if statement is not None and arrays.is_array(value) and value.size == 1:
            self._may(statement, "the truth of an array")
        return value

    def _argument(self, statement: int, value):
        """An argument of `range`, or of another function whose result a `for` goes over."""
        if arrays.is_array(value):
            return value
        if type(value) not in (int, bool) or not fits(value):
            self._may(statement, "argument of range")
        return value

    def _contains(self, statement: int, wanted: bool, item, items):
        """`in`: whether a NaN is among the elements depends on which objects they are."""
        if item != item and any(one != one for one in items):
            self._may(statement, "two NaN that may be one object")
        if any(map(arrays.is_scalar, (item, *(() if type(items) is range else items)))):
            self._may(statement, "a scalar of NumPy and whether it is the same object")
        return (item in items) is wanted

    def _read(self, statement: int, name: str, value):
        self._event("read", name)
        if not fits(value):
            self._may(statement, "int over 64 bits")
        elif self.stores[name] > 1 and arrays.is_array(value):
            # Where arrays of several types meet, there are as many versions as there is room for.
            self._leaves.open = True
        return value

    def _written(self, name: str, value):
        self._event("written", name)
        return value

    def _captured(self, *names: str) -> bool:
        for name in names:
            self._event("written", name)
        return True

    def _literal(self, statement: int, value):
        if type(value) is int and not fits(value):
            self._may(statement, "constant over 64 bits")
        return value

    def _iterate(self, ordinal: int, iterable):
        if not self._traced:
            return iterable
        array = iterable if arrays.is_array(iterable) and iterable.ndim else None
        if type(iterable) is not range and array is None:
            self._turns[ordinal] = None
            return iterable
        self._event("range", ordinal)
        self._turns[ordinal] = Turns(self, ordinal, iterable if array is None else range(len(array)), array)
        return self._turns[ordinal]

    # Running.

    def run(self, args=(), kwargs=None, traced: bool = False) -> Leaves:
        """Executes a call; raises `TooMuch` if it is too long. `traced` also collects the visits that may leave."""
        self._given = (*args, *(kwargs or {}).values())
        self._events: list[tuple] = []
        self._turns: dict[int, Turns | None] = {}
        self._leaves, self._count, self._traced = Leaves(), 0, traced
        self._leaves.open = self.open or any(type(one) is tuple for one in (*args, *(kwargs or {}).values(), *self._alternatives()))
        if not self.statements:
            return self._leaves
        before = sys.gettrace()
        if traced:
            code = self.function.__code__
            sys.settrace(lambda frame, *_: self._line if frame.f_code is code else None)
        math.cosh(0.0)  # As `oracle.outcome` does.
        try:
            self.function(*args, **(kwargs or {}))
        except Exception as error:
            self._raised(error)
        finally:
            sys.settrace(before)
        if traced:
            self._leaves.visits = list(self._visits())
        return self._leaves

    def _raised(self, error: Exception) -> None:
        entry, line = error.__traceback__, None
        while entry is not None:
            if entry.tb_frame.f_code is self.function.__code__:
                line = entry.tb_lineno
            entry = entry.tb_next
        if line is not None:  # Otherwise the arguments did not match: the call never began.
            self._may(line - 1, type(error).__name__)
            self._leaves.raised = self.statements[line - 1].line

    def _line(self, frame, kind, _):
        if kind == "line":
            found = {n: encode(v, contents=False) for n, v in dict(frame.f_locals).items() if n in self.names}
            number = frame.f_lineno - 1
            turns = {one: getattr(self._turns[one], "rest", None) for one in self.statements[number].loops if one in self._turns}
            self._event("line", number, found, turns)
        return self._line

    def _visits(self):
        visit = None
        for at, event in enumerate(self._events):
            if event[0] == "line":
                visit = at
            elif event[0] == "leave" and visit is not None:
                _, number, found, turns = self._events[visit]
                yield Visit(number, self.statements[number].point, found, turns, self._needed(visit, found), self._advanced(visit))
                visit = None

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

    def __init__(self, owner: Instrumented, statement: int):
        self.owner = owner
        self.statement = statement
        self.temporaries = 0

    def _helper(self, helper: str, *args: ast.expr, keywords=()) -> ast.Call:
        return ast.Call(ast.Name(helper, ast.Load()), list(args), list(keywords))

    def _site(self, name: str, function) -> ast.Constant:
        return self.owner.site(name, function, self.statement)

    def _here(self) -> ast.Constant:
        return ast.Constant(self.statement)

    def iterable(self, node: ast.expr) -> ast.expr:
        """What a `for` goes over."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in self.owner.names:
            node.args = [self._helper("_n", self._here(), self.visit(one)) for one in node.args]
        else:
            node = self.visit(node)
        return self._helper("_i", self._here(), node)

    def augmented(self, node: ast.AugAssign) -> ast.Assign:
        """The same order as Python's: the target is read, then the value is evaluated, then the target is written."""
        target, read = node.target, ast.Name(getattr(node.target, "id", ""), ast.Load())
        if isinstance(target, ast.Subscript):
            of, index = self._temporary(self.visit(target.value)), self._temporary(self.index(target.slice))
            read = self._helper("_l", self._here(), of, index)
            target = ast.Subscript(self._helper("_s", self._here(), ast.Name(of.target.id, ast.Load())),
                                   ast.Name(index.target.id, ast.Load()), ast.Store())
        else:
            read = self.visit(read)
        value = self._helper("_o", self._binary(node.op, node.value), read, self.visit(node.value))
        return ast.Assign([target], value, lineno=node.lineno)

    def _temporary(self, value: ast.expr) -> ast.NamedExpr:
        self.temporaries += 1
        return ast.NamedExpr(ast.Name(f"_t{self.statement}_{self.temporaries}", ast.Store()), value)

    def visit_Subscript(self, node: ast.Subscript):
        of, index = self.visit(node.value), self.index(node.slice)
        if isinstance(node.ctx, ast.Load):
            return self._helper("_l", self._here(), of, index)
        return ast.Subscript(self._helper("_s", self._here(), of) if isinstance(node.ctx, ast.Store) else of, index, node.ctx)

    def index(self, node: ast.expr) -> ast.expr:
        """An index, with slices as calls."""
        if isinstance(node, ast.Slice):
            parts = [ast.Constant(None) if one is None else self.visit(one) for one in (node.lower, node.upper, node.step)]
            return self._helper("_slice", *parts)
        if isinstance(node, ast.Tuple):
            return ast.Tuple([self.index(one) for one in node.elts], ast.Load())
        return self.visit(node)

    def guard(self, case: ast.match_case) -> ast.expr:
        """The guard of a case, which its pattern writes names before."""
        names = sorted({one.name for one in ast.walk(case.pattern) if isinstance(one, ast.MatchAs) and one.name})
        captured = self._helper("_g", *map(ast.Constant, names))
        return ast.BoolOp(ast.And(), [captured, self.visit(case.guard)])

    def visit_Name(self, node: ast.Name):
        if isinstance(node.ctx, ast.Load) and node.id in self.owner.names:
            return self._helper("_r", self._here(), ast.Constant(node.id), node)
        # A constant of the module, perhaps.
        return self._helper("_k", self._here(), node) if isinstance(node.ctx, ast.Load) else node

    def visit_NamedExpr(self, node: ast.NamedExpr):
        return ast.NamedExpr(node.target, self._helper("_w", ast.Constant(node.target.id), self.visit(node.value)))

    def visit_Constant(self, node: ast.Constant):
        return self._helper("_k", self._here(), node) if type(node.value) is int else node

    def visit_BinOp(self, node: ast.BinOp):
        site = self._binary(node.op, node.right)
        return self._helper("_o", site, self.visit(node.left), self.visit(node.right))

    def _binary(self, op: ast.operator, right: ast.expr) -> ast.Constant:
        symbol = SPELLING[type(op)]
        negative = (symbol == "**" and isinstance(right, ast.UnaryOp) and isinstance(right.op, ast.USub)
                    and isinstance(right.operand, ast.Constant) and type(right.operand.value) is int)
        return self._site("**-" if negative else symbol, table.BINARY[symbol])

    def visit_UnaryOp(self, node: ast.UnaryOp):
        symbol = SPELLING[type(node.op)]
        # The least int is a literal beyond 64 bits under a minus.
        literal = symbol == "-" and type(getattr(node.operand, "value", None)) in (int, float)
        if symbol == "not":
            return self._helper("_t", self._site(symbol, None), self.visit(node.operand))
        return self._helper("_o", self._site(symbol, UNARY[symbol]), node.operand if literal else self.visit(node.operand))

    def visit_Compare(self, node: ast.Compare):
        parts, left = [], self.visit(node.left)
        for at, (op, right) in enumerate(zip(node.ops, node.comparators)):
            kind, right = type(op), self.visit(right)
            last = at + 1 == len(node.ops)
            if not last:
                self.temporaries += 1
                name = f"_t{self.temporaries}"
                right = ast.NamedExpr(ast.Name(name, ast.Store()), right)
            if kind in CONTAINS:
                parts.append(self._helper("_c", self._here(), ast.Constant(kind is ast.In), left, right))
            elif kind in OBJECTS:
                parts.append(ast.Compare(left, [op], [right]))
            else:
                parts.append(self._helper("_o", self._site(SPELLING[kind], table.COMPARE[SPELLING[kind]]), left, right))
            if not last:
                left = ast.Name(name, ast.Load())
        return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), parts)

    def visit_Call(self, node: ast.Call):
        args = [self.visit(one) for one in node.args]
        keywords = [ast.keyword(one.arg, self.visit(one.value)) for one in node.keywords]
        function = node.func
        if isinstance(function, ast.Attribute) and not self._outside(function.value):
            site = self._site(f".{function.attr}", function.attr)
            return self._helper("_m", site, self.visit(function.value), *args, keywords=keywords)
        return self._helper("_f", self._site(ast.unparse(function), None), function, *args, keywords=keywords)

    def visit_Attribute(self, node: ast.Attribute):
        if self._outside(node.value):
            return node
        return self._helper("_a", self._site(f".{node.attr}", node.attr), self.visit(node.value))

    def _outside(self, node: ast.expr) -> bool:
        """True for a module, or whatever else is no local."""
        return isinstance(node, ast.Name) and node.id not in self.owner.names


def _writes(node: ast.stmt) -> frozenset[str]:
    targets = {ast.Assign: lambda: node.targets, ast.AnnAssign: lambda: [node.target] if node.value else [],
               ast.AugAssign: lambda: [node.target], ast.For: lambda: [node.target]}.get(type(node), list)()
    names = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    for case in getattr(node, "cases", ()):
        names |= {n.name for n in ast.walk(case.pattern) if isinstance(n, ast.MatchAs) and n.name}
    return frozenset(names)


_reasons: dict[tuple, str | None] = {}


def _reason(name: str, types: tuple, result: type) -> str | None:
    """Why an operation on these types that gave a number may leave; `not finite` if it depends on the operands."""
    key = (name, types, result)
    if key not in _reasons:
        _reasons[key] = _rule(name, types, result)
    return _reasons[key]


def _rule(name: str, types: tuple, result: type) -> str | None:
    row = table.resolve(name, types)
    if row is None:
        return "no row"
    if "always" in row.leaves:
        return "always"
    if name == "np.clip" and int in types[1:] and table.clips_to_another(types[0], result):
        return "a bound that may count for nothing"
    if table.python_name(result) != row.result:
        return "result of another type"
    return "not finite" if set(row.leaves) - EXACT else None
