"""The kernels compiled ahead of time by Pythran: `pythran_peer.py FOLDER` makes the modules `pythran_kernels` and `pythran_arrays` there.

Pythran wants the types of the arguments before it compiles; they are taken from the arguments that are measured. What it refuses is
left out, one function at a time, and named on stderr. What was made from the same text by the same Pythran is kept.
"""

import ast
import hashlib
import importlib
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import arrays
import kernels
import numpy as np

FLAGS = ("-O3", "-march=native", "-ffp-contract=off")
# Far more than the slowest of them takes.
SECONDS = 600


def type_of(value):
    """The type as Pythran's exports name it."""
    if not isinstance(value, np.ndarray):
        return type(value).__name__
    sliced = "" if value.flags.c_contiguous else "::"
    return f"{value.dtype.name}[{','.join([':' if value.ndim > 1 else sliced] * value.ndim)}]"


def parts(module):
    """The imports of a module of kernels, and the text of each function by name."""
    source = Path(module.__file__).read_text()
    body = ast.parse(source).body
    names = {"numpy", "math"}
    imports = [ast.get_source_segment(source, one) for one in body if isinstance(one, ast.Import) and one.names[0].name in names]
    functions = {one.name: ast.get_source_segment(source, one) for one in body if isinstance(one, ast.FunctionDef)}
    return imports, functions


def signatures():
    """For each module to be made: where its functions are from, and their exports by name."""
    scalar = {function.__name__: arguments for function, arguments in kernels.KERNELS}
    over_arrays = {one.function.__name__: one.arguments(one.small) for one in arrays.KERNELS}
    return {
        name: (module, {function: f"#pythran export {function}({', '.join(map(type_of, arguments))})" for function, arguments in of.items()})
        for name, module, of in (("pythran_kernels", kernels, scalar), ("pythran_arrays", arrays, over_arrays))
    }


def refusal(said):
    """The line of what Pythran or its C++ compiler said that gives the reason."""
    lines = [one for one in said.splitlines() if one.strip("- ")]
    return next((one for key in (" error: ", "rror", "CRITICAL") for one in lines if key in one), "no reason given")


def compiled(file, made):
    """Compiles a file; gives nothing, or why there is no module."""
    command = [str(Path(sys.executable).with_name("pythran")), *FLAGS, str(file), "-o", str(made)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=file.parent)
    return "" if done.returncode == 0 else refusal(done.stderr + done.stdout)


def text_of(module, exports):
    imports, functions = parts(module)
    return "\n\n".join([*exports.values(), *imports, *(functions[one] for one in exports)]) + "\n"


def build(folder, name, module, exports):
    """Makes one module; functions that stand in the way are found by making each alone."""
    made = folder / f"{name}{sysconfig.get_config_var('EXT_SUFFIX')}"
    stamp = folder / f"{name}.stamp"
    key = hashlib.sha256(f"{version('pythran')} {FLAGS} {text_of(module, exports)}".encode()).hexdigest()
    if made.exists() and stamp.exists() and stamp.read_text() == key:
        return
    with tempfile.TemporaryDirectory() as scratch:

        def attempt(called, chosen, target):
            file = Path(scratch) / f"{called}.py"
            file.write_text(text_of(module, chosen))
            return compiled(file, target)

        def alone(function):
            return attempt(f"{name}_{function}", {function: exports[function]}, Path(scratch) / f"{name}_{function}.so")

        if attempt(name, exports, made):
            with ThreadPoolExecutor(2) as pool:
                refused = {one: why for one, why in zip(exports, pool.map(alone, exports)) if why}
            for function, why in refused.items():
                print(f"  {function} is refused by Pythran: {why}", file=sys.stderr, flush=True)
            if why := attempt(name, {one: text for one, text in exports.items() if one not in refused}, made):
                raise SystemExit(f"{name} in Pythran: {why}")
    stamp.write_text(key)


def found(folder, name):
    """The functions of a module that was made, by name: none where Pythran is not installed."""
    sys.path.insert(0, str(folder))
    try:
        return vars(importlib.import_module(name))
    except ModuleNotFoundError:
        return {}
    finally:
        sys.path.remove(str(folder))


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, (module, exports) in signatures().items():
        build(folder, name, module, exports)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
