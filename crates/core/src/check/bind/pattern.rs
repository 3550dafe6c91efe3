//! `match`: patterns on numbers, one case after the other.
//!
//! The header, patterns and guards, is one entry point: it is entered again at its start. What patterns capture goes to shadows
//! until a case is chosen, and stays there if the guard fails, as in CPython.

use rustpython_parser::ast::{self, Expr, Pattern};

use super::Binder;
use crate::check::flow::{Arg, End, FlowId, StepKind, VarId};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Constant, Point};
use crate::source::Span;
use crate::syntax::{identifier, span, walk};

/// What a pattern captures: the name, the value, the place of the name.
type Captures = Vec<(String, Arg, Span)>;

impl Binder<'_> {
    pub(super) fn match_statement(&mut self, inner: &ast::StmtMatch) {
        let place = span(&*inner.subject);
        self.entry(Point::Condition, place);
        let guards = inner.cases.iter().filter_map(|case| case.guard.as_deref());
        self.open_pins(std::iter::once(&*inner.subject).chain(guards));
        let mut names = Vec::new();
        walk::named(&inner.subject, &mut names);
        for case in &inner.cases {
            walk::captured(&case.pattern, &mut names);
            case.guard.iter().for_each(|guard| walk::named(guard, &mut names));
        }
        self.open_shadows(names, place);
        let subject = self.expression(&inner.subject);
        let subject = if self.has_shadows() { self.pinned_value(subject, place) } else { subject };
        self.check_bound(subject, place);
        let after = self.block();
        for case in &inner.cases {
            let (body, next) = (self.block(), self.block());
            let mut captures = Captures::new();
            self.pattern(&case.pattern, subject, next, &mut captures);
            for (name, value, place) in captures {
                if let Some(shadow) = self.local(&name).and_then(|variable| self.shadow(variable)) {
                    self.step(shadow, StepKind::Copy(value), place);
                }
            }
            match &case.guard {
                Some(guard) => self.condition(guard, body, next),
                None => self.finish(End::Jump(body)),
            }
            self.enter(body);
            self.write_back(place);
            let header = (std::mem::take(&mut self.shadows), std::mem::take(&mut self.pins), self.at, self.statement);
            self.body(&case.body);
            (self.shadows, self.pins, self.at, self.statement) = header;
            self.finish(End::Jump(after));
            self.enter(next);
        }
        self.close_shadows(place);
        self.finish(End::Jump(after));
        self.enter(after);
    }

    /// Tests a pattern: goes on in the current block if it matches, to `fail` if it does not.
    fn pattern(&mut self, pattern: &Pattern, subject: Arg, fail: FlowId, captures: &mut Captures) {
        let place = span(pattern);
        match pattern {
            Pattern::MatchValue(inner) => {
                let value = self.expression(&inner.value);
                let equal = self.op("==", vec![subject, value], place);
                let equal = self.op("truth.", vec![equal], place);
                self.unless(equal, fail);
            }
            Pattern::MatchSingleton(inner) => {
                let name = match inner.value {
                    ast::Constant::Bool(true) => "is.True.",
                    ast::Constant::Bool(false) => "is.False.",
                    _ => "is.None.",
                };
                let is = self.op(name, vec![subject], place);
                self.unless(is, fail);
            }
            Pattern::MatchAs(inner) => {
                if let Some(inner) = &inner.pattern {
                    self.pattern(inner, subject, fail, captures);
                }
                if let Some(name) = &inner.name {
                    let written = name.as_str();
                    let at = Span::new(place.end.saturating_sub(written.len() as u32), place.end);
                    captures.push((identifier(written), subject, at));
                }
            }
            Pattern::MatchOr(inner) => self.alternatives(&inner.patterns, subject, fail, captures),
            Pattern::MatchClass(inner) => self.class_pattern(inner, subject, fail, captures),
            Pattern::MatchSequence(inner) => self.sequence(&inner.patterns, place, subject, fail, captures),
            Pattern::MatchMapping(_) => drop(self.refuse_as(Code::MappingPattern, place)),
            Pattern::MatchStar(_) => drop(self.refuse_as(Code::StarredPattern, place)),
        }
    }

    /// Goes on in a new block if a condition holds.
    fn unless(&mut self, condition: Arg, fail: FlowId) {
        let next = self.block();
        self.finish(End::Branch(condition, next, fail));
        self.enter(next);
    }

    /// The first alternative that matches; all of them capture the same names.
    fn alternatives(&mut self, patterns: &[Pattern], subject: Arg, fail: FlowId, captures: &mut Captures) {
        let matched = self.block();
        let captured = |pattern: &Pattern| {
            let mut names = Vec::new();
            walk::captured(pattern, &mut names);
            names.sort_unstable();
            names.dedup();
            names
        };
        let names = patterns.first().map(captured).unwrap_or_default();
        if let Some(other) = patterns.iter().find(|pattern| captured(pattern) != names) {
            let message = "invalid syntax: alternative patterns bind different names";
            let diagnostic = Diagnostic::new(Code::Syntax, message, span(other), "other names than the first one");
            self.diagnostics.push(diagnostic.help("bind the same names in every alternative"));
            return;
        }
        let chosen = names.into_iter().map(|name| (name, self.temporary())).collect::<Vec<(String, VarId)>>();
        let mut places = Vec::new();
        for (at, pattern) in patterns.iter().enumerate() {
            let next = if at + 1 == patterns.len() { fail } else { self.block() };
            let mut inner = Captures::new();
            self.pattern(pattern, subject, next, &mut inner);
            for (name, value, place) in inner {
                if let Some((_, target)) = chosen.iter().find(|(chosen, _)| *chosen == name) {
                    self.step(*target, StepKind::Copy(value), place);
                }
                places.push((name, place));
            }
            self.finish(End::Jump(matched));
            self.enter(next);
        }
        self.enter(matched);
        for (name, target) in chosen {
            let place = places.iter().find(|(captured, _)| *captured == name).map(|&(_, place)| place);
            captures.push((name, Arg::Var(target), place.unwrap_or_default()));
        }
    }

    /// A tuple of a length, and a pattern for each element.
    fn sequence(&mut self, patterns: &[Pattern], place: Span, subject: Arg, fail: FlowId, captures: &mut Captures) {
        let star = patterns.iter().position(|pattern| matches!(pattern, Pattern::MatchStar(_)));
        let (test, least) = match star {
            Some(_) => ("is.longer.", patterns.len() - 1),
            None => ("is.long.", patterns.len()),
        };
        let is = self.op(test, vec![subject, Arg::Constant(Constant::Int(least as i64))], place);
        self.unless(is, fail);
        for (at, pattern) in patterns.iter().enumerate() {
            if let Pattern::MatchStar(inner) = pattern {
                if inner.name.as_ref().is_some_and(|name| self.reads(name.as_str())) {
                    self.refuse_as(Code::StarredPattern, span(pattern));
                }
                continue;
            }
            if let Pattern::MatchAs(ast::PatternMatchAs { pattern: None, name: None, .. }) = pattern {
                continue;
            }
            let from_end = star.is_some_and(|star| star < at);
            let index = if from_end { at as i64 - patterns.len() as i64 } else { at as i64 };
            let element = self.op("[]", vec![subject, Arg::Constant(Constant::Int(index))], span(pattern));
            self.pattern(pattern, element, fail, captures);
        }
    }

    /// `int()`, `float(x)`: the type of the subject, then a pattern for the whole of it.
    fn class_pattern(&mut self, inner: &ast::PatternMatchClass, subject: Arg, fail: FlowId, captures: &mut Captures) {
        let place = span(inner);
        if !inner.kwd_patterns.is_empty() || inner.patterns.len() > 1 {
            return self.refuse_pattern(place, "a class pattern with attributes", "write `int()` or `int(x)`");
        }
        let Some(row) = self.class_test(&inner.cls) else {
            let help = "the types that can be asked for are `int`, `float`, `bool`, `complex` and `tuple`";
            let what = format!("`{}` as a type", self.file.slice(span(&*inner.cls)));
            return self.refuse_pattern(span(&*inner.cls), &what, help);
        };
        if row == "isinstance.complex." && !inner.patterns.is_empty() {
            let help = "`complex` takes no pattern in brackets: write `complex() as x`";
            return self.refuse_pattern(place, "`complex` with a pattern for its value", help);
        }
        let is = self.op(row, vec![subject], place);
        self.unless(is, fail);
        if let Some(inner) = inner.patterns.first() {
            self.pattern(inner, subject, fail, captures);
        }
    }

    /// The row that asks for a type.
    fn class_test(&mut self, class: &Expr) -> Option<&'static str> {
        let mut rows = Vec::new();
        let is_known = matches!(class, Expr::Name(_)) && self.classes(class, &mut rows);
        rows.pop().filter(|_| is_known)
    }

    fn refuse_pattern(&mut self, place: Span, what: &str, help: &str) {
        self.refuse_with(Code::ClassPattern, place, what, "asks for more than a type", help);
    }
}
