//! The pages of the codes as files, for the links of an editor: they are part of this program, and no network is needed to read them.
//!
//! Enters: a code. Leaves: where its page can be read, in brrr's folder of the cache; `None` if the user has none, or it cannot be
//! written to.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use brrr_core::cache;
use brrr_core::diagnostic::Code;
use tower_lsp::lsp_types::Url;

/// The address of the page of a code.
pub fn link(code: Code) -> Option<Url> {
    static KNOWN: OnceLock<Mutex<HashMap<Code, Option<Url>>>> = OnceLock::new();
    let mut known = KNOWN.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let made = || written(&cache::folder()?, code).and_then(|path| Url::from_file_path(path).ok());
    known.entry(code).or_insert_with(made).clone()
}

/// The file of the page in a folder of the cache, written if it is not there as it should be.
fn written(cache: &Path, code: Code) -> Option<PathBuf> {
    let folder = std::path::absolute(cache).ok()?.join("pages").join(env!("CARGO_PKG_VERSION"));
    let path = folder.join(format!("{}.md", code.text()));
    let text = format!("# {} {}\n\n{}\n\n{}", code.text(), code.slug(), code.summary(), code.page());
    if fs::read_to_string(&path).is_ok_and(|known| known == text) {
        return Some(path);
    }
    fs::create_dir_all(&folder).ok()?;
    // Another server may write it, too: both write the same, and nobody reads half of it.
    let scratch = folder.join(format!("{}.{}", code.text(), std::process::id()));
    fs::write(&scratch, text).ok()?;
    fs::rename(&scratch, &path).ok()?;
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_written_once_and_mended() {
        let folder = std::env::temp_dir().join(format!("brrr-pages-{}", std::process::id()));
        let path = written(&folder, Code::List).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# BRRR220 list-display\n") && text.ends_with(Code::List.page()));
        fs::write(&path, "half").unwrap();
        assert_eq!(written(&folder, Code::List), Some(path.clone()));
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(written(Path::new("/proc/nowhere"), Code::List), None);
    }
}
