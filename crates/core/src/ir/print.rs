//! The text form of the IR, for people and tests.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::source::Span;

use super::{BlockId, Chain, Constant, ExitId, Function, LocalId, Operand, Point, Terminator, Tree, Value};

/// Prints a function. Locals of one name and several types are told apart by their type, `x@f64`.
#[must_use]
pub fn print(function: &Function) -> String {
    print_with_places(function).0
}

/// The same, and for each line the place in the source that it comes from.
#[must_use]
pub fn print_with_places(function: &Function) -> (String, Vec<Option<Span>>) {
    let mut printer = Printer { function, text: String::new(), names: names(function), places: Vec::new() };
    // Writing to a string cannot fail.
    let _ = printer.function();
    (printer.text, printer.places)
}

fn names(function: &Function) -> Vec<String> {
    let mut count = HashMap::<&str, usize>::new();
    function.locals.iter().for_each(|local| *count.entry(&local.name).or_default() += 1);
    let name = |local: &super::Local| match count.get(local.name.as_str()) {
        Some(1) => local.name.clone(),
        _ => format!("{}@{}", local.name, local.types.machine().replace(' ', "")),
    };
    function.locals.iter().map(name).collect()
}

struct Printer<'a> {
    function: &'a Function,
    text: String,
    names: Vec<String>,
    places: Vec<Option<Span>>,
}

impl Printer<'_> {
    fn function(&mut self) -> std::fmt::Result {
        let function = self.function;
        let params = function.locals[..function.parameters as usize].iter().zip(&self.names);
        let params = params.map(|(local, name)| format!("{name}: {}", local.types.machine())).collect::<Vec<_>>();
        writeln!(self.text, "fn {}({}) -> {}", function.name, params.join(", "), function.result.machine())?;
        self.places.push(None);
        for (at, block) in function.blocks.iter().enumerate() {
            let note = match function.loops.iter().position(|inner| inner.header == BlockId(at as u32)) {
                Some(inner) => match function.loops[inner].poll {
                    Some(ExitId(exit)) => format!("  # header of loop {inner}, polls with exit {exit}"),
                    None => format!("  # header of loop {inner}"),
                },
                None => String::new(),
            };
            writeln!(self.text, "bb{at}:{note}")?;
            self.places.push(None);
            for statement in &block.statements {
                let target = &self.names[statement.target.0 as usize];
                let types = function.local(statement.target).types.machine();
                let value = self.value(&statement.value);
                let chain = match statement.chain {
                    Chain::Alone => "",
                    Chain::Part => "  # part of a chain",
                    Chain::End => "  # end of a chain",
                };
                writeln!(self.text, "    {target}: {types} = {value}{chain}")?;
                self.places.push(Some(statement.span));
            }
            let end = self.terminator(&block.terminator);
            writeln!(self.text, "    {end}")?;
            let last = block.statements.last().map(|statement| statement.span);
            self.places.push(self.end_place(&block.terminator).or(last));
        }
        for (at, exit) in function.exits.iter().enumerate() {
            let live = exit.live.iter().flat_map(|live| live.value.leaves());
            let live = live.map(|id| self.name(id)).collect::<Vec<_>>().join(", ");
            writeln!(self.text, "exit {at}: statement {} {}, live [{live}]", exit.statement, point(exit.point))?;
            self.places.push(Some(exit.span));
        }
        Ok(())
    }

    fn end_place(&self, end: &Terminator) -> Option<Span> {
        match end {
            Terminator::Leave(ExitId(exit)) => self.function.exits.get(*exit as usize).map(|exit| exit.span),
            Terminator::Jump(_) | Terminator::Branch { .. } | Terminator::Switch { .. } | Terminator::Return(_) => None,
        }
    }

    fn name(&self, id: LocalId) -> &str {
        &self.names[id.0 as usize]
    }

    fn operand(&self, operand: Operand) -> String {
        match operand {
            Operand::Local(id) => self.name(id).to_owned(),
            Operand::Constant(Constant::None) => "None".to_owned(),
            Operand::Constant(Constant::Bool(value)) => if value { "True" } else { "False" }.to_owned(),
            Operand::Constant(Constant::Int(value)) => value.to_string(),
            Operand::Constant(Constant::Float(value)) => format!("{value:?}"),
            Operand::Constant(Constant::Nat(value)) => value.to_string(),
            Operand::Constant(Constant::Complex(real, imag)) => format!("({real:?}, {imag:?}j)"),
        }
    }

    fn tree(&self, value: &Tree<Operand>) -> String {
        match value {
            Tree::Leaf(operand) => self.operand(*operand),
            Tree::Tuple(parts) => {
                format!("({})", parts.iter().map(|part| self.tree(part)).collect::<Vec<_>>().join(", "))
            }
            Tree::Array(array, leaves) => {
                let leaves = leaves.iter().map(|&leaf| self.operand(leaf)).collect::<Vec<_>>();
                format!("{}({})", if array.view { "view" } else { "array" }, leaves.join(", "))
            }
            Tree::Function(function) => format!("function {}", function.name()),
        }
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Convert(operand) => self.operand(*operand),
            Value::Create(create) => {
                let creation = &self.function.creations[create.creation as usize];
                let mut args = create.args.iter().map(|arg| self.tree(arg)).collect::<Vec<_>>();
                args.extend(creation.dtype.map(|dtype| format!("dtype={}", dtype.name())));
                format!("{}({})  # exit {}", creation.function, args.join(", "), create.exit.0)
            }
            Value::Call(call) => {
                let args = call.args.iter().map(|arg| self.tree(arg)).collect::<Vec<_>>();
                format!("call {}({})  # exit {}", call.callee, args.join(", "), call.exit.0)
            }
            Value::Given(leaf) => format!("given {leaf}"),
            Value::Op { op, args, exit } => {
                let name = op.row().name;
                let args = args.iter().map(|&arg| self.operand(arg)).collect::<Vec<_>>();
                let text = match args.as_slice() {
                    _ if name.ends_with('.') => format!("{}({})", name.trim_end_matches('.'), args.join(", ")),
                    [only] if name == "not" => format!("not {only}"),
                    [only] => format!("{name}{only}"),
                    [left, right] => format!("{left} {} {right}", if name == "**-" { "**" } else { name }),
                    _ => format!("{name}({})", args.join(", ")),
                };
                match exit {
                    Some(ExitId(exit)) => format!("{text}  # exit {exit}"),
                    None => text,
                }
            }
        }
    }

    fn terminator(&self, terminator: &Terminator) -> String {
        match terminator {
            Terminator::Jump(BlockId(to)) => format!("jump bb{to}"),
            Terminator::Branch { condition, then_block, else_block } => {
                format!("if {} then bb{} else bb{}", self.operand(*condition), then_block.0, else_block.0)
            }
            Terminator::Switch { subject, arms } => {
                let arms = arms.iter().map(|(one, to)| format!("{} bb{}", one.machine(), to.0)).collect::<Vec<_>>();
                format!("switch {}: {}", self.name(*subject), arms.join(", "))
            }
            Terminator::Return(value) => format!("return {}", self.tree(value)),
            Terminator::Leave(ExitId(exit)) => format!("leave exit {exit}"),
        }
    }
}

/// A point as text: `start`, `condition`, ...
#[must_use]
pub const fn point(point: Point) -> &'static str {
    match point {
        Point::Start => "start",
        Point::Condition => "condition",
        Point::Iterable => "iterable",
        Point::Advance => "advance",
        Point::Target => "target",
    }
}
