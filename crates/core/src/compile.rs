//! The drivers: the corridor from text to machine code, step by step.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use crate::backend::{Backend, Options, Output, Request};
use crate::check::bind::bind;
use crate::check::flow::{Annotation, Flow, Start, VarId};
use crate::check::half;
pub use crate::check::infer::Binding;
use crate::check::program::{Body, Instance, Program, Refused, is_given};
pub use crate::check::program::{Callees, Handed, Known, Nobody};
use crate::check::specialise::{Calling, specialise};
use crate::diagnostic::{Code, Diagnostic};
use crate::inline::{inline, writes_last};
use crate::ir;
use crate::outside::{Env, FunctionKey};
use crate::query::Snapshot;
use crate::runtime;
use crate::source::{SourceFile, Span};
use crate::syntax;
use crate::types::{FunctionType, FunctionValue, Signature, Type, TypeSet};

/// All that is known about a file without running or compiling it.
#[derive(Debug)]
pub struct Analysis {
    /// The brrr functions.
    pub functions: Vec<FunctionAnalysis>,
    /// Everything there is to say, in the order of the source.
    pub diagnostics: Vec<Diagnostic>,
}

/// What is known about one function, for its annotations (`int` where there is none).
#[derive(Debug)]
pub struct FunctionAnalysis {
    /// Its name.
    pub name: String,
    /// From the first decorator to the last statement.
    pub span: Span,
    /// The signature assumed.
    pub signature: Signature,
    /// What it returns.
    pub result: TypeSet,
    /// The types of names where they are bound, and of returned values, in the order of the source.
    pub bindings: Vec<Binding>,
}

/// Checks a file: the door of the command line; [`Snapshot`] is the editor's.
#[must_use]
pub fn analyze(file: &SourceFile) -> Analysis {
    let snapshot = Snapshot::new(None, file.clone(), &[]);
    let functions = snapshot.functions().map(|located| {
        let signature = located.function.annotated().clone();
        let typed = located.function.typed(&signature);
        let bindings = typed.bindings.iter().map(|one| Binding { span: located.place(one.span), ..one.clone() });
        FunctionAnalysis {
            name: located.function.name().to_owned(),
            span: located.span(),
            signature,
            result: typed.result,
            bindings: bindings.collect(),
        }
    });
    Analysis { functions: functions.collect(), diagnostics: snapshot.diagnostics().to_vec() }
}

/// The IR of a function and of those that it calls.
#[derive(Debug)]
pub struct Compiled {
    /// The functions, verified.
    pub unit: ir::Unit,
    /// Which function each of them is, but for functions within functions, which stand behind all others; `None` for the first one if it
    /// begins at a loop.
    pub members: Vec<Option<FunctionKey>>,
    /// The functions that they know by name as values.
    pub known: BTreeSet<FunctionType>,
    /// What the first one takes behind its own hidden arguments: hidden arguments of these functions, which are among the members.
    pub handed: Vec<Handed>,
}

/// What is said about a call whose callee cannot be compiled.
fn refusal(refused: &Refused) -> Diagnostic {
    let name = &refused.callee.name;
    match refused.reasons.iter().find(|reason| reason.is_error()).or_else(|| refused.reasons.first()) {
        Some(reason) => Diagnostic::of_call(name, refused.call, reason.clone()),
        None => {
            let message = format!("the call of `{name}` cannot be compiled");
            Diagnostic::new(Code::Call, message, refused.call, "not supported")
                .help("write the computation in place of the call")
        }
    }
}

/// Settles what depends on who calls whom: whether a function may call itself, and whether it, or what it calls, has effects.
fn settle(functions: &mut [ir::Function]) {
    let calls = functions.iter().map(called_by).collect::<Vec<_>>();
    let reached = |from: usize| {
        let mut reached = BTreeSet::new();
        let mut waiting = calls[from].clone();
        while let Some(next) = waiting.pop() {
            if reached.insert(next) {
                waiting.extend(&calls[next]);
            }
        }
        reached
    };
    let reached = (0..functions.len()).map(reached).collect::<Vec<_>>();
    let effects = functions.iter().map(|function| function.effects).collect::<Vec<_>>();
    for (at, function) in functions.iter_mut().enumerate() {
        function.effects |= reached[at].iter().any(|&other| effects[other]);
        if let Some(called) = &mut function.called {
            called.is_recursive = reached[at].contains(&at);
        }
    }
}

