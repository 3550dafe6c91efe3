"""Loops over arrays that C vectorises are vectorised: the assembly has loops of packed instructions."""

import math
import re

import numpy as np
import pytest

from brrr import brrr
from tests.api.test_walks import blurred, convolved, next_generation

JUMP = re.compile(r"\s+j\w+\s+(\.L\w+)")
LABEL = re.compile(r"(\.L\w+):")
VECTOR = re.compile(r"%[xyz]mm\d+")


def dot(a, b):
    total = 0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


def total(a):
    found = a[0]
    for i in range(1, a.shape[0]):
        found += a[i]
    return found


def saxpy(y, x, alpha):
    for i in range(len(y)):
        y[i] += alpha * x[i]


def jacobi(old, new):
    for i in range(1, old.shape[0] - 1):
        for j in range(1, old.shape[1] - 1):
            new[i, j] = 0.25 * (old[i - 1, j] + old[i + 1, j] + old[i, j - 1] + old[i, j + 1])


def jacobi_turns(old, new, turns):
    rows, columns = old.shape
    for _ in range(turns):
        for i in range(1, rows - 1):
            for j in range(1, columns - 1):
                new[i, j] = 0.25 * (old[i - 1, j] + old[i + 1, j] + old[i, j - 1] + old[i, j + 1])
        old, new = new, old


def laplacian(a, out):
    for i in range(1, a.shape[0] - 1):
        for j in range(1, a.shape[1] - 1):
            for k in range(1, a.shape[2] - 1):
                out[i, j, k] = (
                    a[i - 1, j, k] + a[i + 1, j, k] + a[i, j - 1, k] + a[i, j + 1, k] + a[i, j, k - 1] + a[i, j, k + 1]
                    - 6.0 * a[i, j, k]
                )  # fmt: skip


def count_above(a, limit):
    count = 0
    for i in range(len(a)):
        if a[i] > limit:
            count += 1
    return count


def rows_added(a, b, c):
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            factor = a[i, k]
            for j in range(b.shape[1]):
                c[i, j] += factor * b[k, j]


def shortest(distance):
    n = len(distance)
    for k in range(n):
        for i in range(n):
            first = distance[i, k]
            for j in range(n):
                through = first + distance[k, j]
                if through < distance[i, j]:
                    distance[i, j] = through


def fill(flags):
    for i in range(len(flags)):
        flags[i] = i > 1


def mirrored(a, out):
    for i in range(len(a)):
        out[i] = a[-1 - i]


def cubes(a, out):
    for i in range(len(a)):
        out[i] = a[i] ** 3


def neighbours(a, out):
    i = 0
    while i < len(a) - 1:
        out[i] = a[i] * a[i + 1]
        i += 1


def neighbours_before(a, out):
    n = len(a)
    i = 0
    while i + 1 < n:
        out[i] = a[i] * a[i + 1]
        i += 1


def neighbours_until(a, out):
    i = 0
    while i + 1 != len(a):
        out[i] = a[i] * a[i + 1]
        i += 1


def between(a, out):
    i = 0
    while 0 <= i < len(a):
        out[i] = a[i] * 3.0
        i += 1


def downwards_between(a, out):
    i = len(a) - 1
    while i >= 0 and i < len(a):
        out[i] = a[i] * 3.0
        i -= 1


def downwards(a, out):
    i = len(a) - 1
    while i >= 0:
        out[i] = a[i] * a[i - 1]
        i -= 1


def running(a, out):
    found = 0.0
    for i in range(len(a)):
        found += a[i]
        out[i] = found


def square(a, out):
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[i, j] = a[i, j] * a[i, j]


def loops(text):
    """The innermost loops of an assembly text, each as its lines: from a label to a jump back to it."""
    lines = text.splitlines()
    at = {found[1]: number for number, line in enumerate(lines) if (found := LABEL.match(line))}
    back = [
        (at[found[1]], number)
        for number, line in enumerate(lines)
        if (found := JUMP.match(line)) and at.get(found[1], len(lines)) <= number
    ]
    inner = [one for one in back if not any(other != one and one[0] <= other[0] and other[1] <= one[1] for other in back)]
    return [lines[start : end + 1] for start, end in inner]


