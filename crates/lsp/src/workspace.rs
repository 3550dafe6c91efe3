//! What other files tell about the functions of an open one: calls, and what runs have seen.
//!
//! Enters: the folders of the workspace, the open documents, their texts. Leaves: for each document the calls of its functions in other
//! files, and what was seen of them. Promised: reading is bounded, and what cannot be read is left out.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use brrr_core::query::calls::{CallSite, Foreign};
use brrr_core::source::SourceFile;

use crate::trace::{self, Seen};

/// Files that are read, at the most.
const MOST_FILES: usize = 5_000;
/// Bytes of a file that is read, at the most.
const LARGEST_FILE: u64 = 1 << 20;
/// Folders with these names hold no code of the project.
const SKIPPED: &[&str] = &["node_modules", "site-packages", "__pycache__", "build", "dist", "target"];

/// The folders of a workspace and what was read there.
#[derive(Debug, Default)]
pub struct Workspace {
    roots: Vec<PathBuf>,
    read: HashMap<PathBuf, (SystemTime, Arc<Foreign>)>,
}

/// An open document.
#[derive(Clone, Debug)]
pub struct Open {
    /// Where it is.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// True if there are brrr functions in it, about which others may tell.
    pub concerned: bool,
}

/// What others tell about a document.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Calls of its functions, by their own names.
    pub calls: Arc<Vec<CallSite>>,
    /// What was seen of them.
    pub seen: Arc<Vec<Seen>>,
}

impl Workspace {
    /// Works in these folders.
    pub fn set_roots(&mut self, roots: Vec<PathBuf>) {
        self.roots = roots;
    }

    /// What others tell about each open document that has brrr functions. `progress` is told how many files of how many are read, and
    /// says whether to go on.
    pub fn tell(&mut self, open: &[Open], progress: &mut dyn FnMut(usize, usize) -> bool) -> HashMap<PathBuf, Told> {
        let concerned = open.iter().filter(|one| one.concerned).collect::<Vec<_>>();
        if concerned.is_empty() {
            return HashMap::new();
        }
        let stems = concerned.iter().filter_map(|one| module_parts(&one.path).pop()).collect::<Vec<_>>();
        let mentions = |text: &str| text.contains("import") && stems.iter().any(|stem| text.contains(stem.as_str()));
        let files = self.files();
        let mut foreign = Vec::new();
        for (at, path) in files.iter().enumerate() {
            if !progress(at, files.len()) {
                break;
            }
            if open.iter().any(|one| one.path == *path) {
                continue;
            }
            if let Some(found) = self.foreign(path, &mentions) {
                foreign.push((path.clone(), found));
            }
        }
        for one in open.iter().filter(|one| mentions(&one.text)) {
            let read = Foreign::read(&SourceFile::new(one.path.to_string_lossy(), one.text.as_str()));
            foreign.push((one.path.clone(), Arc::new(read)));
        }
        let told = concerned.into_iter().map(|one| {
            let others = foreign.iter().filter(|(path, _)| *path != one.path);
            // Modules of one name in several folders: an import is of the nearest.
            let same_name = |other: &&PathBuf| **other != one.path && other.file_name() == one.path.file_name();
            let rivals = files.iter().chain(open.iter().map(|open| &open.path)).filter(same_name).collect::<Vec<_>>();
            let calls = others.flat_map(|(path, foreign)| {
                let is_nearer = |rival: &&&PathBuf| common(rival, path) > common(&one.path, path);
                let nearer = rivals.iter().filter(is_nearer).collect::<Vec<_>>();
                foreign.calls_of(|level, module| {
                    let is_of = |file: &Path| is_module(file, path, level, module);
                    is_of(&one.path) && !nearer.iter().any(|rival| is_of(rival))
                })
            });
            let seen = trace::of_file(&one.path, &self.roots);
            (one.path.clone(), Told { calls: Arc::new(calls.collect()), seen: Arc::new(seen) })
        });
        told.collect()
    }

    fn foreign(&mut self, path: &Path, mentions: &dyn Fn(&str) -> bool) -> Option<Arc<Foreign>> {
        let about = fs::metadata(path).ok()?;
        let modified = about.modified().ok()?;
        if let Some((known, foreign)) = self.read.get(path)
            && *known == modified
        {
            return Some(foreign.clone());
        }
        let text = (about.len() <= LARGEST_FILE).then(|| fs::read_to_string(path).ok()).flatten()?;
        if !mentions(&text) {
            return None;
        }
        let read = Arc::new(Foreign::read(&SourceFile::new(path.to_string_lossy(), text)));
        self.read.insert(path.to_owned(), (modified, read.clone()));
        Some(read)
    }

