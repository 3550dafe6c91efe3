//! The Markdown cases, as far as Rust checks them: text to [`Case`]s. `tests/README.md` describes the format.

use std::fs;
use std::path::{Path, PathBuf};

/// One heading of a file.
#[derive(Debug, Default)]
pub struct Case {
    /// Topic, file and heading.
    pub name: String,
    /// The `py` block.
    pub source: String,
    /// The `ir` block, if there is one.
    pub ir: Option<String>,
    /// `(line, name or "", type)`: what `# revealed:` states.
    pub revealed: Vec<(u32, String, String)>,
    /// `(line, "error" or "warning", slug)`, sorted, each once.
    pub diagnostics: Vec<(u32, String, String)>,
}

impl Case {
    /// The text as `analyze` gets it: the import is implied unless the block has its own, and stands in line 0.
    #[must_use]
    pub fn text(&self) -> (String, u32) {
        let own = self.source.contains("import brrr");
        let import = if own { "" } else { "from brrr import brrr\n" };
        (format!("{import}{}", self.source), u32::from(own))
    }
}

/// Every case below `tests/cases`.
#[must_use]
pub fn load() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let mut files = topics(&root).iter().flat_map(|topic| topics(topic)).collect::<Vec<_>>();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    files.iter().flat_map(|file| parse(file)).collect()
}

fn topics(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.expect("a readable folder").path()).collect()
}

fn parse(path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).expect("a readable file");
    let file = path.strip_prefix(path.ancestors().nth(2).expect("a topic")).expect("a relative path").display();
    let mut cases: Vec<Case> = Vec::new();
    let mut block: Option<(String, String)> = None;
    for line in text.lines() {
        match &mut block {
            Some((kind, body)) if line.trim() == "```" => {
                let case = cases.last_mut().expect("a block stands under a heading");
                match kind.as_str() {
                    "py" => case.read(body),
                    "ir" => case.ir = Some(body.clone()),
                    "llvm" | "calls" => {}
                    unknown => panic!("{file}: unknown block `{unknown}`"),
                }
                block = None;
            }
            Some((_, body)) => {
                body.push_str(line);
                body.push('\n');
            }
            None if line.starts_with("```") => block = Some((line[3..].trim().to_owned(), String::new())),
            None => {
                if let Some(title) = line.strip_prefix("## ") {
                    cases.push(Case { name: format!("{file}: {}", title.trim()), ..Case::default() });
                }
            }
        }
    }
    assert!(block.is_none(), "{file}: a block has no end");
    cases
}

impl Case {
    fn read(&mut self, body: &str) {
        body.clone_into(&mut self.source);
        for (line, text) in (1..).zip(body.lines()) {
            let Some((_, comment)) = text.split_once('#') else { continue };
            for part in comment.split(", ") {
                self.read_part(line, part.trim());
            }
        }
        self.diagnostics.sort();
        self.diagnostics.dedup();
    }

    fn read_part(&mut self, line: u32, part: &str) {
        for severity in ["error", "warning"] {
            let slug = part.strip_prefix(severity).and_then(|rest| rest.strip_prefix(": [")?.strip_suffix(']'));
            if let Some(slug) = slug {
                self.diagnostics.push((line, severity.to_owned(), slug.to_owned()));
                return;
            }
        }
        let continued = self.revealed.last().is_some_and(|(last, name, _)| *last == line && !name.is_empty());
        let stated = part.strip_prefix("revealed: ").or_else(|| continued.then_some(part));
        if let Some(stated) = stated {
            let (name, types) = stated.split_once(": ").unwrap_or(("", stated));
            self.revealed.push((line, name.to_owned(), types.trim().to_owned()));
        }
    }
}
