//! The types of NumPy arrays.

use serde::{Deserialize, Serialize};

use super::Dtype;

/// Dimensions of an array, at the most; what has more stays with the interpreter.
pub const MOST_DIMENSIONS: u8 = 8;

/// What is known of an array without looking at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ArrayType {
    /// The type of its elements, which are aligned and in native byte order.
    pub dtype: Dtype,
    /// The number of its dimensions.
    pub ndim: u8,
    /// How its elements lie in memory.
    pub layout: Layout,
    /// Whether elements may be written.
    pub writable: bool,
    /// True for a part of an array that compiled code has made, for which there is no object yet.
    pub view: bool,
}

/// How the elements of an array lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Layout {
    /// Without gaps, the last index fastest; strides are just those that NumPy gives a new array of the shape.
    C,
    /// Without gaps, the first index fastest; of two dimensions and more, and not `C` as well.
    F,
    /// By any strides, which may be negative or zero.
    Strided,
}

impl ArrayType {
    /// The leaves of an array of this type: its owner, its data, its lengths, and its strides if the layout does not give them.
    #[must_use]
    pub const fn leaves(self) -> usize {
        2 + self.ndim as usize * if self.has_strides() { 2 } else { 1 }
    }

    /// True if the strides are values of the machine.
    #[must_use]
    pub const fn has_strides(self) -> bool {
        matches!(self.layout, Layout::Strided)
    }

    /// Words of a frame: the object, or all that a view is made of.
    #[must_use]
    pub const fn words(self) -> usize {
        if self.view { self.leaves() } else { 1 }
    }

    /// The type of an array of which there is an object.
    #[must_use]
    pub const fn as_object(self) -> Self {
        Self { view: false, ..self }
    }

    /// As Cython and Numba write it: `float64[:, ::1]`, `const float64[:]`.
    #[must_use]
    pub fn text(self) -> String {
        let last = usize::from(self.ndim).saturating_sub(1);
        let dimension = |at: usize| match self.layout {
            Layout::C if at == last => "::1",
            Layout::F if at == 0 => "::1",
            Layout::C | Layout::F | Layout::Strided => ":",
        };
        let dimensions = (0..usize::from(self.ndim)).map(dimension).collect::<Vec<_>>().join(", ");
        let constant = if self.writable { "" } else { "const " };
        let dimensions = if self.ndim == 0 { "()".to_owned() } else { dimensions };
        format!("{constant}{}[{dimensions}]", self.dtype.name())
    }

    /// The type that [`Self::text`] writes so.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (text, writable) = match text.strip_prefix("const ") {
            Some(rest) => (rest.trim_start(), false),
            None => (text, true),
        };
        let (name, rest) = text.split_once('[')?;
        let inner = rest.strip_suffix(']')?.trim();
        let dtype = Dtype::from_name(name.trim())?;
        if inner == "()" {
            return Some(Self { dtype, ndim: 0, layout: Layout::C, writable, view: false });
        }
        let dimensions = inner.split(',').map(str::trim).collect::<Vec<_>>();
        let ndim = u8::try_from(dimensions.len()).ok().filter(|&ndim| ndim <= MOST_DIMENSIONS)?;
        let dense = dimensions.iter().position(|&one| one == "::1");
        let last = dimensions.len() - 1;
        let layout = match dense {
            None => Layout::Strided,
            Some(at) if at == last => Layout::C,
            Some(0) => Layout::F,
            Some(_) => return None,
        };
        let known = dimensions.iter().enumerate().all(|(at, &one)| Some(at) == dense || one == ":");
        known.then_some(Self { dtype, ndim, layout, writable, view: false })
    }
}
