//! The words for constructs that are refused wherever they stand.

use crate::diagnostic::Code;

/// What is said about a construct.
pub(super) struct Words {
    /// Its name, as the start of a message.
    pub(super) what: &'static str,
    /// Why it is not compiled, as a label.
    pub(super) why: &'static str,
    /// What to write.
    pub(super) instead: &'static str,
}

/// The words for a code.
pub(super) fn of(code: Code) -> Words {
    let known = ALL.iter().find(|(known, ..)| *known == code);
    let (what, why, instead) =
        known.map_or(("this", "not supported", "use numbers, tuples of numbers and arrays"), |&(_, a, b, c)| (a, b, c));
    Words { what, why, instead }
}

const ALL: &[(Code, &str, &str, &str)] = &[
    (
        Code::With,
        "`with`",
        "calls methods of an object, also when the block raises",
        "keep the `with` in a plain function, and call this one inside of it",
    ),
    (
        Code::Try,
        "`try`",
        "compiled code has no handlers: an exception leaves it",
        "test for the fault beforehand (`if b != 0:`), or keep the `try` in a plain function that calls this one",
    ),
    (
        Code::Import,
        "an `import` inside of a function",
        "runs the import machinery at every call",
        "import at the top of the file",
    ),
    (Code::Class, "a class inside of a function", "makes a class at every call", "define it outside of the function"),
    (
        Code::Nested,
        "this function inside of a function",
        "has a decorator or type parameters",
        "define it outside of the function, under `@brrr` as well",
    ),
    (
        Code::Async,
        "`async` code",
        "gives control to an event loop",
        "compute in a plain function, and await in the caller; `asyncio.to_thread` runs it beside the loop",
    ),
    (
        Code::Deleted,
        "`del` of anything but a name",
        "calls a method of an object",
        "only local names can be deleted; the length of an array is fixed",
    ),
    (Code::TypeAlias, "a `type` statement", "makes an object at every call", "write it outside of the function"),
    (
        Code::Yield,
        "`yield`",
        "makes the function a generator, which stops in the middle",
        "write the results into an array, or return one result and call the function for each",
    ),
    (
        Code::Lambda,
        "this lambda",
        "a function object that goes elsewhere",
        "give it a name and call it, or pass it to a function that calls it",
    ),
    (
        Code::List,
        "a list",
        "compiled code has no lists",
        "write a tuple for a few values, `(a, b)`, and an array for many: `np.zeros(n)`",
    ),
    (
        Code::Dict,
        "a dict",
        "compiled code has no dicts",
        "use `match` or `if` for a few keys, an array for small ints as keys, or look the value up in the caller",
    ),
    (
        Code::Set,
        "a set",
        "compiled code has no sets",
        "write `x in {1, 2}` where it is asked, or use an array of bools with the int as index",
    ),
    (
        Code::Comprehension,
        "a list comprehension",
        "makes a list",
        "make an array, `np.empty(n)`, and fill it in a loop",
    ),
    (
        Code::Generator,
        "a generator expression",
        "makes an object that gives one value after the other",
        "write the loop",
    ),
    (
        Code::String,
        "a string",
        "compiled code has no strings",
        "use an int for a choice among a few, and keep text in the caller",
    ),
    (
        Code::Bytes,
        "`bytes`",
        "compiled code has no bytes",
        "pass them as an array: `np.frombuffer(data, dtype=np.uint8)`",
    ),
    (
        Code::FString,
        "an f-string",
        "makes a string",
        "return the numbers, and format them in the caller; in `raise` and `assert` f-strings are fine",
    ),
    (
        Code::Attribute,
        "the attribute",
        "no attribute of numbers or arrays that is compiled",
        "pass its value as an argument",
    ),
    (Code::StarredValue, "a starred value", "stands for any number of values", "write each value: `t[0], t[1]`"),
    (Code::Ellipsis, "`...` as a value", "is an object", "it can stand in brackets behind an array: `a[..., 0]`"),
    (
        Code::Identity,
        "`is` between numbers",
        "asks whether two objects are the same",
        "compare with `==`; `None`, `True` and `False` can stand beside `is`",
    ),
    (
        Code::Membership,
        "`in` within a chain of comparisons",
        "compares the container with what follows",
        "write comparisons joined by `and`",
    ),
    (
        Code::AttributeTarget,
        "assignment to an attribute",
        "changes an object",
        "assign to a local name, return the value, and let the caller put it into the object",
    ),
    (
        Code::StarredTarget,
        "a starred name that is read",
        "would be a list",
        "name each part; `*_` is fine where nothing reads it",
    ),
    (Code::MappingPattern, "a mapping pattern", "looks keys up in an object", "match numbers and tuples"),
    (
        Code::StarredPattern,
        "a starred name in a pattern",
        "would be a list",
        "write `*_`, or read elements by their indices",
    ),
    (
        Code::TypeTest,
        "this type",
        "compiled code has no values of it",
        "the types that can be asked for are `int`, `float`, `bool`, `complex`, `tuple` and that of `None`",
    ),
    (
        Code::StarredArgument,
        "a starred argument",
        "passes any number of arguments",
        "write each argument: `f(t[0], t[1])`",
    ),
];
