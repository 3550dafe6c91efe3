//! Walks over expressions and patterns, whatever stands in them.

use rustpython_parser::ast::{self, Expr, Pattern, Stmt};

use super::identifier;

/// The expressions directly within an expression, in the order of the source.
pub(crate) fn children(expression: &Expr) -> Vec<&Expr> {
    match expression {
        Expr::BoolOp(inner) => inner.values.iter().collect(),
        Expr::NamedExpr(inner) => vec![&inner.target, &inner.value],
        Expr::BinOp(inner) => vec![&inner.left, &inner.right],
        Expr::UnaryOp(inner) => vec![&inner.operand],
        Expr::Lambda(inner) => defaults(&inner.args).chain([&*inner.body]).collect(),
        Expr::IfExp(inner) => vec![&inner.test, &inner.body, &inner.orelse],
        Expr::Dict(inner) => inner.keys.iter().flatten().chain(&inner.values).collect(),
        Expr::Set(inner) => inner.elts.iter().collect(),
        Expr::ListComp(inner) => comprehension(&inner.generators).chain([&*inner.elt]).collect(),
        Expr::SetComp(inner) => comprehension(&inner.generators).chain([&*inner.elt]).collect(),
        Expr::DictComp(inner) => comprehension(&inner.generators).chain([&*inner.key, &*inner.value]).collect(),
        Expr::GeneratorExp(inner) => comprehension(&inner.generators).chain([&*inner.elt]).collect(),
        Expr::Await(inner) => vec![&inner.value],
        Expr::Yield(inner) => inner.value.as_deref().into_iter().collect(),
        Expr::YieldFrom(inner) => vec![&inner.value],
        Expr::Compare(inner) => std::iter::once(&*inner.left).chain(&inner.comparators).collect(),
        Expr::Call(inner) => {
            let keywords = inner.keywords.iter().map(|keyword| &keyword.value);
            std::iter::once(&*inner.func).chain(&inner.args).chain(keywords).collect()
        }
        Expr::FormattedValue(inner) => std::iter::once(&*inner.value).chain(inner.format_spec.as_deref()).collect(),
        Expr::JoinedStr(inner) => inner.values.iter().collect(),
        Expr::Attribute(inner) => vec![&inner.value],
        Expr::Subscript(inner) => vec![&inner.value, &inner.slice],
        Expr::Starred(inner) => vec![&inner.value],
        Expr::List(inner) => inner.elts.iter().collect(),
        Expr::Tuple(inner) => inner.elts.iter().collect(),
        Expr::Slice(inner) => {
            [&inner.lower, &inner.upper, &inner.step].into_iter().flatten().map(|one| &**one).collect()
        }
        Expr::Constant(_) | Expr::Name(_) => Vec::new(),
    }
}

/// The defaults of parameters, in the order in which they are evaluated.
pub(crate) fn defaults(arguments: &ast::Arguments) -> impl Iterator<Item = &Expr> {
    let all = arguments.posonlyargs.iter().chain(&arguments.args).chain(&arguments.kwonlyargs);
    all.filter_map(|argument| argument.default.as_deref())
}

fn comprehension(generators: &[ast::Comprehension]) -> impl Iterator<Item = &Expr> {
    generators.iter().flat_map(|generator| [&generator.target, &generator.iter].into_iter().chain(&generator.ifs))
}

/// Every expression within an expression, itself included.
pub(crate) fn each<'a>(expression: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    visit(expression);
    children(expression).into_iter().for_each(|inner| each(inner, visit));
}

/// Adds the names in the target of an assignment.
pub(crate) fn targets(target: &Expr, found: &mut Vec<String>) {
    match target {
        Expr::Name(name) => found.push(identifier(name.id.as_str())),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(|target| targets(target, found)),
        Expr::List(list) => list.elts.iter().for_each(|target| targets(target, found)),
        Expr::Starred(starred) => targets(&starred.value, found),
        _ => {}
    }
}

/// Adds the names that `:=` writes in the scope in which the expression stands.
pub(crate) fn named(expression: &Expr, found: &mut Vec<String>) {
    match expression {
        // Its body is a scope of its own.
        Expr::Lambda(inner) => defaults(&inner.args).for_each(|default| named(default, found)),
        other => {
            if let Expr::NamedExpr(inner) = other {
                targets(&inner.target, found);
            }
            children(other).into_iter().for_each(|inner| named(inner, found));
        }
    }
}

