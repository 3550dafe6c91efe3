//! What fixes make of a program, and which of them tools may apply unasked.

use brrr_core::compile::{analyze, hints};
use brrr_core::diagnostic::Applicability;
use brrr_core::source::SourceFile;

const HEAD: &str = "from brrr import brrr\n\n@brrr\n";

/// The text after the first fix that there is, and whether it may be applied unasked.
fn fixed(text: &str) -> Option<(String, bool)> {
    let file = SourceFile::new("a.py", text);
    let mut found = analyze(&file).diagnostics;
    found.extend(hints(&file));
    let fix = found.iter().flat_map(|one| &one.fixes).next()?;
    Some((fix.apply(text).expect("edits within the text"), fix.applicability == Applicability::MachineApplicable))
}

fn check(body: &str, expected: &str, unasked: bool) {
    let before = format!("{HEAD}{body}");
    let (after, applicable) = fixed(&before).unwrap_or_else(|| panic!("no fix of\n{body}"));
    let expected = if expected.contains("@brrr") { expected.to_owned() } else { format!("{HEAD}{expected}") };
    assert_eq!(after, expected);
    assert_eq!(applicable, unasked, "{body}");
    let left = analyze(&SourceFile::new("a.py", after.as_str())).diagnostics;
    assert!(left.is_empty(), "{after}\n{left:?}");
}

#[test]
fn searches_become_loops() {
    check(
        "def f(a: \"float64[:]\"):\n    return any(x > 1.0 for x in a)\n",
        "def f(a: \"float64[:]\"):\n    for x in a:\n        if x > 1.0:\n            return True\n    return False\n",
        true,
    );
    check(
        "def f(n: int):\n    return all(i % 3 for i in range(n) if i > 4)\n",
        "def f(n: int):\n    for i in range(n):\n        if i > 4:\n            if not (i % 3):\n                return False\n    return True\n",
        true,
    );
}

#[test]
fn lists_become_arrays_and_tuples() {
    check(
        "def f(n: int):\n    a = [i * i for i in range(n)]\n    return a[0]\n",
        "import numpy as np\nfrom brrr import brrr\n\n@brrr\ndef f(n: int):\n    a = np.empty(n, dtype=np.int64)\n    for i in range(n):\n        a[i] = i * i\n    return a[0]\n",
        false,
    );
    check(
        "def f(t: \"float64[:]\"):\n    a = [x * 0.5 for x in t]\n    return a[0]\n",
        "import numpy as np\nfrom brrr import brrr\n\n@brrr\ndef f(t: \"float64[:]\"):\n    a = np.empty(len(t))\n    for i, x in enumerate(t):\n        a[i] = x * 0.5\n    return a[0]\n",
        false,
    );
    check("def f(a: int):\n    b = [a]\n    return b[0]\n", "def f(a: int):\n    b = (a,)\n    return b[0]\n", false);
}

#[test]
fn imports_move_up() {
    let expected = "import math\nfrom brrr import brrr\n\n@brrr\ndef f(x: float):\n    return math.sqrt(x)\n";
    check("def f(x: float):\n    import math\n    return math.sqrt(x)\n", expected, true);
    let expected = "import math\nfrom brrr import brrr\n\n@brrr\ndef f(x: float):\n    return math.sqrt(x)\n";
    check("def f(x: float):\n    return sqrt(x)\n", expected, true);
    check(
        "def f(x: float):\n    if x > 1.0:\n        import math\n    return x\n",
        "import math\nfrom brrr import brrr\n\n@brrr\ndef f(x: float):\n    if x > 1.0:\n        pass\n    return x\n",
        true,
    );
}

#[test]
fn output_is_left_out_and_names_are_put_right() {
    check(
        "def f(x: int):\n    for i in range(x):\n        print(i)\n    return x\n",
        "def f(x: int):\n    for i in range(x):\n        pass\n    return x\n",
        false,
    );
    check("def f(x: int):\n    print(x)  # seen\n    return x\n", "def f(x: int):\n    return x\n", false);
    check("def f(width: int):\n    return widht\n", "def f(width: int):\n    return width\n", false);
    check("def f(x: complex):\n    return x.rael\n", "def f(x: complex):\n    return x.real\n", false);
}

#[test]
fn quotients_stay_ints() {
    check(
        "def f(a: \"float64[:]\"):\n    return int(len(a) / 2)\n",
        "def f(a: \"float64[:]\"):\n    return len(a) // 2\n",
        true,
    );
    check(
        "def f(a: int, b: int):\n    return int(a / b) + 1\n",
        "def f(a: int, b: int):\n    return (a // b) + 1\n",
        false,
    );
}

#[test]
fn without_a_plain_layout_there_is_no_fix() {
    for body in [
        "def f(n: int):\n    a = [i for i in range(n)]; b = 1\n    return b\n",
        "def f(n: int): return any(i > 3 for i in range(n))\n",
        "def f(n: int):\n    a = [i\n         for i in range(n) if i]\n    return n\n",
        "def f(n: int):\n    x = print(n)\n    return n\n",
    ] {
        assert_eq!(fixed(&format!("{HEAD}{body}")), None, "{body}");
    }
}

/// What a refused construct binds, or a text is compared with, is said once.
#[test]
fn one_cause_is_said_once() {
    for (body, count) in [
        ("def f(x: float):\n    import math\n    return math.sqrt(math.pi)\n", 1),
        ("def f(a):\n    with a as b:\n        return b.c + b\n", 1),
        (
            "def f(a):\n    try:\n        x = [1]\n    except ValueError as error:\n        return error\n    return x\n",
            2,
        ),
        ("def f(a):\n    class A:\n        pass\n    return A()\n", 1),
        ("def f(a):\n    return a == \"x\" or a == \"y\"\n", 1),
        ("def f(a):\n    return [1].x.y.z\n", 1),
        ("def f(a):\n    return [a, [a], {a: a}]\n", 3),
        ("def f(a):\n    print(a)\n    print(a)\n    return maht.pi\n", 3),
    ] {
        let found = analyze(&SourceFile::new("a.py", format!("{HEAD}{body}"))).diagnostics;
        assert_eq!(found.len(), count, "{body}\n{found:#?}");
    }
}
