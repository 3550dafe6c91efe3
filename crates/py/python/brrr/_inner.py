"""Functions within a function, where a continuation has them at hand.

Enters: the function's tree and code, and the names that hold functions which it has made. Leaves: statements that make these functions
again, over the variables of the continuation, and for each code object within the continuation's the one that the function itself has.
"""

from _ast import FunctionDef, Lambda
from itertools import count
from types import CodeType

from ._nodes import _assign, _changed, _name


class Unsupported(Exception):
    """The entry point stands within a statement that has no rule, such as `try` and `with`."""


def made_again(tree: FunctionDef, code: CodeType, names: list[str]) -> list:
    """Statements that make the functions that are at hand, each once: for `.fun<line>:<column> <name>`, the name holds it."""
    places = dict.fromkeys(name.removeprefix(".fun").split(" ")[0] for name in names)
    nodes = {place: _function_at(tree, code, place) for place in places}
    made = []
    for place, node in nodes.items():
        given = (_name(f".given{place}.{number}", node) for number in count())
        args = node.args
        defaults = [next(given) for _ in args.defaults]
        args = _changed(args, defaults=defaults, kw_defaults=[one and next(given) for one in args.kw_defaults])
        if isinstance(node, FunctionDef):
            made.append(_changed(node, name=f".made{place}", args=args))
        else:
            made.append(_assign(f".made{place}", _changed(node, args=args), node))
    for one in names:
        place, name = one.removeprefix(".fun").split(" ")
        made.append(_assign(name, _name(f".made{place}", nodes[place]), nodes[place]))
    return made


def _function_at(tree: FunctionDef, code: CodeType, place: str):
    """The `def` or `lambda` at a place, lines counted from the function's first."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (FunctionDef, Lambda)):
            if place == f"{node.lineno - code.co_firstlineno}:{node.col_offset}":
                return node
        for field in node._fields:
            value = getattr(node, field, None)
            waiting += [one for one in (value if isinstance(value, list) else [value]) if hasattr(one, "_fields")]
    raise Unsupported


def inner_code(outer: CodeType, code: CodeType) -> CodeType:
    """The code of a function within the function, as the function itself has it."""
    found = [one for one in outer.co_consts if isinstance(one, CodeType) and _stands(one) == _stands(code)]
    if found:
        # Without columns there may be several on a line.
        return next((one for one in found if one.co_code == code.co_code), found[0])
    if code.co_name.startswith(".made"):
        raise Unsupported
    return code.replace(co_qualname=f"{outer.co_qualname}.<locals>.{code.co_name}")


def _stands(code: CodeType) -> tuple:
    """Where the code of a function stands, and with which names. Its instructions are no sign: how a call of a method is compiled depends on
    the imports of the file."""
    first = min((place for place in code.co_positions() if place[2] is not None and place[3]), default=None)
    return code.co_firstlineno, first, code.co_freevars, code.co_varnames
