//! Hints: what is compiled as it should be, and could be faster.
//!
//! Enters: a function with its types. Leaves: diagnostics of severity `hint`, each with its reason. Of a loop only that is said
//! of which it is certain that it keeps the compiler from computing several turns at once: sums of floats, which are added in the
//! order of the source because results are exact, functions that take one number at a time, and ways out of the midst of a loop.

use std::collections::BTreeSet;

use super::function::{Function, Typed};
use crate::check::flow::{Arg, End, Flow, FlowLoopId, Step, StepKind, VarId};
use crate::check::infer::{Types, read};
use crate::diagnostic::{Code, Diagnostic, Fix};
use crate::ir::Point;
use crate::ops::vectors::Vectors;
use crate::source::Span;
use crate::types::{Kind, Type, TypeSet};

/// Operations that take one number at a time, however many there are.
const ONE_BY_ONE: &[&str] = &[
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "atan2",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "pow",
    "power",
    "hypot",
    "gamma",
    "lgamma",
    "erf",
    "erfc",
    "cbrt",
    "fmod",
    "remainder",
];

impl Function {
    /// What could be faster, for these types; nothing if the function is refused.
    #[must_use]
    pub fn remarks(&self, typed: &Typed) -> Vec<Diagnostic> {
        if self.is_refused() || typed.findings.iter().any(Diagnostic::is_error) {
            return Vec::new();
        }
        let mut found = Found { function: self, remarks: Vec::new(), loops: BTreeSet::new() };
        typed.inferred.each_step(&self.body.flow, &mut |(block, _), step, before, after| {
            let within = self.body.flow.block(block).in_loop.filter(|&one| is_innermost(&self.body.flow, one));
            if let (Some(within), Some(after)) = (within, after) {
                found.in_loop(within, step, before, after);
            }
            found.quotient(step, before);
        });
        found.ways_out();
        found.tagged(typed);
        let mut remarks = found.remarks;
        remarks.sort_by_key(Diagnostic::span);
        remarks.dedup_by_key(|one| (one.code, one.span()));
        remarks
    }
}

fn is_innermost(flow: &Flow, one: FlowLoopId) -> bool {
    flow.loops.iter().all(|other| other.parent != Some(one))
}

fn is_float(types: TypeSet) -> bool {
    let float = |one: Type| match one {
        Type::Float => true,
        Type::Scalar(dtype) => dtype.kind() == Kind::Float,
        _ => false,
    };
    !types.is_empty() && types.iter().all(float)
}

fn is_int(types: TypeSet) -> bool {
    !types.is_empty() && types.iter().all(|one| one == Type::Int)
}

/// True if what stands at a place needs no brackets around it.
fn stands_alone(text: &str, place: Span) -> bool {
    let before = text.get(..place.start as usize).unwrap_or_default().trim_end_matches(' ');
    let behind = text.get(place.end as usize..).unwrap_or_default().trim_start_matches(' ');
    let opened = ["return", "(", ",", "["].iter().any(|one| before.ends_with(one))
        || before.ends_with('=') && !["==", "!=", "<=", ">=", ":="].iter().any(|one| before.ends_with(one));
    opened && (behind.is_empty() || behind.starts_with(['\n', '\r', ')', ',', ']', '#']))
}

struct Found<'a> {
    function: &'a Function,
    remarks: Vec<Diagnostic>,
    /// The loops of which something has been said.
    loops: BTreeSet<u32>,
}

