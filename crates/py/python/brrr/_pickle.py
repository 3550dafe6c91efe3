"""How functions under the decorator are pickled: by reference, as functions are, wherever a module has them under their name.

What makes pickles of functions by value (cloudpickle, and with it joblib, Dask and Ray) makes one of the plain function, of which
`brrr._brrr._restore` makes the function under the decorator again, with its text: where the pickle goes, the file may not be.
"""

import sys

_OF_PICKLING = ("pickle", "copyreg", "brrr._pickle")


def reduce(function, options, source):
    """What `__reduce__` gives: a name, or how to make the function again."""
    if _has_its_name(function) and not _is_wanted_by_value(function):
        return function.__qualname__
    from brrr._brrr import _restore

    state = {name: value for name, value in vars(function).items() if name != "__wrapped__"}
    return _restore, (function.original_func, options, source), state


def _has_its_name(function):
    found = sys.modules.get(function.__module__)
    for name in function.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is function


def _is_wanted_by_value(function):
    """True if a pickler asks that pickles functions of this module by value."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") in _OF_PICKLING:
        frame = frame.f_back
    if frame is None or frame.f_globals.get("__name__", "").rpartition(".")[2] != "cloudpickle":
        return False
    module = function.__module__
    if module == "__main__":
        return True
    registered = frame.f_globals.get("list_registry_pickle_by_value", set)()
    parts = module.split(".")
    return any(".".join(parts[: count + 1]) in registered for count in range(len(parts)))
