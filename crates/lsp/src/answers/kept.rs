//! What is said of the machine code of a function that is kept on the disk.
//!
//! Enters: a function and the file that it is in. Leaves: a sentence. Promised: it says what runs of this very text have kept and what is
//! there now, not what the next run will find: that depends on what the function calls and reads, too.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use brrr_core::cache::{self, Cache, FOLDER_VARIABLE, Subject};
use brrr_core::query::function::Function;

/// Signatures that are named, at the most.
const MOST_NAMED: usize = 4;

/// What is kept of a function; `None` if it is in no file, or cannot be compiled.
pub(super) fn text(path: &Path, function: &Function) -> Option<String> {
    if function.is_refused() {
        return None;
    }
    if !function.is_kept() {
        return Some("machine code is not kept on disk: `cache=False`".to_owned());
    }
    let Some(folder) = cache::folder() else {
        return Some(match std::env::var_os(FOLDER_VARIABLE) {
            Some(_) => format!("machine code is not kept on disk: `{FOLDER_VARIABLE}` is empty"),
            None => "machine code is not kept on disk: the user has no home folder".to_owned(),
        });
    };
    let shown = folder.display().to_string();
    if !cache::is_used(&folder) {
        return Some(format!("machine code is not kept on disk: others may write to `{shown}`"));
    }
    let subject = Subject::of(path, function.name(), function.text())?;
    let mut kept = Cache::new(folder).kept(subject);
    if kept.is_empty() {
        return Some(format!("no machine code of this text is kept on disk yet, in `{shown}`"));
    }
    kept.sort_by_key(|one| one.unused);
    let mut text = "kept on disk: ".to_owned();
    for (at, one) in kept.iter().take(MOST_NAMED).enumerate() {
        let comma = if at > 0 { "; " } else { "" };
        let _ = write!(text, "{comma}`({})` {}, used {}", one.signature, size(one.bytes), day(one.unused));
    }
    if kept.len() > MOST_NAMED {
        let _ = write!(text, "; and {} more", kept.len() - MOST_NAMED);
    }
    let _ = write!(text, ", in `{shown}`");
    Some(text)
}

fn size(bytes: u64) -> String {
    format!("{:.1} kB", bytes as f64 / 1000.0)
}

fn day(unused: Duration) -> String {
    match unused.as_secs() / 86_400 {
        0 => "within a day".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{days} days ago"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_days() {
        assert_eq!([0, 999, 12_345].map(size), ["0.0 kB", "1.0 kB", "12.3 kB"]);
        let hours = |hours: u64| day(Duration::from_secs(3600 * hours));
        assert_eq!([0, 23, 30, 72].map(hours), ["within a day", "within a day", "yesterday", "3 days ago"]);
    }
}
