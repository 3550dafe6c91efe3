//! What runs have seen: the file that a program under `BRRR_TRACE_TYPES=1` leaves in the folder `.brrr` of its project.
//!
//! Enters: the text of such a file. Leaves: [`Seen`], one for each function. Promised: a file of any content is read without
//! failing; what cannot be understood is left out; what was seen of another text of a function is not shown for this one.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use brrr_core::diagnostic::{Code, Diagnostic};
use brrr_core::query::Snapshot;
use brrr_core::query::function::{Candidate, Function, Origin};
use brrr_core::source::{SourceFile, Span};
use brrr_core::suppress;
use serde_json::Value;

/// The folder in a project.
pub const FOLDER: &str = ".brrr";
/// The file in it.
pub const FILE: &str = "types.json";

/// What was seen of one function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its file.
    pub path: PathBuf,
    /// Its name.
    pub function: String,
    /// The hash of its text.
    pub text_hash: u64,
    /// The types of the arguments that it was called with, as users write them.
    pub signatures: Vec<String>,
    /// The line in its file where it began.
    pub first_line: Option<u32>,
    /// Calls.
    pub calls: u64,
    /// How often a line left compiled code, lines from 1 in the file.
    pub exits: Vec<(u32, u64)>,
}

/// FNV-1a of a text: what the run and the editor compare a function by.
#[must_use]
pub fn text_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Reads a file of this kind; `root` is the folder that holds its folder.
#[must_use]
pub fn read(text: &str, root: &Path) -> Vec<Seen> {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let functions = value.get("functions").and_then(Value::as_array);
    functions.into_iter().flatten().filter_map(|one| function(one, root)).collect()
}

fn function(value: &Value, root: &Path) -> Option<Seen> {
    let text = |name: &str| value.get(name)?.as_str();
    let signatures = value.get("signatures")?.as_array()?.iter().filter_map(|one| one.as_str().map(str::to_owned));
    let exits = value.get("exits").and_then(Value::as_object);
    let exits = exits.into_iter().flatten().filter_map(|(line, count)| Some((line.parse().ok()?, count.as_u64()?)));
    let mut exits = exits.collect::<Vec<_>>();
    exits.sort_unstable();
    Some(Seen {
        path: root.join(text("path")?),
        function: text("name")?.to_owned(),
        text_hash: u64::from_str_radix(text("text")?, 16).ok()?,
        signatures: signatures.collect(),
        first_line: value.get("line").and_then(Value::as_u64).and_then(|line| u32::try_from(line).ok()),
        calls: value.get("calls").and_then(Value::as_u64).unwrap_or(0),
        exits,
    })
}

/// What was seen of the functions of a file, in these folders and in those that it is in.
#[must_use]
pub fn of_file(path: &Path, folders: &[PathBuf]) -> Vec<Seen> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folders = folders.iter().map(PathBuf::as_path).chain(absolute.ancestors().skip(1)).collect::<Vec<_>>();
    let mut found = Vec::<Seen>::new();
    for (at, folder) in folders.iter().enumerate() {
        if folders[..at].contains(folder) {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(folder.join(FOLDER).join(FILE)) else { continue };
        let of = read(&text, folder).into_iter().filter(|seen| is_same(&seen.path, &absolute));
        of.for_each(|seen| {
            if !found.contains(&seen) {
                found.push(seen);
            }
        });
    }
    found
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// Where runs have left compiled code, as hints, in the order of the source.
#[must_use]
pub fn exits(snapshot: &Snapshot, seen: &[Seen]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let file = snapshot.file();
    for located in snapshot.functions() {
        for one in seen.iter().filter(|one| one.is_of(located.function)) {
            let Some(first) = one.first_line else { continue };
            let begins = file.line(located.span().start);
            for &(line, number) in &one.exits {
                // The function may have moved since.
                let Some(span) = line.checked_sub(first).and_then(|line| line_span(file, line + begins)) else {
                    continue;
                };
                if !located.span().contains(span.start) {
                    continue;
                }
                let times = if number == 1 { "once".to_owned() } else { format!("{} times", count(number)) };
                let (calls, s) = (count(one.calls), if one.calls == 1 { "" } else { "s" });
                let message = format!("compiled code was left here {times}, in {calls} call{s}");
                let diagnostic =
                    Diagnostic::new(Code::Left, message, span, "the interpreter has done the rest of this");
                found.push(
                    diagnostic.help("keep ints within 64 bits and indexes within bounds, where this happens often"),
                );
            }
        }
    }
    found.sort_by_key(Diagnostic::span);
    let mut found = suppress::apply(file, found);
    found.retain(|one| one.code == Code::Left);
    found
}

/// What is written in a line, which counts from 1.
fn line_span(file: &SourceFile, line: u32) -> Option<Span> {
    let mut start = 0;
    for (at, text) in (1..).zip(file.text().split_inclusive('\n')) {
        if at == line {
            let inner = text.trim();
            let start = start + (text.len() - text.trim_start().len());
            return (!inner.is_empty()).then(|| Span::new(start as u32, (start + inner.len()) as u32));
        }
        start += text.len();
    }
    None
}

impl Seen {
    /// As the editor says it: `seen: float64[::1], 1.2 M calls, 3 exits on line 7`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::from("seen:");
        for one in self.signatures.iter().take(4) {
            let _ = write!(text, " `{}`,", if one.is_empty() { "no arguments" } else { one });
        }
        let _ = write!(text, " {} call{},", count(self.calls), if self.calls == 1 { "" } else { "s" });
        for (line, number) in self.exits.iter().take(4) {
            let _ = write!(text, " {} exit{} on line {line},", count(*number), if *number == 1 { "" } else { "s" });
        }
        text.trim_end_matches(',').to_owned()
    }

    /// The signatures that fit the parameters of a function.
    pub fn candidates<'a>(&'a self, function: &'a Function) -> impl Iterator<Item = Candidate> + 'a {
        self.signatures.iter().filter_map(|text| {
            let signature = function.signature(text).ok()?;
            let origins = vec![Origin::Seen; signature.params.len()];
            Some(Candidate { signature, origins })
        })
    }

    /// True if this is the text that was seen.
    #[must_use]
    pub fn is_of(&self, function: &Function) -> bool {
        self.function == function.name() && self.text_hash == text_hash(function.text())
    }
}

fn count(number: u64) -> String {
    let scaled = |unit: u64, name: &str| format!("{:.1} {name}", number as f64 / unit as f64);
    match number {
        0..1_000 => number.to_string(),
        1_000..1_000_000 => scaled(1_000, "k"),
        1_000_000..1_000_000_000 => scaled(1_000_000, "M"),
        _ => scaled(1_000_000_000, "G"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_said_in_a_line() {
        let text = r#"{"functions": [{"path": "a.py", "name": "f", "text": "ff", "exits": {"7": 3, "x": 1},
            "calls": 1234567, "signatures": ["float64[::1]", "int"]}, {"name": 7}]}"#;
        let seen = read(text, Path::new("/work"));
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].path, Path::new("/work/a.py"));
        assert_eq!(seen[0].text(), "seen: `float64[::1]`, `int`, 1.2 M calls, 3 exits on line 7");
        assert_eq!(seen[0].text_hash, 255);
    }

    #[test]
    fn a_file_of_any_content_is_read() {
        for text in ["", "{", "[]", "{\"functions\": 7}", "{\"functions\": [[]]}", "\u{0}"] {
            assert_eq!(read(text, Path::new("/")), []);
        }
    }
}
