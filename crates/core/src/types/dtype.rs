//! The element types of NumPy, which are also the types of its scalars.

use serde::{Deserialize, Serialize};

/// An element type; in native byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Dtype {
    /// `bool`, one byte.
    Bool,
    /// `int8`.
    Int8,
    /// `int16`.
    Int16,
    /// `int32`.
    Int32,
    /// `int64`.
    Int64,
    /// `uint8`.
    UInt8,
    /// `uint16`.
    UInt16,
    /// `uint32`.
    UInt32,
    /// `uint64`.
    UInt64,
    /// `float32`.
    Float32,
    /// `float64`.
    Float64,
    /// `complex64`, two f32.
    Complex64,
    /// `complex128`, two f64.
    Complex128,
}

/// What the values of a dtype are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// True or false.
    Bool,
    /// Ints with a sign, which wrap.
    Signed,
    /// Ints without a sign, which wrap.
    Unsigned,
    /// IEEE floats.
    Float,
    /// Pairs of IEEE floats.
    Complex,
}

impl Dtype {
    /// All of them, in the order of their tags.
    pub const ALL: [Self; 13] = [
        Self::Bool,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::UInt8,
        Self::UInt16,
        Self::UInt32,
        Self::UInt64,
        Self::Float32,
        Self::Float64,
        Self::Complex64,
        Self::Complex128,
    ];

    /// NumPy's name of the dtype.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::UInt8 => "uint8",
            Self::UInt16 => "uint16",
            Self::UInt32 => "uint32",
            Self::UInt64 => "uint64",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Complex64 => "complex64",
            Self::Complex128 => "complex128",
        }
    }

    /// NumPy's name of a scalar of this dtype: `bool_` is not Python's `bool`.
    #[must_use]
    pub const fn scalar_name(self) -> &'static str {
        match self {
            Self::Bool => "bool_",
            other => other.name(),
        }
    }

    /// The dtype of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The dtype that NumPy makes of a text: a name, or a kind and a size, such as `f8` and `<i4`.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let by_name = match text {
            "int" => Some(Self::Int64),
            "float" | "double" => Some(Self::Float64),
            "single" => Some(Self::Float32),
            "complex" => Some(Self::Complex128),
            "?" => Some(Self::Bool),
            _ => Self::from_name(text),
        };
        let own = if cfg!(target_endian = "little") { '<' } else { '>' };
        by_name.or_else(|| {
            let code = text.strip_prefix(['=', '|', own]).unwrap_or(text);
            Self::ALL.into_iter().find(|one| {
                let kind = match one.kind() {
                    Kind::Bool => 'b',
                    Kind::Signed => 'i',
                    Kind::Unsigned => 'u',
                    Kind::Float => 'f',
                    Kind::Complex => 'c',
                };
                code.strip_prefix(kind).is_some_and(|size| size == one.size().to_string())
            })
        })
    }

    /// The dtype that a constructor makes: `np.int8`, `np.bool_`.
    #[must_use]
    pub fn from_constructor(path: &str) -> Option<Self> {
        let name = path.strip_prefix("np.")?;
        Self::ALL.into_iter().find(|one| one.scalar_name() == name)
    }

    /// Bytes of an element.
    #[must_use]
    pub const fn size(self) -> u32 {
        match self {
            Self::Bool | Self::Int8 | Self::UInt8 => 1,
            Self::Int16 | Self::UInt16 => 2,
            Self::Int32 | Self::UInt32 | Self::Float32 => 4,
            Self::Int64 | Self::UInt64 | Self::Float64 | Self::Complex64 => 8,
            Self::Complex128 => 16,
        }
    }

    /// What its values are.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Bool => Kind::Bool,
            Self::Int8 | Self::Int16 | Self::Int32 | Self::Int64 => Kind::Signed,
            Self::UInt8 | Self::UInt16 | Self::UInt32 | Self::UInt64 => Kind::Unsigned,
            Self::Float32 | Self::Float64 => Kind::Float,
            Self::Complex64 | Self::Complex128 => Kind::Complex,
        }
    }

    /// True for the dtypes of ints, of either signedness.
    #[must_use]
    pub const fn is_int(self) -> bool {
        matches!(self.kind(), Kind::Signed | Kind::Unsigned)
    }

    /// The least and the greatest value of an int of 64 bits that one of this dtype of ints can have; `None` for others.
    #[must_use]
    pub const fn range(self) -> Option<(i64, i64)> {
        // All but the sign, or all.
        let unused = 64 - 8 * self.size();
        match self.kind() {
            Kind::Signed => Some((i64::MIN >> unused, i64::MAX >> unused)),
            Kind::Unsigned if unused == 0 => Some((0, i64::MAX)),
            Kind::Unsigned => Some((0, (u64::MAX >> unused).cast_signed())),
            Kind::Bool | Kind::Float | Kind::Complex => None,
        }
    }

    /// Words of a frame that a value takes.
    #[must_use]
    pub const fn words(self) -> usize {
        match self.kind() {
            Kind::Complex => 2,
            Kind::Bool | Kind::Signed | Kind::Unsigned | Kind::Float => 1,
        }
    }

    /// The dtype of both operands of an operation, as `np.promote_types` gives it.
    #[must_use]
    pub fn promote(self, other: Self) -> Self {
        use Kind::{Bool, Complex, Float, Signed, Unsigned};
        let (left, right) = if self.kind() <= other.kind() { (self, other) } else { (other, self) };
        let larger = if left.size() > right.size() { left } else { right };
        match (left.kind(), right.kind()) {
            (Bool, _) => right,
            (Signed, Signed) | (Unsigned, Unsigned) | (Float, Float) | (Complex, Complex) => larger,
            // The next larger int with a sign holds both; of 64 bits there is none.
            (Signed, Unsigned) => match usize::max(left.size() as usize, 2 * right.size() as usize) {
                2 => Self::Int16,
                4 => Self::Int32,
                8 => Self::Int64,
                _ => Self::Float64,
            },
            // Ints of up to 16 bits fit the 24 of a float32.
            (Signed | Unsigned, Float) if left.size() <= 2 => right,
            (Signed | Unsigned, Float) => Self::Float64,
            (Signed | Unsigned, Complex) if left.size() <= 2 => right,
            (Signed | Unsigned, Complex) => Self::Complex128,
            (Float, Complex) if left == Self::Float32 => right,
            (Float, Complex) => Self::Complex128,
            (Signed | Unsigned | Float | Complex, _) => right,
        }
    }
}
