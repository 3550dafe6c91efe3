//! One brrr function of a file: its flow graph, the signatures it may be shown for, its types for each of them.
//!
//! Enters: a syntax tree in its piece of the file. Leaves: a [`Function`], which keeps what it has found. All places begin with
//! the piece.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rustpython_parser::ast::Expr;

use super::calls::{CallSite, default_type};
use super::chain;
use super::header::{header_end, is_kept, options};
use super::inner::{Header, Inner};
use super::modules::Foreigner;
use super::optimiser::{Asked, loop_of};
use crate::backend::Options;
use crate::check::bind::bind;
use crate::check::flow::{Annotation, Parameter, Start};
use crate::check::infer::{Binding, Inferred};
use crate::check::program::{Body, Callees, Known, Program};
use crate::compile::unit_of;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir;
use crate::outside::{self, Callee, Env, FunctionKey, hash_of};
use crate::source::{SourceFile, Span};
use crate::syntax::{self, Piece, span};
use crate::types::{Shape, Signature, Type, TypeSet};

/// Signatures whose types are kept, at the most: more than anybody looks at.
const MOST_KEPT: usize = 16;

/// What is known of one function.
#[derive(Debug)]
pub struct Function {
    piece: Arc<Piece>,
    name: String,
    name_span: Span,
    span: Span,
    decorator: Span,
    /// Behind the closing bracket of the parameters.
    header: u32,
    returns: Option<Span>,
    options: Options,
    /// Its machine code may be kept on the disk.
    kept: bool,
    /// It is under no decorator: what others call.
    plain: bool,
    pub(super) body: Arc<Body>,
    /// The functions beside it, which it may call.
    beside: Mutex<Arc<Beside>>,
    refused: bool,
    annotated: Signature,
    origins: Vec<Origin>,
    positional: usize,
    defaults: Vec<Option<Type>>,
    diagnostics: Vec<Diagnostic>,
    typed: Mutex<HashMap<Signature, Arc<Typed>>>,
    /// What could be faster, by signature.
    remarks: Mutex<HashMap<Signature, Arc<Vec<Diagnostic>>>>,
    /// What the optimiser has said, by signature.
    heard: Mutex<HashMap<Signature, Arc<Vec<Diagnostic>>>>,
    said: OnceLock<Vec<Diagnostic>>,
    /// The defaults that are constants.
    constants: Vec<Option<outside::Constant>>,
    /// Where the functions within it stand.
    inner: Vec<Header>,
    fingerprint: OnceLock<u64>,
    key: FunctionKey,
    env: Arc<Env>,
}

/// The functions that those of a file can call.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// All of them.
    pub(super) known: BTreeMap<FunctionKey, Result<Known, Vec<Diagnostic>>>,
    /// Those of other files.
    pub(super) foreign: BTreeMap<FunctionKey, Foreigner>,
}

impl Callees for Beside {
    fn known(&self, callee: &Callee) -> Result<Known, Vec<Diagnostic>> {
        self.known.get(&callee.key).cloned().unwrap_or_else(|| Err(Vec::new()))
    }
}

/// The same for one of them.
struct Entered<'a> {
    beside: &'a Beside,
    options: Options,
}

impl Callees for Entered<'_> {
    fn known(&self, callee: &Callee) -> Result<Known, Vec<Diagnostic>> {
        self.beside.known(callee)
    }

    fn options(&self) -> Options {
        self.options
    }
}

/// Why a parameter has its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Its annotation says so.
    Annotation,
    /// Its default value has it.
    Default,
    /// A call passes it.
    Call,
    /// It was seen at run time.
    Seen,
    /// Nothing tells: an int is assumed.
    Assumed,
}

impl Origin {
    /// In words, behind "from".
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Annotation => "its annotation",
            Self::Default => "its default value",
            Self::Call => "a call",
            Self::Seen => "a run",
            Self::Assumed => "nothing: `int` is assumed",
        }
    }
}

/// A signature that a function may be shown for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The signature.
    pub signature: Signature,
    /// Where each type comes from.
    pub origins: Vec<Origin>,
}

