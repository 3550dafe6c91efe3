"""What brrr raises and warns with.

The compiler makes the objects; nothing here draws or decides anything.
"""


class Position:
    """A place in a file: `line` and `column`, both from 1, columns in characters."""

    __slots__ = ("line", "column")

    def __init__(self, line, column):
        self.line = line
        self.column = column

    def __iter__(self):
        return iter((self.line, self.column))

    def __eq__(self, other):
        if isinstance(other, Position):
            return tuple(self) == tuple(other)
        return NotImplemented

    def __hash__(self):
        return hash((self.line, self.column))

    def __repr__(self):
        return f"Position(line={self.line}, column={self.column})"


class Diagnostic:
    """One thing said about a program.

    `start` and `end` are `None` where no place is known.
    """

    __slots__ = ("code", "slug", "severity", "message", "path", "start", "end", "help")

    def __init__(self, code, slug, severity, message, path, start, end, help):
        self.code = code
        self.slug = slug
        self.severity = severity
        self.message = message
        self.path = path
        self.start = None if start is None else Position(*start)
        self.end = None if end is None else Position(*end)
        self.help = help

    def __repr__(self):
        place = "" if self.start is None else f" at {self.path}:{self.start.line}:{self.start.column}"
        return f"<Diagnostic {self.code} {self.slug}: {self.message}{place}>"


class BrrrError(TypeError):
    """A function, or a call of it, cannot be compiled. `diagnostics` says why, `str()` draws it."""

    def __init__(self, text="", diagnostics=()):
        super().__init__(text)
        self.diagnostics = list(diagnostics)


class BrrrWarning(UserWarning):
    """A function under `@brrr(fallback=True)` runs in the interpreter."""


# Tracebacks, warnings and pickles name the public place.
BrrrError.__module__ = BrrrWarning.__module__ = Diagnostic.__module__ = "brrr"
