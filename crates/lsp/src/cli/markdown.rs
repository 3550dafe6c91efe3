//! Markdown for terminals: headings, paragraphs, lists, blocks of code and what stands within a line of the pages that brrr has
//! about its codes. Where no terminal shows it, the text stays as it is.

use anstyle::{AnsiColor, Style};

/// How text is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// With colours.
    pub(super) color: bool,
    /// On a terminal: marks of Markdown are not for its reader.
    pub(super) terminal: bool,
}

impl Look {
    fn styled(self, text: &str, style: Style) -> String {
        if self.color { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// What matters.
    pub(super) fn strong(self, text: &str) -> String {
        self.styled(text, Style::new().bold())
    }

    /// Text with code between backticks.
    pub(super) fn inline(self, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let style = Style::new().fg_color(Some(AnsiColor::Cyan.into()));
        let parts = text.split('`').enumerate();
        // The last part is code only if its backtick is closed.
        let count = text.split('`').count();
        parts
            .map(|(at, part)| match at % 2 {
                1 if at + 1 < count => self.styled(part, style),
                1 => format!("`{part}"),
                _ => part.to_owned(),
            })
            .collect()
    }
}

/// A page as it is shown, without a line break at its end.
pub(super) fn draw(page: &str, look: Look) -> String {
    if !look.terminal && !look.color {
        return page.to_owned();
    }
    let mut lines = Vec::new();
    let mut in_code = false;
    for line in page.lines() {
        let heading = line.trim_start_matches('#');
        if line.starts_with("```") {
            in_code = !in_code;
        } else if in_code {
            let style = Style::new().fg_color(Some(AnsiColor::Green.into()));
            lines.push(if line.is_empty() { String::new() } else { format!("    {}", look.styled(line, style)) });
        } else if heading.len() < line.len() && heading.starts_with(' ') {
            lines.push(look.styled(heading.trim_start(), Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()))));
        } else {
            lines.push(look.inline(line));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Title\n\nWrite `a` not `b.\n\n```python\nx = `1`\n\n# no heading\n```\nend";

    #[test]
    fn a_file_gets_the_page_as_it_is() {
        assert_eq!(draw(PAGE, Look { color: false, terminal: false }), PAGE);
    }

    #[test]
    fn a_terminal_without_colours_gets_no_marks() {
        let drawn = draw(PAGE, Look { color: false, terminal: true });
        assert_eq!(drawn, "Title\n\nWrite `a` not `b.\n\n    x = `1`\n\n    # no heading\nend");
    }

    #[test]
    fn a_terminal_with_colours() {
        let drawn = draw(PAGE, Look { color: true, terminal: true });
        assert!(drawn.contains("\u{1b}[36ma\u{1b}[0m not `b."), "{drawn:?}");
        assert!(drawn.contains("    \u{1b}[32mx = `1`\u{1b}[0m\n"), "{drawn:?}");
    }
}
