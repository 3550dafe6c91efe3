//! What is said about constructs that cannot be compiled: a part of [`super::bind`].
//!
//! Enters: the construct that the binder does not take. Leaves: one diagnostic, which says what it is, why it is not compiled and
//! what to write instead, and a fix where one is known. What is within is bound all the same, so that every mistake of a function
//! is reported; names that a refused construct would have bound are not reported again where they are read.

mod annotations;
mod calls;
mod fixes;
mod words;

use rustpython_parser::ast::{self, Expr, Stmt};

use super::bind::Binder;
use super::flow::Arg;
use crate::diagnostic::{Code, Diagnostic, nearest};
use crate::ir::Constant;
use crate::source::Span;
use crate::syntax::{identifier, span, walk};

const NONE: Arg = Arg::Constant(Constant::None);

/// What a walk has to remember to say things once, and to the point.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// Names that refused constructs would have bound.
    names: Vec<String>,
    /// True if the statement at hand stands alone in its block.
    alone: bool,
}

impl Binder<'_> {
    /// The diagnostic of a construct that is always refused.
    fn refusal(&self, code: Code, place: Span) -> Diagnostic {
        let words = words::of(code);
        Diagnostic::new(code, format!("{} cannot be compiled", words.what), place, words.why).help(words.instead)
    }

    /// Refuses a construct that is always refused.
    pub(super) fn refuse_as(&mut self, code: Code, place: Span) -> Arg {
        let of_text = |code| matches!(code, Code::String | Code::FString | Code::OutsideString);
        let line = self.file.line(place.start);
        let said = |one: &Diagnostic| of_text(one.code) && self.file.line(one.span().start) == line;
        // One word about text is enough for a line.
        if of_text(code) && self.diagnostics.iter().any(said) {
            return NONE;
        }
        let diagnostic = self.refusal(code, place);
        self.diagnostics.push(diagnostic);
        NONE
    }

    /// Refuses what has no code of its own.
    pub(super) fn refuse(&mut self, place: Span, what: &str, help: &str) -> Arg {
        self.refuse_with(Code::Expression, place, what, "not supported", help)
    }

    /// Refuses something in words of its own.
    pub(super) fn refuse_with(&mut self, code: Code, place: Span, what: &str, why: &str, help: &str) -> Arg {
        let message = format!("{what} cannot be compiled");
        self.diagnostics.push(Diagnostic::new(code, message, place, why).help(help));
        NONE
    }

    /// `return lambda`: the function is one that makes functions.
    pub(super) fn returned_lambda(&mut self, place: Span) -> Arg {
        let help = "make it a `def` under `@brrr`, and leave the function that makes and returns it a plain one";
        self.refuse_with(Code::Lambda, place, "this lambda", words::of(Code::Lambda).why, help)
    }

    /// True if a name is bound by something that was refused: there is nothing more to say about it.
    pub(super) fn is_refused(&self, name: &str) -> bool {
        self.refused.names.iter().any(|known| known == name)
    }

    /// Notes that a refused construct binds a name.
    fn refused_name(&mut self, name: &str) {
        let name = identifier(name);
        if !self.is_refused(&name) {
            self.refused.names.push(name);
        }
    }

    fn refused_target(&mut self, target: &Expr) {
        let mut names = Vec::new();
        walk::targets(target, &mut names);
        names.iter().for_each(|name| self.refused_name(name));
    }

    /// True if the statement at hand is all there is in its block.
    fn stands_alone(&self) -> bool {
        self.refused.alone
    }

    /// A statement begins that stands in a block of so many.
    pub(super) fn stands_among(&mut self, statements: usize) {
        self.refused.alone = statements == 1;
    }

    pub(super) fn refuse_statement(&mut self, statement: &Stmt) {
        let whole = span(statement);
        let first_line = self.file.slice(whole).lines().next().unwrap_or("").trim_end().len() as u32;
        let place = Span::new(whole.start, whole.start + first_line);
        match statement {
            Stmt::FunctionDef(def) => {
                self.refused_name(&def.name);
                self.refuse_as(Code::Nested, place);
            }
            Stmt::AsyncFunctionDef(def) => {
                self.refused_name(&def.name);
                self.refuse_as(Code::Async, place);
            }
            Stmt::ClassDef(class) => {
                self.refused_name(&class.name);
                self.refuse_as(Code::Class, place);
            }
            Stmt::TypeAlias(alias) => {
                self.refused_target(&alias.name);
                self.refuse_as(Code::TypeAlias, place);
            }
            Stmt::Import(import) => {
                self.imported(&import.names);
                self.refuse_as(Code::Import, place);
            }
            Stmt::ImportFrom(import) => {
                self.imported(&import.names);
                self.refuse_as(Code::Import, place);
            }
            Stmt::AsyncFor(inner) => {
                self.refused_target(&inner.target);
                self.refuse_as(Code::Async, place);
                self.skip_bodies(&inner.body, &inner.orelse);
            }
            Stmt::AsyncWith(inner) => self.with(&inner.items, &inner.body, Code::Async, place),
            Stmt::With(inner) => self.with(&inner.items, &inner.body, Code::With, place),
            Stmt::Try(inner) => {
                let bodies = [&inner.body, &inner.orelse, &inner.finalbody];
                self.tried(&inner.handlers, bodies, place);
            }
            Stmt::TryStar(inner) => {
                let bodies = [&inner.body, &inner.orelse, &inner.finalbody];
                self.tried(&inner.handlers, bodies, place);
            }
            _ => {
                let message = "this statement cannot be compiled";
                let diagnostic = Diagnostic::new(Code::Statement, message, place, "not supported");
                self.diagnostics.push(diagnostic.help("use assignments, loops and branches"));
            }
        }
    }

    fn with(&mut self, items: &[ast::WithItem], body: &[Stmt], code: Code, place: Span) {
        items.iter().filter_map(|item| item.optional_vars.as_deref()).for_each(|target| self.refused_target(target));
        self.refuse_as(code, place);
        self.body(body);
    }

    fn tried(&mut self, handlers: &[ast::ExceptHandler], bodies: [&Vec<Stmt>; 3], place: Span) {
        for ast::ExceptHandler::ExceptHandler(handler) in handlers {
            handler.name.iter().for_each(|name| self.refused_name(name));
        }
        self.refuse_as(Code::Try, place);
        bodies.into_iter().for_each(|body| self.body(body));
        for ast::ExceptHandler::ExceptHandler(handler) in handlers {
            self.body(&handler.body);
        }
    }

    fn imported(&mut self, names: &[ast::Alias]) {
        for alias in names {
            let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
            self.refused_name(name.split('.').next().unwrap_or(name));
        }
    }

    /// `global` and `nonlocal`: of names that are only read they say nothing new.
    pub(super) fn declaration(&mut self, code: Code, names: &[ast::Identifier], place: Span) {
        let is_refused = |name: &&ast::Identifier| {
            let is_shared = code == Code::Nonlocal && self.shared.contains(&identifier(name.as_str()));
            self.local(name.as_str()).is_some() && !is_shared
        };
        let Some(written) = names.iter().find(is_refused) else { return };
        let (word, whose) = match code {
            Code::Global => ("global", "the module's"),
            _ => ("nonlocal", "the enclosing function's"),
        };
        let message = format!("`{word} {written}` cannot be compiled: the function writes `{written}`");
        let diagnostic = Diagnostic::new(code, message, place, format!("{whose} variable, which others can see"));
        let help = format!("pass `{written}` as an argument and return the new value");
        self.diagnostics.push(diagnostic.help(help));
    }

    /// Refuses a target that is neither a name nor an element, nor several of them.
    pub(super) fn refuse_target(&mut self, target: &Expr) {
        match target {
            Expr::Attribute(attribute) => {
                let words = words::of(Code::AttributeTarget);
                let message = format!("assignment to the attribute `{}` cannot be compiled", attribute.attr);
                let diagnostic = Diagnostic::new(Code::AttributeTarget, message, span(target), words.why);
                self.diagnostics.push(diagnostic.help(words.instead));
            }
            Expr::Starred(_) => drop(self.refuse_as(Code::StarredTarget, span(target))),
            _ => {
                let message = "assignment to this target cannot be compiled";
                let diagnostic = Diagnostic::new(Code::Target, message, span(target), "not supported");
                self.diagnostics.push(diagnostic.help("assign to a local name"));
            }
        }
    }

    /// Names that take another number of values.
    pub(super) fn refuse_unpacking(&mut self, least: Option<usize>, names: usize, values: usize, place: Span) {
        let message = match least {
            Some(least) => format!("at least {least} values are needed, and there are {values}"),
            None => format!("{names} names cannot take {values} values"),
        };
        let diagnostic = Diagnostic::new(Code::Unpacking, message, place, "ValueError in Python");
        self.diagnostics
            .push(diagnostic.help("write as many names as values; `*_` takes any number that is not needed"));
    }

    pub(super) fn refuse_expression(&mut self, expression: &Expr) -> Arg {
        let place = span(expression);
        let code = match expression {
            Expr::Lambda(_) => Code::Lambda,
            Expr::Dict(_) | Expr::DictComp(_) => Code::Dict,
            Expr::Set(_) | Expr::SetComp(_) => Code::Set,
            Expr::List(_) => Code::List,
            Expr::ListComp(_) => Code::Comprehension,
            Expr::GeneratorExp(_) => Code::Generator,
            Expr::Tuple(tuple) => {
                let starred = tuple.elts.iter().find(|part| matches!(part, Expr::Starred(_)));
                return self.refuse_as(Code::StarredValue, starred.map_or(place, span));
            }
            Expr::Starred(_) => Code::StarredValue,
            Expr::Await(_) => Code::Async,
            Expr::Yield(_) | Expr::YieldFrom(_) => Code::Yield,
            Expr::JoinedStr(_) | Expr::FormattedValue(_) => Code::FString,
            Expr::Slice(_) => {
                return self.refuse(place, "a slice", "write it in brackets behind an array");
            }
            _ => return self.refuse(place, "this expression", "use numbers, comparisons and arithmetic"),
        };
        let value = self.refuse_as(code, place);
        // What stands in a display is looked at; a comprehension or a lambda has names of its own.
        let parts: &[Expr] = match expression {
            Expr::List(list) => &list.elts,
            Expr::Set(set) => &set.elts,
            Expr::Dict(dict) => &dict.values,
            _ => &[],
        };
        for part in parts.iter().filter(|part| !matches!(part, Expr::Starred(_))) {
            self.expression(part);
        }
        value
    }

    /// `x.name`, which is no attribute of numbers or arrays.
    pub(super) fn refuse_attribute(&mut self, attribute: &ast::ExprAttribute) -> Arg {
        let base = self.file.slice(span(&*attribute.value));
        let (name, place) = (attribute.attr.as_str(), span(attribute));
        if let Expr::Name(name) = &*attribute.value
            && self.is_refused(&identifier(name.id.as_str()))
        {
            return NONE;
        }
        let before = self.diagnostics.len();
        // What the attribute is of may be what is wrong; one word about a chain is enough.
        if !matches!(&*attribute.value, Expr::Name(name) if self.local(name.id.as_str()).is_none()) {
            self.expression(&attribute.value);
        }
        if self.diagnostics[before..].iter().any(Diagnostic::is_error) {
            return NONE;
        }
        let known = super::call::attributes().map(|known| known.trim_start_matches('.'));
        let words = words::of(Code::Attribute);
        let message = format!("the attribute `.{name}` cannot be compiled");
        let mut diagnostic = Diagnostic::new(Code::Attribute, message, place, words.why);
        let of_dtype = base.len() <= 40 && (base == "dtype" || base.ends_with(".dtype"));
        diagnostic = match nearest(name, known) {
            _ if of_dtype => diagnostic.help(format!("compare the dtype itself: `{base} == np.float64`")),
            _ if name == "flat" => diagnostic.help("write `a.ravel()`, or `for index, x in np.ndenumerate(a):`"),
            Some(near) => {
                let at = Span::new(place.end - name.len() as u32, place.end);
                diagnostic.help(format!("there is `.{near}`")).fix(fixes::rename(at, near))
            }
            None => {
                let short = base.len() <= 40 && !base.contains('\n');
                let value = if short { format!("the value of `{base}.{name}`") } else { "its value".to_owned() };
                diagnostic.help(format!("pass {value} as an argument of the function"))
            }
        };
        self.diagnostics.push(diagnostic);
        NONE
    }
}
