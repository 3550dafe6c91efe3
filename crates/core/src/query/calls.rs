//! Calls that tell of which types the arguments of a function are, as far as the text alone tells.
//!
//! Enters: statements, and what names outside of functions mean. Leaves: [`CallSite`]s. Nothing is run: what an argument is only
//! a running program knows stays open.

use std::collections::BTreeMap;

use rustpython_parser::ast::{self, Expr, Stmt};

use crate::check::choose::choose;
use crate::outside::{Env, Outside};
use crate::source::{SourceFile, Span};
use crate::syntax::{self, Outer, Piece, annotated, blocks, span, walk};
use crate::types::{ArrayType, Dtype, Layout, Shape, Type, TypeSet};

/// A call of a function that has a name, or is an attribute of something.
#[derive(Clone, Debug, PartialEq)]
pub struct CallSite {
    /// The last part of the name.
    pub name: String,
    /// What stands before it, if it is an attribute of a name.
    pub of: Option<String>,
    /// The types of the positional arguments.
    pub args: Vec<Option<Type>>,
    /// The types of the named arguments.
    pub keywords: Vec<(String, Option<Type>)>,
    /// The place of the call.
    pub span: Span,
}

/// A name that a file gets from another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The dots in front of the module.
    pub level: u32,
    /// The module, `a.b`; empty for the folder itself.
    pub module: String,
    /// The name in it; none for the module as a whole.
    pub name: Option<String>,
    /// What the file calls it.
    pub bound: String,
}

/// What a file tells about functions of other files.
#[derive(Clone, Debug, Default)]
pub struct Foreign {
    /// The names it gets from others.
    pub imports: Vec<Import>,
    /// Its calls.
    pub calls: Vec<CallSite>,
}

impl Foreign {
    /// Reads a file.
    #[must_use]
    pub fn read(file: &SourceFile) -> Self {
        syntax::with_stack(|| {
            let chunks = syntax::chunks(file.text());
            let pieces = chunks.iter().map(|&span| Piece::new(file.path(), file.slice(span))).collect::<Vec<_>>();
            let runs = || pieces.iter().map(Piece::statements);
            let outer = Outer::of(pieces.iter().map(Piece::run), None);
            let module = locals(runs(), &outer.env);
            let mut found = Self::default();
            for (statements, chunk) in runs().zip(&chunks) {
                statements.iter().for_each(|statement| imports(statement, &mut found.imports));
                let calls = calls(statements, &outer.env, &module).into_iter();
                found.calls.extend(calls.map(|call| {
                    let span = Span::new(call.span.start + chunk.start, call.span.end + chunk.start);
                    CallSite { span, ..call }
                }));
            }
            found
        })
    }

    /// The calls of functions of one module, under their own names; `is_module` says whether an import is of it.
    #[must_use]
    pub fn calls_of(&self, is_module: impl Fn(u32, &str) -> bool) -> Vec<CallSite> {
        let mut found = Vec::new();
        for import in &self.imports {
            let whole = match &import.name {
                None => import.module.clone(),
                // `from package import module`
                Some(name) if import.module.is_empty() => name.clone(),
                Some(name) => format!("{}.{name}", import.module),
            };
            if is_module(import.level, &whole) {
                let of = self.calls.iter().filter(|call| call.of.as_deref() == Some(&import.bound));
                found.extend(of.cloned());
            }
            if let (Some(name), true) = (&import.name, is_module(import.level, &import.module)) {
                let of =
                    self.calls.iter().filter(|call| call.of.is_none() && (call.name == import.bound || name == "*"));
                found.extend(of.map(|call| {
                    let own = if name == "*" { call.name.clone() } else { name.clone() };
                    CallSite { name: own, ..call.clone() }
                }));
            }
        }
        found
    }
}

fn imports(statement: &Stmt, found: &mut Vec<Import>) {
    match statement {
        Stmt::Import(import) => {
            for alias in &import.names {
                let module = alias.name.to_string();
                let bound = alias.asname.as_ref().map_or_else(|| module.clone(), ToString::to_string);
                found.push(Import { level: 0, module, name: None, bound });
            }
        }
        Stmt::ImportFrom(import) => {
            let level = import.level.as_ref().map_or(0, ast::Int::to_u32);
            let module = import.module.as_ref().map(ToString::to_string).unwrap_or_default();
            for alias in &import.names {
                let name = alias.name.to_string();
                let bound = alias.asname.as_ref().map_or_else(|| name.clone(), ToString::to_string);
                found.push(Import { level, module: module.clone(), name: Some(name), bound });
            }
        }
        _ => blocks(statement).into_iter().flatten().for_each(|inner| imports(inner, found)),
    }
}

/// The types of names that are bound in one body, where every binding says the same.
pub(super) type Locals = BTreeMap<String, Option<Type>>;

