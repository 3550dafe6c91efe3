//! What is said about the place under the pointer.

use std::fmt::Write as _;

use brrr_core::listing::Listing;
use brrr_core::ops::{Op, overloads};
use brrr_core::outside::{Callee, Outside};
use brrr_core::query::Located;
use brrr_core::query::function::{Candidate, Function, Origin, Typed};
use brrr_core::query::hover::{Answer, CallAnswer, Reason, outside_text};
use brrr_core::query::inner::Inner;
use brrr_core::source::Span;
use brrr_core::types::{ArrayType, Layout, Type, TypeSet};
use tower_lsp::lsp_types as lsp;

use super::{View, kept};
use crate::library::path_of;

/// Rows of the table that are shown, at the most.
const MOST_ROWS: usize = 6;

/// Lines of IR that are shown, at the most.
const MOST_LINES: usize = 10;

/// What is known about a position, as Markdown.
#[must_use]
pub fn hover(view: &View, position: lsp::Position) -> Option<lsp::Hover> {
    let offset = view.offset(position);
    let located = view.version.snapshot.function_at(offset)?;
    let candidate = view.chosen(located);
    let typed = located.function.typed(&candidate.signature);
    let within = offset.checked_sub(located.start)?;
    let function = located.function;
    let on_header = function.decorator().contains(within) || function.name_span().contains(within);
    let inner = typed.inner_at(within).filter(|inner| inner.header.name.contains(within));
    let (mut text, span) = if on_header {
        (signatures(view, located), function.decorator())
    } else if let Some(inner) = inner {
        (calls_of(located, inner), inner.header.name)
    } else {
        let outside = outside(view, located, &typed, within);
        let answer = function.hover(&typed, within);
        match (outside, answer) {
            (Some((mut text, span)), answer) => {
                if let Some(answer) = answer.filter(|answer| answer.operation.is_some()) {
                    let _ = write!(text, "\n\nhere `{}`", inline(&answer));
                }
                (text, span)
            }
            (None, Some(answer)) => (described(view, located, &candidate, &typed, &answer), answer.span),
            (None, None) => return None,
        }
    };
    if view.settings.hover_ir
        && !on_header
        && let Some(lines) = ir_of_line(function, &candidate, &typed, within)
    {
        let _ = write!(text, "\n\n---\n```brrr-ir\n{lines}\n```");
    }
    let contents = lsp::HoverContents::Markup(lsp::MarkupContent { kind: lsp::MarkupKind::Markdown, value: text });
    Some(lsp::Hover { contents, range: Some(view.lines().exact(located.place(span))) })
}

/// `int (i64)`, or the one name if both are the same.
#[must_use]
pub fn types_text(types: TypeSet) -> String {
    let (python, machine) = (types.python(), types.machine());
    if python == machine { python } else { format!("{python} ({machine})") }
}

fn inline(answer: &Answer) -> String {
    let types = answer.types.map(types_text).unwrap_or_default();
    format!("{}: {types}", one_line(&answer.text))
}

fn one_line(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    if first.len() == text.len() { first.to_owned() } else { format!("{first} ...") }
}

fn described(view: &View, located: Located<'_>, candidate: &Candidate, typed: &Typed, answer: &Answer) -> String {
    let mut text = String::new();
    let call = located.function.call_at(typed, answer.span.start).filter(|call| call.span.start == answer.span.start);
    match answer.types {
        // What is called is better known by the call.
        Some(types) if is_function(types) && call.is_some() => {
            let _ = write!(text, "```python\n{}\n```", call.map(|call| call.text()).unwrap_or_default());
        }
        Some(types) if types.is_empty() => {
            let _ = write!(text, "```python\n{}\n```\nnever reached by compiled code", one_line(&answer.text));
        }
        Some(types) => {
            let _ = write!(text, "```python\n{}: {}\n```", one_line(&answer.text), types_text(types));
        }
        None => {
            let _ = write!(text, "```python\n{}\n```", one_line(&answer.text));
        }
    }
    if let Some(known) = &answer.known {
        let _ = write!(text, "\n\nknown: `{known}`");
    }
    let reasons = reasons(view, located, candidate, typed, answer);
    if !reasons.is_empty() {
        let _ = write!(text, "\n\n{}", reasons.join("  \n"));
    }
    if let Some(types) = answer.types {
        let calls = typed.inner_at(answer.span.start).map_or(0, |inner| inner.calls.len());
        if types.is_tagged() && calls > 1 {
            let _ = write!(text, "\n\n{calls} calls together, each of which is compiled for its own types");
        } else if types.is_tagged() {
            text.push_str("\n\na tagged value: each operation on it looks at its tag first");
        }
        for array in types.iter().filter_map(|one| if let Type::Array(array) = one { Some(array) } else { None }) {
            let _ = write!(text, "\n\n{}", array_text(array));
        }
    }
    if let Some(operation) = &answer.operation {
        for row in operation.rows.iter().take(MOST_ROWS) {
            let _ = write!(text, "\n\n{}", row_text(row));
        }
    }
    text
}

