//! The files that others import from: which file a module is, and what is known of it.
//!
//! Enters: the folders of the workspace, what is known of the open documents, imports. Leaves: snapshots. Promised: nothing is run; the
//! text of an open document counts, not that of its file; a file is read again when it has changed, and looked at again when one that it
//! depends on has; circles end; what is read for one analysis is bounded.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use brrr_core::query::modules::{Alone, Modules};
use brrr_core::query::{Cells, Snapshot};
use brrr_core::source::SourceFile;
use tower_lsp::lsp_types::Url;

/// Bytes of a file that is read, at the most.
const LARGEST_FILE: u64 = 1 << 20;
/// Files that are looked at for one analysis.
const MOST_FILES: usize = 128;
/// Folders above a file in which its modules are looked for.
const MOST_FOLDERS: usize = 16;
/// For so long it is believed where a module is: not every client tells of new files.
const FRESH: Duration = Duration::from_secs(2);
/// How addresses of notebooks' cells begin in VS Code.
const CELL: &str = "vscode-notebook-cell";
/// What stands at the root of a project.
const MARKS: [&str; 4] = ["pyproject.toml", ".git", "setup.py", "setup.cfg"];

/// How files are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// By addresses, as in an editor.
    Address,
    /// By paths, from the current folder where they lie in it.
    Path,
}

/// The state of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum About {
    /// It is not there.
    Gone,
    /// When it was written, and its length.
    Disk(SystemTime, u64),
    /// The text of an open document.
    Open(u64),
}

/// A file, and whether what it imports is looked at though it has nothing of brrr's.
type Wish = (PathBuf, bool);

/// What was read of a file.
#[derive(Debug)]
struct Kept {
    about: About,
    /// What it imports was looked at.
    follows: bool,
    snapshot: Option<Arc<Snapshot>>,
    /// The files that it was looked at with, each with what others may get from it.
    depends: Vec<(String, u64)>,
    /// The analysis in which it was last found to be as it should.
    turn: u64,
}

/// Where a module was looked for: the folder of the file that imports it, dots, name.
type Wanted = (PathBuf, u32, String);

/// The files of one thread.
#[derive(Debug)]
pub struct Library {
    naming: Naming,
    roots: Vec<PathBuf>,
    /// Documents, with what is known of their texts.
    open: HashMap<PathBuf, Option<Arc<Snapshot>>>,
    names: RefCell<HashMap<PathBuf, String>>,
    kept: RefCell<HashMap<Wish, Kept>>,
    found: RefCell<HashMap<Wanted, Option<PathBuf>>>,
    looked: Cell<Option<Instant>>,
    at_work: RefCell<Vec<Wish>>,
    turn: Cell<u64>,
    read: Cell<usize>,
}

impl Library {
    /// Without files.
    #[must_use]
    pub fn new(naming: Naming) -> Self {
        Self {
            naming,
            roots: Vec::new(),
            open: HashMap::new(),
            names: RefCell::default(),
            kept: RefCell::default(),
            found: RefCell::default(),
            looked: Cell::new(None),
            at_work: RefCell::default(),
            turn: Cell::new(0),
            read: Cell::new(0),
        }
    }

    /// Begins an analysis, in these folders and with these documents.
    pub fn begin(&mut self, roots: Vec<PathBuf>, open: HashMap<PathBuf, Option<Arc<Snapshot>>>) {
        self.turn.set(self.turn.get() + 1);
        self.read.set(0);
        // One that did not come to its end has left it as it was.
        self.at_work.borrow_mut().clear();
        let is_fresh = self.looked.get().is_some_and(|looked| looked.elapsed() < FRESH);
        if self.roots != roots || !is_fresh {
            self.found.borrow_mut().clear();
            self.looked.set(Some(Instant::now()));
        }
        self.roots = roots;
        self.open = open;
    }

    fn path_of(&self, name: &str) -> Option<PathBuf> {
        match self.naming {
            Naming::Address => path_of(name),
            Naming::Path => std::path::absolute(name).ok(),
        }
    }

    fn name_of(&self, path: &Path) -> String {
        if let Some(name) = self.names.borrow().get(path) {
            return name.clone();
        }
        match self.naming {
            Naming::Address => Url::from_file_path(path).map_or_else(|()| path.display().to_string(), Into::into),
            Naming::Path => {
                let here = std::env::current_dir().unwrap_or_default();
                path.strip_prefix(&here).unwrap_or(path).display().to_string()
            }
        }
    }

