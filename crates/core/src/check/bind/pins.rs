//! Calls of other functions within a statement, and what of the statement must not be done again after them.
//!
//! A statement that has made a call cannot be done from its start once more: the call may have written to arrays. So there is an
//! entry point behind each call. A continuation from there does the whole statement, but with hidden names, *pins*, in place of the
//! calls that have been made, and of the elements that were read before them. Everything else in the statement gives the same
//! again, if the names that it reads are still there: the step [`StepKind::Hold`] behind a call sees to that.

use rustpython_parser::ast::{self, Expr};

use super::Binder;
use crate::check::flow::{Arg, Call, EntryId, FlowId, Step, StepKind, Target, VarId};
use crate::ir::Constant;
use crate::outside::Outside;
use crate::source::Span;
use crate::syntax::{identifier, walk};

/// The pins of the statement at hand.
pub(super) struct Pins {
    /// There are calls of other functions in it.
    has_calls: bool,
    /// The names that it reads.
    names: Vec<VarId>,
    /// Where each expression stands whose value has been pinned so far, but for those within others.
    made: Vec<(VarId, Span)>,
    /// Where the statement starts.
    start: (FlowId, usize),
}

impl Default for Pins {
    fn default() -> Self {
        Self { has_calls: false, names: Vec::new(), made: Vec::new(), start: (FlowId(0), 0) }
    }
}

impl Binder<'_> {
    /// Begins the pins of a statement, or of its header, which consists of these expressions.
    pub(super) fn open_pins<'e>(&mut self, expressions: impl IntoIterator<Item = &'e Expr>) {
        let start = (self.current, self.flow.blocks[self.current.0 as usize].steps.len());
        let mut pins = Pins { start, ..Pins::default() };
        for expression in expressions {
            walk::each(expression, &mut |inner| match inner {
                Expr::Call(call) => pins.has_calls |= self.target(call).is_some(),
                Expr::Name(name) => pins.names.extend(self.local(name.id.as_str())),
                _ => {}
            });
        }
        self.pins = pins;
    }

    /// True if the statement at hand has calls of other functions.
    pub(in crate::check) const fn has_calls(&self) -> bool {
        self.pins.has_calls
    }

    /// What a call calls, if it is a function that is compiled for it.
    pub(in crate::check) fn target(&self, call: &ast::ExprCall) -> Option<(String, Target)> {
        match &*call.func {
            Expr::Name(name) => match self.local(name.id.as_str()) {
                Some(variable) => Some((String::new(), Target::Value(Arg::Var(variable)))),
                None => {
                    let name = identifier(name.id.as_str());
                    match self.env.meaning(&name) {
                        Outside::Callee(callee) => Some((name, Target::Known(callee))),
                        // A variable of the function around.
                        Outside::Variable(_) if self.is_local => {
                            Some((String::new(), Target::Value(Arg::Constant(Constant::None))))
                        }
                        _ => None,
                    }
                }
            },
            Expr::Attribute(attribute) => match self.member(attribute)? {
                (path, Outside::Callee(callee)) => Some((path, Target::Known(callee))),
                _ => None,
            },
            // An element of a tuple, what another call gives.
            Expr::Subscript(_)
            | Expr::IfExp(_)
            | Expr::BoolOp(_)
            | Expr::NamedExpr(_)
            | Expr::Call(_)
            | Expr::Lambda(_) => Some((String::new(), Target::Value(Arg::Constant(Constant::None)))),
            _ => None,
        }
    }

    /// The variable for the value of an expression that is not to be evaluated again: a pin, if the statement has calls.
    pub(in crate::check) fn pinned(&mut self, place: Span) -> VarId {
        if !self.pins.has_calls {
            return self.temporary();
        }
        let pin = self.variable(self.pin_name(place), true);
        let unbound = self.never_bound();
        let (block, at) = self.pins.start;
        self.insert(
            block,
            at,
            Step { target: pin, kind: StepKind::Keep(Arg::Var(unbound)), entry: self.at, span: place },
        );
        self.pins.made.push((pin, place));
        pin
    }

    /// The same for a value that is there already.
    pub(in crate::check) fn pinned_value(&mut self, value: Arg, place: Span) -> Arg {
        let is_pin = |&(pin, of): &(VarId, Span)| matches!(value, Arg::Var(one) if one == pin) && of == place;
        if !self.pins.has_calls || self.pins.made.iter().any(is_pin) {
            return value;
        }
        let pin = self.pinned(place);
        self.step(pin, StepKind::Copy(value), place);
        Arg::Var(pin)
    }

    /// An entry point in the midst of the statement.
    fn entry_within(&mut self, place: Span) {
        let current = self.current.0 as usize;
        let begins = self.flow.blocks[current].steps.len();
        let before = &self.flow.entries[self.at.0 as usize];
        let (point, at) = (before.point, before.span);
        self.entry(point, at);
        // Probes stand behind what has to be there when they leave.
        let held = self.pins.made.iter().map(|&(pin, _)| pin).chain(self.pins.names.iter().copied()).collect();
        let nothing = self.temporary();
        let hold = Step { target: nothing, kind: StepKind::Hold(held), entry: self.at, span: place };
        self.flow.blocks[current].steps.insert(begins, hold);
    }

    /// Where an expression stands, as `brrr._resume` finds it: lines from the function's first one, columns in bytes.
    fn pin_name(&self, place: Span) -> String {
        let ((line, column), (end_line, end_column)) = (self.position(place.start), self.position(place.end));
        format!(".pin{line}:{column}-{end_line}:{end_column}")
    }

    /// A place as `brrr._resume` counts: lines from the function's first one, columns in bytes.
    pub(super) fn position(&self, offset: u32) -> (u32, usize) {
        let start = self.file.text()[..offset as usize].rfind('\n').map_or(0, |at| at + 1);
        (self.file.line(offset) - self.first_line, offset as usize - start)
    }

    /// Makes a call of another function; what follows in the statement is entered behind it.
    pub(in crate::check) fn made_call(
        &mut self,
        target: Target,
        args: Vec<Arg>,
        keywords: Vec<(String, Arg)>,
        place: Span,
    ) -> Arg {
        if self.has_shadows() {
            // What is pinned is not evaluated again: what it has written must be in the names.
            self.write_back(place);
            self.entry_within(place);
        }
        let pin = self.pinned(place);
        // What was pinned for this call's own arguments is not evaluated again.
        self.pins.made.retain(|&(one, inner)| one == pin || inner.start < place.start || place.end < inner.end);
        let after = EntryId(self.flow.entries.len() as u32);
        let packed = self.temporary();
        let kind = StepKind::Call(Box::new(Call {
            target,
            args,
            keywords,
            after,
            packed,
            cells: Vec::new(),
            gives_back: false,
        }));
        self.step(pin, kind, place);
        self.entry_within(place);
        Arg::Var(pin)
    }

    /// A variable that never has a value.
    pub(super) fn never_bound(&mut self) -> VarId {
        let unbound = match self.unbound {
            Some(unbound) => unbound,
            None => self.variable(".unbound".to_owned(), true),
        };
        self.unbound = Some(unbound);
        unbound
    }

    /// Puts a step where others stand already.
    fn insert(&mut self, block: FlowId, at: usize, step: Step) {
        self.flow.blocks[block.0 as usize].steps.insert(at, step);
        for entry in self.flow.entries.iter_mut().filter(|entry| entry.start.0 == block && entry.start.1 as usize > at)
        {
            entry.start.1 += 1;
        }
    }
}
