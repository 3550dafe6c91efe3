"""Random programs of nested statements, for what goes on in the middle of them."""

import random


# Loops over what is no plain range: target and what is gone over.
OTHERS = [
    ("i", "(1, a, note(b))"), ("x", "[a, 2]"), ("i", "reversed((a, b, 3))"), ("j", "reversed(range(a, a + 3))"), ("i", "()"),
    ("i", "reversed(range(7, a, -2))"), ("i, x", "enumerate((a, 2), b)"), ("j, i", "enumerate(range(0, 7, 3))"), ("i", "zip((a, b))"),
    ("x, i", "zip((1, 2, 3), range(a, a + 2))"), ("i, j", "zip(range(b), range(3, 0, -1))"), ("i, j", "((1, a), (b, 2))"),
    ("i, (j, x)", "enumerate(zip((a, b), reversed(range(2))))"), ("i, j", "enumerate(enumerate((5, a, 7), 2), start=a)"),
    ("i, j", "zip(reversed((1, b)), (a, 2, 3))"),
]


class Generator:
    """Random nested programs: functions `f` of three ints.

    With `notes`, they call `note` here and there, which gives back what it is given. Some raise, some do not end.
    """

    def __init__(self, seed, *, notes, match):
        self.random = random.Random(seed)
        self.notes = notes
        self.match = match
        self.lines = []
        self.counters = 0
        self.size = 0

    def text(self):
        self.lines = ["def f(a, b, c):"]
        for name in "xyij":
            if self.random.random() < 0.8:
                self.line(1, f"{name} = {self.random.randint(-2, 3)}")
        self.block(1, in_loop=False)
        if self.random.random() < 0.5:
            self.line(1, f"return note({self.read()})")
        # They are locals even where no other line binds them.
        self.line(1, "x = y = i = j = 0")
        return "\n".join(self.lines) + "\n"

    def line(self, depth, text):
        text = text if self.notes else text.replace("note(", "(")
        self.lines.append("    " * depth + text)

    def read(self):
        name = self.random.choice(["a", "b", "c", "x", "y", "i", "j", "a", "b", "c"])
        other = self.random.choice(["1", "2", "a", "b", "c", "3"])
        return f"{name} {self.random.choice(['+', '-', '*', '//', '%'])} {other}"

    def test(self):
        return f"note({self.read()}) % {self.random.choice([2, 2, 3])} == {self.random.choice([0, 1])}"

    def block(self, depth, *, in_loop):
        for _ in range(self.random.choice([1, 1, 2, 2, 3])):
            self.statement(depth, in_loop)

    def statement(self, depth, in_loop):
        self.size += 1
        choice = self.random.random()
        if depth > 4 or self.size > 22:
            choice *= 0.4
        if choice < 0.22:
            self.line(depth, f"{self.random.choice('xyabcij')} = note({self.read()})")
        elif choice < 0.30:
            self.line(depth, f"{self.random.choice('xyabc')} {self.random.choice(['+', '-', '//'])}= {self.read()}")
        elif choice < 0.40:
            kinds = ["pass", "break", "continue", "break", "continue", "return note(a)"]
            self.line(depth, self.random.choice(kinds if in_loop else ["pass", "note(b)", "c: int = b"]))
        elif choice < 0.58:
            self.line(depth, f"if {self.test()}:")
            self.block(depth + 1, in_loop=in_loop)
            if self.random.random() < 0.3:
                self.line(depth, f"elif {self.test()}:")
                self.block(depth + 1, in_loop=in_loop)
            if self.random.random() < 0.5:
                self.line(depth, "else:")
                self.block(depth + 1, in_loop=in_loop)
        elif choice < 0.66 and self.match:
            self.line(depth, f"match note({self.read()}) % 3:")
            self.line(depth + 1, "case 0:")
            self.block(depth + 2, in_loop=in_loop)
            self.line(depth + 1, f"case {self.random.choice(['x', '1 | 2', 'y'])} if {self.test()}:")
            self.block(depth + 2, in_loop=in_loop)
            self.line(depth + 1, "case _:")
            self.block(depth + 2, in_loop=in_loop)
        elif choice < 0.80:
            self.counters += 1
            counter = f"k{self.counters}"
            self.line(depth, f"{counter} = 0")
            self.line(depth, f"while note({counter}) < {self.random.choice([2, 3])}:")
            self.line(depth + 1, f"{counter} += 1")
            self.block(depth + 1, in_loop=True)
            self.otherwise(depth, in_loop)
        else:
            bounds = ["3", "note(2)", "1, 4", "a, a + 3", "3, 0, -1", "0, 7, 3", "5, 0, -2", "b, b + 4, note(2)"]
            target = self.random.choice("ijxi")
            over = f"range({self.random.choice(bounds)})"
            if self.random.random() < 0.4:
                target, over = self.random.choice(OTHERS)
            self.line(depth, f"for {target} in {over}:")
            self.line(depth + 1, f"note({target[0]})")
            self.block(depth + 1, in_loop=True)
            self.otherwise(depth, in_loop)

    def otherwise(self, depth, in_loop):
        if self.random.random() < 0.4:
            self.line(depth, "else:")
            self.block(depth + 1, in_loop=in_loop)
