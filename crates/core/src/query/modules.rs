//! Functions and constants that a file gets from other files, and the plain functions that its brrr functions call.
//!
//! Enters: the imports of a file, whoever knows the files that they are of ([`Modules`]), the other cells of its notebook. Leaves: what
//! the imported names mean, and the functions that are not under the decorator here and that those of this file call, directly and by way
//! of others ([`Foreigner`]): those of other files, and plain ones, which a run compiles with their callers. Promised: nothing is run,
//! circles end, and a function that has not changed is not looked at again for a change elsewhere in its file.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::function::Function;
use super::{Cells, Checked, Snapshot, moved};
use crate::check::program::Known;
use crate::diagnostic::Diagnostic;
use crate::outside::{Callee, Env, FunctionKey, Outside, hash_of};
use crate::source::{SourceFile, Span};
use crate::syntax::{self, Imports, Outer};

/// Whoever knows other files.
pub trait Modules {
    /// The file that is meant by an import in a file: `level` dots, and a module's name behind them. Files are known by their paths.
    fn find(&self, from: &str, level: u32, module: &str) -> Option<String>;
    /// What is known of a file.
    fn known(&self, path: &str) -> Option<Arc<Snapshot>>;
    /// The same, with what the file imports itself: of one without anything of brrr's that is looked at only where it is needed.
    fn followed(&self, path: &str) -> Option<Arc<Snapshot>> {
        self.known(path)
    }
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

/// A function of another file, or a plain one.
#[derive(Clone, Debug)]
pub struct Foreigner {
    /// The path of its file.
    pub path: String,
    /// Its file.
    pub file: Arc<SourceFile>,
    /// What its places are behind.
    pub start: u32,
    /// Its file is another cell of the notebook.
    pub cell: bool,
    /// The function.
    pub function: Arc<Function>,
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

/// The plain functions of the file at hand.
pub(super) struct Helpers<'a> {
    file: &'a Arc<SourceFile>,
    outer: &'a Outer,
    of: BTreeMap<FunctionKey, (u32, &'a Arc<Checked>)>,
}

impl<'a> Helpers<'a> {
    pub(super) fn of(
        file: &'a Arc<SourceFile>,
        outer: &'a Outer,
        placed: impl Iterator<Item = (&'a Span, &'a Arc<Checked>)> + Clone,
    ) -> Self {
        let plain =
            placed.clone().flat_map(|(span, one)| one.plain.iter().map(move |(_, key)| (*key, (span.start, one))));
        let mut of = plain.collect::<BTreeMap<_, _>>();
        if !of.is_empty() {
            // What is under the decorator, too, is meant.
            let decorated = placed.flat_map(|(_, one)| &one.functions);
            decorated.for_each(|function| {
                of.remove(&function.key());
            });
        }
        Self { file, outer, of }
    }

    fn find(&self, key: FunctionKey) -> Option<Found> {
        let &(start, checked) = self.of.get(&key)?;
        let function = checked.helper(key, self.outer)?.clone();
        Some(Found { path: self.file.path().to_owned(), file: self.file.clone(), start, function })
    }
}

/// A function and where it stands.
struct Found {
    path: String,
    file: Arc<SourceFile>,
    start: u32,
    function: Arc<Function>,
}

/// Finds what one file imports.
pub(super) struct Importer<'a> {
    from: &'a str,
    cells: Cells<'a>,
    modules: &'a dyn Modules,
    /// The files that were asked for, as far as something is known of them.
    asked: RefCell<BTreeMap<String, Option<Arc<Snapshot>>>>,
    /// The same with what they import.
    followed: RefCell<BTreeMap<String, Option<Arc<Snapshot>>>>,
}

impl<'a> Importer<'a> {
    pub(super) fn new(from: &'a str, cells: Cells<'a>, modules: &'a dyn Modules) -> Self {
        let others = cells.before.iter().chain(cells.after);
        let known = others.map(|cell| (cell.file().path().to_owned(), Some(cell.clone()))).collect::<BTreeMap<_, _>>();
        Self { from, cells, modules, asked: RefCell::new(known.clone()), followed: RefCell::new(known) }
    }

    fn is_cell(&self, path: &str) -> bool {
        self.cells.before.iter().chain(self.cells.after).any(|cell| cell.file().path() == path)
    }

