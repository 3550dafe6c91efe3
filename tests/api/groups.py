"""Groups of functions that call each other: modules, once plain and once under the decorator, and what calls of them come to.

A group is a text with a function `f` and a list `CALLS` of arguments for it.
"""

from __future__ import annotations

import linecache
import math
import random
import textwrap
import traceback
from types import ModuleType

import numpy as np

from brrr import brrr
from brrr._brrr import probe
from tests import forced


def module(text, decorated=True):
    """The module of a group; its functions come from lines that tracebacks show."""
    text = textwrap.dedent(text)
    name = f"<group {hash(text)}>"
    linecache.cache[name] = len(text), None, text.splitlines(keepends=True), name
    made = ModuleType("group")
    made.__dict__.update(brrr=brrr if decorated else lambda function: function, np=np, math=math, range=range)
    exec(compile(text, name, "exec"), made.__dict__)
    return made


def outcome(function, args):
    """What a call comes to: its value or its exception, what it has written, and the frames."""
    args = tuple(one.copy() if isinstance(one, np.ndarray) else one for one in args)
    try:
        came = described(function(*args), args)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)[1:]
        places = [(one.name, one.lineno, one.colno, one.end_colno) for one in frames if one.filename.startswith("<group")]
        came = type(error), str(error), error.__cause__, error.__context__, places
    return came, [described(one) for one in args]


def described(value, args=(), within=False):
    """A value, and which of the arguments it is."""
    if isinstance(value, tuple):
        return tuple(described(one, args, within=True) for one in value)
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.tolist()
    if callable(value):
        return "function", value.__name__, [one is value for one in args]
    same = [one is value for one in args] if isinstance(value, float) and not within else None
    return type(value), repr(value), same


def does_what_cpython_does(text):
    """Every call, three times."""
    plain, compiled = module(text, False), module(text)
    for call, own in zip(plain.CALLS, compiled.CALLS, strict=True):
        expected = outcome(plain.f, call)
        for _ in range(3):
            assert outcome(compiled.f, own) == expected, call


def exits_may_be_anywhere(text, most=80):
    """Every call with the exit forced at each entry point in turn, in whichever function that is; at so many of them."""
    with forced.probed():
        plain, compiled = module(text, False), module(text)
        for call, own in zip(plain.CALLS, compiled.CALLS, strict=True):
            expected = outcome(plain.f, call)
            probe(forced.NEVER)
            assert outcome(compiled.f, own) == expected, call
            visits = probe(0)
            chosen = range(1, visits + 1)
            if visits > most:
                half = most // 2
                chosen = [*range(1, half), *random.Random(text).sample(range(half, visits), half), visits]
            for visit in chosen:
                probe(visit)
                made = outcome(compiled.f, own)
                probe(0)
                assert made == expected, (call, visit)
