//! What is kept on the disk for a function, as an editor asks: which signatures, how large, used when.
//!
//! Enters: a function by its file, name and text; at run time a signature and the key of its code. Leaves: what runs of that very text
//! have kept and is still there. Promised: nothing depends on it but what is said; the names of notes are hashes, and what cannot be
//! read is not there.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use super::{Cache, HASH, Key, digits, is_hex, is_private};

/// How a note begins; another layout has another beginning.
const HEAD: &str = "brrr-note-1";
/// Signatures of a function that are noted, at the most; the oldest go.
const MOST_NOTED: usize = 64;
/// Bytes of a note that are read.
const LONGEST: u64 = 64 << 10;
/// What the names of notes end with.
const ENDING: &str = ".note";

/// Names of notes: a hash in hexadecimal digits and `.note`; while they are written, `.tmp` and more behind it.
#[must_use]
pub fn is_note(name: &str) -> bool {
    let Some((hash, rest)) = name.split_once(ENDING) else { return false };
    hash.len() == 2 * HASH && is_hex(hash) && (rest.is_empty() || super::is_unfinished(rest))
}

/// A function with a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject([u8; HASH]);

impl Subject {
    /// The function of a name in a file, with its own lines; `None` for what is in no file.
    #[must_use]
    pub fn of(path: &Path, name: &str, text: &str) -> Option<Self> {
        let path = path.canonicalize().ok()?;
        let mut hash = Sha256::new();
        for part in [path.as_os_str().as_encoded_bytes(), name.as_bytes(), text.trim().as_bytes()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Some(Self(hash.finalize().into()))
    }
}

/// Machine code that is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The types of the arguments, as users write them.
    pub signature: String,
    /// Bytes of the entry.
    pub bytes: u64,
    /// How long ago it was used, to some hours.
    pub unused: Duration,
}

impl Cache {
    fn note_path(&self, subject: Subject) -> (PathBuf, String) {
        let digits = digits(&subject.0);
        (self.folder.join(&digits[..2]), format!("{digits}{ENDING}"))
    }

    /// Notes that code for a signature of a function is kept under a key, if it can.
    pub fn note(&self, subject: Subject, signature: &str, key: Key) {
        if !signature.contains(['\n', '\t']) {
            // Without a note, the editor does not know of the code, and nothing else is lost.
            let _ = self.try_note(subject, signature, key);
        }
    }

    fn try_note(&self, subject: Subject, signature: &str, key: Key) -> io::Result<()> {
        let mut lines = self.lines(subject);
        let line = (signature.to_owned(), digits(&key.0));
        if lines.contains(&line) {
            return Ok(());
        }
        lines.retain(|(known, _)| known != signature);
        lines.push(line);
        let (shelf, name) = self.note_path(subject);
        if !shelf.is_dir() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&shelf)?;
        }
        if !is_private(&fs::metadata(&self.folder)?) || !is_private(&fs::symlink_metadata(&shelf)?) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let mut text = format!("{HEAD}\n");
        for (signature, key) in lines.iter().skip(lines.len().saturating_sub(MOST_NOTED)) {
            let _ = writeln!(text, "{signature}\t{key}");
        }
        static WRITTEN: AtomicU32 = AtomicU32::new(0);
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let unfinished = shelf.join(format!("{name}.tmp{}.{number}", std::process::id()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        let written = file.write_all(text.as_bytes()).and_then(|()| fs::rename(&unfinished, shelf.join(&name)));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written
    }

    /// Signatures and keys, the oldest first.
    fn lines(&self, subject: Subject) -> Vec<(String, String)> {
        self.read_note(subject).unwrap_or_default()
    }

    fn read_note(&self, subject: Subject) -> Option<Vec<(String, String)>> {
        let (shelf, name) = self.note_path(subject);
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(shelf.join(name)).ok()?;
        let metadata = file.metadata().ok()?;
        if !metadata.is_file() || !is_private(&metadata) || metadata.len() > LONGEST {
            return None;
        }
        let mut text = String::new();
        file.take(LONGEST).read_to_string(&mut text).ok()?;
        let mut lines = text.lines();
        (lines.next() == Some(HEAD)).then_some(())?;
        let line = |line: &str| {
            let (signature, key) = line.split_once('\t')?;
            (key.len() == 2 * HASH && is_hex(key)).then(|| (signature.to_owned(), key.to_owned()))
        };
        Some(lines.filter_map(line).collect())
    }

    /// What runs have kept of a function with this text, as far as it is still there.
    #[must_use]
    pub fn kept(&self, subject: Subject) -> Vec<Kept> {
        let one = |(signature, key): (String, String)| {
            let metadata = fs::symlink_metadata(self.folder.join(&key[..2]).join(format!("{key}.brrr"))).ok()?;
            let used = metadata.modified().ok()?;
            let unused = SystemTime::now().duration_since(used).unwrap_or_default();
            metadata.is_file().then(|| Kept { signature, bytes: metadata.size(), unused })
        };
        self.lines(subject).into_iter().filter_map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_tell_what_is_there() {
        let folder = std::env::temp_dir().join(format!("brrr-notes-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let cache = Cache::new(folder.clone());
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let subject = Subject::of(here, "f", "def f(): pass").unwrap();
        assert_eq!(cache.kept(subject), []);
        let (one, other) = (Key::of([&b"one"[..]]), Key::of([&b"other"[..]]));
        cache.note(subject, "int", one);
        assert_eq!(cache.kept(subject), [], "what is noted and not there is not told");
        cache.store(one, b"code");
        cache.store(other, b"longer code");
        cache.note(subject, "int", one);
        cache.note(subject, "float", other);
        let signatures = |kept: Vec<Kept>| kept.into_iter().map(|one| one.signature).collect::<Vec<_>>();
        assert_eq!(signatures(cache.kept(subject)), ["int", "float"]);
        assert!(cache.kept(subject)[1].bytes > cache.kept(subject)[0].bytes);
        // Another key for the same types takes its place.
        cache.note(subject, "int", other);
        assert_eq!(signatures(cache.kept(subject)), ["float", "int"]);
        for (name, text) in [("g", "def f(): pass"), ("f", "def f(): return")] {
            assert_eq!(cache.kept(Subject::of(here, name, text).unwrap()), []);
        }
        assert_eq!(Subject::of(Path::new("/nowhere/a.py"), "f", ""), None);
        // Any content is read.
        let (shelf, name) = cache.note_path(subject);
        assert!(is_note(&name) && !is_note("a.note") && !super::super::is_entry(&name));
        for text in ["", "brrr-note-1\n\t\nint\nint\t../../x\n", "\u{0}", "brrr-note-1"] {
            fs::write(shelf.join(&name), text).unwrap();
            assert_eq!(cache.kept(subject), [], "{text:?}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
