//! Complex elementary functions.
//!
//! Finite arguments go through formulas that avoid cancellation and overflow. Infinite and NaN arguments get the values of
//! C99's Annex G; each function's first lines spell them out. `Err` tells which error Python raises.

use core::f64::consts::{E, LN_2, LN_10, PI};

use crate::math::libm;

/// A complex number as its parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct C {
    pub re: f64,
    pub im: f64,
}

/// What is wrong with an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MathError {
    /// `ValueError`.
    Domain,
    /// `OverflowError`.
    Range,
}

type Answer = Result<C, MathError>;

/// Beyond this, squares and sums are formed from scaled values.
const LARGE: f64 = f64::MAX / 4.0;
const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

const fn c(re: f64, im: f64) -> C {
    C { re, im }
}

impl C {
    fn is_finite(self) -> bool {
        self.re.is_finite() && self.im.is_finite()
    }

    fn is_infinite(self) -> bool {
        self.re.is_infinite() || self.im.is_infinite()
    }

    fn is_large(self) -> bool {
        self.re.abs() > LARGE || self.im.abs() > LARGE
    }

    fn times_i(self) -> C {
        c(-self.im, self.re)
    }

    fn times_minus_i(self) -> C {
        c(self.im, -self.re)
    }
}

fn log_large() -> f64 {
    LARGE.ln()
}

fn sqrt_large() -> f64 {
    LARGE.sqrt()
}

fn sqrt_tiny() -> f64 {
    f64::MIN_POSITIVE.sqrt()
}

/// `log(|z|)` of a large number.
fn log_abs_large(z: C) -> f64 {
    (z.re / 2.0).hypot(z.im / 2.0).ln() + LN_2
}

fn finite_or_range(z: C) -> Answer {
    if z.is_infinite() { Err(MathError::Range) } else { Ok(z) }
}

pub fn acos(z: C) -> Answer {
    if !z.is_finite() {
        return Ok(if z.re.is_nan() || z.im.is_nan() {
            if z.im.is_infinite() {
                c(NAN, -z.im)
            } else if z.re.is_infinite() {
                c(NAN, INF)
            } else if z.re == 0.0 {
                c(PI / 2.0, NAN)
            } else {
                c(NAN, NAN)
            }
        } else {
            c(z.im.abs().atan2(z.re), INF.copysign(-z.im))
        });
    }
    if z.is_large() {
        let log = log_abs_large(z) + LN_2;
        let im = if z.re < 0.0 { -log.copysign(z.im) } else { log.copysign(-z.im) };
        return Ok(c(z.im.abs().atan2(z.re), im));
    }
    let s1 = sqrt(c(1.0 - z.re, -z.im))?;
    let s2 = sqrt(c(1.0 + z.re, z.im))?;
    Ok(c(2.0 * s1.re.atan2(s2.re), libm::asinh(s2.re * s1.im - s2.im * s1.re)))
}

pub fn acosh(z: C) -> Answer {
    if !z.is_finite() {
        return Ok(if z.is_infinite() {
            // atan2 knows the angles of infinities, and keeps NaNs.
            c(INF, z.im.atan2(z.re))
        } else if z.re == 0.0 {
            c(NAN, PI / 2.0)
        } else {
            c(NAN, NAN)
        });
    }
    if z.is_large() {
        return Ok(c(log_abs_large(z) + LN_2, z.im.atan2(z.re)));
    }
    let s1 = sqrt(c(z.re - 1.0, z.im))?;
    let s2 = sqrt(c(z.re + 1.0, z.im))?;
    Ok(c(libm::asinh(s1.re * s2.re + s1.im * s2.im), 2.0 * s1.im.atan2(s2.re)))
}

pub fn asin(z: C) -> Answer {
    asinh(z.times_i()).map(C::times_minus_i)
}

pub fn asinh(z: C) -> Answer {
    if !z.is_finite() {
        return Ok(if z.is_infinite() {
            let re = if z.re.is_nan() { INF } else { INF.copysign(z.re) };
            c(re, z.im.atan2(z.re.abs()))
        } else if z.re.is_nan() && z.im == 0.0 {
            z
        } else {
            c(NAN, NAN)
        });
    }
    if z.is_large() {
        let log = log_abs_large(z) + LN_2;
        let re = if z.im.is_sign_positive() { log.copysign(z.re) } else { -log.copysign(-z.re) };
        return Ok(c(re, z.im.atan2(z.re.abs())));
    }
    let s1 = sqrt(c(1.0 + z.im, -z.re))?;
    let s2 = sqrt(c(1.0 - z.im, z.re))?;
    Ok(c(libm::asinh(s1.re * s2.im - s2.re * s1.im), z.im.atan2(s1.re * s2.re - s1.im * s2.im)))
}

pub fn atan(z: C) -> Answer {
    atanh(z.times_i()).map(C::times_minus_i)
}

