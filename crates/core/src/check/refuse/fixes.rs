//! Changes of the source that put a refused construct right.
//!
//! Enters: a statement with what was said about it. Leaves: fixes on the diagnostics. A fix keeps the text of what it moves; where
//! the layout is not plain, several statements in a line say, there is none.

use rustpython_parser::ast::{self, Expr, Stmt};

use crate::check::bind::Binder;
use crate::diagnostic::{Code, Fix};
use crate::source::{SourceFile, Span};
use crate::syntax::span;

/// Another name in place of one.
pub(super) fn rename(place: Span, name: &str) -> Fix {
    Fix::new(format!("write `{name}`"), place, name).maybe()
}

/// A path in place of a name, and the import that it needs.
pub(super) fn qualified(file: &SourceFile, first: Span, place: Span, path: &str, import: Option<&str>) -> Fix {
    let fix = Fix::new(format!("write `{path}`"), place, path);
    match import {
        Some(import) => {
            let (at, text) = import_edit(file, first, import);
            fix.edit(at, text)
        }
        None => fix,
    }
}

/// An import at the top of the file.
pub(super) fn import(file: &SourceFile, first: Span, import: &str) -> Fix {
    let (at, text) = import_edit(file, first, import);
    Fix::new(format!("add `{import}`"), at, text)
}

/// Where an import goes: above the import of brrr, else above the function.
fn import_edit(file: &SourceFile, function: Span, import: &str) -> (Span, String) {
    let mut at = 0;
    for line in file.text().split_inclusive('\n') {
        if at >= function.start as usize {
            break;
        }
        if line.starts_with("from brrr ") || line.starts_with("import brrr") {
            return (Span::new(at as u32, at as u32), format!("{import}\n"));
        }
        at += line.len();
    }
    let start = file.line_span(file.line(function.start)).start;
    let indent = indent(file, function.start).unwrap_or_default();
    (Span::new(start, start), format!("{indent}{import}\n"))
}

/// What stands before a place in its line, if that is white space only.
fn indent(file: &SourceFile, at: u32) -> Option<&str> {
    let line = file.line_span(file.line(at));
    let before = file.slice(Span::new(line.start, at));
    before.trim().is_empty().then_some(before)
}

/// The lines of a statement, if it has them for itself.
fn own_lines(file: &SourceFile, place: Span) -> Option<Span> {
    indent(file, place.start)?;
    let (first, last) = (file.line_span(file.line(place.start)), file.line_span(file.line(place.end)));
    let after = file.slice(Span::new(place.end, last.end)).trim();
    (after.is_empty() || after.starts_with('#')).then_some(Span::new(first.start, last.end))
}

