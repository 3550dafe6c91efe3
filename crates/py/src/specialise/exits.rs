//! What is told of the exits of a function, and of arguments that it does not take.
//!
//! Enters: an exit that was taken. Leaves: how often each line left compiled code, and the last exit with its live locals.

use std::collections::BTreeMap;

use brrr_core::abi;
use brrr_core::diagnostic::{Code, Diagnostic};
use brrr_core::ir;

use super::Body;
use crate::binding::Specialisation;
use crate::errors::Refusal;

/// So often functions leave that are done in place of their calls, from one place, before they are called again.
const OFTEN: u64 = 200;

/// A side exit as it is shown: where, and the live locals by name.
#[derive(Debug)]
pub struct ExitRecord {
    /// The line in the file.
    pub line: u32,
    /// The ordinal of the statement.
    pub statement: u32,
    /// The part of the statement.
    pub point: ir::Point,
    /// Names and values; unbound names are left out.
    pub locals: Vec<(String, abi::Value)>,
}

/// The last side exit: which, and its frame.
#[derive(Debug)]
pub(super) struct LastExit {
    specialisation: usize,
    exit: usize,
    frame: Vec<u64>,
}

impl Body {
    /// Counts a side exit and keeps its frame.
    pub fn record_exit(&self, taken: &Specialisation, exit: usize, frame: Vec<u64>) {
        let Some(count) = taken.exits.get(exit) else { return };
        count.set(count.get() + 1);
        if count.get() == OFTEN && taken.function.inlined.iter().any(|inlined| inlined.0 as usize == exit) {
            // What was done in place of a call would leave by the exit of that function, and its caller would stay.
            taken.retire();
            let bindings = self.bindings.borrow();
            bindings.iter().flat_map(|binding| &binding.meaning).for_each(|meaning| meaning.leaves_often.set(true));
        }
        let all = self.specialisations.borrow();
        let Some(specialisation) = all.iter().position(|one| std::ptr::eq(&raw const **one, taken)) else {
            // It ran within another function's unit.
            if let (Some(shared), Some(exit)) = (self.known(), taken.function.exits.get(exit)) {
                let line = shared.prepared().source().line(exit.span.start);
                *self.elsewhere.borrow_mut().entry(line).or_default() += 1;
            }
            return;
        };
        self.last_exit.replace(Some(LastExit { specialisation, exit, frame }));
    }

    /// How often each line left compiled code.
    pub fn exits(&self) -> BTreeMap<u32, u64> {
        let mut lines = self.elsewhere.borrow().clone();
        let Some(shared) = self.known() else { return lines };
        for one in self.specialisations.borrow().iter() {
            for (exit, count) in one.function.exits.iter().zip(&one.exits).filter(|(_, count)| count.get() > 0) {
                *lines.entry(shared.prepared().source().line(exit.span.start)).or_default() += count.get();
            }
        }
        lines
    }

    /// The last side exit.
    pub fn last_exit(&self) -> Option<ExitRecord> {
        let last = self.last_exit.borrow();
        let last = last.as_ref()?;
        let all = self.specialisations.borrow();
        let taken = all.get(last.specialisation)?;
        let exit = taken.function.exits.get(last.exit)?;
        let line = self.known()?.prepared().source().line(exit.span.start);
        let locals = abi::read_exit(&taken.function, exit, &last.frame);
        // Arrays are known by their addresses, and may be gone by now.
        let locals = locals.into_iter().filter(|(_, value)| !value.has_array());
        let locals = locals.map(|(name, value)| (name.to_owned(), value)).collect();
        Some(ExitRecord { line, statement: exit.statement, point: exit.point, locals })
    }

    /// Why an argument cannot be compiled, drawn at its parameter.
    pub fn argument_refusal(&self, index: usize, what: &str) -> Refusal {
        let Some(shared) = self.known() else {
            return Refusal::bare(Code::ArgumentType, format!("cannot compile {what}"), "pass numbers");
        };
        let prepared = shared.prepared();
        let name = prepared.parameters().nth(index).unwrap_or("?");
        let span = prepared.parameter_span(index);
        let diagnostic = Diagnostic::new(
            Code::ArgumentType,
            format!("argument `{name}` of `{}` is of type `{what}`, which cannot be compiled", prepared.name()),
            span,
            format!("got `{what}` here"),
        )
        .help(format!(
            "{}pass an `int`, a `float`, a `bool`, a `complex` or `None`, tuples of them, NumPy's scalars and arrays of them in this \
             machine's byte order, or a function that can be compiled; `@brrr(fallback=True)` runs such calls in the interpreter",
            instead(what)
        ));
        Refusal::InSource(prepared.source().clone(), vec![diagnostic])
    }
}

/// What stands for a type that cannot be compiled, where there is something.
fn instead(what: &str) -> &'static str {
    if let Some((before, rest)) = what.split_once("numpy.ndarray of ") {
        let dtype = rest.split(" with ").next().unwrap_or_default();
        return match dtype {
            _ if before == "unaligned " => "copy it, `x.copy()`: ",
            "int64 (`long long`)" => "convert it, `x.astype(np.int64)`: ",
            "uint64 (`long long`)" => "convert it, `x.astype(np.uint64)`: ",
            "float16" | "float128" | "object" => "convert it, `x.astype(np.float64)`, if rounding is fine: ",
            "complex256" => "convert it, `x.astype(np.complex128)`, if rounding is fine: ",
            _ if [">i", ">u", ">f", ">c"].iter().any(|other| dtype.starts_with(other)) => {
                "convert it, `x.astype(x.dtype.newbyteorder(\"=\"))`: "
            }
            _ => "",
        };
    }
    match what {
        "list" => "make it an array, `np.array(x)`, or a tuple: ",
        "range" => "pass its ends: ",
        "str" => "use an int for a choice among a few: ",
        "bytes" | "bytearray" | "memoryview" | "array.array" => "make it an array, `np.frombuffer(x, dtype=...)`: ",
        "decimal.Decimal" | "fractions.Fraction" => "make it a `float`, if rounding is fine: ",
        "dict" | "set" | "frozenset" => "pass the values that are needed, as numbers or in an array: ",
        "pandas.core.series.Series" | "pandas.core.frame.DataFrame" => "pass its values, `x.to_numpy()`: ",
        _ => "",
    }
}