/// The types of the names that the statements of a module bind.
pub(super) fn locals<'a>(runs: impl Iterator<Item = &'a [Stmt]>, env: &Env) -> Locals {
    let finder = Finder { env, module: &Locals::new(), calls: Vec::new() };
    let mut locals = Locals::new();
    runs.for_each(|statements| finder.bind(statements, &mut locals));
    locals
}

/// The calls in statements of a module, of which at least one argument has a known type.
pub(super) fn calls(statements: &[Stmt], env: &Env, module: &Locals) -> Vec<CallSite> {
    let mut found = Finder { env, module, calls: Vec::new() };
    found.statements(statements, &Locals::new());
    found.calls
}

struct Finder<'a> {
    env: &'a Env,
    /// The names of the module.
    module: &'a Locals,
    calls: Vec<CallSite>,
}

impl Finder<'_> {
    fn body(&mut self, statements: &[Stmt]) {
        let mut locals = Locals::new();
        self.bind(statements, &mut locals);
        self.statements(statements, &locals);
    }

    fn bind(&self, statements: &[Stmt], locals: &mut Locals) {
        for statement in statements {
            let mut bound = Vec::new();
            match statement {
                Stmt::Assign(ast::StmtAssign { targets, value, .. }) => {
                    let types = self.type_of(value, locals);
                    for target in targets {
                        match target {
                            Expr::Name(name) => bound.push((name.id.to_string(), types)),
                            other => {
                                let mut names = Vec::new();
                                walk::targets(other, &mut names);
                                bound.extend(names.into_iter().map(|name| (name, None)));
                            }
                        }
                    }
                }
                Stmt::AnnAssign(ast::StmtAnnAssign { target, value: Some(value), .. }) => {
                    if let Expr::Name(name) = &**target {
                        bound.push((name.id.to_string(), self.type_of(value, locals)));
                    }
                }
                Stmt::For(ast::StmtFor { target, iter, .. }) => {
                    let is_range = is_call_of(iter, "range");
                    let mut names = Vec::new();
                    walk::targets(target, &mut names);
                    let types = (is_range && names.len() == 1).then_some(Type::Int);
                    bound.extend(names.into_iter().map(|name| (name, types)));
                }
                _ => {}
            }
            for (name, types) in bound {
                locals
                    .entry(name)
                    .and_modify(|known| *known = known.filter(|one| Some(*one) == types))
                    .or_insert(types);
            }
            if !matches!(statement, Stmt::FunctionDef(_) | Stmt::AsyncFunctionDef(_) | Stmt::ClassDef(_)) {
                blocks(statement).into_iter().for_each(|body| self.bind(body, locals));
            }
        }
    }

    fn statements(&mut self, statements: &[Stmt], locals: &Locals) {
        for statement in statements {
            match statement {
                Stmt::FunctionDef(def) => {
                    let plain = def.args.posonlyargs.iter().chain(&def.args.args).chain(&def.args.kwonlyargs);
                    let told = |one: &ast::ArgWithDefault| annotated(one.def.annotation.as_deref()?);
                    let mut inner = plain.map(|one| (one.def.arg.to_string(), told(one))).collect::<Locals>();
                    self.bind(&def.body, &mut inner);
                    self.statements(&def.body, &inner);
                    continue;
                }
                Stmt::AsyncFunctionDef(def) => {
                    self.body(&def.body);
                    continue;
                }
                Stmt::ClassDef(class) => {
                    self.body(&class.body);
                    continue;
                }
                _ => {}
            }
            for expression in walk::expressions(statement) {
                let mut seen = Vec::new();
                walk::each(expression, &mut |inner| {
                    if let Expr::Call(call) = inner {
                        seen.push(call);
                    }
                });
                seen.into_iter().for_each(|call| self.call(call, locals));
            }
            blocks(statement).into_iter().for_each(|body| self.statements(body, locals));
        }
    }

    fn call(&mut self, call: &ast::ExprCall, locals: &Locals) {
        let (name, of) = match &*call.func {
            Expr::Name(name) => (name.id.to_string(), None),
            Expr::Attribute(attribute) => match &*attribute.value {
                Expr::Name(of) => (attribute.attr.to_string(), Some(of.id.to_string())),
                _ => return,
            },
            _ => return,
        };
        let starred = call.args.iter().any(|one| matches!(one, Expr::Starred(_)));
        if starred || call.keywords.iter().any(|keyword| keyword.arg.is_none()) {
            return;
        }
        let args = call.args.iter().map(|one| self.type_of(one, locals)).collect::<Vec<_>>();
        let keywords = call
            .keywords
            .iter()
            .filter_map(|keyword| Some((keyword.arg.as_ref()?.to_string(), self.type_of(&keyword.value, locals))));
        let keywords = keywords.collect::<Vec<_>>();
        let told = args.iter().chain(keywords.iter().map(|(_, types)| types)).any(Option::is_some);
        if told {
            self.calls.push(CallSite { name, of, args, keywords, span: span(call) });
        }
    }

    fn type_of(&self, expression: &Expr, locals: &Locals) -> Option<Type> {
        match expression {
            Expr::Constant(constant) => constant_type(&constant.value),
            Expr::Name(name) => match locals.get(name.id.as_str()).or_else(|| self.module.get(name.id.as_str())) {
                Some(types) => *types,
                None => match self.env.meaning(name.id.as_str()) {
                    Outside::Constant(constant) => constant_type(&constant),
                    _ => None,
                },
            },
            Expr::Attribute(attribute) => {
                let Expr::Name(name) = &*attribute.value else { return None };
                match self.env.attribute(name.id.as_str(), attribute.attr.as_str())? {
                    Outside::Constant(constant) => constant_type(&constant),
                    _ => None,
                }
            }
            Expr::Tuple(tuple) => {
                let parts = tuple.elts.iter().map(|one| self.type_of(one, locals).map(TypeSet::of));
                Shape::new(&parts.collect::<Option<Vec<_>>>()?).map(Type::Tuple)
            }
            Expr::UnaryOp(inner) => {
                let name = match inner.op {
                    ast::UnaryOp::USub => "-",
                    ast::UnaryOp::UAdd => "+",
                    ast::UnaryOp::Invert => "~",
                    ast::UnaryOp::Not => return Some(Type::Bool),
                };
                operation(name, &[self.type_of(&inner.operand, locals)?])
            }
            Expr::BinOp(inner) => {
                let name = operator(inner.op)?;
                operation(name, &[self.type_of(&inner.left, locals)?, self.type_of(&inner.right, locals)?])
            }
            Expr::Compare(_) => Some(Type::Bool),
            Expr::Call(call) => self.made(call, locals),
            _ => None,
        }
    }

    /// What a call makes of which the text tells.
    fn made(&self, call: &ast::ExprCall, locals: &Locals) -> Option<Type> {
        let first = || self.type_of(call.args.first()?, locals);
        match &*call.func {
            Expr::Name(name) => match self.env.meaning(name.id.as_str()) {
                Outside::Function("int" | "len") => Some(Type::Int),
                Outside::Function("float") => Some(Type::Float),
                Outside::Function("bool") => Some(Type::Bool),
                Outside::Function("complex") => Some(Type::Complex),
                Outside::Function(known) => operation(known, &[first()?]),
                _ => None,
            },
            Expr::Attribute(attribute) => {
                let (of, name) = match &*attribute.value {
                    Expr::Name(of) => (of.id.as_str(), attribute.attr.as_str()),
                    // `np.random.rand(..)`
                    Expr::Attribute(inner) => match &*inner.value {
                        Expr::Name(of) if inner.attr.as_str() == "random" => {
                            let is_numpy = self.env.meaning(of.id.as_str()) == Outside::Module("np");
                            return is_numpy.then(|| self.random(attribute.attr.as_str(), call)).flatten();
                        }
                        _ => return None,
                    },
                    _ => return None,
                };
                match self.env.attribute(of, name)? {
                    Outside::Function(known) => match known.strip_prefix("np.") {
                        Some(maker) => self.array(maker, call, locals),
                        None => operation(known, &[first()?]),
                    },
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn random(&self, name: &str, call: &ast::ExprCall) -> Option<Type> {
        let ndim = match name {
            "rand" | "randn" => call.args.len(),
            "random" | "random_sample" => call.args.first().map_or(0, dimensions),
            _ => return None,
        };
        if ndim == 0 { Some(Type::Float) } else { c_array(Dtype::Float64, ndim) }
    }

    fn array(&self, maker: &str, call: &ast::ExprCall, locals: &Locals) -> Option<Type> {
        let named =
            |name: &str| call.keywords.iter().find(|keyword| keyword.arg.as_deref().is_some_and(|arg| arg == name));
        if named("order").is_some() {
            return None;
        }
        let at = match maker {
            "full" | "arange" | "linspace" => None,
            _ => call.args.get(1),
        };
        let told = named("dtype").map(|keyword| &keyword.value).or(at);
        let dtype = match told {
            Some(expression) => Some(self.dtype(expression)?),
            None => None,
        };
        let first = call.args.first()?;
        let scalar = |one: Type| match one {
            Type::Bool => Some(Dtype::Bool),
            Type::Int => Some(Dtype::Int64),
            Type::Float => Some(Dtype::Float64),
            Type::Complex => Some(Dtype::Complex128),
            Type::Scalar(dtype) => Some(dtype),
            _ => None,
        };
        match maker {
            "zeros" | "ones" | "empty" => c_array(dtype.unwrap_or(Dtype::Float64), dimensions(first)),
            "full" => {
                let value = dtype.or_else(|| scalar(self.type_of(call.args.get(1)?, locals)?))?;
                c_array(value, dimensions(first))
            }
            "arange" => {
                let kinds = call.args.iter().map(|one| self.type_of(one, locals)).collect::<Option<Vec<_>>>()?;
                let float = kinds.contains(&Type::Float);
                c_array(dtype.unwrap_or(if float { Dtype::Float64 } else { Dtype::Int64 }), 1)
            }
            "linspace" => c_array(dtype.unwrap_or(Dtype::Float64), 1),
            "eye" | "identity" => c_array(dtype.unwrap_or(Dtype::Float64), 2),
            "array" | "asarray" => {
                let (mut ndim, mut element) = (0, first);
                while let Expr::List(ast::ExprList { elts, .. }) | Expr::Tuple(ast::ExprTuple { elts, .. }) = element {
                    ndim += 1;
                    element = elts.first()?;
                }
                let found = dtype.or_else(|| scalar(self.type_of(element, locals)?))?;
                (ndim > 0).then(|| c_array(found, ndim)).flatten()
            }
            _ => None,
        }
    }

    fn dtype(&self, expression: &Expr) -> Option<Dtype> {
        match expression {
            Expr::Attribute(attribute) => match &*attribute.value {
                Expr::Name(of) => match self.env.attribute(of.id.as_str(), attribute.attr.as_str())? {
                    Outside::Function(known) => Dtype::from_name(known.strip_prefix("np.")?.trim_end_matches('_')),
                    _ => None,
                },
                _ => None,
            },
            Expr::Name(name) => match name.id.as_str() {
                "int" => Some(Dtype::Int64),
                "float" => Some(Dtype::Float64),
                "bool" => Some(Dtype::Bool),
                "complex" => Some(Dtype::Complex128),
                _ => None,
            },
            Expr::Constant(ast::ExprConstant { value: ast::Constant::Str(text), .. }) => Dtype::from_text(text),
            _ => None,
        }
    }
}

fn is_call_of(expression: &Expr, wanted: &str) -> bool {
    let Expr::Call(call) = expression else { return false };
    matches!(&*call.func, Expr::Name(name) if name.id.as_str() == wanted)
}

/// The type of a constant.
pub(super) fn constant_type(constant: &ast::Constant) -> Option<Type> {
    match constant {
        ast::Constant::None => Some(Type::None),
        ast::Constant::Bool(_) => Some(Type::Bool),
        ast::Constant::Int(_) => Some(Type::Int),
        ast::Constant::Float(_) => Some(Type::Float),
        ast::Constant::Complex { .. } => Some(Type::Complex),
        ast::Constant::Tuple(parts) => {
            let parts = parts.iter().map(|one| constant_type(one).map(TypeSet::of));
            Shape::new(&parts.collect::<Option<Vec<_>>>()?).map(Type::Tuple)
        }
        ast::Constant::Str(_) | ast::Constant::Bytes(_) | ast::Constant::Ellipsis => None,
    }
}

/// The type of a default value.
pub(super) fn default_type(expression: &Expr, env: &Env) -> Option<Type> {
    Finder { env, module: &Locals::new(), calls: Vec::new() }.type_of(expression, &Locals::new())
}

fn operation(name: &str, types: &[Type]) -> Option<Type> {
    let operands = types.iter().map(|&one| (one, None)).collect::<Vec<_>>();
    let plain = types.iter().all(|one| !matches!(one, Type::Array(_) | Type::Tuple(_) | Type::Function(_)));
    plain.then(|| choose(name, &operands, false)).flatten().map(|choice| choice.op.row().result)
}

const fn operator(op: ast::Operator) -> Option<&'static str> {
    Some(match op {
        ast::Operator::Add => "+",
        ast::Operator::Sub => "-",
        ast::Operator::Mult => "*",
        ast::Operator::Div => "/",
        ast::Operator::FloorDiv => "//",
        ast::Operator::Mod => "%",
        ast::Operator::Pow => "**",
        ast::Operator::LShift => "<<",
        ast::Operator::RShift => ">>",
        ast::Operator::BitAnd => "&",
        ast::Operator::BitOr => "|",
        ast::Operator::BitXor => "^",
        ast::Operator::MatMult => return None,
    })
}

fn dimensions(shape: &Expr) -> usize {
    match shape {
        Expr::Tuple(tuple) => tuple.elts.len(),
        Expr::List(list) => list.elts.len(),
        _ => 1,
    }
}

fn c_array(dtype: Dtype, ndim: usize) -> Option<Type> {
    let ndim = u8::try_from(ndim).ok().filter(|&ndim| ndim <= crate::types::MOST_DIMENSIONS)?;
    Some(Type::Array(ArrayType { dtype, ndim, layout: Layout::C, writable: true, view: false }))
}
