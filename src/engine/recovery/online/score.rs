//! What an entry is worth to a node that arrives later: how unsure the target is by itself, and how sure the source is.
//!
//! `s[u,v] = H(p_u) (1 - H(q_v) / ln C)`. `p_u` is what the given model says on self-loops alone, with the sums of their rows; `q_v` what
//! it says of a known node in the graph of known nodes, and `p_v` for the others. Nobody has to know what the unpruned model says of a node
//! that arrives, nor what it says of known nodes once that one is their neighbour. Source: ours.

use ndarray::{Array2, ArrayView1};

use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Known, Topology};
use crate::engine::model::Model;
use crate::engine::model::exec::infer::forward;
use crate::engine::recovery::entries::draw;
use crate::engine::sparsify::masked_inference::MaskedInference;
use crate::engine::sparsify::{EdgeMask, EntryChoice, EntryValues, Recipe};

/// Rows of a block of work.
const ROWS: usize = 256;

/// The logarithm to base 2 of what every entry is worth, halved with every rank in its row: the higher, the sooner it stays. One number
/// per entry of the graph; those of self-loops mean nothing. `among` is what the unpruned model says of the known nodes in their graph.
/// `among: [n_known, n_classes]`
///
/// # Errors
/// [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub(super) fn keys(
    dataset: &Dataset,
    (known, among): (&Known, &Array2<f32>),
    model: &Model,
    recipe: &Recipe,
    choice: EntryChoice,
    ctl: &Control,
) -> Result<Vec<f32>, EngineError> {
    let topology = dataset.topology();
    match choice {
        EntryChoice::None => return Ok(vec![f32::NEG_INFINITY; topology.n_entries()]),
        EntryChoice::Random => return drawn(topology, recipe.seed, ctl),
        EntryChoice::Omp | EntryChoice::MessageNorm | EntryChoice::PerNode => {}
    }
    let Confidence { unsure, certainty } = confidence(dataset, (known, among), model, recipe, ctl)?;
    ranked(topology, &unsure, &certainty, ctl)
}

/// What an entry's worth is made of.
pub(super) struct Confidence {
    /// Entropy of every node by itself. `[n]`
    pub(super) unsure: Vec<f64>,
    /// How sure every node is as a source, `0..=1`. `[n]`
    pub(super) certainty: Vec<f64>,
}

/// How sure the given model is of every node: of the known ones by `among`, of the others by themselves.
///
/// # Errors
/// [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub(super) fn confidence(
    dataset: &Dataset,
    (known, among): (&Known, &Array2<f32>),
    model: &Model,
    recipe: &Recipe,
    ctl: &Control,
) -> Result<Confidence, EngineError> {
    let is_multi = dataset.labels().is_some_and(|labels| labels.tags().is_some());
    let alone = on_self_loops(dataset, model, recipe, ctl)?;
    let unsure = entropies(&alone, is_multi)?;
    let certainty_of = |entropy: &f64| certainty(*entropy, alone.ncols(), is_multi);
    let mut certainty: Vec<f64> = unsure.iter().map(certainty_of).collect();
    for (u, entropy) in known.nodes.iter().zip(entropies(among, is_multi)?) {
        certainty[*u as usize] = certainty_of(&entropy);
    }
    Ok(Confidence { unsure, certainty })
}

/// How sure somebody of this entropy is, `0..=1`: `1 - H / ln C`.
pub(super) fn certainty(entropy: f64, n_classes: usize, is_multi: bool) -> f64 {
    let most = if is_multi { std::f64::consts::LN_2 } else { (n_classes as f64).ln() };
    if most > 0.0 { (1.0 - entropy / most).clamp(0.0, 1.0) } else { 1.0 }
}

/// A number for every entry, drawn.
fn drawn(topology: &Topology, seed: u64, ctl: &Control) -> Result<Vec<f32>, EngineError> {
    let n = topology.n_nodes();
    let blocks = ctl.map(n.div_ceil(ROWS), |block| {
        let rows = block * ROWS..n.min((block + 1) * ROWS);
        let mut keys = Vec::new();
        for u in rows {
            let first = keys.len();
            let row = topology.row(u);
            keys.resize(first + row.len(), f32::NEG_INFINITY);
            let others = row.iter().enumerate().filter(|(_, v)| **v as usize != u).map(|(at, _)| at);
            draw(u, seed, others, &mut keys[first..]);
        }
        keys
    })?;
    Ok(blocks.concat())
}

/// What the model says where every node hears itself alone, as loudly as it heard its whole row. `[n, n_classes]`
fn on_self_loops(dataset: &Dataset, model: &Model, recipe: &Recipe, ctl: &Control) -> Result<Array2<f32>, EngineError> {
    let (topology, n_steps) = (dataset.topology(), recipe.model.n_graph_steps());
    let own = topology.entries().map(|(u, v)| if u == v { n_steps as u8 } else { 0 });
    let mut mask = EdgeMask::try_new(own.collect(), n_steps, topology)?;
    // Attention over a self-loop alone has its row's sum already: 1.
    if !recipe.model.has("attention") {
        let diffusion = Diffusion::of(dataset, recipe.matrix());
        let sum = |u: usize| diffusion.values()[topology.row_range(u)].iter().map(|t| f64::from(*t)).sum::<f64>();
        let with_own = (0..topology.n_nodes()).filter(|u| topology.find(*u, *u).is_some());
        let sums: Vec<f32> = with_own.map(|u| sum(u) as f32).collect();
        let sums = ndarray::Array1::from_vec(sums).insert_axis(ndarray::Axis(1));
        mask = mask.with_values(EntryValues { steps: vec![sums; n_steps] })?;
    }
    let mut inference = MaskedInference::pruned(dataset, recipe, &mask, None, None, ctl)?;
    forward(&model.program(), model, dataset.features(), &mut inference, ctl)
}

