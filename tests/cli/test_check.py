"""`brrr check`: what is found where, what is left out, and exit codes."""

import json
import os
import socket
import subprocess
import sys

import pytest

from tests.cli.conftest import BAD, FIXABLE, FIXED, GOOD, HEAD, WARNS


def test_nothing_is_found(brrr):
    brrr.write("a.py", GOOD)
    ran = brrr("check", "a.py")
    assert (ran.code, ran.out, ran.err) == (0, "Nothing found in 1 file.\n", "")
    assert brrr("check", "-q", "a.py").out == ""


def test_errors_are_drawn(brrr):
    brrr.write("a.py", BAD)
    ran = brrr("check", "a.py")
    assert ran.code == 1
    assert ran.out.startswith("[BRRR208] Error: `with` cannot be compiled\n") and "a.py:5:5" in ran.out
    assert ran.out.endswith("\nFound 1 error in 1 file.\n")
    assert "\x1b" not in ran.out


def test_warnings_are_no_errors_unless_they_are_to_be(brrr):
    brrr.write("a.py", WARNS)
    assert brrr("check", "a.py").code == 0
    assert brrr("check", "a.py", "--error-on-warning").code == 1


def test_every_file_is_checked_in_order(brrr):
    for name in ("b.py", "a/z.py", "a/a.py", "c.txt"):
        brrr.write(name, BAD)
    expected = [("a/a.py", "BRRR208", 5), ("a/z.py", "BRRR208", 5), ("b.py", "BRRR208", 5)]
    for paths in ((), (".",), ("./a", "b.py", "a/a.py"), ("b.py", "./a/../a/z.py", "a")):
        found = brrr("check", "--output-format", "json", *paths).codes()
        assert [one for one in found if ".." not in one[0]] == expected, paths


def test_absolute_paths_stay_absolute(brrr):
    path = brrr.write("a.py", BAD)
    assert brrr("check", path, "--output-format=json").codes() == [(str(path), "BRRR208", 5)]


def test_a_named_file_is_checked_whatever_it_is_called(brrr):
    brrr.write("script", BAD)
    assert brrr("check", "script").code == 1
    assert brrr("check").code == 0, "it is not found in a folder"


def test_unreadable_paths(brrr):
    brrr.write("a.py", BAD)
    ran = brrr("check", "a.py", "nowhere.py", "--output-format", "json")
    assert ran.code == 2 and "cannot read nowhere.py" in ran.err
    assert ran.codes() == [("a.py", "BRRR208", 5)], "the others are checked"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_files_without_permission(brrr):
    brrr.write("a.py", BAD).chmod(0)
    ran = brrr("check")
    assert ran.code == 2 and "cannot read a.py" in ran.err


def test_bad_usage(brrr):
    for arguments in (("check", "--output-format", "xml"), ("check", "--select", "E501"), ("check", "--nonsense"), ("nonsense",),
                      ("check", "--fix", "--diff"), ("check", "-", "a.py"), ("check", "--config", "nowhere.toml"), ()):
        ran = brrr(*arguments)
        assert ran.code == 2 and ran.out == "" and ran.err, arguments


def test_no_files(brrr):
    ran = brrr("check")
    assert (ran.code, ran.out, ran.err) == (0, "Nothing found in 0 files.\n", "brrr: no Python files found\n")


def test_what_git_ignores_is_left_out(brrr):
    subprocess.run(["git", "init", "-q", brrr.folder], check=True)
    brrr.write(".gitignore", "/build/\n*_made.py\n!kept_made.py\n")
    brrr.write("sub/.gitignore", "secret.py\n")
    for name in ("a.py", "build/b.py", "c_made.py", "kept_made.py", "sub/secret.py", "sub/d.py"):
        brrr.write(name, BAD)
    paths = [path for path, _, _ in brrr("check", "--output-format", "json").codes()]
    assert paths == ["a.py", "kept_made.py", "sub/d.py"]
    # Also from within, and from above a part of it.
    paths = [path for path, _, _ in brrr("check", "--output-format", "json", cwd=brrr.folder / "sub").codes()]
    assert paths == ["d.py"]
    assert brrr("check", "build/b.py").code == 1, "a file that is named is checked"
    everything = brrr("check", "--no-respect-gitignore", "--output-format", "json").codes()
    assert len(everything) == 6


