//! Configuration: `[tool.brrr]` in `pyproject.toml`.
//!
//! Enters: paths of Python files, and the text of the nearest `pyproject.toml` above each that has the table. Leaves:
//! [`Settings`], or diagnostics in the text of the configuration. The command line and the language server read the same.

mod read;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use brrr_core::diagnostic::{Diagnostic, Severity};
use brrr_core::source::SourceFile;
use ignore::gitignore::Gitignore;

use crate::select::Selector;
pub use read::{KEYS, read};

/// The file that holds the table.
pub const FILE: &str = "pyproject.toml";

/// How what was found is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum OutputFormat {
    /// Drawn with the lines of source.
    #[default]
    Full,
    /// One line each.
    Concise,
    /// An array of objects.
    Json,
    /// Annotations of a GitHub workflow.
    Github,
    /// SARIF 2.1.0.
    Sarif,
}

/// What a configuration says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its folder, which patterns are relative to; empty without a configuration.
    root: PathBuf,
    /// What is said.
    pub select: Vec<Selector>,
    /// What is not.
    pub ignore: Vec<Selector>,
    /// What is not said about some files.
    per_file: Vec<(Gitignore, Vec<Selector>)>,
    exclude: Gitignore,
    /// Hints are shown.
    pub hints: bool,
    /// How what was found is written.
    pub output_format: OutputFormat,
    /// Leave out what git ignores.
    pub respect_gitignore: bool,
    /// Warnings count as errors do for the exit code.
    pub error_on_warning: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            root: PathBuf::new(),
            select: vec![Selector::All],
            ignore: Vec::new(),
            per_file: Vec::new(),
            exclude: Gitignore::empty(),
            hints: false,
            output_format: OutputFormat::Full,
            respect_gitignore: true,
            error_on_warning: false,
        }
    }
}

impl Settings {
    /// True if a file, or a folder, is excluded.
    #[must_use]
    pub fn excludes(&self, path: &Path, is_folder: bool) -> bool {
        self.matched(&self.exclude, path, is_folder)
    }

    /// True if a diagnostic about a file is to be shown.
    #[must_use]
    pub fn shows(&self, diagnostic: &Diagnostic, path: &Path) -> bool {
        let code = diagnostic.code;
        let ignored = |selectors: &[Selector]| selectors.iter().any(|one| one.matches(code));
        let asked =
            diagnostic.severity() != Severity::Hint || self.hints || self.select.iter().any(|one| one.names(code));
        asked
            && self.select.iter().any(|one| one.matches(code))
            && !ignored(&self.ignore)
            && !self.per_file.iter().any(|(files, codes)| ignored(codes) && self.matched(files, path, false))
    }

    fn matched(&self, patterns: &Gitignore, path: &Path, is_folder: bool) -> bool {
        if patterns.is_empty() {
            return false;
        }
        let Ok(path) = std::path::absolute(path) else { return false };
        // What lies outside of the configuration's folder, none of its patterns means.
        let inside = path.strip_prefix(&self.root).ok().filter(|inside| !inside.as_os_str().is_empty());
        inside.is_some_and(|inside| patterns.matched_path_or_any_parents(inside, is_folder).is_ignore())
    }
}

/// A configuration that does not hold.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Its text.
    pub file: SourceFile,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// The configurations of a run, each read once.
#[derive(Debug, Default)]
pub struct Configurations {
    /// The one for every file; none if each file has its own.
    only: Option<Arc<Settings>>,
    /// What overrides every configuration.
    overrides: Overrides,
    folders: Mutex<HashMap<PathBuf, Arc<Settings>>>,
    broken: Mutex<Vec<Broken>>,
}

/// What the command line says in place of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// In place of `select`.
    pub select: Option<Vec<Selector>>,
    /// In place of `ignore`.
    pub ignore: Option<Vec<Selector>>,
    /// Hints are shown.
    pub hints: bool,
}

impl Overrides {
    fn applied(&self, mut settings: Settings) -> Settings {
        if let Some(select) = &self.select {
            settings.select.clone_from(select);
        }
        if let Some(ignore) = &self.ignore {
            settings.ignore.clone_from(ignore);
        }
        settings.hints |= self.hints;
        settings
    }
}

impl Configurations {
    /// Each file has the nearest configuration above it.
    #[must_use]
    pub fn nearest(overrides: Overrides) -> Self {
        Self { overrides, ..Self::default() }
    }

    /// No configuration is read.
    #[must_use]
    pub fn isolated(overrides: Overrides) -> Self {
        let only = Some(Arc::new(overrides.applied(Settings::default())));
        Self { only, overrides, ..Self::default() }
    }

