"""First calls in several threads at once: LLVM runs beside them."""

import os
import subprocess
import sys

# Nothing is kept on the disk: what is found there is not compiled.
ENVIRONMENT = os.environ | {"BRRR_CACHE_DIR": ""}

# A function that takes long to compile, in a module of its own.
BEGINNING = """\
import os, signal, sys, threading
from brrr import brrr

def text(name, loops):
    lines = [f"@brrr\\ndef {name}(n, x):", "    a, b = 1, 2.5"]
    for k in range(loops):
        lines += ["    for i in range(n):", f"        a = (a * {k % 7 + 2} + i) % 1009", f"        if a > {k}:", f"            b = b * 0.5 + x"]
    return "\\n".join([*lines, "    return a + b", ""])

def made(name, loops):
    import linecache
    body = text(name, loops)
    linecache.cache[f"<{name}>"] = (len(body), None, body.splitlines(True), f"<{name}>")
    space = {"brrr": brrr}
    exec(compile(body, f"<{name}>", "exec"), space)
    return space[name]

big, small = made("big", 80), made("small", 1)
begun, done = threading.Event(), threading.Event()
found = []

def work():
    begun.set()
    found.append(big(3, 0.5))
    done.set()
"""


def python(tmp_path, code):
    (tmp_path / "measured.py").write_text(BEGINNING + code)
    run = subprocess.run([sys.executable, "measured.py"], capture_output=True, text=True, timeout=300, cwd=tmp_path, env=ENVIRONMENT)
    assert (run.returncode, run.stdout) == (0, "right\n"), run.stdout + run.stderr


def test_a_small_function_does_not_wait_for_a_big_one(tmp_path):
    python(tmp_path, """
thread = threading.Thread(target=work)
thread.start()
begun.wait()
assert small(3, 0.5) == small.original_func(3, 0.5)
before = done.is_set()
thread.join()
assert found == [big.original_func(3, 0.5)]
print("late" if before else "right")
""")


def test_threads_that_call_the_same_function_first(tmp_path):
    python(tmp_path, """
barrier = threading.Barrier(5)

def call():
    barrier.wait()
    found.append(big(3, 0.5))

threads = [threading.Thread(target=call) for _ in range(5)]
[one.start() for one in threads]
[one.join() for one in threads]
assert found == [big.original_func(3, 0.5)] * 5
assert big.stats()["calls"] == 5 and len(big.signatures) == 1, big.stats()
print("right")
""")


def test_a_fork_in_the_middle_of_a_first_call(tmp_path):
    """The child compiles anew what was being compiled, and other functions."""
    python(tmp_path, """
thread = threading.Thread(target=work)
thread.start()
begun.wait()
children = []
for wait in (0.0, 0.01, 0.05):
    done.wait(wait)
    child = os.fork()
    if not child:
        try:
            right = small(3, 0.5) == small.original_func(3, 0.5) and big(3, 0.5) == big.original_func(3, 0.5)
            os._exit(0 if right else 3)
        finally:
            os._exit(4)
    children.append(child)
statuses = [os.waitpid(child, 0)[1] for child in children]
thread.join()
assert statuses == [0, 0, 0] and found == [big.original_func(3, 0.5)], statuses
print("right")
""")


def test_an_interrupt_while_a_function_is_compiled(tmp_path):
    """It is raised when the code is there, as it is when it comes a moment later; the function works."""
    python(tmp_path, """
def interrupt():
    begun.wait()
    os.kill(os.getpid(), signal.SIGINT)

thread = threading.Thread(target=interrupt)
thread.start()
try:
    begun.set()
    while True:
        big(3, 0.5)
except KeyboardInterrupt:
    pass
thread.join()
assert big(3, 0.5) == big.original_func(3, 0.5)
print("right")
""")
