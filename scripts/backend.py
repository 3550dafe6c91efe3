"""The build backend of `pip install .`: maturin's, once cargo has built what goes into the wheel beside the extension.

`crates/llvm` becomes `_llvm.so` in the package, `crates/lsp` the programs `brrr` and `brrr-lsp` among the wheel's scripts. Needs what
`scripts/setup.sh` sees to: Rust, LLVM 19, a C++ compiler.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import maturin
import trim_library
from maturin import (  # noqa: F401  hooks that stay as they are
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ("brrr", "brrr-lsp")


def _put(source: Path, target: Path) -> None:
    """Copies in one step, so that a running process keeps what it has."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(target.name + ".new")
    shutil.copy2(source, new)
    new.replace(target)


def _build_parts() -> None:
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    for arguments in (["--profile", "llvm", "-p", "brrr-llvm"], ["--release", "-p", "brrr-lsp"]):
        subprocess.run(["cargo", "build", "--locked", *arguments], cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
    trim_library.write(target / "llvm" / "libbrrr_llvm.so", target / "llvm" / "_llvm.so")
    _put(target / "llvm" / "_llvm.so", ROOT / "crates/py/python/brrr/_llvm.so")
    for program in PROGRAMS:
        _put(target / "release" / program, ROOT / "build/data/scripts" / program)


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    _build_parts()
    return maturin.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None) -> str:
    _build_parts()
    return maturin.build_editable(wheel_directory, config_settings, metadata_directory)
