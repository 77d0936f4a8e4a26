//! Entries ranked by how alike the features of their two nodes are.

use sprs::CsMatI;

use super::entries::each_entry;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Features};
use crate::engine::kernels::contiguous;

/// Jaccard similarity: `|A ∩ B| / |A ∪ B|` of the sets of non-zero features where they are sparse, `Σ min(a, b) / Σ max(a, b)`
/// over the non-negative parts where they are dense (Wu et al., IJCAI 2019; on features of 0 and 1 both are the paper's).
///
/// Two nodes without any such feature have similarity 0.
pub(super) fn jaccard(dataset: &Dataset, ctl: &Control) -> Result<Vec<f32>, EngineError> {
    match dataset.features() {
        Features::Sparse(x) => each_entry(dataset.topology(), ctl, |_, u, v| {
            let (a, b) = (stored(x, u), stored(x, v));
            let both = overlap(a, b).n_common;
            ratio(both as f64, (a.0.len() + b.0.len() - both) as f64)
        }),
        Features::Dense(x) => {
            let x = x.as_standard_layout();
            let (width, values) = (x.ncols(), contiguous(x.view()));
            each_entry(dataset.topology(), ctl, |_, u, v| {
                let (a, b) = (&values[u * width..][..width], &values[v * width..][..width]);
                let common = lanes(a, b, |a, b| f64::from(a.max(0.0).min(b.max(0.0))));
                ratio(common, lanes(a, b, |a, b| f64::from(a.max(0.0).max(b))))
            })
        }
    }
}

/// Cosine similarity `⟨x[u], x[v]⟩ / (‖x[u]‖ ‖x[v]‖)`, 0 where a node has no features (Zhang and Zitnik, 2020, on the
/// input features).
pub(super) fn cosine(dataset: &Dataset, ctl: &Control) -> Result<Vec<f32>, EngineError> {
    let n = dataset.n_nodes();
    match dataset.features() {
        Features::Sparse(x) => {
            let norms = ctl.map(n, |u| overlap(stored(x, u), stored(x, u)).product.sqrt())?;
            each_entry(dataset.topology(), ctl, |_, u, v| {
                ratio(overlap(stored(x, u), stored(x, v)).product, norms[u] * norms[v])
            })
        }
        Features::Dense(x) => {
            let x = x.as_standard_layout();
            let (width, values) = (x.ncols(), contiguous(x.view()));
            let product = |u: usize, v: usize| {
                let (a, b) = (&values[u * width..][..width], &values[v * width..][..width]);
                lanes(a, b, |a, b| f64::from(a) * f64::from(b))
            };
            let norms = ctl.map(n, |u| product(u, u).sqrt())?;
            each_entry(dataset.topology(), ctl, |_, u, v| ratio(product(u, v), norms[u] * norms[v]))
        }
    }
}

fn ratio(part: f64, whole: f64) -> f32 {
    if whole > 0.0 { (part / whole) as f32 } else { 0.0 }
}

/// Columns and values of a row.
fn stored(x: &CsMatI<f32, u32, usize>, u: usize) -> (&[u32], &[f32]) {
    x.outer_view(u).map_or((&[], &[]), sprs::CsVecViewI::into_raw_storage)
}

/// What two sparse rows have in common.
struct Overlap {
    n_common: usize,
    product: f64,
}

fn overlap((columns_a, a): (&[u32], &[f32]), (columns_b, b): (&[u32], &[f32])) -> Overlap {
    let (mut i, mut j) = (0, 0);
    let mut overlap = Overlap { n_common: 0, product: 0.0 };
    while i < columns_a.len() && j < columns_b.len() {
        let (column_a, column_b) = (columns_a[i], columns_b[j]);
        if column_a == column_b {
            overlap.n_common += 1;
            overlap.product += f64::from(a[i]) * f64::from(b[j]);
        }
        i += usize::from(column_a <= column_b);
        j += usize::from(column_b <= column_a);
    }
    overlap
}