    fn known(&self, path: &str) -> Option<Arc<Snapshot>> {
        if let Some(known) = self.asked.borrow().get(path) {
            return known.clone();
        }
        let known = self.modules.known(path);
        self.asked.borrow_mut().insert(path.to_owned(), known.clone());
        known
    }

    fn followed(&self, path: &str) -> Option<Arc<Snapshot>> {
        if let Some(known) = self.followed.borrow().get(path) {
            return known.clone();
        }
        let known = self.modules.followed(path);
        self.followed.borrow_mut().insert(path.to_owned(), known.clone());
        known
    }

    /// The files that this one depends on, by way of others too.
    pub(super) fn depends(&self) -> BTreeSet<String> {
        let (asked, followed) = (self.asked.borrow(), self.followed.borrow());
        let all = || asked.iter().chain(followed.iter());
        let others = all().filter_map(|(_, one)| one.as_ref()).flat_map(|one| one.depends.iter().cloned());
        let mut depends = all().map(|(path, _)| path.clone()).chain(others).collect::<BTreeSet<_>>();
        depends.remove(self.from);
        depends
    }

    /// The files of the functions that the names of this one mean, as far as they are others.
    pub(super) fn homes(&self, env: &Env) -> BTreeMap<FunctionKey, String> {
        let all = self.all_homes();
        let keys = env.entries().flat_map(|(_, means)| means.callees()).map(|callee| callee.key);
        keys.filter_map(|key| Some((key, all.get(&key)?.clone()))).collect()
    }

    fn all_homes(&self) -> BTreeMap<FunctionKey, String> {
        let mut homes = BTreeMap::new();
        for (path, snapshot) in self.asked.borrow().iter().chain(self.followed.borrow().iter()) {
            snapshot.iter().for_each(|snapshot| add_homes(&mut homes, path, snapshot));
        }
        homes.retain(|_, path| path != self.from);
        homes
    }

    /// The functions of other files, and the plain ones of this one, that are reached from calls of these.
    pub(super) fn reached(
        &self,
        own: &Helpers<'_>,
        calls: impl Iterator<Item = FunctionKey>,
    ) -> BTreeMap<FunctionKey, Foreigner> {
        let mut homes = self.all_homes();
        if homes.is_empty() && own.of.is_empty() {
            // There is nothing that could be called: the calls need not be looked at.
            return BTreeMap::new();
        }
        let mut reached = BTreeMap::new();
        let mut waiting = calls.collect::<Vec<_>>();
        while let Some(key) = waiting.pop() {
            if reached.contains_key(&key) || reached.len() >= MOST_FOREIGNERS {
                continue;
            }
            let Some(Found { path, file, start, function }) = own.find(key).or_else(|| self.find(&mut homes, key))
            else {
                continue;
            };
            let refusal = || {
                let errors = function.own_errors().map(|one| moved(one.clone(), start).elsewhere(&file));
                errors.collect::<Vec<_>>()
            };
            let cell = self.is_cell(&path);
            // A brrr function of another cell says itself what is wrong with it.
            let is_silent = !function.is_plain() && cell;
            let known = function.callable().map_err(|_| if is_silent { Vec::new() } else { refusal() });
            waiting.extend(function.callee_keys());
            reached.insert(key, Foreigner { path, file, start, cell, function, known });
        }
        reached
    }

