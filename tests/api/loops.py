"""Loops of every shape. With `LONG` each runs for hours."""

LONG = 10**14


def count_while(n):
    i = 0
    total = 0
    while i < n:
        total ^= i
        i += 1
    return total


def count_while_closed(n):
    """The exclusive or of all ints below `n`."""
    return [n - 1, 1, n, 0][(n - 1) % 4] if n > 0 else 0


def count_for(n):
    total = 0
    for i in range(n):
        total ^= i * 3
        total += 1
    return total


def count_down(n):
    total = 0
    for i in range(n, 0, -1):
        total ^= i
    return total


def count_step(n):
    total = 0
    for i in range(0, 7 * n, 7):
        total ^= i
        total |= 1
    return total


def nested(n):
    total = 0
    for i in range(n):
        for j in range(20):
            total ^= i + j
    return total


def short_inner(n):
    total = 0
    i = 0
    while i < n:
        for j in range(3):
            total ^= j * i
        i += 1
    return total


def while_true(n):
    i = 0
    while True:
        i += 1
        if i > n:
            break
    return i


def two_conditions(n):
    i = 0
    x = 1
    while (i < n
           and x != 0):
        x = (x * 1103515245 + 12345) % 2147483648
        i += 1
    return x


def with_continue(n):
    i = 0
    total = 0
    while i < n:
        i += 1
        if i % 3 == 0:
            continue
        total ^= i
    return total


def floats(n):
    x = 0.5
    for i in range(n):
        x = 3.7 * x * (1.0 - x)
    return x


def int_then_float(n):
    total = 0
    for i in range(n):
        total += i * 0.5
    return total
