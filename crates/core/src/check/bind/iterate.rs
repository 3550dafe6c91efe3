//! `for` over tuples and arrays, `np.ndindex` and `np.ndenumerate`, `enumerate`, `zip` and `reversed`.
//!
//! What is gone over is taken apart into ranges, tuples and arrays, each with a place of its own, and one number of turns that remain; what
//! a continuation needs of it is held in hidden locals, from which `brrr._resume` makes the iterator again: for the `for` with ordinal
//! N `.turns<N>`, for each `np.ndindex` its lengths `.over<N>`, the next index `.index<N>` and its number `.at<N>`, for each
//! `np.ndenumerate` its array, that index and that number, for each range `.at<N>` (its next value) and `.by<N>` (its step), for each tuple or array `.over<N>` and `.at<N>`
//! (the next index), for each `enumerate` `.count<N>`. The second one of a kind has `.1` behind its name, and so on.

use rustpython_parser::ast::{self, Expr};

use super::Binder;
use crate::check::expression::Parts;
use crate::check::flow::{Arg, End, Item, StepKind, VarId};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Constant, Point};
use crate::outside::Outside;
use crate::source::Span;
use crate::syntax::span;

/// What a loop goes over.
enum Source {
    Range { at: VarId, by: VarId },
    Tuple { over: VarId, at: VarId, reversed: bool },
    Counted { count: VarId, inner: Box<Source> },
    Zipped(Vec<Source>),
    Indices { over: VarId, at: VarId, index: VarId },
    Elements { over: VarId, at: VarId, index: VarId },
}

/// What has been found of it so far.
struct Found {
    ordinal: u32,
    /// Ranges and tuples.
    leaves: usize,
    counts: usize,
    tuples: Vec<Arg>,
    /// The numbers of turns of the ranges.
    ranges: Vec<Arg>,
}

const fn int(value: i64) -> Arg {
    Arg::Constant(Constant::Int(value))
}

