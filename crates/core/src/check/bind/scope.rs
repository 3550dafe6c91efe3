//! The names of a function: its parameters, and every name that its body writes.
//!
//! Enters: the parameters and the body. Leaves: a variable for each name.

use rustpython_parser::ast::{self, Expr, Stmt};

use super::Binder;
use super::leave::SEES_LOCALS;
use crate::check::flow::{Annotation, Parameter};
use crate::diagnostic::{Code, Diagnostic};
use crate::outside::Outside;
use crate::source::Span;
use crate::syntax::{Function, blocks, identifier, span, walk};
use crate::types::Type;

impl Binder<'_> {
    pub(super) fn parameters(&mut self, function: &Function) {
        let arguments = &function.ast.args;
        let plain = arguments.posonlyargs.iter().chain(&arguments.args).chain(&arguments.kwonlyargs);
        let plain = plain.map(|argument| (&argument.def, false));
        for (def, variadic) in plain.chain(arguments.vararg.iter().map(|argument| (&**argument, true))) {
            let at = span(def);
            let written = def.arg.as_str();
            let name = identifier(written);
            let name_span = Span::new(at.start, at.start + written.len() as u32);
            let annotation = match def.annotation.as_deref() {
                None => Annotation::Missing,
                Some(expression) => self.annotation(expression),
            };
            if let (Annotation::Other(_), Some(expression)) = (&annotation, def.annotation.as_deref()) {
                self.doubt_annotation(&name, expression);
            }
            let variable = self.variable(name.clone(), true);
            self.names.insert(name.clone(), variable);
            self.flow.parameters.push(Parameter { name, span: name_span, annotation, variadic });
        }
        if let Some(doubled) = &arguments.kwarg {
            let message = format!("parameter `**{}` cannot be compiled", doubled.arg);
            let diagnostic = Diagnostic::new(Code::Parameter, message, span(&**doubled), "takes any keywords");
            self.diagnostics.push(diagnostic.help("name each parameter; defaults, keywords and `*args` work"));
        }
        let first = arguments.posonlyargs.iter().chain(&arguments.args).next();
        if let Some(first) = first.filter(|first| function.in_class && first.def.arg.as_str() == "self") {
            let message = format!("method `{}` cannot be compiled: `self` is an object", function.name);
            let diagnostic = Diagnostic::new(Code::Method, message, span(&first.def), "any object of the class");
            self.diagnostics
                .push(diagnostic.help("make it a `@staticmethod` above `@brrr` that takes the numbers it needs"));
        }
    }

    fn annotation(&self, expression: &Expr) -> Annotation {
        let text = match expression {
            Expr::Constant(ast::ExprConstant { value: ast::Constant::Str(text), .. }) => text.as_str(),
            Expr::Constant(ast::ExprConstant { value: ast::Constant::None, .. }) => "None",
            Expr::Name(name) => name.id.as_str(),
            // `tuple[int, float]`
            Expr::Subscript(_) => self.file.slice(span(expression)),
            // `np.float64`
            Expr::Attribute(attribute) => match self.member(attribute) {
                Some((_, Outside::Function(path))) => path.strip_prefix("np.").unwrap_or(""),
                _ => "",
            },
            _ => "",
        };
        Type::from_python(text.trim()).map_or_else(|| Annotation::Other(span(expression)), Annotation::Type)
    }

    /// Every name that is written anywhere in the body is a local of the function.
    pub(super) fn locals(&mut self, body: &[Stmt]) {
        for statement in body {
            for name in written(statement) {
                if !self.names.contains_key(&name) {
                    let variable = self.variable(name.clone(), true);
                    self.names.insert(name, variable);
                }
            }
            if !matches!(statement, Stmt::FunctionDef(_) | Stmt::AsyncFunctionDef(_) | Stmt::ClassDef(_)) {
                blocks(statement).into_iter().for_each(|body| self.locals(body));
            }
        }
    }
}

impl Binder<'_> {
    /// Finds the names that are read anywhere in the body.
    pub(super) fn find_reads(&mut self, body: &[Stmt]) {
        for statement in body {
            if let Stmt::AugAssign(ast::StmtAugAssign { target, .. }) = statement
                && let (Expr::Name(name), Some(read)) = (&**target, &mut self.read)
            {
                read.insert(identifier(name.id.as_str()));
            }
            let defaults = match statement {
                Stmt::FunctionDef(def) => walk::defaults(&def.args).collect(),
                _ => Vec::new(),
            };
            for expression in walk::expressions(statement).into_iter().chain(defaults) {
                walk::each(expression, &mut |inner| match inner {
                    Expr::Name(name) if SEES_LOCALS.contains(&name.id.as_str()) => self.read = None,
                    Expr::Call(call) => {
                        if let Expr::Name(name) = &*call.func {
                            self.called.insert(identifier(name.id.as_str()));
                        }
                    }
                    Expr::Name(name) if name.ctx != ast::ExprContext::Store => {
                        if let Some(read) = &mut self.read {
                            read.insert(identifier(name.id.as_str()));
                        }
                    }
                    _ => {}
                });
            }
            blocks(statement).into_iter().for_each(|body| self.find_reads(body));
        }
    }

    /// True for `*name`, if nothing reads the name: it would be a list.
    pub(in crate::check) fn is_unread_star(&self, target: &Expr) -> bool {
        let Expr::Starred(starred) = target else { return false };
        matches!(&*starred.value, Expr::Name(name) if !self.reads(name.id.as_str()))
    }

    /// True if the body calls a name.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.called.contains(name)
    }

    /// True if something may read a name.
    pub(super) fn reads(&self, name: &str) -> bool {
        self.read.as_ref().is_none_or(|read| read.contains(&identifier(name)))
    }
}

/// The names that a statement itself writes or deletes.
pub(super) fn written(statement: &Stmt) -> Vec<String> {
    let mut names = Vec::new();
    let mut target = |expression: &Expr| walk::targets(expression, &mut names);
    match statement {
        Stmt::Assign(assign) => assign.targets.iter().for_each(target),
        Stmt::AugAssign(assign) => target(&assign.target),
        Stmt::AnnAssign(assign) => target(&assign.target),
        Stmt::For(inner) => target(&inner.target),
        Stmt::Delete(inner) => inner.targets.iter().for_each(target),
        Stmt::Match(inner) => inner.cases.iter().for_each(|case| walk::captured(&case.pattern, &mut names)),
        Stmt::FunctionDef(def) => {
            walk::defaults(&def.args).for_each(|default| walk::named(default, &mut names));
            names.push(identifier(def.name.as_str()));
        }
        _ => {}
    }
    walk::expressions(statement).into_iter().for_each(|expression| walk::named(expression, &mut names));
    names
}