/// `Σ term(a[i], b[i])` in eight chains, added up in a fixed order: vectors of any width give the same bits.
fn lanes(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f64) -> f64 {
    const LANES: usize = 8;
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0f64; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += term(a[lane], b[lane]);
        }
    }
    for (lane, (a, b)) in rest_a.iter().zip(rest_b).enumerate() {
        sums[lane] += term(*a, *b);
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ArrayView1};

    use super::*;
    use crate::engine::sparsify::baselines::fixtures;

    type Ranking = fn(&Dataset, &Control) -> Result<Vec<f32>, EngineError>;
    type Oracle = fn(ArrayView1<'_, f32>, ArrayView1<'_, f32>) -> f64;

    /// Every entry against the oracle on the rows of the same matrix.
    fn check(ranking: Ranking, x: &Array2<f32>, features: Features, oracle: Oracle) {
        let ctl = Control::new(2).expect("workers");
        let (_, edges) = fixtures::random_edges(30, 250, 3);
        let dataset = fixtures::dataset(fixtures::undirected(x.nrows(), &edges), features);
        let values = ranking(&dataset, &ctl).expect("not cancelled");
        let mut n_distinct = 0;
        for ((u, v), value) in dataset.topology().entries().zip(&values).filter(|((u, v), _)| u != v) {
            let expected = oracle(x.row(u as usize), x.row(v as usize));
            assert!((f64::from(*value) - expected).abs() < 1e-6, "{u} {v}: {value} {expected}");
            n_distinct += usize::from(expected != 0.0 && (expected - 1.0).abs() > 0.01);
        }
        assert!(n_distinct > 100, "only {n_distinct} entries say anything");
    }

    fn set_oracle(a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>) -> f64 {
        let both = a.iter().zip(b).filter(|(a, b)| **a != 0.0 && **b != 0.0).count();
        let either = a.iter().zip(b).filter(|(a, b)| **a != 0.0 || **b != 0.0).count();
        if either == 0 { 0.0 } else { both as f64 / either as f64 }
    }

    fn weighted_oracle(a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>) -> f64 {
        let (mut low, mut high) = (0.0f64, 0.0f64);
        for (a, b) in a.iter().zip(b) {
            let (a, b) = (if *a > 0.0 { f64::from(*a) } else { 0.0 }, if *b > 0.0 { f64::from(*b) } else { 0.0 });
            low += if a < b { a } else { b };
            high += if a < b { b } else { a };
        }
        if high > 0.0 { low / high } else { 0.0 }
    }

    fn cosine_oracle(a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>) -> f64 {
        let product = |a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>| -> f64 {
            a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let norms = (product(a, a) * product(b, b)).sqrt();
        if norms > 0.0 { product(a, b) / norms } else { 0.0 }
    }

    fn sparse(x: &Array2<f32>) -> Features {
        let features = Features::from_dense(x.clone());
        assert!(matches!(features, Features::Sparse(_)), "sparse enough");
        features
    }

    #[test]
    fn sparse_jaccard_compares_sets() {
        let x = fixtures::random_features(61, 45, 0.2, 8);
        check(jaccard, &x, sparse(&x), set_oracle);
    }

    #[test]
    fn dense_jaccard_compares_amounts_and_agrees_with_sets_on_zero_and_one() {
        let x = fixtures::random_features(61, 21, 1.0, 9);
        check(jaccard, &x, Features::Dense(x.clone()), weighted_oracle);
        let binary = fixtures::random_features(61, 21, 0.5, 9).mapv(|v| f32::from(v != 0.0));
        check(jaccard, &binary, Features::Dense(binary.clone()), set_oracle);
    }

    #[test]
    fn cosine_is_the_normalised_product() {
        let x = fixtures::random_features(61, 45, 0.2, 10);
        check(cosine, &x, sparse(&x), cosine_oracle);
        check(cosine, &x, Features::Dense(x.clone()), cosine_oracle);
        let column_major = Array2::from_shape_fn(x.t().dim(), |(j, i)| x[[i, j]]).reversed_axes();
        check(cosine, &x, Features::Dense(column_major), cosine_oracle);
    }

    #[test]
    fn a_node_without_features_is_like_no_other() {
        let x = Array2::from_shape_fn((61, 9), |(u, j)| if u < 30 { 0.0 } else { 1.0 + j as f32 });
        let ctl = Control::new(1).expect("workers");
        for features in [Features::Dense(x.clone()), Features::Sparse(CsMatI::zero((61, 9)))] {
            let dataset = fixtures::dataset(fixtures::undirected(61, &[(0, 1), (0, 40)]), features);
            for values in [jaccard(&dataset, &ctl), cosine(&dataset, &ctl)] {
                let values = values.expect("not cancelled");
                let of = |u, v| values[dataset.topology().find(u, v).expect("stored")];
                assert_eq!((of(0, 1).to_bits(), of(0, 40).to_bits()), (0, 0));
            }
        }
    }
}