/// The types in a function for one signature.
#[derive(Debug)]
pub struct Typed {
    /// The signature.
    pub signature: Signature,
    /// What it returns.
    pub result: TypeSet,
    /// The types of names where they are bound, and of returned values, in the order of the source.
    pub bindings: Vec<Binding>,
    /// What there is to say about operations.
    pub findings: Vec<Diagnostic>,
    /// Why calls of functions of other files cannot be compiled.
    pub refused_calls: Vec<Diagnostic>,
    /// The functions within it.
    pub inner: Vec<Inner>,
    pub(super) inferred: Inferred,
}

impl Function {
    /// Binds a function, which its name is the key to unless it has another one. Run it within [`syntax::with_stack`].
    pub(super) fn new(piece: Arc<Piece>, function: &syntax::Function, key: Option<FunctionKey>) -> Self {
        let key = key.unwrap_or_else(|| Callee::in_file(piece.file().path(), &function.name).key);
        let (flow, diagnostics) = bind(function, &function.env, piece.file(), false);
        let refused = diagnostics.iter().any(Diagnostic::is_error);
        let arguments = &function.ast.args;
        let plain = arguments.posonlyargs.iter().chain(&arguments.args).chain(&arguments.kwonlyargs);
        let constants = plain.clone().map(|one| match one.default.as_deref()? {
            Expr::Constant(constant) => Some(constant.value.clone()),
            _ => None,
        });
        let constants = constants.collect();
        let defaults = plain.map(|one| one.default.as_deref().and_then(|one| default_type(one, &function.env)));
        let defaults = defaults.collect::<Vec<_>>();
        let (mut params, mut origins) = (Vec::new(), Vec::new());
        let body = Arc::new(Body::new(flow));
        for (at, parameter) in body.flow.parameters.iter().enumerate() {
            let (one, origin) = match (&parameter.annotation, defaults.get(at).copied().flatten()) {
                (Annotation::Type(one), _) => (*one, Origin::Annotation),
                (Annotation::Missing | Annotation::Other(_), Some(one)) => (one, Origin::Default),
                (Annotation::Missing | Annotation::Other(_), None) => (Type::Int, Origin::Assumed),
            };
            params.push(parameter.assumed(one));
            // How many there are, no annotation says.
            origins.push(if parameter.variadic { Origin::Assumed } else { origin });
        }
        let annotated = Signature { params };
        let first = function.ast.decorator_list.first().map(span);
        let mut made = Self {
            name: function.name.clone(),
            name_span: function.name_span,
            span: function.span,
            decorator: first.map_or(function.name_span, |one| Span::new(one.start.saturating_sub(1), one.end)),
            header: header_end(piece.file(), function),
            returns: function.ast.returns.as_deref().map(span),
            options: options(&function.ast.decorator_list),
            kept: is_kept(&function.ast.decorator_list),
            plain: function.ast.decorator_list.is_empty(),
            positional: arguments.posonlyargs.len() + arguments.args.len(),
            inner: if body.flow.inner.is_empty() { Vec::new() } else { Header::all(&function.ast.body, piece.file()) },
            piece,
            body,
            beside: Mutex::default(),
            refused,
            annotated,
            origins,
            defaults,
            diagnostics: Vec::new(),
            typed: Mutex::default(),
            remarks: Mutex::default(),
            heard: Mutex::default(),
            said: OnceLock::new(),
            constants,
            fingerprint: OnceLock::new(),
            key,
            env: function.env.clone(),
        };
        made.diagnostics = diagnostics;
        made
    }

    /// Its name behind those of the classes that it is in; `None` within another function, where nobody else gets at it.
    #[must_use]
    pub fn qualified_name(&self) -> Option<String> {
        syntax::with_stack(|| self.piece.qualified_name(self.name_span))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The place of its name.
    #[must_use]
    pub const fn name_span(&self) -> Span {
        self.name_span
    }

    /// From the first decorator to the last statement.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// The first decorator, its `@` included.
    #[must_use]
    pub const fn decorator(&self) -> Span {
        self.decorator
    }

    /// Behind the closing bracket of the parameters: where a type of the result would stand.
    #[must_use]
    pub const fn header_end(&self) -> u32 {
        self.header
    }

    /// The annotation of the result.
    #[must_use]
    pub const fn returns(&self) -> Option<Span> {
        self.returns
    }

    /// What the decorator is told.
    #[must_use]
    pub const fn options(&self) -> Options {
        self.options
    }

    /// True unless the decorator is told that its machine code is not to be kept on the disk.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        self.kept
    }