    /// The file of a module that is imported in a folder.
    fn file_of(&self, folder: &Path, level: u32, module: &str) -> Option<PathBuf> {
        let parts = module.split('.').filter(|part| !part.is_empty()).collect::<PathBuf>();
        if level > 0 {
            let base = folder.ancestors().nth(level as usize - 1)?;
            return module_in(base, &parts);
        }
        if parts.as_os_str().is_empty() {
            return None;
        }
        let is_root =
            |one: &Path| self.roots.iter().any(|root| root == one) || MARKS.iter().any(|mark| one.join(mark).exists());
        let mut above = Vec::new();
        for one in folder.ancestors().take(MOST_FOLDERS) {
            above.push(one.to_owned());
            if is_root(one) {
                break;
            }
        }
        // Above a file that is in no project, only the packages that it is in are looked through.
        if !above.last().is_some_and(|last| is_root(last)) {
            let packages = above.iter().take_while(|one| one.join("__init__.py").is_file()).count();
            above.truncate(packages + 1);
        }
        let roots = self.roots.iter().flat_map(|root| [root.clone(), root.join("src")]);
        let source = above.last().map(|root| root.join("src"));
        above.clone().into_iter().chain(source).chain(roots).find_map(|base| module_in(&base, &parts))
    }

    /// Reads a file, or looks at it again, if it is not as it was.
    fn looked_at(&self, wish: &Wish) -> Option<Arc<Snapshot>> {
        let open = self.open.get(&wish.0).and_then(Option::as_ref);
        let about = match open {
            Some(open) => About::Open(open.fingerprint()),
            None => match fs::metadata(&wish.0).map(|about| (about.modified(), about.len())) {
                Ok((Ok(modified), length)) => About::Disk(modified, length),
                Ok((Err(_), _)) | Err(_) => About::Gone,
            },
        };
        let known =
            self.kept.borrow().get(wish).map(|kept| (kept.about.clone(), kept.snapshot.clone(), kept.depends.clone()));
        if let Some((before, snapshot, known)) = known {
            let depends = snapshot.as_ref().map(|snapshot| self.states(snapshot)).unwrap_or_default();
            if before == about && known == depends {
                if let Some(kept) = self.kept.borrow_mut().get_mut(wish) {
                    kept.turn = self.turn.get();
                }
                return snapshot;
            }
            return self.read(wish, about, snapshot.as_deref());
        }
        self.read(wish, about, None)
    }

    fn read(&self, wish: &Wish, about: About, previous: Option<&Snapshot>) -> Option<Arc<Snapshot>> {
        let (path, whole) = wish;
        let text = match (&about, self.open.get(path).and_then(Option::as_ref)) {
            (About::Open(_), Some(open)) => Some(open.file().text().to_owned()),
            (About::Disk(_, length), _) if *length <= LARGEST_FILE => fs::read_to_string(path).ok(),
            (About::Open(_) | About::Disk(..) | About::Gone, _) => None,
        };
        // What has nothing of brrr's gives constants and functions, and others' functions if it is a package.
        let follows =
            *whole || text.as_ref().is_some_and(|text| text.contains("brrr")) || path.ends_with("__init__.py");
        let snapshot = text.map(|text| {
            let file = SourceFile::new(self.name_of(path), text);
            let others: &dyn Modules = if follows { self } else { &Alone };
            Arc::new(Snapshot::module(previous, file, others))
        });
        let depends = snapshot.as_ref().map(|snapshot| self.states(snapshot)).unwrap_or_default();
        let kept = Kept { about, follows, snapshot: snapshot.clone(), depends, turn: self.turn.get() };
        self.kept.borrow_mut().insert(wish.clone(), kept);
        snapshot
    }

    /// What is known of a file; `whole` if what it imports is to be looked at in any case.
    fn at(&self, path: PathBuf, whole: bool) -> Option<Arc<Snapshot>> {
        // What is said about a document without anything of brrr's says nothing about what is in it.
        if let Some(open) = self.open.get(&path)
            && open.as_ref().is_none_or(|open| open.is_read())
        {
            return open.clone();
        }
        let wish = (path, whole);
        let is_known = |kept: &&Kept| kept.turn == self.turn.get();
        if let Some(kept) = self.kept.borrow().get(&wish).filter(is_known) {
            return kept.snapshot.clone();
        }
        if self.at_work.borrow().contains(&wish) {
            // A circle: what was known before has to do.
            return self.kept.borrow().get(&wish).and_then(|kept| kept.snapshot.clone());
        }
        if self.read.get() >= MOST_FILES {
            return None;
        }
        self.read.set(self.read.get() + 1);
        self.at_work.borrow_mut().push(wish.clone());
        let snapshot = self.looked_at(&wish);
        self.at_work.borrow_mut().pop();
        snapshot
    }

    /// What others may get from the files that one depends on.
    fn states(&self, snapshot: &Snapshot) -> Vec<(String, u64)> {
        let state = |name: &String| self.known(name).map_or(0, |one| one.fingerprint());
        snapshot.depends().iter().map(|name| (name.clone(), state(name))).collect()
    }
}

