"""A module's text, run twice: once as CPython has it, once under brrr."""

from __future__ import annotations

import linecache
import math
from dataclasses import dataclass
from itertools import count

_numbers = count(1)


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


def arguments(call: str, namespace: dict) -> tuple[list, dict]:
    """The arguments of a call's text, evaluated."""
    collected = {}

    def collect(*args, **kwargs):
        collected["args"], collected["kwargs"] = list(args), kwargs

    name, _, rest = call.partition("(")
    eval(f"_collect({rest}", dict(namespace, _collect=collect))
    return collected["args"], collected["kwargs"]


@dataclass
class Program:
    """A module's text with one function of interest, and calls of it (tuples of positional arguments)."""

    text: str
    name: str
    calls: list[tuple]

    @property
    def rebinds_range(self) -> bool:
        """True if the last call is to be repeated after the module has bound `range` to something else."""
        return "range(" in self.text


def backwards(*args):
    """Stands for `range` where a module has rebound it."""
    return range(*args)[::-1]
