//! What is known about a file at each moment of its editing, as plain data.
//!
//! Enters: a file and what was known of its last version. Leaves: a [`Snapshot`], which answers questions about places in it
//! without running, compiling or changing anything. Promised: a snapshot made from its predecessor says what one made afresh
//! says; only the statements at the margin that changed, and those that read a name whose meaning changed, are looked at again.

pub mod calls;
mod chain;
pub mod function;
mod header;
pub mod hints;
pub mod hover;
pub mod inner;
mod layer;
pub mod modules;
pub mod optimiser;
mod outcome;
pub mod remarks;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use crate::diagnostic::{Diagnostic, Edit, Severity};
use crate::outside::{Callee, Env, FunctionKey};
use crate::source::{SourceFile, Span};
use crate::suppress;
use crate::syntax::{self, Outer, Piece};
use crate::types::Signature;
use calls::{CallSite, Locals};
use function::{Beside, Function};
use modules::{Foreigner, Helpers, Importer, Modules};

/// One version of a file, analysed.
#[derive(Debug)]
pub struct Snapshot {
    file: Arc<SourceFile>,
    /// It was looked at: there may be something of brrr's in it, or another file asks.
    read: bool,
    /// It is a cell of a notebook that has others.
    cell: bool,
    outer: Outer,
    locals: Locals,
    placed: Vec<Placed>,
    diagnostics: Vec<Diagnostic>,
    /// The functions of other files that those of this one reach.
    foreign: BTreeMap<FunctionKey, Foreigner>,
    /// The files of the functions that are imported.
    homes: BTreeMap<FunctionKey, String>,
    /// The files that this one depends on.
    depends: BTreeSet<String>,
    fingerprint: OnceLock<u64>,
}

/// The other cells of the notebook that a file is a cell of, in their order: one module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cells<'a> {
    /// Those in front of it.
    pub before: &'a [Arc<Snapshot>],
    /// Those behind it.
    pub after: &'a [Arc<Snapshot>],
}

/// A piece of the file and where it begins.
#[derive(Clone, Debug)]
struct Placed {
    start: u32,
    checked: Arc<Checked>,
}

/// What is known of one piece; all places are its own.
#[derive(Debug)]
struct Checked {
    piece: Arc<Piece>,
    functions: Vec<Arc<Function>>,
    diagnostics: Vec<Diagnostic>,
    calls: Vec<CallSite>,
    /// The functions of the module in it that are under no decorator, and those beside brrr functions in other functions: names and keys.
    plain: Vec<(String, FunctionKey)>,
    /// These functions, once one of them is called by compiled code.
    helpers: OnceLock<Vec<Arc<Function>>>,
}

/// A brrr function in its file.
#[derive(Clone, Copy, Debug)]
pub struct Located<'a> {
    /// What is known of it; its places begin with its piece.
    pub function: &'a Arc<Function>,
    /// What its places are behind.
    pub start: u32,
    /// Its number in the file.
    pub index: usize,
}

impl Located<'_> {
    /// A place of the function in its file.
    #[must_use]
    pub const fn place(&self, span: Span) -> Span {
        shifted(span, self.start)
    }

    /// From the first decorator to the last statement, in the file.
    #[must_use]
    pub fn span(&self) -> Span {
        self.place(self.function.span())
    }

    /// What there is to say about the function, with its places in the file.
    #[must_use]
    pub fn moved(&self, one: Diagnostic) -> Diagnostic {
        moved(one, self.start)
    }
}

/// A diagnostic about a piece, in the file that the piece is in.
fn moved(mut one: Diagnostic, by: u32) -> Diagnostic {
    let own = one.labels.iter_mut().filter(|label| label.file.is_none());
    own.for_each(|label| label.span = shifted(label.span, by));
    let edits = one.fixes.iter_mut().flat_map(|fix| &mut fix.edits);
    edits.for_each(|edit| edit.span = shifted(edit.span, by));
    one
}

/// Imports that a fix puts above the function go to the top of the file, above the import of brrr.
fn hoisted(mut one: Diagnostic, file: &SourceFile) -> Diagnostic {
    let is_import = |edit: &Edit| {
        edit.span.start == edit.span.end && edit.replacement.starts_with("import ") && edit.replacement.ends_with('\n')
    };
    if !one.fixes.iter().flat_map(|fix| &fix.edits).any(is_import) {
        return one;
    }
    let mut at = 0;
    for line in file.text().split_inclusive('\n') {
        if line.starts_with("from brrr ") || line.starts_with("import brrr") {
            for edit in one.fixes.iter_mut().flat_map(|fix| &mut fix.edits) {
                if is_import(edit) && at < edit.span.start {
                    edit.span = Span::new(at, at);
                }
            }
            break;
        }
        at += line.len() as u32;
    }
    one
}

