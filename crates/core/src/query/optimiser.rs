//! What the optimiser says about a function, in the user's words.
//!
//! Enters: a function with its types, then LLVM's answer to a request for remarks. Leaves: diagnostics of severity `hint`. A loop has
//! several versions: it is vectorised if one of them is; else the most telling reason of all versions is told. What LLVM says has its
//! translation in one table ([`REASONS`]); a reason that has no row there is shown as LLVM says it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::function::Function;
use crate::backend::{Output, Remark, Request, Said, remarks};
use crate::check::flow::{StepKind, Target};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{self, Value};
use crate::runtime;
use crate::source::Span;
use crate::types::Signature;

/// What is asked of LLVM about one function.
#[derive(Debug)]
pub struct Asked {
    /// For LLVM, in a process of its own.
    pub request: Request,
    /// The types that the function is looked at for.
    pub signature: Signature,
    /// The places in the function's piece, by their numbers less one.
    places: Vec<Span>,
}

/// Why a loop is not vectorised.
struct Reason {
    /// What LLVM says, or a part of it.
    said: &'static str,
    /// How telling it is: the versions of a loop fail for different reasons, and those with checks and polls for the weakest.
    weight: u8,
    /// In the user's words.
    text: &'static str,
    /// A way out.
    help: &'static str,
}

/// The weight of what has no row.
const UNKNOWN: u8 = 5;

/// The weight up to which checks that are left in the loop are the better reason.
const BELOW_CHECKS: u8 = 5;

const REASONS: &[Reason] = &[
    Reason {
        said: "cannot prove it is safe to reorder floating-point operations",
        weight: 9,
        text: "floats are added up or multiplied in the order of the source, for exact results",
        help: "`@brrr(fastmath=True)` adds them up in any order, several at once; so do several partial sums, each over every fourth element say",
    },
    // Nothing but that is the reason for which loops are not to become vectors (`lower/hints`).
    Reason {
        said: "vectorization and interleaving are explicitly disabled",
        weight: 9,
        text: "floats are computed from those of the turn before, in the order of the source, for exact results",
        help: "`@brrr(fastmath=True)` adds them up in any order, several at once; so do several partial sums, each over every fourth element say",
    },
    Reason {
        said: "library call cannot be vectorized",
        weight: 9,
        text: "this function takes one number at a time",
        help: "`@brrr(fastmath=True)` computes most functions of floats several at a time; what does not depend on it can be computed in a \
               loop of its own",
    },
    Reason {
        said: "cost-model indicates that vectorization is not beneficial",
        weight: 8,
        text: "several turns at once would not be faster",
        help: "elements that stand side by side, as in `float64[::1]`, are read and written together",
    },
    Reason {
        said: "Backward loop carried data dependence",
        weight: 8,
        text: "this was written by a turn before",
        help: "where the order does not matter, read from one array and write to another",
    },
    Reason {
        said: "loop invariant address",
        weight: 8,
        text: "every turn writes to the same element",
        help: "keep the value in a name, and write it behind the loop",
    },
    Reason {
        said: "trip count is below",
        weight: 7,
        text: "the loop has too few turns",
        help: "nothing has to be done: so few turns are computed one by one as fast",
    },
    Reason {
        said: "cannot identify array bounds",
        weight: 7,
        text: "which element this is, a turn knows only when it comes to it",
        help: "go over the elements in their order, or copy those that are wanted into an array first",
    },
    Reason {
        said: "Unknown data dependence",
        weight: 6,
        text: "whether turns touch the same elements is not known before the loop",
        help: "read from one array and write to another, with indexes that count up by one",
    },
    Reason {
        said: "cannot check memory dependencies at runtime",
        weight: 6,
        text: "whether the arrays overlap cannot be tested before the loop",
        help: "fewer arrays in one loop, with indexes that count up by one, can be told apart",
    },
    Reason {
        said: "memory checks",
        weight: 6,
        text: "there are too many arrays to test whether they overlap",
        help: "take the loop apart into several, each over fewer arrays",
    },
    Reason {
        said: "reorder memory operations",
        weight: 6,
        text: "elements are read and written in the order of the source",
        help: "read from one array and write to another",
    },
    Reason {
        said: "value that could not be identified as reduction is used outside the loop",
        weight: 4,
        text: "a value goes from turn to turn, and is needed behind the loop",
        help: "counts and sums of ints can be computed several turns at once, and what is written to an array",
    },
    Reason {
        said: "call instruction cannot be vectorized",
        weight: 3,
        text: "this takes one number at a time",
        help: "`@brrr(fastmath=True)` computes most functions of floats several at a time; what does not depend on it can be computed in a \
               loop of its own",
    },
    Reason {
        said: "switch statement",
        weight: 3,
        text: "the loop branches in more ways than can be done side by side",
        help: "decide in front of the loop, or compute the cases in loops of their own",
    },
    Reason {
        said: "control flow",
        weight: 3,
        text: "a branch in the loop cannot be done both ways",
        help: "write both results as a conditional expression: `a[i] = x if c else y`",
    },
    Reason {
        said: "instruction cannot be vectorized",
        weight: 3,
        text: "the processor has no instruction that does this for several numbers",
        help: "`@brrr(fastmath=True)` computes most functions of floats several at a time; what does not depend on it can be computed in a \
               loop of its own",
    },
    Reason {
        said: "instruction return type cannot be vectorized",
        weight: 3,
        text: "values of this type have no vectors",
        help: "`@brrr(fastmath=True)` computes most functions of floats several at a time; what does not depend on it can be computed in a \
               loop of its own",
    },
    Reason {
        said: "induction variable could not be identified",
        weight: 2,
        text: "nothing counts the turns in equal steps",
        help: "a `for` over a `range` or an array counts its turns",
    },
    Reason {
        said: "could not determine number of loop iterations",
        weight: 1,
        text: "how many turns there are is not known before the loop",
        help: "a `for` over a `range` or an array, without `break` and `return`, tells",
    },
    Reason {
        said: "Unsafe indirect dependence",
        weight: 1,
        text: "where the elements are is found out in each turn",
        help: "go over the elements in their order",
    },
    Reason {
        said: "not the innermost loop",
        weight: 0,
        text: "there are loops inside",
        help: "only loops without others inside compute several turns at once",
    },
];