    /// True if it is under no decorator.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.plain
    }

    /// True if it cannot be compiled, whatever the signature.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        self.refused
    }

    /// What there is to say about it.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        self.said.get_or_init(|| {
            let mut all = self.diagnostics.clone();
            // What follows from an error already reported is not news.
            if !self.refused {
                let typed = self.typed(&self.annotated);
                // Types that are only assumed say nothing against the operations on them.
                let is_told = |one: &Parameter| !one.variadic && matches!(one.annotation, Annotation::Type(_));
                let flow = &self.body.flow;
                let told =
                    flow.parameters.iter().all(is_told) && flow.hidden.iter().all(|hidden| hidden.told.is_some());
                let of_types = |one: &Diagnostic| {
                    matches!(one.code, Code::OperandTypes | Code::WholeArray | Code::Identity | Code::Half)
                };
                all.extend(typed.findings.iter().filter(|one| told || !of_types(one)).cloned());
                all.extend(typed.refused_calls.iter().cloned());
            }
            all
        })
    }

    /// The names of the functions that it calls, or has as values.
    pub fn callees(&self) -> impl Iterator<Item = &str> {
        self.body.flow.functions().into_iter().filter_map(|one| Some(one.as_callee()?.name.as_str()))
    }

    /// The keys of these functions.
    pub(super) fn callee_keys(&self) -> impl Iterator<Item = FunctionKey> {
        self.body.flow.functions().into_iter().filter_map(|one| Some(one.as_callee()?.key))
    }

    /// What makes it impossible to compile it, whatever the signature.
    pub(super) fn own_errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|one| one.is_error())
    }

    /// A number for all that its callers may get to know: equal as long as that is the same.
    pub(super) fn fingerprint(&self) -> u64 {
        *self.fingerprint.get_or_init(|| {
            let flow = &self.body.flow;
            hash_of(&format!("{flow:?}{:?}{:?}{:?}", self.constants, self.options, self.diagnostics))
        })
    }

    /// Says which functions are beside it.
    pub(super) fn place_beside(&self, beside: &Arc<Beside>) {
        *lock(&self.beside) = beside.clone();
    }

    fn beside(&self) -> Arc<Beside> {
        lock(&self.beside).clone()
    }

    fn entered<'a>(&self, beside: &'a Beside) -> Entered<'a> {
        Entered { beside, options: self.options }
    }

    /// What calls of it know it by.
    pub(super) const fn key(&self) -> FunctionKey {
        self.key
    }

    /// What a call of it needs; what is wrong with it, if it cannot be compiled.
    pub(super) fn callable(&self) -> Result<Known, Vec<Diagnostic>> {
        // The interpreter does the call, and the function says itself what is wrong with it.
        if self.refused {
            Err(Vec::new())
        } else {
            let hidden = self.hidden_types().collect();
            // A plain function has none of its own.
            let options = (!self.plain).then_some(self.options);
            let defaults = self.constants.clone();
            Ok(Known { body: self.body.clone(), defaults, hidden, options, in_place: true })
        }
    }

    /// What the names outside of it mean, as far as it reads them.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// The text that its places are in.
    #[must_use]
    pub fn file(&self) -> &SourceFile {
        self.piece.file()
    }

    /// The names of the parameters, positional ones first, keyword-only ones last, `*args` behind them, each with its
    /// place and whether nothing can be written behind it: it is annotated, or stands for many.
    pub fn parameters(&self) -> impl ExactSizeIterator<Item = (&str, Span, bool)> {
        let all = self.body.flow.parameters.iter();
        all.map(|one| (one.name.as_str(), one.span, one.variadic || !matches!(one.annotation, Annotation::Missing)))
    }

    /// True if a name is a local of the function.
    #[must_use]
    pub fn is_local(&self, name: &str) -> bool {
        self.body.flow.variables.iter().any(|one| one.in_frame && one.name == name)
    }

    /// The places where a name is bound to a tagged value.
    #[must_use]
    pub fn tagged(&self, typed: &Typed) -> Vec<Span> {
        let tagged =
            typed.bindings.iter().filter(|one| one.types.is_tagged() && self.file().slice(one.span) == one.name);
        tagged.map(|one| one.span).collect()
    }

    /// Its own lines, from the first decorator with its indentation to the end of the last statement.
    #[must_use]
    pub fn text(&self) -> &str {
        let text = self.file().text();
        let first = text[..self.span.start as usize].rfind('\n').map_or(0, |at| at + 1);
        text.get(first..self.span.end as usize).unwrap_or_default()
    }

    /// The signature that annotations and default values give, `int` where nothing tells.
    #[must_use]
    pub const fn annotated(&self) -> &Signature {
        &self.annotated
    }

    /// The signatures that it may be shown for, the likeliest first: what annotations and default values say, and what calls pass.
    #[must_use]
    pub fn candidates<'a>(&self, calls: impl Iterator<Item = &'a CallSite>) -> Vec<Candidate> {
        let told = Candidate { signature: self.annotated.clone(), origins: self.origins.clone() };
        // A call tells more than nothing.
        let is_told = !self.origins.contains(&Origin::Assumed);
        let mut all = if is_told { vec![told.clone()] } else { Vec::new() };
        for call in calls {
            if let Some(candidate) = self.called(call)
                && !all.iter().any(|known| known.signature == candidate.signature)
            {
                all.push(candidate);
            }
        }
        if all.is_empty() {
            all.push(told);
        }
        all
    }

    /// The signature of one call; `None` if the arguments do not fit the parameters.
    #[must_use]
    pub fn called(&self, call: &CallSite) -> Option<Candidate> {
        let mut params = self.annotated.params.clone();
        let mut origins = self.origins.clone();
        let many = self.body.flow.parameters.iter().position(|parameter| parameter.variadic);
        let (args, rest) = call.args.split_at(call.args.len().min(self.positional));
        match many {
            None if !rest.is_empty() => return None,
            Some(at) => {
                let types = rest.iter().map(|one| one.map(TypeSet::of)).collect::<Option<Vec<_>>>();
                if let Some(shape) = types.and_then(|types| Shape::new(&types)) {
                    (params[at], origins[at]) = (Type::Tuple(shape), Origin::Call);
                }
            }
            None => {}
        }
        let named = call.keywords.iter().map(|(name, one)| {
            let is_it = |one: &Parameter| !one.variadic && one.name == *name;
            Some((self.body.flow.parameters.iter().position(is_it)?, *one))
        });
        let named = named.collect::<Option<Vec<_>>>()?;
        let given = args.iter().copied().enumerate().chain(named).collect::<Vec<_>>();
        for at in 0..params.len() {
            match given.iter().find(|(to, _)| *to == at) {
                Some((_, Some(one))) => (params[at], origins[at]) = (*one, Origin::Call),
                Some((_, None)) => {}
                None => {
                    if let Some(one) = self.defaults.get(at).copied().flatten() {
                        (params[at], origins[at]) = (one, Origin::Default);
                    }
                }
            }
        }
        Some(Candidate { signature: Signature { params }, origins })
    }

    /// Reads a signature as users write it: `int, float64[:]`, with or without brackets round it and a result behind them.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn signature(&self, text: &str) -> Result<Signature, String> {
        let text = text.split("->").next().unwrap_or(text);
        let text = text.split_once("): ").map_or(text, |(params, _)| params).trim();
        let text = text.strip_prefix('(').map_or(text, |rest| rest.strip_suffix(')').unwrap_or(rest));
        let parts = crate::types::split_types(text);
        let types = parts
            .iter()
            .map(|part| Type::from_python(part).ok_or_else(|| format!("`{part}` is no type of compiled code")));
        let params = types.collect::<Result<Vec<_>, _>>()?;
        if params.len() != self.body.flow.parameters.len() {
            let (wanted, got) = (self.body.flow.parameters.len(), params.len());
            return Err(format!("`{}` takes {wanted} arguments, the signature has {got}", self.name));
        }
        Ok(Signature { params })
    }

    /// The types for a signature that has a type for each parameter.
    #[must_use]
    pub fn typed(&self, signature: &Signature) -> Arc<Typed> {
        if let Some(known) = lock(&self.typed).get(signature) {
            return known.clone();
        }
        let made = syntax::with_stack(|| {
            let beside = self.beside();
            let start = self.start(signature);
            let entered = self.entered(&beside);
            let program = Program::new(&entered, Some(self.key()), self.body.clone(), start);
            let inferred = program.inferred(0);
            let (bindings, result, findings) = inferred.report(&self.body.flow);
            let refused_calls = chain::refused_calls(&program, &beside.foreign);
            let inner = Inner::all(&program, &self.body.flow, &self.inner);
            Arc::new(Typed { signature: signature.clone(), result, bindings, findings, refused_calls, inner, inferred })
        });
        keep(&mut lock(&self.typed), signature, made.clone());
        made
    }

    /// What could be faster, for these types; with what the optimiser has said, as far as it was heard.
    #[must_use]
    pub fn hints_for(&self, signature: &Signature) -> Vec<Diagnostic> {
        let known = lock(&self.remarks).get(signature).cloned();
        let own = known.unwrap_or_else(|| {
            let made = Arc::new(self.remarks(&self.typed(signature)));
            keep(&mut lock(&self.remarks), signature, made.clone());
            made
        });
        let Some(heard) = lock(&self.heard).get(signature).cloned() else { return own.to_vec() };
        let about = |code: Code, place: Span| heard.iter().any(|one| one.code == code && loop_of(one) == place);
        let is_one_by_one = |one: &&Diagnostic| one.code == Code::NotVectorised;
        // What LLVM did is more than what was to be expected, and what is known from the source is better said than LLVM's reason.
        let is_true = |one: &&Diagnostic| {
            !is_one_by_one(one) || !about(Code::Vectorised, loop_of(one)) && !about(Code::Formula, loop_of(one))
        };
        let mut all = own.iter().filter(is_true).cloned().collect::<Vec<_>>();
        let is_news = |one: &&Diagnostic| {
            !is_one_by_one(one) || !own.iter().any(|own| own.code == one.code && loop_of(own) == loop_of(one))
        };
        all.extend(heard.iter().filter(is_news).cloned());
        all.sort_by_key(|one| (one.span(), one.code));
        all
    }

    /// True if the optimiser has been heard about these types.
    #[must_use]
    pub fn has_heard(&self, signature: &Signature) -> bool {
        lock(&self.heard).contains_key(signature)
    }

    /// Takes over what the optimiser says; `None` if it says nothing, and is not to be asked again.
    ///
    /// # Errors
    /// If that is no answer.
    pub fn hear(&self, signature: &Signature, answer: Option<(&Asked, &[u8])>) -> Result<(), String> {
        let said = match answer {
            Some((asked, answer)) => self.optimised(asked, answer)?,
            None => Vec::new(),
        };
        keep(&mut lock(&self.heard), signature, Arc::new(said));
        Ok(())
    }

    /// The types of the hidden arguments, as far as the file tells, else ints.
    fn hidden_types(&self) -> impl Iterator<Item = Type> {
        self.body.flow.hidden.iter().map(|hidden| hidden.told.unwrap_or(Type::Int))
    }

    /// A call with these types of arguments; hidden ones are what the file tells, else ints.
    fn start(&self, signature: &Signature) -> Start {
        let hidden = self.hidden_types();
        Start::call(&self.body.flow, &Signature { params: signature.params.iter().copied().chain(hidden).collect() })
    }

    /// The verified IR for a signature, and behind it that of the functions that are called.
    ///
    /// # Errors
    /// Why there is none.
    pub fn unit(&self, signature: &Signature) -> Result<ir::Unit, Vec<Diagnostic>> {
        if self.refused {
            return Err(self.diagnostics.iter().filter(|one| one.is_error()).cloned().collect());
        }
        let broken = |problem: &str| {
            let message = format!("the compiler made IR that does not hold: {problem}");
            Diagnostic::new(Code::Backend, message, self.name_span, "in this function")
        };
        let beside = self.beside();
        syntax::with_stack(|| {
            unit_of(&self.body, Some(self.key()), &self.start(signature), &self.entered(&beside), &broken)
        })
        .map(|compiled| compiled.unit)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps something for a signature, and not too many.
fn keep<T>(kept: &mut HashMap<Signature, T>, signature: &Signature, made: T) {
    if kept.len() >= MOST_KEPT {
        kept.clear();
    }
    kept.insert(signature.clone(), made);
}
