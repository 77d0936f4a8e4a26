//! Sums of products and scaled sums of two vectors, with the same bits on every machine.

use multiversion::multiversion;

/// Running sums, unchanged, at the end of the loop that adds to them. The compiler must not look through: it would split them over as many
/// small registers as suits whoever reads them next (two values in each, for sums by halves or squares in 64 bits), in the whole loop.
/// Measured: a third of the time of a hop whose rows lie in the second cache.
#[inline(always)]
pub(super) fn whole<T>(sums: T) -> T {
    std::hint::black_box(sums)
}

/// Running sums of a dot product: enough of them that no sum waits for the one before.
const LANES: usize = 32;

/// `a · b` over the shorter of both: 32 running sums in a fixed order.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let len = a.len().min(b.len());
    let (a, b) = (&a[..len], &b[..len]);
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..LANES {
            sums[lane] = a[lane].mul_add(b[lane], sums[lane]);
        }
    }
    let mut sums = whole(sums);
    for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        sums[lane] = a.mul_add(*b, sums[lane]);
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

/// Running sums of [`dot_f64`].
const WIDE_LANES: usize = 16;

/// As [`dot`], of 64-bit numbers.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn dot_f64(a: &[f64], b: &[f64]) -> f64 {
    let len = a.len().min(b.len());
    let (a, b) = (&a[..len], &b[..len]);
    let (a_lanes, a_rest) = a.as_chunks::<WIDE_LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<WIDE_LANES>();
    let mut sums = [0.0f64; WIDE_LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for lane in 0..WIDE_LANES {
            sums[lane] = a[lane].mul_add(b[lane], sums[lane]);
        }
    }
    let mut sums = whole(sums);
    for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        sums[lane] = a.mul_add(*b, sums[lane]);
    }
    let mut width = WIDE_LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

/// `out += a x`.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn add_scaled(out: &mut [f32], a: f32, x: &[f32]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = a.mul_add(*x, *out);
    }
}

/// `sums[j] += a x[j]` at the places that a sparse row stores.
#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
pub(crate) fn add_sparse(sums: &mut [f32], a: f32, places: &[u32], x: &[f32]) {
    for (place, x) in places.iter().zip(x) {
        let sum = &mut sums[*place as usize];
        *sum = a.mul_add(*x, *sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_64_bits_to_within_rounding_at_any_length() {
        for len in [0, 1, 7, 16, 31, 32, 33, 100, 1000] {
            let a: Vec<f32> = (0..len).map(|i| (i as f32 * 0.37).sin()).collect();
            let b: Vec<f32> = (0..len).map(|i| (i as f32 * 0.11).cos()).collect();
            let exact: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            assert!((f64::from(dot(&a, &b)) - exact).abs() < 1e-4, "{len}");
            let wide = |values: &[f32]| values.iter().map(|v| f64::from(*v)).collect::<Vec<_>>();
            assert!((dot_f64(&wide(&a), &wide(&b)) - exact).abs() < 1e-12, "{len}");
            let mut out = b.clone();
            add_scaled(&mut out, -2.0, &a);
            let expected = a.iter().zip(&b).map(|(a, b)| (-2.0f32).mul_add(*a, *b).to_bits());
            assert!(out.iter().map(|o| o.to_bits()).eq(expected), "{len}");
        }
    }
}
