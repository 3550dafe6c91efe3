"""Takes out of the LLVM library the relocations of what nothing reads: `trim_library.py FROM TO`.

LLVM's tables of how instructions are scheduled, one for each kind of processor, begin each row with the row's name, which is for LLVM's own
developers. And LLVM has the names of the intrinsic functions of all processors, and looks up those of one alone. These pointers are half of
all that the loader has to put in when the library is opened, and make it copy two hundred pages that nobody needs (docs/start-up.md). What
is of another shape than is expected stays as it is.
"""

import struct
import sys
from pathlib import Path

# `MCSchedClassDesc` of LLVM 19: a pointer to the name and 14 bytes.
ROW = 24
TABLES = b"ModelSchedClasses"
# Pointers to names in order. Those of a processor begin with `llvm.` and its name; they are looked up when a module has one.
INTRINSICS = b"IntrinsicNameTable"
FOREIGN = b"aarch64 amdgcn arm bpf dx hexagon loongarch mips nvvm ppc r600 riscv s390 spv ve wasm xcore".split()


def sections(data):
    """Address, place in the file and size of each section, by name."""
    start, size, count, names = struct.unpack_from("<Q", data, 40)[0], *struct.unpack_from("<HHH", data, 58)
    rows = [struct.unpack_from("<IIQQQQIIQQ", data, start + at * size) for at in range(count)]
    strings = rows[names][4]
    return {text(data, strings + row[0]).decode(): (row[3], row[4], row[5]) for row in rows}


def text(data, at):
    return bytes(data[at : data.index(b"\0", at)])


def decoded(words):
    """The addresses that packed relative relocations stand for."""
    found, base = [], 0
    for word in words:
        if word % 2 == 0:
            found.append(word)
            base = word + 8
        else:
            found += [base + 8 * bit for bit in range(63) if word >> (bit + 1) & 1]
            base += 63 * 8
    return found


def encoded(addresses):
    """Ascending addresses as packed relative relocations."""
    words, at = [], 0
    while at < len(addresses):
        words.append(addresses[at])
        base = addresses[at] + 8
        at += 1
        while at < len(addresses) and addresses[at] - base < 63 * 8:
            bits = 0
            while at < len(addresses) and addresses[at] - base < 63 * 8:
                bits |= 1 << ((addresses[at] - base) // 8)
                at += 1
            words.append(bits << 1 | 1)
            base += 63 * 8
    return words


def foreign(data, known, addresses):
    """Those of these addresses at which there is the name of an intrinsic function of another processor."""
    (first, place, _), (texts, strings, length) = known[".data.rel.ro"], known[".rodata"]
    found = set()
    for address in addresses:
        (name,) = struct.unpack_from("<Q", data, place + address - first)
        if texts <= name < texts + length:
            parts = text(data, strings + name - texts).split(b".")
            if parts[0] == b"llvm" and parts[1] in FOREIGN:
                found.add(address)
    return found


def trim(data):
    """Changes the library in place; says how many relocations went."""
    if data[:6] != b"\x7fELF\x02\x01":
        return 0
    known = sections(data)
    if not {".relr.dyn", ".symtab", ".strtab", ".data.rel.ro", ".rodata"} <= known.keys():
        return 0
    _, packed, length = known[".relr.dyn"]
    first, place, size = known[".data.rel.ro"]
    addresses = decoded(word for (word,) in struct.iter_unpack("<Q", data[packed : packed + length]))
    relocated, dropped = set(addresses), set()
    _, symbols, bytes_ = known[".symtab"]
    for name, _, _, _, start, span in struct.iter_unpack("<IBBHQQ", data[symbols : symbols + bytes_]):
        if span == 0 or not first <= start <= start + span <= first + size:
            continue
        if INTRINSICS in text(data, known[".strtab"][1] + name):
            dropped |= foreign(data, known, relocated.intersection(range(start, start + span, 8)))
            continue
        if span % ROW:
            continue
        if TABLES not in text(data, known[".strtab"][1] + name):
            continue
        rows = set(range(start, start + span, ROW))
        # The names, and nothing else, or it is no such table.
        if rows == relocated.intersection(range(start, start + span, 8)):
            dropped |= rows
    words = encoded(sorted(relocated - dropped))
    if decoded(words) != sorted(relocated - dropped) or len(words) * 8 > length:
        raise SystemExit("trim_library: what is left of the relocations does not fit")
    # Bits of nothing fill the rest.
    words += [1] * (length // 8 - len(words))
    struct.pack_into(f"<{len(words)}Q", data, packed, *words)
    for address in dropped:
        struct.pack_into("<Q", data, place + address - first, 0)
    return len(dropped)


def write(source: Path, target: Path) -> int:
    """Writes a library without them; says how many went."""
    data = bytearray(source.read_bytes())
    dropped = trim(data)
    target.write_bytes(data)
    target.chmod(source.stat().st_mode)
    return dropped


if __name__ == "__main__":
    print(f"{write(*map(Path, sys.argv[1:]))} relocations of names are left out")
