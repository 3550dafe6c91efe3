//! Functions that write variables of a function around, called further inside: by a function within another function.
//!
//! Enters: the trees, and the names of functions that write, with what they write. Leaves: whatever calls one of them further inside writes
//! the same variables, as if it declared them `nonlocal`: so they come back by the way of every function between.

use std::collections::{BTreeMap, BTreeSet};

use rustpython_parser::ast::{Expr, Stmt};

use super::shared::{Names, parameters};
use crate::syntax::{blocks, identifier, walk};

/// The variables that functions write, by the names of both.
pub(super) type Writers = BTreeMap<String, BTreeSet<String>>;

/// What a function has of the functions around it.
#[derive(Clone, Debug, Default)]
pub(super) struct Further {
    /// Those whose calls make this function write what they do: they are made further out than in the function around it.
    pub(super) here: Writers,
    /// Those for which the same holds of functions within this one.
    pub(super) within: Writers,
    /// Those that it makes itself.
    pub(super) own: Writers,
}

impl Further {
    /// What a function within this one has, which binds these names itself.
    pub(super) fn inside(&self, bound: &BTreeSet<String>) -> Self {
        let here = without(&self.within, bound);
        let within = self.within.iter().chain(&self.own).map(|(name, all)| (name.clone(), all.clone())).collect();
        Self { here, within: without(&within, bound), own: Writers::new() }
    }
}

/// All but those of these names.
fn without(writers: &Writers, bound: &BTreeSet<String>) -> Writers {
    let others = writers.iter().filter(|(name, _)| !bound.contains(*name));
    others.map(|(name, all)| (name.clone(), all.clone())).collect()
}

/// The functions that a body makes and that write its variables, by way of each other, too.
pub(super) fn writers(body: &[Stmt]) -> Writers {
    let mut found = Writers::new();
    let mut mentions = BTreeMap::<String, BTreeSet<String>>::new();
    each_function(body, &mut |name, def| {
        let mut names = Names::default();
        names.add(def.0);
        names.add_from_within(def.0, &def.1, &Writers::new());
        let declared = names.declared.intersection(&names.written).cloned();
        found.entry(name.clone()).or_default().extend(declared);
        mentioned(def.0, true, mentions.entry(name).or_default());
    });
    loop {
        let before = found.clone();
        for (name, mentions) in &mentions {
            let more = mentions.iter().filter_map(|other| before.get(other)).flatten().cloned().collect::<Vec<_>>();
            found.entry(name.clone()).or_default().extend(more);
        }
        if found == before {
            found.retain(|_, all| !all.is_empty());
            return found;
        }
    }
}

/// Hands on each function that a body makes: its name, its own body and its parameters.
fn each_function<'a>(body: &'a [Stmt], found: &mut dyn FnMut(String, (&'a [Stmt], BTreeSet<String>))) {
    for statement in body {
        match statement {
            Stmt::FunctionDef(def) => found(identifier(def.name.as_str()), (&def.body, parameters(def))),
            Stmt::AsyncFunctionDef(_) | Stmt::ClassDef(_) => {}
            other => blocks(other).into_iter().for_each(|body| each_function(body, found)),
        }
    }
}

/// The names that a body reads; if `all`, functions within it, too.
pub(super) fn mentioned(body: &[Stmt], all: bool, found: &mut BTreeSet<String>) {
    for statement in body {
        for expression in walk::expressions(statement) {
            walk::each(expression, &mut |inner| {
                if let Expr::Name(name) = inner {
                    found.insert(identifier(name.id.as_str()));
                }
            });
        }
        if all || !matches!(statement, Stmt::FunctionDef(_) | Stmt::AsyncFunctionDef(_) | Stmt::ClassDef(_)) {
            blocks(statement).into_iter().for_each(|body| mentioned(body, all, found));
        }
    }
}
