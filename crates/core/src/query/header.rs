//! What stands above the body of a function, as text has it.
//!
//! Enters: decorators, or a syntax tree with its file. Leaves: the options that the decorator is told, and where the parameters end.

use rustpython_parser::ast::{self, Expr};

use crate::backend::{Options, Overflow};
use crate::source::{SourceFile, Span};
use crate::syntax::{self, span};

/// The options in `@brrr(overflow="wrap", fastmath=True)`.
pub(super) fn options(decorators: &[Expr]) -> Options {
    let mut options = Options::default();
    for decorator in decorators {
        let Expr::Call(call) = decorator else { continue };
        for keyword in &call.keywords {
            let Expr::Constant(ast::ExprConstant { value, .. }) = &keyword.value else { continue };
            match (keyword.arg.as_deref(), value) {
                (Some("overflow"), ast::Constant::Str(text)) if text == "wrap" => options.overflow = Overflow::Wrap,
                (Some("fastmath"), ast::Constant::Bool(value)) => options.fastmath = *value,
                _ => {}
            }
        }
    }
    options
}

/// Behind the bracket that closes the parameters.
pub(super) fn header_end(file: &SourceFile, function: &syntax::Function) -> u32 {
    end_of_parameters(file, &function.ast.args, function.name_span.end, function.span.end)
}

/// Behind the last parameter, its default or its annotation; `None` if there is none.
pub(super) fn last_of(arguments: &ast::Arguments) -> Option<u32> {
    let plain = arguments.posonlyargs.iter().chain(&arguments.args).chain(&arguments.kwonlyargs);
    let ends = plain.map(|one| one.default.as_deref().map_or(span(&one.def).end, |one| span(one).end));
    let starred = [&arguments.vararg, &arguments.kwarg].into_iter().flatten().map(|one| span(&**one).end);
    ends.chain(starred).max()
}

/// Behind the bracket that closes the parameters of a `def` whose name and body end there.
pub(super) fn end_of_parameters(file: &SourceFile, arguments: &ast::Arguments, name: u32, end: u32) -> u32 {
    let last = last_of(arguments).unwrap_or(name);
    let rest = file.slice(Span::new(last, end));
    let mut in_comment = false;
    for (at, one) in rest.char_indices() {
        match one {
            '\n' => in_comment = false,
            '#' => in_comment = true,
            ')' if !in_comment => {
                // A default in brackets of its own ends before them.
                let behind = rest[at + 1..].trim_start();
                if behind.starts_with(':') || behind.starts_with("->") {
                    return last + at as u32 + 1;
                }
            }
            _ => {}
        }
    }
    last
}

/// True unless the decorator is told `cache=False`.
pub(super) fn is_kept(decorators: &[Expr]) -> bool {
    let calls = decorators.iter().filter_map(Expr::as_call_expr);
    let mut keywords = calls.flat_map(|call| &call.keywords);
    !keywords.any(|keyword| {
        let is_false = |value: &Expr| matches!(value, Expr::Constant(one) if one.value == ast::Constant::Bool(false));
        keyword.arg.as_deref().is_some_and(|name| name == "cache") && is_false(&keyword.value)
    })
}
