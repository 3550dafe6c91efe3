//! The text of a `pyproject.toml` to [`Settings`]; what is wrong with it, at its place.

use std::ops::Range;
use std::path::PathBuf;

use brrr_core::diagnostic::{Code, Diagnostic};
use brrr_core::source::{SourceFile, Span};
use clap::ValueEnum;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{OutputFormat, Settings};
use crate::select::{Selector, nearest};

/// The keys of the table, and what each means.
pub const KEYS: &[(&str, &str)] = &[
    ("select", "the codes that are shown: `\"ALL\"`, codes, slugs, prefixes such as `\"BRRR2\"`"),
    ("ignore", "the codes that are not"),
    ("per-file-ignores", "a table: patterns of files to the codes that are not shown for them"),
    ("exclude", "patterns of files and folders that are left out, as in a `.gitignore`"),
    ("hints", "`true`: hints are shown"),
    ("output-format", "how what was found is written, unless `--output-format` says it"),
    ("respect-gitignore", "`false`: what git ignores is checked, too"),
    ("error-on-warning", "`true`: warnings make the exit code 1"),
];

/// The settings of a file whose folder is `root`, as far as they hold, and what is wrong with them. No settings if the file has
/// no table `[tool.brrr]`.
#[must_use]
pub fn read(file: &SourceFile, root: PathBuf) -> (Option<Settings>, Vec<Diagnostic>) {
    let (document, errors) = DeTable::parse_recoverable(file.text());
    let table = document.get_ref().get("tool").and_then(|tool| tool.get_ref().get("brrr"));
    let mut reader = Reader { diagnostics: Vec::new() };
    if !errors.is_empty() {
        // Whose table it is in which the text breaks is not known; without a word about brrr it is not for brrr to say.
        if file.text().contains("tool.brrr") || table.is_some() {
            for error in errors.iter().take(1) {
                let end = file.text().len();
                let place = error.span().unwrap_or(end..end);
                let message = format!("the file is not TOML: {}", error.message().lines().next().unwrap_or_default());
                reader.say(&message, place, "here", None);
            }
            return (Some(Settings { root, ..Settings::default() }), reader.diagnostics);
        }
        return (None, Vec::new());
    }
    let Some(table) = table else { return (None, Vec::new()) };
    let mut settings = Settings { root, ..Settings::default() };
    match table.get_ref() {
        DeValue::Table(keys) => keys.iter().for_each(|(key, value)| reader.key(&mut settings, key, value)),
        other => reader.say(&format!("`tool.brrr` is {}", kind(other)), table.span(), "a table was expected", None),
    }
    (Some(settings), reader.diagnostics)
}

struct Reader {
    diagnostics: Vec<Diagnostic>,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl Reader {
    fn say(&mut self, message: &str, place: Range<usize>, label: &str, help: Option<String>) {
        let span = Span::new(place.start as u32, place.end as u32);
        let diagnostic = Diagnostic::new(Code::Configuration, message, span, label);
        self.diagnostics.push(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
    }

    fn key(&mut self, settings: &mut Settings, key: &Spanned<std::borrow::Cow<'_, str>>, value: &Value<'_>) {
        match key.get_ref().as_ref() {
            "select" => settings.select = self.selectors(value),
            "ignore" => settings.ignore = self.selectors(value),
            "per-file-ignores" => match value.get_ref() {
                DeValue::Table(files) => {
                    for (pattern, codes) in files {
                        let files = self.patterns(settings, &[(pattern.get_ref(), pattern.span())]);
                        let codes = self.selectors(codes);
                        settings.per_file.push((files, codes));
                    }
                }
                _ => self.wrong_type(value, "a table of patterns"),
            },
            "exclude" => {
                let patterns = self.texts(value);
                let patterns = patterns.iter().map(|(text, place)| (*text, place.clone())).collect::<Vec<_>>();
                settings.exclude = self.patterns(settings, &patterns);
            }
            "hints" => settings.hints = self.boolean(value),
            "respect-gitignore" => settings.respect_gitignore = self.boolean(value),
            "error-on-warning" => settings.error_on_warning = self.boolean(value),
            "output-format" => match value.get_ref().as_str().map(|text| OutputFormat::from_str(text, false)) {
                Some(Ok(format)) => settings.output_format = format,
                Some(Err(_)) => {
                    let known = OutputFormat::value_variants().iter().filter_map(ValueEnum::to_possible_value);
                    let known = known.map(|one| format!("`{}`", one.get_name())).collect::<Vec<_>>().join(", ");
                    self.say("unknown output format", value.span(), "not one of them", Some(format!("one of {known}")));
                }
                None => self.wrong_type(value, "a string"),
            },
            other => {
                let known = || KEYS.iter().map(|(key, _)| (*key).to_owned());
                let help = match nearest(other, known()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        format!("the keys are {}", known().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "))
                    }
                };
                self.say(&format!("unknown key `{other}`"), key.span(), "brrr does not know it", Some(help));
            }
        }
    }

    fn wrong_type(&mut self, value: &Value<'_>, expected: &str) {
        let label = kind(value.get_ref());
        self.say(&format!("{expected} was expected"), value.span(), &format!("this is {label}"), None);
    }

    fn boolean(&mut self, value: &Value<'_>) -> bool {
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong_type(value, "`true` or `false`");
            false
        })
    }

