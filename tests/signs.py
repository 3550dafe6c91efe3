"""The sign of a NaN that a call makes itself: brrr does not promise it, so what tells it is not judged."""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager

from tests import arrays
from tests.values import Unsettled

# What tells the sign of a NaN: compiled code gives it to one that it makes itself as the processor pleases.
SIGNS = ("copysign", "signbit")


def made_nan(value, given) -> bool:
    """True of a NaN that is none of the arguments."""
    return not arrays.is_array(value) and value != value and not any(value is one for one in given)


@contextmanager
def watched(given: tuple):
    """Whoever asks for the sign of a NaN that is none of these gets `Unsettled`, in whichever function of a program."""
    kept = []

    def watch(function):
        def asked(*args):
            if args and made_nan(args[-1], given):
                raise Unsettled
            return function(*args)

        return asked

    for module in (math, sys.modules.get("numpy")):
        for name in SIGNS:
            if module is not None and hasattr(module, name):
                kept.append((module, name, getattr(module, name)))
                setattr(module, name, watch(getattr(module, name)))
    try:
        yield
    finally:
        for module, name, function in kept:
            setattr(module, name, function)
