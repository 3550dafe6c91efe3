"""What compiled code takes as given about names outside the function."""

import builtins

import pytest

from brrr import brrr
from tests import program

TEXT = "@brrr\ndef f(n):\n    t = 0\n    for i in range(n):\n        t = t * 10 + i\n    return t\n"


def load():
    namespace = program.execute(TEXT, program.filename("api"), brrr)
    return namespace, namespace["f"]


def backwards(n):
    return [3, 2, 1]


def test_a_global_that_shadows_range():
    namespace, f = load()
    assert f(4) == 123 and f.stats()["compiled"] == 1
    namespace["range"] = backwards
    assert f(4) == 321 and f.stats()["compiled"] == 1
    del namespace["range"]
    assert f(4) == 123 and f.stats()["compiled"] == 2
    assert f.stats()["calls"] == 3 and f.stats()["exits"] == {}


def test_a_builtin_that_is_replaced(monkeypatch):
    _, f = load()
    assert f(4) == 123
    with monkeypatch.context() as patch:
        patch.setattr(builtins, "range", backwards)
        assert f(4) == 321
    assert f(4) == 123 and f.stats()["compiled"] == 2


def test_a_builtin_that_is_gone():
    _, f = load()
    f(4)
    kept, message = builtins.range, ""
    # Nothing else may run meanwhile: everything uses `range`.
    del builtins.range
    try:
        f(4)
    except NameError as error:
        message = str(error)
    finally:
        builtins.range = kept
    assert message == "name 'range' is not defined"
    assert f(4) == 123


def test_shadowing_before_the_first_call():
    namespace, f = load()
    namespace["range"] = backwards
    assert f(4) == 321 and f.stats()["compiled"] == 0


def test_shadowing_with_the_builtin_itself():
    namespace, f = load()
    namespace["range"] = range
    assert f(4) == 123


def test_own_builtins():
    """A module may bring its own builtins."""
    file = program.filename("api")
    namespace = program.execute(TEXT.replace("@brrr\n", ""), file, brrr)
    plain = namespace["f"]
    own = type(plain)(plain.__code__, {"__builtins__": {"range": backwards}}, "f")
    assert own(4) == 321
    fast = brrr(fallback=True)
    with pytest.warns(UserWarning):
        fast = fast(own)
        assert fast(4) == 321
