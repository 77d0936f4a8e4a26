//! Floats of 8 and 16 bits that NumPy has no name for, as 32-bit ones.
//!
//! ```text
//! bf16        the upper half of a 32-bit float
//! f8e4m3fn    1 sign, 4 exponent (bias 7), 3 fraction; no infinities, NaN is S.1111.111
//! f8e5m2      1, 5 (bias 15), 2; infinities and NaN as IEEE 754
//! f8e4m3fnuz  1, 4 (bias 8), 3; no infinities, no -0: its bits are NaN
//! f8e5m2fnuz  1, 5 (bias 16), 2; the same
//! f8e8m0fnu   a power of two: 2^(byte - 127), 255 is NaN
//! ```
//! Sources: the OCP 8-bit floating point specification 1.0, `torch/headeronly/util/Float8_*.h`, ONNX `float8.md`. Every value is exact
//! in 32 bits.

/// The upper half of a 32-bit float.
pub(crate) const BF16: &str = "bf16";
/// OCP E4M3: what `torch.float8_e4m3fn`, safetensors' `F8_E4M3` and ONNX' `FLOAT8E4M3FN` are.
pub(crate) const E4M3FN: &str = "f8e4m3fn";
/// OCP E5M2.
pub(crate) const E5M2: &str = "f8e5m2";
/// E4M3 without negative zero.
pub(crate) const E4M3FNUZ: &str = "f8e4m3fnuz";
/// E5M2 without negative zero and infinities.
pub(crate) const E5M2FNUZ: &str = "f8e5m2fnuz";
/// Powers of two.
pub(crate) const E8M0FNU: &str = "f8e8m0fnu";

/// Whether a type has no name in NumPy, so that its values have to be widened first.
pub(crate) fn is_narrow(descr: &str) -> bool {
    matches!(descr, BF16 | E4M3FN | E5M2 | E4M3FNUZ | E5M2FNUZ | E8M0FNU)
}

/// Values of any type as those of one that NumPy has: its name, and little-endian bytes.
pub(crate) fn widened(descr: &str, values: Vec<u8>) -> (&str, Vec<u8>) {
    let table = match descr {
        BF16 => {
            let wide = values.as_chunks::<2>().0.iter().flat_map(|[low, high]| [0, 0, *low, *high]).collect();
            return ("<f4", wide);
        }
        E4M3FN => table(|byte| minifloat(byte, 3, 7, |magnitude| magnitude == 0x7f)),
        E5M2 => table(|byte| match byte & 0x7f {
            0x7c => f32::INFINITY.copysign(if byte & 0x80 == 0 { 1.0 } else { -1.0 }),
            _ => minifloat(byte, 2, 15, |magnitude| magnitude > 0x7c),
        }),
        E4M3FNUZ => table(|byte| if byte == 0x80 { f32::NAN } else { minifloat(byte, 3, 8, |_| false) }),
        E5M2FNUZ => table(|byte| if byte == 0x80 { f32::NAN } else { minifloat(byte, 2, 16, |_| false) }),
        E8M0FNU => table(|byte| if byte == 0xff { f32::NAN } else { 2f32.powi(i32::from(byte) - 127) }),
        _ => return (descr, values),
    };
    ("<f4", values.iter().flat_map(|byte| table[usize::from(*byte)].to_le_bytes()).collect())
}

fn table(value: impl Fn(u8) -> f32) -> Vec<f32> {
    (0..=u8::MAX).map(value).collect()
}

/// A byte of sign, exponent and `n_fraction` bits of fraction; `is_nan` looks at all but the sign.
fn minifloat(byte: u8, n_fraction: u8, bias: i32, is_nan: impl Fn(u8) -> bool) -> f32 {
    let magnitude = byte & 0x7f;
    if is_nan(magnitude) {
        return f32::NAN;
    }
    let exponent = i32::from(magnitude >> n_fraction);
    let fraction = f32::from(magnitude & ((1 << n_fraction) - 1)) / f32::from(1u8 << n_fraction);
    let value =
        if exponent == 0 { fraction * 2f32.powi(1 - bias) } else { (1.0 + fraction) * 2f32.powi(exponent - bias) };
    if byte & 0x80 == 0 { value } else { -value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(descr: &str, byte: u8) -> f32 {
        let (wide, bytes) = widened(descr, vec![byte]);
        assert_eq!(wide, "<f4", "another type");
        f32::from_le_bytes(*bytes.first_chunk().expect("four bytes"))
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the values are exact")]
    fn the_corners_of_every_type() {
        // Largest, smallest normal, smallest and one, as the specifications list them.
        assert_eq!([0x7e, 0x08, 0x01, 0x38].map(|b| value(E4M3FN, b)), [448.0, 0.015_625, 0.001_953_125, 1.0]);
        assert_eq!([0x7b, 0x04, 0x01, 0x3c].map(|b| value(E5M2, b)), [57344.0, 2f32.powi(-14), 2f32.powi(-16), 1.0]);
        assert_eq!([0x7f, 0x08, 0x01, 0x40].map(|b| value(E4M3FNUZ, b)), [240.0, 2f32.powi(-7), 2f32.powi(-10), 1.0]);
        assert_eq!(
            [0x7f, 0x04, 0x01, 0x40].map(|b| value(E5M2FNUZ, b)),
            [57344.0, 2f32.powi(-15), 2f32.powi(-17), 1.0]
        );
        assert_eq!([0, 127, 254].map(|b| value(E8M0FNU, b)), [2f32.powi(-127), 1.0, 2f32.powi(127)]);
        assert_eq!((value(E5M2, 0x7c), value(E5M2, 0xfc)), (f32::INFINITY, f32::NEG_INFINITY));
        let no_numbers =
            [(E4M3FN, 0x7f), (E4M3FN, 0xff), (E5M2, 0x7d), (E4M3FNUZ, 0x80), (E5M2FNUZ, 0x80), (E8M0FNU, 0xff)];
        for (descr, byte) in no_numbers {
            assert!(value(descr, byte).is_nan(), "{descr} {byte:02x}");
        }
        assert_eq!(value(E4M3FN, 0xb8), -1.0);
        assert!(value(E4M3FN, 0x80).is_sign_negative());
        assert_eq!(widened(BF16, vec![0x80, 0x3f]), ("<f4", 1f32.to_le_bytes().to_vec()));
    }
}
