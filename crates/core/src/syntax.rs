//! Text to functions.
//!
//! Enters: a [`SourceFile`], or the lines of one function. Leaves: the functions under `@brrr` with their syntax trees.
//! A syntax error costs one function, not the file: a file is split at its top-level statements, each is parsed alone, and in
//! one that does not parse every decorated function is tried for itself.

mod names;
mod options;
pub(crate) mod walk;

pub(crate) use names::{Imports, annotated, blocks, identifier};

use std::sync::Arc;

use rustpython_parser::ast::{self, Ranged};
use rustpython_parser::lexer::lex_starts_at;
use rustpython_parser::text_size::TextSize;
use rustpython_parser::{Mode, ParseError, Tok, parse_tokens};

use crate::diagnostic::{Code, Diagnostic};
use crate::outside::{Callee, Env, FunctionKey};
use crate::source::{SourceFile, Span};
use crate::stack;
use names::{Decorators, Scope};

/// Tokens of one logical line, and `elif`s of one function: what bounds the depth of syntax trees, and so of recursion.
const MOST_TOKENS: usize = 4_000;
const MOST_ELIFS: usize = 500;
const MOST_INDENTS: usize = 100;

/// Stack that a walk over the deepest admitted tree may need, in bytes.
const STACK: usize = 48 << 20;

/// One function under the decorator.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The place of the name.
    pub name_span: Span,
    /// From the first decorator to the last statement.
    pub span: Span,
    /// True if it stands in a class body.
    pub in_class: bool,
    /// What names outside of it mean, as far as its file tells.
    pub env: Arc<Env>,
    /// The tree; its offsets are those of the source file.
    pub ast: ast::StmtFunctionDef,
}

/// The brrr functions of a file.
#[derive(Debug)]
pub struct Module {
    /// In the order of the source, nested ones included.
    pub functions: Vec<Function>,
    /// Syntax errors in brrr functions, and decorators on what is no function.
    pub diagnostics: Vec<Diagnostic>,
}

/// Runs a walk over syntax trees with stack enough for the deepest one that [`parse`] and [`read_function`] let through.
pub fn with_stack<R>(walk: impl FnOnce() -> R) -> R {
    stack::with(4 << 20, STACK, walk)
}

/// Finds the functions under the decorator, whatever it was imported as. Run it, and the drop of what it returns, within
/// [`with_stack`].
#[must_use]
pub fn parse(file: &SourceFile) -> Module {
    let mut module = Module { functions: Vec::new(), diagnostics: Vec::new() };
    let text = file.text();
    if !text.contains("brrr") {
        return module;
    }
    let chunks = chunks(text);
    let parsed = chunks.iter().map(|&span| parse_lines(file.slice(span), span.start, file.path())).collect::<Vec<_>>();
    let outer = Outer::of(parsed.iter().flatten().map(|run| (file.path(), run.as_slice())), None);
    for (&span, parsed) in chunks.iter().zip(parsed) {
        match parsed {
            Ok(statements) => {
                for statement in statements {
                    names::functions(statement, false, &outer.decorators, &outer.env, file, &mut module);
                }
            }
            Err(_) => broken_chunk(file, span, &outer.decorators, &outer.env, &mut module),
        }
    }
    module.functions.sort_by_key(|function| function.span);
    module
}

/// What the statements of a module say about names: which ones mean the decorator, what others mean.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outer {
    decorators: Decorators,
    /// The names outside of the functions.
    pub(crate) env: Arc<Env>,
}

impl Outer {
    /// Reads runs of statements of a module, each with the path of its file, in the order in which they are executed; `imports` knows
    /// other modules.
    pub(crate) fn of<'a>(
        runs: impl Iterator<Item = (&'a str, &'a [ast::Stmt])>,
        imports: Option<&'a dyn Imports>,
    ) -> Self {
        let mut decorators = Decorators::default();
        let mut scope = Scope::of_file("", imports);
        for (path, statements) in runs {
            scope.go_on_in(path);
            for statement in statements {
                decorators.imports(statement);
                scope.statement(statement);
            }
        }
        Self { decorators, env: Arc::new(scope.env()) }
    }

    /// True if the same names mean the decorator.
    pub(crate) fn has_same_decorators(&self, other: &Self) -> bool {
        self.decorators == other.decorators
    }
}

