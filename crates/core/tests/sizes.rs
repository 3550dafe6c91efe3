//! The IR stays small where names have many types in loops inside of loops.

use brrr_core::compile::Prepared;
use brrr_core::ir::Function;
use brrr_core::outside::Env;
use brrr_core::syntax;
use brrr_core::types::{ArrayType, Dtype, Layout, Signature, Type};

fn typed(source: &str) -> Function {
    let mut lines = source.split_inclusive('\n').map(str::to_owned);
    let (file, function) = syntax::read_function("case.py", 1, &mut || lines.next()).expect("a function");
    let prepared = Prepared::new(file, function, &Env::default(), false).expect("a function that compiles");
    let array = |dtype| Type::Array(ArrayType { dtype, ndim: 1, layout: Layout::C, writable: true, view: false });
    let params = vec![array(Dtype::Float64), array(Dtype::Int32), array(Dtype::Float64)];
    prepared.typed(&Signature { params }).expect("verified IR")
}

/// A function of so many names of different types, which it exchanges and sets in loops of this depth.
fn mixed(names: usize, depth: usize) -> String {
    let kinds = ["0", "0.5", "True", "1j", "a[0]", "b[0]", "(1, 2)", "None"];
    let mut text = "def f(a, b, c):\n".to_owned();
    for at in 0..names {
        text += &format!("    v{at} = {}\n", kinds[at % kinds.len()]);
    }
    for level in 0..depth {
        let indent = "    ".repeat(level + 1);
        text += &format!("{indent}for i{level} in range(3):\n");
        let name = |by: usize| format!("v{}", (7 * level + by) % names);
        for line in [
            format!("if a[i{level}] > {level}: {} = b[i{level}]", name(0)),
            format!("{} = {}", name(1), name(4)),
            format!("if i{level} == 1: {} = {}", name(2), kinds[(3 * level + 1) % kinds.len()]),
            format!("{0}, {1} = {1}, {0}", name(3), name(5)),
            format!("c[i{level}] = a[i{level}] + (b[1] if i{level} else 1)"),
            format!("{} = a[i{level}] if {} is None else {}", name(6), name(2), name(1)),
        ] {
            text += &format!("{indent}    {line}\n");
        }
    }
    text + "    return v0, v1, v2\n"
}

#[test]
fn versions_end_where_the_ir_would_grow() {
    for (names, depth) in [(8, 2), (12, 3), (16, 4), (24, 5), (30, 6)] {
        let source = mixed(names, depth);
        let lines = source.lines().count();
        let function = typed(&source);
        let statements = function.blocks.iter().map(|block| block.statements.len()).sum::<usize>();
        let sizes = format!("{} blocks, {statements} statements of {lines} lines", function.blocks.len());
        assert!(function.blocks.len() <= 52 * lines && statements <= 185 * lines, "{sizes} of\n{source}");
    }
}