pub fn atanh(z: C) -> Answer {
    if !z.is_finite() {
        return Ok(if z.is_infinite() {
            let re = if z.re.is_nan() { 0.0 } else { 0.0_f64.copysign(z.re) };
            c(re, if z.im.is_nan() { NAN } else { (PI / 2.0).copysign(z.im) })
        } else if z.re == 0.0 {
            c(z.re, NAN)
        } else {
            c(NAN, NAN)
        });
    }
    // Odd: only the right half-plane is computed.
    if z.re.is_sign_negative() {
        let mirrored = atanh(c(-z.re, -z.im))?;
        return Ok(c(-mirrored.re, -mirrored.im));
    }
    let ay = z.im.abs();
    if z.re > sqrt_large() || ay > sqrt_large() {
        let h = (z.re / 2.0).hypot(z.im / 2.0);
        return Ok(c(z.re / 4.0 / h / h, -(PI / 2.0).copysign(-z.im)));
    }
    if z.re == 1.0 && ay < sqrt_tiny() {
        if ay == 0.0 {
            return Err(MathError::Domain);
        }
        return Ok(c(-(ay.sqrt() / ay.hypot(2.0).sqrt()).ln(), (2.0_f64.atan2(-ay) / 2.0).copysign(z.im)));
    }
    let distance = 1.0 - z.re;
    Ok(c(
        libm::log1p(4.0 * z.re / (distance * distance + ay * ay)) / 4.0,
        -(-2.0 * z.im).atan2(distance * (1.0 + z.re) - ay * ay) / 2.0,
    ))
}

pub fn cos(z: C) -> Answer {
    cosh(z.times_i())
}

pub fn cosh(z: C) -> Answer {
    if !z.is_finite() {
        if z.im.is_infinite() && !z.re.is_nan() {
            return Err(MathError::Domain);
        }
        return Ok(if z.re.is_infinite() {
            if z.im.is_nan() {
                c(INF, NAN)
            } else if z.im == 0.0 {
                // Even, and symmetric to the real axis.
                c(INF, z.im * 1.0_f64.copysign(z.re))
            } else {
                c(INF.copysign(z.im.cos()), INF.copysign(z.im.sin()) * 1.0_f64.copysign(z.re))
            }
        } else if z.re == 0.0 || z.im == 0.0 {
            c(NAN, 0.0)
        } else {
            c(NAN, NAN)
        });
    }
    let result = if z.re.abs() > log_large() {
        let less = z.re - 1.0_f64.copysign(z.re);
        c(z.im.cos() * less.cosh() * E, z.im.sin() * less.sinh() * E)
    } else {
        c(z.im.cos() * z.re.cosh(), z.im.sin() * z.re.sinh())
    };
    finite_or_range(result)
}

pub fn exp(z: C) -> Answer {
    if !z.is_finite() {
        if z.im.is_infinite() && (z.re.is_finite() || z.re == INF) {
            return Err(MathError::Domain);
        }
        return Ok(if z.re == INF {
            if z.im.is_nan() {
                c(INF, NAN)
            } else if z.im == 0.0 {
                c(INF, z.im)
            } else {
                c(INF.copysign(z.im.cos()), INF.copysign(z.im.sin()))
            }
        } else if z.re == -INF {
            if z.im.is_finite() { c(0.0_f64.copysign(z.im.cos()), 0.0_f64.copysign(z.im.sin())) } else { c(0.0, 0.0) }
        } else if z.im == 0.0 {
            z
        } else {
            c(NAN, NAN)
        });
    }
    let result = if z.re > log_large() {
        let length = (z.re - 1.0).exp();
        c(length * z.im.cos() * E, length * z.im.sin() * E)
    } else {
        let length = z.re.exp();
        c(length * z.im.cos(), length * z.im.sin())
    };
    finite_or_range(result)
}

/// The natural logarithm. At zero the value comes with the error, which `log` of a base ignores.
pub fn log(z: C) -> Answer {
    if !z.is_finite() {
        return Ok(if z.is_infinite() { c(INF, z.im.atan2(z.re)) } else { c(NAN, NAN) });
    }
    let (ax, ay) = (z.re.abs(), z.im.abs());
    let re = if z.is_large() {
        log_abs_large(z)
    } else if ax < f64::MIN_POSITIVE && ay < f64::MIN_POSITIVE {
        if ax == 0.0 && ay == 0.0 {
            return Err(MathError::Domain);
        }
        // Subnormal: scale up.
        libm::ldexp(ax, 53).hypot(libm::ldexp(ay, 53)).ln() - 53.0 * LN_2
    } else {
        let h = ax.hypot(ay);
        if (0.71..=1.73).contains(&h) {
            let (high, low) = if ax > ay { (ax, ay) } else { (ay, ax) };
            libm::log1p((high - 1.0) * (high + 1.0) + low * low) / 2.0
        } else {
            h.ln()
        }
    };
    Ok(c(re, z.im.atan2(z.re)))
}

