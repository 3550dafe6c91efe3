//! Functions to typed IR.
//!
//! Three steps: [`bind::bind`] takes the syntax tree apart into a [`flow::Flow`] (once, at decoration); [`infer::infer`] finds
//! the types of every place for a signature; [`specialise::specialise`] makes the IR from both.

mod array;
mod axes;
pub mod bind;
pub mod call;
pub(crate) mod choose;
pub mod creation;
mod decide;
mod dtype;
mod expression;
pub mod flow;
mod function;
pub mod half;
pub mod infer;
mod instance;
pub mod live;
mod makes;
mod narrow;
pub mod origins;
mod over;
pub mod program;
pub mod promote;
mod refuse;
pub mod specialise;
mod subscript;
mod tuple;
mod why;
