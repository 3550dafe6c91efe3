//! Names of a module: which ones mean the decorator, which functions stand under it, which names the module binds.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustpython_parser::ast::{self, Expr, Stmt};
use unicode_normalization::UnicodeNormalization;

use super::{Function, Module, not_a_function, span};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::types::Env;

/// A name as Python compares it: identifiers are normalised to NFKC.
pub(crate) fn identifier(name: &str) -> String {
    if name.is_ascii() { name.to_owned() } else { name.nfkc().collect() }
}

/// What the decorator is called in a file.
#[derive(Debug, Default)]
pub(super) struct Decorators {
    /// `brrr` of `from brrr import brrr`.
    functions: BTreeSet<String>,
    /// `brrr` of `import brrr`.
    modules: BTreeSet<String>,
}

impl Decorators {
    /// Takes note of the imports in a statement, nested ones included.
    pub(super) fn imports(&mut self, statement: &Stmt) {
        match statement {
            Stmt::ImportFrom(import) if import.module.as_ref().is_some_and(|module| module.as_str() == "brrr") => {
                for alias in import.names.iter().filter(|alias| matches!(alias.name.as_str(), "brrr" | "*")) {
                    self.functions.insert(alias.asname.as_ref().map_or("brrr", |name| name.as_str()).to_owned());
                }
            }
            Stmt::Import(import) => {
                for alias in import.names.iter().filter(|alias| alias.name.as_str() == "brrr") {
                    self.modules.insert(alias.asname.as_ref().map_or("brrr", |name| name.as_str()).to_owned());
                }
            }
            _ => blocks(statement).into_iter().flatten().for_each(|inner| self.imports(inner)),
        }
    }

    /// True for `@brrr`, `@brrr(...)`, `@brrr.brrr`, `@brrr.brrr(...)` under any import.
    fn matches(&self, decorator: &Expr) -> bool {
        match decorator {
            Expr::Call(call) => self.matches(&call.func),
            Expr::Name(name) => self.functions.contains(name.id.as_str()),
            Expr::Attribute(attribute) => {
                attribute.attr.as_str() == "brrr"
                    && matches!(&*attribute.value, Expr::Name(name) if self.modules.contains(name.id.as_str()))
            }
            _ => false,
        }
    }

    /// The same for a line of text that may not parse.
    pub(super) fn is_line(&self, line: &str) -> bool {
        let Some(decorator) = line.trim().strip_prefix('@') else { return false };
        let decorator = decorator.split(['(', '#']).next().unwrap_or("").trim();
        let module = decorator.strip_suffix(".brrr").map(str::trim);
        self.functions.contains(decorator) || module.is_some_and(|module| self.modules.contains(module))
    }
}

/// The blocks of statements within a statement.
pub(crate) fn blocks(statement: &Stmt) -> Vec<&[Stmt]> {
    match statement {
        Stmt::FunctionDef(def) => vec![&def.body],
        Stmt::AsyncFunctionDef(def) => vec![&def.body],
        Stmt::ClassDef(class) => vec![&class.body],
        Stmt::For(inner) => vec![&inner.body, &inner.orelse],
        Stmt::AsyncFor(inner) => vec![&inner.body, &inner.orelse],
        Stmt::While(inner) => vec![&inner.body, &inner.orelse],
        Stmt::If(inner) => vec![&inner.body, &inner.orelse],
        Stmt::With(inner) => vec![&inner.body],
        Stmt::AsyncWith(inner) => vec![&inner.body],
        Stmt::Match(inner) => inner.cases.iter().map(|case| case.body.as_slice()).collect(),
        Stmt::Try(inner) => {
            let handlers =
                inner.handlers.iter().map(|ast::ExceptHandler::ExceptHandler(handler)| handler.body.as_slice());
            [inner.body.as_slice(), &inner.orelse, &inner.finalbody].into_iter().chain(handlers).collect()
        }
        Stmt::TryStar(inner) => {
            let handlers =
                inner.handlers.iter().map(|ast::ExceptHandler::ExceptHandler(handler)| handler.body.as_slice());
            [inner.body.as_slice(), &inner.orelse, &inner.finalbody].into_iter().chain(handlers).collect()
        }
        _ => Vec::new(),
    }
}