impl Modules for Library {
    fn find(&self, from: &str, level: u32, module: &str) -> Option<String> {
        let path = self.path_of(from)?;
        self.names.borrow_mut().entry(path.clone()).or_insert_with(|| from.to_owned());
        let wanted = (path.parent()?.to_owned(), level, module.to_owned());
        let known = self.found.borrow().get(&wanted).cloned();
        let found = known.unwrap_or_else(|| {
            let found = self.file_of(&wanted.0, level, module);
            self.found.borrow_mut().insert(wanted, found.clone());
            found
        });
        found.filter(|found| *found != path).map(|found| self.name_of(&found))
    }

    fn known(&self, name: &str) -> Option<Arc<Snapshot>> {
        self.at(self.path_of(name)?, false)
    }

    fn followed(&self, name: &str) -> Option<Arc<Snapshot>> {
        let path = self.path_of(name)?;
        let known = self.at(path.clone(), false)?;
        let is_followed = self.kept.borrow().get(&(path.clone(), false)).is_none_or(|kept| kept.follows);
        if is_followed { Some(known) } else { self.at(path, true) }
    }
}

/// The path of an address; of a cell that of its notebook.
#[must_use]
pub fn path_of(name: &str) -> Option<PathBuf> {
    let url = Url::parse(name).ok()?;
    match url.scheme() {
        CELL => Url::parse(&format!("file://{}", url.path())).ok()?.to_file_path().ok(),
        _ => url.to_file_path().ok(),
    }
}

/// What is known of a file of a program that does nothing else; modules are kept by each thread.
#[must_use]
pub fn among_others(file: &SourceFile) -> Snapshot {
    thread_local! {
        static LIBRARY: RefCell<Library> = RefCell::new(Library::new(Naming::Path));
    }
    LIBRARY.with_borrow_mut(|library| {
        library.begin(Vec::new(), HashMap::new());
        Snapshot::among(None, file.clone(), Cells::default(), &*library)
    })
}

