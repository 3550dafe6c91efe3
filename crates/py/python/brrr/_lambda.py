"""The source of a lambda, as a function of one line.

Enters: the code object of a lambda, and the line on which it begins. Leaves: `def _lambda(...): return ...` with its parameters and its body, or None
if they cannot be told. Whoever asks compares what comes of it with the code object.
"""

import warnings
from _ast import Expression, Lambda, PyCF_ONLY_AST
from types import CodeType


def body_column(code: CodeType) -> int | None:
    """The column where the body of a lambda begins, in bytes; -1 if it does not stand on the lambda's first line. None if the code does
    not say: CPython 3.12 keeps no place of a body that is a constant."""
    places = [place for place in code.co_positions() if None not in place and place[2] != place[3]]
    if not places:
        return None
    if any((line, end_line) != (code.co_firstlineno,) * 2 for line, end_line, _, _ in places):
        return -1
    return min(column for _, _, column, _ in places)


def text(code: CodeType, line: str) -> str | None:
    """The function that does what the lambda does."""
    column = body_column(code)
    if column is None and line.count("lambda") > 1 or column is not None and column < 0:
        return None
    line = line.rstrip("\r\n")
    start = line.find("lambda")
    while start >= 0:
        for end in range(len(line), start + len("lambda:"), -1):
            found = _lambda(line[start:end])
            if found is None:
                continue
            before = len(line[:start].encode())
            at = found.body.col_offset - 1
            if column is None or before + at == column:
                own = line[start:end].encode()
                head, body = own[: at].decode(), own[at:].decode()
                head, colon, opened = head.rpartition(":")
                if colon and not opened.strip(" \t\f("):
                    return f"def _lambda({head.removeprefix('lambda').strip()}): return {opened.lstrip()}{body}\n"
            break
        start = line.find("lambda", start + 1)
    return None


def _lambda(text: str) -> Lambda | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = compile(f"({text})", "<lambda>", "eval", PyCF_ONLY_AST, dont_inherit=True)
        except (SyntaxError, ValueError):
            return None
    found = tree.body if isinstance(tree, Expression) else None
    return found if isinstance(found, Lambda) else None
