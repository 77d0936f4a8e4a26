//! Activation functions of one value without parameters, and their derivatives, as PyTorch defines them.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use serde::{Deserialize, Serialize};

/// An activation function beside ReLU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nonlinearity {
    /// `x`, below 0 `e^x - 1` (α = 1).
    Elu,
    /// `x`, below 0 `0.01 x`.
    LeakyRelu,
    /// `x Φ(x)`, `Φ` the normal distribution (not its approximation by tanh).
    Gelu,
    /// `x σ(x)`, also called Swish.
    Silu,
    /// `tanh x`.
    Tanh,
    /// `σ(x) = 1 / (1 + e^-x)`.
    Sigmoid,
}

impl Nonlinearity {
    /// Slope of [`Nonlinearity::LeakyRelu`] below 0: PyTorch's own.
    pub const LEAKY_SLOPE: f32 = 0.01;

    /// What it makes of one value.
    #[inline(always)]
    pub(crate) fn of(self, x: f32) -> f32 {
        match self {
            Self::Elu => {
                if x > 0.0 {
                    x
                } else {
                    x.exp_m1()
                }
            }
            Self::LeakyRelu => {
                if x > 0.0 {
                    x
                } else {
                    Self::LEAKY_SLOPE * x
                }
            }
            Self::Gelu => x * normal_distribution(x),
            Self::Silu => x * sigmoid(x),
            Self::Tanh => x.tanh(),
            Self::Sigmoid => sigmoid(x),
        }
    }

    /// Its derivative at `x`.
    #[inline(always)]
    pub(crate) fn slope(self, x: f32) -> f32 {
        match self {
            Self::Elu => {
                if x > 0.0 {
                    1.0
                } else {
                    x.exp()
                }
            }
            Self::LeakyRelu => {
                if x > 0.0 {
                    1.0
                } else {
                    Self::LEAKY_SLOPE
                }
            }
            Self::Gelu => {
                let density = 0.5 * FRAC_1_SQRT_2 * FRAC_2_SQRT_PI * (-0.5 * x * x).exp();
                normal_distribution(x) + x * density
            }
            Self::Silu => {
                let s = sigmoid(x);
                s * (1.0 + x * (1.0 - s))
            }
            Self::Tanh => {
                let t = x.tanh();
                1.0 - t * t
            }
            Self::Sigmoid => {
                let s = sigmoid(x);
                s * (1.0 - s)
            }
        }
    }
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[inline(always)]
fn normal_distribution(x: f32) -> f32 {
    0.5 * (1.0 + erf(x * FRAC_1_SQRT_2))
}

/// The error function as the quotient of two polynomials, to within a few units in the last place (that of Eigen and XLA for 32 bits).
#[inline(always)]
fn erf(x: f32) -> f32 {
    /// Odd powers, from the highest.
    const NUMERATOR: [f32; 7] =
        [-2.726_142_3e-10, 2.770_681_5e-8, -2.101_024e-6, -5.692_506_4e-5, -7.349_906e-4, -2.954_6e-3, -1.609_603_3e-2];
    /// Even powers, from the highest.
    const DENOMINATOR: [f32; 5] = [-1.456_607_2e-5, -2.133_740_6e-4, -1.682_827e-3, -7.373_329e-3, -1.426_473_9e-2];
    // Beyond, it is 1 in 32 bits.
    let x = x.clamp(-4.0, 4.0);
    let square = x * x;
    let polynomial = |coefficients: &[f32]| coefficients.iter().fold(0.0f32, |sum, c| sum.mul_add(square, *c));
    x * polynomial(&NUMERATOR) / polynomial(&DENOMINATOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Nonlinearity; 6] = [
        Nonlinearity::Elu,
        Nonlinearity::LeakyRelu,
        Nonlinearity::Gelu,
        Nonlinearity::Silu,
        Nonlinearity::Tanh,
        Nonlinearity::Sigmoid,
    ];

    #[test]
    fn the_error_function_is_that_of_the_tables() {
        // Abramowitz and Stegun, table 7.1.
        let known = [(0.0, 0.0), (0.1, 0.112_462_92), (0.5, 0.520_499_9), (1.0, 0.842_700_8), (2.0, 0.995_322_3)];
        for (x, expected) in known {
            assert!((erf(x) - expected).abs() < 2e-7, "{x}: {}", erf(x));
            assert!((erf(-x) + erf(x)).abs() < 1e-12);
        }
        assert!((erf(3.0) - 0.999_977_9).abs() < 2e-7 && (erf(9.0) - 1.0).abs() < 2e-7);
    }

    #[test]
    fn slopes_are_those_of_the_curves() {
        for function in ALL {
            for x in [-6.0f32, -2.5, -1.0, -0.3, 0.4, 1.7, 5.0] {
                let step = 1e-2;
                let numeric = (function.of(x + step) - function.of(x - step)) / (2.0 * step);
                assert!((numeric - function.slope(x)).abs() < 2e-3, "{function:?} at {x}: {numeric}");
            }
            assert!(function.of(-100.0).is_finite() && function.of(100.0).is_finite(), "{function:?}");
        }
        assert!((Nonlinearity::Gelu.of(1.0) - 0.841_344_7).abs() < 1e-6);
        assert!((Nonlinearity::Elu.of(-1.0) + 0.632_120_55).abs() < 1e-6);
    }
}
