//! Functions that call functions: which are called with which types, and what they give.
//!
//! Enters: a function with a start, and [`Callees`], which knows the functions that names stand for. Leaves: an instance for each
//! function and the types it is called with, each with the types that a call of it gives: the least that agree with each other,
//! so that functions may call themselves, and each other, without annotations.

mod arguments;
mod inner;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use self::arguments::{passed, slots};
use super::flow::{Call, EntryId, Flow, Hidden, Start, Target, VarId};
use super::function;
use super::infer::{Inferred, infer};
use super::live::Liveness;
use super::origins::Origins;
use crate::diagnostic::Diagnostic;
use crate::ir::{Operand, Options, Origin, Tree};
use crate::outside::{self, Callee, FunctionKey};
use crate::source::Span;
use crate::types::{FunctionType, Signature, Type, TypeSet};

/// A function whose names are bound, with what is known of its variables.
#[derive(Debug)]
pub struct Body {
    /// Its flow graph.
    pub flow: Flow,
    /// The liveness of its variables.
    pub liveness: Liveness,
}

impl Body {
    /// Looks at the variables of a flow graph.
    #[must_use]
    pub fn new(flow: Flow) -> Self {
        Self { liveness: Liveness::of(&flow), flow }
    }
}

/// A function that calls can be compiled for.
#[derive(Clone, Debug)]
pub struct Known {
    /// What it does.
    pub body: Arc<Body>,
    /// The default of each parameter, as far as there is one that is a constant.
    pub defaults: Vec<Option<outside::Constant>>,
    /// The types that its hidden arguments have now.
    pub hidden: Vec<Type>,
    /// What its decorator wants; `None` if it wants what its caller does.
    pub options: Option<Options>,
    /// Small functions may be done in place of their calls within its loops.
    pub in_place: bool,
}

/// A hidden argument of a function that is called, by way of others too: a function hands it down to those that it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handed {
    /// The function that reads it.
    pub of: FunctionKey,
    /// Which of its hidden arguments it is.
    pub index: usize,
    /// Its type.
    pub one: Type,
}

/// Whoever knows the functions behind [`Callee`]s.
pub trait Callees {
    /// The function as it is now.
    ///
    /// # Errors
    /// Why it cannot be compiled; nothing if the interpreter is to do the call.
    fn known(&self, callee: &Callee) -> Result<Known, Vec<Diagnostic>>;

    /// Whether small functions may be done in place of their calls within loops of the function that is entered.
    fn in_place(&self) -> bool {
        true
    }

    /// What the function that is entered wants.
    fn options(&self) -> Options {
        Options::default()
    }
}

/// Knows no functions.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Callees for Nobody {
    fn known(&self, _: &Callee) -> Result<Known, Vec<Diagnostic>> {
        Err(Vec::new())
    }
}

/// Instances of functions in one program: what would have more stays with the interpreter.
const MOST_INSTANCES: usize = 128;

/// A function with the types it is called with.
#[derive(Debug)]
pub struct Instance {
    /// Which function; `None` for one that nobody can call.
    pub key: Option<FunctionKey>,
    /// What it does.
    pub body: Arc<Body>,
    /// Where it begins, with which types.
    pub start: Start,
    /// What it wants of its code.
    pub options: Options,
    /// Small functions may be done in place of their calls within its loops.
    pub in_place: bool,
    /// What a call of it gives.
    gives: Cell<TypeSet>,
    /// The parameters whose very object it may give back.
    returned: RefCell<Vec<Origin>>,
    /// The call for which it was made: the instance that calls, and the place.
    called_at: Cell<Option<(usize, Span)>>,
    /// The instances that call it.
    callers: RefCell<BTreeSet<usize>>,
    /// It was found that nobody calls it, and it has been made so.
    is_closed: Cell<bool>,
    /// What others hand to it, beside its own hidden arguments: known once it, or a call of it, is made.
    handed: OnceCell<Vec<Handed>>,
}

