//! Names of a module: which ones mean the decorator, which functions stand under it, which names the module binds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustpython_parser::ast::{self, Expr, Stmt};
use unicode_normalization::UnicodeNormalization;

use super::{Function, Module, not_a_function, options, span};
use crate::diagnostic::Diagnostic;
use crate::outside::{self, Callee, Env, FunctionKey, Outside};
use crate::source::{SourceFile, Span};
use crate::types::Type;

/// A name as Python compares it: identifiers are normalised to NFKC.
pub(crate) fn identifier(name: &str) -> String {
    if name.is_ascii() { name.to_owned() } else { name.nfkc().collect() }
}

/// What the decorator is called in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// Whoever knows what a file imports from others.
pub(crate) trait Imports {
    /// What a name of a module means; `None` if that is not known.
    fn name(&self, level: u32, module: &str, name: &str) -> Option<Outside>;
    /// What is known of the names of a module.
    fn attributes(&self, level: u32, module: &str) -> Vec<(String, Outside)>;
}

/// The names that one scope binds: a module, or a function around the one that is compiled.
pub(super) struct Scope<'a> {
    /// The path of the file.
    path: &'a str,
    imports: Option<&'a dyn Imports>,
    names: BTreeMap<String, Outside>,
    /// True for a function: its variables are cells, and what is in them may differ from call to call.
    encloses: bool,
    /// Of a function: instead of the path of a file, for what it defines without a decorator.
    locals: Option<String>,
    /// The functions that are defined in it.
    defined: BTreeSet<FunctionKey>,
}

impl<'a> Scope<'a> {
    /// The scope of a module.
    pub(super) const fn of_file(path: &'a str, imports: Option<&'a dyn Imports>) -> Self {
        Self { path, imports, names: BTreeMap::new(), encloses: false, locals: None, defined: BTreeSet::new() }
    }

    /// The scope of a function.
    fn of_function(def: &ast::StmtFunctionDef, file: &'a SourceFile) -> Self {
        let locals = Some(locals_path(def, file));
        let mut scope = Self { encloses: true, locals, ..Self::of_file(file.path(), None) };
        parameters(&def.args, &mut scope);
        def.body.iter().for_each(|statement| scope.statement(statement));
        scope
    }

    /// What follows stands in this file: a notebook is one module of several.
    pub(super) const fn go_on_in(&mut self, path: &'a str) {
        self.path = path;
    }

    /// A definition. One of the same name in an earlier cell is no more, as one further up in a file is not.
    fn define(&mut self, def: &ast::StmtFunctionDef) {
        let means = defined(def, self.path, self.locals.as_deref());
        if let (Outside::Callee(callee), false) = (&means, self.encloses) {
            let name = identifier(&def.name);
            let known = self.names.get(&name);
            let is_earlier = matches!(known, Some(Outside::Callee(known)) if self.defined.contains(&known.key));
            self.defined.insert(callee.key);
            if is_earlier {
                self.names.insert(name, means);
                return;
            }
        }
        self.bind(&def.name, means);
    }

    /// A name that is bound twice means what only the running program knows.
    fn bind(&mut self, name: &str, means: Outside) {
        let means = match means {
            Outside::Untold if self.encloses => Outside::Variable(None),
            other => other,
        };
        let name = identifier(name);
        match self.names.get_mut(&name) {
            Some(known) if *known == means => {}
            Some(known) => *known = if self.encloses { Outside::Variable(None) } else { Outside::Untold },
            None => drop(self.names.insert(name, means)),
        }
    }

    /// The names outside of a function in this scope, which hides those of `outer`.
    fn within(self, outer: &Env) -> Env {
        let mut env = outer.clone();
        self.names.into_iter().for_each(|(name, means)| env.insert(name, means));
        env
    }

    /// The names outside of a function at the top of a module.
    pub(super) fn env(self) -> Env {
        self.within(&Env::default())
    }