impl Binder<'_> {
    /// Adds fixes to what was said about a statement: the diagnostics from number `before` on.
    pub(in crate::check) fn fix_statement(&mut self, statement: &Stmt, before: usize) {
        for at in before..self.diagnostics.len() {
            let (code, place) = (self.diagnostics[at].code, self.diagnostics[at].span());
            if !self.diagnostics[at].fixes.is_empty() {
                continue;
            }
            let fix = match code {
                Code::Print => self.without(statement, place, "remove the `print`").map(Fix::maybe),
                Code::TypeAlias if is_at(statement, place) => self.without(statement, span(statement), "remove it"),
                Code::Import if is_at(statement, place) => self.import_outside(statement),
                Code::Comprehension => self.filled_array(statement, place),
                Code::List => self.tuple_instead(statement, place),
                _ => None,
            };
            self.diagnostics[at].fixes.extend(fix);
        }
        if let Stmt::Return(inner) = statement {
            self.searching_loop(inner, before);
        }
    }

    /// Without an expression statement, or with `pass` where there has to be one.
    fn without(&self, statement: &Stmt, place: Span, message: &str) -> Option<Fix> {
        let whole = span(statement);
        let alone = matches!(statement, Stmt::Expr(inner) if span(&*inner.value) == place) || whole == place;
        if !alone {
            return None;
        }
        if self.stands_alone() {
            return Some(Fix::new(message, whole, "pass"));
        }
        Some(Fix::new(message, self.line_with_break(whole)?, ""))
    }

    /// The lines of a statement with the line break behind them.
    fn line_with_break(&self, place: Span) -> Option<Span> {
        let lines = own_lines(self.file, place)?;
        let rest = self.file.text().get(lines.end as usize..)?;
        let width = if rest.starts_with("\r\n") { 2 } else { u32::from(rest.starts_with(['\n', '\r'])) };
        Some(Span::new(lines.start, lines.end + width))
    }

    /// The import at the top of the file.
    fn import_outside(&self, statement: &Stmt) -> Option<Fix> {
        let place = span(statement);
        let text = self.file.slice(place);
        if text.contains(['\n', '\r']) {
            return None;
        }
        let fix = import(self.file, self.first, text);
        let rest = self.without(statement, place, "")?;
        let moved = rest.edits.into_iter().fold(fix, |fix, edit| fix.edit(edit.span, edit.replacement));
        Some(Fix { message: "import at the top of the file".to_owned(), ..moved })
    }

    /// `xs = [f(i) for i in range(n)]` as an array that a loop fills.
    fn filled_array(&self, statement: &Stmt, place: Span) -> Option<Fix> {
        let (Stmt::Assign(ast::StmtAssign { targets, value, .. }), Some(indent)) =
            (statement, indent(self.file, span(statement).start))
        else {
            return None;
        };
        let ([Expr::Name(name)], Expr::ListComp(inner)) = (targets.as_slice(), &**value) else { return None };
        let [generator] = inner.generators.as_slice() else { return None };
        if span(&**value) != place || !generator.ifs.is_empty() || generator.is_async {
            return None;
        }
        own_lines(self.file, span(statement))?;
        let slice = |expression: &Expr| self.file.slice(span(expression));
        let (target, over, element) = (slice(&generator.target), slice(&generator.iter), slice(&inner.elt));
        if [target, over, element].iter().any(|text| text.contains('\n')) {
            return None;
        }
        let numpy = self.env.name_of_module("np");
        let np = numpy.unwrap_or("np");
        let name = name.id.as_str();
        let (length, header, index) = match (&generator.iter, &generator.target) {
            (Expr::Call(call), Expr::Name(target)) if self.is_range(call) && call.keywords.is_empty() => {
                let [stop] = call.args.as_slice() else { return None };
                (slice(stop).to_owned(), format!("for {target} in {over}:", target = target.id), target.id.to_string())
            }
            (Expr::Name(_), _) => {
                let index = ["i", "j", "k", "at"].into_iter().find(|name| self.local(name).is_none())?;
                let target =
                    if matches!(generator.target, Expr::Tuple(_)) { format!("({target})") } else { target.to_owned() };
                (format!("len({over})"), format!("for {index}, {target} in enumerate({over}):"), index.to_owned())
            }
            _ => return None,
        };
        let dtype =
            if self.is_int(&inner.elt, &generator.target) { format!(", dtype={np}.int64") } else { String::new() };
        let text =
            format!("{name} = {np}.empty({length}{dtype})\n{indent}{header}\n{indent}    {name}[{index}] = {element}");
        let fix = Fix::new("fill an array in a loop", span(statement), text).maybe();
        Some(match numpy {
            Some(_) => fix,
            None => {
                let (at, text) = import_edit(self.file, self.first, "import numpy as np");
                fix.edit(at, text)
            }
        })
    }

    /// True for what is an int as far as one can see: ints, and the target of a loop over a range.
    fn is_int(&self, expression: &Expr, target: &Expr) -> bool {
        match (expression, target) {
            (Expr::Constant(constant), _) => matches!(constant.value, ast::Constant::Int(_)),
            (Expr::Name(name), Expr::Name(target)) => name.id == target.id,
            (Expr::BinOp(inner), _) => {
                !matches!(inner.op, ast::Operator::Div | ast::Operator::Pow)
                    && self.is_int(&inner.left, target)
                    && self.is_int(&inner.right, target)
            }
            (Expr::UnaryOp(inner), _) => self.is_int(&inner.operand, target),
            _ => false,
        }
    }

    /// A list of which only elements are read, as a tuple.
    fn tuple_instead(&self, statement: &Stmt, place: Span) -> Option<Fix> {
        let Stmt::Assign(ast::StmtAssign { value, .. }) = statement else { return None };
        let Expr::List(list) = &**value else { return None };
        let text = self.file.slice(place);
        if span(&**value) != place || list.elts.iter().any(|part| matches!(part, Expr::Starred(_))) {
            return None;
        }
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        let comma = if list.elts.len() == 1 && !inner.trim_end().ends_with(',') { "," } else { "" };
        Some(Fix::new("write a tuple", place, format!("({inner}{comma})")).maybe())
    }

    /// `return any(test for x in xs)` as a loop that returns.
    fn searching_loop(&mut self, statement: &ast::StmtReturn, before: usize) {
        let Some(Expr::Call(call)) = statement.value.as_deref() else { return };
        let (Expr::Name(function), [Expr::GeneratorExp(inner)], []) =
            (&*call.func, call.args.as_slice(), call.keywords.as_slice())
        else {
            return;
        };
        let found = match function.id.as_str() {
            "any" => true,
            "all" => false,
            _ => return,
        };
        let Some(fix) = self.searching(statement, inner, found) else { return };
        let place = span(&call.args[0]);
        let said = self.diagnostics[before..].iter_mut().find(|one| one.code == Code::Generator && one.span() == place);
        if let Some(said) = said {
            said.fixes.push(fix);
        }
    }

    fn searching(&self, statement: &ast::StmtReturn, inner: &ast::ExprGeneratorExp, found: bool) -> Option<Fix> {
        let indent = indent(self.file, span(statement).start)?;
        own_lines(self.file, span(statement))?;
        let [generator] = inner.generators.as_slice() else { return None };
        let mut names = Vec::new();
        crate::syntax::walk::targets(&generator.target, &mut names);
        // In a loop its names are the function's own.
        let clash = names.iter().any(|name| self.local(name).is_some() || self.env.get(name).is_some());
        let slice = |expression: &Expr| self.file.slice(span(expression));
        let (target, over, test) = (slice(&generator.target), slice(&generator.iter), slice(&inner.elt));
        if clash || generator.is_async || [target, over, test].iter().any(|text| text.contains('\n')) {
            return None;
        }
        let mut text = format!("for {target} in {over}:\n");
        let mut depth = format!("{indent}    ");
        for condition in &generator.ifs {
            text += &format!("{depth}if {}:\n", slice(condition));
            depth += "    ";
        }
        let plain = matches!(&*inner.elt, Expr::Compare(_) | Expr::Name(_) | Expr::Call(_));
        let test = match (found, plain) {
            (true, _) => test.to_owned(),
            (false, true) if !matches!(&*inner.elt, Expr::Compare(_)) => format!("not {test}"),
            (false, _) => format!("not ({test})"),
        };
        let (early, late) = if found { ("True", "False") } else { ("False", "True") };
        text += &format!("{depth}if {test}:\n{depth}    return {early}\n{indent}return {late}");
        Some(Fix::new("write the loop", span(statement), text))
    }
}

/// True if a diagnostic is about a statement as a whole.
fn is_at(statement: &Stmt, place: Span) -> bool {
    span(statement).start == place.start
}