impl Instance {
    /// What a call of it gives, as far as it is known.
    #[must_use]
    pub const fn gives(&self) -> TypeSet {
        self.gives.get()
    }

    /// The call for which it was made: the instance that calls, and the place in it.
    #[must_use]
    pub const fn called_at(&self) -> Option<(usize, Span)> {
        self.called_at.get()
    }

    /// True if others call it, or it calls itself.
    #[must_use]
    pub fn is_called(&self) -> bool {
        !self.callers.borrow().is_empty()
    }

    /// Its own hidden arguments, if it has a key by which others know them.
    #[must_use]
    pub fn hidden(&self) -> Vec<Handed> {
        let types = |variable: VarId| self.start.parameters.iter().find(|&&(one, _)| one == variable);
        let hidden = self.body.flow.hidden.iter().enumerate();
        let handed = |(index, hidden): (usize, &Hidden)| {
            let one = types(hidden.variable)?.1;
            match (self.body.flow.owner, hidden.cell) {
                (Some(of), Some(cell)) => Some(Handed { of, index: cell.outer.0 as usize, one }),
                _ => Some(Handed { of: self.key?, index, one }),
            }
        };
        hidden.filter_map(handed).collect()
    }

    /// True for a function within a function, and for one that such a function was passed to: where it leaves, its caller does so in front
    /// of the call, for only the function around has the variables that an interpreted function would need.
    #[must_use]
    pub fn restarts(&self) -> bool {
        self.body.flow.owner.is_some() || self.start.parameters.iter().any(|&(_, one)| one.has_local_functions())
    }
}

/// A call that cannot be compiled, for its callee cannot.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The instance that calls.
    pub caller: usize,
    /// The place of the call.
    pub call: Span,
    /// What is called.
    pub callee: Callee,
    /// What is said about the callee.
    pub reasons: Vec<Diagnostic>,
}

/// A call that can be compiled.
#[derive(Clone, Debug)]
pub struct Found {
    /// The instance that is called.
    pub instance: usize,
    /// What the call gives.
    pub gives: TypeSet,
    /// A value for each parameter.
    pub args: Vec<Passed>,
}

/// What a parameter gets.
#[derive(Clone, Debug)]
pub enum Passed {
    /// The operand of the call with this number.
    Operand(usize),
    /// The default.
    Default(Type, Tree<Operand>),
    /// A tuple of operands, for `*args`.
    Rest(Type, Vec<usize>),
    /// The hidden argument with this number, which is the default of a function within a function.
    Hidden(Type, usize),
}

/// All instances that are called from one start on.
pub struct Program<'a> {
    callees: &'a dyn Callees,
    instances: RefCell<Vec<Rc<Instance>>>,
    known: RefCell<Vec<(FunctionKey, Option<Known>)>>,
    refused: RefCell<Vec<Refused>>,
    /// The values that each call may call, by its caller and the entry point behind it.
    called: RefCell<BTreeSet<(usize, EntryId, FunctionType)>>,
    /// Instances whose types have to be inferred, anew or for the first time.
    waiting: RefCell<BTreeSet<usize>>,
    /// Functions whose hidden arguments are handed to nobody.
    apart: BTreeSet<FunctionKey>,
    /// Functions that no function within a function is passed to, and such functions that are not called.
    barred: BTreeSet<FunctionKey>,
    /// The functions within functions, with what their ints do that do not fit; `None` if that is not always the same.
    inner: RefCell<inner::Inners>,
}

impl std::fmt::Debug for Program<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Program").field("instances", &self.instances).finish_non_exhaustive()
    }
}

/// The calls of one instance.
#[derive(Clone, Copy, Debug)]
pub struct Calls<'p> {
    program: &'p Program<'p>,
    caller: usize,
}

