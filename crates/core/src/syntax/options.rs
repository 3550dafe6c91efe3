//! The options of the decorator, as far as they are written out: what it would raise for when the file is loaded.
//!
//! Enters: the decorators of a function. Leaves: a diagnostic for each argument that the decorator does not take.

use rustpython_parser::ast::{self, Constant, Expr};

use super::span;
use crate::diagnostic::{Code, Diagnostic, Fix, nearest};
use crate::source::Span;

const NAMES: [&str; 4] = ["overflow", "fastmath", "fallback", "cache"];
const OVERFLOWS: [&str; 2] = ["exact", "wrap"];
const ALL: &str = "the options are `overflow`, `fastmath`, `fallback` and `cache`";

/// What is wrong with the arguments of a decorator that is brrr's.
pub(super) fn mistakes(decorator: &Expr) -> Vec<Diagnostic> {
    let Expr::Call(call) = decorator else { return Vec::new() };
    let by_position = call.args.iter().filter(|argument| matches!(argument, Expr::Constant(_)));
    let by_position = by_position.map(|argument| {
        new("an option of `brrr` stands without its name".to_owned(), span(argument), "TypeError in Python")
            .help(format!("write `name=value`; {ALL}"))
    });
    by_position.chain(call.keywords.iter().filter_map(option)).collect()
}

fn new(message: String, place: Span, label: &str) -> Diagnostic {
    Diagnostic::new(Code::Option, message, place, label)
}

/// What is wrong with one option.
fn option(keyword: &ast::Keyword) -> Option<Diagnostic> {
    let written = keyword.arg.as_ref()?.as_str();
    let start = span(keyword).start;
    let name = Span::new(start, start + written.len() as u32);
    if !NAMES.contains(&written) {
        let diagnostic = new(format!("`brrr` has no option `{written}`"), name, "TypeError in Python");
        return Some(match nearest(written, NAMES.into_iter()) {
            Some(near) => diagnostic
                .help(format!("is it `{near}`? {ALL}"))
                .fix(Fix::new(format!("write `{near}`"), name, near).maybe()),
            None => diagnostic.help(ALL),
        });
    }
    // What is not written out, the running program knows.
    let Expr::Constant(ast::ExprConstant { value, .. }) = &keyword.value else { return None };
    let place = span(&keyword.value);
    match (written, value) {
        ("overflow", Constant::Str(text)) if OVERFLOWS.contains(&text.as_str()) => None,
        ("overflow", value) => {
            let raises = if matches!(value, Constant::Str(_)) { "ValueError in Python" } else { "TypeError in Python" };
            let message = "`overflow` is \"exact\" or \"wrap\"".to_owned();
            let help = "with \"exact\" ints are Python's, with \"wrap\" they are C's of 64 bits";
            let near = match value {
                Constant::Str(text) => nearest(text, OVERFLOWS.into_iter()),
                _ => None,
            };
            let fix = near.map(|near| Fix::new(format!("write \"{near}\""), place, format!("\"{near}\"")).maybe());
            Some(new(message, place, raises).help(help).maybe_fix(fix))
        }
        (_, Constant::Bool(_)) => None,
        (option, _) => {
            let message = format!("`{option}` is True or False");
            Some(new(message, place, "TypeError in Python").help(format!("write `{option}=True` or leave it out")))
        }
    }
}
