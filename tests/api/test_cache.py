"""Machine code on the disk: what is found there is what would be made, and whatever happens to it, results are CPython's."""

from __future__ import annotations

import json
import linecache
import os
import resource
import subprocess
import sys
import zipfile

import pytest

# Says what became of the function `f` of a module, and whether LLVM was opened.
REPORT = """
import json, sys
sys.path.insert(0, sys.argv[1])
import module
result = [module.f(*eval(call)) for call in sys.argv[2:]]
llvm = any(line.rstrip().endswith("_llvm.so") for line in open("/proc/self/maps"))
print(json.dumps([repr(result), module.f.stats()["cache"], llvm]))
"""

SUM = "from brrr import brrr\n\n@brrr\ndef f(n):\n    total = 0\n    for i in range(n):\n        total += i * i % 7\n    return total\n"


@pytest.fixture
def run(tmp_path):
    """Runs the function `f` of a module in a process of its own: `(repr of the results, what the cache did, whether LLVM was opened)`."""
    cache = tmp_path / "cache"

    def run(text, *calls, folder=cache, path=None, **options):
        module = tmp_path / "program" / "module.py"
        module.parent.mkdir(exist_ok=True)
        if text is not None:
            module.write_text(text)
        environment = {**os.environ, "BRRR_CACHE_DIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", REPORT, str(path or module.parent), *calls]
        made = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, **options)
        assert made.returncode == 0, made.stderr
        return tuple(json.loads(made.stdout))

    run.cache = cache
    return run


def entries(folder):
    return [path for path in folder.rglob("*.brrr") if path.is_file()]


def test_the_second_process_finds_what_the_first_one_made(run):
    assert run(SUM, "(1000,)") == ("[2001]", "miss", True)
    assert run(None, "(1000,)", "(10,)") == ("[2001, 19]", "hit", False)
    assert len(entries(run.cache)) == 1


def test_other_types_are_other_code(run):
    text = "from brrr import brrr\n@brrr\ndef f(a, b):\n    return a * b\n"
    assert run(text, "(2, 3)")[:2] == ("[6]", "miss")
    assert run(None, "(2, 0.5)")[:2] == ("[1.0]", "miss")
    assert run(None, "(2, 3)")[:2] == ("[6]", "hit")
    assert run(None, "(2, 0.5)")[:2] == ("[1.0]", "hit")


def test_a_comment_and_a_neighbour_change_nothing(run):
    assert run(SUM, "(10,)")[1] == "miss"
    edited = SUM.replace("    total = 0\n", "    # Adds up.\n    total = 0\n").replace("@brrr\n", "def g():\n    pass\n\n@brrr\n")
    assert run(edited, "(1000,)") == ("[2001]", "hit", False)


def test_lines_are_those_of_the_text_as_it_is(run):
    """What is kept holds no lines: an exception comes from where the statement stands now."""
    text = "from brrr import brrr\n@brrr\ndef f(a, b):\n    return a // b\n"
    caught = ("import traceback\ndef g(*args):\n    try:\n        return module.f(*args)\n    except ZeroDivisionError as error:\n"
              "        return traceback.extract_tb(error.__traceback__)[-1].lineno\n")
    assert run(text, "(7, 2)")[1] == "miss"
    report = REPORT.replace("import module\n", f"import module\n{caught}").replace("module.f(*eval(call))", "g(*eval(call))")
    module = run.cache.parent / "program" / "module.py"
    for above in (0, 3):
        module.write_text(text.replace("@brrr", "# one line more\n" * above + "@brrr"))
        environment = {**os.environ, "BRRR_CACHE_DIR": str(run.cache), "PYTHONDONTWRITEBYTECODE": "1"}
        made = subprocess.run([sys.executable, "-c", report, str(module.parent), "(7, 2)", "(1, 0)"], env=environment,
                              capture_output=True, text=True, timeout=120)
        assert json.loads(made.stdout)[:2] == [f"[3, {4 + above}]", "hit"], made.stderr


@pytest.mark.parametrize("before, after", [("N = 3\n", "N = 4\n"), ("def g(a):\n    return a + 3\n", "def g(a):\n    return a + 4\n")])
def test_what_the_code_depends_on_is_part_of_the_key(run, before, after):
    def text(above):
        use = "a + N" if above.startswith("N") else "g(a)"
        return f"from brrr import brrr\n{above}@brrr\ndef f(a):\n    return {use}\n"

    assert run(text(before), "(1,)")[:2] == ("[4]", "miss")
    assert run(text(after), "(1,)")[:2] == ("[5]", "miss")
    assert run(text(before), "(1,)")[:2] == ("[4]", "hit")


def test_options_are_part_of_the_key(run):
    text = "from brrr import brrr\n@brrr(overflow={!r})\ndef f(a):\n    return a * a\n"
    assert run(text.format("exact"), "(3,)")[1] == "miss"
    assert run(text.format("wrap"), "(2**32,)")[:2] == ("[0]", "miss")
    assert run(text.format("exact"), "(2**32,)")[:2] == ("[18446744073709551616]", "hit")


