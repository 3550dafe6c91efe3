"""The other commands: `ir`, `asm`, `explain`, `cache`, `completions`, `lsp`, help."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.cli.conftest import BAD, HEAD

KERNEL = HEAD + "def g(a: float, n):\n    s = 0\n    for i in range(n):\n        s += a * i\n    return s\n"


def test_typed_ir(brrr):
    brrr.write("a.py", KERNEL)
    ran = brrr("ir", "a.py::g")
    assert ran.code == 0 and ran.out.startswith("fn g(a: f64, n: i64) -> ")
    ran = brrr("ir", "a.py::g", "--types", "int, int")
    assert ran.out.startswith("fn g(a: i64, n: i64) -> ")


def test_calls_and_defaults_tell_types(brrr):
    brrr.write("a.py", HEAD + "def f(a, b=1.5):\n    return a\n\nf(2.5)\n")
    assert brrr("ir", "a.py::f").out.startswith("fn f(a: f64, b: f64) -> ")
    brrr.write("a.py", HEAD + "def f(a, b=1.5):\n    return a\n")
    assert brrr("ir", "a.py::f").out.startswith("fn f(a: i64, b: f64) -> ")


def test_functions_that_cannot_be_shown(brrr):
    brrr.write("a.py", BAD + "\n@brrr\ndef good(a):\n    return a\n")
    ran = brrr("ir", "a.py::f")
    assert ran.code == 1 and ran.out == "" and "[BRRR208]" in ran.err and "a.py:5:5" in ran.err
    assert brrr("ir", "a.py::good").code == 0, "the mistakes of others are not its own"
    for target, said in (("a.py::goof", "did you mean `good`?"), ("nowhere.py::f", "cannot read nowhere.py"), ("a.py", "two colons")):
        ran = brrr("ir", target)
        assert ran.code == 2 and said in ran.err, target
    ran = brrr("ir", "a.py::good", "--types", "str")
    assert ran.code == 2 and "`str` is no type of compiled code" in ran.err
    assert brrr("ir", "a.py::good", "--types", "int, int").code == 2
    brrr.write("b.py", "x = 1\n")
    assert "no function under @brrr" in brrr("ir", "b.py::f").err


def test_without_llvm(brrr):
    brrr.write("a.py", KERNEL)
    ran = brrr("ir", "a.py::g", "--stage", "llvm", env={"BRRR_LLVM": "/nowhere/_llvm.so"})
    assert ran.code == 2 and ran.out == "" and "/nowhere/_llvm.so" in ran.err
    # A copy of the program stands beside no package, and no Python is there to ask.
    alone = brrr.folder / "bin" / "brrr"
    alone.parent.mkdir()
    shutil.copy(brrr.path, alone)
    ran = subprocess.run([alone, "ir", "a.py::g", "--stage", "asm"], cwd=brrr.folder, capture_output=True, text=True, env={"PATH": "/nowhere"})
    assert ran.returncode == 2 and "its library, _llvm.so" in ran.stderr and "BRRR_LLVM" in ran.stderr


@pytest.fixture(scope="session")
def llvm():
    """The library of the package that the tests run with."""
    import brrr

    return os.path.join(os.path.dirname(brrr.__file__), "_llvm.so")


def test_stages_of_llvm(brrr, llvm):
    brrr.write("a.py", KERNEL)

    def show(stage):
        ran = brrr("ir", "a.py::g", "--stage", stage, env={"BRRR_LLVM": llvm})
        assert ran.code == 0, ran.err
        return ran.out

    lowered, optimised, assembly = show("llvm"), show("llvm-opt"), show("asm")
    assert "define" in lowered and "alloca" in lowered
    assert "define" in optimised and "alloca i64" not in optimised
    assert "\tret" in assembly
    assert brrr("asm", "a.py::g", env={"BRRR_LLVM": llvm}).out == assembly


def test_what_the_command_shows_is_what_runs(brrr, llvm):
    """`inspect_llvm` of the running program has the same text."""
    brrr.write("a.py", KERNEL)
    code = "import a\na.g(1.5, 2)\nprint(a.g.inspect_llvm().rstrip())"
    ran = subprocess.run([sys.executable, "-c", code], cwd=brrr.folder, capture_output=True, text=True, check=True)
    assert brrr("ir", "a.py::g", "--stage", "llvm-opt", env={"BRRR_LLVM": llvm}).out == ran.stdout


def test_the_decorators_options_hold(brrr, llvm):
    text = "from brrr import brrr\n\n@brrr(overflow=\"wrap\")\ndef f(a):\n    return a + a\n"
    brrr.write("a.py", text)
    wraps = brrr("ir", "a.py::f", "--stage", "llvm", env={"BRRR_LLVM": llvm}).out
    brrr.write("a.py", text.replace("wrap", "exact"))
    exact = brrr("ir", "a.py::f", "--stage", "llvm", env={"BRRR_LLVM": llvm}).out
    assert "with.overflow" in exact and "with.overflow" not in wraps


def test_fastmath_holds(brrr, llvm):
    text = "from brrr import brrr\n\n@brrr(fastmath=True)\ndef f(a: float):\n    return a + 1.0\n"
    brrr.write("a.py", text)
    fast = brrr("ir", "a.py::f", "--stage", "llvm", env={"BRRR_LLVM": llvm}).out
    brrr.write("a.py", text.replace("True", "False"))
    exact = brrr("ir", "a.py::f", "--stage", "llvm", env={"BRRR_LLVM": llvm}).out
    assert "fadd reassoc nsz arcp contract afn double" in fast and "fadd double" in exact


def test_explain(brrr):
    listed = brrr("explain").out.splitlines()
    assert len(listed) > 20 and all(re.fullmatch(r"BRRR\d{3}  [a-z-]+ +(error|warning|hint) +\S.*", line) for line in listed)
    for line in listed:
        code, slug = line.split()[:2]
        page = brrr("explain", code)
        assert page.code == 0 and page.out.startswith(f"# {code} {slug} (")
        assert page.out == brrr("explain", slug).out
    assert brrr("explain", "208").out == brrr("explain", "BRRR208").out
    assert brrr("explain", "BRRR2").out.count("\n# BRRR2") >= 5
    drawn = brrr("explain", "BRRR208", "--color", "always").out
    assert "\x1b[" in drawn and "```" not in drawn and "#" not in drawn.splitlines()[0]
    ran = brrr("explain", "BRRR999")
    assert (ran.code, ran.out) == (2, "") and "unknown code" in ran.err


def test_cache(brrr):
    folder = brrr.folder / "cache"
    env = {"BRRR_CACHE_DIR": str(folder)}
    assert "not there yet" in brrr("cache", "info", env=env).out
    assert json.loads(brrr("cache", "info", "--json", env=env).out) == {"bytes": 0, "entries": 0, "exists": False, "folder": str(folder), "used": True}
    assert brrr("cache", "clear", env=env).code == 0
    name = "0123456789abcdef" * 2
    own = [f"cache/{name}.brrr", f"cache/ab/{name}.brrr", f"cache/ab/{name}.brrr.tmp12", f"cache/cd/{name}.brrr"]
    foreign = ["cache/notes.txt", f"cache/{name}.py", "cache/short.brrr", f"cache/cd/deeper/{name}.brrr", "kept"]
    for path in own + foreign:
        brrr.write(path, b"x" * 600)
    # A folder or a link with the name of an entry is none.
    (folder / f"{name[::-1]}.brrr").symlink_to(brrr.folder / "kept")
    (folder / "ef").symlink_to(brrr.folder)
    folder.chmod(0o777)
    assert "brrr does not use it" in brrr("cache", "info", env=env).out
    folder.chmod(0o700)
    ran = brrr("cache", "info", env=env)
    assert "does not use it" not in ran.out and "entries: 4\n" in ran.out and "size:    2.3 KiB\n" in ran.out
    ran = brrr("cache", "clear", env=env)
    assert ran.code == 0 and ran.out.startswith("removed 4 entries (2.3 KiB) from ")
    assert not any((brrr.folder / path).exists() for path in own)
    assert all((brrr.folder / path).exists() for path in foreign)
    assert not (folder / "ab").exists() and (folder / "ef").is_symlink()


def test_the_cache_is_in_the_users_folder(brrr):
    assert brrr("cache", "info", env={"BRRR_CACHE_DIR": ""}).err.strip().endswith("the cache is off, for BRRR_CACHE_DIR is empty")
    environment = {"XDG_CACHE_HOME": str(brrr.folder / "x")}
    assert json.loads(brrr("cache", "info", "--json", env=environment).out)["folder"] == str(brrr.folder / "x" / "brrr")
    brrr.write("file", "")
    ran = brrr("cache", "clear", env={"BRRR_CACHE_DIR": str(brrr.folder / "file")})
    assert ran.code == 2 and "is no folder" in ran.err


@pytest.mark.parametrize("shell", ["bash", "elvish", "fish", "powershell", "zsh"])
def test_completions(brrr, shell):
    ran = brrr("completions", shell)
    assert ran.code == 0 and "output-format" in ran.out and "__llvm" not in ran.out
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=ran.out, text=True, check=True)


def test_bash_completes(brrr):
    script = brrr.write("complete.bash", brrr("completions", "bash").out)
    code = f"source {script}; COMP_WORDS=(brrr ex); COMP_CWORD=1; _brrr brrr ex brrr; echo ${{COMPREPLY[@]}}"
    assert subprocess.run(["bash", "-c", code], capture_output=True, text=True).stdout == "explain\n"


def test_help_and_version(brrr):
    assert re.fullmatch(r"brrr \d+\.\d+\.\d+\n", brrr("--version").out)
    whole = brrr("--help")
    assert whole.code == 0 and whole.err == "" and "Exit codes" in whole.out and "__llvm" not in whole.out
    commands = re.findall(r"^  ([a-z]+) ", whole.out.split("Commands:")[1].split("Options:")[0], re.MULTILINE)
    assert commands == ["check", "ir", "asm", "explain", "bench", "cache", "lsp", "completions", "help"]
    for command in commands[:-1]:
        ran = brrr(command, "--help")
        assert ran.code == 0 and ran.out.count("\n") > 5, command
        assert all(len(line) <= 130 for line in ran.out.splitlines()), command


def test_lsp_serves(brrr):
    def frame(message):
        body = json.dumps(message).encode()
        return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)

    say = [{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}},
           {"jsonrpc": "2.0", "id": 2, "method": "shutdown"}, {"jsonrpc": "2.0", "method": "exit"}]
    ran = brrr("lsp", "--stdio", stdin=b"".join(map(frame, say)))
    assert ran.code == 0 and '"serverInfo"' in ran.out


def test_python_m_brrr(brrr):
    """The package finds the program on the PATH."""
    env = os.environ | {"PATH": os.pathsep.join([str(brrr.path.parent), os.environ["PATH"]])}
    ran = subprocess.run([sys.executable, "-m", "brrr", "--version"], capture_output=True, text=True, env=env, cwd=brrr.folder)
    assert (ran.returncode, ran.stdout) == (0, brrr("--version").out)