/// One statement at the margin of a file with its decorators and what stands behind it; its places are its own, from 0.
#[derive(Debug)]
pub(crate) struct Piece {
    file: SourceFile,
    parsed: Option<Vec<ast::Stmt>>,
}

impl Piece {
    /// Parses it.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let parsed = with_stack(|| parse_lines(text, 0, path).ok());
        Self { file: SourceFile::new(path, text), parsed }
    }

    /// Its text, with its own places.
    pub(crate) const fn file(&self) -> &SourceFile {
        &self.file
    }

    /// Its statements; none if it does not parse.
    pub(crate) fn statements(&self) -> &[ast::Stmt] {
        self.parsed.as_deref().unwrap_or_default()
    }

    /// Its statements, with the path of its file.
    pub(crate) fn run(&self) -> (&str, &[ast::Stmt]) {
        (self.file.path(), self.statements())
    }

    /// The names of the functions of the module in it that are under no decorator.
    pub(crate) fn plain_names(&self) -> Vec<String> {
        self.plain().into_iter().map(|def| def.name.to_string()).collect()
    }

    /// The name of the function whose own name stands there, behind those of the classes that it is in; `None` within another function.
    pub(crate) fn qualified_name(&self, name: Span) -> Option<String> {
        names::qualified(self.statements(), name)
    }

    fn plain(&self) -> Vec<&ast::StmtFunctionDef> {
        let mut found = Vec::new();
        self.statements().iter().for_each(|statement| names::plain(statement, &mut found));
        found
    }

    /// These functions. Run it, and the drop of what it returns, within [`with_stack`].
    pub(crate) fn plain_functions(&self, outer: &Outer) -> Vec<Function> {
        self.plain().into_iter().map(|def| names::function(def.clone(), false, &outer.env, &self.file)).collect()
    }

    /// The functions under no decorator within others, beside brrr functions, each with what calls of it know it by. Run it, and the drop of
    /// what it returns, within [`with_stack`].
    pub(crate) fn local_functions(&self, outer: &Outer) -> Vec<(FunctionKey, Function)> {
        let found = self.locals(outer);
        found
            .iter()
            .filter_map(|one| Some((one.callee(&self.file)?.key, one.function(&outer.env, &self.file))))
            .collect()
    }

    /// The names of these functions, and what calls know them by.
    pub(crate) fn local_names(&self, outer: &Outer) -> Vec<Callee> {
        self.locals(outer).iter().filter_map(|one| one.callee(&self.file)).collect()
    }

    fn locals(&self, outer: &Outer) -> Vec<names::Local<'_>> {
        let mut found = Vec::new();
        self.statements().iter().for_each(|one| names::locals(one, &outer.decorators, &[], &mut found));
        found
    }

    /// The functions under the decorator in it. Run it, and the drop of what it returns, within [`with_stack`].
    pub(crate) fn functions(&self, outer: &Outer) -> Module {
        let mut module = Module { functions: Vec::new(), diagnostics: Vec::new() };
        let whole = Span::new(0, self.file.text().len() as u32);
        match &self.parsed {
            Some(statements) => {
                for statement in statements.iter().filter(|statement| names::holds_definitions(statement)) {
                    let statement = statement.clone();
                    names::functions(statement, false, &outer.decorators, &outer.env, &self.file, &mut module);
                }
            }
            None => broken_chunk(&self.file, whole, &outer.decorators, &outer.env, &mut module),
        }
        module.functions.sort_by_key(|function| function.span);
        module
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        // A tree is as deep to drop as it is to walk.
        let parsed = self.parsed.take();
        with_stack(|| drop(parsed));
    }
}

/// A chunk that does not parse: each function in it that is under the decorator is tried for itself.
fn broken_chunk(file: &SourceFile, chunk: Span, decorators: &Decorators, env: &Arc<Env>, module: &mut Module) {
    let mut offset = chunk.start;
    while offset < chunk.end {
        let rest = &file.text()[offset as usize..];
        let line = rest.split_inclusive('\n').next().unwrap_or(rest);
        // Of an indented function there must be room in front for what makes it valid ([`PREFIX`]), or its places would be others.
        let has_room = !line.starts_with([' ', '\t', '\u{c}']) || offset as usize >= PREFIX.len();
        if !decorators.is_line(line) || !has_room {
            offset += line.len() as u32;
            continue;
        }
        let mut lines = rest.split_inclusive('\n');
        let block = function_lines(&mut || lines.next().map(str::to_owned), offset, file.path());
        match block.parsed {
            Ok(statements) => {
                let indented = line.starts_with([' ', '\t']);
                for statement in statements {
                    names::functions(statement, indented, decorators, env, file, module);
                }
            }
            Err(error) => module.diagnostics.push(error),
        }
        offset += (block.text.len() as u32).max(line.len() as u32);
    }
}

