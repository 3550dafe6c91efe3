//! Helpers on slices: `PySlice_AdjustIndices` of CPython. Steps are not zero. And on the strides of parts.

use std::ffi::c_void;

use crate::abi::{ARRAY_DIMENSIONS, ARRAY_STRIDES};

/// The stride of a part of an array, or 0 if all strides of the array are that, as those are of one that NumPy has made without elements.
///
/// # Safety
/// The array is an object of NumPy's.
pub(super) unsafe extern "C" fn brrr_part_stride(array: *const c_void, stride: i64) -> i64 {
    // SAFETY: an object of NumPy's has its number of dimensions and its strides there; of none, there is nothing to read.
    let strides: &[i64] = unsafe {
        let count = array.byte_add(ARRAY_DIMENSIONS).cast::<i32>().read();
        let first = array.byte_add(ARRAY_STRIDES).cast::<*const i64>().read();
        if count > 0 { std::slice::from_raw_parts(first, count.unsigned_abs() as usize) } else { &[] }
    };
    if strides.iter().all(|&one| one == 0) { 0 } else { stride }
}

/// A bound that counts from the end, cut to what a slice may reach: of a negative step down to the place before the first element.
fn cut(bound: i64, length: i64, step: i64) -> i64 {
    let (low, high) = if step < 0 { (-1, length - 1) } else { (0, length) };
    let from_start = if bound < 0 { bound + length } else { bound };
    from_start.clamp(low, high.max(low))
}

/// Where a slice starts.
pub(super) extern "C" fn brrr_slice_start(bound: i64, length: i64, step: i64) -> i64 {
    cut(bound, length, step)
}

/// Where a slice stops.
pub(super) extern "C" fn brrr_slice_stop(bound: i64, length: i64, step: i64) -> i64 {
    cut(bound, length, step)
}

/// Where a slice without a start starts.
pub(super) extern "C" fn brrr_slice_first(length: i64, step: i64) -> i64 {
    if step < 0 { length - 1 } else { 0 }
}

/// Where a slice without a stop stops.
pub(super) extern "C" fn brrr_slice_last(length: i64, step: i64) -> i64 {
    if step < 0 { -1 } else { length }
}

/// The elements between two places, both within what the step allows.
pub(super) extern "C" fn brrr_slice_length(start: i64, stop: i64, step: i64) -> i64 {
    if step < 0 {
        if stop < start { ((start - stop - 1).cast_unsigned() / step.unsigned_abs()).cast_signed() + 1 } else { 0 }
    } else if start < stop {
        (stop - start - 1) / step + 1
    } else {
        0
    }
}

/// By what a slice multiplies the stride of its dimension: NumPy takes a slice without elements for one without a step, and CPython
/// knows no step below `-i64::MAX`.
pub(super) extern "C" fn brrr_slice_step(length: i64, step: i64) -> i64 {
    if length == 0 { 1 } else { step.max(-i64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_cut_as_python_does() {
        let all = |start: i64, stop: i64, length: i64, step: i64| {
            let (start, stop) = (brrr_slice_start(start, length, step), brrr_slice_stop(stop, length, step));
            (start, stop, brrr_slice_length(start, stop, step))
        };
        assert_eq!(all(1, 4, 5, 1), (1, 4, 3));
        assert_eq!(all(-2, 99, 5, 1), (3, 5, 2));
        assert_eq!(all(-99, 99, 5, 2), (0, 5, 3));
        assert_eq!(all(99, -99, 5, -1), (4, -1, 5));
        assert_eq!(all(99, -99, 5, i64::MIN), (4, -1, 1));
        assert_eq!(all(i64::MIN, i64::MAX, 5, i64::MAX), (0, 5, 1));
        assert_eq!(all(0, 0, 0, -1), (-1, -1, 0));
    }
}