/// What is known of one loop.
#[derive(Debug, Default)]
struct Loop {
    /// The most turns that one of its versions computes at once.
    turns: u32,
    /// One of its versions was replaced by a formula.
    is_formula: bool,
    /// The most telling reason so far: its weight, its row, what LLVM says, its place.
    reason: Option<(u8, Option<usize>, String, u32)>,
    checks: BTreeSet<u32>,
}

impl Function {
    /// What is to be asked of LLVM; nothing if the function cannot be compiled for these types, or has neither loops nor calls.
    #[must_use]
    pub fn ask_optimiser(&self, signature: &Signature) -> Option<Asked> {
        let unit = self.unit(signature).ok()?;
        if unit.functions.len() == 1 && unit.functions[0].loops.is_empty() {
            return None;
        }
        let (mut places, mut numbers) = (Vec::new(), HashMap::new());
        let number = |span: Span| {
            if span == Span::default() {
                return 0;
            }
            *numbers.entry(span).or_insert_with(|| {
                places.push(span);
                places.len() as u32
            })
        };
        let request =
            Request::new(unit, self.options(), Output::Remarks).with_vectors(runtime::vectors).with_places(number);
        Some(Asked { request, signature: signature.clone(), places })
    }

    /// What LLVM's answer says, in the order of the source.
    ///
    /// # Errors
    /// If it is no answer to a request for remarks.
    pub(super) fn optimised(&self, asked: &Asked, answer: &[u8]) -> Result<Vec<Diagnostic>, String> {
        let heard = remarks(answer)?;
        let place = |number: u32| (number as usize).checked_sub(1).and_then(|at| asked.places.get(at)).copied();
        let mut loops = BTreeMap::<u32, Loop>::new();
        let mut said = Vec::new();
        for one in &heard {
            match &one.said {
                Said::Check => drop(loops.entry(one.of_loop).or_default().checks.insert(one.place)),
                Said::Llvm(text) => {
                    if let Some(diagnostic) = place(one.place).and_then(|place| self.inlined(place, text)) {
                        said.push(diagnostic);
                    } else if one.of_loop > 0 {
                        loops.entry(one.of_loop).or_default().hear(one, text);
                    }
                }
            }
        }
        said.extend(self.done_in_place(&asked.request.unit.functions[0]));
        for (number, of) in loops {
            if let Some(span) = place(number) {
                of.tell(span, &place, &|at| conditions(&asked.request.unit.functions[0], at), &mut said);
            }
        }
        said.sort_by_key(|one| (one.span(), one.code));
        said.dedup_by_key(|one| (one.span(), one.code));
        Ok(said)
    }

