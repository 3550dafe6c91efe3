"""What compiled code takes as given about names outside the function."""

import builtins
import random
import sys
import types

import numpy as np
import pytest

from brrr import BrrrError, brrr
from tests import oracle, program

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
    assert f(4.0) == 6.0 and f.stats()["compiled"] == 4
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
    assert caught.value.diagnostics[0].slug == "outside-list"


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


# Values of the module, and of modules of the user.

def test_a_global_array_is_read_at_each_call():
    numpy = pytest.importorskip("numpy")
    text = "@brrr\ndef f(i):\n    return table[i] * 2.0\n\n@brrr\ndef g(i, x):\n    table[i] = x\n"
    namespace = program.execute(text, program.filename("api"), brrr)
    with pytest.raises(NameError):
        namespace["f"](0)
    namespace["table"] = numpy.arange(3.0)
    f, g = namespace["f"], namespace["g"]
    assert f(2) == 4.0
    g(2, 7.5)
    assert f(2) == 15.0 and namespace["table"].tolist() == [0.0, 1.0, 7.5]
    spent = f.stats()["compile_seconds"]
    for size in range(3, 40):
        namespace["table"] = numpy.full(size, float(size))
        assert f(2) == 2.0 * size
    assert f.stats()["compile_seconds"] == spent and f.stats()["compiled"] == f.stats()["calls"] - 1
    namespace["table"] = numpy.arange(4, dtype="int8")
    assert f(3) == 6.0 and type(f(3)) is numpy.float64
    namespace["table"] = [1.5]
    assert f(0) == 3.0
    with pytest.raises(IndexError, match="list index out of range"):
        f(1)


def test_scalars_of_numpy_as_globals():
    numpy = pytest.importorskip("numpy")
    namespace = program.execute("@brrr\ndef f(x):\n    return x + STEP\n", program.filename("api"), brrr)
    f = namespace["f"]
    for value in (numpy.float32(0.1), numpy.int8(100), numpy.float64(2.5), numpy.uint64(2**64 - 1), numpy.complex128(1j), numpy.True_) * 3:
        namespace["STEP"] = value
        assert oracle.encode(f(numpy.int8(27))) == oracle.encode(numpy.int8(27) + value)
    assert f.stats()["compiled"] == f.stats()["calls"] and f.stats()["exits"] == {}


def test_modules_of_the_user(tmp_path, monkeypatch):
    import importlib
    import sys
    package = tmp_path / "brrr_own_package"
    package.mkdir()
    (package / "__init__.py").write_text("FIRST = 1\n")
    (package / "settings.py").write_text("N = 3\nSHAPE = (2, 0.5)\n")
    monkeypatch.syspath_prepend(tmp_path)
    settings = importlib.import_module("brrr_own_package.settings")
    package_module = sys.modules["brrr_own_package"]
    text = "@brrr\ndef f(x):\n    return x * settings.N + settings.SHAPE[1]\n\n@brrr\ndef g(x):\n    return x * package.settings.N + package.FIRST\n"
    namespace = program.execute(text, program.filename("api"), brrr)
    namespace.update(settings=settings, package=package_module)
    f, g = namespace["f"], namespace["g"]
    assert f(2) == 6.5 and g(2) == 7
    settings.N = 10
    assert f(2) == 20.5 and g(2) == 21
    (package / "settings.py").write_text("N = 5000\nSHAPE = (2, 0.25)\n")
    importlib.invalidate_caches()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    importlib.reload(settings)
    assert f(2) == 10000.25 and g(2) == 10001
    for number in range(20):
        settings.N = number + 10**6
        assert f(2) == 2 * (number + 10**6) + 0.25
    assert f.stats()["compiled"] == f.stats()["calls"] and f.stats()["exits"] == {}
    del settings.N
    with pytest.raises(AttributeError, match="module 'brrr_own_package.settings' has no attribute 'N'"):
        f(2)
    settings.N = 1
    assert f(2) == 2.25
    namespace["settings"] = type("Other", (), {"N": 7, "SHAPE": (0, 0)})
    assert f(2) == 14


