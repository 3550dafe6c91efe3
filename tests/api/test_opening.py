"""When LLVM is opened: at the first compilation, by a thread beside what leads to it; never by decoration, never where code is on the disk."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import brrr

# An audit hook runs at the moment when the thread has just been begun: the text of the function is compiled by Python then.
BEGINNING = """\
import os, sys
from brrr import brrr

@brrr
def f(n):
    total = 0
    for i in range(n):
        total += i * i % 7
    return total

def is_open():
    return any(line.rstrip().endswith("_llvm.so") for line in open("/proc/self/maps"))

def threads():
    return [one for one in os.listdir("/proc/self/task") if int(one) != os.getpid()]

def at_that_moment(work):
    once = [work]
    sys.addaudithook(lambda event, _: once.pop()() if event == "compile" and once else None)

"""


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """The path of a copy of the package whose library takes half a second to open."""
    compiler = shutil.which("cc") or pytest.skip("there is no C compiler")
    path = tmp_path_factory.mktemp("slow")
    folder = path / "brrr"
    folder.mkdir()
    for one in Path(brrr.__file__).parent.iterdir():
        if one.is_file():
            shutil.copy(one, folder / one.name)
    (folder / "_llvm.so").rename(folder / "libreal.so")
    (path / "slow.c").write_text("#include <unistd.h>\n__attribute__((constructor)) static void wait_a_while(void) { usleep(500000); }\n")
    options = ["-shared", "-fPIC", "-Wl,--no-as-needed,-rpath,$ORIGIN", f"-L{folder}", "-lreal"]
    subprocess.run([compiler, path / "slow.c", "-o", folder / "_llvm.so", *options], check=True)
    return path


def python(tmp_path, code, cache="", beginning=BEGINNING, **environment):
    (tmp_path / "program.py").write_text(beginning + code)
    environment = os.environ | {"BRRR_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"} | environment
    run = subprocess.run([sys.executable, "program.py"], capture_output=True, text=True, timeout=120, cwd=tmp_path, env=environment)
    return run.returncode, run.stdout, run.stderr


def test_decoration_opens_nothing(tmp_path):
    assert python(tmp_path, "print(threads(), is_open())\n") == (0, "[] False\n", "")


def test_what_is_disabled_opens_nothing(tmp_path):
    assert python(tmp_path, "print(f(10), threads(), is_open())\n", BRRR_DISABLE="1") == (0, "19 [] False\n", "")


def test_a_thread_opens_it_before_it_is_needed(tmp_path, slow):
    """No signal comes to that thread."""
    code = """
def look():
    blocked = [line for one in threads() for line in open(f"/proc/self/task/{one}/status") if line.startswith("SigBlk")]
    print(len(blocked), all(int(line.split()[1], 16) & 0x4003 == 0x4003 for line in blocked))

at_that_moment(look)
print(f(10), is_open(), f.stats()["compiled"])
"""
    assert python(tmp_path, code, PYTHONPATH=str(slow)) == (0, "1 True\n19 True 1\n", "")


@pytest.mark.parametrize("tier", ["auto", "quick", "full"])
def test_a_warm_start_opens_nothing(tmp_path, tier):
    code = "at_that_moment(lambda: print(threads()))\nprint(f(10), f.stats()['cache'], threads(), is_open())\n"
    cache = tmp_path / "cache"
    first = python(tmp_path, code, cache, BRRR_TIER=tier)
    assert first[0] == 0 and first[1].endswith("19 miss [] True\n"), first
    assert python(tmp_path, code, cache, BRRR_TIER=tier) == (0, "[]\n19 hit [] False\n", "")


def test_a_text_of_which_nothing_can_be_noted_waits(tmp_path):
    """What stands in no file may be on the disk all the same: that is known when its code has been asked for."""
    beginning = (
        "import linecache\ntext = 'from brrr import brrr\\n@brrr\\ndef f(a):\\n    return a + 1\\n'\n"
        "linecache.cache['<x>'] = (len(text), None, text.splitlines(True), '<x>')\n" + BEGINNING
    )
    code = "exec(compile(text, '<x>', 'exec'))\nat_that_moment(lambda: print(threads()))\nprint(f(1), f.stats()['cache'], is_open())\n"
    runs = [python(tmp_path, code, tmp_path / "cache", beginning) for _ in range(2)]
    assert runs == [(0, "[]\n2 miss True\n", ""), (0, "[]\n2 hit False\n", "")]


def test_a_fork_in_that_very_moment(tmp_path, slow):
    """The fork waits for the thread; the child has what it has opened."""
    code = """
def fork():
    global child
    assert threads()
    child = os.fork()

child = None
at_that_moment(fork)
result = f(10), threads(), is_open()
if child:
    assert os.waitpid(child, 0)[1] == 0
    print(result)
os._exit(0) if not child and result == (19, [], True) else None
sys.exit(0 if child else 1)
"""
    assert python(tmp_path, code, PYTHONPATH=str(slow)) == (0, "(19, [], True)\n", "")


@pytest.mark.parametrize("how", ["os._exit(7)", "sys.exit(7)", "1 / 0", "os.kill(os.getpid(), 15)"])
def test_an_end_in_that_very_moment(tmp_path, slow, how):
    code = f"""
def end():
    assert threads()
    {how}

at_that_moment(end)
f(10)
"""
    status, output, errors = python(tmp_path, code, PYTHONPATH=str(slow))
    expected = {"1 / 0": 1, "os.kill(os.getpid(), 15)": -15}.get(how, 7)
    assert (status, output) == (expected, "") and ("ZeroDivisionError" in errors) == (how == "1 / 0"), errors


def test_what_is_refused_after_that_moment(tmp_path, slow):
    """The call raises; nothing waits for the thread."""
    beginning = BEGINNING.replace("total += i * i % 7", "total += i * i % 7 + other(i)")
    code = """
from brrr import BrrrError
other = len
try:
    f(10)
except (BrrrError, TypeError) as error:
    print(type(error).__name__)
other = lambda i: i
print(f.original_func(3))
"""
    status, output, errors = python(tmp_path, code, beginning=beginning, PYTHONPATH=str(slow))
    assert status == 0 and len(output.splitlines()) == 2, errors


def test_without_the_library_the_call_says_so(tmp_path):
    copy = tmp_path / "path" / "brrr"
    copy.mkdir(parents=True)
    for one in Path(brrr.__file__).parent.iterdir():
        if one.is_file() and one.name != "_llvm.so":
            shutil.copy(one, copy / one.name)
    code = """
from brrr import BrrrError
for _ in range(2):
    try:
        f(10)
    except BrrrError as error:
        print(error.diagnostics[0].code, "_llvm.so" in error.diagnostics[0].message)
print(threads())
"""
    found = python(tmp_path, code, PYTHONPATH=str(copy.parent))
    assert found == (0, "BRRR901 True\nBRRR901 True\n[]\n", ""), found
