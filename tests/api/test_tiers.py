"""Two tiers of code: quick code first, the full one from the background, put in its place while the program goes on."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import brrr as package
from brrr import brrr
from brrr._brrr import tier
from tests import arrays, program

# Seconds in which a compilation in the background is over, on a machine that has much else to do.
LONG = 60


@pytest.fixture(autouse=True)
def eager():
    """Everything is hot at once."""
    with program.tier("eager"):
        yield


def made(text, name="f"):
    return program.execute(text, program.filename("tiers"), brrr)[name]


def until_full(function, *args):
    """Calls a function until its code is of the full tier; its result, which is always the same."""
    end = time.monotonic() + LONG
    results = [function(*args)]
    while set(function.stats()["tiers"].values()) != {"full"} and time.monotonic() < end:
        results.append(function(*args))
        time.sleep(0.001)
    assert set(function.stats()["tiers"].values()) == {"full"}, function.stats()
    results.append(function(*args))
    assert all(one == results[0] for one in results)
    return results[0]


def python(code, policy="auto", cache="", folder=None, path=None):
    """Runs a program in a process of its own, in which functions have their text in a file."""
    environment = {**os.environ, "BRRR_TIER": policy, "BRRR_CACHE_DIR": str(cache), **({"PYTHONPATH": str(path)} if path else {})}
    with subprocess.Popen([sys.executable, *code], env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        output, errors = run.communicate(timeout=120)
    return run.returncode, output, errors


SUM = "from brrr import brrr\n\n@brrr\ndef f(n):\n    total = 0\n    for i in range(n):\n        total += i * i % 7\n    return total\n"


def test_the_full_tier_takes_the_place_of_the_quick_one():
    f = made("@brrr\ndef f(n):\n    total = 0\n    for i in range(n):\n        total += i * i % 7\n    return total\n")
    assert f(100) == f.original_func(100)
    assert f.stats()["tiers"] == {"(int) -> int": "quick"}
    assert until_full(f, 100) == f.original_func(100)
    stats = f.stats()
    assert stats["compiled"] == stats["calls"] and stats["exits"] == {} and stats["tier_problems"] == {}
    # Each signature has its own.
    assert f(True) == 0 and f.stats()["tiers"] == {"(int) -> int": "full", "(bool) -> int": "quick"}


@pytest.mark.parametrize("name, tiers", [("quick", {"quick"}), ("full", {"full"})])
def test_one_tier_only(name, tiers):
    with program.tier(name):
        f = made(SUM.split("\n\n", 1)[1])
        assert [f(50) for _ in range(30)] == [f.original_func(50)] * 30
        assert set(f.stats()["tiers"].values()) == tiers


def test_the_name_of_a_choice():
    assert tier() == "eager" and tier("quick") == "eager" and tier("eager") == "quick"
    with pytest.raises(ValueError):
        tier("best")


@pytest.mark.parametrize("has_run", [False, True])
def test_compile_makes_the_full_tier(has_run):
    with program.tier("quick"):
        f = made(SUM.split("\n\n", 1)[1])
        if has_run:
            f(10)
        f.compile(int)
        assert f.stats()["tiers"] == {"(int) -> int": "full"} and f(10) == f.original_func(10)


def test_both_tiers_leave_by_the_same_exits():
    text = "@brrr\ndef f(a, b):\n    c = a * b\n    d = c // (b - 7)\n    return d\n"
    f = made(text)
    until_full(f, 3, 4)
    f(2**62, 4)
    with pytest.raises(ZeroDivisionError) as caught:
        f(2, 7)
    assert caught.traceback[-1].lineno == 3
    with program.tier("quick"):
        g = made(text)
        g(2**62, 4)
        with pytest.raises(ZeroDivisionError) as caught:
            g(2, 7)
    assert caught.traceback[-1].lineno == 3 and f.stats()["exits"] == g.stats()["exits"]


# Loops in which a run is when better code comes; they take the quick tier some tenths of a second.
MOVING = {
    "while": ("def f(n):\n    total = i = 0\n    while i < n:\n        total = (total * 3 + i) % 1_000_003\n        i += 1\n    return total, i\n", (20_000_000,)),
    "for": ("def f(n):\n    x = 0.5\n    for i in range(3, n, 2):\n        x = 3.7 * x * (1.0 - x)\n    return x, i\n", (90_000_000,)),
    "nested": ("def f(n):\n    total = 0\n    for i in range(n):\n        for j in range(i, n):\n            total = (total + i * j) % 99991\n    return total, i, j\n",
               (8_000,)),
    "behind": ("def f(n):\n    a = 0\n    for i in range(n):\n        a = (a * 5 + i) % 10007\n    b = 1\n    for i in range(9):\n        b = b * 3 + a\n    return a, b, -a // 7\n",
               (25_000_000,)),
    "tuple": ("def f(n, a, b):\n    t = (a, 0.5)\n    for i in range(n):\n        t = (t[0] * 7 % 65537, t[1] * 0.999 + 0.1)\n    return t, b\n",
              (20_000_000, 3, 4)),
    "zip": ("def f(n):\n    total = 0\n    for i, j in zip(range(n), range(5, 5 + n)):\n        total = (total * 3 + i ^ j) % 1_000_003\n    return total\n", (20_000_000,)),
    "bound late": ("def f(n):\n    total = 0\n    for i in range(n):\n        total = (total * 3 + i) % 1_000_003\n        last = total\n    return last\n",
                   (20_000_000,)),
    "leaves later": ("def f(n):\n    total = 1\n    for i in range(n):\n        total = total * 3 % 1_000_003\n    for i in range(80):\n        total = total * 3\n    return total\n",
                     (20_000_000,)),
    "raises later": ("def f(n):\n    total = 1\n    for i in range(n):\n        total = total * 3 % 1_000_003\n    return total // (n - n)\n", (20_000_000,)),
}


def lengths(turns):
    """How long a run is to be, in turns, until one moves: how much time the other tier takes depends on what else the machine does."""
    for attempt in range(6):
        yield turns << attempt
    pytest.fail("no run has moved")


@pytest.mark.parametrize("name", MOVING)
def test_a_run_moves(name):
    """It is long inside a loop when the full tier comes, and goes on there, as if nothing had happened."""
    text, (first, *rest) = MOVING[name]
    for turns in lengths(first):
        with program.tier("full"):
            other = made("@brrr\n" + text)

            def expected():
                return other(turns, *rest)

            wanted = pytest.raises(ZeroDivisionError, expected) if name == "raises later" else expected()
        f = made("@brrr\n" + text)
        if name == "raises later":
            found = pytest.raises(ZeroDivisionError, f, turns, *rest)
            assert found.traceback[-1].lineno == wanted.traceback[-1].lineno and str(found.value) == str(wanted.value)
        else:
            assert repr(f(turns, *rest)) == repr(wanted)
        stats = f.stats()
        assert stats["exits"].keys() == other.stats()["exits"].keys() and stats["calls"] == 1
        assert name.endswith("later") or stats["compiled"] == 1
        if stats["moves"]:
            return


@pytest.mark.skipif(not arrays.present(), reason="needs NumPy")
def test_a_run_over_arrays_moves():
    import numpy as np

    text = ("@brrr\ndef f(y, x, a, turns):\n    for t in range(turns):\n        for i in range(len(y)):\n            y[i] += a * x[i]\n"
            "    return y, t\n")
    x = np.linspace(0, 1, 5000)
    for turns in lengths(30_000):
        with program.tier("full"):
            wanted = made(text)(np.ones(5000), x, 1e-4, turns)
        f, y = made(text), np.ones(5000)
        found = f(y, x, 1e-4, turns)
        assert found[0] is y and found[1] == wanted[1] and found[0].tobytes() == wanted[0].tobytes()
        assert f.stats()["exits"] == {} and f.stats()["compiled"] == 1
        if f.stats()["moves"]:
            return


def test_an_argument_is_the_same_object_after_a_move():
    text = "@brrr\ndef f(x, n):\n    y = x\n    z = 0.5\n    for i in range(n):\n        z = 3.7 * z * (1.0 - z)\n    return y if z < 2 else z\n"
    for turns in lengths(50_000_000):
        f, x = made(text), float("1e300")
        assert f(x, turns) is x
        if f.stats()["moves"]:
            return


def test_code_is_replaced_while_it_runs():
    """A handler calls the same function, again and again, until the code of the run that it interrupts is replaced."""
    f = made("@brrr\ndef f(n):\n    x = 0.5\n    for i in range(n):\n        x = 3.7 * x * (1.0 - x)\n    return x\n")
    expected = [f.original_func(10)]
    with program.tier("full"):
        long = made("@brrr\ndef f(n):\n    x = 0.5\n    for i in range(n):\n        x = 3.7 * x * (1.0 - x)\n    return x\n")(60_000_000)
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(f(10)))
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
    try:
        assert f(60_000_000) == long
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert seen and seen == expected * len(seen)
    assert until_full(f, 10) == expected[0]


def executable():
    """Bytes of executable memory that is no file's."""
    total = 0
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, _, _, inode, *name = line.split()
        if "x" in rights and inode == "0" and not name:
            start, end = (int(one, 16) for one in span.split("-"))
            total += end - start
    return total