impl Binder<'_> {
    /// A loop over anything but a plain range. `None` if it is refused.
    pub(super) fn iterating_loop(&mut self, inner: &ast::StmtFor) -> Option<()> {
        let statement = self.statement;
        let (over, place) = (span(&*inner.iter), span(&*inner.target));
        if !self.is_of_names(&inner.target) {
            let message = "the target of this `for` cannot be compiled";
            let diagnostic = Diagnostic::new(Code::Target, message, place, "neither a name nor names");
            self.diagnostics.push(diagnostic.help("write a name, and assign in the body"));
            return None;
        }
        let mut found = Found { ordinal: statement, leaves: 0, counts: 0, tuples: Vec::new(), ranges: Vec::new() };
        let source = self.source(&inner.iter, false, &mut found)?;
        let turns = self.iterator("turns", statement);
        self.turns(turns, found, over);
        self.close_shadows(place);
        let (after, else_block) = (self.block(), self.block());
        let header = self.open_loop(after, Point::Advance, place);
        let more = self.temporary();
        self.step(more, StepKind::Op(">", vec![Arg::Var(turns), int(0)]), place);
        let body = self.block();
        self.finish(End::Branch(Arg::Var(more), body, else_block));
        self.enter(body);
        self.statement = statement;
        self.entry(Point::Target, place);
        let mut parts = self.current(&source, place);
        let mut writes = Vec::new();
        self.unpack(&inner.target, &mut parts, &mut writes);
        // What may leave comes before anything is written.
        let mut moves = vec![(turns, StepKind::Op("down.", vec![Arg::Var(turns)]))];
        self.moves(&source, &mut moves, place);
        self.finish_writes(writes);
        for (target, kind) in moves {
            self.step(target, kind, place);
        }
        self.close_loop(&inner.body, header, &inner.orelse, else_block, after);
        Some(())
    }

    /// Evaluates what is gone over. `None` if it is refused.
    fn source(&mut self, iterable: &Expr, reversed: bool, found: &mut Found) -> Option<Source> {
        let place = span(iterable);
        if let Expr::Call(call) = iterable {
            // `brrr._resume` knows these by their names.
            let is = |binder: &Self, builtin: &'static str| {
                matches!(&*call.func, Expr::Name(name) if name.id.as_str() == builtin)
                    && binder.is_builtin(&call.func, builtin)
            };
            let builtin = ["enumerate", "zip", "reversed"].into_iter().find(|&builtin| is(self, builtin));
            if let Some(builtin) = builtin {
                let (fits, keywords) = match builtin {
                    "enumerate" => ((1..=2).contains(&(call.args.len() + call.keywords.len())), Some("start")),
                    "zip" => (call.keywords.is_empty(), None),
                    _ => (call.args.len() == 1 && call.keywords.is_empty(), None),
                };
                let named = call.keywords.iter().all(|keyword| keyword.arg.as_deref() == keywords);
                let starred = call.args.iter().any(|argument| matches!(argument, Expr::Starred(_)));
                if !fits || !named || starred || call.args.is_empty() || reversed {
                    return self.not_gone_over(iterable, "with other arguments than it takes here");
                }
                self.guard(builtin);
                return match builtin {
                    "reversed" => self.source(&call.args[0], true, found),
                    "zip" => {
                        let all = call.args.iter().map(|one| self.source(one, false, found));
                        all.collect::<Option<Vec<_>>>().map(Source::Zipped)
                    }
                    _ => {
                        let count = self.part("count", found.ordinal, found.counts);
                        found.counts += 1;
                        let inner = Box::new(self.source(&call.args[0], false, found)?);
                        let start = call.args.get(1).or(call.keywords.first().map(|keyword| &keyword.value));
                        let start = start.map_or(int(0), |start| self.expression(start));
                        self.step(count, StepKind::Op("index.", vec![start]), place);
                        Some(Source::Counted { count, inner })
                    }
                };
            }
            if let Some((path, of_elements)) = self.over_indices(call) {
                if reversed {
                    return self.not_gone_over(iterable, "an iterator has no reverse");
                }
                return match of_elements {
                    true => self.elements(call, &path, found),
                    false => self.indices(call, &path, found),
                };
            }
            if matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "range") && !self.is_range(call) {
                return self.not_gone_over(iterable, "not Python's own `range`");
            }
            if self.is_range(call) {
                let ends = self.range_of(call)?;
                return Some(self.range_source(ends, reversed, found, place));
            }
        }
        let value = match iterable {
            Expr::List(_)
            | Expr::Tuple(_)
            | Expr::Name(_)
            | Expr::Subscript(_)
            | Expr::Call(_)
            | Expr::IfExp(_)
            | Expr::BoolOp(_)
            | Expr::NamedExpr(_)
            | Expr::BinOp(_)
            | Expr::Attribute(_) => self.iterable(iterable),
            _ => return self.not_gone_over(iterable, "neither a range nor a tuple nor an array"),
        };
        let (over, at) = (self.part("over", found.ordinal, found.leaves), self.part("at", found.ordinal, found.leaves));
        found.leaves += 1;
        self.step(over, StepKind::Op("over.", vec![value]), place);
        found.tuples.push(Arg::Var(over));
        match reversed {
            true => {
                let length = self.op("len", vec![Arg::Var(over)], place);
                self.step(at, StepKind::Op("-", vec![length, int(1)]), place);
            }
            false => self.step(at, StepKind::Op("index.", vec![int(0)]), place),
        }
        Some(Source::Tuple { over, at, reversed })
    }

    /// The path of `np.ndindex`, if it is called, or of `np.ndenumerate`, and then true.
    fn over_indices(&self, call: &ast::ExprCall) -> Option<(String, bool)> {
        let Expr::Attribute(attribute) = &*call.func else { return None };
        match self.member(attribute)? {
            (path, Outside::Function("np.ndindex")) => Some((path, false)),
            (path, Outside::Function("np.ndenumerate")) => Some((path, true)),
            _ => None,
        }
    }

    /// The indices into an array, each with its element.
    fn elements(&mut self, call: &ast::ExprCall, path: &str, found: &mut Found) -> Option<Source> {
        let place = span(call);
        let ([argument], []) = (call.args.as_slice(), call.keywords.as_slice()) else {
            return self.not_gone_over(&call.func, "with other arguments than an array");
        };
        if matches!(argument, Expr::Starred(_)) {
            return self.not_gone_over(&call.func, "with other arguments than an array");
        }
        self.guard(path);
        let array = self.expression(argument);
        let (over, at) = (self.part("over", found.ordinal, found.leaves), self.part("at", found.ordinal, found.leaves));
        found.leaves += 1;
        self.step(over, StepKind::Op("elements.", vec![array]), place);
        self.step(at, StepKind::Copy(int(0)), place);
        let shape = self.op(".shape", vec![Arg::Var(over)], place);
        let index = self.first_index(shape, found, place);
        Some(Source::Elements { over, at, index })
    }

    /// All indices into an array of these lengths.
    fn indices(&mut self, call: &ast::ExprCall, path: &str, found: &mut Found) -> Option<Source> {
        let place = span(call);
        if !call.keywords.is_empty() {
            return self.not_gone_over(&call.func, "with other arguments than lengths");
        }
        self.guard(path);
        let lengths = match call.args.as_slice() {
            // A tuple, or one length.
            [only] if !matches!(only, Expr::Starred(_)) => self.expression(only),
            all => self.with_starred(all, place),
        };
        let (over, at) = (self.part("over", found.ordinal, found.leaves), self.part("at", found.ordinal, found.leaves));
        found.leaves += 1;
        self.step(over, StepKind::Op("lengths.", vec![lengths]), place);
        self.step(at, StepKind::Copy(int(0)), place);
        let index = self.first_index(Arg::Var(over), found, place);
        Some(Source::Indices { over, at, index })
    }

    /// The index of zeros, and the number of all indices. An index is counted on, for to divide its number by lengths takes longer.
    fn first_index(&mut self, lengths: Arg, found: &mut Found, place: Span) -> VarId {
        let index = self.part("index", found.ordinal, found.leaves - 1);
        self.step(index, StepKind::Op("origin.", vec![lengths]), place);
        let turns = self.op("indices.", vec![lengths], place);
        found.ranges.push(turns);
        index
    }

    /// The tuple of some arguments, among them tuples with a star.
    fn with_starred(&mut self, args: &[Expr], place: Span) -> Arg {
        let (mut whole, mut plain) = (None, Vec::new());
        for argument in args {
            let Expr::Starred(starred) = argument else {
                plain.push(self.expression(argument));
                continue;
            };
            let before = std::mem::take(&mut plain);
            if !before.is_empty() {
                let before = self.tuple(before, place);
                whole = Some(self.joined(whole, before, place));
            }
            let inner = self.iterable(&starred.value);
            let inner = self.op("starred.", vec![inner], span(&*starred.value));
            whole = Some(self.joined(whole, inner, place));
        }
        if whole.is_none() || !plain.is_empty() {
            let last = self.tuple(plain, place);
            return self.joined(whole, last, place);
        }
        whole.unwrap_or(Arg::Constant(Constant::None))
    }

    fn joined(&mut self, before: Option<Arg>, more: Arg, place: Span) -> Arg {
        match before {
            Some(before) => self.op("+", vec![before, more], place),
            None => more,
        }
    }

    fn range_source(&mut self, ends: [Arg; 3], reversed: bool, found: &mut Found, place: Span) -> Source {
        let [first, stop, step] = ends.map(|end| self.op("index.", vec![end], place));
        let step = self.op("step.", vec![step], place);
        let (at, by) = (self.part("at", found.ordinal, found.leaves), self.part("by", found.ordinal, found.leaves));
        found.leaves += 1;
        let turns = self.op("range.len.", vec![first, stop, step], place);
        found.ranges.push(turns);
        if reversed {
            let before = self.op("-", vec![turns, int(1)], place);
            let distance = self.op("*", vec![before, step], place);
            self.step(at, StepKind::Op("advance.", vec![first, distance]), place);
            self.step(by, StepKind::Op("-", vec![step]), place);
        } else {
            self.step(at, StepKind::Copy(first), place);
            self.step(by, StepKind::Copy(step), place);
        }
        Source::Range { at, by }
    }

    fn not_gone_over(&mut self, iterable: &Expr, label: &str) -> Option<Source> {
        let message = "a `for` loop over this cannot be compiled";
        let help = "`range(...)`, tuples, arrays, and `enumerate`, `zip` and `reversed` of them can be gone over";
        self.diagnostics.push(Diagnostic::new(Code::Iterable, message, span(iterable), label).help(help));
        None
    }

    /// A hidden local.
    fn part(&mut self, part: &str, ordinal: u32, number: usize) -> VarId {
        let behind = if number == 0 { String::new() } else { format!(".{number}") };
        self.variable(format!(".{part}{ordinal}{behind}"), true)
    }

    /// The turns of the shortest.
    fn turns(&mut self, turns: VarId, found: Found, place: Span) {
        let tuples = match found.tuples.as_slice() {
            [] => None,
            [one] => Some(("len", vec![*one])),
            all => Some(("shortest.", all.to_vec())),
        };
        let mut ranges = found.ranges.into_iter();
        match (tuples, ranges.next()) {
            (Some((name, args)), first) => {
                self.step(turns, StepKind::Op(name, args), place);
                first.into_iter().for_each(|first| self.at_most(turns, first, place));
            }
            (None, Some(first)) => self.step(turns, StepKind::Copy(first), place),
            (None, None) => {}
        }
        ranges.for_each(|other| self.at_most(turns, other, place));
    }

    /// Lowers a number to another one, if that is less.
    fn at_most(&mut self, number: VarId, other: Arg, place: Span) {
        let less = self.op("<", vec![other, Arg::Var(number)], place);
        let (take, after) = (self.block(), self.block());
        self.finish(End::Branch(less, take, after));
        self.enter(take);
        self.step(number, StepKind::Copy(other), place);
        self.finish(End::Jump(after));
        self.enter(after);
    }

    /// What comes in this turn.
    fn current(&mut self, source: &Source, place: Span) -> Parts {
        let many = |values| Parts::Many { values, place, is_list: false };
        match source {
            Source::Range { at, .. } => Parts::One(Arg::Var(*at)),
            Source::Tuple { over, at, .. } => Parts::One(self.op("at.", vec![Arg::Var(*over), Arg::Var(*at)], place)),
            Source::Counted { count, inner } => {
                let inner = self.current(inner, place);
                many(vec![Parts::One(Arg::Var(*count)), inner])
            }
            Source::Zipped(all) => many(all.iter().map(|one| self.current(one, place)).collect()),
            Source::Elements { over, index, .. } => {
                let (index, element) = (Arg::Var(*index), self.temporary());
                self.step(element, StepKind::Item(Arg::Var(*over), vec![Item::At(index)]), place);
                many(vec![Parts::One(index), Parts::One(Arg::Var(element))])
            }
            Source::Indices { index, .. } => Parts::One(Arg::Var(*index)),
        }
    }

    /// How it goes on behind this turn.
    fn moves(&mut self, source: &Source, moves: &mut Vec<(VarId, StepKind)>, place: Span) {
        match source {
            Source::Range { at, by } => {
                moves.push((*at, StepKind::Op("advance.", vec![Arg::Var(*at), Arg::Var(*by)])));
            }
            Source::Tuple { at, reversed, .. } => {
                let name = if *reversed { "down." } else { "up." };
                moves.push((*at, StepKind::Op(name, vec![Arg::Var(*at)])));
            }
            Source::Counted { count, inner } => {
                let next = self.op("+", vec![Arg::Var(*count), int(1)], place);
                moves.push((*count, StepKind::Copy(next)));
                self.moves(inner, moves, place);
            }
            Source::Zipped(all) => all.iter().for_each(|one| self.moves(one, moves, place)),
            Source::Indices { over, at, index } => {
                moves.push((*at, StepKind::Op("up.", vec![Arg::Var(*at)])));
                moves.push((*index, StepKind::Op("next.", vec![Arg::Var(*over), Arg::Var(*index)])));
            }
            Source::Elements { over, at, index } => {
                let shape = self.op(".shape", vec![Arg::Var(*over)], place);
                moves.push((*at, StepKind::Op("up.", vec![Arg::Var(*at)])));
                moves.push((*index, StepKind::Op("next.", vec![shape, Arg::Var(*index)])));
            }
        }
    }

    /// True for a name, or names in brackets.
    fn is_of_names(&self, target: &Expr) -> bool {
        match target {
            Expr::Name(_) => true,
            Expr::Starred(_) => self.is_unread_star(target),
            Expr::Tuple(tuple) => tuple.elts.iter().all(|one| self.is_of_names(one)),
            Expr::List(list) => list.elts.iter().all(|one| self.is_of_names(one)),
            _ => false,
        }
    }
}
