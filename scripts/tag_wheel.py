"""Tags a wheel with the glibc it needs: `tag_wheel.py WHEEL FOLDER`.

Reads the symbol versions of every shared object and program in the wheel with readelf, refuses shared libraries that a plain Linux does
not have, renames the tag `linux` to `manylinux_2_NN` and puts the wheel into the folder.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# What glibc and gcc's runtime bring; everything else must be inside.
SYSTEM = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libgcc_s.so.1", "ld-linux-x86-64.so.2"}


def readelf(option: str, path: Path) -> str:
    return subprocess.run(["readelf", "-W", option, path], capture_output=True, text=True, check=True).stdout


def needs(path: Path) -> tuple[set[str], tuple[int, int]]:
    """The shared libraries that an object names, and the glibc version its symbols need."""
    libraries = set(re.findall(r"\(NEEDED\).*\[(.+)\]", readelf("-d", path)))
    versions = readelf("--version-info", path)
    found = [(int(major), int(minor)) for major, minor in re.findall(r"GLIBC_(\d+)\.(\d+)", versions)]
    if "GLIBC_ABI_DT_RELR" in versions or "(RELR)" in readelf("-d", path):
        found.append((2, 36))  # Packed relative relocations.
    return libraries, max(found, default=(2, 17))


def main(wheel: Path, folder: Path) -> int:
    highest = (2, 17)
    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(scratch)
        objects = sorted(Path(scratch).rglob("*.so"))
        if not any(path.name == "_llvm.so" for path in objects):
            print(f"{wheel.name}: LLVM is not inside", file=sys.stderr)
            return 1
        programs = sorted(Path(scratch).glob("*.data/scripts/*"))
        if [path.name for path in programs] != ["brrr", "brrr-lsp"]:
            print(f"{wheel.name}: the programs are not inside", file=sys.stderr)
            return 1
        for path in objects + programs:
            libraries, glibc = needs(path)
            foreign = sorted(libraries - SYSTEM)
            if foreign:
                print(f"{wheel.name}: {path.name} needs {', '.join(foreign)}", file=sys.stderr)
                return 1
            print(f"  {path.name}: glibc {glibc[0]}.{glibc[1]}, {', '.join(sorted(libraries))}")
            highest = max(highest, glibc)
    tag = f"manylinux_{highest[0]}_{highest[1]}_x86_64"
    command = [sys.executable, "-m", "wheel", "tags", "--platform-tag", tag, wheel.name]
    renamed = subprocess.run(command, cwd=wheel.parent, capture_output=True, text=True, check=True).stdout.split()[-1]
    shutil.move(wheel.parent / renamed, folder / renamed)
    print(f"  {renamed}")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