/// The functions of the unit that a function calls.
fn called_by(function: &ir::Function) -> Vec<usize> {
    let statements = function.blocks.iter().flat_map(|block| &block.statements);
    let callee = |statement: &ir::Statement| match &statement.value {
        ir::Value::Call(call) => Some(call.callee as usize),
        ir::Value::Convert(_) | ir::Value::Op { .. } | ir::Value::Create(_) | ir::Value::Given(_) => None,
    };
    statements.filter_map(callee).collect()
}

/// The verified IR of what begins at a start, and of all functions that are called from there. `broken` says that the IR does not hold.
///
/// # Errors
/// Why it, or a function that is called, cannot be compiled.
pub(crate) fn unit_of(
    body: &Arc<Body>,
    key: Option<FunctionKey>,
    start: &Start,
    callees: &dyn Callees,
    broken: &dyn Fn(&str) -> Diagnostic,
) -> Result<Compiled, Vec<Diagnostic>> {
    let (mut apart, mut barred) = (BTreeSet::new(), BTreeSet::new());
    loop {
        let program = Program::new(callees, key, body.clone(), start.clone()).without(apart.clone());
        let program = program.barring(barred.clone());
        let made = match unit_of_program(&program, broken)? {
            Made::Unit(made) => made,
            Made::Effects(keys) => {
                barred.extend(keys);
                continue;
            }
        };
        // What is read for functions that are not among the members after all nobody could look after.
        let of = made.handed.iter().map(|one| one.of).filter(|&one| !made.members.contains(&Some(one)));
        let before = apart.len();
        apart.extend(of);
        if apart.len() == before {
            return Ok(made);
        }
    }
}

/// What comes of a program.
enum Made {
    /// Its unit.
    Unit(Compiled),
    /// These functions have effects, and would have to be done again from their starts.
    Effects(Vec<FunctionKey>),
}

/// Puts the functions within functions behind the others: at run time nobody asks for them.
fn put_last(functions: Vec<ir::Function>, is_local: &[bool]) -> Vec<ir::Function> {
    let mut order = (0..functions.len()).collect::<Vec<_>>();
    order.sort_by_key(|&at| is_local[at]);
    let mut place = vec![0; order.len()];
    order.iter().enumerate().for_each(|(now, &before)| place[before] = now as u32);
    let mut functions = functions.into_iter().map(Some).collect::<Vec<_>>();
    let ordered = order.into_iter().filter_map(|at| functions[at].take());
    let ordered = ordered.map(|mut function| {
        for statement in function.blocks.iter_mut().flat_map(|block| &mut block.statements) {
            if let ir::Value::Call(call) = &mut statement.value {
                call.callee = place[call.callee as usize];
            }
        }
        function
    });
    ordered.collect()
}

