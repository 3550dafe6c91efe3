"""The built program, and a folder to run it in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


def program() -> Path:
    """`BRRR_CLI` if it is set, else what cargo builds from this tree."""
    if given := os.environ.get("BRRR_CLI"):
        return Path(given)
    cargo = shutil.which("cargo")
    if cargo is None:
        raise RuntimeError("no program to test: install Rust, or set BRRR_CLI to the path of brrr")
    command = [cargo, "build", "--quiet", "--package", "brrr-lsp", "--message-format=json-render-diagnostics"]
    built = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    for line in built.stdout.splitlines():
        artifact = json.loads(line)
        if artifact.get("executable") and artifact["target"]["name"] == "brrr":
            return Path(artifact["executable"])
    raise RuntimeError("cargo built no brrr")


@dataclass
class Ran:
    """How a run of the program ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    def codes(self) -> list[tuple[str, str, int]]:
        """Path, code and line of everything in the JSON that was written."""
        return [(one["path"], one["code"], one["start"]["line"]) for one in self.json()]


class Runner:
    """Runs the program in a folder of its own, whose configuration no folder above it has."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self.folder = path, folder

    def __call__(self, *arguments: str | Path, stdin: bytes | str = b"", env: dict[str, str] | None = None, cwd: Path | None = None) -> Ran:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        plain = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR", "BRRR_CACHE_DIR")}
        ran = subprocess.run([self.path, *map(str, arguments)], input=data, capture_output=True, cwd=cwd or self.folder,
                             env=plain | {"HOME": str(self.folder)} | (env or {}), timeout=PATIENCE)
        out, err = ran.stdout.decode(), ran.stderr.decode()
        assert "panicked" not in err and ran.returncode >= 0, (arguments, ran.returncode, err)
        return Ran(ran.returncode, out, err)

    def write(self, name: str, text: str | bytes) -> Path:
        """A file in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path


@pytest.fixture(scope="session")
def program_path() -> Path:
    return program()


@pytest.fixture
def brrr(program_path: Path, tmp_path: Path) -> Runner:
    return Runner(program_path, tmp_path)


HEAD = "from brrr import brrr\n\n@brrr\n"
GOOD = HEAD + "def f(a):\n    return a + 1\n"
# BRRR208, an error, on line 5.
BAD = HEAD + "def f(a):\n    with a:\n        return 1\n"
# BRRR401, a warning, on line 5.
WARNS = HEAD + "def f(a):\n    return a + 18446744073709551616\n"
# BRRR801, a warning that can be fixed, on line 5.
FIXABLE = HEAD + "def f(a):\n    return a + 1  # brrr: ignore[BRRR208]\n"
FIXED = GOOD
