"""Where in a code object an exception comes from that a signal handler raises while a loop runs, or a function begins."""

import dis

_JUMPS = frozenset(name for name in dis.opmap if "JUMP_BACKWARD" in name)


def jump_back(code, is_for, start, end):
    """The offset and line of the instruction at which CPython handles signals in a loop: its last jump back.

    `start` and `end` are line and column of the target of a `for`, or of the condition of a `while`. Without such a jump the
    offset is -1 and the line that of the header.
    """
    instructions = list(dis.get_instructions(code))
    found = -1, start[0]
    if is_for:
        # What binds the target follows the instruction that takes the next element.
        pairs = zip(instructions, instructions[1:])
        heads = [head for head, bind in pairs if head.opname == "FOR_ITER" and _is_within(bind, start, end)]
        for head in heads:
            for one in instructions:
                if one.opname in _JUMPS and one.argval == head.offset:
                    found = one.offset, one.positions.lineno
    else:
        for one in instructions:
            if one.opname in _JUMPS and _is_within(one, start, end):
                found = one.offset, one.positions.lineno
    return found


def start(code):
    """The offset and line of the instruction at which CPython handles signals where a function begins."""
    for one in dis.get_instructions(code):
        if one.opname == "RESUME":
            return one.offset, one.positions.lineno or code.co_firstlineno
    return -1, code.co_firstlineno


def _is_within(instruction, start, end):
    """Without a column only the line is known: of `while True`, say, on CPython 3.11."""
    positions = instruction.positions
    if positions is None or positions.lineno is None:
        return False
    if positions.col_offset is None:
        return start[0] <= positions.lineno <= end[0]
    return start <= (positions.lineno, positions.col_offset) < end