const fn shifted(span: Span, by: u32) -> Span {
    Span::new(span.start + by, span.end + by)
}

impl Snapshot {
    /// Analyses a file. `previous` is what was known before; `before` are the cells of its notebook in front of it.
    #[must_use]
    pub fn new(previous: Option<&Self>, file: SourceFile, before: &[Arc<Self>]) -> Self {
        Self::among(previous, file, Cells { before, after: &[] }, &modules::Alone)
    }

    /// The same among other files, from which it may import.
    #[must_use]
    pub fn among(previous: Option<&Self>, file: SourceFile, cells: Cells<'_>, modules: &dyn Modules) -> Self {
        // Without its name, nothing can be under the decorator, unless another cell has the import.
        let concerned = file.text().contains("brrr") || !cells.before.is_empty() || !cells.after.is_empty();
        syntax::with_stack(|| Self::analyzed(previous, file, cells, modules, concerned))
    }

    /// A file from which another one imports: it may hold constants and plain functions alone.
    #[must_use]
    pub fn module(previous: Option<&Self>, file: SourceFile, modules: &dyn Modules) -> Self {
        syntax::with_stack(|| Self::analyzed(previous, file, Cells::default(), modules, true))
    }

    fn analyzed(
        previous: Option<&Self>,
        file: SourceFile,
        cells: Cells<'_>,
        modules: &dyn Modules,
        concerned: bool,
    ) -> Self {
        let file = Arc::new(file);
        let text = file.text();
        let importer = Importer::new(file.path(), cells, modules);
        let chunks = if concerned { syntax::chunks(text) } else { Vec::new() };
        let known = previous.map_or(&[][..], |previous| &previous.placed);
        let reused = reusable(&chunks, &file, known);
        let pieces = chunks.iter().zip(&reused).map(|(&span, known)| match known {
            Some(checked) => checked.piece.clone(),
            None => Arc::new(Piece::new(file.path(), file.slice(span))),
        });
        let pieces = pieces.collect::<Vec<_>>();
        let of = |cells: &'_ [Arc<Self>]| {
            let pieces = cells.iter().flat_map(|cell| cell.placed.iter().map(|placed| placed.checked.piece.clone()));
            pieces.collect::<Vec<_>>()
        };
        let (before, after) = (of(cells.before), of(cells.after));
        let runs = || before.iter().chain(&pieces).chain(&after).map(|piece| piece.run());
        let outer = Outer::of(runs(), Some(&importer));
        let locals = calls::locals(runs().map(|(_, statements)| statements), &outer.env);
        let changes = previous.map_or(Changes::All, |previous| previous.changes(&outer, &locals));
        let checked = pieces.into_iter().zip(reused).map(|(piece, known)| match known {
            Some(checked) if !changes.concern(piece.file().text()) => checked.clone(),
            _ => Arc::new(Checked::new(piece, &outer, &locals)),
        });
        let mut checked = checked.collect::<Vec<_>>();
        let calls = checked.iter().flat_map(|one| &one.functions).flat_map(|function| function.callee_keys());
        let helpers = Helpers::of(&file, &outer, chunks.iter().zip(&checked));
        let foreign = importer.reached(&helpers, calls);
        drop(helpers);
        if let Some(previous) = previous {
            let changed = modules::changed(&previous.foreign, &foreign);
            let calls = |one: &Checked| {
                one.functions.iter().flat_map(|one| one.callee_keys()).any(|key| changed.contains(&key))
            };
            for one in checked.iter_mut().filter(|one| !changed.is_empty() && calls(one)) {
                *one = Arc::new(Checked::new(one.piece.clone(), &outer, &locals));
            }
        }
        look_again_at_callers(&mut checked, known, &outer, &locals);
        let placed = chunks.iter().zip(checked).map(|(span, checked)| Placed { start: span.start, checked });
        let placed = placed.collect::<Vec<_>>();
        place_beside(&placed, &foreign);
        let all = placed
            .iter()
            .flat_map(|placed| placed.checked.diagnostics().map(|one| moved(one.clone(), placed.start)))
            .map(|one| hoisted(one, &file));
        let diagnostics = suppress::apply(&file, all.collect());
        let (homes, depends) = (importer.homes(&outer.env), importer.depends());
        drop(importer);
        Self {
            file,
            read: concerned,
            cell: !cells.before.is_empty() || !cells.after.is_empty(),
            outer,
            locals,
            placed,
            diagnostics,
            foreign,
            homes,
            depends,
            fingerprint: OnceLock::new(),
        }
    }

    fn changes(&self, outer: &Outer, locals: &Locals) -> Changes {
        let (before, after) = (&self.outer, outer);
        if !before.has_same_decorators(after) || before.env.without_asserts != after.env.without_asserts {
            return Changes::All;
        }
        let mut names = differences(before.env.entries(), |path| after.env.get(path));
        names.extend(differences(after.env.entries(), |path| before.env.get(path)));
        names.extend(differences(self.locals.iter().map(|(name, one)| (name.as_str(), one)), |name| locals.get(name)));
        names.extend(differences(locals.iter().map(|(name, one)| (name.as_str(), one)), |name| self.locals.get(name)));
        Changes::Of(names)
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &SourceFile {
        &self.file
    }

    /// True unless the file has nothing of brrr's and nobody has asked for what is in it.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        self.read
    }

    /// Everything there is to say, in the order of the source.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The types that hints about a function are for: those that annotations, default values and calls in the file say, the likeliest.
    #[must_use]
    pub fn hinted(&self, located: Located<'_>) -> Signature {
        let function = located.function;
        let calls = self.calls().map(|(call, _)| call).filter(|call| call.name == function.name());
        let first = function.candidates(calls).into_iter().next();
        first.map_or_else(|| function.annotated().clone(), |first| first.signature)
    }

    /// What could be faster: diagnostics of severity `hint`, in the order of the source; with what the optimiser has said of functions
    /// about which it was heard.
    #[must_use]
    pub fn hints(&self) -> Vec<Diagnostic> {
        let of = |located: Located<'_>| {
            let hints = located.function.hints_for(&self.hinted(located)).into_iter();
            hints.map(move |one| located.moved(one)).collect::<Vec<_>>()
        };
        let mut hints = suppress::apply(&self.file, self.functions().flat_map(of).collect());
        hints.retain(|one| one.severity() == Severity::Hint);
        hints
    }

    /// True if there is something of brrr's in the file.
    #[must_use]
    pub fn is_concerned(&self) -> bool {
        !self.diagnostics.is_empty() || self.functions().next().is_some()
    }

    /// What the names outside of its functions mean.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.outer.env
    }

    /// The brrr functions, in the order of the source.
    pub fn functions(&self) -> impl Iterator<Item = Located<'_>> {
        let all = self
            .placed
            .iter()
            .flat_map(|placed| placed.checked.functions.iter().map(|function| (placed.start, function)));
        all.enumerate().map(|(index, (start, function))| Located { function, start, index })
    }

    /// The innermost brrr function that holds a place.
    #[must_use]
    pub fn function_at(&self, offset: u32) -> Option<Located<'_>> {
        let holds = |located: &Located<'_>| located.span().contains(offset);
        self.functions().filter(holds).min_by_key(|located| located.span().end - located.span().start)
    }

    /// The brrr function of a name; the last one, as Python has it.
    #[must_use]
    pub fn function_named(&self, name: &str) -> Option<Located<'_>> {
        self.functions().filter(|located| located.function.name() == name).last()
    }

    /// The calls in the file of functions that have a name, each with its place in the file.
    pub fn calls(&self) -> impl Iterator<Item = (&CallSite, Span)> {
        let all = self
            .placed
            .iter()
            .flat_map(|placed| placed.checked.calls.iter().map(|call| (call, shifted(call.span, placed.start))));
        all.into_iter()
    }
}