def test_a_flag_that_another_thread_clears_ends_the_loop():
    import threading
    text = "running = True\n@brrr\ndef f():\n    n = 0\n    while running:\n        n += 1\n    return n\n"
    namespace = program.execute(text, program.filename("api"), brrr)
    for first in (True, 1, 2.5, True):
        namespace["running"] = first
        timer = threading.Timer(0.15, lambda: namespace.update(running=False))
        timer.start()
        assert namespace["f"]() > 1000
        timer.join()


def test_an_array_that_is_replaced_while_a_loop_runs():
    """The run that reads it holds it; at the next poll the loop goes on with the new one."""
    numpy = pytest.importorskip("numpy")
    import threading
    text = "@brrr\ndef f():\n    n = 0\n    while table[0] == 0:\n        n += 1\n    return table[1]\n"
    namespace = program.execute(text, program.filename("api"), brrr)
    f = namespace["f"]
    for number in range(4):
        namespace["table"] = numpy.zeros(1 << 16, "int64")
        timer = threading.Timer(0.1, lambda: namespace.update(table=numpy.array([1, 40 + number])))
        timer.start()
        assert f() == 40 + number
        timer.join()


def test_globals_that_change_around_the_function_do_not_matter():
    namespace = program.execute(CONSTANT, program.filename("api"), brrr)
    f = namespace["f"]
    for number in range(100):
        namespace["other"] = number
        namespace[f"name{number}"] = number
        assert f(4.0) == 6.0
    assert f.stats()["compiled"] == 100


def warm(text, **changes):
    """A program whose function `f` has been called often enough that guards are found to hold at once."""
    namespace = program.execute(text, program.filename("api"), brrr)
    namespace.update(changes)
    for _ in range(3):
        namespace["f"](4)
    assert namespace["f"].stats()["compiled"] == 3
    return namespace


CALLEE = """
K = 2
def callee(n, k=3, *, by=1):
    return n * k * by + K
@brrr
def f(n):
    return callee(n)
"""


def test_all_that_makes_a_callee_is_seen_at_the_next_call():
    namespace = warm(CALLEE)
    f, callee = namespace["f"], namespace["callee"]
    assert f(4) == 14
    namespace["K"] = 5
    assert f(4) == 17
    callee.__defaults__ = (4,)
    assert f(4) == 21
    callee.__kwdefaults__["by"] = 2
    assert f(4) == 37
    callee.__kwdefaults__ = {"by": 3}
    assert f(4) == 53
    callee.__code__ = (lambda n, k, *, by: n + k + by).__code__
    assert f(4) == 11
    namespace["callee"] = lambda n: -n
    assert f(4) == -4
    assert f.stats()["exits"] == {}


def test_defaults_of_a_function_that_calls_itself():
    namespace = warm("@brrr\ndef f(n, k=2):\n    return k if n == 0 else f(n - 1) * 2 + k\n")
    assert namespace["f"](4) == 62
    namespace["f"].__defaults__ = (3,)
    assert namespace["f"](4) == 93
    namespace["f"].__defaults__ = None
    with pytest.raises(TypeError, match=r"f\(\) missing 1 required positional argument: 'k'"):
        namespace["f"](4)


def test_defaults_where_there_were_none():
    namespace = warm("def callee(n, k):\n    return n + k\n@brrr\ndef f(n):\n    return callee(n, 2)\n")
    namespace["callee"].__defaults__ = (7,)
    assert namespace["f"](4) == 6


def test_another_code_object_for_the_function_itself():
    namespace = warm("@brrr\ndef f(n):\n    return n + 1\n")
    f = namespace["f"]
    own = f.__code__
    f.__code__ = (lambda n: n * 3).__code__
    assert f(4) == 12
    f.__code__ = own
    assert f(4) == 5 and f.stats()["compiled"] == 4