/// Reads one function whose first line (its first decorator, or its `def`) is number `first_line` of the file at `path`.
/// `next_line` gives that line and those that follow, with their line breaks; no more are asked for than the function has,
/// and a few. Run it within [`with_stack`].
///
/// # Errors
/// A diagnostic with the source it points into, if there is no `def` there or it is not valid Python.
#[expect(clippy::result_large_err, reason = "made once a decoration")]
pub fn read_function(
    path: &str,
    first_line: u32,
    next_line: &mut dyn FnMut() -> Option<String>,
) -> Result<(SourceFile, Function), (SourceFile, Diagnostic)> {
    let block = function_lines(next_line, 0, path);
    // An indented function is parsed behind a line of its own, which the file then has one line above the function.
    let (text, first_line) = match block.indented {
        true => (format!("{PREFIX}{}", block.text), first_line.saturating_sub(1)),
        false => (block.text, first_line),
    };
    let file = SourceFile::fragment(path, text, first_line);
    let statements = match block.parsed {
        Ok(statements) => statements,
        Err(diagnostic) => return Err((file, diagnostic)),
    };
    let whole = Span::new(if block.indented { PREFIX.len() as u32 } else { 0 }, file.text().len() as u32);
    match statements.into_iter().next() {
        Some(ast::Stmt::FunctionDef(tree)) => {
            let function = names::function(tree, false, &Arc::default(), &file);
            Ok((file, function))
        }
        Some(ast::Stmt::AsyncFunctionDef(def)) => Err((file, names::async_def(&def))),
        _ => Err((file, not_a_function(whole, "there is no `def` here"))),
    }
}

/// Reads a function again from the source that [`read_function`] gave with it.
pub(crate) fn read_again(file: &SourceFile, in_class: bool) -> Option<Function> {
    let text = file.text();
    let own = text.strip_prefix(PREFIX).filter(|own| own.starts_with([' ', '\t', '\u{c}']));
    let mut lines = own.unwrap_or(text).split_inclusive('\n');
    let (_, mut function) =
        read_function(file.path(), file.first_line(), &mut || lines.next().map(str::to_owned)).ok()?;
    function.in_class = in_class;
    Some(function)
}

fn not_a_function(span: Span, label: &str) -> Diagnostic {
    Diagnostic::new(Code::NotAFunction, "only a function written with `def` can be compiled", span, label)
        .help("write it as `def name(...):` with the decorator above it")
}

/// What makes indented lines valid for the parser.
const PREFIX: &str = "if 1:\n";

/// The lines of one function, and what they parse to.
struct Block {
    text: String,
    indented: bool,
    parsed: Result<Vec<ast::Stmt>, Diagnostic>,
}

/// Takes lines until they are a whole function: at each line that is indented no deeper than the first one, and is not
/// within a bracket or a string, the function may have ended; whether it has, the parser says.
fn function_lines(next_line: &mut dyn FnMut() -> Option<String>, offset: u32, path: &str) -> Block {
    let mut text = next_line().unwrap_or_default();
    let base = indentation(&text);
    let indented = base > 0;
    let mut seen_def = is_def(&text);
    let mut first_error: Option<(String, ParseFailure)> = None;
    let mut tries = 0;
    loop {
        let line = next_line();
        let ends = match &line {
            None => true,
            Some(line) => {
                seen_def && !line.trim().is_empty() && !line.trim_start().starts_with('#') && indentation(line) <= base
            }
        };
        if ends {
            match parse_block(&text, indented, offset, path) {
                Ok(parsed) => return Block { text, indented, parsed: Ok(parsed) },
                Err(failure) => {
                    first_error.get_or_insert((text.clone(), failure));
                    tries += 1;
                }
            }
        }
        match line {
            Some(line) if tries < 20 && text.len() < (8 << 20) => {
                seen_def |= is_def(&line) && indentation(&line) <= base;
                text.push_str(&line);
            }
            _ => break,
        }
    }
    let (text, failure) =
        first_error.unwrap_or_else(|| (text.clone(), ParseFailure::at(0, "there is no function here")));
    let limit = offset + text.len() as u32 + if indented && offset == 0 { PREFIX.len() as u32 } else { 0 };
    let diagnostic = failure.diagnostic(limit);
    Block { text, indented, parsed: Err(diagnostic) }
}