    /// The Python files of the project, nearest to the root first.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut waiting = self.roots.iter().cloned().collect::<VecDeque<_>>();
        while let Some(folder) = waiting.pop_front() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            let mut entries = entries.flatten().collect::<Vec<_>>();
            entries.sort_by_key(fs::DirEntry::file_name);
            for entry in entries {
                let (name, path) = (entry.file_name(), entry.path());
                let name = name.to_string_lossy();
                // A link may lead round in a circle.
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => {
                        let skipped =
                            name.starts_with('.') || SKIPPED.contains(&&*name) || path.join("pyvenv.cfg").is_file();
                        if !skipped {
                            waiting.push_back(path);
                        }
                    }
                    Ok(kind) if kind.is_file() && name.ends_with(".py") => files.push(path),
                    _ => {}
                }
                if files.len() >= MOST_FILES {
                    return files;
                }
            }
        }
        files
    }
}

/// `["work", "pkg", "kernels"]` for `/work/pkg/kernels.py`, the folder alone for `__init__.py`.
fn module_parts(path: &Path) -> Vec<String> {
    let mut parts = path
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect::<Vec<_>>();
    if parts.last().is_some_and(|last| last == "__init__") {
        parts.pop();
    }
    parts
}

/// The number of folders that both files are in.
fn common(one: &Path, other: &Path) -> usize {
    one.components().zip(other.components()).take_while(|(one, other)| one == other).count()
}

/// True if an import in a file `from` is of the file at `path`.
fn is_module(path: &Path, from: &Path, level: u32, module: &str) -> bool {
    let parts = module_parts(path);
    let named = module.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    if level == 0 {
        return !named.is_empty() && parts.ends_with(&named);
    }
    let mut whole = from.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>();
    for _ in 0..level {
        whole.pop();
    }
    whole.extend(named);
    parts == whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_find_their_file() {
        let is =
            |path: &str, from: &str, level, module: &str| is_module(Path::new(path), Path::new(from), level, module);
        assert!(is("/w/kernels.py", "/w/main.py", 0, "kernels"));
        assert!(is("/w/src/pkg/kernels.py", "/w/main.py", 0, "pkg.kernels"));
        assert!(is("/w/pkg/__init__.py", "/w/main.py", 0, "pkg"));
        assert!(is("/w/pkg/kernels.py", "/w/pkg/main.py", 1, "kernels"));
        assert!(is("/w/pkg/kernels.py", "/w/pkg/sub/main.py", 2, "kernels"));
        assert!(!is("/w/pkg/kernels.py", "/w/main.py", 1, "kernels"));
        assert!(!is("/w/pkg/kernels.py", "/w/main.py", 0, "other.kernels"));
        assert!(!is("/w/pkg/kernels.py", "/w/main.py", 0, ""));
    }

    #[test]
    fn files_of_the_project_tell_about_an_open_one() {
        let folder = std::env::temp_dir().join(format!("brrr-workspace-{}", std::process::id()));
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
        };
        write("main.py", "from kernels import f\nf(2.5)\n");
        write("node_modules/other.py", "from kernels import f\nf(1)\n");
        write("venv/pyvenv.cfg", "");
        write("venv/lib.py", "from kernels import f\nf(1)\n");
        write(
            ".brrr/types.json",
            r#"{"functions": [{"path": "kernels.py", "name": "f", "text": "0", "signatures": []}]}"#,
        );
        let mut workspace = Workspace::default();
        workspace.set_roots(vec![folder.clone()]);
        assert_eq!(workspace.files(), [folder.join("main.py")]);
        let text = "from brrr import brrr\n@brrr\ndef f(x):\n    return x\n".to_owned();
        let open = Open { path: folder.join("kernels.py"), text, concerned: true };
        let told = workspace.tell(std::slice::from_ref(&open), &mut |_, _| true).remove(&open.path).unwrap();
        assert_eq!(told.calls.len(), 1);
        assert_eq!(told.seen.len(), 1);
        assert!(workspace.tell(&[Open { concerned: false, ..open }], &mut |_, _| true).is_empty());
        fs::remove_dir_all(&folder).unwrap();
    }
}
