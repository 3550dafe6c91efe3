"""Functions under the decorator that several tests use, and that other processes import."""

from brrr import brrr


@brrr
def add(a: int, b: int = 10) -> int:
    """Adds."""
    return a + b


@brrr
def total(n: int) -> int:
    result = 0
    for i in range(n):
        result += i
    return result


def plain(a: int, b: int = 10) -> int:
    """Adds."""
    return a + b