def packed(line, mnemonics):
    words = line.split()
    return len(words) > 1 and VECTOR.search(line) and re.fullmatch(mnemonics, words[0])


def vectorised(text, *mnemonics):
    """Whether one innermost loop has packed instructions of each of these kinds."""
    return any(all(any(packed(line, one) for line in loop) for one in mnemonics) for loop in loops(text))


ADD_PD, MUL_PD, ADD_PS, MUL_PS = "v?addpd", "v?mulpd", "v?addps|vfn?m.*ps", "v?mulps|vfn?m.*ps"


def doubles(*shape):
    return np.arange(np.prod(shape), dtype=np.float64).reshape(shape)


def singles(*shape):
    return doubles(*shape).astype(np.float32)


def longs(*shape):
    return np.arange(np.prod(shape), dtype=np.int64).reshape(shape)


CASES = [
    (dot, lambda: (longs(50), longs(50)), ["v?paddq", "v?pmuludq|vpmullq"]),
    (dot, lambda: (longs(50).astype(np.int32), longs(50).astype(np.int32)), ["v?paddd", "v?pmulld"]),
    (total, lambda: (longs(50),), ["v?paddq"]),
    (total, lambda: (longs(20).astype(np.uint8),), ["v?paddb"]),
    (saxpy, lambda: (doubles(50), doubles(50), 0.5), [ADD_PD, MUL_PD]),
    (saxpy, lambda: (singles(50), singles(50), 0.5), [ADD_PS, MUL_PS]),
    (saxpy, lambda: (longs(50), longs(50), 3), ["v?paddq", "v?pmuludq|vpmullq"]),
    (jacobi, lambda: (doubles(20, 21), doubles(20, 21)), [ADD_PD, MUL_PD]),
    (jacobi_turns, lambda: (doubles(20, 21), doubles(20, 21), 3), [ADD_PD, MUL_PD]),
    (laplacian, lambda: (doubles(10, 11, 12), doubles(10, 11, 12)), [ADD_PD, MUL_PD, "v?subpd"]),
    (count_above, lambda: (doubles(50), 7.0), ["v?cmp.*pd", "v?p?(add|sub).*"]),
    (count_above, lambda: (longs(50).astype(np.int32), 7), ["v?pcmpgt[dq]", "v?p?(add|sub).*"]),
    (rows_added, lambda: (doubles(10, 11), doubles(11, 12), doubles(10, 12)), [ADD_PD, MUL_PD]),
    (shortest, lambda: (longs(10, 10).astype(np.int32),), ["v?paddd", "v?pcmp(gt|n?le|n?lt)d|v?pminsd"]),
    (fill, lambda: (np.zeros(50, np.bool_),), ["v?p.*"]),
    (mirrored, lambda: (doubles(50), doubles(50)), ["v?(perm|shuf).*"]),
    (neighbours, lambda: (doubles(50), doubles(50)), [MUL_PD]),
    (neighbours_before, lambda: (doubles(50), doubles(50)), [MUL_PD]),
    (downwards, lambda: (doubles(50), doubles(50)), [MUL_PD]),
    (neighbours_until, lambda: (doubles(50), doubles(50)), [MUL_PD]),
    (between, lambda: (doubles(50), doubles(50)), [MUL_PD]),
    (downwards_between, lambda: (doubles(50), doubles(50)), [MUL_PD]),
    (convolved, lambda: (doubles(9, 50), doubles(3, 3), doubles(9, 50), 1, 1), [ADD_PD, MUL_PD]),
    (blurred, lambda: (np.zeros((9, 50), np.uint8), np.ones((9, 50), np.uint8), 1, 1), ["v?padd[bwd]|vpsadbw"]),
    (next_generation, lambda: (np.zeros((9, 50), np.uint8), np.ones((9, 50), np.uint8), 1, 1), ["v?paddb"]),
    (cubes, lambda: (longs(50).astype(np.int32), longs(50).astype(np.int32)), ["v?pmulld"]),
]


@pytest.mark.parametrize("function, made, mnemonics", CASES, ids=[f"{case[0].__name__}-{at}" for at, case in enumerate(CASES)])
def test_vectorised(function, made, mnemonics):
    compiled, arguments, others = brrr(function), made(), made()
    result, expected = compiled(*arguments), function(*others)
    assert type(result) is type(expected) and result == expected
    assert all(np.array_equal(one, other) for one, other in zip(arguments, others))
    assert compiled.stats()["exits"] == {}
    assert vectorised(compiled.inspect_asm(), *mnemonics)


