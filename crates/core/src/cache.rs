//! Compiled code on disk.
//!
//! Enters: what machine code depends on, as bytes (the encoded request, the builds that made and run it, the processor). Leaves:
//! the object code that was kept for it, or nothing. Promised: nothing stale, for a key is a hash of all of that and holds no time;
//! no damage, for an entry is looked at before it is given out, and what is damaged is not there; nothing that another user has
//! put there or may change; no entry half written, however many processes write; no error, for who has no cache compiles.
//!
//! Beside entries there are notes, by which an editor finds what is kept for a function ([`Cache::kept`]).
//!
//! The folder has up to 256 shelves, named by the first byte of the keys in them. A shelf is kept below [`MOST_IN_SHELF`] bytes: what
//! was not used for longest goes, when something is put into it.

mod notes;

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use etcetera::BaseStrategy;
use object::elf::{ELF_NOTE_GNU, FileHeader64, NT_GNU_BUILD_ID};
use object::read::ReadCache;
use object::read::elf::{FileHeader as _, ProgramHeader as _};
use sha2::{Digest, Sha256};

pub use notes::{Kept, Subject, is_note};

/// The variable that names the folder.
pub const FOLDER_VARIABLE: &str = "BRRR_CACHE_DIR";

/// Bytes of a shelf beyond which entries go; 512 MiB in all.
pub const MOST_IN_SHELF: u64 = 2 << 20;

/// Bytes of object code that may take a place.
const LARGEST: u64 = MOST_IN_SHELF;

/// How an entry begins; another layout has another beginning.
const MAGIC: &[u8; 8] = b"brrr-1\r\n";

/// An entry that is used has its time set anew if it is older than this.
const FRESH: Duration = Duration::from_secs(6 * 3600);

/// What has been written for longer than this is what a process left that died.
const ABANDONED: Duration = Duration::from_secs(3600);

const HASH: usize = 32;

/// The folder of the cache: `BRRR_CACHE_DIR`, else `brrr` in the user's cache folder; none if the variable is empty or the user has no
/// home.
#[must_use]
pub fn folder() -> Option<PathBuf> {
    match std::env::var_os(FOLDER_VARIABLE) {
        Some(folder) => (!folder.is_empty()).then(|| PathBuf::from(folder)),
        None => Some(etcetera::base_strategy::choose_native_strategy().ok()?.cache_dir().join("brrr")),
    }
}

/// True unless this is a folder that others may write to: then nothing is taken from it or put there.
#[must_use]
pub fn is_used(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|metadata| metadata.is_dir() && is_private(&metadata))
        || folder.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Names of folders within the cache: two hexadecimal digits.
#[must_use]
pub fn is_shelf(name: &str) -> bool {
    name.len() == 2 && is_hex(name)
}

/// Names of entries: a hash in hexadecimal digits and `.brrr`; while they are written, `.tmp` and more behind it.
#[must_use]
pub fn is_entry(name: &str) -> bool {
    let Some((hash, rest)) = name.split_once(".brrr") else { return false };
    hash.len() >= 16 && is_hex(hash) && (rest.is_empty() || is_unfinished(rest))
}

fn is_unfinished(rest: &str) -> bool {
    let more = rest.strip_prefix(".tmp");
    more.is_some_and(|more| more.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'.'))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|one| one.is_ascii_digit() || matches!(one, b'a'..=b'f'))
}

fn digits(hash: &[u8; HASH]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What an entry is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key([u8; HASH]);

impl Key {
    /// The key of code that depends on these parts and the processor.
    #[must_use]
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts.into_iter().chain([processor()]) {
            // With its length in front, no part can be taken for two.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    fn path(self, folder: &Path) -> (PathBuf, String) {
        let digits = digits(&self.0);
        (folder.join(&digits[..2]), format!("{digits}.brrr"))
    }
}

/// What the linker calls the contents of a program or library: equal for equal ones only. `None` if it has no such name.
#[must_use]
pub fn build_of(path: &Path) -> Option<Vec<u8>> {
    // Of large libraries the symbols are not read: it would take as long as opening them.
    let file = ReadCache::new(File::open(path).ok()?);
    let header = FileHeader64::<object::Endianness>::parse(&file).ok()?;
    let endian = header.endian().ok()?;
    header.program_headers(endian, &file).ok()?.iter().find_map(|segment| {
        let mut notes = segment.notes(endian, &file).ok()??;
        std::iter::from_fn(|| notes.next().ok()?)
            .find(|note| note.name() == ELF_NOTE_GNU && note.n_type(endian) == NT_GNU_BUILD_ID)
            .map(|note| note.desc().to_vec())
    })
}

/// What the processor can do, as it says itself.
fn processor() -> &'static [u8] {
    static PROCESSOR: OnceLock<Vec<u8>> = OnceLock::new();
    PROCESSOR.get_or_init(described)
}

