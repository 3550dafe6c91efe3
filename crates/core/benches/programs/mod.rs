//! What the benchmarks compile: a function of one line, two of the kernels, and one of some hundred lines.

use brrr_core::compile::Prepared;
use brrr_core::outside::Env;
use brrr_core::types::{Signature, Type};
use brrr_core::{ir, syntax};

/// A function with the types of its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    name: &'static str,
    text: fn() -> String,
    params: &'static [Type],
}

impl std::fmt::Display for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

pub const PROGRAMS: [Program; 4] = [
    Program {
        name: "one line",
        text: || "def f(a, b):\n    return a + b\n".to_owned(),
        params: &[Type::Int, Type::Int],
    },
    Program { name: "collatz", text: || COLLATZ.to_owned(), params: &[Type::Int] },
    Program { name: "mandelbrot", text: || MANDELBROT.to_owned(), params: &[Type::Int, Type::Int, Type::Int] },
    Program { name: "100 lines", text: hundred_lines, params: &[Type::Int, Type::Float] },
];

const COLLATZ: &str = "\
def collatz(limit):
    longest = 0
    for start in range(1, limit):
        n = start
        steps = 0
        while n != 1:
            if n % 2 == 0:
                n = n // 2
            else:
                n = 3 * n + 1
            steps += 1
        if steps > longest:
            longest = steps
    return longest
";

const MANDELBROT: &str = "\
def mandelbrot(width, height, limit):
    inside = 0
    for row in range(height):
        for column in range(width):
            cr = 3.0 * column / width - 2.0
            ci = 2.0 * row / height - 1.0
            zr = 0.0
            zi = 0.0
            turn = 0
            while turn < limit and zr * zr + zi * zi <= 4.0:
                t = zr * zr - zi * zi + cr
                zi = 2.0 * zr * zi + ci
                zr = t
                turn += 1
            if turn == limit:
                inside += 1
    return inside
";

fn hundred_lines() -> String {
    let mut text = "def f(n, x):\n    total = 0\n".to_owned();
    for part in 0..16 {
        text += &format!(
            "    for i in range(n):\n        if i % {} == 0:\n            total += i * {part}\n        else:\n            total -= i // 3\n        x = x * 0.5 + i\n",
            part + 2,
        );
    }
    text + "    return total, x\n"
}

impl Program {
    pub fn text(self) -> String {
        (self.text)()
    }

    pub fn signature(self) -> Signature {
        Signature { params: self.params.to_vec() }
    }
}

/// Reads and parses a function.
pub fn parsed(text: &str) -> (brrr_core::source::SourceFile, syntax::Function) {
    let mut lines = text.split_inclusive('\n').map(str::to_owned);
    syntax::read_function("benchmark.py", 1, &mut || lines.next()).expect("a function")
}

/// What decoration makes of it.
pub fn prepared(program: Program) -> Prepared {
    let (file, function) = parsed(&program.text());
    Prepared::new(file, function, &Env::default(), false).expect("a function that compiles")
}

/// What a call makes of it first.
pub fn unit(program: Program) -> ir::Unit {
    ir::Unit { functions: vec![prepared(program).typed(&program.signature()).expect("verified IR")] }
}