def test_what_waits_for_the_turn_before_is_not():
    compiled = brrr(running)
    compiled(doubles(50), doubles(50))
    assert loops(compiled.inspect_asm()) and not vectorised(compiled.inspect_asm(), ADD_PD)


BLOCK = re.compile(r"^([\w.$-]+):")


def blocks(text):
    """The blocks of an LLVM function: label to lines."""
    found, lines = {}, []
    for line in text.splitlines():
        if label := BLOCK.match(line):
            lines = found[label[1]] = []
        elif line.startswith("}"):
            lines = []
        else:
            lines.append(line.strip())
    return found


INSIDE = [
    (rows_added, lambda: (doubles(10, 11), doubles(11, 12), doubles(10, 12)), False),
    (jacobi, lambda: (doubles(20, 21), doubles(20, 21)), True),
    (laplacian, lambda: (doubles(10, 11, 12), doubles(10, 11, 12)), True),
]


@pytest.mark.parametrize("function, made, many", INSIDE, ids=[one[0].__name__ for one in INSIDE])
def test_rows_are_tested_in_front_of_the_loop_around(function, made, many):
    """A run of an inner loop asks for nothing that the loop around has proven; that arrays do not overlap is seen there, too, where elements
    are read and written at many places. Where they are few, what depends on the limit of a run is computed for each, and kept in registers."""
    compiled = brrr(function)
    compiled(*made())
    run = blocks(compiled.inspect_llvm(optimized=False))["run"]
    assert not any("with.overflow" in line for line in run)
    assert sum("icmp" in line for line in run) <= 3
    optimized = blocks(compiled.inspect_llvm())
    assert any("asm" in line for line in run) is not many
    apart = [lines for lines in optimized.values() if any(re.match(r"%found\.conflict\d* =", line) for line in lines)]
    in_front = any(not re.search(r"conflict", lines[-2] if not lines[-1] else lines[-1]) for lines in apart)
    assert apart and in_front is many


def has(feature):
    with open("/proc/cpuinfo") as told:
        return feature in told.read().split()


@pytest.mark.skipif(not has("avx512bw"), reason="a processor that writes parts of vectors")
@pytest.mark.parametrize(
    "function, dtype, masked",
    [
        (square, np.uint8, True),
        (square, np.float32, True),
        (laplacian, np.float32, True),
        (square, np.float64, False),
        (laplacian, np.float64, False),
    ],
)
def test_what_is_left_of_a_short_row_is_a_vector_under_a_mask(function, dtype, masked):
    shape = (10, 11, 12)[: 2 if function is square else 3]
    compiled = brrr(function)
    compiled(doubles(*shape).astype(dtype), np.zeros(shape, dtype))
    assert ("llvm.masked.store" in compiled.inspect_llvm()) is masked


def test_rows_of_one_array_are_told_apart_before_each_run():
    """In front of the loop around, that what is written and what is read do not overlap would be false because of one row."""
    compiled = brrr(shortest)
    compiled(longs(40, 40).astype(np.int32))
    optimized = blocks(compiled.inspect_llvm())
    apart = [lines for lines in optimized.values() if any(re.match(r"%found\.conflict\d* =", line) for line in lines)]
    assert apart and all(any(re.match(r"br i1 .*conflict", line) for line in lines) for lines in apart)


@pytest.mark.parametrize("function, made", [CASES[7][:2], CASES[12][:2]], ids=["jacobi", "rows_added"])
def test_the_turns_that_vectors_leave_are_not_written_out(function, made):
    compiled = brrr(function)
    compiled(*made())
    stores = [sum(line.startswith("store double") for line in lines) for lines in blocks(compiled.inspect_llvm()).values()]
    assert max(stores) == 1


def sorted_slowly(a):
    for i in range(len(a)):
        for j in range(len(a) - 1 - i):
            if a[j] > a[j + 1]:
                a[j], a[j + 1] = a[j + 1], a[j]


