//! The propagation of decoupled families: hop after hop over panels, or over a few rows as they are.

use ndarray::{Array2, s};

use super::policy::Policy;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Features, Permutation};
use crate::engine::kernels::Panels;
use crate::engine::model::architecture::{Architecture, HopWeights};
use crate::engine::model::elementwise::{dense_rows, feature_rows};

/// `Σ_l w_l T^l X`: the propagation of a decoupled family. Rows lie as [`Policy::order`] says until the last hop is done.
pub(crate) fn hops(
    features: &Features,
    shape: &Architecture,
    policy: &mut dyn Policy,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    if policy.rows().is_some() {
        return hops_to_few(features, shape, policy, ctl);
    }
    let weights = shape.hop_weights();
    let (n, width) = (features.n_rows(), features.width());
    let mut embedding = policy.room(n, width);
    embedding.write(feature_rows(features), policy.order().map(Permutation::order), ctl)?;
    let mut next = policy.room(n, width);
    // Where the last hop alone counts there is nothing to add up.
    let last_alone = shape.architecture.definition().hop_weights(shape) == HopWeights::Last;
    let mut sum = if last_alone { None } else { Some(embedding.sums()) };
    let mut add = |embedding: &Panels, weight: f64| match &mut sum {
        Some(sum) => sum.add(weight as f32, embedding, ctl),
        None => Ok(()),
    };
    for (hop, weight) in weights.iter().enumerate().take(shape.hops) {
        ctl.progress("propagating", hop, shape.hops);
        add(&embedding, *weight)?;
        policy.hop(hop, &embedding, &mut next, ctl)?;
        std::mem::swap(&mut embedding, &mut next);
        policy.finished_hop(hop, &embedding, ctl)?;
    }
    policy.give_back(next);
    add(&embedding, weights[shape.hops])?;
    let rows = sum.as_ref().unwrap_or(&embedding).to_rows(policy.order().map(Permutation::position), ctl)?;
    policy.give_back(embedding);
    Ok(rows)
}

/// The same, bit for bit, of the rows that [`Policy::rows`] wants alone.
fn hops_to_few(
    features: &Features,
    shape: &Architecture,
    policy: &mut dyn Policy,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let weights = shape.hop_weights();
    let n_wanted = policy.rows().and_then(<[usize]>::last).copied().unwrap_or_default();
    let mut embedding = dense_rows(&feature_rows(features));
    let last_alone = shape.architecture.definition().hop_weights(shape) == HopWeights::Last;
    let mut sum = Array2::<f32>::zeros((n_wanted, features.width()));
    let mut add = |embedding: &Array2<f32>, weight: f64| {
        let weight = weight as f32;
        sum.zip_mut_with(&embedding.slice(s![..n_wanted, ..]), |sum, x| *sum = weight.mul_add(*x, *sum));
    };
    for (hop, weight) in weights.iter().enumerate().take(shape.hops) {
        if !last_alone {
            add(&embedding, *weight);
        }
        embedding = policy.propagate(hop, &embedding, ctl)?;
    }
    if last_alone {
        return Ok(embedding);
    }
    add(&embedding, weights[shape.hops]);
    Ok(sum)
}
