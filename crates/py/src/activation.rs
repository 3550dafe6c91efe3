//! One run of compiled code, from its entry to its return: what the code may ask for meanwhile.
//!
//! Made on the stack for each run by whoever enters the code. Everything but the pointers is made when it is first needed, so
//! that a short call pays for a few stores.

use std::ptr::null_mut;

use brrr_core::abi;

use crate::callable::Callable;
use crate::poll::Watch;
use crate::probes;
use crate::specialise::Specialisation;

/// One run. The head is what compiled code sees.
#[repr(C)]
pub struct Running {
    head: abi::Activation,
    /// The function that was called.
    pub callable: *mut Callable,
    /// The code that runs; owned by the callable.
    pub specialisation: *const Specialisation,
    /// What polls know; null until the first one. A run that has polled may have released the GIL: what needs the interpreter
    /// calls [`crate::poll::hold`] first.
    pub watch: *mut Watch,
}

impl Running {
    /// A run that is about to begin.
    #[inline(always)]
    pub const fn new(callable: *mut Callable, specialisation: *const Specialisation) -> Self {
        Self { head: abi::Activation { services: &raw const SERVICES }, callable, specialisation, watch: null_mut() }
    }

    /// As compiled code takes it.
    #[inline(always)]
    pub const fn activation(&mut self) -> *mut abi::Activation {
        (&raw mut *self).cast()
    }
}

static SERVICES: abi::Services = abi::Services { poll: crate::poll::poll, host, probe };

/// No row is done by the interpreter, so none asks.
extern "C" fn host(_: *mut abi::Activation, _: u64, _: *const u64, _: *mut u64) -> u8 {
    1
}

/// Forces the side exit at the visit that a test has chosen.
extern "C" fn probe(_: *mut abi::Activation) -> u8 {
    probes::visit().into()
}
