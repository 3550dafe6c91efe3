//! The Python interpreters that may have brrr.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Interpreters, the likeliest first: the one that was named, the one beside this program, the one of the active virtual
/// environment, those on the PATH.
#[must_use]
pub fn candidates(named: Option<&Path>) -> Vec<PathBuf> {
    if let Some(named) = named {
        return vec![named.to_owned()];
    }
    let mut folders = Vec::new();
    // Not where a link leads: a script's folder has its own interpreter.
    folders.extend(std::env::current_exe().ok().and_then(|program| Some(program.parent()?.to_owned())));
    folders.extend(std::env::var_os("VIRTUAL_ENV").map(|environment| Path::new(&environment).join("bin")));
    folders.extend(std::env::split_paths(std::env::var_os("PATH").as_deref().unwrap_or(OsStr::new(""))));
    let mut found = Vec::new();
    for folder in folders.iter().filter(|folder| !folder.as_os_str().is_empty()) {
        let first = ["python3", "python"].map(|name| folder.join(name)).into_iter().find(|path| path.is_file());
        if let Some(path) = first.filter(|path| !found.contains(path)) {
            found.push(path);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_one_is_the_only_one() {
        assert_eq!(candidates(Some(Path::new("/x/python"))), [PathBuf::from("/x/python")]);
    }
}