    /// Adds the names that a statement binds in this scope.
    pub(super) fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::FunctionDef(def) => self.define(def),
            Stmt::AsyncFunctionDef(def) => self.bind(&def.name, Outside::Other(format!("the function `{}`", def.name))),
            Stmt::ClassDef(class) => self.bind(&class.name, Outside::Other(format!("the class `{}`", class.name))),
            Stmt::Import(import) => import.names.iter().for_each(|alias| self.import(alias)),
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::Assign(assign) => assign.targets.iter().for_each(|target| self.target(target, Some(&assign.value))),
            Stmt::AnnAssign(assign) => self.target(&assign.target, assign.value.as_deref()),
            Stmt::AugAssign(assign) => {
                self.target(&assign.target, None);
                self.target(&assign.target, Some(&assign.value));
            }
            Stmt::For(inner) => self.target(&inner.target, None),
            Stmt::With(inner) => {
                inner.items.iter().flat_map(|item| &item.optional_vars).for_each(|target| self.target(target, None));
            }
            _ => {}
        }
        if !matches!(statement, Stmt::FunctionDef(_) | Stmt::AsyncFunctionDef(_) | Stmt::ClassDef(_)) {
            blocks(statement).into_iter().flatten().for_each(|inner| self.statement(inner));
        }
    }

    fn import(&mut self, alias: &ast::Alias) {
        let whole = alias.name.as_str();
        match (&alias.asname, outside::module(whole)) {
            (Some(name), Some(module)) => self.bind(name, Outside::Module(module)),
            (None, Some(module)) => self.bind(whole, Outside::Module(module)),
            (Some(name), None) => {
                self.bind(name, Outside::Namespace(format!("the module `{whole}`")));
                self.attributes(name, 0, whole);
            }
            (None, None) => {
                let first = whole.split('.').next().unwrap_or(whole);
                let other = || Outside::Namespace(format!("the module `{first}`"));
                self.bind(first, outside::module(first).map_or_else(other, Outside::Module));
                // `import a.b` binds `a`, of which `b` is an attribute.
                let ends = whole.match_indices('.').map(|(at, _)| at).chain([whole.len()]);
                for end in ends {
                    let path = &whole[..end];
                    if self.imports.is_some() && path != first {
                        self.names.insert(path.to_owned(), Outside::Namespace(format!("the module `{path}`")));
                    }
                    self.attributes(path, 0, path);
                }
            }
        }
    }

    /// Binds what is known of the names of a module as attributes of a path.
    fn attributes(&mut self, path: &str, level: u32, module: &str) {
        let Some(imports) = self.imports else { return };
        for (name, means) in imports.attributes(level, module) {
            self.names.entry(format!("{path}.{name}")).or_insert(means);
        }
    }

    fn import_from(&mut self, import: &ast::StmtImportFrom) {
        let level = import.level.as_ref().map_or(0, ast::Int::to_u32);
        let module = import.module.as_deref().filter(|_| level == 0).and_then(outside::module);
        for alias in &import.names {
            let name = alias.name.as_str();
            match module {
                // What a star binds there only the running program knows.
                Some("np") if name == "*" => {}
                Some(module) if name == "*" => {
                    let all = outside::functions_of_math().chain(outside::CONSTANTS_OF_MATH.iter().copied());
                    all.for_each(|name| self.bind(name, outside::member(module, name)));
                }
                Some(module) => self.bind(alias.asname.as_deref().unwrap_or(name), outside::member(module, name)),
                None => {
                    let bound = alias.asname.as_deref().unwrap_or(name);
                    let from = import.module.as_deref().unwrap_or_default();
                    let known = self.imports.and_then(|imports| imports.name(level, from, name));
                    let is_module = matches!(known, Some(Outside::Namespace(_)));
                    self.bind(bound, known.unwrap_or(Outside::Untold));
                    if is_module {
                        let whole = if from.is_empty() { name.to_owned() } else { format!("{from}.{name}") };
                        self.attributes(bound, level, &whole);
                    }
                }
            }
        }
    }

    fn target(&mut self, target: &Expr, value: Option<&Expr>) {
        match (target, value) {
            (Expr::Name(name), Some(value)) => {
                let means = self.value(value);
                self.bind(&name.id, means);
            }
            (Expr::Tuple(ast::ExprTuple { elts: targets, .. }), Some(Expr::Tuple(values)))
                if targets.len() == values.elts.len() =>
            {
                targets.iter().zip(&values.elts).for_each(|(target, value)| self.target(target, Some(value)));
            }
            _ => {
                let mut names = BTreeSet::new();
                bind_target(target, &mut names);
                names.iter().for_each(|name| self.bind(name, Outside::Untold));
            }
        }
    }

    /// What a name means to which this is assigned.
    fn value(&self, value: &Expr) -> Outside {
        let meaning = |name: &str| self.names.get(name).cloned().unwrap_or_else(|| outside::builtin(name));
        match value {
            Expr::List(_) | Expr::ListComp(_) => Outside::Other("a list".to_owned()),
            Expr::Dict(_) | Expr::DictComp(_) => Outside::Other("a dict".to_owned()),
            Expr::Set(_) | Expr::SetComp(_) => Outside::Other("a set".to_owned()),
            Expr::Lambda(_) => Outside::Other("a lambda".to_owned()),
            Expr::Name(name) => match meaning(name.id.as_str()) {
                Outside::Missing => Outside::Untold,
                known => known,
            },
            Expr::Attribute(attribute) => match &*attribute.value {
                Expr::Name(name) => match meaning(name.id.as_str()) {
                    Outside::Module(module) => outside::member(module, attribute.attr.as_str()),
                    _ => Outside::Untold,
                },
                _ => Outside::Untold,
            },
            Expr::Tuple(tuple) => match constant(value, &meaning) {
                Some(constant) => Outside::Constant(constant),
                None => {
                    let parts = tuple.elts.iter().map(|part| self.value(part)).collect();
                    Outside::tuple(parts).unwrap_or(Outside::Untold)
                }
            },
            _ => constant(value, &meaning).map_or(Outside::Untold, Outside::Constant),
        }
    }
}

