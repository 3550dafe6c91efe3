//! SARIF 2.1.0, the format of code scanning services.

use std::path::{Component, Path};

use brrr_core::diagnostic::{Code, Diagnostic, Severity};
use brrr_core::source::{SourceFile, Span};
use serde_json::{Value, json};

use super::{Report, each, positions};

/// The log of one run.
pub(super) fn log(reports: &[Report]) -> Value {
    let results = each(reports).map(|(report, one)| result(report, one)).collect::<Vec<_>>();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "brrr",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": Code::ALL.iter().map(|&code| rule(code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "note",
    }
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.text(),
        "name": code.slug(),
        "shortDescription": { "text": code.summary() },
        "fullDescription": { "text": code.explanation() },
        "help": { "text": code.page(), "markdown": code.page() },
        "defaultConfiguration": { "level": level(code.severity()) },
    })
}

fn result(report: &Report, one: &Diagnostic) -> Value {
    let mut text = one.message.clone();
    let notes = one.notes.iter().map(|note| format!("note: {note}"));
    for more in notes.chain(one.help.iter().map(|help| format!("help: {help}"))) {
        text = format!("{text}\n{more}");
    }
    let others = one.labels.iter().skip(1).enumerate().map(|(at, label)| {
        let mut place = location(label.file.as_deref().unwrap_or(&report.file), label.span);
        place["id"] = json!(at + 1);
        place["message"] = json!({ "text": label.text });
        place
    });
    let fixes = one.fixes.iter().map(|fix| {
        let replacements = fix.edits.iter().map(|edit| {
            json!({
                "deletedRegion": region(&report.file, edit.span),
                "insertedContent": { "text": edit.replacement },
            })
        });
        json!({
            "description": { "text": fix.message },
            "artifactChanges": [{
                "artifactLocation": artifact(report.file.path()),
                "replacements": replacements.collect::<Vec<_>>(),
            }],
        })
    });
    let rule = Code::ALL.iter().position(|&code| code == one.code);
    json!({
        "ruleId": one.code.text(),
        "ruleIndex": rule,
        "level": level(one.severity()),
        "message": { "text": text },
        "locations": [location(&report.file, one.span())],
        "relatedLocations": others.collect::<Vec<_>>(),
        "fixes": fixes.collect::<Vec<_>>(),
    })
}

fn location(file: &SourceFile, span: Span) -> Value {
    json!({ "physicalLocation": { "artifactLocation": artifact(file.path()), "region": region(file, span) } })
}

fn region(file: &SourceFile, span: Span) -> Value {
    let (start, end) = positions(file, span);
    json!({ "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column })
}

fn artifact(path: &str) -> Value {
    json!({ "uri": uri(path) })
}

/// A relative path as a relative reference, an absolute one as a file's URI.
fn uri(path: &str) -> String {
    let encoded = |text: &str| {
        let bytes = text.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        });
        bytes.collect::<String>()
    };
    let mut parts = Vec::new();
    let mut absolute = false;
    for part in Path::new(path).components() {
        match part {
            Component::RootDir => absolute = true,
            other => parts.push(encoded(&other.as_os_str().to_string_lossy())),
        }
    }
    let joined = parts.join("/");
    if absolute { format!("file:///{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("a b/é.py"), "a%20b/%C3%A9.py");
        assert_eq!(uri("/a/b.py"), "file:///a/b.py");
        assert_eq!(uri("../c:d.py"), "../c%3Ad.py");
    }

    #[test]
    fn a_result_has_its_places() {
        let file = SourceFile::new("a.py", "é = 1\nxy\n");
        let one = Diagnostic::new(Code::Statement, "no", Span::new(7, 9), "").label(Span::new(0, 2), "why").help("so");
        let report = Report { file, diagnostics: vec![one] };
        let made = result(&report, &report.diagnostics[0]);
        assert_eq!(made["message"]["text"], json!("no\nhelp: so"));
        let region = &made["locations"][0]["physicalLocation"]["region"];
        assert_eq!(region, &json!({ "startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 3 }));
        assert_eq!(made["relatedLocations"][0]["message"]["text"], json!("why"));
        let log = log(&[report]);
        let rules = &log["runs"][0]["tool"]["driver"]["rules"];
        assert_eq!(rules[made["ruleIndex"].as_u64().unwrap() as usize]["id"], json!("BRRR201"));
    }
}