/// `a/b.py`, or `a/b/__init__.py`, in a folder.
fn module_in(base: &Path, parts: &Path) -> Option<PathBuf> {
    let whole = base.join(parts);
    let package = whole.join("__init__.py");
    if package.is_file() {
        return Some(package);
    }
    let name = parts.file_name()?.to_str()?;
    let file = whole.with_file_name(format!("{name}.py"));
    file.is_file().then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("brrr-library-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        }

        fn name(&self, name: &str) -> String {
            self.0.join(name).display().to_string()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn library(folder: &Folder) -> Library {
        let mut library = Library::new(Naming::Path);
        library.begin(vec![folder.0.clone()], HashMap::new());
        library
    }

    fn result(library: &Library, path: &str, text: &str) -> String {
        let snapshot = Snapshot::among(None, SourceFile::new(path, text), Cells::default(), library);
        let located = snapshot.functions().last().unwrap();
        located.function.typed(located.function.annotated()).result.python()
    }

    const G: &str = "from brrr import brrr\n@brrr\ndef g(x: int):\n    return x / 2\n";

    #[test]
    fn modules_are_found_as_python_finds_them() {
        let folder = Folder::new("found");
        for name in ["mod.py", "pkg/__init__.py", "pkg/inner.py", "pkg/sub/deep.py", "src/lib.py", "pyproject.toml"] {
            folder.write(name, "");
        }
        let library = library(&folder);
        let found = |from: &str, level, module: &str| {
            let found = library.find(&folder.name(from), level, module)?;
            Some(Path::new(&found).strip_prefix(&folder.0).unwrap().display().to_string())
        };
        assert_eq!(found("a.py", 0, "mod").as_deref(), Some("mod.py"));
        assert_eq!(found("a.py", 0, "pkg").as_deref(), Some("pkg/__init__.py"));
        assert_eq!(found("a.py", 0, "pkg.inner").as_deref(), Some("pkg/inner.py"));
        assert_eq!(found("a.py", 0, "lib").as_deref(), Some("src/lib.py"));
        assert_eq!(found("pkg/sub/x.py", 0, "mod").as_deref(), Some("mod.py"));
        assert_eq!(found("pkg/sub/x.py", 1, "deep").as_deref(), Some("pkg/sub/deep.py"));
        assert_eq!(found("pkg/sub/x.py", 2, "inner").as_deref(), Some("pkg/inner.py"));
        assert_eq!(found("pkg/x.py", 1, "").as_deref(), Some("pkg/__init__.py"));
        assert_eq!(found("a.py", 0, "absent"), None);
        assert_eq!(found("a.py", 0, ""), None);
        assert_eq!(found("mod.py", 0, "mod"), None, "not itself");
    }

    #[test]
    fn results_come_from_other_files() {
        let folder = Folder::new("results");
        folder.write("mod.py", G);
        folder.write("pkg/__init__.py", "from .kernels import g as h\nN = 2.5\n");
        folder.write("pkg/kernels.py", G);
        let library = library(&folder);
        for (import, call, result) in [
            ("from mod import g", "g(x)", "float"),
            ("from mod import g as k", "k(x)", "float"),
            ("import mod", "mod.g(x)", "float"),
            ("import mod as m", "m.g(x)", "float"),
            ("import pkg.kernels", "pkg.kernels.g(x)", "float"),
            ("from pkg import kernels", "kernels.g(x)", "float"),
            ("from pkg import h", "h(x)", "float"),
            ("import pkg", "pkg.h(x)", "float"),
            ("from pkg import N", "x * N", "float"),
            ("from .mod import g", "g(x)", "float"),
            ("from . import mod", "mod.g(x)", "float"),
        ] {
            let text = format!("from brrr import brrr\n{import}\n@brrr\ndef f(x: int):\n    return {call}\n");
            assert_eq!(self::result(&library, &folder.name("a.py"), &text), result, "{import}");
        }
    }

    #[test]
    fn a_file_that_changes_is_read_again_and_so_is_what_is_between() {
        let folder = Folder::new("changes");
        folder.write("mod.py", G);
        folder
            .write("between.py", "from brrr import brrr\nfrom mod import g\n@brrr\ndef b(x: int):\n    return g(x)\n");
        let mut library = library(&folder);
        let text = "from brrr import brrr\nfrom between import b\n@brrr\ndef f(x: int):\n    return b(x)\n";
        assert_eq!(result(&library, &folder.name("a.py"), text), "float");
        let first = Snapshot::among(None, SourceFile::new(folder.name("a.py"), text), Cells::default(), &library);
        folder.write("mod.py", &G.replace("x / 2", "x // 22"));
        library.begin(vec![folder.0.clone()], HashMap::new());
        let second =
            Snapshot::among(Some(&first), SourceFile::new(folder.name("a.py"), text), Cells::default(), &library);
        let located = second.functions().last().unwrap();
        assert_eq!(located.function.typed(located.function.annotated()).result.python(), "int");
        assert_eq!(second.depends().len(), 2);
    }

    #[test]
    fn plain_functions_of_other_files_are_followed() {
        let folder = Folder::new("plain");
        folder.write("helpers.py", "from deeper import half\nN = 2\ndef h(x):\n    return half(x) * N\n");
        folder.write("deeper.py", "def half(x):\n    return x / 2\n");
        folder.write("passes.py", "from deeper import half as other\n");
        let mut library = library(&folder);
        for (import, call) in [
            ("from helpers import h", "h(x)"),
            ("import helpers", "helpers.h(x)"),
            ("from passes import other", "other(x)"),
        ] {
            let text = format!("from brrr import brrr\n{import}\n@brrr\ndef f(x: int):\n    return {call}\n");
            assert_eq!(result(&library, &folder.name("a.py"), &text), "float", "{import}");
        }
        let text = "from brrr import brrr\nfrom helpers import h\n@brrr\ndef f(x: int):\n    return h(x)\n";
        let first = Snapshot::among(None, SourceFile::new(folder.name("a.py"), text), Cells::default(), &library);
        // The text of an open document counts, though nothing of brrr's is in it.
        let open =
            Snapshot::new(None, SourceFile::new(folder.name("deeper.py"), "def half(x):\n    return x // 2\n"), &[]);
        assert!(!open.is_read());
        library.begin(vec![folder.0.clone()], HashMap::from([(folder.0.join("deeper.py"), Some(Arc::new(open)))]));
        let second =
            Snapshot::among(Some(&first), SourceFile::new(folder.name("a.py"), text), Cells::default(), &library);
        let located = second.functions().last().unwrap();
        assert_eq!(located.function.typed(located.function.annotated()).result.python(), "int");
    }

    #[test]
    fn circles_end() {
        let folder = Folder::new("circles");
        let text = |other: &str, own: &str, call: &str| {
            format!(
                "from brrr import brrr\nfrom {other} import {call}\n@brrr\ndef {own}(n: int):\n    return {call}(n - 1) if n > 0 else 1.5\n"
            )
        };
        folder.write("a.py", &text("b", "f", "g"));
        folder.write("b.py", &text("a", "g", "f"));
        let mut library = library(&folder);
        for _ in 0..3 {
            library.begin(vec![folder.0.clone()], HashMap::new());
            assert_eq!(result(&library, &folder.name("a.py"), &text("b", "f", "g")), "float");
        }
    }
}