#[cfg(target_arch = "x86_64")]
fn described() -> Vec<u8> {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    // Family and features. What differs from core to core, or with the load, is in registers that are left out.
    let features = __cpuid(1);
    let mut words = vec![features.eax, features.ecx, features.edx];
    let vendor = __cpuid(0);
    words.extend([vendor.ebx, vendor.ecx, vendor.edx]);
    let mut more = |leaf: u32, count: u32| {
        if vendor.eax >= leaf {
            let found = __cpuid_count(leaf, count);
            words.extend([found.eax, found.ebx, found.ecx, found.edx]);
        }
    };
    more(7, 0);
    more(7, 1);
    more(0x24, 0);
    let extended = __cpuid(0x8000_0001);
    words.extend([extended.ecx, extended.edx]);
    // Which registers the system saves: without it there is no AVX.
    const OSXSAVE: u32 = 1 << 27;
    if features.ecx & OSXSAVE != 0 {
        // SAFETY: the system has switched the instruction on.
        words.push(unsafe { saved_registers() });
    }
    words.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// # Safety
/// The system has to have switched XSAVE on.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "xsave")]
unsafe fn saved_registers() -> u32 {
    // SAFETY: as the caller promises; register 0 is there whenever the instruction is.
    unsafe { std::arch::x86_64::_xgetbv(0) as u32 }
}

#[cfg(not(target_arch = "x86_64"))]
fn described() -> Vec<u8> {
    std::env::consts::ARCH.as_bytes().to_vec()
}

/// A folder of entries.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The cache in this folder, which need not be there yet.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The object code that was kept under this key.
    #[must_use]
    pub fn load(&self, key: Key) -> Option<Vec<u8>> {
        let (shelf, name) = key.path(&self.folder);
        if !is_private(&fs::metadata(&self.folder).ok()?) || !is_private(&fs::symlink_metadata(&shelf).ok()?) {
            return None;
        }
        // Neither a link nor a pipe that nobody writes to.
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC;
        let mut file = OpenOptions::new().read(true).custom_flags(flags).open(shelf.join(name)).ok()?;
        let metadata = file.metadata().ok()?;
        let longest = LARGEST + (MAGIC.len() + HASH) as u64;
        if !metadata.is_file() || !is_private(&metadata) || metadata.len() > longest {
            return None;
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        Read::by_ref(&mut file).take(longest).read_to_end(&mut bytes).ok()?;
        let checked = bytes.strip_prefix(MAGIC)?;
        let (hash, object) = checked.split_at_checked(HASH)?;
        if hash != fingerprint(key, object) {
            return None;
        }
        let age = metadata.modified().ok().and_then(|used| used.elapsed().ok());
        if age.is_some_and(|age| age > FRESH) {
            // That it is used; where this cannot be said, it goes earlier.
            let _ = file.set_modified(SystemTime::now());
        }
        let start = bytes.len() - object.len();
        bytes.drain(..start);
        Some(bytes)
    }

    /// Keeps object code under this key, if it can.
    pub fn store(&self, key: Key, object: &[u8]) {
        if object.len() as u64 <= LARGEST {
            // Without a place on disk there is no entry, and nothing else is lost.
            let _ = self.try_store(key, object);
        }
    }

    fn try_store(&self, key: Key, object: &[u8]) -> io::Result<()> {
        let (shelf, name) = key.path(&self.folder);
        if !shelf.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(&shelf)?;
        }
        if !is_private(&fs::metadata(&self.folder)?) || !is_private(&fs::symlink_metadata(&shelf)?) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        static WRITTEN: AtomicU32 = AtomicU32::new(0);
        let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let unfinished = shelf.join(format!("{name}.tmp{}.{number}", std::process::id()));
        let written = write(&unfinished, key, object).and_then(|()| fs::rename(&unfinished, shelf.join(&name)));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written?;
        tidy(&shelf, OsStr::new(&name))
    }
}

fn write(path: &Path, key: Key, object: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&[MAGIC, &fingerprint(key, object)[..], object].concat())
}

/// What an entry holds to say that it is this key's, and whole.
fn fingerprint(key: Key, object: &[u8]) -> [u8; HASH] {
    Sha256::new_with_prefix(key.0).chain_update(object).finalize().into()
}

/// True for what only this user may change.
fn is_private(metadata: &Metadata) -> bool {
    const OTHERS_MAY_WRITE: u32 = 0o022;
    // SAFETY: the call cannot fail.
    let user = unsafe { libc::geteuid() };
    metadata.uid() == user && metadata.mode() & OTHERS_MAY_WRITE == 0
}

/// Removes from a shelf what was not used for longest, down to three quarters, if there is too much; `kept` stays.
fn tidy(shelf: &Path, kept: &OsStr) -> io::Result<()> {
    let (mut entries, mut bytes) = (Vec::new(), 0);
    for entry in fs::read_dir(shelf)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(text) = name.to_str().filter(|text| is_entry(text) || is_note(text)) else { continue };
        let Ok(metadata) = entry.metadata() else { continue };
        let age = metadata.modified().ok().and_then(|used| used.elapsed().ok()).unwrap_or_default();
        let is_whole = text.ends_with(".brrr") || text.ends_with(".note");
        if !is_whole && age > ABANDONED {
            let _ = fs::remove_file(entry.path());
        } else if is_whole {
            bytes += metadata.len();
            if name != kept {
                entries.push((age, metadata.len(), entry.path()));
            }
        }
    }
    if bytes <= MOST_IN_SHELF {
        return Ok(());
    }
    entries.sort_unstable_by(|one, other| other.cmp(one));
    for (_, length, path) in entries {
        if bytes <= MOST_IN_SHELF / 4 * 3 {
            break;
        }
        // Another process may have been quicker.
        let _ = fs::remove_file(path);
        bytes -= length;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        for name in
            ["0123456789abcdef.brrr", "0123456789abcdef0123456789abcdef.brrr.tmp", "0123456789abcdef.brrr.tmp17"]
        {
            assert!(is_entry(name), "{name}");
        }
        for name in ["a.py", "0123.brrr", "0123456789abcdeg.brrr", "0123456789abcdef.brrr.py", "README", ".brrr"] {
            assert!(!is_entry(name), "{name}");
        }
        assert!(is_shelf("0f") && !is_shelf("..") && !is_shelf("abc"));
    }
}
