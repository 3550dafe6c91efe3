"""`[tool.brrr]` in `pyproject.toml`."""

import re

import pytest

from tests.cli.conftest import BAD, WARNS, ROOT


def paths(ran):
    return [path for path, _, _ in ran.codes()]


def test_the_nearest_configuration_decides(brrr):
    brrr.write("pyproject.toml", "[tool.brrr]\nignore = ['BRRR208']\n")
    brrr.write("sub/pyproject.toml", "[tool.brrr]\nselect = ['BRRR2']\n")
    brrr.write("sub/other/pyproject.toml", "[project]\nname = 'no table of brrr'\n")
    for name in ("a.py", "sub/b.py", "sub/other/c.py"):
        brrr.write(name, BAD)
    assert paths(brrr("check", "--output-format", "json")) == ["sub/b.py", "sub/other/c.py"]
    assert paths(brrr("check", "--output-format", "json", cwd=brrr.folder / "sub")) == ["b.py", "other/c.py"]
    assert len(paths(brrr("check", "--output-format", "json", "--isolated"))) == 3
    assert len(paths(brrr("check", "--output-format", "json", "--config", "pyproject.toml"))) == 0


def test_the_command_line_overrides(brrr):
    brrr.write("pyproject.toml", "[tool.brrr]\nignore = ['BRRR208']\noutput-format = 'concise'\n")
    brrr.write("a.py", BAD)
    assert brrr("check").out == "Nothing found in 1 file.\n"
    assert brrr("check", "--ignore", "BRRR9").out.startswith("a.py:5:5: error[BRRR208]: ")
    assert brrr("check", "--ignore", "BRRR9", "--output-format", "full").out.startswith("[BRRR208]")


def test_what_is_excluded(brrr):
    brrr.write("pyproject.toml", "[tool.brrr]\nexclude = ['build', '*_made.py', '/data/']\n")
    for name in ("a.py", "build/b.py", "x/build/b.py", "x/c_made.py", "data/d.py", "x/data/e.py"):
        brrr.write(name, BAD)
    assert paths(brrr("check", "--output-format", "json")) == ["a.py", "x/data/e.py"]
    assert paths(brrr("check", "--output-format", "json", "build/b.py")) == ["build/b.py"]
    forced = brrr("check", "--output-format", "json", "--force-exclude", "build/b.py", "a.py", "build")
    assert paths(forced) == ["a.py"]
    forced = brrr("check", "--output-format", "json", "--force-exclude", "-", "--stdin-filename", "build/b.py", stdin=BAD)
    assert forced.codes() == []


def test_codes_for_some_files(brrr):
    brrr.write("pyproject.toml", "[tool.brrr.per-file-ignores]\n'tests/**' = ['BRRR208']\n'b.py' = ['with-statement']\n")
    for name in ("a.py", "b.py", "tests/c.py", "tests/x/d.py"):
        brrr.write(name, BAD)
    assert paths(brrr("check", "--output-format", "json")) == ["a.py"]


def test_what_concerns_the_whole_run(brrr):
    brrr.write("pyproject.toml", "[tool.brrr]\nerror-on-warning = true\n")
    brrr.write("a.py", WARNS)
    assert brrr("check").code == 1
    assert brrr("check", "--isolated").code == 0


@pytest.mark.parametrize("text, place, said", [
    ("[tool.brrr]\nselec = []\n", "pyproject.toml:2:1", "did you mean `select`?"),
    ("[tool.brrr]\nselect = ['E501']\n", "pyproject.toml:2:11", "unknown code `E501`"),
    ("[tool.brrr]\nselect = 1\n", "pyproject.toml:2:10", "an array of strings was expected"),
    ("[tool.brrr]\nhints = 1\n", "pyproject.toml:2:9", "`true` or `false` was expected"),
    ("[tool.brrr]\noutput-format = 'xml'\n", "pyproject.toml:2:17", "`sarif`"),
    ("[tool.brrr]\nselect = [\n", "pyproject.toml:", "the file is not TOML"),
    ("# é\n[tool]\nbrrr = 'x'\n", "pyproject.toml:3:8", "`tool.brrr` is a string"),
])
def test_mistakes_are_drawn_at_their_place(brrr, text, place, said):
    brrr.write("pyproject.toml", text)
    brrr.write("sub/a.py", BAD)
    for arguments in (("sub/a.py",), (".",), ("-", "--stdin-filename", "sub/a.py")):
        ran = brrr("check", *arguments, stdin=BAD)
        assert ran.code == 2 and ran.out == "", arguments
        assert "[BRRR803] Error: " in ran.err and place in ran.err and said in ran.err, ran.err
        assert ran.err.count("BRRR803") == 1, "it is said once"
    assert brrr("check", "--isolated").code == 1


def test_a_broken_file_of_other_tools_is_not_brrrs_business(brrr):
    brrr.write("pyproject.toml", "[project\nname = 'brrr'\n")
    brrr.write("a.py", BAD)
    assert brrr("check").code == 1


def test_the_page_shows_every_key(brrr):
    """The configuration that is shown is one that holds, and has all keys."""
    page = brrr("explain", "BRRR803").out
    text = re.search(r"```toml\n(.*?)```", page, re.DOTALL).group(1)
    brrr.write("pyproject.toml", text)
    brrr.write("a.py", BAD)
    ran = brrr("check")
    assert (ran.code, ran.err) == (1, "")
    keys = re.findall(r'^    \("([a-z-]+)", "', (ROOT / "crates/lsp/src/config/read.rs").read_text(), re.MULTILINE)
    assert len(keys) >= 8 and all(key in text for key in keys), keys
