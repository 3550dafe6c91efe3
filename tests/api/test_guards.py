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


# Names that the function reads, and that come to mean something else.

CONSTANT = "import math\nSCALE = 3\n@brrr\ndef f(x):\n    return math.sqrt(x) * SCALE\n"


def test_a_constant_that_changes_is_seen_at_the_next_call():
    namespace = program.execute(CONSTANT, program.filename("api"), brrr)
    f = namespace["f"]
    assert f(4.0) == 6.0
    namespace["SCALE"] = 0.5
    assert f(4.0) == 1.0
    namespace["SCALE"] = True
    assert f(4.0) == 2.0
    namespace["SCALE"] = 3
    assert f(4.0) == 6.0
    assert f.stats()["compiled"] == 4 and f.signatures == ["(float) -> float"]


def test_a_constant_that_never_stays():
    """It becomes an argument: from the third value on nothing is compiled."""
    namespace = program.execute(CONSTANT, program.filename("api"), brrr)
    f = namespace["f"]
    for number in range(1000, 1030):
        namespace["SCALE"] = number
        assert f(4.0) == 2.0 * number
        spent = f.stats()["compile_seconds"]
        if number == 1004:
            early = spent
    assert f.stats()["compiled"] == f.stats()["calls"] == 30
    assert spent == early


def test_a_function_of_a_module_that_is_replaced(monkeypatch):
    import math

    namespace = program.execute(CONSTANT, program.filename("api"), brrr)
    f = namespace["f"]
    assert f(4.0) == 6.0
    with monkeypatch.context() as patch:
        patch.setattr(math, "sqrt", lambda x: 10.0)
        assert f(4.0) == 30.0
        patch.setattr(math, "sqrt", math.exp)
        assert f(0.0) == 3.0
    assert f(4.0) == 6.0 and f.stats()["compiled"] == 3
    kept = math.sqrt
    del math.sqrt
    try:
        with pytest.raises(AttributeError, match="module 'math' has no attribute 'sqrt'"):
            f(4.0)
    finally:
        math.sqrt = kept
    assert f(4.0) == 6.0


def test_a_module_that_is_replaced():
    namespace = program.execute(CONSTANT, program.filename("api"), brrr)
    f = namespace["f"]
    assert f(4.0) == 6.0

    class Other:
        sqrt = staticmethod(lambda x: 7.0)

    module, namespace["math"] = namespace["math"], Other
    assert f(4.0) == 21.0
    namespace["math"] = module
    assert f(4.0) == 6.0


def test_a_name_that_comes_later():
    text = "@brrr\ndef f(x):\n    return x * LATER\n"
    namespace = program.execute(text, program.filename("api"), brrr)
    f = namespace["f"]
    with pytest.raises(NameError, match="name 'LATER' is not defined"):
        f(2)
    namespace["LATER"] = 1.5
    assert f(2) == 3.0 and f.stats()["compiled"] == 1
    del namespace["LATER"]
    with pytest.raises(NameError):
        f(2)


def test_a_name_that_comes_later_and_cannot_be_compiled():
    text = "@brrr\ndef f(x):\n    return x * LATER\n"
    namespace = program.execute(text, program.filename("api"), brrr)
    namespace["LATER"] = [1, 2]
    with pytest.raises(TypeError, match="`LATER` is an object of type `list`") as caught:
        namespace["f"](2)
    assert caught.value.diagnostics[0].slug == "unsupported-name"


def test_what_merely_has_the_name_is_not_taken_for_the_function():
    text = "import math\ndef sqrt(x):\n    return 5.0\nmath_sqrt = math.sqrt\n@brrr\ndef f(x):\n    return math_sqrt(x)\n"
    namespace = program.execute(text, program.filename("api"), brrr)
    assert namespace["f"](4.0) == 2.0
    namespace["math_sqrt"] = namespace["sqrt"]
    assert namespace["f"](4.0) == 5.0


def test_a_constant_that_another_function_changes_in_a_loop():
    text = "STEP = 1\n@brrr\ndef f(n):\n    t = 0\n    for i in range(n):\n        t += STEP\n    return t\n"
    namespace = program.execute(text, program.filename("api"), brrr)
    assert namespace["f"](10) == 10
    namespace["STEP"] = 2**70
    assert namespace["f"](10) == 10 * 2**70


def test_functions_with_names_are_collected():
    import gc
    import weakref

    namespace = program.execute(CONSTANT, program.filename("api"), brrr)
    assert namespace["f"](4.0) == 6.0
    namespace["SCALE"] = 5
    assert namespace["f"](4.0) == 10.0
    gone = weakref.ref(namespace["f"])
    del namespace
    gc.collect()
    assert gone() is None
