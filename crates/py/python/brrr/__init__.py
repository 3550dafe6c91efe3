"""Numeric Python made fast by one decorator, exact to the last bit.

    from brrr import brrr

    @brrr
    def total(n: int) -> int:
        result = 0
        for i in range(n):
            result += i
        return result

Remove the decorator and nothing changes but the speed.
"""

import os as _os
import sys as _sys

if _sys.implementation.name != "cpython":
    raise ImportError(f"brrr needs CPython, not {_sys.implementation.name}")
if not (3, 11) <= _sys.version_info[:2] <= (3, 14):
    raise ImportError(
        "brrr needs CPython 3.11, 3.12, 3.13 or 3.14, not %d.%d" % _sys.version_info[:2]
    )
if "t" in getattr(_sys, "abiflags", ""):
    raise ImportError("brrr needs a CPython with the GIL, not a free-threaded build")

from brrr._brrr import Function, __version__, brrr

if _os.environ.get("BRRR_TRACE_TYPES", "") not in ("", "0"):
    from brrr._trace import watched as _watched

    brrr = _watched(brrr)

__all__ = ["BrrrError", "BrrrWarning", "Diagnostic", "Function", "brrr"]


def __getattr__(name):
    """What is raised and warned with, once somebody asks: to make these classes takes a fifth of the import."""
    if name in ("BrrrError", "BrrrWarning", "Diagnostic"):
        from brrr import _errors

        globals()[name] = found = getattr(_errors, name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell):
    """`%load_ext brrr`: gives `%%brrr` and `%brrr_ir`."""
    from brrr._jupyter import load

    load(shell)


def unload_ipython_extension(shell):
    """`%unload_ext brrr`."""
    from brrr._jupyter import unload

    unload(shell)
