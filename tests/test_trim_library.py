"""`scripts/trim_library.py`: what it takes out of the LLVM library is what it says, and the library works without."""

import importlib.util
import random
import subprocess
import sys
from pathlib import Path

import pytest

import brrr

ROOT = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("trim_library", ROOT / "scripts" / "trim_library.py")
trim_library = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(trim_library)


@pytest.mark.parametrize("seed", range(20))
def test_relocations_are_packed_and_unpacked(seed):
    choose = random.Random(seed)
    steps = [8 * choose.choice([1, 1, 2, 3, 62, 63, 64, 126, 127, 1000]) for _ in range(300)]
    addresses = [sum(steps[: at + 1]) for at in range(len(steps))]
    words = trim_library.encoded(addresses)
    assert trim_library.decoded(words) == addresses
    # Words of no bits stand for nothing.
    assert trim_library.decoded([*words, 1, 1]) == addresses
    assert len(words) <= len(addresses)


def test_the_library_works_without(tmp_path):
    library, trimmed = Path(brrr.__file__).with_name("_llvm.so"), tmp_path / "_llvm.so"
    trim_library.write(library, trimmed)
    # Of one that has been trimmed nothing is left to go.
    assert trim_library.trim(bytearray(trimmed.read_bytes())) == 0
    assert trimmed.stat().st_size == library.stat().st_size
    code = "import ctypes, sys; print(ctypes.c_char.in_dll(ctypes.CDLL(sys.argv[1]), 'BRRR_LLVM_BUILD') is not None)"
    assert subprocess.run([sys.executable, "-c", code, trimmed], capture_output=True, text=True, check=True).stdout == "True\n"


def test_what_is_no_library_stays_as_it_is(tmp_path):
    (tmp_path / "text").write_bytes(b"no library\n")
    assert trim_library.write(tmp_path / "text", tmp_path / "copy") == 0
    assert (tmp_path / "copy").read_bytes() == b"no library\n"