/// Why a name has its type: the lines that decided.
fn reasons(view: &View, located: Located<'_>, candidate: &Candidate, typed: &Typed, answer: &Answer) -> Vec<String> {
    let lines = view.lines();
    let said = |reason: &Reason| {
        let types = reason.types.machine();
        if reason.is_parameter {
            let at = located.function.parameters().position(|(_, span, _)| span == reason.span);
            let inner = typed.inner_at(reason.span.start).filter(|_| at.is_none());
            let origin = at.and_then(|at| candidate.origins.get(at).copied()).unwrap_or(Origin::Assumed);
            let origin =
                inner.map_or_else(|| origin.text().to_owned(), |inner| format!("the calls of `{}`", inner.name()));
            return format!("`{types}` as a parameter, from {origin}");
        }
        let line = lines.line(located.place(reason.span).start as usize);
        format!("`{types}` since line {}: `{}`", line + 1, lines.content(line).trim())
    };
    answer.reasons.iter().map(said).collect()
}

/// True for one function of the user's, as a value.
fn is_function(types: TypeSet) -> bool {
    matches!(types.single(), Some(Type::Function(_)))
}

/// What a function within a brrr function is called with there.
fn calls_of(located: Located<'_>, inner: &Inner) -> String {
    let around = located.function.name();
    if inner.calls.is_empty() {
        return format!("```python\n{}\n```\n\nno call of it is compiled with `{around}`", inner.name());
    }
    let signatures =
        inner.calls.iter().map(|(signature, result)| format!("{}{}", inner.name(), signature.python(*result)));
    let signatures = signatures.collect::<Vec<_>>().join("\n");
    format!("```python\n{signatures}\n```\n\ncompiled with `{around}`, which it is a part of")
}

/// How an array lies in memory.
fn array_text(array: ArrayType) -> String {
    let layout = match (array.layout, array.ndim) {
        (Layout::C, 0 | 1) => "without gaps",
        (Layout::C, _) => "rows without gaps (C order)",
        (Layout::F, _) => "columns without gaps (Fortran order)",
        (Layout::Strided, _) => "any strides, which are loaded with the array",
    };
    let dimensions = if array.ndim == 1 { "1 dimension".to_owned() } else { format!("{} dimensions", array.ndim) };
    let size = array.dtype.size();
    let write = if array.writable { "" } else { ", read-only" };
    let view = if array.view { ", a part of another array" } else { "" };
    format!("{dimensions}, {size} bytes an element, {layout}{write}{view}")
}

fn row_text(row: &Op) -> String {
    let params = row.params.iter().map(|one| one.python()).collect::<Vec<_>>().join(", ");
    let mut text = format!("`{}` `({params}) -> {}`: {}", row.name, row.result.python(), row.doc);
    if !row.leaves_if.is_empty() {
        let leaves = row.leaves_if.iter().map(|leave| leave.text()).collect::<Vec<_>>().join(", ");
        let _ = write!(text, "  \nleaves compiled code: {leaves}");
    }
    text
}

/// What a name from outside of the function means: a builtin, a function of a module, another brrr function, a constant.
fn outside(view: &View, located: Located<'_>, typed: &Typed, within: u32) -> Option<(String, Span)> {
    let (path, span) = path_at(located.function, within)?;
    let env = located.function.env();
    let (first, rest) = path.split_once('.').map_or((path.as_str(), None), |(first, rest)| (first, Some(rest)));
    if located.function.is_local(first) {
        return None;
    }
    let means = match rest {
        Some(rest) => env.attribute(first, rest)?,
        None => env.meaning(first),
    };
    match means {
        Outside::Callee(callee) => {
            let call = located.function.call_at(typed, within).filter(|call| call.callee.key == callee.key);
            Some((self::callee(view, &callee, call.as_ref())?, span))
        }
        Outside::Function(known) => {
            let mut rows = overloads(known).map(|op| op.row()).filter(|row| !row.is_internal()).collect::<Vec<_>>();
            rows.dedup_by_key(|row| row.doc);
            let mut text = format!("```python\n{known}(...)\n```");
            for row in rows.iter().take(MOST_ROWS) {
                let _ = write!(text, "\n\n{}", row_text(row));
            }
            if rows.len() > MOST_ROWS {
                let _ = write!(text, "\n\nand for {} more choices of types", rows.len() - MOST_ROWS);
            }
            Some((text, span))
        }
        Outside::Constant(constant) => {
            let value = outside_text(&constant)?;
            let text = format!(
                "```python\n{path} = {value}\n```\n\na constant in compiled code, looked at again before each call"
            );
            Some((text, span))
        }
        _ => None,
    }
}

