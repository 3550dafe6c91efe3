"""Imports, threads, child processes."""

import ast
import concurrent.futures
import multiprocessing
import os
import subprocess
import sys
import threading

import pytest

from brrr import brrr
from tests.api import functions


def python(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_import_is_light():
    """It imports nothing but its own modules: everything else is for what is done later."""
    run = python("import os, sys\nbefore = set(sys.modules)\nimport brrr\nprint(sorted(set(sys.modules) - before))")
    assert run.returncode == 0, run.stderr
    assert ast.literal_eval(run.stdout) == ["brrr", "brrr._brrr"]


def test_exceptions_are_there_when_asked_for():
    """Their classes are made at the first question, by whatever way it comes."""
    names = {"BrrrError", "BrrrWarning", "Diagnostic"}
    ways = [
        "import brrr\nfound = {name: getattr(brrr, name) for name in names}",
        "from brrr import *\nfound = {name: globals()[name] for name in names}",
        "from brrr import BrrrError, BrrrWarning, Diagnostic\nfound = dict(BrrrError=BrrrError, BrrrWarning=BrrrWarning, Diagnostic=Diagnostic)",
    ]
    for way in ways:
        code = f"names = {names}\n{way}\nimport brrr, sys\nassert names <= set(dir(brrr)) and not hasattr(brrr, 'other')\n"
        code += "assert all(found[name] is getattr(sys.modules['brrr._errors'], name) is getattr(brrr, name) for name in names)"
        run = python(code)
        assert (run.returncode, run.stderr) == (0, ""), run.stderr


def test_the_first_call_makes_no_classes_of_ast(tmp_path):
    """Python's compiler, asked by its name, makes them all."""
    (tmp_path / "module.py").write_text("from brrr import brrr\n\n@brrr\ndef add(a, b):\n    return a + b\n")
    code = "import gc, module\nassert module.add(2, 3) == 5 and module.add.stats()['exits'] == {}\n"
    code += "print(sum(isinstance(one, type) and one.__module__ == 'ast' for one in gc.get_objects()))"
    # From byte code: what is compiled by Python itself has them.
    for turn in range(2):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
    assert run.stdout == "0\n"


def test_import_opens_no_llvm():
    run = python("import brrr\nprint('_llvm' in open('/proc/self/maps').read())")
    assert run.stdout == "False\n", run.stderr


@pytest.mark.parametrize(("disabled", "result"), [("", "False"), ("1", "3 False")])
def test_decoration_opens_no_llvm(disabled, result):
    code = "from tests.api.functions import add\n" + ("print(add(1, 2), end=' ')\n" if disabled else "")
    code += "print('_llvm' in open('/proc/self/maps').read())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env={**os.environ, "BRRR_DISABLE": disabled})
    assert run.stdout == f"{result}\n", run.stderr


def test_names():
    run = python("import brrr\nfrom brrr import *\nprint(callable(brrr), issubclass(BrrrError, TypeError), issubclass(BrrrWarning, UserWarning))")
    assert run.stdout == "True True True\n", run.stderr


@pytest.mark.parametrize("value", ["np.float64(2.5)", "np.complex128(1j)", "np.int8(3)"])
def test_the_first_that_is_seen_of_numpy_runs_compiled(value):
    """Some of its scalars are instances of subclasses of Python's own numbers."""
    pytest.importorskip("numpy")
    run = python(f"import numpy as np\nfrom tests.api.functions import add\nprint(add({value}, 1), add.stats()['compiled'])")
    assert run.stdout.endswith(" 1\n"), run.stdout + run.stderr


def test_threads():
    """Many threads meet a function and its types for the first time at once."""

    @brrr
    def f(n, x):
        t = 0
        for i in range(n):
            t = t + i * x
        return t

    barrier = threading.Barrier(8)
    arguments = [(50, 1), (50, 0.5), (50, True), (2**10, 2**60)]

    def work(number):
        barrier.wait()
        return [f(*arguments[(number + at) % 4]) for at in range(200)]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(work, range(8)))
    for number, result in enumerate(results):
        assert result == [f.original_func(*arguments[(number + at) % 4]) for at in range(200)]
    assert f.stats()["calls"] == 1600 and len(f.signatures) == 3


