"""Functions whose values have forms that their text decides, not their operands: tuples beside other values at one name, constants
beyond 64 bits. Where compiled code leaves such a function is not judged."""

from __future__ import annotations

import ast

from tests import table
from tests.values import HIGH, fits, huge

SPELLING = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.LShift: "<<", ast.MatMult: "@", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
    ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=", ast.Gt: ">", ast.GtE: ">=",
    ast.USub: "-", ast.UAdd: "+", ast.Invert: "~", ast.Not: "not",
}


def mixes_tuples(function: ast.FunctionDef, parameters: set[str]) -> bool:
    """True if a name is written a tuple at one place, and something at another, or nothing."""
    compound = [one for one in ast.walk(function) if isinstance(one, (ast.If, ast.For, ast.While, ast.Match))]
    on_one_path = {id(one) for outer in compound for one in ast.walk(outer)}
    variadic = {function.args.vararg.arg} if function.args.vararg else set()
    written = [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    stores = [*written, *parameters]
    if not variadic.isdisjoint(written):
        return True
    for node in ast.walk(function):
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if any(stores.count(name) > 1 or id(node) in on_one_path for name in _written_tuples(target, node.value)):
                    return True
    return False


def _written_tuples(target: ast.expr, value: ast.expr):
    """The names of a target that a value may write a tuple to."""
    if isinstance(target, ast.Name):
        arithmetic = [part for one in _parts(value) if isinstance(one, ast.BinOp) for part in (one.left, one.right)]
        if any(isinstance(one, ast.Tuple) for one in [*_parts(value), *arithmetic]):
            yield target.id
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, part in zip(target.elts, value.elts):
            yield from _written_tuples(one, part)
    else:
        yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def widens(function: ast.FunctionDef, namespace: dict) -> bool:
    """True if a constant is beyond 64 bits."""
    signed = {id(one.operand) for one in ast.walk(function) if isinstance(one, ast.UnaryOp) and isinstance(one.op, ast.USub)}
    for node in ast.walk(function):
        value = None
        if isinstance(node, ast.Constant):
            value = node.value if id(node) not in signed or node.value != HIGH + 1 else None
        elif isinstance(node, ast.Name):
            value = namespace.get(node.id)
        elif isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant) and isinstance(node.right, ast.Constant):
            operands = (node.left.value, node.right.value)
            if type(node.op) in (ast.Pow, ast.LShift) and all(type(one) is int for one in operands):
                value = 2**64 if huge(SPELLING[type(node.op)], operands) else table.BINARY[SPELLING[type(node.op)]](*operands)
        if type(value) is int and not fits(value):
            return True
    return False


def alternatives(function: ast.FunctionDef) -> set[str]:
    """The names among which `and`, `or` and `if` within expressions choose, or what a `for` goes over does."""
    choices = [part for one in ast.walk(function) if isinstance(one, (ast.IfExp, ast.BoolOp)) for part in _parts(one)]
    choices += [part for one in ast.walk(function) if isinstance(one, ast.For) for part in ast.walk(one.iter)]
    return {part.id for part in choices if isinstance(part, ast.Name)}


def _parts(value: ast.expr):
    """The expressions whose value an expression may have, or may hold, or may take a part of."""
    yield value
    if isinstance(value, ast.Subscript):
        yield from _parts(value.value)
    inner = {ast.IfExp: ("body", "orelse"), ast.NamedExpr: ("value",)}.get(type(value), ())
    for one in [*(getattr(value, name) for name in inner), *getattr(value, "elts", ()), *(value.values if isinstance(value, ast.BoolOp) else ())]:
        yield from _parts(one)
