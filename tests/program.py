"""A module's text, run twice: once as CPython has it, once under brrr."""

from __future__ import annotations

import ast
import linecache
import math
import re
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from tests import arrays
from tests.values import Text, fresh, written

_numbers = count(1)
# What a text has in it that needs NumPy.
_NUMPY = re.compile(r"\bnp\.|\bnumpy\b|\b(?:filled|read_only|unaligned|swapped|subclass)\(")


@contextmanager
def tier(name: str):
    """What is compiled in this context is of this tier."""
    from brrr._brrr import tier

    before = tier(name)
    try:
        yield
    finally:
        tier(before)


def filename(stem: str) -> str:
    """A file name that no other program has."""
    return f"<{stem} {next(_numbers)}>"


def undecorated(option=None, **_options):
    """Stands for the decorator where CPython runs alone."""
    return option if callable(option) else lambda function: function


def execute(text: str, file: str, decorator) -> dict:
    """The namespace that the text leaves, with `brrr` bound to `decorator`; its lines can be found in `linecache`."""
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    namespace = {"brrr": decorator, "__name__": "case", "inf": math.inf, "nan": math.nan}
    exec(compile(text, file, "exec", dont_inherit=True), namespace)
    return namespace


def forget(file: str) -> None:
    """Gives up the lines of a text that will not run again."""
    linecache.cache.pop(file, None)


def arguments(call: str, namespace: dict) -> tuple[list, dict]:
    """The arguments of a call's text, evaluated: new ones each time."""
    collected = {}
    namespace = {**surroundings(call), **namespace}

    def collect(*args, **kwargs):
        collected["args"], collected["kwargs"] = list(args), kwargs

    name, _, rest = call.partition("(")
    eval(f"_collect({rest}", dict(namespace, _collect=collect))
    return collected["args"], collected["kwargs"]


def surroundings(text: str) -> dict:
    """`np` and what makes arrays (`layouts.NAMES`), if the text names it and NumPy is there."""
    if not (_NUMPY.search(text) and arrays.present()):
        return {}
    import numpy
    from tests import layouts

    return {"np": numpy, **layouts.NAMES}


def needs_numpy(text: str) -> bool:
    """True if a text names NumPy or what makes arrays."""
    return bool(_NUMPY.search(text))


def made(call: tuple) -> tuple[tuple, dict]:
    """The positional arguments and the keywords of a program's call: new objects each time."""
    args, kwargs = split(call)
    if any(isinstance(one, Text) for one in (*args, *kwargs.values())):
        found, named = arguments(written_call("f", call), {"inf": math.inf, "nan": math.nan})
        return tuple(found), named
    return fresh(args), {name: fresh(value) for name, value in kwargs.items()}


@dataclass
class Program:
    """A module's text with one function of interest, and calls of it: tuples of arguments, a dict of keywords last if there are any."""

    text: str
    name: str
    calls: list[tuple]
    # Loops of many turns: too long for the instrumented run.
    long: bool = False
    # What of the language occurs, by the generator's names.
    constructs: frozenset[str] = frozenset()
    # brrr may refuse it, or calls of it: not everything of NumPy is compiled.
    refusable: bool = False
    # Where it leaves is judged: not of functions that call each other, whose exits are told by no rule.
    judged: bool = True
    # What the module does before each call, if anything: it rebinds names.
    changes: tuple[str, ...] = ()

    def outside(self) -> dict:
        """Names from outside that the function reads, bound to something else: the last call is repeated under it."""
        other = {}
        if "range(" in self.text:
            other["range"] = backwards
        for line in self.text.splitlines():
            name, sign, value = line.partition(" = ")
            if sign and name.isupper():
                other[name] = 3 if value[0].isdigit() and value.isdigit() else 0.25
        return other


def function_of(tree: ast.Module, name: str = "f") -> ast.FunctionDef:
    """The function of that name, which may stand within another one."""
    return next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name)


def split(call: tuple) -> tuple[tuple, dict]:
    """The positional arguments and the keywords of a program's call."""
    return (call[:-1], call[-1]) if call and isinstance(call[-1], dict) else (call, {})


def written_call(name: str, call: tuple) -> str:
    """A call as a case writes it."""
    args, kwargs = split(call)
    return f"{name}({', '.join([*map(written, args), *(f'{one}={written(value)}' for one, value in kwargs.items())])})"


def backwards(*args):
    """Stands for `range` where a module has rebound it."""
    return range(*args)[::-1]
