"""What brrr raises and warns with.

The compiler makes the objects and draws them; here they become what Python, IPython and notebooks show. What few of these need is
imported there: all of it would take longer than the rest of `import brrr`.
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


class Label:
    """A place with a remark; `start` and `end` are positions in the file `path`."""

    __slots__ = ("path", "start", "end", "message")

    def __init__(self, path, start, end, message):
        self.path = path
        self.start = Position(*start)
        self.end = Position(*end)
        self.message = message

    def __repr__(self):
        return f"<Label {self.path}:{self.start.line}:{self.start.column} {self.message}>"


class Edit:
    """`replacement` in place of what stands between `start` and `end`."""

    __slots__ = ("start", "end", "replacement")

    def __init__(self, start, end, replacement):
        self.start = Position(*start)
        self.end = Position(*end)
        self.replacement = replacement

    def __repr__(self):
        place = f"{self.start.line}:{self.start.column}-{self.end.line}:{self.end.column}"
        return f"<Edit {place} {self.replacement!r}>"


class Fix:
    """A change of the file that puts it right: all of `edits` together.

    `applicability` is `machine-applicable` if tools may apply it unasked, else `maybe-incorrect`.
    """

    __slots__ = ("message", "applicability", "edits")

    def __init__(self, message, applicability, edits):
        self.message = message
        self.applicability = applicability
        self.edits = [Edit(*edit) for edit in edits]

    def __repr__(self):
        return f"<Fix {self.applicability}: {self.message}>"


class Diagnostic:
    """One thing said about a program.

    `start` and `end` are `None` where no place is known. The first of `labels` is the place itself; others say why, and may be
    in other files. `notes` are sentences, `fixes` changes that put it right, each alone.
    """

    __slots__ = ("code", "slug", "severity", "message", "path", "start", "end", "help", "labels", "notes", "fixes")

    def __init__(self, code, slug, severity, message, path, start, end, help, labels=(), notes=(), fixes=()):
        self.code = code
        self.slug = slug
        self.severity = severity
        self.message = message
        self.path = path
        self.start = None if start is None else Position(*start)
        self.end = None if end is None else Position(*end)
        self.help = help
        self.labels = [Label(*label) for label in labels]
        self.notes = list(notes)
        self.fixes = [Fix(*fix) for fix in fixes]

    def __repr__(self):
        place = "" if self.start is None else f" at {self.path}:{self.start.line}:{self.start.column}"
        return f"<Diagnostic {self.code} {self.slug}: {self.message}{place}>"


class BrrrError(TypeError):
    """A function, or a call of it, cannot be compiled. `diagnostics` says why, `str()` draws it."""

    def __init__(self, text="", diagnostics=()):
        super().__init__(text)
        self.diagnostics = list(diagnostics)
        self._colored = text

    def _note(self):
        """Says where there is more to read, and the way out."""
        codes = dict.fromkeys(one.code for one in self.diagnostics if one.severity == "error")
        if codes:
            commands = ", ".join(f"`brrr explain {code}`" for code in list(codes)[:3])
            self.add_note(f"{commands} says more; `@brrr(fallback=True)` runs the function in the interpreter")

    def _render_traceback_(self):
        """What IPython shows: the line that led here, and the drawing; nothing of how the shell ran the cell."""
        import traceback

        lines = []
        frames = [frame for frame in traceback.extract_tb(self.__traceback__) if not _is_of_tools(frame.filename)]
        for frame in frames[-1:]:
            where = "the cell" if frame.filename.startswith("<ipython-input") or "ipykernel_" in frame.filename else frame.filename
            lines.append(f"{type(self).__name__} in {where}, line {frame.lineno}: {frame.line}")
        lines.extend(self._colored.splitlines())
        lines.extend(getattr(self, "__notes__", ()))
        return lines

    def _repr_html_(self):
        """What a notebook shows where the exception is a value."""
        return f'<pre style="line-height: 1.2">{_html(self._colored)}</pre>'


def _is_of_tools(filename):
    parts = filename.replace("\\", "/").split("/")
    return "IPython" in parts or "ipykernel" in parts or parts[-2:] == ["brrr", "_jupyter.py"]


# The colours of drawings, as a page shows them on white and on black.
_COLORS = {
    "31": "#d03030", "32": "#2a8a2a", "33": "#b08000", "34": "#3a6fd8", "36": "#1a8f9c",
    "38;5;115": "#2a8a6a", "38;5;240": "#888888", "38;5;246": "#888888", "38;5;249": "inherit",
}


def _html(text):
    """Text with the escapes of terminals, as HTML."""
    import html
    import re

    parts = re.split("\x1b\\[([0-9;]*)m", text)
    made = [html.escape(parts[0])]
    for code, part in zip(parts[1::2], parts[2::2]):
        escaped = html.escape(part)
        color = _COLORS.get(code)
        made.append(f'<span style="color: {color}">{escaped}</span>' if color and escaped else escaped)
    return "".join(made)


class BrrrWarning(UserWarning):
    """A function under `@brrr(fallback=True)` runs in the interpreter."""


# Tracebacks, warnings and pickles name the public place.
for _shown in (BrrrError, BrrrWarning, Diagnostic):
    _shown.__module__ = "brrr"
