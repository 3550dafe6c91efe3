"""The hook of pre-commit, run as pre-commit runs it: with files as arguments, in the root of the repository."""

import os
import re
import shlex
import subprocess

from tests.cli.conftest import BAD, GOOD, ROOT

HOOKS = (ROOT / ".pre-commit-hooks.yaml").read_text()


def hook():
    """The keys of the one hook; the file is YAML of the simplest kind."""
    assert len(re.findall(r"^- id: ", HOOKS, re.MULTILINE)) == 1
    return dict(re.findall(r"^[- ] ([a-z_]+): (.+)$", HOOKS, re.MULTILINE))


def run(brrr, *files):
    entry = shlex.split(hook()["entry"])
    env = os.environ | {"PATH": os.pathsep.join([str(brrr.path.parent), os.environ["PATH"]])}
    return subprocess.run([*entry, *files], cwd=brrr.folder, capture_output=True, text=True, env=env)


def test_the_hook_is_complete():
    keys = hook()
    assert keys["id"] == "brrr-check" and keys["types_or"] == "[python]" and {"name", "description", "language"} <= keys.keys()


def test_staged_files_are_checked(brrr):
    brrr.write("pyproject.toml", "[tool.brrr]\nexclude = ['made']\n")
    for name, text in (("a.py", GOOD), ("b.py", BAD), ("made/c.py", BAD), ("d e.py", GOOD)):
        brrr.write(name, text)
    ran = run(brrr, "a.py", "d e.py")
    assert ran.returncode == 0, ran
    ran = run(brrr, "a.py", "b.py", "made/c.py", "d e.py")
    assert ran.returncode == 1 and "b.py:5:5" in ran.stdout and "made" not in ran.stdout
