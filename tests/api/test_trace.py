"""`BRRR_TRACE_TYPES=1`: what a run leaves for the editor."""

from __future__ import annotations

import json
import os
import subprocess
import sys

PROGRAM = '''\
from brrr import brrr


class Box:
    @staticmethod
    @brrr
    def half(x):
        return x / 2  # a comment that is no part of the text


@brrr(overflow="exact")
def double(n):
    return n * 2


@brrr
def unused(n):
    return n


double(1)
double(2.5)
double(2**62)
Box.half(3)
'''


def run(folder, program, trace="1"):
    (folder / "program.py").write_text(program)
    env = {**os.environ, "BRRR_TRACE_TYPES": trace}
    ended = subprocess.run([sys.executable, "program.py"], cwd=folder, env=env, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    path = folder / ".brrr" / "types.json"
    return {one["name"]: one for one in json.loads(path.read_text())["functions"]} if path.exists() else None


def hash_of(text):
    from brrr._trace import text_hash

    return f"{text_hash(text):x}"


def test_signatures_calls_and_exits_are_left_in_the_project(tmp_path):
    (tmp_path / "pyproject.toml").write_text("")
    seen = run(tmp_path, PROGRAM)
    assert set(seen) == {"double", "half"}, "what was not called was not seen"
    double = seen["double"]
    assert double["path"] == "program.py"
    assert sorted(double["signatures"]) == ["float", "int"]
    assert double["calls"] == 3
    assert double["exits"] == {"13": 1}
    assert double["text"] == hash_of('@brrr(overflow="exact")\ndef double(n):\n    return n * 2')
    assert seen["half"]["text"] == hash_of("    @staticmethod\n    @brrr\n    def half(x):\n        return x / 2")
    assert (tmp_path / ".brrr" / ".gitignore").read_text() == "*\n"


def test_runs_add_up_until_the_text_changes(tmp_path):
    run(tmp_path, PROGRAM)
    seen = run(tmp_path, PROGRAM)
    assert seen["double"]["calls"] == 6 and seen["double"]["exits"] == {"13": 2}
    seen = run(tmp_path, PROGRAM.replace("n * 2", "n * 3"))
    assert seen["double"]["calls"] == 3


def test_a_damaged_file_is_replaced(tmp_path):
    (tmp_path / ".brrr").mkdir()
    (tmp_path / ".brrr" / "types.json").write_text("{")
    assert "double" in run(tmp_path, PROGRAM)


def test_nothing_is_left_without_being_asked(tmp_path):
    assert run(tmp_path, PROGRAM, trace="0") is None


def test_a_folder_that_cannot_be_written_to_is_no_problem(tmp_path):
    (tmp_path / ".brrr").write_text("a file, not a folder")
    assert run(tmp_path, PROGRAM) is None
