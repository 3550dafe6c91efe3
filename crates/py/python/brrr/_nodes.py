"""Nodes of syntax trees: made at the place of others, copied, moved, counted."""

from _ast import Assign, Call, ClassDef, Constant, Load, Name, Store, arg, arguments  # the nodes alone: importing `ast` takes long

_BLOCKS = ("body", "handlers", "cases", "orelse", "finalbody")
"""Fields that hold statements, or parts that do, in the order of the source."""


def _loaded(node):
    """An expression that is read; a target of `op=` is both."""
    return _changed(node, ctx=Load()) if _is_stored(node) else node


def _is_stored(node) -> bool:
    return isinstance(getattr(node, "ctx", None), Store)


def _move(node, lines: int) -> None:
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if "lineno" in node._attributes:
            node.lineno += lines
            if node.end_lineno is not None:
                node.end_lineno += lines
        for field in node._fields:
            value = getattr(node, field, None)
            for one in value if isinstance(value, list) else [value]:
                if hasattr(one, "_fields"):
                    waiting.append(one)


def _changed(node, **changes):
    """A copy with other fields."""
    return type(node)(**{**vars(node), **changes})


def _place(node) -> dict[str, int]:
    names = ("lineno", "col_offset", "end_lineno", "end_col_offset")
    return {name: getattr(node, name) for name in names}


def _name(name: str, at, context=None) -> Name:
    return Name(id=name, ctx=context or Load(), **_place(at))


def _constant(value: object, at) -> Constant:
    return Constant(value=value, kind=None, **_place(at))


def _assign(name: str, value, at) -> Assign:
    return Assign(targets=[_name(name, at, Store())], value=value, type_comment=None, **_place(at))


def _call(name: str, at, *args) -> Call:
    return Call(func=_name(name, at), args=list(args), keywords=[], **_place(at))


def _parameters(names: list[str], at) -> arguments:
    plain = [arg(arg=name, annotation=None, type_comment=None, **_place(at)) for name in names]
    return arguments(
        posonlyargs=[], args=plain, vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[]
    )


def _is_scope(statement) -> bool:
    """True for functions and classes, whose statements are not the function's."""
    return isinstance(statement, ClassDef) or hasattr(statement, "args")


def _shifted(node, by: int):
    """A copy so many columns further on; what would stand before the line stands at its start."""
    if isinstance(node, list):
        return [_shifted(one, by) for one in node]
    if not hasattr(node, "_fields"):
        return node
    copy = _changed(node, **{field: _shifted(getattr(node, field), by) for field in node._fields if hasattr(node, field)})
    if "col_offset" in node._attributes:
        copy.col_offset = max(node.col_offset + by, 0)
        copy.end_col_offset = max(node.end_col_offset + by, 0)
    return copy


def _count(statements: list) -> int:
    """Statements with all that are in them."""
    count = 0
    for statement in statements:
        count += 1
        if not _is_scope(statement):
            for field in _BLOCKS:
                parts = getattr(statement, field, ())
                if field in ("handlers", "cases"):
                    count += sum(_count(part.body) for part in parts)
                else:
                    count += _count(parts)
    return count