fn unit_of_program(program: &Program<'_>, broken: &dyn Fn(&str) -> Diagnostic) -> Result<Made, Vec<Diagnostic>> {
    let mut members = vec![0];
    let mut functions = Vec::new();
    while let Some(&at) = members.get(functions.len()) {
        let inferred = program.inferred(at);
        let instance = program.instance(at);
        let flow = &instance.body.flow;
        if instance.start.has_arrays() || flow.makes_arrays() || half::may_occur(flow) {
            let (_, _, diagnostics) = inferred.report(flow);
            let errors = diagnostics.into_iter().filter(Diagnostic::is_error).collect::<Vec<_>>();
            if !errors.is_empty() {
                return Err(errors);
            }
        }
        program.close(at);
        let gives = Some(instance.gives()).filter(|&gives| instance.is_called() && is_given(gives));
        let hidden = (instance.hidden(), program.handed(at));
        let calling =
            Calling { calls: program.calls(at), members: &mut members, hidden, gives, options: instance.options };
        let (liveness, start) = (&instance.body.liveness, &instance.start);
        functions.push(specialise(flow, liveness, &inferred, start, Some(calling)));
    }
    let refused = program.refused();
    if !refused.is_empty() {
        return Err(refused.iter().map(refusal).collect());
    }
    settle(&mut functions);
    for (function, &at) in functions.iter_mut().zip(&members) {
        if let Some(called) = &mut function.called {
            called.restarts = program.instance(at).restarts();
        }
    }
    let within = stand_within(&members.iter().map(|&at| program.instance(at)).collect::<Vec<_>>());
    functions.iter_mut().zip(within).for_each(|(function, within)| function.within = within);
    let mut with_effects = Vec::new();
    for (function, &at) in functions.iter().zip(&members) {
        if restarts(function) && function.effects && !can_start_again(function, &functions) {
            with_effects.extend(program.instance(at).key);
        }
    }
    if !with_effects.is_empty() {
        return Ok(Made::Effects(with_effects));
    }
    let is_local = members.iter().map(|&at| program.instance(at).body.flow.owner.is_some()).collect::<Vec<_>>();
    let mut unit = ir::Unit { functions: put_last(functions, &is_local) };
    members.sort_by_key(|&at| program.instance(at).body.flow.owner.is_some());
    let options = members.iter().map(|&at| program.instance(at).options).collect::<Vec<_>>();
    let in_place = members.iter().map(|&at| program.instance(at).in_place).collect::<Vec<_>>();
    inline(&mut unit, &options, &in_place);
    #[cfg(feature = "faults")]
    unit.functions.iter_mut().for_each(crate::faults::plant_from_env);
    match ir::verify::verify_unit(&unit) {
        Ok(()) => {
            let instances = members.iter().map(|&at| program.instance(at)).collect::<Vec<_>>();
            let known = instances.iter().flat_map(|one| one.body.flow.functions()).collect::<BTreeSet<_>>();
            let members = instances.iter().filter(|one| one.body.flow.owner.is_none()).map(|one| one.key).collect();
            Ok(Made::Unit(Compiled { unit, members, known, handed: program.handed(0) }))
        }
        Err(problem) => Err(vec![broken(&problem)]),
    }
}

/// Which of some instances stand within the first one, at whatever depth.
fn stand_within(instances: &[Rc<Instance>]) -> Vec<bool> {
    let first = instances.first().and_then(|first| first.body.flow.cells_key);
    let around = |key: FunctionKey| {
        let found = instances.iter().find(|one| one.body.flow.cells_key == Some(key));
        found.and_then(|one| one.body.flow.owner)
    };
    let is_within = |one: &Rc<Instance>| {
        let mut owners = std::iter::successors(one.body.flow.owner, |&key| around(key)).take(instances.len());
        first.is_some_and(|first| owners.any(|owner| owner == first))
    };
    instances.iter().map(is_within).collect()
}

fn restarts(function: &ir::Function) -> bool {
    function.called.as_ref().is_some_and(|called| called.restarts)
}

/// True for a function that leaves before it has had an effect, if at all, and so has what it calls: only what does the same is called.
fn can_start_again(function: &ir::Function, members: &[ir::Function]) -> bool {
    let callee = |at: u32| members.get(at as usize).filter(|one| one.effects);
    let calls = function.blocks.iter().flat_map(|block| &block.statements).filter_map(|one| match &one.value {
        ir::Value::Call(call) => callee(call.callee),
        ir::Value::Convert(_) | ir::Value::Op { .. } | ir::Value::Create(_) | ir::Value::Given(_) => None,
    });
    calls.into_iter().all(restarts) && writes_last(function, &|at| callee(at).is_some())
}

/// What could be faster in the functions of a file, for the types of their annotations: diagnostics of severity `hint`, in the order
/// of the source.
#[must_use]
pub fn hints(file: &SourceFile) -> Vec<Diagnostic> {
    Snapshot::new(None, file.clone(), &[]).hints()
}

