//! What is done to a row without a look at any other.

use multiversion::multiversion;

use super::nonlinearity::Nonlinearity;

/// Something that is done to every row.
#[derive(Debug, Clone)]
pub(crate) enum Pointwise {
    /// `x + b`. `[width]`
    Bias(Vec<f32>),
    /// `x · scale + shift`, rounded twice. `[width]` each
    Norm { scale: Vec<f32>, shift: Vec<f32> },
    /// `max(x, 0)`: 0 for what is no number, and never -0, which `f32::max` leaves to the machine.
    Relu,
    /// Another activation function.
    Nonlinearity(Nonlinearity),
    /// `x`, below 0 `x · slope`. `[width]`
    Prelu(Vec<f32>),
}

/// Does all of it to every row, in order, while the row is in the first cache.
///
/// # Shapes
/// `rows: [n, width]`
#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn change_rows(rows: &mut [f32], width: usize, changes: &[Pointwise]) {
    for row in rows.chunks_exact_mut(width.max(1)) {
        for change in changes {
            match change {
                Pointwise::Bias(bias) => row.iter_mut().zip(bias).for_each(|(v, b)| *v += b),
                Pointwise::Norm { scale, shift } => {
                    row.iter_mut().zip(scale).zip(shift).for_each(|((v, s), b)| *v = *v * s + b);
                }
                Pointwise::Relu => row.iter_mut().for_each(|v| *v = if *v > 0.0 { *v } else { 0.0 }),
                Pointwise::Nonlinearity(function) => row.iter_mut().for_each(|v| *v = function.of(*v)),
                Pointwise::Prelu(slope) => {
                    row.iter_mut().zip(slope).for_each(|(v, s)| *v = if *v > 0.0 { *v } else { *v * s });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_changed_in_order_value_by_value() {
        let (bias, scale) = ([0.1f32, -0.7, 3.0], [1.5f32, -2.0, 0.3]);
        let norm = Pointwise::Norm { scale: scale.to_vec(), shift: bias.to_vec() };
        let changes = [Pointwise::Bias(bias.to_vec()), norm, Pointwise::Relu];
        let before: Vec<f32> = (0..12).map(|i| (i as f32 * 0.77).sin()).collect();
        let mut rows = before.clone();
        change_rows(&mut rows, 3, &changes);
        for (at, (after, before)) in rows.iter().zip(&before).enumerate() {
            let column = at % 3;
            let expected = ((before + bias[column]) * scale[column] + bias[column]).max(0.0);
            assert_eq!(after.to_bits(), expected.to_bits());
        }
        change_rows(&mut [], 0, &changes);
    }

    #[test]
    fn nothing_negative_and_no_sign_of_zero_is_left() {
        // As many as fill vectors of any width, and a rest.
        let mut row: Vec<f32> = [-0.0, f32::NAN, -1.0, f32::NEG_INFINITY, 0.0].into_iter().cycle().take(77).collect();
        change_rows(&mut row, 77, &[Pointwise::Relu]);
        assert!(row.iter().all(|v| v.to_bits() == 0));
    }
}