def test_code_that_was_replaced_is_freed():
    functions = [made("@brrr\ndef f(n):\n    total = 0\n    for i in range(n):\n        total += i * i % 7\n    return total\n") for _ in range(20)]
    gc.collect()
    before = executable()
    for f in functions:
        until_full(f, 30)
    # A page each, which a small function fits in.
    assert executable() - before <= len(functions) * 4096
    functions.clear()
    del f
    program.forget("tiers")
    gc.collect()
    assert executable() <= before


def test_threads():
    texts = ["@brrr\ndef f(n):\n    total = {0}\n    for i in range(n):\n        total = (total * 3 + i) % 1_000_003\n    return total\n".format(at) for at in range(4)]
    functions = [made(text) for text in texts]
    arguments = [10, 1000, 300_000]
    expected = [[f.original_func(n) for n in arguments] for f in functions]
    wrong = []
    barrier = threading.Barrier(6)

    def work(number):
        barrier.wait()
        for turn in range(60):
            at = (number + turn) % 4
            found = [functions[at](n) for n in arguments]
            if found != expected[at]:
                wrong.append((at, found))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert sum(f.stats()["calls"] for f in functions) == 6 * 60 * 3


MANY = "".join(f"    a = (a * {k + 3} + {k}) % {10007 + k}\n    if a > {k}:\n        b += a & {k + 1}\n" for k in range(40))


