"""Functions that call themselves: the limits of recursion, stacks of threads, signals."""

import signal
import subprocess
import sys
import textwrap
import threading
import traceback

import pytest

from brrr import brrr


@brrr
def down(n):
    if n == 0:
        return 0
    return 1 + down(n - 1)


def test_recursion_within_the_limit_is_compiled():
    assert down(900) == 900
    before = down.stats()["compiled"]
    assert down(900) == 900
    assert down.stats()["compiled"] == before + 1


def test_recursion_beyond_the_limit_raises():
    limit = sys.getrecursionlimit()
    with pytest.raises(RecursionError, match="maximum recursion depth exceeded") as raised:
        down(10 * limit)
    depth = len(traceback.extract_tb(raised.value.__traceback__))
    assert limit - 200 < depth < limit + 200
    assert down(800) == 800


def test_a_higher_limit_is_for_compiled_functions_too():
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)
    try:
        assert down(15_000) == 15_000
        with pytest.raises(RecursionError):
            down(50_000)
    finally:
        sys.setrecursionlimit(limit)


def test_the_stack_of_any_thread_suffices():
    found = []

    def work():
        for depth in (900, 100_000):
            try:
                found.append(down(depth))
            except RecursionError:
                found.append("too deep")

    before = threading.stack_size()
    for size in (0, 128 << 10, 256 << 10, 1 << 20):
        threading.stack_size(size)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    threading.stack_size(before)
    assert found == [900, "too deep"] * 4


def test_no_limit_is_too_high_for_the_stack(tmp_path):
    program = tmp_path / "deep.py"
    program.write_text(textwrap.dedent("""
        import sys
        from brrr import brrr
        @brrr
        def down(n):
            if n == 0:
                return 0
            return 1 + down(n - 1)
        sys.setrecursionlimit(10**9)
        try:
            down(10**9)
        except RecursionError:
            print("too deep")
    """))
    limited = f"ulimit -s 1024; exec {sys.executable} {program}"
    done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "too deep\n", "")


@brrr
def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)


@brrr
def spin(n):
    total = 0
    for i in range(n):
        total = (total * 31 + i) % 1_000_003
    return total


@brrr
def spin_and_more(n):
    return spin(n) + 1


class Interrupt(Exception):
    pass


@pytest.mark.parametrize(("function", "argument", "names"), [
    (fib, 70, {"fib"}),
    (spin_and_more, 10**13, {"spin_and_more", "spin"}),
])
def test_signals_are_handled_within_called_functions(function, argument, names):
    def handler(*_):
        raise Interrupt

    function(3)
    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(Interrupt) as raised:
            function(argument)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    frames = traceback.extract_tb(raised.value.__traceback__)
    assert frames[-1].name == "handler"
    assert {one.name for one in frames[1:-1]} == names
    assert frames[1].name == function.__name__
    assert function(3) == function.original_func(3)
