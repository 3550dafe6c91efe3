//! `brrr explain`: the table of codes, and the page of each.

use std::io;

use brrr_core::diagnostic::Code;
use clap::Args;

use super::markdown::{self, Look};
use super::{Out, Status, complain};
use crate::select::Selector;

/// Explain a code, such as BRRR223; without one, list them all.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// A number, a slug, or a prefix such as BRRR2; ALL for every page
    code: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// If what it has to say cannot be written.
pub(super) fn run(explain: &Explain, out: &mut Out) -> io::Result<Status> {
    let look = Look { color: out.color(), terminal: out.terminal };
    let Some(text) = &explain.code else {
        let slugs = Code::ALL.iter().map(|code| code.slug().len()).max().unwrap_or(0);
        for code in Code::ALL {
            let (text, slug, severity) = (look.strong(&code.text()), code.slug(), code.severity().text());
            out.line(&format!("{text}  {slug:slugs$}  {severity:7}  {}", look.inline(code.summary())))?;
        }
        return Ok(Status::Clean);
    };
    // `brrr explain 202` is a code, too.
    let selector = match Code::parse(text) {
        Some(code) => Ok(Selector::One(code)),
        None => text.parse::<Selector>(),
    };
    let selector = match selector {
        Ok(selector) => selector,
        Err(problem) => {
            complain(problem);
            return Ok(Status::Failed);
        }
    };
    let codes = Code::ALL.iter().copied().filter(|&code| selector.matches(code)).collect::<Vec<_>>();
    for (at, code) in codes.iter().enumerate() {
        if at > 0 {
            out.line("")?;
        }
        let title = format!("# {} {} ({})", code.text(), code.slug(), code.severity().text());
        let page = format!("{title}\n\n{}\n\n{}", code.summary(), code.page().trim_end());
        out.line(&markdown::draw(&page, look))?;
    }
    Ok(Status::Clean)
}