impl<'a> Program<'a> {
    /// A program that begins in a function; `key` is that by which it may be called, if it begins at its start.
    #[must_use]
    pub fn new(callees: &'a dyn Callees, key: Option<FunctionKey>, body: Arc<Body>, start: Start) -> Self {
        let program = Self {
            callees,
            instances: RefCell::default(),
            known: RefCell::default(),
            refused: RefCell::default(),
            called: RefCell::default(),
            waiting: RefCell::default(),
            apart: BTreeSet::new(),
            barred: BTreeSet::new(),
            inner: RefCell::default(),
        };
        program.add(key, body, start, (callees.options(), callees.in_place()));
        program
    }

    /// The same where the hidden arguments of these functions are handed to nobody, so that no call of them is compiled if they
    /// have some.
    #[must_use]
    pub fn without(self, apart: BTreeSet<FunctionKey>) -> Self {
        Self { apart, ..self }
    }

    /// The same where no functions within functions are passed to these, and those of them are not called: what has effects cannot be
    /// done again in front of its call.
    #[must_use]
    pub fn barring(self, barred: BTreeSet<FunctionKey>) -> Self {
        Self { barred, ..self }
    }

    fn add(
        &self,
        key: Option<FunctionKey>,
        body: Arc<Body>,
        start: Start,
        (options, in_place): (Options, bool),
    ) -> usize {
        let gives = Cell::new(TypeSet::EMPTY);
        for one in &body.flow.inner {
            let mut known = self.inner.borrow_mut();
            let key = one.function.callee.key;
            let (_, found) = known.entry(key).or_insert_with(|| (one.body.clone(), Some(options)));
            *found = found.filter(|&other| other == options);
        }
        let instance = Instance {
            key,
            body,
            start,
            options,
            in_place,
            gives,
            returned: RefCell::default(),
            called_at: Cell::new(None),
            callers: RefCell::default(),
            is_closed: Cell::new(false),
            handed: OnceCell::new(),
        };
        let mut instances = self.instances.borrow_mut();
        instances.push(Rc::new(instance));
        self.waiting.borrow_mut().insert(instances.len() - 1);
        instances.len() - 1
    }

    /// An instance.
    ///
    /// # Panics
    /// If there is none with this number.
    #[must_use]
    pub fn instance(&self, at: usize) -> Rc<Instance> {
        self.instances.borrow()[at].clone()
    }