def test_turns_that_branch_over_writes_stay_one_loop():
    compiled, values = brrr(sorted_slowly), doubles(40)[::-1].copy()
    compiled(values)
    assert np.array_equal(values, doubles(40)) and compiled.stats()["exits"] == {}
    writes = [sum("movs" in line and line.rstrip().endswith(")") for line in loop) for loop in loops(compiled.inspect_asm())]
    assert 2 in writes and max(writes) == 2


def counted(data, counts):
    for i in range(len(data)):
        counts[data[i]] += 1


def test_a_table_with_a_place_for_each_byte_needs_no_test_in_the_loop():
    compiled, counts = brrr(counted), np.zeros(256, np.int64)
    compiled(np.arange(256, dtype=np.uint8), counts)
    assert (counts == 1).all()
    counting = [loop for loop in loops(compiled.inspect_asm()) if any(re.match(r"\s+(incq|addq)\s.*\(", line) for line in loop)]
    assert any(sum(bool(JUMP.match(line)) for line in loop) == 1 for loop in counting)


def differences(a, out):
    for i in range(len(a)):
        out[i] = a[i] - a[i - 1]


def differences_from_one(a, out):
    for i in range(1, len(a)):
        out[i] = a[i] - a[i - 1]


def test_a_negative_first_index_costs_the_first_turn_its_vectors():
    compiled, out, expected = brrr(differences), np.zeros(20_000), np.zeros(20_000)
    compiled(doubles(20_000), out)
    differences(doubles(20_000), expected)
    assert np.array_equal(out, expected) and compiled.stats()["exits"] == {}
    assert vectorised(compiled.inspect_asm(), "v?subpd")
    assert "cut" in blocks(compiled.inspect_llvm(optimized=False))
    # Where nothing can be negative there is nothing to cut off.
    other = brrr(differences_from_one)
    other(doubles(9), doubles(9))
    assert "cut" not in blocks(other.inspect_llvm(optimized=False))


def doubled_upwards(a, out):
    i, n = 0, len(a)
    while i < n:
        out[i] = a[i] * 2.0
        i += 1


def doubled_to_the_length(a, out):
    i = 0
    while i < len(a):
        out[i] = a[i] * 2.0
        i += 1


def doubled_to_the_shape(a, out):
    i = 0
    while a.shape[0] > i:
        out[i] = a[i] * 2.0
        i += 1


def doubled_downwards(a, out):
    i = len(a) - 1
    while i >= 0:
        out[i] = a[i] * 2.0
        i -= 1


def doubled_until_equal(a, out):
    i, n = 0, len(a)
    while i != n:
        out[i] = a[i] * 2.0
        i += 1


def doubled_until_not_less(a, out):
    i, n = 0, len(a)
    while not i >= n:
        out[i] = a[i] * 2.0
        i += 1


def doubled_until_negative(a, out):
    i = len(a) - 1
    while not (i < 0):
        out[i] = a[i] * 2.0
        i -= 1


def doubled_until_told(a, out):
    i = 0
    while True:
        if i == len(a):
            break
        out[i] = a[i] * 2.0
        i += 1


@pytest.mark.parametrize("function", [
    doubled_upwards, doubled_to_the_length, doubled_to_the_shape, doubled_downwards, doubled_until_equal, doubled_until_not_less,
    doubled_until_negative, doubled_until_told,
])  # fmt: skip
def test_a_counter_is_within_an_array_until_it_is_moved_beyond(function):
    """The test before a block compares where turns begin, and not what the counter becomes at the end of the last one."""
    compiled, out = brrr(function), np.zeros(50)
    compiled(doubles(50), out)
    assert np.array_equal(out, doubles(50) * 2.0) and compiled.stats()["exits"] == {}
    tested = blocks(compiled.inspect_llvm(optimized=False))["begin"]
    moved = {line.split()[0] for line in tested if re.search(r"= (add|call|extractvalue) ", line)}
    compared = [re.findall(r"%\d+", line)[1:] for line in tested if re.search(r"= icmp (slt|sge) ", line)]
    assert compared and not any(moved.intersection(names) for names in compared)
    assert vectorised(compiled.inspect_asm(), ADD_PD)


def sums_of_two(a, out):
    i, n = 0, len(a)
    while i != n - 1:
        out[i] = a[i] + a[i + 1]
        i += 1