impl Checked {
    fn new(piece: Arc<Piece>, outer: &Outer, locals: &Locals) -> Self {
        let module = piece.functions(outer);
        let functions = module.functions.iter().map(|function| Arc::new(Function::new(piece.clone(), function, None)));
        let functions = functions.collect();
        let diagnostics = module.diagnostics;
        let calls = calls::calls(piece.statements(), &outer.env, locals);
        let path = piece.file().path();
        let named = piece.plain_names().into_iter().map(|name| (name.clone(), Callee::in_file(path, &name).key));
        let locals = piece.local_names(outer).into_iter().map(|callee| (callee.name, callee.key));
        let plain = named.chain(locals).collect();
        Self { functions, diagnostics, calls, plain, helpers: OnceLock::new(), piece }
    }

    /// The function of a key that is under no decorator; the last one, as Python has it.
    fn helper(&self, key: FunctionKey, outer: &Outer) -> Option<&Arc<Function>> {
        let made = || {
            let new = |function: &_, key| Arc::new(Function::new(self.piece.clone(), function, key));
            let (plain, locals) = (self.piece.plain_functions(outer), self.piece.local_functions(outer));
            let locals = locals.iter().map(|(key, function)| new(function, Some(*key)));
            plain.iter().map(|function| new(function, None)).chain(locals).collect()
        };
        self.helpers.get_or_init(made).iter().rfind(|one| one.key() == key)
    }