def test_a_fork_while_code_is_compiled(tmp_path):
    """In the child there is a thread of its own, and what it compiles is right."""
    (tmp_path / "one.py").write_text(f"""\
import os, sys, time
from brrr import brrr

def make():
    @brrr
    def f(n):
        a = b = 0
        for i in range(n):
            a += i
{MANY.replace("    a", "            a").replace("    if", "            if").replace("        b +=", "                b +=")}
        return a, b
    return f

wanted = make().original_func(50)
for turn in range(12):
    # Each time from text of its own: functions with one code object share code.
    space = {{"brrr": brrr}}
    f = brrr(make().original_func) if turn == 0 else make()
    name = f"<{{turn}}>"
    import linecache
    text = open(__file__).read().split("def make():")[1].split("    return f\\n")[0]
    text = "def make():" + text + "    return f\\n"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    exec(compile(text, name, "exec"), space)
    f = space["make"]()
    assert f(50) == wanted
    time.sleep(0.003 * turn)
    child = os.fork()
    if not child:
        try:
            end = time.monotonic() + 60
            while set(f.stats()["tiers"].values()) != {{"full"}} and time.monotonic() < end:
                assert f(50) == wanted
                time.sleep(0.001)
            done = set(f.stats()["tiers"].values()) == {{"full"}} and make()(50) == wanted
            os._exit(0 if done else 3)
        except BaseException:
            os._exit(4)
    assert os.waitpid(child, 0)[1] == 0, turn
    assert f(50) == wanted
print("done")
""")
    code, output, errors = python(["one.py"], "eager", folder=tmp_path)
    assert (code, output) == (0, "done\n"), errors


@pytest.mark.parametrize("ending", ["", "sys.exit(3)", "os._exit(3)", "raise SystemExit(3)", "threading.Thread(target=f, args=(50,)).start()", "os.kill(os.getpid(), 2)"])
def test_the_end_of_the_process_while_code_is_compiled(tmp_path, ending):
    """It waits for nothing, and what it says is what it says without brrr."""
    body = MANY.replace("    a", "        a").replace("    if", "        if").replace("        b +=", "            b +=")
    (tmp_path / "two.py").write_text(f"import os, sys, threading\nfrom brrr import brrr\n@brrr\ndef f(n):\n    a = b = 0\n    for i in range(n):\n        a += i\n"
                                     f"{body}    return a, b\nprint(f(50) == f.original_func(50), flush=True)\n{ending}\n")
    for _ in range(3):
        code, output, errors = python(["two.py"], "eager", folder=tmp_path)
        interrupted = "kill" in ending
        assert code == (3 if "3" in ending else -2 if interrupted else 0), errors
        assert output == "True\n" and ("KeyboardInterrupt" in errors if interrupted else not errors)