def test_folders_that_hold_no_sources_of_the_project(brrr):
    brrr.write("venv/pyvenv.cfg", "")
    for name in ("a.py", "venv/b.py", ".hidden/c.py", "__pycache__/d.py", "node_modules/e.py", "x/site-packages/f.py", ".g.py"):
        brrr.write(name, BAD)
    assert [path for path, _, _ in brrr("check", "--output-format", "json").codes()] == ["a.py"]
    assert brrr("check", ".hidden").code == 1, "a folder that is named is searched"


def test_strange_entries_end_nothing(brrr):
    brrr.write("a.py", BAD)
    (brrr.folder / "folder.py").mkdir()
    (brrr.folder / "loop").symlink_to(brrr.folder)
    (brrr.folder / "self.py").symlink_to("self.py")
    (brrr.folder / "dangling.py").symlink_to("nowhere.py")
    os.mkfifo(brrr.folder / "pipe.py")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(brrr.folder / "socket.py")[-100:]) if len(str(brrr.folder)) < 90 else None
    (brrr.folder / os.fsdecode(b"not-utf8-\xff.py")).write_text(BAD)
    ran = brrr("check", "--output-format", "json")
    listening.close()
    assert ran.code == 1
    assert [path for path, _, _ in ran.codes()] == ["a.py", "not-utf8-\ufffd.py"]
    assert brrr("check", "self.py").code == 2 and brrr("check", "dangling.py").code == 2
    assert brrr("check", "loop", "--output-format", "json").code == 1, "a link that is named is followed"


def test_standard_input(brrr):
    ran = brrr("check", "-", stdin=BAD)
    assert ran.code == 1 and "-:5:5" in ran.out
    ran = brrr("check", "-", "--stdin-filename", "x/y.py", "--output-format", "json", stdin=BAD)
    assert ran.codes() == [("x/y.py", "BRRR208", 5)]
    assert brrr("check", "-", stdin=GOOD).code == 0


def test_selection(brrr):
    brrr.write("a.py", BAD + "\n@brrr\ndef g(a):\n    return print(a) + 18446744073709551616\n")

    def codes(*arguments):
        return sorted({code for _, code, _ in brrr("check", "--output-format", "json", *arguments).codes()})

    assert codes() == ["BRRR208", "BRRR304", "BRRR401"]
    assert codes("--select", "BRRR2,BRRR401") == ["BRRR208", "BRRR401"]
    assert codes("--select", "print-call") == ["BRRR304"]
    assert codes("--ignore", "BRRR2", "--ignore", "large-literal") == ["BRRR304"]
    assert codes("--select", "ALL", "--ignore", "ALL") == []
    assert brrr("check", "--ignore", "BRRR208,BRRR304").code == 0
    near = brrr("check", "--select", "unsupported-cal")
    assert "did you mean `unsupported-call`?" in near.err


def test_comments_ignore(brrr):
    brrr.write("a.py", HEAD + "def f(a):\n    with a:  # brrr: ignore[BRRR208]\n        return 1\n")
    ran = brrr("check", "--output-format", "json")
    # The place of the statement ends on the next line; it begins on that of the comment.
    assert (ran.code, ran.json()) == (0, [])
    brrr.write("a.py", BAD.replace("return 1", "return 1  # brrr: ignore[BRRR223]"))
    assert [one[1:] for one in brrr("check", "--output-format", "json").codes()] == [("BRRR208", 5), ("BRRR801", 6)]
    assert brrr("check", "--select", "BRRR801").code == 0