/// The value of an expression of constants, as far as 64 bits do for it.
fn constant(value: &Expr, meaning: &impl Fn(&str) -> Outside) -> Option<ast::Constant> {
    use ast::Constant::{Bool, Float, Int, Tuple};
    let small = |constant: &ast::Constant| match constant {
        Bool(value) => Some(i64::from(*value)),
        Int(value) => i64::try_from(value).ok(),
        _ => None,
    };
    let float = |constant: &ast::Constant| match constant {
        Float(value) => Some(*value),
        other => small(other).map(|value| value as f64),
    };
    match value {
        Expr::Constant(inner) => Some(inner.value.clone()),
        Expr::Tuple(tuple) => {
            let parts = tuple.elts.iter().map(|part| constant(part, meaning));
            Some(Tuple(parts.collect::<Option<_>>()?))
        }
        Expr::Name(name) => match meaning(name.id.as_str()) {
            Outside::Constant(constant) => Some(constant),
            _ => None,
        },
        Expr::Attribute(attribute) => match &*attribute.value {
            Expr::Name(name) => match meaning(name.id.as_str()) {
                Outside::Module(module) => match outside::member(module, attribute.attr.as_str()) {
                    Outside::Constant(constant) => Some(constant),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        },
        Expr::UnaryOp(inner) => match (inner.op, constant(&inner.operand, meaning)?) {
            (ast::UnaryOp::USub, Float(value)) => Some(Float(-value)),
            (ast::UnaryOp::USub, Int(value)) => Some(Int(-value)),
            (ast::UnaryOp::UAdd, number @ (Float(_) | Int(_))) => Some(number),
            _ => None,
        },
        Expr::BinOp(inner) => {
            let (left, right) = (constant(&inner.left, meaning)?, constant(&inner.right, meaning)?);
            if let (Some(left), Some(right)) = (small(&left), small(&right)) {
                let result = match inner.op {
                    ast::Operator::Add => left.checked_add(right),
                    ast::Operator::Sub => left.checked_sub(right),
                    ast::Operator::Mult => left.checked_mul(right),
                    ast::Operator::Pow => left.checked_pow(u32::try_from(right).ok()?),
                    ast::Operator::LShift => 2_i64.checked_pow(u32::try_from(right).ok()?)?.checked_mul(left),
                    ast::Operator::Div if right != 0 && left.unsigned_abs().max(right.unsigned_abs()) < 1 << 53 => {
                        return Some(Float(left as f64 / right as f64));
                    }
                    _ => None,
                };
                return Some(Int(result?.into()));
            }
            let (left, right) = (float(&left)?, float(&right)?);
            match inner.op {
                ast::Operator::Add => Some(Float(left + right)),
                ast::Operator::Sub => Some(Float(left - right)),
                ast::Operator::Mult => Some(Float(left * right)),
                ast::Operator::Div if right != 0.0 => Some(Float(left / right)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Adds the names in the target of an assignment.
fn bind_target(target: &Expr, names: &mut BTreeSet<String>) {
    match target {
        Expr::Name(name) => drop(names.insert(identifier(name.id.as_str()))),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(|target| bind_target(target, names)),
        Expr::List(list) => list.elts.iter().for_each(|target| bind_target(target, names)),
        Expr::Starred(starred) => bind_target(&starred.value, names),
        _ => {}
    }
}

/// What a definition binds: a function that can be called, unless a decorator makes something else of it.
fn defined(def: &ast::StmtFunctionDef, path: &str, locals: Option<&str>) -> Outside {
    let is_own = |decorator: &Expr| match decorator {
        Expr::Call(call) => is_named_brrr(&call.func),
        other => is_named_brrr(other),
    };
    match (def.decorator_list.iter().all(is_own), locals) {
        // A plain function of the module may have its name.
        (true, Some(locals)) if def.decorator_list.is_empty() => Outside::Callee(Callee::in_file(locals, &def.name)),
        (true, _) => Outside::Callee(Callee::in_file(path, &def.name)),
        (false, _) => Outside::Untold,
    }
}

/// Instead of the path of a file, for what a function defines: another one has another text.
fn locals_path(def: &ast::StmtFunctionDef, file: &SourceFile) -> String {
    format!("{}\n<locals>{:x}", file.path(), outside::hash_of(file.slice(span(def))))
}

fn is_named_brrr(expression: &Expr) -> bool {
    match expression {
        Expr::Name(name) => name.id.as_str() == "brrr",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "brrr",
        _ => false,
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
                let inner = Arc::new(Scope::of_function(&def, file).within(env));
                for statement in def.body.iter().filter(|statement| holds_definitions(statement)) {
                    functions(statement.clone(), false, decorators, &inner, file, module);
                }
            }
            if def.decorator_list.iter().any(|decorator| decorators.matches(decorator)) {
                let own = def.decorator_list.iter().filter(|decorator| decorators.matches(decorator));
                module.diagnostics.extend(own.flat_map(options::mistakes));
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

/// Adds the functions of a module in a statement that are under no decorator.
pub(super) fn plain<'a>(statement: &'a Stmt, found: &mut Vec<&'a ast::StmtFunctionDef>) {
    match statement {
        Stmt::FunctionDef(def) if def.decorator_list.is_empty() => found.push(def),
        Stmt::FunctionDef(_) | Stmt::AsyncFunctionDef(_) | Stmt::ClassDef(_) => {}
        other => blocks(other).into_iter().flatten().for_each(|inner| plain(inner, found)),
    }
}

/// A function under no decorator within another function that is not compiled, which the brrr functions beside it may call.
pub(super) struct Local<'a> {
    def: &'a ast::StmtFunctionDef,
    /// The functions around it, the outermost first.
    around: Vec<&'a ast::StmtFunctionDef>,
}

impl Local<'_> {
    /// What calls know it by.
    pub(super) fn callee(&self, file: &SourceFile) -> Option<Callee> {
        Some(Callee::in_file(&locals_path(self.around.last()?, file), &self.def.name))
    }

    /// The function itself.
    pub(super) fn function(&self, env: &Arc<Env>, file: &SourceFile) -> Function {
        let within = |env: Arc<Env>, def: &&ast::StmtFunctionDef| Arc::new(Scope::of_function(def, file).within(&env));
        let env = self.around.iter().fold(env.clone(), within);
        function(self.def.clone(), false, &env, file)
    }
}

/// Adds these functions in a statement, of the functions in which something is under the decorator.
pub(super) fn locals<'a>(
    statement: &'a Stmt,
    decorators: &Decorators,
    around: &[&'a ast::StmtFunctionDef],
    found: &mut Vec<Local<'a>>,
) {
    match statement {
        Stmt::FunctionDef(def) => {
            let is_compiled = |one: &ast::StmtFunctionDef| one.decorator_list.iter().any(|one| decorators.matches(one));
            if !around.is_empty() && def.decorator_list.is_empty() {
                found.push(Local { def, around: around.to_vec() });
            }
            if !is_compiled(def) && def.body.iter().any(|inner| decorates(inner, decorators)) {
                let around = around.iter().copied().chain([def]).collect::<Vec<_>>();
                def.body.iter().for_each(|inner| locals(inner, decorators, &around, found));
            }
        }
        // The names of a class are none of the functions in it.
        Stmt::AsyncFunctionDef(_) | Stmt::ClassDef(_) => {}
        other => blocks(other).into_iter().flatten().for_each(|inner| locals(inner, decorators, around, found)),
    }
}

/// True if something in a statement is under the decorator.
fn decorates(statement: &Stmt, decorators: &Decorators) -> bool {
    let is_it = match statement {
        Stmt::FunctionDef(def) => def.decorator_list.iter().any(|one| decorators.matches(one)),
        _ => false,
    };
    is_it || blocks(statement).into_iter().flatten().any(|inner| decorates(inner, decorators))
}

/// The way to the definition whose name stands there, by way of classes alone.
pub(super) fn qualified(statements: &[Stmt], name: Span) -> Option<String> {
    let holds = |outer: Span| outer.start <= name.start && name.end <= outer.end;
    statements.iter().find_map(|statement| match statement {
        Stmt::FunctionDef(def) => {
            let is_it = holds(span(def)) && !def.body.iter().any(|inner| holds(span(inner)));
            is_it.then(|| def.name.to_string())
        }
        Stmt::AsyncFunctionDef(_) => None,
        Stmt::ClassDef(class) => Some(format!("{}.{}", class.name, qualified(&class.body, name)?)),
        other => blocks(other).into_iter().find_map(|inner| qualified(inner, name)),
    })
}

/// An `async def` under the decorator.
pub(super) fn async_def(def: &ast::StmtAsyncFunctionDef) -> Diagnostic {
    let start = span(def).start;
    not_a_function(Span::new(start, start + "async def".len() as u32), "this is an `async def`")
}

fn parameters(arguments: &ast::Arguments, scope: &mut Scope<'_>) {
    let plain = arguments.posonlyargs.iter().chain(&arguments.args).chain(&arguments.kwonlyargs);
    plain.for_each(|argument| {
        let told = argument.def.annotation.as_deref().and_then(annotated);
        scope.bind(argument.def.arg.as_str(), Outside::Variable(told));
    });
    arguments.vararg.iter().for_each(|many| scope.bind(many.arg.as_str(), Outside::Variable(None)));
    arguments.kwarg.iter().for_each(|many| scope.bind(many.arg.as_str(), Outside::Other("a dict".to_owned())));
}

/// The type that an annotation names.
pub(crate) fn annotated(annotation: &Expr) -> Option<Type> {
    let text = match annotation {
        Expr::Constant(ast::ExprConstant { value: ast::Constant::Str(text), .. }) => text.as_str(),
        Expr::Name(name) => name.id.as_str(),
        _ => return None,
    };
    Type::from_python(text.trim())
}

/// True if there can be a `def` inside, so that nothing else is copied.
pub(super) fn holds_definitions(statement: &Stmt) -> bool {
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