/// A function that was parsed and bound: what decoration does. Types come with a signature.
#[derive(Debug)]
pub struct Prepared {
    source: SourceFile,
    name_span: Span,
    lines: Span,
    in_class: bool,
    probes: bool,
    body: Arc<Body>,
}

impl Prepared {
    /// Binds the names of a function and refuses what cannot be compiled. With `probes`, its code asks at every entry point
    /// whether it leaves there: for tests. Run it within [`syntax::with_stack`].
    ///
    /// # Errors
    /// Every reason why it cannot be compiled, whatever its signature.
    pub fn new(
        source: SourceFile,
        function: syntax::Function,
        env: &Env,
        probes: bool,
    ) -> Result<Self, (SourceFile, Vec<Diagnostic>)> {
        let (flow, diagnostics) = bind(&function, env, &source, probes);
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err((source, diagnostics));
        }
        Ok(Self::bound(source, &function, flow, probes))
    }

    /// The same function where names outside of it mean something else. Run it within [`syntax::with_stack`].
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn again(&self, env: &Env) -> Result<Self, Vec<Diagnostic>> {
        let broken = || vec![self.broken("the compiler cannot read again what it has read", "no function")];
        let function = syntax::read_again(&self.source, self.in_class).ok_or_else(broken)?;
        Self::new(self.source.clone(), function, env, self.probes).map_err(|(_, diagnostics)| diagnostics)
    }

    /// The names outside the function whose meaning is taken as given, as paths.
    #[must_use]
    pub fn guards(&self) -> &[String] {
        let guards = &self.body.flow.guards;
        #[cfg(feature = "faults")]
        let guards = crate::faults::guards(guards);
        guards
    }

    /// True if there are functions within it.
    #[must_use]
    pub fn makes_functions(&self) -> bool {
        !self.body.flow.inner.is_empty()
    }

    fn bound(source: SourceFile, function: &syntax::Function, flow: Flow, probes: bool) -> Self {
        let before = &source.text()[..function.span.start as usize];
        let first = before.rfind('\n').map_or(0, |at| at as u32 + 1);
        let lines = Span::new(first, function.span.end);
        Self {
            source,
            name_span: function.name_span,
            lines,
            in_class: function.in_class,
            probes,
            body: Arc::new(Body::new(flow)),
        }
    }

    /// The function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.body.flow.name
    }

    /// The place of the function's name.
    #[must_use]
    pub const fn name_span(&self) -> Span {
        self.name_span
    }

    /// The function's own lines, from the first decorator with its indentation to the end of the last statement.
    #[must_use]
    pub fn text(&self) -> &str {
        self.source.slice(self.lines)
    }

    /// The number of the first of these lines in the file.
    #[must_use]
    pub fn first_line(&self) -> u32 {
        self.source.line(self.lines.start)
    }

    /// The source it was read from.
    #[must_use]
    pub const fn source(&self) -> &SourceFile {
        &self.source
    }

    /// The names of the parameters in the order of a signature: positional ones first, then keyword-only ones, `*args` last.
    pub fn parameters(&self) -> impl ExactSizeIterator<Item = &str> {
        self.body.flow.parameters.iter().map(|parameter| parameter.name.as_str())
    }

    /// How many parameters can be given by position.
    #[must_use]
    pub fn positional(&self) -> usize {
        self.body.flow.positional
    }

    /// The place of a parameter's name.
    #[must_use]
    pub fn parameter_span(&self, at: usize) -> Span {
        self.body.flow.parameters.get(at).map(|parameter| parameter.span).unwrap_or_default()
    }

    /// The values from outside that come as arguments behind the parameters, as paths: a signature has their types, too.
    pub fn hidden(&self) -> impl ExactSizeIterator<Item = &str> {
        self.body.flow.hidden.iter().map(|hidden| hidden.path.as_str())
    }

    /// The signature that the annotations give; of hidden arguments, what [`Env`] tells, else `int`.
    ///
    /// # Errors
    /// The diagnostic for the first parameter that has none, or one that is no type of compiled code.
    pub fn annotated(&self) -> Result<Signature, Diagnostic> {
        let params = self.body.flow.parameters.iter().map(|parameter| match parameter.annotation {
            _ if parameter.variadic => {
                let message = format!("parameter `*{}` takes any number of arguments", parameter.name);
                let diagnostic =
                    Diagnostic::new(Code::ArgumentType, message, parameter.span, "how many, of which types?");
                Err(diagnostic
                    .help("name the types; those of `*args` as one tuple: `f.compile(\"int, tuple[int, int]\")`"))
            }
            Annotation::Type(one) => Ok(one),
            Annotation::Missing => {
                let message = format!("parameter `{}` has no annotation to compile for", parameter.name);
                let diagnostic = Diagnostic::new(Code::ArgumentType, message, parameter.span, "of which type?");
                Err(diagnostic.help("annotate it with `int`, `float`, `bool` or `None`, or name the types"))
            }
            Annotation::Other(span) => {
                let message = format!("the annotation of parameter `{}` is no type of compiled code", parameter.name);
                let diagnostic = Diagnostic::new(Code::ArgumentType, message, span, "not supported");
                Err(diagnostic.help("annotate it with `int`, `float`, `bool` or `None`, or name the types"))
            }
        });
        let hidden = self.body.flow.hidden.iter().map(|hidden| Ok(hidden.told.unwrap_or(Type::Int)));
        Ok(Signature { params: params.chain(hidden).collect::<Result<_, _>>()? })
    }

    /// The verified IR for a signature: one type a parameter, in the order of [`Self::parameters`], then one for each of
    /// [`Self::hidden`].
    ///
    /// # Errors
    /// A diagnostic with code `Backend` if the compiler broke one of its own rules.
    pub fn typed(&self, signature: &Signature) -> Result<ir::Function, Vec<Diagnostic>> {
        self.specialised(&Start::call(&self.body.flow, signature))
    }

    /// The verified IR for a signature, with that of all functions that are called. `key` is that of this function, by which it and
    /// others may call it.
    ///
    /// # Errors
    /// Why it, or a function that it calls, cannot be compiled.
    pub fn unit(
        &self,
        key: FunctionKey,
        signature: &Signature,
        callees: &dyn Callees,
    ) -> Result<Compiled, Vec<Diagnostic>> {
        self.unit_from(Some(key), &Start::call(&self.body.flow, signature), callees)
    }

    /// What the function does, for others that call it.
    #[must_use]
    pub fn body(&self) -> Arc<Body> {
        self.body.clone()
    }

    /// The names that are live at the header of the loop whose statement has this ordinal: those of the source, and the state of
    /// iterators. `None` if there is no such loop.
    #[must_use]
    pub fn header_names(&self, statement: u32) -> Option<Vec<&str>> {
        let header = self.body.flow.loops[self.body.flow.loop_of(statement)?.0 as usize].header;
        let live = self.body.liveness.start(header).map(|variable| &self.body.flow.variables[variable.0 as usize]);
        Some(live.filter(|variable| variable.in_frame).map(|variable| variable.name.as_str()).collect())
    }

    /// The functions that it makes while it runs.
    pub fn made_functions(&self) -> impl Iterator<Item = FunctionType> {
        let inner = self.body.flow.inner.iter().map(|inner| inner.function.clone());
        inner.map(|one| FunctionType::new(FunctionValue::Local(one)))
    }

    /// The verified IR of the rest of the function from the header of a loop on; the parameters are `bound`, the names that are bound
    /// there, and behind them `hidden`, the types of [`Self::hidden`]. `None` if there is no such loop, or no such name.
    ///
    /// # Errors
    /// As [`Self::unit`].
    pub fn unit_at(
        &self,
        statement: u32,
        bound: &[(&str, Type)],
        hidden: &[Type],
        callees: &dyn Callees,
    ) -> Option<Result<Compiled, Vec<Diagnostic>>> {
        let flow = &self.body.flow;
        let header = flow.loop_of(statement)?;
        let variable = |name: &str| flow.variables.iter().position(|one| one.in_frame && one.name == name);
        let parameters = bound.iter().map(|&(name, one)| Some((VarId(variable(name)? as u32), one)));
        let hidden = flow.hidden.iter().zip(hidden).map(|(known, &one)| Some((known.variable, one)));
        let parameters = parameters.chain(hidden).collect::<Option<Vec<_>>>()?;
        let block = flow.loops[header.0 as usize].header;
        Some(self.unit_from(None, &Start { block, header: Some(header), parameters }, callees))
    }

    fn specialised(&self, start: &Start) -> Result<ir::Function, Vec<Diagnostic>> {
        let unit = self.unit_from(None, start, &Nobody)?.unit;
        let mut functions = unit.functions.into_iter();
        functions.next().ok_or_else(|| vec![self.broken("the compiler made no IR", "no function")])
    }

    fn unit_from(
        &self,
        key: Option<FunctionKey>,
        start: &Start,
        callees: &dyn Callees,
    ) -> Result<Compiled, Vec<Diagnostic>> {
        let broken = |problem: &str| self.broken("the compiler made IR that does not hold", problem);
        unit_of(&self.body, key, start, callees, &broken)
    }

    /// The source with the types of its names beside each line, for people. `key` is that by which the function may call itself.
    #[must_use]
    pub fn types_text(&self, key: FunctionKey, signature: &Signature, callees: &dyn Callees) -> String {
        let flow = &self.body.flow;
        let program = Program::new(callees, Some(key), self.body.clone(), Start::call(flow, signature));
        let (bindings, result, _) = program.inferred(0).report(flow);
        let params = flow.parameters.iter().zip(&signature.params);
        let params =
            params.map(|(parameter, one)| format!("{}: {}", parameter.name, one.machine())).collect::<Vec<_>>();
        let mut text = format!("{}({}) -> {}\n", self.body.flow.name, params.join(", "), result.machine());
        let first = self.source.line(self.source.text().find("def ").unwrap_or(0) as u32);
        let last = self.source.line(self.source.text().trim_end().len() as u32);
        let lines = (first..=last).filter_map(|line| Some((line, self.source.line_text(line)?))).collect::<Vec<_>>();
        let width = lines.iter().map(|(_, line)| line.chars().count()).max().unwrap_or(0).min(72);
        let mut notes = HashMap::<u32, Vec<String>>::new();
        for binding in &bindings {
            let note = format!("{}: {}", binding.name, binding.types.machine());
            let of_line = notes.entry(self.source.line(binding.span.start)).or_default();
            if !of_line.contains(&note) {
                of_line.push(note);
            }
        }
        for (line, source) in lines {
            let notes = notes.get(&line).map(Vec::as_slice).unwrap_or_default();
            let noted = format!("{line:4} | {source:width$}  # {}", notes.join(", "));
            let plain = format!("{line:4} | {source}");
            text.push_str(if notes.is_empty() { &plain } else { &noted });
            text.push('\n');
        }
        text
    }

    /// Machine code, or its text, for IR of this function.
    ///
    /// # Errors
    /// A diagnostic with code `Backend` that holds what LLVM says.
    pub fn code(
        &self,
        backend: &Backend,
        unit: ir::Unit,
        options: Options,
        output: Output,
    ) -> Result<Vec<u8>, Diagnostic> {
        let request = Request::new(unit, options, output).with_vectors(runtime::vectors).encode();
        let made = request.and_then(|request| backend.run_encoded(&request));
        made.map_err(|problem| self.not_made(&problem))
    }

    /// What is said when LLVM could not make code for IR of this function.
    #[must_use]
    pub fn not_made(&self, problem: &str) -> Diagnostic {
        self.broken("the compiler could not make machine code", problem)
    }

    fn broken(&self, message: &str, problem: &str) -> Diagnostic {
        let start = self.source.text().find("def ").unwrap_or(0) as u32;
        let place = Span::new(start, start + "def".len() as u32);
        Diagnostic::new(Code::Backend, format!("{message}: {problem}"), place, "in this function").help(
            "this is a defect of brrr: please report it with the function; `@brrr(fallback=True)` runs it meanwhile",
        )
    }
}