def sums_from_the_end(a, out):
    n = len(a)
    while n:
        n -= 1
        out[n] = a[n] + 1.0


def sums_in_rows(a, out):
    i = 0
    while i != a.shape[0]:
        j = 0
        while j != a.shape[1]:
            out[i, j] = a[i, j] + 1.0
            j += 1
        i += 1


@pytest.mark.parametrize("function, shape", [
    (sums_of_two, 70_000), (sums_from_the_end, 70_000), (sums_in_rows, (9, 20)), (sums_in_rows, (2, 70_000)),
])  # fmt: skip
def test_turns_until_something_is_equal_are_counted(function, shape):
    """A test before each block says that the counter does not miss its stop."""
    compiled, out, expected = brrr(function), np.zeros(shape), np.zeros(shape)
    a = doubles(*np.atleast_1d(shape))
    compiled(a, out)
    function(a, expected)
    assert np.array_equal(out, expected) and compiled.stats()["exits"] == {}
    assert vectorised(compiled.inspect_asm(), ADD_PD)


def alive(old, new):
    for i in range(1, len(old) - 1):
        around = old[i - 1] + old[i + 1]
        new[i] = around == 1 or (around == 2 and old[i] == 1)


def test_what_both_ways_may_read_is_selected():
    """Where turns are proven, what a way would read is there: both are done, and the blocks of the ways are given up."""
    compiled = brrr(alive)
    old = (np.arange(300, dtype=np.uint8) * 7) % 3
    new, expected = np.zeros(300, np.uint8), np.zeros(300, np.uint8)
    compiled(old, new)
    alive(old, expected)
    assert np.array_equal(new, expected) and compiled.stats()["exits"] == {}
    proven = {name: lines for name, lines in blocks(compiled.inspect_llvm(optimized=False)).items() if ".proven" in name}
    given_up = [name for name, lines in proven.items() if "unreachable" in lines]
    assert len(given_up) >= 3
    # The checked turns still have the ways of the source.
    assert len(compiled.inspect_llvm(optimized=False).split("unreachable")) - 1 == len(given_up)


def roots(n):
    total = 0.0
    for i in range(1, n):
        x = i * 1.0
        guess = x
        for _ in range(8):
            guess = 0.5 * (guess + x / guess)
        total += guess - math.sqrt(x)
    return total


def quotients(n, least):
    total = 0.0
    for i in range(n):
        total += 1.0 / (i - least)
    return total


@pytest.mark.parametrize("function, arguments, mnemonics", [
    (roots, (20_000,), ["v?divpd", "v?sqrtpd"]), (quotients, (20_000, -0.5), ["v?divpd"]),
])  # fmt: skip
def test_divisors_are_looked_at_behind_a_block(function, arguments, mnemonics):
    """No turn branches, so turns become vectors; sums are in the order of the source all the same."""
    compiled = brrr(function)
    assert compiled(*arguments) == function(*arguments)
    assert compiled.stats()["exits"] == {}
    assert vectorised(compiled.inspect_asm(), *mnemonics)


def innermost(error):
    """The numbers of the frame that raised it."""
    entry = error.__traceback__
    while entry.tb_next:
        entry = entry.tb_next
    return {name: entry.tb_frame.f_locals[name] for name in ("i", "total")}


@pytest.mark.parametrize("zero", [0, 1, 3, 4, 7, 16_383, 16_384, 19_999])
def test_a_block_with_a_zero_divisor_is_done_again(zero):
    compiled = brrr(quotients)
    with pytest.raises(ZeroDivisionError) as expected:
        quotients(20_000, float(zero))
    with pytest.raises(ZeroDivisionError) as found:
        compiled(20_000, float(zero))
    assert sum(compiled.stats()["exits"].values()) == 1
    assert str(found.value) == str(expected.value)
    assert innermost(found.value) == innermost(expected.value) and innermost(found.value)["i"] == zero


def product(a, b):
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


def test_a_sum_of_floats_alone_is_no_vector():
    """Each addition waits for the last one: vectors of products would only have to be taken apart."""
    compiled = brrr(product)
    assert compiled(doubles(50), doubles(50)) == product(doubles(50), doubles(50))
    assert not vectorised(compiled.inspect_asm(), MUL_PD)