    /// The names of the functions in it.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.functions.iter().map(|function| function.name()).chain(self.plain.iter().map(|(name, _)| name.as_str()))
    }

    /// The names of the functions that those in it call, as far as they are called by compiled code.
    fn callees(&self) -> impl Iterator<Item = &str> {
        let helpers = self.helpers.get().into_iter().flatten();
        self.functions.iter().chain(helpers).flat_map(|function| function.callees())
    }

    /// What there is to say about it.
    fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().chain(self.functions.iter().flat_map(|function| function.diagnostics()))
    }
}

/// What calls a function that changed is looked at again, and what calls that.
fn look_again_at_callers(checked: &mut [Arc<Checked>], before: &[Placed], outer: &Outer, locals: &Locals) {
    let is_kept = |one: &Arc<Checked>| before.iter().any(|placed| Arc::ptr_eq(&placed.checked, one));
    let names = |one: &Checked| one.names().map(str::to_owned).collect::<Vec<_>>();
    let mut kept = checked.iter().map(is_kept).collect::<Vec<_>>();
    if kept.iter().all(|kept| *kept) && before.len() == checked.len() {
        return;
    }
    let fresh = checked.iter().zip(&kept).filter(|(_, kept)| !**kept).map(|(one, _)| one);
    let gone =
        before.iter().map(|placed| &placed.checked).filter(|one| !checked.iter().any(|other| Arc::ptr_eq(one, other)));
    let mut changed = fresh.chain(gone).flat_map(|one| names(one)).collect::<BTreeSet<_>>();
    loop {
        let calls = |one: &Checked| one.callees().any(|name| changed.contains(name));
        let again = (0..checked.len()).filter(|&at| kept[at] && calls(&checked[at])).collect::<Vec<_>>();
        if again.is_empty() {
            return;
        }
        for at in again {
            checked[at] = Arc::new(Checked::new(checked[at].piece.clone(), outer, locals));
            kept[at] = false;
            changed.extend(names(&checked[at]));
        }
    }
}

/// Tells the functions of a file of each other.
fn place_beside(placed: &[Placed], foreign: &BTreeMap<FunctionKey, Foreigner>) {
    let functions = || placed.iter().flat_map(|placed| &placed.checked.functions);
    let own = functions().map(|function| (function.key(), function.callable()));
    let known = foreign.iter().map(|(key, one)| (*key, one.known.clone())).chain(own).collect();
    let beside = Arc::new(Beside { known, foreign: foreign.clone() });
    functions().for_each(|function| function.place_beside(&beside));
}

/// For each chunk what is known of a piece with the same text.
fn reusable<'a>(chunks: &[Span], file: &SourceFile, known: &'a [Placed]) -> Vec<Option<&'a Arc<Checked>>> {
    let same = |chunk: &Span, placed: &Placed| file.slice(*chunk) == placed.checked.piece.file().text();
    let ahead = chunks.iter().zip(known).take_while(|(chunk, placed)| same(chunk, placed)).count();
    let (rest, others) = (&chunks[ahead..], &known[ahead..]);
    let behind = rest.iter().rev().zip(others.iter().rev()).take_while(|(chunk, placed)| same(chunk, placed)).count();
    let changed = &others[..others.len() - behind];
    let middle = rest[..rest.len() - behind].iter().map(|chunk| {
        // An edit changes few pieces at a time.
        let found = changed.iter().take(64).find(|placed| same(chunk, placed));
        found.map(|placed| &placed.checked)
    });
    let (first, last) = (&known[..ahead], &others[others.len() - behind..]);
    let whole = |placed: &'a Placed| Some(&placed.checked);
    first.iter().map(whole).chain(middle).chain(last.iter().map(whole)).collect()
}

/// The names of entries that are not the same among others.
fn differences<'a, T: PartialEq + 'a>(
    entries: impl Iterator<Item = (&'a str, &'a T)>,
    other: impl Fn(&str) -> Option<&'a T>,
) -> Vec<String> {
    entries.filter(|(name, one)| other(name) != Some(one)).map(|(name, _)| name.to_owned()).collect()
}

/// The names that mean something else than before.
enum Changes {
    All,
    Of(Vec<String>),
}

impl Changes {
    /// True if a text may read one of them: a name that it does not hold, it does not read.
    fn concern(&self, text: &str) -> bool {
        match self {
            Self::All => true,
            Self::Of(paths) => paths.iter().any(|path| {
                let name = path.split('.').next().unwrap_or(path);
                // Names are compared in a normal form, in which they may not stand in the text.
                !text.is_ascii() || text.contains(name)
            }),
        }
    }
}
