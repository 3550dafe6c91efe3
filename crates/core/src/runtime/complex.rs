//! Helpers on complex numbers: NumPy's functions, which are libm's or made of those. Each gives the real part of its result and writes
//! the imaginary one.

/// A complex number as C passes it.
#[repr(C)]
#[derive(Clone, Copy)]
struct Complex<F> {
    real: F,
    imag: F,
}

/// Functions of libm's, by their own names.
macro_rules! functions {
    ($float:ty: $($own:ident = $libm:ident;)*) => {
        $(
            pub(super) extern "C" fn $own(real: $float, imag: $float, rest: &mut $float) -> $float {
                unsafe extern "C" {
                    fn $libm(number: Complex<$float>) -> Complex<$float>;
                }
                // SAFETY: a function of libm's without conditions.
                let result = unsafe { $libm(Complex { real, imag }) };
                *rest = result.imag;
                result.real
            }
        )*
    };
}

functions! {
    f64:
    brrr_cacos = cacos;
    brrr_cacosh = cacosh;
    brrr_casin = casin;
    brrr_casinh = casinh;
    brrr_catan = catan;
    brrr_catanh = catanh;
    brrr_ccos = ccos;
    brrr_ccosh = ccosh;
    brrr_cexp = cexp;
    brrr_clog = clog;
    brrr_csin = csin;
    brrr_csinh = csinh;
    brrr_csqrt = csqrt;
    brrr_ctan = ctan;
    brrr_ctanh = ctanh;
}

functions! {
    f32:
    brrr_cacosf = cacosf;
    brrr_cacoshf = cacoshf;
    brrr_casinf = casinf;
    brrr_casinhf = casinhf;
    brrr_catanf = catanf;
    brrr_catanhf = catanhf;
    brrr_ccosf = ccosf;
    brrr_ccoshf = ccoshf;
    brrr_cexpf = cexpf;
    brrr_clogf = clogf;
    brrr_csinf = csinf;
    brrr_csinhf = csinhf;
    brrr_csqrtf = csqrtf;
    brrr_ctanf = ctanf;
    brrr_ctanhf = ctanhf;
}

/// Functions that NumPy makes of those: `nc_exp2` and the like in its `funcs.inc.src`, and `npy_cpow`.
macro_rules! made {
    (
        $float:ident, $exp:ident, $log:ident, $libm_power:ident;
        $exp2:ident, $expm1:ident, $log2:ident, $log10:ident, $power:ident
    ) => {
        pub(super) extern "C" fn $exp2(real: $float, imag: $float, rest: &mut $float) -> $float {
            let scale = std::$float::consts::LN_2;
            $exp(real * scale, imag * scale, rest)
        }

        pub(super) extern "C" fn $expm1(real: $float, imag: $float, rest: &mut $float) -> $float {
            let half = (imag / 2.0).sin();
            *rest = real.exp() * imag.sin();
            real.exp_m1() * imag.cos() - 2.0 * half * half
        }

        pub(super) extern "C" fn $log2(real: $float, imag: $float, rest: &mut $float) -> $float {
            let scale = std::$float::consts::LOG2_E;
            let real = $log(real, imag, rest);
            *rest *= scale;
            real * scale
        }

        pub(super) extern "C" fn $log10(real: $float, imag: $float, rest: &mut $float) -> $float {
            let scale = std::$float::consts::LOG10_E;
            let real = $log(real, imag, rest);
            *rest *= scale;
            real * scale
        }

        pub(super) extern "C" fn $power(
            real: $float,
            imag: $float,
            exponent: $float,
            exponent_imag: $float,
            rest: &mut $float,
        ) -> $float {
            unsafe extern "C" {
                fn $libm_power(base: Complex<$float>, exponent: Complex<$float>) -> Complex<$float>;
            }
            let is_whole = exponent_imag == 0.0 && exponent.abs() < 100.0 && exponent.trunc() == exponent;
            let result = if exponent == 0.0 && exponent_imag == 0.0 {
                Complex { real: 1.0, imag: 0.0 }
            } else if real == 0.0 && imag == 0.0 {
                let of_zero = if exponent > 0.0 { 0.0 } else { $float::NAN };
                Complex { real: of_zero, imag: of_zero }
            } else if is_whole {
                Complex { real, imag }.to_the(exponent as i32)
            } else {
                // SAFETY: a function of libm's without conditions.
                unsafe { $libm_power(Complex { real, imag }, Complex { real: exponent, imag: exponent_imag }) }
            };
            *rest = result.imag;
            result.real
        }

        impl Complex<$float> {
            fn times(self, other: Self) -> Self {
                let real = self.real * other.real - self.imag * other.imag;
                Self { real, imag: self.real * other.imag + self.imag * other.real }
            }

            /// One over the number, scaled by its larger part.
            fn inverse(self) -> Self {
                let (c, d) = (self.real, self.imag);
                if c.abs() < d.abs() {
                    let ratio = c / d;
                    let scale = 1.0 / (d + c * ratio);
                    return Self { real: (ratio + 0.0) * scale, imag: (0.0 * ratio - 1.0) * scale };
                }
                if c == 0.0 && d == 0.0 {
                    return Self { real: 1.0 / c.abs(), imag: 0.0 / d.abs() };
                }
                if c.abs() >= d.abs() {
                    let ratio = d / c;
                    let scale = 1.0 / (c + d * ratio);
                    return Self { real: (1.0 + 0.0 * ratio) * scale, imag: (0.0 - ratio) * scale };
                }
                Self { real: $float::NAN, imag: $float::NAN }
            }

            /// A whole power but the zeroth, by products in NumPy's order: those with one are no less than others where a part is
            /// not finite, or a zero.
            fn to_the(self, exponent: i32) -> Self {
                match exponent {
                    1 => return self,
                    2 => return self.times(self),
                    3 => return self.times(self.times(self)),
                    _ => {}
                }
                let (mut power, mut square, mut rest) = (Self { real: 1.0, imag: 0.0 }, self, exponent.unsigned_abs());
                loop {
                    if rest % 2 == 1 {
                        power = power.times(square);
                    }
                    rest /= 2;
                    if rest == 0 {
                        break;
                    }
                    square = square.times(square);
                }
                if exponent < 0 { power.inverse() } else { power }
            }
        }
    };
}

made! { f64, brrr_cexp, brrr_clog, cpow; brrr_cexp2, brrr_cexpm1, brrr_clog2, brrr_clog10, brrr_cpow }
made! { f32, brrr_cexpf, brrr_clogf, cpowf; brrr_cexp2f, brrr_cexpm1f, brrr_clog2f, brrr_clog10f, brrr_cpowf }
