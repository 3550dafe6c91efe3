"""Values as the tests compare and write them, and which are too much for a test."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from tests import arrays

LOW, HIGH = -(2**63), 2**63 - 1
# Ints beyond so many bits are not made.
MOST_BITS = 4_096


@dataclass(frozen=True)
class Text:
    """An argument that is told by its text, such as an array: it is made anew for each run."""

    text: str


class TooMuch(BaseException):
    """A call that would take CPython too long: a huge int, or too many statements."""


class Unsettled(TooMuch):
    """A call whose result brrr does not promise: it tells the sign of a NaN that was made in it."""


def encode(value: object, contents: bool = True) -> tuple[str, Any]:
    """Type and value in a form that `==` compares to the bit. The sign and payload of NaN are not compared.

    Of an array without `contents`, only what it is.
    """
    kind = type(value)
    if kind is float:
        return ("float", "nan" if value != value else struct.pack(">d", value).hex())
    if kind in (int, bool, type(None)):
        return (kind.__name__, value)
    if kind is complex:
        return ("complex", (encode(value.real), encode(value.imag)))
    if kind is tuple:
        return ("tuple", tuple(encode(one, contents) for one in value))
    if arrays.is_scalar(value) or arrays.is_array(value):
        return arrays.encode(value, contents)
    if kind is FunctionType or (kind.__module__, kind.__name__) == ("brrr", "Function"):
        # A function under the decorator is another object than without it.
        return ("function", value.__qualname__)
    # What only its address tells apart, such as a generator, is known by its type.
    return (kind.__name__, re.sub(r" at 0x[0-9a-f]+", "", repr(value)))


def show(encoded: tuple[str, Any]) -> str:
    """The readable form of an encoded value."""
    kind, payload = encoded
    if kind == "float":
        return "float nan" if payload == "nan" else repr(struct.unpack(">d", bytes.fromhex(payload))[0])
    if kind == "complex":
        return f"complex({show(payload[0])}, {show(payload[1])})"
    if kind == "tuple":
        return "(" + ", ".join(map(show, payload)) + ("," if len(payload) == 1 else "") + ")"
    if kind == "int":
        return repr(payload) if payload.bit_length() <= MOST_BITS else f"an int of {payload.bit_length()} bits"
    if kind.startswith("np.") or (isinstance(payload, tuple) and len(payload) == 6):
        return arrays.show(encoded)
    return str(payload)


def written(value) -> str:
    """A value as a program writes it; `inf` and `nan` are names there."""
    if isinstance(value, Text):
        return value.text
    if arrays.is_scalar(value):
        return arrays.written(value)
    if type(value) is complex:
        return f"complex({written(value.real)}, {written(value.imag)})"
    if type(value) is tuple:
        return "(" + ", ".join(map(written, value)) + ("," if len(value) == 1 else "") + ")"
    return repr(value) if value == value else "nan"


def fresh(value):
    """An equal value that is another object wherever Python allows it, so that confusing the two can be told."""
    kind = type(value)
    if kind is float:
        return -(-value)
    if kind is int:
        return int(str(value)) if abs(value) < 2**64 else value + 1 - 1
    if kind is complex:
        return complex(value.real, value.imag)
    if kind is tuple:
        return tuple([fresh(one) for one in value])
    return value.copy() if arrays.is_scalar(value) else value


def fits(value: object, most: int = HIGH) -> bool:
    """True if compiled code holds the value, ints in 64 bits with a sign."""
    kind = type(value)
    if kind is int:
        return LOW <= value <= most
    if kind in (float, bool, type(None), complex):
        return True
    if kind is tuple:
        return all(fits(one, most) for one in value)
    return (arrays.is_scalar(value) or arrays.is_array(value)) and arrays.fits(value)


def taken(value: object) -> bool:
    """True if compiled code takes the value as an argument: ints also in 64 bits without a sign."""
    return fits(value, 2**64 - 1)


def finite(value: object) -> bool:
    """True unless there is an infinity or a NaN in it."""
    kind = type(value)
    if kind is float:
        return math.isfinite(value)
    if kind is complex:
        return math.isfinite(value.real) and math.isfinite(value.imag)
    if arrays.is_scalar(value) and value.dtype.kind in "fc":
        return finite(complex(value))
    return kind is not tuple or all(map(finite, value))


def huge(name: str, operands) -> bool:
    """True if an operation would take CPython long: a huge int, or very many steps."""
    if name in ("round", "np.round", "np.around") and len(operands) == 2:
        # NumPy multiplies tens, one for each digit.
        digits = operands[1]
        return isinstance(digits, int) and abs(digits) > 400 or arrays.is_scalar(digits) and digits.dtype.kind in "iu" and abs(int(digits)) > 400
    if name.startswith("math."):
        # These take whatever has an `__index__`.
        operands = [int(one) if arrays.is_scalar(one) and one.dtype.kind in "iu" else one for one in operands]
    if not all(isinstance(one, int) for one in operands):
        return False
    numbers = [int(one) for one in operands]
    match name, numbers:
        case ("**" | "**-" | "pow"), [base, exponent]:
            return exponent > 0 and abs(base) > 1 and base.bit_length() * exponent > MOST_BITS
        case "<<", [value, count]:
            return value != 0 and count > 0 and value.bit_length() + count > MOST_BITS
        case "*", [left, right]:
            return left.bit_length() + right.bit_length() > MOST_BITS
        case ("math.factorial" | "math.perm"), [count]:
            return count > 500
        case "math.perm", [count, chosen]:
            return 500 < chosen <= count
        case "math.comb", [count, chosen]:
            return min(chosen, count - chosen) > 500
    return False