def test_callees_closures_and_arrays_come_back(run):
    pytest.importorskip("numpy")
    text = ("import numpy as np\nfrom brrr import brrr\nTABLE = np.arange(5.0)\n\ndef double(x):\n    return x + x\n\n"
            "def make(k):\n    @brrr\n    def inner(n):\n        total = 0.0\n        for i in range(n):\n"
            "            total += double(TABLE[i % 5]) * k\n        return total if n < 9 else inner(n - 5)\n    return inner\n\nf = make(3)\n")
    first = run(text, "(5,)", "(9,)")
    assert first[1] == "miss"
    assert run(None, "(5,)", "(9,)") == (first[0], "hit", False)


def test_code_entered_again_after_an_exit_is_kept_too(run):
    """In a hot loop compiled code goes on at the loop's header: that is a piece of code of its own."""
    text = ("from brrr import brrr\n@brrr\ndef f(n):\n    total = 0\n    for i in range(n):\n        if i == 1000:\n"
            "            total = (total << 70) >> 70\n        total += i & 3\n    return total\n")
    expected = repr([sum(i & 3 for i in range(3_000_000))])
    assert run(text, "(3_000_000,)")[:2] == (expected, "miss")
    assert run(None, "(3_000_000,)") == (expected, "hit", False)


def test_off(run):
    assert run(SUM, "(10,)", folder="")[1:] == ("off", True)
    assert run(SUM.replace("@brrr\n", "@brrr(cache=False)\n"), "(10,)")[1:] == ("off", True)
    assert not run.cache.exists()


def test_the_users_cache_folder_is_the_default(tmp_path):
    module = tmp_path / "module.py"
    module.write_text(SUM)
    environment = {name: value for name, value in os.environ.items() if name != "BRRR_CACHE_DIR"}
    environment["XDG_CACHE_HOME"] = str(tmp_path / "home")
    subprocess.run([sys.executable, "-c", REPORT, str(tmp_path), "(10,)"], env=environment, check=True, capture_output=True, timeout=120)
    assert len(entries(tmp_path / "home" / "brrr")) == 1


@pytest.mark.parametrize("damage", ["empty", "half", "flipped", "text", "others"])
def test_damage_is_a_miss_and_is_mended(run, damage):
    assert run(SUM, "(1000,)")[1] == "miss"
    [file] = entries(run.cache)
    whole = file.read_bytes()
    if damage == "others":
        file.chmod(0o666)
    else:
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 4
        file.write_bytes({"empty": b"", "half": whole[:len(whole) // 2], "flipped": bytes(flipped), "text": b"#!/bin/sh\n"}[damage])
    assert run(None, "(1000,)") == ("[2001]", "miss", True)
    assert run(None, "(1000,)") == ("[2001]", "hit", False)
    assert file.read_bytes() == whole


def test_a_folder_that_others_may_write_to_is_not_used(run):
    run.cache.mkdir()
    run.cache.chmod(0o777)
    assert run(SUM, "(1000,)") == ("[2001]", "miss", True)
    assert run(None, "(1000,)") == ("[2001]", "miss", True)
    assert not entries(run.cache)


def test_a_disk_that_is_full_is_no_error(run):
    def nothing_fits():
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))

    module = run.cache.parent / "program"
    module.mkdir()
    (module / "module.py").write_text(SUM)
    environment = {**os.environ, "BRRR_CACHE_DIR": str(run.cache), "PYTHONDONTWRITEBYTECODE": "1"}
    made = subprocess.run([sys.executable, "-c", REPORT, str(module), "(1000,)"], env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120, preexec_fn=nothing_fits)
    # The limit is for files: a pipe has none.
    assert json.loads(made.stdout) == ["[2001]", "miss", True]
    assert not entries(run.cache)


def test_many_processes_at_once(run):
    module = run.cache.parent / "program"
    module.mkdir()
    (module / "module.py").write_text(SUM)
    environment = {**os.environ, "BRRR_CACHE_DIR": str(run.cache), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", REPORT, str(module), "(1000,)"]
    all_of_them = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    for one in all_of_them:
        assert json.loads(one.communicate(timeout=120)[0])[0] == "[2001]"
    assert run(None, "(1000,)") == ("[2001]", "hit", False)
    assert len(entries(run.cache)) == 1


def test_modules_in_archives(run, tmp_path):
    archive = tmp_path / "program.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("module.py", SUM)
    assert run(None, "(1000,)", path=archive)[:2] == ("[2001]", "miss")
    assert run(None, "(1000,)", path=archive) == ("[2001]", "hit", False)


def test_pickles_keep_the_option(decorator, monkeypatch, tmp_path):
    cloudpickle = pytest.importorskip("cloudpickle")
    monkeypatch.setenv("BRRR_CACHE_DIR", str(tmp_path / "cache"))
    for option, said in (("", "miss"), ("(cache=False)", "off")):
        text = f"@brrr{option}\ndef f(a):\n    return a + 1\n"
        name = f"<kept{option}>"
        monkeypatch.setitem(linecache.cache, name, (len(text), None, text.splitlines(True), name))
        namespace = {"brrr": decorator, "__name__": "__main__"}
        exec(compile(text, name, "exec"), namespace)
        restored = cloudpickle.loads(cloudpickle.dumps(namespace["f"]))
        assert restored(1) == 2 and restored.stats()["cache"] == said


def test_wrong_values_of_the_option_are_named(decorator):
    with pytest.raises(TypeError, match="`cache` is True or False, not 'yes'"):
        decorator(cache="yes")
