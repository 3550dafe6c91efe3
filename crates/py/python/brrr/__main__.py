"""`python -m brrr`: the `brrr` command of this installation."""

import os
import shutil
import sys
import sysconfig


def _find() -> str | None:
    """The program: among the scripts of this interpreter, of the user, or on the PATH."""
    folders = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", scheme=sysconfig.get_preferred_scheme("user"))]
    # `pip install --target` puts scripts beside the packages.
    folders.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bin"))
    return shutil.which("brrr", path=os.pathsep.join(folders)) or shutil.which("brrr")


def main() -> int:
    program = _find()
    if program is None:
        print("brrr: the program `brrr` is not installed with this package", file=sys.stderr)
        return 2
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
