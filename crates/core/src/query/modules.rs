//! Functions and constants that a file gets from other files.
//!
//! Enters: the imports of a file, whoever knows the files that they are of ([`Modules`]). Leaves: what the imported names mean, and the
//! functions of other files that those of this one call, directly and by way of others ([`Foreigner`]). Promised: nothing is run, circles
//! end, and a function that has not changed is not looked at again for a change elsewhere in its file.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::function::Function;
use super::{Snapshot, moved};
use crate::check::program::Known;
use crate::diagnostic::Diagnostic;
use crate::outside::{Callee, Env, FunctionKey, Outside, hash_of};
use crate::source::SourceFile;
use crate::syntax::Imports;

/// Whoever knows other files.
pub trait Modules {
    /// The file that is meant by an import in a file: `level` dots, and a module's name behind them. Files are known by their paths.
    fn find(&self, from: &str, level: u32, module: &str) -> Option<String>;
    /// What is known of a file.
    fn known(&self, path: &str) -> Option<Arc<Snapshot>>;
}

/// Knows no other files.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Modules for Alone {
    fn find(&self, _: &str, _: u32, _: &str) -> Option<String> {
        None
    }

    fn known(&self, _: &str) -> Option<Arc<Snapshot>> {
        None
    }
}

/// Functions of other files that one file may reach, at the most.
const MOST_FOREIGNERS: usize = 256;

/// A function of another file.
#[derive(Clone, Debug)]
pub struct Foreigner {
    /// The path of its file.
    pub path: String,
    /// Its file.
    pub(super) file: Arc<SourceFile>,
    /// What its places are behind.
    pub(super) start: u32,
    pub(super) function: Arc<Function>,
    /// What a call of it needs, or why it cannot be compiled, with places in its file.
    pub(super) known: Result<Known, Vec<Diagnostic>>,
}

impl Foreigner {
    /// True if there is nothing new to say about calls of it.
    fn is_like(&self, other: &Self) -> bool {
        let is_same =
            Arc::ptr_eq(&self.function, &other.function) || self.function.fingerprint() == other.function.fingerprint();
        // Where it stands matters where there is something to say about it.
        is_same && self.path == other.path && (self.start == other.start && self.file == other.file || self.is_fine())
    }

    /// True if nothing is said about it.
    fn is_fine(&self) -> bool {
        self.known.is_ok() && self.function.diagnostics().iter().all(|one| !one.is_error())
    }
}

/// Finds what one file imports.
pub(super) struct Importer<'a> {
    from: &'a str,
    modules: &'a dyn Modules,
    /// The files that were asked for, as far as something is known of them.
    asked: RefCell<BTreeMap<String, Option<Arc<Snapshot>>>>,
}

impl<'a> Importer<'a> {
    pub(super) fn new(from: &'a str, modules: &'a dyn Modules) -> Self {
        Self { from, modules, asked: RefCell::default() }
    }

    fn known(&self, path: &str) -> Option<Arc<Snapshot>> {
        if let Some(known) = self.asked.borrow().get(path) {
            return known.clone();
        }
        let known = self.modules.known(path);
        self.asked.borrow_mut().insert(path.to_owned(), known.clone());
        known
    }

    /// The files that this one depends on, by way of others too.
    pub(super) fn depends(&self) -> BTreeSet<String> {
        let asked = self.asked.borrow();
        let others = asked.values().flatten().flat_map(|one| one.depends.iter().cloned());
        asked.keys().cloned().chain(others).collect()
    }

    /// The files of the functions that the names of this one mean, as far as they are others.
    pub(super) fn homes(&self, env: &Env) -> BTreeMap<FunctionKey, String> {
        let all = self.all_homes();
        let keys = env.entries().filter_map(|(_, means)| match means {
            Outside::Callee(callee) => Some(callee.key),
            _ => None,
        });
        keys.filter_map(|key| Some((key, all.get(&key)?.clone()))).collect()
    }

    fn all_homes(&self) -> BTreeMap<FunctionKey, String> {
        let mut homes = BTreeMap::new();
        for (path, snapshot) in self.asked.borrow().iter() {
            snapshot.iter().for_each(|snapshot| add_homes(&mut homes, path, snapshot));
        }
        homes.retain(|_, path| path != self.from);
        homes
    }

