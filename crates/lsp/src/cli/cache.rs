//! `brrr cache`: the folder of compiled code.
//!
//! Enters: BRRR_CACHE_DIR, or the user's cache folder as the platform has it. Leaves: what the folder holds. Promised: only
//! files with brrr's own names are counted and removed, links are not followed, and what is not there is no error.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use brrr_core::cache;
use clap::{Args, Subcommand};
use serde_json::json;

use super::format::count;
use super::{Out, Status, complain};

/// Show or clear the cache on disk.
#[derive(Debug, Args)]
#[command(
    after_help = "The cache is the folder BRRR_CACHE_DIR, else `brrr` in the user's cache folder. An empty BRRR_CACHE_DIR, or \
                  `@brrr(cache=False)` on a function, switches it off."
)]
pub(super) struct Cache {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show where the cache is and what it holds
    Info {
        /// As a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Remove what brrr has put into it
    Clear,
}

/// How deep brrr's files may stand below the folder.
const DEPTH: usize = 2;

/// Runs the command.
///
/// # Errors
/// If what it has to say cannot be written.
pub(super) fn run(chosen: &Cache, out: &mut Out) -> io::Result<Status> {
    let Some(folder) = cache::folder() else {
        complain(if std::env::var_os(cache::FOLDER_VARIABLE).is_some() {
            "the cache is off, for BRRR_CACHE_DIR is empty"
        } else {
            "the user has no home folder: set BRRR_CACHE_DIR to the folder of the cache"
        });
        return Ok(Status::Failed);
    };
    let mut entries = Vec::new();
    let searched = match fs::metadata(&folder) {
        Ok(metadata) if metadata.is_dir() => entries_of(&folder, DEPTH, &mut entries),
        Ok(_) => Err(format!("{} is no folder", folder.display())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("cannot read {}: {error}", folder.display())),
    };
    if let Err(problem) = searched {
        complain(problem);
        return Ok(Status::Failed);
    }
    let bytes = entries.iter().map(|entry| entry.metadata.len()).sum::<u64>();
    let kept = entries.iter().filter(|entry| !entry.is_note).count();
    match chosen.action {
        Action::Info { json: true } => {
            let object = json!({ "folder": folder, "exists": folder.is_dir(), "used": cache::is_used(&folder), "entries": kept, "bytes": bytes });
            out.line(&object.to_string())?;
            Ok(Status::Clean)
        }
        Action::Info { json: false } => {
            let absent = if folder.is_dir() { "" } else { " (not there yet)" };
            out.line(&format!("folder:  {}{absent}", folder.display()))?;
            out.line(&format!("entries: {kept}"))?;
            out.line(&format!("size:    {}", size(bytes)))?;
            if folder.is_dir() && !cache::is_used(&folder) {
                out.line("brrr does not use it: others may write to it, or it is another user's (chmod go-w)")?;
            }
            Ok(Status::Clean)
        }
        Action::Clear => clear(&folder, &entries, out),
    }
}

fn clear(folder: &Path, entries: &[Entry], out: &mut Out) -> io::Result<Status> {
    let (mut removed, mut bytes, mut problems) = (0, 0, 0);
    for entry in entries {
        match fs::remove_file(&entry.path) {
            Ok(()) => (removed, bytes) = (removed + usize::from(!entry.is_note), bytes + entry.metadata.len()),
            // Another process was quicker.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                problems += 1;
                complain(format_args!("cannot remove {}: {error}", entry.path.display()));
            }
        }
        // A folder of brrr's that is empty now goes, too; one that is not, stays, as it should.
        if let Some(parent) = entry.path.parent().filter(|parent| *parent != folder) {
            let _ = fs::remove_dir(parent);
        }
    }
    out.line(&format!(
        "removed {} ({}) from {}",
        count(removed, "entry").replace("entrys", "entries"),
        size(bytes),
        folder.display()
    ))?;
    Ok(if problems == 0 { Status::Clean } else { Status::Failed })
}

/// A file that brrr has written.
struct Entry {
    path: PathBuf,
    metadata: Metadata,
    /// What tells editors of others.
    is_note: bool,
}

fn entries_of(folder: &Path, depth: usize, entries: &mut Vec<Entry>) -> Result<(), String> {
    let failed = |error: io::Error| format!("cannot read {}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // Of a link this is the link itself.
        let Ok(metadata) = entry.metadata() else { continue };
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if metadata.is_dir() && depth > 1 && cache::is_shelf(name) {
            entries_of(&entry.path(), depth - 1, entries)?;
        } else if metadata.is_file() && (cache::is_entry(name) || cache::is_note(name)) {
            entries.push(Entry { path: entry.path(), metadata, is_note: cache::is_note(name) });
        }
    }
    Ok(())
}

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    const UNITS: &[&str] = &["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return count(bytes as usize, "byte");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(
            [0, 1, 1023, 1024, 1536, 5 << 30].map(size).join(", "),
            "0 bytes, 1 byte, 1023 bytes, 1.0 KiB, 1.5 KiB, 5.0 GiB"
        );
    }
}