/// Parses the lines of one function. With offset 0 an indented block is placed behind [`PREFIX`], else at its own offset.
fn parse_block(text: &str, indented: bool, offset: u32, path: &str) -> Result<Vec<ast::Stmt>, ParseFailure> {
    if !indented {
        return parse_lines(text, offset, path);
    }
    let start = offset.saturating_sub(PREFIX.len() as u32);
    let mut statements = parse_lines(&format!("{PREFIX}{text}"), start, path)?;
    match statements.pop() {
        Some(ast::Stmt::If(block)) if statements.is_empty() => Ok(block.body),
        _ => Err(ParseFailure::at(start, "unexpected indentation")),
    }
}

fn is_def(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("def ") || line.starts_with("def\t") || line.starts_with("async ") || line.contains("lambda")
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t', '\u{c}']).len()
}

/// Why text does not parse, at which offset.
struct ParseFailure {
    offset: u32,
    code: Code,
    message: String,
}

impl ParseFailure {
    fn at(offset: u32, message: &str) -> Self {
        Self { offset, code: Code::Syntax, message: message.to_owned() }
    }

    fn too_large(offset: u32, message: &str) -> Self {
        Self { offset, code: Code::TooLarge, message: message.to_owned() }
    }

    /// The diagnostic, at one character that lies before `limit`.
    fn diagnostic(self, limit: u32) -> Diagnostic {
        let start = self.offset.min(limit.saturating_sub(1));
        let span = Span::new(start, (start + 1).min(limit).max(start));
        match self.code {
            Code::TooLarge => {
                Diagnostic::new(self.code, self.message, span, "here").help("split it into smaller functions")
            }
            _ => Diagnostic::new(self.code, format!("invalid syntax: {}", self.message), span, "here"),
        }
    }
}

impl From<ParseError> for ParseFailure {
    fn from(error: ParseError) -> Self {
        let said = error.error.to_string();
        // The parser begins with words of its own for what the diagnostic says already.
        let said = said.trim_start_matches("invalid syntax").trim_start_matches(['.', ' ', ':']);
        let message = match said.strip_prefix("Got unexpected token ") {
            Some(token) => format!("unexpected {}", token.to_lowercase()),
            None => said.to_owned(),
        };
        Self::at(error.offset.to_u32(), if message.is_empty() { "the line does not parse" } else { &message })
    }
}

/// Parses whole statements that stand at `offset` of their file, within the limits on depth.
fn parse_lines(text: &str, offset: u32, path: &str) -> Result<Vec<ast::Stmt>, ParseFailure> {
    // Where a bracket stays open, the lexer repeats its error for ever.
    let mut failed = false;
    let whole = |token: &Result<_, _>| !std::mem::replace(&mut failed, token.is_err());
    let tokens = lex_starts_at(text, Mode::Module, TextSize::new(offset)).take_while(whole).collect::<Vec<_>>();
    let (mut in_line, mut elifs, mut indents) = (0, 0, 0_usize);
    for (token, range) in tokens.iter().flatten() {
        let at = range.start().to_u32();
        in_line += 1;
        match token {
            Tok::Newline => in_line = 0,
            Tok::Elif => elifs += 1,
            Tok::Indent => indents += 1,
            Tok::Dedent => indents = indents.saturating_sub(1),
            _ => {}
        }
        if in_line > MOST_TOKENS {
            return Err(ParseFailure::too_large(at, "the line has more than 4 000 parts"));
        }
        if elifs > MOST_ELIFS {
            return Err(ParseFailure::too_large(at, "there are more than 500 `elif` branches"));
        }
        if indents > MOST_INDENTS {
            return Err(ParseFailure::too_large(at, "blocks are nested more than 100 deep"));
        }
    }
    match parse_tokens(tokens, Mode::Module, path)? {
        ast::Mod::Module(module) => Ok(module.body),
        ast::Mod::Interactive(_) | ast::Mod::Expression(_) | ast::Mod::FunctionType(_) => Ok(Vec::new()),
    }
}