impl Found<'_> {
    fn flow(&self) -> &Flow {
        &self.function.body.flow
    }

    /// The place of a loop: what it goes over, or its condition.
    fn place(&self, one: FlowLoopId) -> Span {
        let flow = self.flow();
        flow.entries[flow.loops[one.0 as usize].entry.0 as usize].span
    }

    /// Says of a loop why it is not vectorised, once.
    fn of_loop(&mut self, one: FlowLoopId, at: Span, label: String, help: &str) {
        if self.loops.insert(one.0) {
            let diagnostic = Diagnostic::new(Code::NotVectorised, "this loop computes one turn at a time", at, label);
            self.remarks.push(diagnostic.label(self.place(one), "this loop").help(help));
        }
    }

    fn in_loop(&mut self, within: FlowLoopId, step: &Step, before: &Types, after: &Types) {
        let StepKind::Op(name, args) = &step.kind else { return };
        let result = after[step.target.0 as usize];
        let fastmath = self.function.options().fastmath;
        if matches!(*name, "+" | "-" | "*") && is_float(result) {
            let mut read_here = args.iter().filter_map(|arg| arg.var());
            if let Some(sum) = read_here.find(|&one| self.is_carried(within, one, step.target)).filter(|_| !fastmath) {
                let label = format!(
                    "`{}` of one turn is needed by the next, in the order of the source",
                    self.flow().name(sum)
                );
                let help = "exact results need that order; several partial sums, each over every fourth element say, can be computed at \
                            once, and `@brrr(fastmath=True)` does that";
                return self.of_loop(within, step.span, label, help);
            }
            let converted = args.iter().find(|arg| matches!(arg, Arg::Var(_)) && is_int(read(**arg, before)));
            if let Some(Arg::Var(int)) = converted.filter(|_| args.iter().any(|arg| is_float(read(*arg, before)))) {
                self.conversion(*int, step);
            }
        }
        let short = name.strip_prefix("math.").or_else(|| name.strip_prefix("np.")).unwrap_or("");
        let as_vectors = fastmath && (*name == "**" || Vectors::ALL.has(short));
        if !as_vectors && (ONE_BY_ONE.contains(&short) || *name == "**" && is_float(result)) {
            let label = format!("`{name}` takes one number at a time");
            let help = match Vectors::ALL.has(short) || *name == "**" {
                true => {
                    "`@brrr(fastmath=True)` takes several at a time; what does not depend on it can be computed in a loop of its own"
                }
                false => "what does not depend on it can be computed in a loop of its own",
            };
            self.of_loop(within, step.span, label, help);
        }
    }

    /// True if a name is written by the turn from a value that is made of it.
    fn is_carried(&self, within: FlowLoopId, name: VarId, made: VarId) -> bool {
        let flow = self.flow();
        let steps = flow.blocks.iter().filter(|block| block.in_loop == Some(within)).flat_map(|block| &block.steps);
        let mut written = steps.filter(|step| step.target == name);
        !flow.name(name).starts_with('.')
            && written.any(|step| matches!(step.kind, StepKind::Copy(Arg::Var(value)) if value == made))
    }

    fn conversion(&mut self, int: VarId, step: &Step) {
        let name = self.flow().name(int);
        if name.starts_with('.') {
            return;
        }
        let message = format!("`{name}` is converted to `float` at every turn");
        let diagnostic = Diagnostic::new(Code::Conversion, message, step.span, "an int beside a float");
        self.remarks.push(diagnostic.help(format!("keep `{name}` as a float, where it is not an index")));
    }

    /// `int(a / b)` of ints.
    fn quotient(&mut self, step: &Step, before: &Types) {
        let StepKind::Op("int", args) = &step.kind else { return };
        let [Arg::Var(value)] = args.as_slice() else { return };
        let flow = self.flow();
        let mut made = flow.blocks.iter().flat_map(|block| &block.steps).filter(|step| step.target == *value);
        let (Some(division), None) = (made.next(), made.next()) else { return };
        let StepKind::Op("/", operands) = &division.kind else { return };
        let [left, right] = operands.as_slice() else { return };
        if ![left, right].into_iter().all(|one| is_int(read(*one, before))) {
            return;
        }
        let file = self.function.file();
        let written = file.slice(division.span);
        let Some((dividend, divisor)) = written.split_once('/').filter(|(_, rest)| !rest.contains(['/', '\n'])) else {
            return;
        };
        let text = format!("{} // {}", dividend.trim_end(), divisor.trim_start());
        // Lengths are neither negative nor beyond what a float holds exactly.
        let length = |arg: &Arg| {
            matches!(arg, Arg::Var(one) if flow.blocks.iter().flat_map(|block| &block.steps)
            .any(|step| step.target == *one && matches!(step.kind, StepKind::Op("len", _))))
        };
        let positive = |arg: &Arg| matches!(arg, Arg::Constant(crate::ir::Constant::Int(value)) if *value > 0);
        let alone = stands_alone(file.text(), step.span);
        let text = if alone { text } else { format!("({text})") };
        let fix = Fix::new("divide as ints", step.span, text);
        let same = length(left) && (positive(right) || length(right));
        let message = "`int(a / b)` goes through a float, which rounds large ints";
        let diagnostic = Diagnostic::new(Code::Quotient, message, step.span, "a division of floats, and a conversion");
        let help = "write `a // b`; of negative numbers that is rounded down, not towards zero";
        self.remarks.push(diagnostic.help(help).fix(if same { fix } else { fix.maybe() }));
    }

    /// `break` and `return` within a `for`.
    fn ways_out(&mut self) {
        let flow = self.flow();
        let mut found = Vec::new();
        for (at, one) in flow.loops.iter().enumerate() {
            let id = FlowLoopId(at as u32);
            let is_for = flow.entries[one.entry.0 as usize].point == Point::Advance;
            if !is_for || !is_innermost(flow, id) {
                continue;
            }
            let within = |block: crate::check::flow::FlowId| flow.block(block).in_loop == Some(id);
            for (number, block) in flow.blocks.iter().enumerate() {
                if block.in_loop != Some(id) || number == one.header.0 as usize {
                    continue;
                }
                if let End::Return(_, _, span) = block.end {
                    found.push((id, span, "leaves in the midst of the loop".to_owned()));
                } else if let End::Jump(to) = block.end
                    && !within(to)
                    && !block.steps.is_empty()
                {
                    let last = block.steps.last().map_or(self.place(id), |step| step.span);
                    found.push((id, last, "the loop may end behind this".to_owned()));
                }
            }
        }
        for (id, at, label) in found {
            self.of_loop(
                id,
                at,
                label,
                "a search stops early, which is often worth more; to compute all turns, note the result and go on",
            );
        }
    }

    fn tagged(&mut self, typed: &Typed) {
        for binding in &typed.bindings {
            if !binding.types.is_tagged() || self.function.file().slice(binding.span) != binding.name {
                continue;
            }
            let (name, types) = (&binding.name, binding.types.python());
            let message = format!("`{name}` may be one of several types: `{types}`");
            let diagnostic = Diagnostic::new(Code::Tagged, message, binding.span, "carries its type along at run time");
            self.remarks
                .push(diagnostic.help(format!("give `{name}` one type on every path, such as `0.0` instead of `0`")));
        }
    }
}