    /// The calls that were written out before LLVM got to see them.
    fn done_in_place(&self, function: &ir::Function) -> Vec<Diagnostic> {
        let statements = || function.blocks.iter().flat_map(|block| &block.statements);
        let is_call = |one: &ir::Statement| matches!(one.value, Value::Call(_));
        let steps = self.body.flow.blocks.iter().flat_map(|block| &block.steps);
        let calls = steps.filter_map(|step| match &step.kind {
            StepKind::Call(call) => match &call.target {
                Target::Known(callee) => Some((step.span, callee.name.as_str())),
                Target::Value(_) => None,
            },
            _ => None,
        });
        let is_done = |at: Span| {
            statements().any(|one| one.span == at) && !statements().any(|one| one.span == at && is_call(one))
        };
        calls.filter(|(at, _)| is_done(*at)).map(|(at, name)| written_out(name, at)).collect()
    }

    /// What became of a call.
    fn inlined(&self, at: Span, text: &str) -> Option<Diagnostic> {
        let written = self.file().slice(at);
        let name = written.split_once('(').map_or(written, |(name, _)| name).trim_end();
        // Of functions that call themselves several levels are written out, always.
        if !text.starts_with('\'') || text.contains("always inline") || text.contains("recursive") || name.is_empty() {
            return None;
        }
        if text.contains(" not inlined into ") {
            let message = format!("the call of `{name}` stays a call");
            let help = "what several calls compute alike can be computed once, and passed to it";
            let label = match text.contains("too costly") {
                true => "the function is too large to be written out here",
                false => "the function is not written out here",
            };
            Some(Diagnostic::new(Code::NotInlined, message, at, label).help(help))
        } else if text.contains(" inlined into ") {
            Some(written_out(name, at))
        } else {
            None
        }
    }
}

fn written_out(name: &str, at: Span) -> Diagnostic {
    Diagnostic::new(Code::Inlined, format!("`{name}` is written out in place of its call"), at, "costs no call")
}

/// The number behind a name in a text.
fn number_behind(text: &str, name: &str) -> Option<u32> {
    let rest = &text[text.find(name)? + name.len()..];
    rest[..rest.bytes().take_while(u8::is_ascii_digit).count()].parse().ok()
}

impl Loop {
    fn hear(&mut self, one: &Remark, text: &str) {
        if text.starts_with("vectorized loop") || text.starts_with("interleaved loop") {
            let width = number_behind(text, "vectorization width: ").unwrap_or(1);
            let count = number_behind(text, "interleaved count: ").unwrap_or(1);
            self.turns = self.turns.max(width.saturating_mul(count));
        } else if text.starts_with("Loop deleted because it is invariant") {
            self.is_formula = true;
        } else if let Some(why) =
            text.strip_prefix("loop not vectorized: ").or_else(|| text.contains("cost-model").then_some(text))
        {
            let row = REASONS.iter().position(|reason| why.contains(reason.said));
            let weight = row.map_or(UNKNOWN, |row| REASONS[row].weight);
            // That interleaving does not pay follows from that vectors do not.
            let counts = row.is_some() || !text.contains("interleaving");
            if counts && self.reason.as_ref().is_none_or(|(known, ..)| *known < weight) {
                self.reason = Some((weight, row, why.to_owned(), one.place));
            }
        }
    }