/// The expressions of a statement itself, without those of the statements within it.
pub(crate) fn expressions(statement: &Stmt) -> Vec<&Expr> {
    match statement {
        Stmt::Return(inner) => inner.value.as_deref().into_iter().collect(),
        Stmt::Delete(inner) => inner.targets.iter().collect(),
        Stmt::Assign(inner) => std::iter::once(&*inner.value).chain(&inner.targets).collect(),
        Stmt::AugAssign(inner) => vec![&inner.target, &inner.value],
        Stmt::AnnAssign(inner) => {
            [&*inner.target, &*inner.annotation].into_iter().chain(inner.value.as_deref()).collect()
        }
        Stmt::For(inner) => vec![&inner.iter, &inner.target],
        Stmt::AsyncFor(inner) => vec![&inner.iter, &inner.target],
        Stmt::While(inner) => vec![&inner.test],
        Stmt::If(inner) => vec![&inner.test],
        Stmt::With(inner) => items(&inner.items),
        Stmt::AsyncWith(inner) => items(&inner.items),
        Stmt::Match(inner) => {
            let mut all = vec![&*inner.subject];
            for case in &inner.cases {
                values(&case.pattern, &mut all);
                all.extend(case.guard.as_deref());
            }
            all
        }
        Stmt::Raise(inner) => [&inner.exc, &inner.cause].into_iter().flatten().map(|one| &**one).collect(),
        Stmt::Assert(inner) => std::iter::once(&*inner.test).chain(inner.msg.as_deref()).collect(),
        Stmt::Expr(inner) => vec![&inner.value],
        Stmt::FunctionDef(_)
        | Stmt::AsyncFunctionDef(_)
        | Stmt::ClassDef(_)
        | Stmt::TypeAlias(_)
        | Stmt::Try(_)
        | Stmt::TryStar(_)
        | Stmt::Import(_)
        | Stmt::ImportFrom(_)
        | Stmt::Global(_)
        | Stmt::Nonlocal(_)
        | Stmt::Pass(_)
        | Stmt::Break(_)
        | Stmt::Continue(_) => Vec::new(),
    }
}

fn items(items: &[ast::WithItem]) -> Vec<&Expr> {
    items.iter().flat_map(|item| std::iter::once(&item.context_expr).chain(item.optional_vars.as_deref())).collect()
}

/// Adds the expressions of a pattern.
fn values<'a>(pattern: &'a Pattern, found: &mut Vec<&'a Expr>) {
    match pattern {
        Pattern::MatchValue(inner) => found.push(&inner.value),
        Pattern::MatchMapping(inner) => found.extend(&inner.keys),
        Pattern::MatchClass(inner) => found.push(&inner.cls),
        Pattern::MatchSingleton(_)
        | Pattern::MatchSequence(_)
        | Pattern::MatchStar(_)
        | Pattern::MatchAs(_)
        | Pattern::MatchOr(_) => {}
    }
    inner(pattern).into_iter().for_each(|inner| values(inner, found));
}

/// The patterns directly within a pattern.
fn inner(pattern: &Pattern) -> Vec<&Pattern> {
    match pattern {
        Pattern::MatchSequence(inner) => inner.patterns.iter().collect(),
        Pattern::MatchMapping(inner) => inner.patterns.iter().collect(),
        Pattern::MatchClass(inner) => inner.patterns.iter().chain(&inner.kwd_patterns).collect(),
        Pattern::MatchAs(inner) => inner.pattern.as_deref().into_iter().collect(),
        Pattern::MatchOr(inner) => inner.patterns.iter().collect(),
        Pattern::MatchValue(_) | Pattern::MatchSingleton(_) | Pattern::MatchStar(_) => Vec::new(),
    }
}

/// Adds the names that a pattern captures.
pub(crate) fn captured(pattern: &Pattern, found: &mut Vec<String>) {
    let name = match pattern {
        Pattern::MatchAs(inner) => inner.name.as_ref(),
        Pattern::MatchStar(inner) => inner.name.as_ref(),
        Pattern::MatchMapping(inner) => inner.rest.as_ref(),
        Pattern::MatchValue(_)
        | Pattern::MatchSingleton(_)
        | Pattern::MatchSequence(_)
        | Pattern::MatchClass(_)
        | Pattern::MatchOr(_) => None,
    };
    found.extend(name.map(|name| identifier(name.as_str())));
    inner(pattern).into_iter().for_each(|inner| captured(inner, found));
}