def test_what_is_not_hot_has_no_thread(tmp_path):
    (tmp_path / "three.py").write_text(SUM + "print(f(1000), f(10), f.stats()['tiers'], len(__import__('os').listdir('/proc/self/task')))\n")
    code, output, errors = python(["three.py"], folder=tmp_path)
    assert (code, output) == (0, f"{sum(i * i % 7 for i in range(1000))} {sum(i * i % 7 for i in range(10))} {{'(int) -> int': 'quick'}} 1\n"), errors


def test_what_is_hot_becomes_fast_by_itself(tmp_path):
    """Many calls, or one that takes long."""
    (tmp_path / "four.py").write_text(SUM + """
import time
end = time.monotonic() + 60
while f.stats()["tiers"].get("(int) -> int") != "full" and time.monotonic() < end:
    f(20)
calls = f.stats()["calls"]
@brrr
def g(n):
    x = 0.5
    for i in range(n):
        x = 3.7 * x * (1.0 - x)
    return x
while not g.stats()["moves"] and time.monotonic() < end:
    g(100_000_000)
print(calls > 1000, g.stats()["moves"] > 0, g.stats()["exits"])
""")
    code, output, errors = python(["four.py"], folder=tmp_path)
    assert (code, output) == (0, "True True {}\n"), errors


def test_the_full_tier_is_kept_and_found(tmp_path):
    hot = "\nimport time\nend = time.monotonic() + 60\nwhile time.monotonic() < end and f(20) and f.stats()['tiers'] != {'(int) -> int': 'full'}:\n    pass\n"
    (tmp_path / "hot.py").write_text(SUM + hot + "print(f.stats()['tiers'], f.stats()['cache'])\n")
    again = "print(f(20), f.stats()['tiers'], f.stats()['cache'], '_llvm' in open('/proc/self/maps').read())\n"
    cache = tmp_path / "cache"
    (tmp_path / "again.py").write_text(SUM + again)
    kept = str(sum(i * i % 7 for i in range(20)))
    assert python(["again.py"], cache=cache, folder=tmp_path)[1] == f"{kept} {{'(int) -> int': 'quick'}} miss True\n"
    assert python(["again.py"], cache=cache, folder=tmp_path)[1] == f"{kept} {{'(int) -> int': 'quick'}} hit False\n"
    assert python(["hot.py"], cache=cache, folder=tmp_path)[1] == "{'(int) -> int': 'full'} hit\n"
    # The thread writes it to the disk before it is put in its place.
    assert python(["again.py"], cache=cache, folder=tmp_path)[1] == f"{kept} {{'(int) -> int': 'full'}} hit False\n"
    assert python(["again.py"], "quick", cache, tmp_path)[1] == f"{kept} {{'(int) -> int': 'quick'}} hit False\n"


def test_a_compilation_that_fails_keeps_the_quick_code(tmp_path):
    """Here the library cannot be opened any more, while the quick code comes from the disk."""
    copy = tmp_path / "path" / "brrr"
    copy.mkdir(parents=True)
    for one in Path(package.__file__).parent.iterdir():
        if one.is_file():
            shutil.copy(one, copy / one.name)
    (tmp_path / "five.py").write_text(SUM + "import time\nend = time.monotonic() + 60\nwhile not f.stats()['tier_problems'] and time.monotonic() < end:\n    f(20)\n"
                                      "found = f.stats()\nprint(f(20), found['tiers'], found['tier_problems'], found['cache'])\n")
    (tmp_path / "fill.py").write_text(SUM + "print(f(20))\n")
    cache, path = tmp_path / "cache", tmp_path / "path"
    kept = str(sum(i * i % 7 for i in range(20)))
    assert python(["fill.py"], "quick", cache, tmp_path, path)[1] == f"{kept}\n"
    # A library for another processor; what tells the build is as it was.
    with (copy / "_llvm.so").open("r+b") as library:
        library.seek(18)
        library.write(bytes([0xB7, 0]))
    code, output, errors = python(["five.py"], "eager", cache, tmp_path, path)
    assert code == 0 and output.startswith(f"{kept} {{'(int) -> int': 'quick'}} {{'(int) -> int': 'cannot open "), output + errors
    assert output.endswith("hit\n")


def test_an_exit_at_a_poll_is_counted_where_the_original_function_goes_on():
    """Of equal arguments that are not one object it cannot tell which is at hand."""
    f = made("@brrr\ndef f(a, b):\n    b, a = a, b\n    while missing:\n        if a:\n            break\n")
    with program.tier("quick"), pytest.raises(NameError):
        f(float("100.25"), float("100.25"))
    assert f.stats()["exits"] == {4: 1}