def test_threads_that_decorate():
    def make(number):
        @brrr
        def f(a, number=number):
            return a * 10 + number

        return [f(at) for at in range(20)]

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        assert list(pool.map(make, range(24))) == [[at * 10 + number for at in range(20)] for number in range(24)]


def in_child(work):
    """Runs `work` in a forked child; its result as text."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writer, repr(work()).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    _, status = os.waitpid(child, 0)
    assert status == 0
    return text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork_after_compilation():
    @brrr
    def f(a, b):
        return a * b

    assert f(6, 7) == 42
    # What was compiled, and what is compiled in the child.
    assert in_child(lambda: (f(6, 7), f(0.5, 7), f(2**62, 4), f.stats()["compiled"])) == repr((42, 3.5, 2**64, 3))
    assert f(0.25, 8) == 2.0


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_pools(method):
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        assert pool.map(functions.total, [10, 100, 2**33 // 2**30]) == [45, 4950, 28]
        assert pool.starmap(functions.add, [(1, 2), (2**63 - 1, 1)]) == [3, 2**63]


def test_exit_of_the_interpreter():
    """Functions that are alive, compiled, in cycles and in threads when the interpreter ends."""
    code = (
        "import linecache, threading, atexit\ntext = 'def f(a):\\n    return a + 1\\n'\n"
        "linecache.cache['<x>'] = (len(text), None, text.splitlines(True), '<x>')\nexec(compile(text, '<x>', 'exec'))\n"
        "from brrr import brrr\nf = brrr(f)\nf.me = f\nf(1)\natexit.register(lambda: print(f(1.5)))\n"
        "threading.Thread(target=lambda: [f(i) for i in range(1000)]).start()\n")
    run = python(code)
    assert (run.returncode, run.stdout, run.stderr) == (0, "2.5\n", "")


def test_assertions_are_left_out_as_cpython_leaves_them_out(tmp_path):
    """Under `-O` an assertion is no statement, but a name that it writes is a local all the same."""
    program = tmp_path / "asserts.py"
    program.write_text(
        "from brrr import brrr\n\n"
        "@brrr\ndef f(a):\n    assert a > 3, 'small'\n    return a + 1\n\n"
        "@brrr\ndef g(a):\n    assert (b := a) > 0\n    return b\n\n"
        "for function in (f, g):\n"
        "    for argument in (1, 5):\n"
        "        try:\n            print(function(argument))\n"
        "        except Exception as error:\n            print(type(error).__name__)\n"
        "print(f.stats()['exits'])\n"
    )
    runs = [subprocess.run([sys.executable, *flags, program], capture_output=True, text=True, timeout=120) for flags in ([], ["-O"])]
    assert runs[0].stdout.split() == ["AssertionError", "6", "1", "5", "{5:", "1}"], runs[0].stderr
    assert runs[1].stdout.split() == ["2", "6", "UnboundLocalError", "UnboundLocalError", "{}"], runs[1].stderr


def test_numpy_may_be_imported_after_the_first_function_of_the_interpreter(tmp_path):
    """`**` of complex numbers asks the interpreter's function, and `np.abs` of them NumPy's: each is found when it is there."""
    program = tmp_path / "late.py"
    program.write_text(
        "from brrr import brrr\n\n@brrr\ndef power(z):\n    return z ** 2.5\n\npower(2j)\n\nimport numpy as np\n\n"
        "@brrr\ndef size(a):\n    return np.abs(a[0])\n\nsize(np.ones(3, complex))\nprint(power.stats()['exits'], size.stats()['exits'])\n"
    )
    run = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stdout) == (0, "{} {}\n"), run.stderr