    fn texts<'a>(&mut self, value: &'a Value<'_>) -> Vec<(&'a str, Range<usize>)> {
        let DeValue::Array(values) = value.get_ref() else {
            self.wrong_type(value, "an array of strings");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for value in values {
            match value.get_ref().as_str() {
                Some(text) => texts.push((text, value.span())),
                None => self.wrong_type(value, "a string"),
            }
        }
        texts
    }

    fn selectors(&mut self, value: &Value<'_>) -> Vec<Selector> {
        let mut selectors = Vec::new();
        for (text, place) in self.texts(value) {
            match text.parse::<Selector>() {
                Ok(selector) => selectors.push(selector),
                Err(message) => {
                    let (message, help) = match message.split_once("; ") {
                        Some((message, help)) => (message.to_owned(), Some(help.to_owned())),
                        None => (message, None),
                    };
                    self.say(&message, place, "no code of brrr", help);
                }
            }
        }
        selectors
    }

    fn patterns(&mut self, settings: &Settings, patterns: &[(&str, Range<usize>)]) -> Gitignore {
        let mut builder = GitignoreBuilder::new(&settings.root);
        for (pattern, place) in patterns {
            if let Err(error) = builder.add_line(None, pattern) {
                self.say("the pattern is wrong", place.clone(), &error.to_string(), None);
            }
        }
        builder.build().unwrap_or_else(|_| Gitignore::empty())
    }
}

/// What a value is, in words.
const fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said about a text, and the text that it is said of.
    fn said(text: &str) -> Vec<(String, String)> {
        let file = SourceFile::new("pyproject.toml", text);
        let (_, diagnostics) = read(&file, PathBuf::from("/project"));
        diagnostics.into_iter().map(|one| (file.slice(one.span()).to_owned(), one.message)).collect()
    }

    fn one(at: &str, message: &str) -> Vec<(String, String)> {
        vec![(at.to_owned(), message.to_owned())]
    }

    #[test]
    fn a_file_without_the_table_says_nothing() {
        let file = SourceFile::new("pyproject.toml", "[project]\nname = 'brrr'\n[tool.other]\n");
        assert!(read(&file, PathBuf::new()).0.is_none());
        let file = SourceFile::new("pyproject.toml", "[project\nname = 'brrr'\n");
        assert!(read(&file, PathBuf::new()).0.is_none(), "another tool will say it");
        let file = SourceFile::new("pyproject.toml", "[tool.brrr]\n");
        assert!(read(&file, PathBuf::new()).0.is_some());
    }

    #[test]
    fn every_key_is_known() {
        for (key, _) in KEYS {
            let said = said(&format!("[tool.brrr]\n{key} = 1\n"));
            assert!(said.len() == 1 && said[0].1.ends_with("was expected"), "{key}: {said:?}");
        }
    }

    #[test]
    fn mistakes_have_their_place() {
        assert_eq!(said("[tool.brrr]\nselec = ['ALL']\n"), one("selec", "unknown key `selec`"));
        assert_eq!(said("[tool.brrr]\nselect = 'ALL'\n"), one("'ALL'", "an array of strings was expected"));
        assert_eq!(said("[tool.brrr]\nselect = ['ALL', 'E501']\n"), one("'E501'", "unknown code `E501`"));
        assert_eq!(said("[tool.brrr]\nignore = [7]\n"), one("7", "a string was expected"));
        assert_eq!(said("[tool.brrr]\nhints = 'yes'\n"), one("'yes'", "`true` or `false` was expected"));
        assert_eq!(said("[tool.brrr]\noutput-format = 'xml'\n"), one("'xml'", "unknown output format"));
        assert_eq!(said("[tool.brrr]\nexclude = ['[z-a]']\n"), one("'[z-a]'", "the pattern is wrong"));
        assert_eq!(said("[tool.brrr]\nper-file-ignores = ['a']\n"), one("['a']", "a table of patterns was expected"));
        assert_eq!(said("[tool]\nbrrr = 1\n"), one("1", "`tool.brrr` is an integer"));
        assert!(said("[tool.brrr]\nselect = [\n")[0].1.starts_with("the file is not TOML: "));
    }
}