def test_fixes(brrr):
    path = brrr.write("a.py", FIXABLE)
    other = brrr.write("b.py", BAD)
    ran = brrr("check", "--diff")
    assert ran.code == 1 and path.read_text() == FIXABLE
    assert ran.out.startswith("--- a.py\n+++ a.py\n@@") and "\n+    return a + 1\n" in ran.out
    assert ran.err == "brrr: 1 problem would be fixed in 1 file\n"
    ran = brrr("check", "--fix")
    assert ran.code == 1 and path.read_text() == FIXED and other.read_text() == BAD
    assert ran.out.endswith("Found 1 error in 1 of 2 files; fixed 1 problem in 1 file.\n")
    assert brrr("check", "--diff", "a.py").code == 0


@pytest.mark.parametrize("head", [b"\xef\xbb\xbf", b"# coding: latin-1\n# \xe9\n", b"# coding: cp1252\n# \x80\n", b"# coding: koi8-r\n# \xc1\n"])
def test_fixes_keep_encoding_and_line_ends(brrr, head):
    text = FIXABLE.replace("\n", "\r\n").encode()
    path = brrr.write("a.py", head + text)
    mode = path.stat().st_mode
    assert brrr("check", "--fix").code == 0
    assert path.read_bytes() == head + FIXED.replace("\n", "\r\n").encode()
    assert path.stat().st_mode == mode


def test_only_what_is_shown_is_fixed(brrr):
    path = brrr.write("a.py", FIXABLE)
    assert brrr("check", "--fix", "--ignore", "BRRR801").code == 0
    assert path.read_text() == FIXABLE


def test_fixes_of_standard_input(brrr):
    ran = brrr("check", "--fix", "-", stdin=FIXABLE)
    assert (ran.code, ran.out, ran.err) == (0, FIXED, "")
    ran = brrr("check", "--fix", "-", stdin=BAD)
    assert (ran.code, ran.out) == (1, BAD) and "BRRR208" in ran.err
    assert brrr("check", "--diff", "-", stdin=FIXABLE).code == 1


def test_encodings(brrr):
    latin = "# coding: latin-1\n" + HEAD + "def é(a):\n    with é: pass\n"
    brrr.write("a.py", latin.encode("latin-1"))
    one, = brrr("check", "--output-format", "json").json()
    assert (one["start"], one["end"]["line"]) == ({"line": 6, "column": 5}, 6)
    brrr.write("a.py", b"\xef\xbb\xbf" + BAD.encode())
    assert brrr("check", "--output-format", "json").codes() == [("a.py", "BRRR208", 5)]


def test_a_file_that_python_cannot_decode(brrr):
    brrr.write("a.py", BAD.encode() + b"# \xff\n")
    one, = brrr("check", "--output-format", "json").json()
    assert (one["code"], one["start"]) == ("BRRR001", {"line": 7, "column": 3}) and "0xff" in one["message"]
    brrr.write("a.py", b"x = '\xff'\n")
    assert brrr("check").code == 0, "without brrr it is not brrr's business"


def test_python_cannot_read_what_is_refused(brrr):
    """CPython refuses the same bytes."""
    for data in (BAD.encode() + b"# \xff\n", b"# coding: klingon\n" + GOOD.encode(), b"\xef\xbb\xbf# coding: latin-1\n" + GOOD.encode()):
        path = brrr.write("a.py", data)
        assert brrr("check").code == 1, data
        assert subprocess.run([sys.executable, path], capture_output=True).stderr.count(b"SyntaxError") == 1, data


def test_columns_count_characters(brrr):
    brrr.write("a.py", HEAD + "def f(a):\n    '🙂é'; x = [i for i in a]\n    return 1\n")
    one = next(one for one in brrr("check", "--output-format", "json").json() if one["code"] == "BRRR223" and one["start"]["column"] > 5)
    line = "    '🙂é'; x = [i for i in a]"
    assert one["start"] == {"line": 5, "column": line.index("[") + 1}
    assert one["end"] == {"line": 5, "column": len(line) + 1}