/// Splits text at its top-level statements; decorators stay with what they decorate.
pub(crate) fn chunks(text: &str) -> Vec<Span> {
    let mut chunks = Vec::new();
    let mut start = 0;
    let mut offset = 0;
    let mut lines = LineState::default();
    let mut decorated = false;
    for line in text.split_inclusive('\n') {
        let first = line.chars().next().unwrap_or('\n');
        let begins = !first.is_whitespace() && !matches!(first, '#' | ')' | ']' | '}') && !continues(line);
        let definition = line.starts_with("def ")
            || line.starts_with("class ")
            || line.starts_with('@')
            || line.starts_with("async ")
            || line.starts_with("from ")
            || line.starts_with("import ");
        // A definition or an import at the margin begins a statement even if a bracket above it was never closed.
        if begins && !lines.in_string() && (lines.is_closed() || definition) {
            if !decorated && offset > start {
                chunks.push(Span::new(start, offset));
                start = offset;
            }
            lines = LineState::default();
            decorated = line.starts_with('@');
        }
        lines.advance(line);
        offset += line.len() as u32;
    }
    chunks.push(Span::new(start, offset));
    chunks
}

fn continues(line: &str) -> bool {
    ["else", "elif", "except", "finally"]
        .iter()
        .any(|word| line.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '\t', ':', '('])))
}

/// The comments of a text, each from its `#` to the end of its line.
pub(crate) fn comments(text: &str) -> Vec<Span> {
    let mut comments = Vec::new();
    let mut lines = LineState::default();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if let Some(at) = lines.advance(line) {
            let end = line.trim_end_matches(['\n', '\r']).len();
            comments.push(Span::new(offset + at as u32, offset + end.max(at) as u32));
        }
        offset += line.len() as u32;
    }
    comments
}

/// What is open at the end of a line: brackets, a string, a backslash.
#[derive(Default)]
struct LineState {
    brackets: usize,
    quotes: Option<&'static str>,
    backslash: bool,
}

impl LineState {
    const fn in_string(&self) -> bool {
        self.quotes.is_some()
    }

    const fn is_closed(&self) -> bool {
        self.brackets == 0 && self.quotes.is_none() && !self.backslash
    }

    /// Goes over a line; gives the place in it where a comment begins.
    fn advance(&mut self, line: &str) -> Option<usize> {
        let mut rest = line;
        let mut comment = None;
        self.backslash = false;
        loop {
            // Nothing before the next of these matters.
            let of_string = |byte| matches!(byte, b'"' | b'\'' | b'\\');
            let of_code = |byte| of_string(byte) || matches!(byte, b'#' | b'(' | b'[' | b'{' | b')' | b']' | b'}');
            let in_string = self.quotes.is_some();
            let at = rest.bytes().position(|byte| if in_string { of_string(byte) } else { of_code(byte) });
            rest = &rest[at.unwrap_or(rest.len())..];
            let Some(next) = rest.chars().next() else { break };
            if let Some(quotes) = self.quotes {
                if rest.starts_with(quotes) {
                    self.quotes = None;
                    rest = &rest[quotes.len()..];
                    continue;
                }
                let skip =
                    if next == '\\' { 1 + rest[1..].chars().next().map_or(0, char::len_utf8) } else { next.len_utf8() };
                rest = &rest[skip..];
                continue;
            }
            match next {
                '#' => {
                    comment = Some(line.len() - rest.len());
                    break;
                }
                '(' | '[' | '{' => self.brackets += 1,
                ')' | ']' | '}' => self.brackets = self.brackets.saturating_sub(1),
                '"' | '\'' => {
                    let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| rest.starts_with(quotes));
                    self.quotes = quotes;
                    rest = &rest[quotes.map_or(1, str::len)..];
                    continue;
                }
                '\\' => self.backslash = matches!(&rest[1..], "" | "\n" | "\r\n"),
                _ => {}
            }
            rest = &rest[next.len_utf8()..];
        }
        // A string with one quote ends with its line, closed or not, unless the line break is escaped.
        if self.quotes.is_some_and(|quotes| quotes.len() == 1) && !line.trim_end_matches(['\n', '\r']).ends_with('\\') {
            self.quotes = None;
        }
        comment
    }
}

/// The place of a node.
pub(crate) fn span(node: &impl Ranged) -> Span {
    Span::new(node.start().to_u32(), node.end().to_u32())
}