    /// The number of instances so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.instances.borrow().len()
    }

    /// The calls that cannot be compiled.
    #[must_use]
    pub fn refused(&self) -> Vec<Refused> {
        self.refused.borrow().clone()
    }

    /// The types of an instance, after those of all that it calls have been settled.
    #[must_use]
    pub fn inferred(&self, at: usize) -> Inferred {
        // The last one that is inferred is mostly the one that is asked for.
        let mut last = None;
        loop {
            let Some(next) = self.waiting.borrow_mut().pop_last() else { break };
            let inferred = self.settle(next);
            last = (next == at && self.waiting.borrow().is_empty()).then_some(inferred);
        }
        last.unwrap_or_else(|| self.infer(at))
    }

    /// Settles what waits; false if nothing does.
    fn settle_all(&self) -> bool {
        let mut any = false;
        loop {
            let Some(next) = self.waiting.borrow_mut().pop_last() else { return any };
            self.settle(next);
            any = true;
        }
    }

    /// What others hand to an instance, beside its own hidden arguments: those of all that it calls, as far as it is known when this
    /// is first asked.
    #[must_use]
    pub fn handed(&self, at: usize) -> Vec<Handed> {
        let find = || {
            let instances = self.instances.borrow();
            let own = instances[at].hidden();
            let all = inner::below(&instances, at).into_iter().flat_map(|one| instances[one].hidden());
            let all = all.filter(|one| !own.contains(one) && !self.apart.contains(&one.of)).collect::<BTreeSet<_>>();
            all.into_iter().collect()
        };
        self.instance(at).handed.get_or_init(find).clone()
    }

    /// Says of an instance that it will be made now; if nobody calls it, nobody will.
    pub fn close(&self, at: usize) {
        let instance = self.instance(at);
        instance.is_closed.set(!instance.is_called());
    }

    fn infer(&self, at: usize) -> Inferred {
        let (instance, calls) = (self.instance(at), self.calls(at));
        let gives = |call: &Call, place: Span, operands: &[Type]| {
            calls.find(call, place, operands).map_or(TypeSet::EMPTY, |found| found.gives)
        };
        infer(&instance.body.flow, &instance.body.liveness, &instance.start, &gives)
    }

    /// The calls of an instance.
    #[must_use]
    pub const fn calls(&self, caller: usize) -> Calls<'_> {
        Calls { program: self, caller }
    }

    /// Infers the types of an instance; where that says more of what it gives, its callers are inferred anew.
    fn settle(&self, at: usize) -> Inferred {
        let instance = self.instance(at);
        let inferred = self.infer(at);
        let flow = &instance.body.flow;
        let gives = instance.gives.get().join(inferred.result(flow));
        let given_back = |call: &Call| self.calls(at).given_back(call);
        let returned = Origins::of(flow, instance.start.parameters.iter().copied(), &given_back).returned(flow);
        if gives != instance.gives.get() || returned != *instance.returned.borrow() {
            instance.gives.set(gives);
            instance.returned.replace(returned);
            self.waiting.borrow_mut().extend(instance.callers.borrow().iter());
        }
        inferred
    }

    fn known(&self, caller: usize, callee: &Callee, call: Span) -> Option<Known> {
        let found = self.known.borrow().iter().find(|(key, _)| *key == callee.key).map(|(_, known)| known.clone());
        if let Some(known) = found {
            return known;
        }
        let known = match self.callees.known(callee) {
            Ok(known) => Some(known),
            // Without a reason the interpreter does the call.
            Err(reasons) if reasons.is_empty() => None,
            Err(reasons) => {
                self.refused.borrow_mut().push(Refused { caller, call, callee: callee.clone(), reasons });
                None
            }
        };
        self.known.borrow_mut().push((callee.key, known.clone()));
        known
    }
}

/// True if compiled code can hold what a call gives.
#[must_use]
pub fn is_given(gives: TypeSet) -> bool {
    let is_held = gives.is_held() || gives.mixed().is_some();
    !gives.is_empty() && is_held && !gives.contains(Type::Low) && !gives.contains(Type::Unbound)
}

