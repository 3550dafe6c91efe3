"""Other editors, each run in a Debian of its own, where scripts/editors.sh has put it with the server and a project.

Enters: BRRR_DEBIAN, the folder of that Debian. Leaves: what the editors printed. Without the variable there is nothing to collect.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEBIAN = os.environ.get("BRRR_DEBIAN")
PATIENCE = 120

collect_ignore_glob = [] if DEBIAN else ["*.py"]


class Debian:
    """A folder with a Debian in it. Paths are those that programs there see."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = "/root/brrr-editors"
        self.project = f"{self.home}/project"
        home = folder / self.home[1:]
        shutil.rmtree(home, ignore_errors=True)
        (home / "bin").mkdir(parents=True)
        for name in ("brrr", "brrr-lsp", "_llvm.so"):
            shutil.copy2(Path(os.environ["BRRR_SERVER"]) / name, home / "bin" / name)
        shutil.copytree(ROOT / "tests" / "editors" / "vscode" / "project", home / "project")
        shutil.copytree(ROOT / "editors", home / "editors", ignore=shutil.ignore_patterns("vscode"))
        shutil.copy2(ROOT / "tests" / "editors" / "neovim.lua", home / "neovim.lua")
        # A project begins where its configuration is.
        (home / "project" / "pyproject.toml").write_text('[project]\nname = "simulation"\n')

    def command(self, *arguments: str) -> list[str]:
        environment = {
            "HOME": self.home, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": f"{self.home}/bin:/usr/local/bin:/usr/bin:/bin",
            "COLORTERM": "truecolor",
        }
        settings = [f"{name}={value}" for name, value in environment.items()]
        inside = ["env", "-i", *settings, "sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", self.project, *arguments]
        # Programs find themselves by /proc; the mount is there for this command alone.
        enter = 'mount --bind /proc "$1/proc" && exec chroot "$@"'
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", enter, "sh", str(self.folder), *inside]

    def has(self, program: str) -> bool:
        return any((self.folder / folder / program).exists() for folder in ("usr/bin", "bin", "usr/local/bin"))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)


class Terminal:
    """A program in a terminal: keys go in, the screen comes out."""

    def __init__(self, command: list[str]) -> None:
        self.server = f"brrr-{os.getpid()}-{id(self)}"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", "150", "-y", "50", *command)

    def tmux(self, *arguments: str) -> str:
        return subprocess.run(["tmux", "-L", self.server, *arguments], capture_output=True, text=True, check=True, timeout=30).stdout

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def keys(self, *keys: str) -> None:
        """Keys by tmux's names."""
        self.tmux("send-keys", *keys)

    def text(self, text: str) -> None:
        self.tmux("send-keys", "-l", text)

    def until(self, *patterns: str) -> str:
        """The screen, as soon as all of these are on it."""
        end = time.monotonic() + PATIENCE / 2
        while True:
            screen = self.screen()
            missing = [pattern for pattern in patterns if not re.search(pattern, screen)]
            if not missing:
                return screen
            assert time.monotonic() < end, f"in vain: {missing}\n{screen}"
            time.sleep(0.1)

    def end(self) -> None:
        subprocess.run(["tmux", "-L", self.server, "kill-server"], capture_output=True, timeout=30)


@pytest.fixture
def terminal(debian):
    opened = []

    def terminal(*arguments: str) -> Terminal:
        opened.append(Terminal(debian.command(*arguments)))
        return opened[-1]

    yield terminal
    for one in opened:
        one.end()


@pytest.fixture
def debian() -> Debian:
    return Debian(Path(DEBIAN))