    fn find(&self, homes: &mut BTreeMap<FunctionKey, String>, key: FunctionKey) -> Option<Found> {
        let path = homes.get(&key).cloned().filter(|path| path != self.from)?;
        let snapshot = self.known(&path)?;
        // A plain function has what it calls from where its file has it.
        let is_plain = snapshot.functions().all(|one| one.function.key() != key);
        let snapshot = if is_plain { self.followed(&path)? } else { snapshot };
        add_homes(homes, &path, &snapshot);
        snapshot.found(key)
    }
}

/// Takes note of where functions are: those of a file, and those of others that it knows.
fn add_homes(homes: &mut BTreeMap<FunctionKey, String>, path: &str, snapshot: &Snapshot) {
    let plain = snapshot.placed.iter().flat_map(|placed| placed.checked.plain.iter().map(|(_, key)| *key));
    let own = snapshot.functions().map(|one| one.function.key()).chain(plain);
    own.for_each(|key| drop(homes.insert(key, path.to_owned())));
    let others = snapshot.homes.iter().chain(snapshot.foreign.iter().map(|(key, one)| (key, &one.path)));
    for (key, path) in others {
        homes.entry(*key).or_insert_with(|| path.clone());
    }
}

impl Imports for Importer<'_> {
    fn name(&self, level: u32, module: &str, name: &str) -> Option<Outside> {
        if let Some(path) = self.modules.find(self.from, level, module)
            && let Some(known) = self.known(&path)
        {
            let exported = known.exported(name).or_else(|| {
                // It may have it from another file.
                let is_untold = known.outer.env.get(name).is_some_and(|means| matches!(means, Outside::Untold));
                if is_untold { self.followed(&path)?.exported(name) } else { None }
            });
            if exported.is_some() {
                return exported;
            }
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
            Outside::Callee(_) | Outside::Tuple(_) => means.callees().into_iter().all(|callee| {
                let is_own = callee.key == Callee::in_file(self.file.path(), &callee.name).key;
                !is_own || self.holds(callee.key)
            }),
            Outside::Constant(_) | Outside::Function(_) | Outside::Module(_) | Outside::Scalar(..) => true,
            Outside::Variable(_) | Outside::Namespace(_) | Outside::Missing | Outside::Untold | Outside::Other(_) => {
                false
            }
        };
        is_known.then(|| means.clone())
    }

    /// True if a function of this file has this key.
    fn holds(&self, key: FunctionKey) -> bool {
        let mut plain = self.placed.iter().flat_map(|placed| &placed.checked.plain);
        plain.any(|(_, one)| *one == key) || self.functions().any(|one| one.function.key() == key)
    }

    /// The function of a key in this file: the last one, as Python has it.
    fn found(&self, key: FunctionKey) -> Option<Found> {
        let own = self.functions().filter(|one| one.function.key() == key).last();
        let own = own.map(|located| (located.start, located.function.clone()));
        let plain = || {
            let holds = |placed: &&super::Placed| placed.checked.plain.iter().any(|(_, one)| *one == key);
            let placed = self.placed.iter().rfind(holds)?;
            Some((placed.start, placed.checked.helper(key, &self.outer)?.clone()))
        };
        let (start, function) = own.or_else(plain)?;
        Some(Found { path: self.file.path().to_owned(), file: self.file.clone(), start, function })
    }

    /// The function that a name outside of the functions of this file means, if it is none of its own under the decorator.
    #[must_use]
    pub fn foreigner(&self, callee: &Callee) -> Option<&Foreigner> {
        self.foreign.get(&callee.key)
    }

    /// A number for all that other files may get from this one: equal as long as that is the same.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        *self.fingerprint.get_or_init(|| {
            if !self.read {
                return hash_of(self.file.text());
            }
            syntax::with_stack(|| self.fingerprint_of_all())
        })
    }

    fn fingerprint_of_all(&self) -> u64 {
        // The names of other cells, a cell reads itself.
        let mut hash = if self.cell { 0 } else { hash_of(&format!("{:?}", self.outer.env)) };
        for located in self.functions() {
            hash = hash.wrapping_mul(31).wrapping_add(located.function.fingerprint());
            // Places in it may be shown with what is said about it.
            hash = hash.wrapping_mul(31).wrapping_add(located.start.into());
        }
        for placed in self.placed.iter().filter(|placed| !placed.checked.plain.is_empty()) {
            let of = |key: &FunctionKey| placed.checked.helper(*key, &self.outer).map_or(0, |one| one.fingerprint());
            let plain = match self.cell {
                // What is bound to names elsewhere in the module may change what they do.
                true => placed.checked.plain.iter().map(|(_, key)| of(key)).fold(0, u64::wrapping_add),
                false => hash_of(placed.checked.piece.file().text()),
            };
            hash = hash.wrapping_mul(31).wrapping_add(plain);
            hash = hash.wrapping_mul(31).wrapping_add(placed.start.into());
        }
        hash
    }

    /// The paths of the files that this one depends on, by way of others too.
    #[must_use]
    pub const fn depends(&self) -> &BTreeSet<String> {
        &self.depends
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