def test_colours(brrr):
    brrr.write("a.py", BAD)
    assert "\x1b[" in brrr("check", "--color", "always").out
    assert "\x1b[" in brrr("check", env={"FORCE_COLOR": "1"}).out
    assert "\x1b[" not in brrr("check", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).out
    assert "\x1b[" not in brrr("check", "--color", "never", env={"FORCE_COLOR": "1"}).out


def test_a_reader_that_goes_away(brrr, program_path):
    for at in range(300):
        brrr.write(f"a{at}.py", BAD)
    with subprocess.Popen([program_path, "check", "."], cwd=brrr.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) in (0, 1)


def test_a_full_disk(brrr, program_path):
    brrr.write("a.py", BAD)
    with open("/dev/full", "w") as full:
        ran = subprocess.run([program_path, "check"], cwd=brrr.folder, stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert ran.returncode == 2 and b"cannot write" in ran.stderr


def test_a_terminal_shows_progress_and_colours(brrr, program_path):
    import pty

    for at in range(600):
        brrr.write(f"a{at}.py", BAD + "\n".join(f"@brrr\ndef g{at}(a):\n    return a + {at}\n" for at in range(200)))
    controller, terminal = pty.openpty()
    with subprocess.Popen([program_path, "check", "-j1", "--output-format", "concise"], cwd=brrr.folder, stdout=subprocess.DEVNULL,
                          stderr=terminal, stdin=subprocess.DEVNULL) as process:
        os.close(terminal)
        shown = b""
        while True:
            try:
                part = os.read(controller, 4096)
            except OSError:
                break
            if not part:
                break
            shown += part
        assert process.wait(60) == 1
    os.close(controller)
    assert b"of 600 files" in shown and shown.endswith(b"\r\x1b[2K"), shown


def test_many_jobs_say_the_same(brrr):
    for at in range(40):
        brrr.write(f"a{at}.py", BAD)
    one = brrr("check", "-j", "1", "--output-format", "json").json()
    assert json.dumps(one) == json.dumps(brrr("check", "-j", "16", "--output-format", "json").json()) and len(one) == 40


def test_hints_are_shown_on_request(brrr):
    brrr.write("a.py", HEAD + "def f(a: float, n: int):\n    s = 0.0\n    for i in range(n):\n        s += a * i\n    return s\n")

    def severities(*arguments):
        ran = brrr("check", "--output-format", "json", *arguments)
        assert ran.code == 0
        return {(one["code"], one["severity"]) for one in ran.json()}

    conversion = ("BRRR603", "hint")
    assert severities() == set()
    assert conversion in severities("--hints")
    assert severities("--select", "BRRR603") == {conversion}
    brrr.write("pyproject.toml", "[tool.brrr]\nhints = true\nignore = ['BRRR601']\n")
    assert severities() == {conversion}
    text = (brrr.folder / "a.py").read_text().replace("a * i", "a * i  # brrr: ignore[BRRR603]")
    brrr.write("a.py", text)
    assert severities() == set(), "and what is ignored is not said to be ignored in vain"
    (brrr.folder / "pyproject.toml").unlink()
    assert severities() == set()


def test_functions_of_other_files_are_followed(brrr):
    brrr.write("lib.py", HEAD.rstrip() + "\ndef g(a: int):\n    return [a]\n")
    brrr.write("main.py", "from lib import g\n" + HEAD + "def f(a: int):\n    return g(a)\n")
    ran = brrr("check", "--output-format", "json")
    assert ran.code == 1
    assert [(path, code) for path, code, _ in ran.codes()] == [("lib.py", "BRRR220"), ("main.py", "BRRR301")]
    (call,) = [one for one in ran.json() if one["path"] == "main.py"]
    assert "a list" in call["message"]
    drawn = brrr("check", "main.py").out
    assert "lib.py:" in drawn and "main.py:" in drawn
    assert brrr("check", "main.py", "-j", "1").code == 1