    fn tell(
        &self,
        span: Span,
        place: &dyn Fn(u32) -> Option<Span>,
        conditions: &dyn Fn(Span) -> Vec<&'static str>,
        said: &mut Vec<Diagnostic>,
    ) {
        if self.turns > 1 {
            let message = format!("this loop computes {} turns at once", self.turns);
            said.push(Diagnostic::new(Code::Vectorised, message, span, "vectorised"));
            return;
        }
        if self.is_formula {
            let message = "this loop is computed without its turns";
            said.push(Diagnostic::new(Code::Formula, message, span, "a formula gives its result"));
            return;
        }
        for &check in &self.checks {
            let Some(at) = place(check) else { continue };
            let conditions = conditions(at);
            let (message, label) = match conditions.is_empty() {
                true => ("this loop checks at every turn whether it can go on".to_owned(), "a check stays".to_owned()),
                false => ("this is checked at every turn of the loop".to_owned(), conditions.join(", ")),
            };
            let diagnostic = Diagnostic::new(Code::Checked, message, at, label);
            let diagnostic = if at == span { diagnostic } else { diagnostic.label(span, "this loop") };
            said.push(diagnostic.help(
                "indexes that count up to a length need no check, nor do ints whose bounds are known before the loop",
            ));
        }
        let Some((weight, row, why, at)) = &self.reason else { return };
        if *weight <= BELOW_CHECKS && !self.checks.is_empty() {
            return;
        }
        let at = place(*at).unwrap_or(span);
        let (text, help) = match row.and_then(|row| REASONS.get(row)) {
            Some(reason) => (reason.text.to_owned(), reason.help),
            None => {
                let first = why.lines().next().unwrap_or_default().trim_end_matches('.').replace('`', "'");
                (format!("LLVM says: {first}"), "look at `brrr ir --stage llvm-opt`, or at the IR in the editor")
            }
        };
        let diagnostic = Diagnostic::new(Code::NotVectorised, "this loop computes one turn at a time", at, text);
        let diagnostic = if at == span { diagnostic } else { diagnostic.label(span, "this loop") };
        said.push(diagnostic.help(help));
    }
}

/// The loop that a diagnostic about one is about.
pub(super) fn loop_of(one: &Diagnostic) -> Span {
    let label = one.labels.iter().find(|label| label.text == "this loop");
    label.map_or_else(|| one.span(), |label| label.span)
}

/// The conditions under which what stands at a place leaves compiled code, in words.
fn conditions(function: &ir::Function, at: Span) -> Vec<&'static str> {
    let statements = function.blocks.iter().flat_map(|block| &block.statements).filter(|one| one.span == at);
    let of = |one: &ir::Statement| match &one.value {
        Value::Op { op, exit: Some(_), .. } => op.row().leaves_if,
        Value::Op { exit: None, .. } | Value::Convert(_) | Value::Create(_) | Value::Call(_) | Value::Given(_) => &[],
    };
    let mut conditions = statements.flat_map(of).map(|leave| leave.text()).collect::<Vec<_>>();
    conditions.sort_unstable();
    conditions.dedup();
    conditions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(texts: &[&str]) -> Loop {
        let mut of = Loop::default();
        for (at, text) in texts.iter().enumerate() {
            of.hear(&Remark { place: at as u32 + 1, of_loop: 1, said: Said::Llvm((*text).to_owned()) }, text);
        }
        of
    }

    #[test]
    fn one_version_that_is_vectorised_is_enough() {
        let texts = [
            "loop not vectorized: could not determine number of loop iterations",
            "vectorized loop (vectorization width: 4, interleaved count: 2)",
            "loop not vectorized: cannot identify array bounds",
        ];
        assert_eq!(heard(&texts).turns, 8);
    }

    #[test]
    fn the_most_telling_reason_is_told() {
        let texts = [
            "loop not vectorized: could not determine number of loop iterations",
            "loop not vectorized: cannot prove it is safe to reorder floating-point operations",
            "loop not vectorized: cannot identify array bounds",
            "loop not vectorized",
        ];
        let (weight, _, _, place) = heard(&texts).reason.unwrap();
        assert_eq!((weight, place), (9, 2));
    }

    #[test]
    fn what_has_no_row_is_said_as_llvm_says_it() {
        let of = heard(&["loop not vectorized: the moon is full.\nMore of it."]);
        let mut said = Vec::new();
        of.tell(Span::new(1, 2), &|_| None, &|_| Vec::new(), &mut said);
        assert_eq!(said[0].labels[0].text, "LLVM says: the moon is full");
    }

    #[test]
    fn rows_are_found_by_what_llvm_says() {
        for (at, reason) in REASONS.iter().enumerate() {
            let first = REASONS.iter().position(|other| reason.said.contains(other.said));
            assert!(first == Some(at), "`{}` is hidden by another row", reason.said);
        }
    }
}