pub fn log10(z: C) -> Answer {
    log(z).map(|r| c(r.re / LN_10, r.im / LN_10))
}

pub fn sin(z: C) -> Answer {
    sinh(z.times_i()).map(C::times_minus_i)
}

pub fn sinh(z: C) -> Answer {
    if !z.is_finite() {
        if z.im.is_infinite() && !z.re.is_nan() {
            return Err(MathError::Domain);
        }
        return Ok(if z.re.is_infinite() {
            if z.im.is_nan() {
                c(z.re, NAN)
            } else if z.im == 0.0 {
                z
            } else {
                c(INF.copysign(z.im.cos()) * 1.0_f64.copysign(z.re), INF.copysign(z.im.sin()))
            }
        } else if z.re == 0.0 {
            c(z.re, NAN)
        } else if z.im == 0.0 {
            c(NAN, z.im)
        } else {
            c(NAN, NAN)
        });
    }
    let result = if z.re.abs() > log_large() {
        let less = z.re - 1.0_f64.copysign(z.re);
        c(z.im.cos() * less.sinh() * E, z.im.sin() * less.cosh() * E)
    } else {
        c(z.im.cos() * z.re.sinh(), z.im.sin() * z.re.cosh())
    };
    finite_or_range(result)
}

pub fn sqrt(z: C) -> Answer {
    if !z.is_finite() {
        return Ok(if z.im.is_infinite() {
            c(INF, z.im)
        } else if z.re == INF {
            c(INF, if z.im.is_nan() { NAN } else { 0.0_f64.copysign(z.im) })
        } else if z.re == -INF {
            if z.im.is_nan() { c(NAN, INF) } else { c(0.0, INF.copysign(z.im)) }
        } else {
            c(NAN, NAN)
        });
    }
    if z.re == 0.0 && z.im == 0.0 {
        return Ok(c(0.0, z.im));
    }
    let (ax, ay) = (z.re.abs(), z.im.abs());
    let s = if ax < f64::MIN_POSITIVE && ay < f64::MIN_POSITIVE {
        let scaled = libm::ldexp(ax, 53);
        libm::ldexp((scaled + scaled.hypot(libm::ldexp(ay, 53))).sqrt(), -27)
    } else {
        let ax = ax / 8.0;
        2.0 * (ax + ax.hypot(ay / 8.0)).sqrt()
    };
    let d = ay / (2.0 * s);
    Ok(if z.re >= 0.0 { c(s, d.copysign(z.im)) } else { c(d, s.copysign(z.im)) })
}

pub fn tan(z: C) -> Answer {
    tanh(z.times_i()).map(C::times_minus_i)
}

pub fn tanh(z: C) -> Answer {
    if !z.is_finite() {
        if z.im.is_infinite() && z.re.is_finite() {
            return Err(MathError::Domain);
        }
        return Ok(if z.re.is_infinite() {
            let im = if z.im == 0.0 {
                z.im
            } else if z.im.is_finite() {
                0.0_f64.copysign(2.0 * z.im.sin() * z.im.cos())
            } else {
                0.0
            };
            c(1.0_f64.copysign(z.re), im)
        } else if z.re == 0.0 {
            c(z.re, NAN)
        } else if z.im == 0.0 {
            c(NAN, z.im)
        } else {
            c(NAN, NAN)
        });
    }
    if z.re.abs() > log_large() {
        return Ok(c(1.0_f64.copysign(z.re), 4.0 * z.im.sin() * z.im.cos() * (-2.0 * z.re.abs()).exp()));
    }
    let (tx, ty, cx) = (z.re.tanh(), z.im.tan(), 1.0 / z.re.cosh());
    let product = tx * ty;
    let denominator = 1.0 + product * product;
    Ok(c(tx * (1.0 + ty * ty) / denominator, ((ty / denominator) * cx) * cx))
}

/// From polar coordinates.
pub fn rect(r: f64, phi: f64) -> Answer {
    if !r.is_finite() || !phi.is_finite() {
        if phi.is_infinite() && r != 0.0 && !r.is_nan() {
            return Err(MathError::Domain);
        }
        return Ok(if r.is_infinite() && phi.is_finite() {
            if phi == 0.0 {
                c(r, phi * 1.0_f64.copysign(r))
            } else {
                let sign = 1.0_f64.copysign(r);
                c(INF.copysign(phi.cos()) * sign, INF.copysign(phi.sin()) * sign)
            }
        } else if r.is_infinite() {
            c(INF, NAN)
        } else if r == 0.0 {
            c(0.0, 0.0)
        } else if phi == 0.0 {
            c(NAN, 0.0)
        } else {
            c(NAN, NAN)
        });
    }
    // A zero angle keeps its sign in the product.
    Ok(if phi == 0.0 { c(r, r * phi) } else { c(r * phi.cos(), r * phi.sin()) })
}
