"""What the iterators of loops have come to, for `_resume`, which describes the names of their parts."""

from itertools import count


class _Indexed:
    """What is gone over by index, as arrays are."""

    def __getitem__(self, index: int) -> object:
        raise IndexError


RANGE_ITERATORS = (type(iter(range(1))), type(iter(range(1 << 70))))
"""The types of iterators over ranges."""

_TUPLE_ITERATORS = (type(iter(())), type(iter([])), type(iter(_Indexed())))
"""Those of iterators by index: over tuples, lists and arrays."""


def iterator_state(iterator: object) -> dict[str, object] | None:
    """The state of an iterator as compiled code keeps it, by the names of its parts without the ordinal; `None` for an iterator of
    another kind, and where more turns remain than compiled code can count."""
    state: dict[str, object] = {}
    leaves, counts = count(), count()

    def part(name: str, number: int, value: object) -> None:
        state[f"{name}.{number}" if number else name] = value

    def turns(iterator: object) -> int | None:
        kind = type(iterator)
        if kind not in RANGE_ITERATORS and kind not in _TUPLE_ITERATORS and kind not in (enumerate, zip, reversed):
            return None
        _, parts, *rest = iterator.__reduce__()
        if kind is enumerate:
            inner, start = parts
            part("count", next(counts), start)
            return turns(inner)
        if kind is zip:
            all_turns = [turns(one) for one in parts]
            return None if rest or None in all_turns else min(all_turns, default=None)
        number = next(leaves)
        if kind in RANGE_ITERATORS:
            values = parts[0][rest[0] :] if rest and rest[0] else parts[0]
            part("at", number, values.start)
            part("by", number, values.step)
            remain = (values.stop - values.start + values.step - (1 if values.step > 0 else -1)) // values.step
            if not number:
                state["next"], state["stop"], state["step"] = values.start, values.stop, values.step
            return max(remain, 0)
        # One that has ended does not know any more what it went over.
        over, at = (parts[0], rest[0]) if rest else ((), -1 if kind is reversed else 0)
        if type(over) is list:
            over = tuple(over)
        elif type(over) is not tuple and (type(over).__module__, type(over).__name__) != ("numpy", "ndarray"):
            return None
        part("over", number, over)
        part("at", number, at)
        return at + 1 if kind is reversed else max(len(over) - at, 0)

    remain = turns(iterator)
    if remain is None or remain >= 1 << 64:
        return None
    state["left"] = (remain + (1 << 63)) % (1 << 64) - (1 << 63)
    if remain < 1 << 63:
        state["turns"] = remain
    return state
