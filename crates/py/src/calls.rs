//! Calls between compiled functions: what they ask for when one of them leaves, or when they are nested deeply.

use brrr_core::abi::{Activation, PENDING};

/// The service `leave`.
///
/// # Safety
/// The activation is the head of a [`crate::activation::Running`] whose code is running in this thread.
pub unsafe extern "C" fn leave(_: *mut Activation, _: u64, _: u64) -> u64 {
    PENDING
}

/// The service `deeper`.
///
/// # Safety
/// As [`leave`].
pub unsafe extern "C" fn deeper(_: *mut Activation) -> u8 {
    0
}
