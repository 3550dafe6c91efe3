"""Where the names that a function reads from outside have their values: constants of the module, or variables of an enclosing
function; and new values for them between the calls."""

from __future__ import annotations

import dataclasses
import random
import textwrap

from tests.program import Program

# Of every kind that compiled code has, so that operations may raise; most are of the first ones.
OTHERS = ["3", "-7", "250", "4294967296", "0.5", "-1.25", "True", "9223372036854775807", "1j", "(2, 3)"]
WEIGHTS = [8, 6, 6, 4, 8, 4, 3, 2, 1, 1]


def varied(chosen: random.Random, program: Program, before: str, constants: dict[str, str]) -> Program:
    """The program with its constants in front of it, or around it, and with changes of them between the calls."""
    if not constants:
        return program
    names = list(constants)
    closed = chosen.random() < 0.5
    if closed:
        made = _closure(chosen, program.text, constants)
        text = before + made
    else:
        text = before + "".join(f"{name} = {value}\n" for name, value in constants.items()) + program.text
    changes: tuple[str, ...] = ()
    if chosen.random() < 0.6:
        rebinds = closed and "def rebind" in text
        share = chosen.choice([0.3, 0.6, 1.0])
        changes = tuple(_change(chosen, names, closed, rebinds) if chosen.random() < share else "" for _ in program.calls)
    words = {"enclosing function"} if closed else set()
    words |= {"changes outside"} if any(changes) else set()
    return dataclasses.replace(program, text=text, changes=changes, constructs=program.constructs | words)


def _closure(chosen: random.Random, text: str, constants: dict[str, str]) -> str:
    names = ", ".join(constants)
    inner = textwrap.indent(text, "    ")
    values = ", ".join(constants.values())
    if chosen.random() < 0.4:
        rebind = f"    def rebind(*values):\n        nonlocal {names}\n        {names}{',' if len(constants) == 1 else ''} = values\n"
        return f"def make({names}):\n{inner}{rebind}    return f, rebind\n\nf, rebind = make({values})\n"
    return f"def make({names}):\n{inner}    return f\n\nf = make({values})\n"


def _change(chosen: random.Random, names: list[str], closed: bool, rebinds: bool) -> str:
    values = chosen.choices(OTHERS, WEIGHTS, k=len(names))
    if rebinds and chosen.random() < 0.7:
        return f"rebind({', '.join(values)})"
    if closed:
        target = "f, rebind" if rebinds else "f"
        return f"{target} = make({', '.join(values)})"
    return "; ".join(f"{name} = {value}" for name, value in zip(names, values))