def test_a_name_that_goes_from_the_globals_to_the_builtins():
    namespace = warm("@brrr\ndef f(n):\n    return abs(-n) + 1\n", abs=abs)
    f = namespace["f"]
    del namespace["abs"]
    assert f(4) == 5 and f(4) == 5
    kept = builtins.abs
    builtins.abs = lambda x: 10
    try:
        assert f(4) == 11
    finally:
        builtins.abs = kept
    assert f(4) == 5
    namespace["abs"] = lambda x: 20
    assert f(4) == 21


def test_a_module_that_gets_a_class_of_its_own(monkeypatch):
    module = types.ModuleType("helper")
    module.k = 3
    text = "import sys\nhelper = sys.modules['helper']\n@brrr\ndef f(n):\n    return n + helper.k\n"
    monkeypatch.setitem(sys.modules, "helper", module)
    f = warm(text)["f"]
    assert f(4) == 7

    class Counting(types.ModuleType):
        @property
        def k(self):
            return 100

    module.__class__ = Counting
    assert f(4) == 104


def test_calls_at_the_top_of_a_module_whose_names_change_all_the_time():
    text = "@brrr\ndef f(n):\n    return n + K\nK = 1\nfound = []\nfor i in range(50):\n    found.append(f(i))\n    K += i % 10 == 9\n"
    namespace = program.execute(text, program.filename("api"), brrr)
    assert namespace["found"] == [i + 1 + i // 10 for i in range(50)]


SHUFFLED = """
import math
alpha, beta = 1, 2
@brrr
def f(x):
    return x * alpha + abs(beta) + math.floor(2.5)
"""


def shuffle(chosen, names, step):
    """Does something to a namespace: values that change, names that come and go, other places for all of them."""
    added = [name for name in names if isinstance(name, str) and name.startswith("x")]
    match chosen.randrange(12):
        case 0 | 1 | 2 | 3:
            names[chosen.choice(["alpha", "beta"])] = chosen.randrange(-9, 9)
        case 4:
            # An equal key that is another object.
            names["".join(["al", "pha"])] = names.pop("alpha", 5)
        case 5:
            names.pop(chosen.choice(["alpha", "beta"]), None)
        case 6:
            names["abs"] = chosen.choice([abs, int])
        case 7:
            names.pop("abs", None)
        case 8:
            names.update((f"x{step}_{at}", at) for at in range(chosen.choice([1, 40])))
        case 9:
            for name in added:
                del names[name]
        case 10:
            kept = {name: value for name, value in names.items() if name not in added}
            names.clear()
            names.update(reversed(kept.items()))
        case _ if step > 700:
            # A key that is no string: names are looked up in another way from then on.
            names[chosen.choice([7, ("alpha",)])] = step
    if chosen.randrange(5):
        names.setdefault("alpha", 3)
        names.setdefault("beta", -4)


@pytest.mark.parametrize("seed", range(6))
def test_names_are_found_wherever_a_namespace_has_them(seed):
    chosen = random.Random(seed)
    file = program.filename("shuffled")
    names = program.execute(SHUFFLED, file, brrr)
    f = names["f"]
    for step in range(1_500):
        shuffle(chosen, names, step)
        got, expected = [oracle.outcome(one, (step,), {}, file) for one in (f, f.original_func)]
        assert got == expected, (step, {name: names.get(name) for name in ("alpha", "beta", "abs")})
    assert f.stats()["compiled"] > 300


def test_attributes_that_a_module_makes_when_asked():
    lazy = types.ModuleType("lazy")
    exec("def __getattr__(name):\n    if name == 'x':\n        return 41\n    raise AttributeError(name)\n", lazy.__dict__)

    @brrr
    def read(n):
        return lazy.x + n

    assert read(1) == 42
    # NumPy imports this module at the first question; compiled code does not ask, and whether others did makes no difference.
    for _ in range(2):
        with pytest.raises(BrrrError, match=r"the call of `np.random.rand` cannot be compiled"):

            @brrr
            def draw(n):
                return np.random.rand(n)

        assert np.random.rand(0).size == 0
