"""Functions as people write them for speed: generators of random numbers, hashes, modular arithmetic, sums that grow.

Few statements and many turns: intermediates pass 64 bits while values do not, sums pass 64 bits in the middle of a loop and come
back, and loops of up to a hundred thousand turns are long enough to be entered again, versioned and polled.
"""

from __future__ import annotations

import random

MULTIPLIERS = [6364136223846793005, 1103515245, 1664525, 0x100000001B3, 0x01000193, 31, 33, 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 3]
INCREMENTS = [1442695040888963407, 12345, 1013904223, 0, 1, 0xCBF29CE484222325]
MODULI = [10**9 + 7, 998244353, 2**61 - 1, 2**31 - 1, 97, 1_000_003, 2**63 - 25, 7]
WIDTHS = [64, 64, 63, 62, 32, 32, 31, 16, 8, 53]


class Idioms:
    """Makes the body of one function from a source of random choices."""

    def __init__(self, chosen: random.Random):
        self.random = chosen

    def mask(self) -> tuple[str, int]:
        """`& mask` or `% 2**k`, and the width."""
        width = self.random.choice(WIDTHS)
        form = self.random.randint(0, 3)
        if form == 0:
            return f"% {2**width}", width
        if form == 1:
            return f"% 2**{width}", width
        return (f"& {2**width - 1:#x}" if form == 2 else f"& {2**width - 1}"), width

    def step(self, name: str) -> str:
        """A statement that mixes the name, in the way of hashes and generators."""
        pick, (mask, width) = self.random.randint(0, 9), self.mask()
        other = self.random.choice(["i", "x", "h", "7"])
        shift = self.random.randint(1, max(1, width - 1))
        match pick:
            case 0 | 1:
                return f"{name} = ({name} * {self.random.choice(MULTIPLIERS)} + {self.random.choice(INCREMENTS)}) {mask}"
            case 2:
                return f"{name} = (({name} ^ {other}) * {self.random.choice(MULTIPLIERS)}) {mask}"
            case 3:
                return f"{name} ^= ({name} << {shift}) {mask}"
            case 4:
                return f"{name} ^= {name} >> {shift}"
            case 5:
                return f"{name} = ({name} * {name} + {other}) % {self.random.choice(MODULI)}"
            case 6:
                return f"{name} = ({name} * {other} - {self.random.randint(0, 99)}) % {self.random.choice(MODULI)}"
            case 7:
                return f"{name} = (({name} << {shift}) | ({name} >> {max(width - shift, 0)})) {mask}"
            case 8:
                return f"{name} = (~{name} + ({name} << {shift}) - {other}) {mask}"
            case _:
                return f"{name} = ({name} - {self.random.choice(MULTIPLIERS)} * {other}) {mask}"

    def accumulation(self) -> str:
        """A statement that makes a name grow, shrink or swing."""
        return self.random.choice([
            "h += x * i", "h = h * 3 + i", "h += i * i", "h -= x", "h += x << (i % 40)", "h = h * x", "h = -h * 2", "h += 4611686018427387904",
            "h //= 3", "h >>= 5", "h = h % 1000003", "h = h - (h // 7) * 7", "x = h // 1000", "h *= 1.0000001", "h += 0.5 * i",
            "x = (x + i) % 11", "h = h + x if h < 2**62 else h - 2**63", "h = abs_h", "x += h / (i + 1)", "h ^= x", "h = (h + x) // 2",
        ])

    def function(self, turns: int, grows: bool) -> tuple[str, int]:
        """The text of a function of two ints, and how many turns its loops take in all."""
        lines = ["    h = " + self.random.choice(["0", "1", "a", "14695981039346656037", "a & 0xffffffff", "-7"]),
                 "    x = " + self.random.choice(["b", "a", "1", "a ^ b", "2463534242"])]
        nested = self.random.random() < 0.35
        inner = self.random.choice([3, 7, 16]) if nested else 1
        outer = max(turns // inner, 1)
        depth = "    "
        form = self.random.randint(0, 3)
        if form == 0:
            lines += ["    i = 0", f"    while i < {outer}:", "        i += 1"]
        else:
            bounds = self.random.choice([f"{outer}", f"1, {outer}", f"{outer}, 0, -1", f"0, {outer * 3}, 3"])
            lines.append(f"    for i in range({bounds}):")
        depth += "    "
        if nested:
            lines += [f"{depth}for j in range({inner}):"]
            depth += "    "
        for _ in range(self.random.randint(1, 3)):
            text = self.accumulation() if grows else self.step(self.random.choice(["h", "h", "x"]))
            if text == "h = abs_h":
                lines += [f"{depth}if h < 0:", f"{depth}    h = -h"]
                continue
            if self.random.random() < 0.25:
                lines.append(f"{depth}if {self.random.choice(['i % 3 == 0', 'h & 1', 'x > h', 'i > 5 and x', 'h < 0'])}:")
                lines.append(f"{depth}    {text}")
                if self.random.random() < 0.4:
                    lines += [f"{depth}else:", f"{depth}    {self.step('x')}"]
                continue
            lines.append(f"{depth}{text}")
        if grows and self.random.random() < 0.6:
            # So that it comes back within 64 bits now and then, and stays short of being huge.
            bound = self.random.choice(["2**64", "2**70", "2**63", "10**18"])
            lines += [f"{depth}if h > {bound} or h < -{bound}:", f"{depth}    h = {self.random.choice(['0', 'h // 2**50', 'i', '-i', 'h % 1009'])}"]
        elif grows:
            lines += [f"{depth}if h > 2**80 or h < -2**80:", f"{depth}    {self.random.choice(['break', 'h = 1', 'return h, x'][:2])}"]
        lines.append(f"    return {self.random.choice(['h', 'h', 'x', 'h ^ x', 'h + x'])}")
        return "\n".join(lines) + "\n", outer * inner

    def joins(self) -> str:
        """The body of a function of three numbers whose names take several types in turn, in more combinations than versions are
        made of."""
        names = ["x", "y", "z", "u"]
        starts = ["0", "a", "1.5", "False", "b", "None", "2**62", "-0.0"]
        lines = [f"    {name} = {self.random.choice(starts[:5] if name in 'xy' else starts)}" for name in names]
        lines.append(f"    for i in range({self.random.randint(2, 8)}):")
        conditions = ["i % 2", "a > i", "b < i", "c == i", "i == 3", "x", "not z", "i & 2", "a", "y == u"]
        values = ["0.5", "i", "a", "b", "c", "True", "x", "y", "i * 0.5", "-i", "i == 2", "3", "None", "2**63 - i"]
        for name in self.random.sample(names, 4):
            lines += [f"        if {self.random.choice(conditions)}:", f"            {name} = {self.random.choice(values)}"]
            if self.random.random() < 0.4:
                lines += ["        else:", f"            {name} = {self.random.choice(values)}"]
        symbols = ["+", "*", "-", "<", "==", "//", "%", "&", "and", "or", "**", "/"]
        for _ in range(self.random.randint(1, 3)):
            left, right = self.random.choice(names), self.random.choice([*names, "i", "2"])
            target = self.random.choice(["w", "w", "v", *names])
            lines.append(f"        {target} = {left} {self.random.choice(symbols)} {right}")
        lines += ["    w = 0.25", f"    v = {self.random.choice(names)}"][:self.random.choice([0, 0, 1, 2])]
        result = self.random.choice(["x", "y", "w", "v", "z", "u", "x + y"])
        lines.append(f"    return {result}")
        unbound = {"w", "v"} & {result} - {line.split()[0] for line in lines}
        lines += [f"    {name} = 0" for name in sorted(unbound)]
        return "\n".join(lines) + "\n"

    def headers(self) -> str:
        """The body of a function of three ints whose loops compare sums, and have several tests: they begin and end anywhere within 64
        bits, at its ends too."""
        lines = ["    i = a", "    t = 0"]
        for _ in range(self.random.randint(1, 3)):
            constant, other = self.random.choice([0, 1, 1, 2, 5, -3, 2**62, 2**63 - 1]), self.random.choice(["b", "c", "b - 1", "c + 2", "7", "t"])
            left = self.random.choice([f"i + {constant}", f"{constant} + i", f"i - {constant}", "i", f"i + 1 - {constant}"])
            symbol = self.random.choice(["!=", "!=", "<", "<=", ">", ">="])
            test = self.random.choice([f"{left} {symbol} {other}", f"{other} {symbol} {left}", f"not {left} == {other}"])
            if self.random.random() < 0.5:
                more = self.random.choice(["0 <= i", "i >= c", "i + 2 > b", "i < 60", "c", "b > c", "not i > c", "i != 3"])
                test = self.random.choice([f"{more} and {test}", f"{test} and {more}", f"{more} and {test} and i + 9 > c"])
            if self.random.random() < 0.2:
                test = self.random.choice([f"c <= i < {other}", f"b > i - 1 >= {constant}", f"0 < i + {constant} != b"])
            step = self.random.choice(["i += 1", "i += 1", "i -= 1", "i -= 1", "i += 2", "i -= 3", "i += c"])
            lines += [f"    while {test}:", "        t += 1", "        if t > 40:", self.random.choice(["            break", "            return i, t"])]
            lines += [f"        {step}"]
            if self.random.random() < 0.3:
                lines += [f"        if {self.random.choice(['t % 3 == 0', 'i > b', 'c < t'])}:", f"            {self.random.choice(['i += 1', 'i -= 1', 'continue', 'c -= 1'])}"]
            if self.random.random() < 0.3:
                lines += ["    else:", "        t += 5"]
            lines.append("    t = 0")
        return "\n".join(lines[:-1]) + "\n    return i, t\n"