    /// The functions of other files that are reached from calls of these.
    pub(super) fn reached(&self, calls: impl Iterator<Item = FunctionKey>) -> BTreeMap<FunctionKey, Foreigner> {
        let mut homes = self.all_homes();
        if homes.is_empty() {
            // Nothing is imported that could be called: the calls need not be looked at.
            return BTreeMap::new();
        }
        let mut reached = BTreeMap::new();
        let mut waiting = calls.collect::<Vec<_>>();
        while let Some(key) = waiting.pop() {
            if reached.contains_key(&key) || reached.len() >= MOST_FOREIGNERS {
                continue;
            }
            let Some(path) = homes.get(&key).cloned().filter(|path| path != self.from) else { continue };
            let Some(snapshot) = self.known(&path) else { continue };
            // The last one of a name, as Python has it.
            let Some(located) = snapshot.functions().filter(|one| one.function.key() == key).last() else { continue };
            add_homes(&mut homes, &path, &snapshot);
            let (function, file) = (located.function.clone(), snapshot.shared_file());
            let refusal = || {
                let errors = function.own_errors().map(|one| moved(one.clone(), located.start).elsewhere(&file));
                errors.collect::<Vec<_>>()
            };
            let known = function.callable().map_err(|_| refusal());
            waiting.extend(function.callee_keys());
            reached.insert(key, Foreigner { path, file, start: located.start, function, known });
        }
        reached
    }
}

/// Takes note of where functions are: those of a file, and those of others that it knows.
fn add_homes(homes: &mut BTreeMap<FunctionKey, String>, path: &str, snapshot: &Snapshot) {
    snapshot.functions().for_each(|one| drop(homes.insert(one.function.key(), path.to_owned())));
    let others = snapshot.homes.iter().chain(snapshot.foreign.iter().map(|(key, one)| (key, &one.path)));
    for (key, path) in others {
        homes.entry(*key).or_insert_with(|| path.clone());
    }
}

impl Imports for Importer<'_> {
    fn name(&self, level: u32, module: &str, name: &str) -> Option<Outside> {
        if let Some(known) = self.modules.find(self.from, level, module).and_then(|path| self.known(&path))
            && let Some(means) = known.exported(name)
        {
            return Some(means);
        }
        // `from package import module`
        let whole = if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") };
        self.modules.find(self.from, level, &whole).map(|_| Outside::Namespace(format!("the module `{name}`")))
    }

    fn attributes(&self, level: u32, module: &str) -> Vec<(String, Outside)> {
        let known = self.modules.find(self.from, level, module).and_then(|path| self.known(&path));
        let names = known.iter().flat_map(|known| known.outer.env.names().map(str::to_owned)).collect::<Vec<_>>();
        let exported = |name: String| Some((name.clone(), known.as_ref()?.exported(&name)?));
        names.into_iter().filter_map(exported).collect()
    }
}

impl Snapshot {
    /// What a name of this file means to others.
    fn exported(&self, name: &str) -> Option<Outside> {
        let means = self.outer.env.get(name)?;
        let is_known = match means {
            Outside::Callee(callee) => {
                let is_own = callee.key == Callee::in_file(self.file.path(), &callee.name).key;
                !is_own || self.functions().any(|one| one.function.key() == callee.key)
            }
            Outside::Constant(_) | Outside::Function(_) | Outside::Module(_) | Outside::Scalar(..) => true,
            Outside::Variable(_) | Outside::Namespace(_) | Outside::Missing | Outside::Untold | Outside::Other(_) => {
                false
            }
        };
        is_known.then(|| means.clone())
    }

    /// A number for all that other files may get from this one: equal as long as that is the same.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        *self.fingerprint.get_or_init(|| {
            let mut hash = hash_of(&format!("{:?}", self.outer.env));
            for located in self.functions() {
                hash = hash.wrapping_mul(31).wrapping_add(located.function.fingerprint());
                // Places in it may be shown with what is said about it.
                hash = hash.wrapping_mul(31).wrapping_add(located.start.into());
            }
            hash
        })
    }

    /// The paths of the files that this one depends on, by way of others too.
    #[must_use]
    pub const fn depends(&self) -> &BTreeSet<String> {
        &self.depends
    }

    /// The file, to be shared with what is said about it elsewhere.
    fn shared_file(&self) -> Arc<SourceFile> {
        self.shared.get_or_init(|| Arc::new(self.file.clone())).clone()
    }
}

/// The keys of functions that are not what they were, and of those that call them.
pub(super) fn changed(
    before: &BTreeMap<FunctionKey, Foreigner>,
    after: &BTreeMap<FunctionKey, Foreigner>,
) -> BTreeSet<FunctionKey> {
    let is_new = |(key, one): &(&FunctionKey, &Foreigner)| before.get(key).is_none_or(|known| !known.is_like(one));
    let mut changed = after.iter().filter(is_new).map(|(key, _)| *key).collect::<BTreeSet<_>>();
    changed.extend(before.keys().filter(|key| !after.contains_key(key)));
    loop {
        let calls = |one: &Foreigner| one.function.callee_keys().any(|key| changed.contains(&key));
        let more = after.iter().filter(|(key, one)| !changed.contains(key) && calls(one)).map(|(key, _)| *key);
        let more = more.collect::<Vec<_>>();
        if more.is_empty() {
            return changed;
        }
        changed.extend(more);
    }
}
