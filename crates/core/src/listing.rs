//! The text of a function at one stage, and which line of the source each line of it comes from.
//!
//! Enters: verified IR, or a text of LLVM's made for a request with places. Leaves: a [`Listing`], whose text is the one that a request
//! without places gives: what only debug locations need is taken out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::ir;
use crate::source::Span;

/// A text with places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The text.
    pub text: String,
    /// For each line of the text the line of the source, as the request counts it.
    pub lines: Vec<Option<u32>>,
}

impl Listing {
    /// The typed IR of all functions of a unit; only those that stand in the text of the first one have lines.
    #[must_use]
    pub fn of_unit(unit: &ir::Unit, line: impl Fn(Span) -> u32) -> Self {
        let mut listing = Self::default();
        for (at, function) in unit.functions.iter().enumerate() {
            if at > 0 {
                listing.push("", None);
            }
            let is_placed = at == 0 || function.within;
            let one = Self::typed(function, |span| if is_placed { line(span) } else { 0 });
            listing.text.push_str(&one.text);
            listing.lines.extend(one.lines);
        }
        listing
    }

    /// The typed IR; `line` gives the line of a span, 0 if it has none.
    #[must_use]
    pub fn typed(function: &ir::Function, line: impl Fn(Span) -> u32) -> Self {
        let (text, places) = ir::print::print_with_places(function);
        Self { text, lines: places.into_iter().map(|place| place.map(&line).filter(|&line| line > 0)).collect() }
    }

    /// LLVM IR.
    #[must_use]
    pub fn llvm(text: &str) -> Self {
        let nodes = Nodes::of(text);
        let mut listing = Self::default();
        let mut before_function = true;
        for line in text.lines() {
            if nodes.is_of_places(line) {
                continue;
            }
            if line.is_empty() && listing.text.ends_with("\n\n") {
                // Between two that are taken out.
                continue;
            }
            before_function &= !line.starts_with("define");
            let place = if before_function {
                None
            } else {
                location(line, "!dbg !").and_then(|node| nodes.lines.get(&node).copied())
            };
            listing.push(&nodes.renumbered(&without_location(line)), place.filter(|&line| line > 0));
        }
        listing.without_empty_end()
    }

    /// Assembly.
    #[must_use]
    pub fn assembly(text: &str) -> Self {
        let mut listing = Self::default();
        let (mut current, mut in_tables) = (None, false);
        for line in text.lines() {
            let words = line.trim();
            if words.starts_with(".section") {
                in_tables = words.contains(".debug_");
            }
            if let Some(rest) = words.strip_prefix(".loc") {
                let number = rest.split_ascii_whitespace().nth(1).and_then(|number| number.parse::<u32>().ok());
                current = number.filter(|&line| line > 0);
                continue;
            }
            let label = words.split(':').next().unwrap_or(words);
            let of_places = [".Ltmp", ".Lfunc_begin", ".Lsec_end"].iter().any(|prefix| label.starts_with(prefix))
                && words.contains(':');
            if in_tables || of_places || is_table_directive(words) {
                continue;
            }
            let is_instruction = line.starts_with('\t') && !words.starts_with(['.', '#']);
            if words.starts_with(".Lfunc_end") {
                current = None;
            }
            listing.push(line, current.filter(|_| is_instruction));
        }
        listing
    }

    fn push(&mut self, line: &str, place: Option<u32>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{line}");
        self.lines.push(place);
    }

    fn without_empty_end(mut self) -> Self {
        while self.text.ends_with("\n\n") {
            self.text.pop();
            self.lines.pop();
        }
        self
    }

    /// For each line of the source the runs of lines of the text that come from it, all in order, lines of the text from 0.
    #[must_use]
    pub fn mapping(&self) -> Vec<(u32, [u32; 2])> {
        let mut runs = Vec::<(u32, [u32; 2])>::new();
        for (at, line) in self.lines.iter().enumerate() {
            let (Some(line), at) = (*line, at as u32) else { continue };
            match runs.last_mut() {
                Some((of, [_, last])) if *of == line && *last + 1 == at => *last = at,
                _ => runs.push((line, [at, at])),
            }
        }
        runs.sort_unstable();
        runs
    }
}

/// The metadata of LLVM IR.
struct Nodes {
    /// The lines of debug locations.
    lines: BTreeMap<u32, u32>,
    /// All that places alone need.
    places: BTreeSet<u32>,
    /// The others by the numbers that they have without those.
    numbers: BTreeMap<u32, u32>,
}

impl Nodes {
    fn of(text: &str) -> Self {
        let mut nodes = Self { lines: BTreeMap::new(), places: BTreeSet::new(), numbers: BTreeMap::new() };
        let mut others = Vec::new();
        for line in text.lines().filter(|line| line.starts_with('!')) {
            let Some((number, value)) = line[1..].split_once(" = ") else { continue };
            let Ok(number) = number.parse::<u32>() else { continue };
            let value = value.trim_start_matches("distinct ");
            if value.starts_with("!DI")
                || matches!(value, "!{}" | "!{null}")
                || value.contains("\"Debug Info Version\"")
            {
                nodes.places.insert(number);
                if value.starts_with("!DILocation") {
                    let line = value.split("line: ").nth(1).and_then(|rest| rest.split([',', ')']).next());
                    nodes.lines.insert(number, line.and_then(|line| line.parse().ok()).unwrap_or(0));
                }
            } else {
                others.push(number);
            }
        }
        others.sort_unstable();
        nodes.numbers = others.into_iter().zip(0..).collect();
        nodes
    }

    fn is_of_places(&self, line: &str) -> bool {
        if line.starts_with("!llvm.dbg.cu") {
            return true;
        }
        let Some(rest) = line.strip_prefix("!llvm.module.flags") else {
            let number = line.strip_prefix('!').and_then(|rest| rest.split(' ').next()?.parse().ok());
            return number.is_some_and(|number: u32| self.places.contains(&number));
        };
        let mut named =
            rest.split('!').filter_map(|part| part.trim_matches(['{', '}', ',', ' ', '=']).parse::<u32>().ok());
        named.all(|number| self.places.contains(&number))
    }

    fn renumbered(&self, line: &str) -> String {
        let mut rest = line;
        let mut text = String::with_capacity(line.len());
        while let Some(at) = rest.find('!') {
            let (before, behind) = rest.split_at(at + 1);
            text.push_str(before);
            let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
            match behind[..digits].parse::<u32>().ok().and_then(|number| self.numbers.get(&number)) {
                Some(number) => text.push_str(&number.to_string()),
                None => text.push_str(&behind[..digits]),
            }
            rest = &behind[digits..];
        }
        text.push_str(rest);
        text
    }
}

fn location(line: &str, before: &str) -> Option<u32> {
    let rest = &line[line.find(before)? + before.len()..];
    rest[..rest.bytes().take_while(u8::is_ascii_digit).count()].parse().ok()
}

/// The line without `, !dbg !7` or, behind a `define`, ` !dbg !7`.
fn without_location(line: &str) -> String {
    let Some(at) = line.find("!dbg !") else { return line.to_owned() };
    let behind = &line[at + "!dbg !".len()..];
    let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
    let before = line[..at].trim_end();
    let before = before.strip_suffix(',').unwrap_or(before);
    format!("{before}{}", &behind[digits..])
}

fn is_table_directive(words: &str) -> bool {
    let mut parts = words.split_ascii_whitespace();
    match parts.next() {
        // A file of the table has a number.
        Some(".file") => parts.next().is_some_and(|number| number.starts_with(|one: char| one.is_ascii_digit())),
        Some(first) => first.starts_with(".cfi_"),
        None => false,
    }
}