/// How unsure every row of logits is, in nats: the entropy of its softmax; of several classes per node the mean over their sigmoids.
///
/// # Errors
/// [`EngineError::NotFinite`].
pub(super) fn entropies(logits: &Array2<f32>, is_multi: bool) -> Result<Vec<f64>, EngineError> {
    if let Some(found) = logits.iter().find(|v| !v.is_finite()) {
        return Err(EngineError::NotFinite { what: "output of the unpruned model".into(), found: found.to_string() });
    }
    Ok(logits.rows().into_iter().map(|row| if is_multi { of_sigmoids(row) } else { of_softmax(row) }).collect())
}

fn of_softmax(row: ArrayView1<'_, f32>) -> f64 {
    let shift = f64::from(row.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let total: f64 = row.iter().map(|v| (f64::from(*v) - shift).exp()).sum();
    let entropy: f64 = row
        .iter()
        .map(|v| {
            let log = f64::from(*v) - shift - total.ln();
            -log.exp() * log
        })
        .sum();
    entropy.max(0.0)
}

fn of_sigmoids(row: ArrayView1<'_, f32>) -> f64 {
    // -log σ(x) = log(1 + e^-x), without overflow.
    let soft = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    let of_class = |v: &f32| {
        let x = f64::from(*v);
        let p = 1.0 / (1.0 + (-x).exp());
        p * soft(-x) + (1.0 - p) * soft(x)
    };
    row.iter().map(of_class).sum::<f64>() / row.len().max(1) as f64
}

/// Ranks every row by worth, and takes each rank off the logarithm.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(super) fn ranked(
    topology: &Topology,
    unsure: &[f64],
    certainty: &[f64],
    ctl: &Control,
) -> Result<Vec<f32>, EngineError> {
    let n = topology.n_nodes();
    let blocks = ctl.map(n.div_ceil(ROWS), |block| {
        let mut keys = Vec::new();
        for (u, unsure) in unsure.iter().enumerate().take(n.min((block + 1) * ROWS)).skip(block * ROWS) {
            keys.extend(ranked_row(u as u32, topology.row(u), *unsure, |v| certainty[v as usize]));
        }
        keys
    })?;
    Ok(blocks.concat())
}

/// The keys of one row, of entries of the same worth the first one first; those of self-loops mean nothing.
pub(super) fn ranked_row(u: u32, row: &[u32], unsure: f64, certainty: impl Fn(u32) -> f64) -> Vec<f32> {
    let mut keys = vec![f32::NEG_INFINITY; row.len()];
    let others = row.iter().enumerate().filter(|(_, v)| **v != u);
    let mut order: Vec<(usize, f64)> = others.map(|(at, v)| (at, certainty(*v))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    for (rank, (at, sure)) in order.into_iter().enumerate() {
        keys[at] = ((unsure * sure).log2() - rank as f64) as f32;
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use ndarray::array;

    #[test]
    fn entropies_are_those_of_the_definition() {
        let logits = array![[0.3f32, -1.2, 2.0], [0.0, 0.0, 0.0], [90.0, -90.0, 0.0]];
        let found = entropies(&logits, false).expect("finite");
        for (row, found) in logits.rows().into_iter().zip(found) {
            let total: f64 = row.iter().map(|v| f64::from(*v).exp()).sum();
            let p = row.iter().map(|v| f64::from(*v).exp() / total).filter(|p| *p > 0.0);
            let expected: f64 = p.map(|p| -p * p.ln()).sum();
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        let found = entropies(&logits, true).expect("finite");
        for (row, found) in logits.rows().into_iter().zip(found) {
            let binary = |v: &f32| {
                let p = 1.0 / (1.0 + (-f64::from(*v)).exp());
                [p, 1.0 - p].into_iter().filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum::<f64>()
            };
            let expected = row.iter().map(binary).sum::<f64>() / 3.0;
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
        let error = entropies(&array![[f32::NAN, 1.0]], false).unwrap_err().to_string();
        assert!(error.contains("output of the unpruned model"), "{error}");
    }

    #[test]
    fn keys_rank_as_the_slow_way_ranks() {
        let shape = PowerLaw { n_nodes: 80, n_entries: 700, n_features: 4, n_classes: 3, seed: 5 };
        let graph = power_law_communities(&shape, &Control::new(1).expect("a worker")).expect("a graph");
        let topology = graph.topology();
        let number = |u: usize, a: f64| (u as f64 * a).sin().abs();
        // Some of the sources are as sure as one another.
        let unsure: Vec<f64> = (0..80).map(|u| 1.1 * number(u, 0.7)).collect();
        let sure: Vec<f64> = (0..80).map(|u| number(u % 31, 1.3)).collect();
        let found =
            [1, 3].map(|n| ranked(topology, &unsure, &sure, &Control::new(n).expect("workers")).expect("ranked"));
        assert_eq!(found[0], found[1]);
        for (k, (u, v)) in topology.entries().enumerate() {
            let (u, v) = (u as usize, v as usize);
            if u == v {
                continue;
            }
            let worth = |v: usize| unsure[u] * sure[v];
            let before = |other: &u32| {
                let other = *other as usize;
                other != u && (worth(other) > worth(v) || (worth(other).to_bits() == worth(v).to_bits() && other < v))
            };
            let rank = topology.row(u).iter().filter(|other| before(other)).count() as f64;
            let expected = worth(v) * (-rank).exp2();
            assert!((f64::from(found[0][k]).exp2() - expected).abs() <= 1e-5 * expected, "{u} {v}");
        }
    }
}