    /// Every file has the configuration of this file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn from_file(path: &Path, overrides: Overrides) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let mut configurations = Self { overrides, ..Self::default() };
        configurations.only = Some(configurations.of_text(path, text).unwrap_or_default());
        Ok(configurations)
    }

    /// The settings for a file or a folder that stands at this path.
    #[must_use]
    pub fn of(&self, path: &Path) -> Arc<Settings> {
        if let Some(only) = &self.only {
            return Arc::clone(only);
        }
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        // A folder is governed by what stands above it, and in it when its files are looked at.
        self.of_folder(absolute.parent().unwrap_or(&absolute))
    }

    fn of_folder(&self, folder: &Path) -> Arc<Settings> {
        let known = |folders: &HashMap<PathBuf, Arc<Settings>>| folders.get(folder).cloned();
        if let Some(settings) = known(&self.folders.lock().unwrap_or_else(PoisonError::into_inner)) {
            return settings;
        }
        let file = folder.join(FILE);
        let own = std::fs::read_to_string(&file).ok().filter(|text| text.contains("brrr"));
        let settings = own.and_then(|text| self.of_text(&file, text)).unwrap_or_else(|| match folder.parent() {
            Some(parent) => self.of_folder(parent),
            None => Arc::new(self.overrides.applied(Settings::default())),
        });
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(folders.entry(folder.to_owned()).or_insert(settings))
    }

    /// The settings in a text; `None` if it has no table for brrr.
    fn of_text(&self, path: &Path, text: String) -> Option<Arc<Settings>> {
        let file = SourceFile::new(shown(path), text);
        let root = std::path::absolute(path).ok().and_then(|path| Some(path.parent()?.to_owned())).unwrap_or_default();
        let (settings, diagnostics) = read(&file, root);
        if !diagnostics.is_empty() {
            let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
            // Two threads may have read it at the same time.
            if broken.iter().all(|known| known.file.path() != file.path()) {
                broken.push(Broken { file, diagnostics });
            }
        }
        settings.map(|settings| Arc::new(self.overrides.applied(settings)))
    }

    /// The configurations read so far that do not hold.
    #[must_use]
    pub fn broken(&self) -> Vec<Broken> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A path as it is shown: from the current folder, where it lies in it.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let inside = path.strip_prefix(&here).ok().filter(|inside| inside.as_os_str() != OsStr::new(""));
    inside.unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use brrr_core::diagnostic::Code;
    use brrr_core::source::Span;

    use super::*;

    fn of(code: Code) -> Diagnostic {
        Diagnostic::new(code, "", Span::new(0, 1), "")
    }

    fn settings(text: &str) -> Settings {
        let (settings, diagnostics) = read(&SourceFile::new(FILE, text), PathBuf::from("/project"));
        assert_eq!(diagnostics, []);
        settings.unwrap()
    }

    #[test]
    fn what_is_shown() {
        let all = Settings::default();
        assert!(all.shows(&of(Code::Statement), Path::new("a.py")));
        let some = settings("[tool.brrr]\nselect = ['BRRR2']\nignore = ['unsupported-target']\n");
        assert!(some.shows(&of(Code::Statement), Path::new("a.py")));
        assert!(!some.shows(&of(Code::Target), Path::new("a.py")));
        assert!(!some.shows(&of(Code::Call), Path::new("a.py")));
    }

    #[test]
    fn what_is_not_said_about_some_files() {
        let some = settings("[tool.brrr.per-file-ignores]\n'tests/*.py' = ['BRRR201']\n");
        assert!(!some.shows(&of(Code::Statement), Path::new("/project/tests/a.py")));
        assert!(some.shows(&of(Code::Call), Path::new("/project/tests/a.py")));
        assert!(some.shows(&of(Code::Statement), Path::new("/project/a.py")));
        assert!(some.shows(&of(Code::Statement), Path::new("/elsewhere/tests/a.py")));
    }

    #[test]
    fn what_is_excluded() {
        let some = settings("[tool.brrr]\nexclude = ['build', '*_generated.py', '/data/']\n");
        assert!(some.excludes(Path::new("/project/build"), true));
        assert!(some.excludes(Path::new("/project/a/build/b.py"), false));
        assert!(some.excludes(Path::new("/project/a/b_generated.py"), false));
        assert!(some.excludes(Path::new("/project/data/b.py"), false));
        assert!(!some.excludes(Path::new("/project/a/data/b.py"), false));
        assert!(!some.excludes(Path::new("/build/b.py"), false));
        assert!(!some.excludes(Path::new("/project"), true));
    }

    #[test]
    fn the_command_line_overrides() {
        let overrides = Overrides { select: None, ignore: Some(vec![Selector::One(Code::Call)]), hints: true };
        let settings = overrides.applied(settings("[tool.brrr]\nignore = ['BRRR2']\n"));
        assert!(settings.shows(&of(Code::Statement), Path::new("a.py")));
        assert!(!settings.shows(&of(Code::Call), Path::new("a.py")));
        assert!(settings.hints);
    }
}