/// Adds the names that a statement binds in its own scope.
pub(super) fn bind(statement: &Stmt, env: &mut Env) {
    match statement {
        Stmt::FunctionDef(def) => drop(env.bound.insert(def.name.to_string())),
        Stmt::AsyncFunctionDef(def) => drop(env.bound.insert(def.name.to_string())),
        Stmt::ClassDef(class) => drop(env.bound.insert(class.name.to_string())),
        Stmt::Import(import) => {
            for alias in &import.names {
                let whole = alias.asname.as_ref().unwrap_or(&alias.name).to_string();
                env.bound.extend(whole.split('.').next().map(str::to_owned));
            }
        }
        Stmt::ImportFrom(import) => {
            for alias in &import.names {
                env.bound.insert(alias.asname.as_ref().unwrap_or(&alias.name).to_string());
            }
        }
        Stmt::Assign(assign) => assign.targets.iter().for_each(|target| bind_target(target, env)),
        Stmt::AnnAssign(assign) => bind_target(&assign.target, env),
        Stmt::AugAssign(assign) => bind_target(&assign.target, env),
        Stmt::For(inner) => bind_target(&inner.target, env),
        _ => {}
    }
    if !matches!(statement, Stmt::FunctionDef(_) | Stmt::AsyncFunctionDef(_) | Stmt::ClassDef(_)) {
        blocks(statement).into_iter().flatten().for_each(|inner| bind(inner, env));
    }
}

/// Adds the names in the target of an assignment.
fn bind_target(target: &Expr, env: &mut Env) {
    match target {
        Expr::Name(name) => drop(env.bound.insert(identifier(name.id.as_str()))),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(|target| bind_target(target, env)),
        Expr::List(list) => list.elts.iter().for_each(|target| bind_target(target, env)),
        Expr::Starred(starred) => bind_target(&starred.value, env),
        _ => {}
    }
}

/// Adds the functions under the decorator in a statement, nested ones included.
pub(super) fn functions(
    statement: Stmt,
    in_class: bool,
    decorators: &Decorators,
    env: &Arc<Env>,
    file: &SourceFile,
    module: &mut Module,
) {
    match statement {
        Stmt::FunctionDef(def) => {
            if def.body.iter().any(holds_definitions) {
                let mut inner = Env::clone(env);
                names_of_parameters(&def.args, &mut inner);
                def.body.iter().for_each(|statement| bind(statement, &mut inner));
                let inner = Arc::new(inner);
                for statement in def.body.iter().filter(|statement| holds_definitions(statement)) {
                    functions(statement.clone(), false, decorators, &inner, file, module);
                }
            }
            if def.decorator_list.iter().any(|decorator| decorators.matches(decorator)) {
                module.functions.push(function(def, in_class, env, file));
            }
        }
        Stmt::AsyncFunctionDef(def) => {
            if def.decorator_list.iter().any(|decorator| decorators.matches(decorator)) {
                module.diagnostics.push(async_def(&def));
            }
            def.body.into_iter().for_each(|inner| functions(inner, false, decorators, env, file, module));
        }
        Stmt::ClassDef(class) => {
            if let Some(decorator) = class.decorator_list.iter().find(|decorator| decorators.matches(decorator)) {
                module.diagnostics.push(not_a_function(span(decorator), "this decorates a class"));
            }
            class.body.into_iter().for_each(|inner| functions(inner, true, decorators, env, file, module));
        }
        other => {
            for inner in blocks(&other).into_iter().flatten().filter(|inner| holds_definitions(inner)) {
                functions(inner.clone(), in_class, decorators, env, file, module);
            }
        }
    }
}

/// An `async def` under the decorator.
pub(super) fn async_def(def: &ast::StmtAsyncFunctionDef) -> Diagnostic {
    let start = span(def).start;
    not_a_function(Span::new(start, start + "async def".len() as u32), "this is an `async def`")
}

fn names_of_parameters(arguments: &ast::Arguments, env: &mut Env) {
    let plain = arguments.posonlyargs.iter().chain(&arguments.args).chain(&arguments.kwonlyargs);
    env.bound.extend(plain.map(|argument| identifier(argument.def.arg.as_str())));
    let starred = [&arguments.vararg, &arguments.kwarg].into_iter().flatten();
    env.bound.extend(starred.map(|argument| identifier(argument.arg.as_str())));
}

/// True if there can be a `def` inside, so that nothing else is copied.
fn holds_definitions(statement: &Stmt) -> bool {
    let definition = matches!(statement, Stmt::FunctionDef(_) | Stmt::AsyncFunctionDef(_) | Stmt::ClassDef(_));
    definition || blocks(statement).into_iter().flatten().any(holds_definitions)
}

/// A function from its tree.
pub(super) fn function(tree: ast::StmtFunctionDef, in_class: bool, env: &Arc<Env>, file: &SourceFile) -> Function {
    let def = span(&tree);
    let first = tree.decorator_list.iter().map(|decorator| span(decorator).start.saturating_sub(1)).min();
    let whole = Span::new(first.unwrap_or(def.start).min(def.start), def.end);
    let after_def = def.start + file.slice(def).find("def").map_or(0, |at| at as u32 + 3);
    let rest = file.slice(Span::new(after_def, def.end));
    let at = after_def + rest.find(tree.name.as_str()).unwrap_or(0) as u32;
    let name_span = Span::new(at, at + tree.name.as_str().len() as u32);
    Function { name: tree.name.to_string(), name_span, span: whole, in_class, env: env.clone(), ast: tree }
}
