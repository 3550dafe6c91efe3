//! Paths to the files to be checked.
//!
//! Enters: paths as they were given. Leaves: files, each once, in the order of their names. A file that is named is
//! taken whatever it is called; folders are searched for `*.py`, without what git ignores, hidden folders, virtual environments and
//! caches. Symbolic links are followed where they are named, not where they are found.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, mpsc};

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::config::{Configurations, Settings};

/// A file to be checked.
#[derive(Debug)]
pub(super) struct Listed {
    /// The path, as it is opened and shown.
    pub(super) path: PathBuf,
    /// What is to be said about it.
    pub(super) settings: Arc<Settings>,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The files, in the order of their names.
    pub(super) files: Vec<Listed>,
    /// What could not be read, in words.
    pub(super) problems: Vec<String>,
}

/// How paths are searched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Leave out what git ignores.
    pub(super) gitignore: bool,
    /// Leave out what is excluded, also where it is named.
    pub(super) force_exclude: bool,
}

/// Folders that hold no sources of the project.
const SKIPPED: &[&str] = &["__pycache__", "__pypackages__", "node_modules", "site-packages"];

/// The files of some paths.
pub(super) fn find(paths: &[PathBuf], rules: Rules, configurations: &Arc<Configurations>) -> Found {
    let mut found = Found::default();
    let mut files = BTreeMap::new();
    let mut folders = Vec::new();
    for path in paths {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => folders.push(plain(path)),
            Ok(_) => {
                let settings = configurations.of(path);
                if !(rules.force_exclude && settings.excludes(path, false)) {
                    files.insert(plain(path), settings);
                }
            }
            Err(error) => found.problems.push(format!("cannot read {}: {error}", path.display())),
        }
    }
    if let Some((first, others)) = folders.split_first() {
        let mut walk = WalkBuilder::new(first);
        for other in others {
            walk.add(other);
        }
        walk.hidden(true).ignore(false).parents(rules.gitignore).git_global(rules.gitignore);
        walk.git_ignore(rules.gitignore).git_exclude(rules.gitignore).require_git(true).follow_links(false);
        let filter = Arc::clone(configurations);
        walk.filter_entry(move |entry| wanted(entry, rules, &filter));
        let (sender, receiver) = mpsc::channel();
        walk.build_parallel().run(|| {
            let sender = sender.clone();
            Box::new(move |entry| {
                let is_source = |entry: &DirEntry| {
                    entry.file_type().is_some_and(|kind| kind.is_file())
                        && entry.path().extension() == Some(OsStr::new("py"))
                };
                let one = match entry {
                    Ok(entry) if is_source(&entry) => Ok(entry.into_path()),
                    Ok(_) => return WalkState::Continue,
                    Err(error) => Err(error.to_string()),
                };
                // The receiver lives until every walker is done.
                let _ = sender.send(one);
                WalkState::Continue
            })
        });
        drop(sender);
        for one in receiver {
            match one {
                Ok(path) => {
                    let settings = configurations.of(&path);
                    files.insert(plain(&path), settings);
                }
                Err(problem) => found.problems.push(format!("cannot read {problem}")),
            }
        }
    }
    found.files = files.into_iter().map(|(path, settings)| Listed { path, settings }).collect();
    found.problems.sort();
    found
}

/// False for what is found in a folder and left out.
fn wanted(entry: &DirEntry, rules: Rules, configurations: &Configurations) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    if entry.depth() == 0 {
        return !(rules.force_exclude && configurations.of(entry.path()).excludes(entry.path(), is_folder));
    }
    let is_source = entry.path().extension() == Some(OsStr::new("py"));
    if is_folder {
        let named = entry.file_name().to_str().is_some_and(|name| SKIPPED.contains(&name));
        if named || entry.path().join("pyvenv.cfg").is_file() {
            return false;
        }
    } else if !is_source {
        return false;
    }
    !configurations.of(entry.path()).excludes(entry.path(), is_folder)
}

/// A path without `.` in it.
fn plain(path: &Path) -> PathBuf {
    let parts = path.components().filter(|part| !matches!(part, Component::CurDir)).collect::<PathBuf>();
    if parts.as_os_str().is_empty() { PathBuf::from(".") } else { parts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_without_dots() {
        assert_eq!(plain(Path::new("./a/./b.py")), Path::new("a/b.py"));
        assert_eq!(plain(Path::new(".")), Path::new("."));
        assert_eq!(plain(Path::new("../a.py")), Path::new("../a.py"));
        assert_eq!(plain(Path::new("/a.py")), Path::new("/a.py"));
    }
}