impl Calls<'_> {
    /// The instance that a call with operands of these types calls; `None` if it cannot be compiled, or if nothing is known to
    /// come back.
    #[must_use]
    pub fn find(&self, call: &Call, place: Span, operands: &[Type]) -> Option<Found> {
        let program = self.program;
        let operands = self.handed_on(call, operands)?;
        let (callee, operands, known) = match &call.target {
            Target::Known(callee) => (callee, &operands[..], program.known(self.caller, callee, place)?),
            Target::Value(_) => match operands.split_first()? {
                (Type::Function(one), rest) => {
                    program.called.borrow_mut().insert((self.caller, call.after, *one));
                    match one.as_local() {
                        Some(local) => (&local.callee, rest, program.known_local(local)?),
                        None => {
                            let callee = one.as_callee()?;
                            (callee, rest, program.known(self.caller, callee, place)?)
                        }
                    }
                }
                _ => return None,
            },
        };
        if known.hidden.len() != known.body.flow.hidden.len() {
            return None;
        }
        let takes_local = operands.iter().any(|one| one.has_local_functions());
        let is_local = known.body.flow.owner.is_some();
        // Which run of a function around has made a function, nobody could tell where one run is handed those of another.
        if takes_local && known.body.flow.cells_key.is_some()
            || (takes_local || is_local) && program.barred.contains(&callee.key)
        {
            return None;
        }
        let args = passed(&known, call, operands)?;
        let params = args.iter().map(|one| match one {
            Passed::Operand(at) => operands[*at],
            Passed::Default(one, _) | Passed::Rest(one, _) | Passed::Hidden(one, _) => *one,
        });
        let params = params.chain(known.hidden.iter().copied()).collect::<Vec<_>>();
        let options = known.options.unwrap_or_else(|| program.instance(self.caller).options);
        let is_it = |one: &Rc<Instance>| {
            one.key == Some(callee.key)
                && one.options == options
                && !one.is_closed.get()
                && one.start.parameters.iter().map(|&(_, one)| one).eq(params.iter().copied())
        };
        let found = program.instances.borrow().iter().position(is_it);
        let instance = match found {
            Some(found) => found,
            None if program.count() >= MOST_INSTANCES => return None,
            None => {
                let start = Start::call(&known.body.flow, &Signature { params });
                program.add(Some(callee.key), known.body.clone(), start, (options, known.in_place))
            }
        };
        let called = program.instance(instance);
        called.callers.borrow_mut().insert(self.caller);
        called.called_at.set(called.called_at.get().or(Some((self.caller, place))));
        let gives = called.gives.get();
        if called.body.flow.cells_key.is_some_and(|cells| self.has_made(cells, gives)) {
            return None;
        }
        is_given(gives).then_some(Found { instance, gives, args })
    }

    /// The same, once what is called and all that it calls have been settled.
    #[must_use]
    pub fn find_settled(&self, call: &Call, place: Span, operands: &[Type]) -> Option<Found> {
        let found = self.find(call, place, operands);
        if self.program.settle_all() { self.find(call, place, operands) } else { found }
    }

    /// The types of the parameters of an instance.
    #[must_use]
    pub fn params(&self, instance: usize) -> Vec<Type> {
        self.program.instance(instance).start.parameters.iter().map(|&(_, one)| one).collect()
    }

    /// What a call of an instance takes behind its arguments: its own hidden arguments, and what it hands down.
    #[must_use]
    pub fn handed(&self, instance: usize) -> Vec<Handed> {
        let mut all = self.program.instance(instance).hidden();
        all.extend(self.program.handed(instance));
        all
    }

    /// The operands of a call whose very object it may give back: whole, or only what a tuple holds.
    #[must_use]
    pub fn given_back(&self, call: &Call) -> Vec<(usize, bool)> {
        if let Target::Known(callee) = &call.target {
            let mut given_back = self.given_back_by(callee.key, call);
            given_back.extend(self.cells_given_back(call));
            return given_back;
        }
        let called = self.program.called.borrow();
        let values = called.iter().filter(|&&(caller, after, _)| (caller, after) == (self.caller, call.after));
        let given_back = values.flat_map(|&(.., one)| match one.as_callee() {
            Some(callee) => self.given_back_by(callee.key, call),
            None => match one.as_local() {
                Some(local) => self.given_back_by(local.callee.key, call),
                None => function::given_back(one, call).into_iter().map(|at| (at, true)).collect(),
            },
        });
        given_back.chain(self.cells_given_back(call)).collect()
    }

    /// The same for one function that it may call.
    fn given_back_by(&self, key: FunctionKey, call: &Call) -> Vec<(usize, bool)> {
        let body = match self.program.inner.borrow().get(&key) {
            Some((body, _)) => body.clone(),
            None => {
                let known = self.program.known.borrow();
                let Some((_, Some(known))) = known.iter().find(|(other, _)| *other == key) else { return Vec::new() };
                known.body.clone()
            }
        };
        let instances = self.program.instances.borrow();
        let returned = instances.iter().filter(|one| one.key == Some(key));
        let returned = returned.flat_map(|one| one.returned.borrow().clone());
        let Some((slots, rest)) = slots(&body.flow, call) else { return Vec::new() };
        let of = |one: Origin| match body.flow.parameters.get(one.parameter as usize) {
            // `*args` is a new tuple.
            Some(parameter) if parameter.variadic => rest.iter().map(|&at| (at, true)).collect(),
            _ => {
                let slot = slots.get(one.parameter as usize).copied().flatten();
                slot.map(|at| (at, one.is_whole)).into_iter().collect::<Vec<_>>()
            }
        };
        returned.flat_map(of).collect::<BTreeSet<_>>().into_iter().collect()
    }
}