/// The name, or the name with an attribute, at a place.
fn path_at(function: &Function, within: u32) -> Option<(String, Span)> {
    let text = function.file().text();
    let is_part = |one: char| one.is_alphanumeric() || one == '_';
    let at = within as usize;
    text.is_char_boundary(at).then_some(())?;
    let start = text[..at]
        .rfind(|one| !is_part(one))
        .map_or(0, |before| before + text[before..].chars().next().map_or(1, char::len_utf8));
    let end = at + text[at..].find(|one| !is_part(one)).unwrap_or(text.len() - at);
    let name = text.get(start..end).filter(|name| name.starts_with(|one: char| one.is_alphabetic() || one == '_'))?;
    let span = Span::new(start as u32, end as u32);
    let Some(before) = text[..start].strip_suffix('.') else { return Some((name.to_owned(), span)) };
    let of =
        before.rfind(|one| !is_part(one)).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
    let module = &before[of..];
    (!module.is_empty()).then(|| (format!("{module}.{name}"), span))
}

/// A function that is called: what the call is compiled for, or what the function is shown for; where it is.
fn callee(view: &View, callee: &Callee, call: Option<&CallAnswer>) -> Option<String> {
    let snapshot = &view.version.snapshot;
    let name = &callee.name;
    let (signature, place) = match snapshot.foreigner(callee) {
        Some(one) => {
            let function = &one.function;
            let kind =
                if function.is_plain() { "a plain function, compiled with its callers" } else { "a brrr function" };
            let line = one.file.line(one.start + function.name_span().start);
            let is_here = one.file.path() == snapshot.file().path();
            let file = one.path.rsplit('/').next().unwrap_or(&one.path);
            let file = match (is_here, one.cell) {
                (true, _) => String::new(),
                (false, true) => " of another cell".to_owned(),
                (false, false) => format!(" of `{file}`"),
            };
            let typed = function.typed(function.annotated());
            (function.text_of(&typed), format!("{kind}, on line {line}{file}"))
        }
        None => {
            let other = snapshot.function_named(name)?;
            let candidate = view.chosen(other);
            let typed = other.function.typed(&candidate.signature);
            let line = view.lines().line(other.span().start as usize) + 1;
            (other.function.text_of(&typed), format!("a brrr function, on line {line}"))
        }
    };
    let signature = call.map_or_else(|| format!("{name}{signature}"), CallAnswer::text);
    Some(format!("```python\n{signature}\n```\n\n{place}"))
}

/// All that is known about the calls of a function.
fn signatures(view: &View, located: Located<'_>) -> String {
    let (all, chosen) = view.candidates(located);
    let function = located.function;
    let mut text = String::from("```python\n");
    for (at, candidate) in all.iter().enumerate() {
        let typed = function.typed(&candidate.signature);
        let mark = if at == chosen && all.len() > 1 { "  # shown" } else { "" };
        let _ = writeln!(text, "{}{}{mark}", function.name(), function.text_of(&typed));
    }
    text.push_str("```");
    let origins = function.parameters().zip(&all[chosen].origins);
    let origins = origins.map(|((name, ..), origin)| format!("`{name}` from {}", origin.text())).collect::<Vec<_>>();
    if !origins.is_empty() {
        let _ = write!(text, "\n\n{}", origins.join(", "));
    }
    if function.is_refused() {
        text.push_str("\n\nit cannot be compiled: see its errors");
    }
    for seen in view.seen_of(located) {
        let _ = write!(text, "\n\n{}", seen.text());
    }
    if let Some(kept) = path_of(view.uri.as_str()).and_then(|path| kept::text(&path, function)) {
        let _ = write!(text, "\n\n{kept}");
    }
    text
}

/// The typed IR that comes from one line.
fn ir_of_line(function: &Function, candidate: &Candidate, typed: &Typed, within: u32) -> Option<String> {
    let file = function.file();
    let wanted = file.line(within);
    let unit = function.unit(&candidate.signature).ok()?;
    let inner = typed.inner_at(within).filter(|inner| within >= inner.header.end);
    let placed = unit.functions.iter().enumerate().filter(|(at, one)| *at == 0 || one.within);
    let mut placed = placed.map(|(_, one)| one).collect::<Vec<_>>();
    // A function within it has its own, or is done in place of its calls.
    placed.sort_by_key(|one| inner.is_some_and(|inner| one.name != inner.name()));
    let of_line = placed.into_iter().map(|one| {
        let listing = Listing::typed(one, |span| file.line(span.start));
        let of_line = listing.text.lines().zip(&listing.lines).filter(|(_, line)| **line == Some(wanted));
        let of_line = of_line.map(|(text, _)| text.trim().to_owned());
        of_line.filter(|text| !text.starts_with("exit ")).collect::<Vec<_>>()
    });
    let of_line = of_line.into_iter().find(|of_line| !of_line.is_empty()).unwrap_or_default();
    let mut shown = of_line.iter().take(MOST_LINES).map(String::as_str).collect::<Vec<_>>().join("\n");
    if of_line.len() > MOST_LINES {
        let _ = write!(shown, "\n# and {} more", of_line.len() - MOST_LINES);
    }
    (!of_line.is_empty()).then_some(shown)
}
