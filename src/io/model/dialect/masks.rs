//! Weights that come with masks are multiplied by them.
//!
//! ```text
//! torch.nn.utils.prune     X_orig, X_mask                                                     X = X_orig ⊙ X_mask
//! UGS, GLT                 P.weight_orig_weight, P.weight_mask_train, P.weight_mask_fixed     P.weight = the product of all
//!                          adj_mask1_train, adj_mask2_fixed: masks of the edges, not taken over
//! ```

use super::tensors::{Refusal, Tensors};

/// Applies every mask; returns the names of the weights.
pub(in super::super) fn apply(tensors: &mut Tensors) -> Result<Vec<String>, Refusal> {
    let mut applied = Vec::new();
    for stem in stems(tensors, ".weight_orig_weight") {
        let mut product = take(tensors, &format!("{stem}.weight_orig_weight"))?;
        for part in ["weight_mask_train", "weight_mask_fixed"] {
            let name = format!("{stem}.{part}");
            let mask = take(tensors, &name)?;
            check_shape(&name, product.shape(), mask.shape())?;
            product *= &mask;
        }
        // A linear layer without bias between products with the adjacency matrix: a GCN in the names of today.
        let name = if stem.starts_with("net_layer.") { format!("{stem}.lin.weight") } else { format!("{stem}.weight") };
        tensors.insert(name, product);
        applied.push(format!("{stem}.weight"));
    }
    for stem in stems(tensors, "_orig") {
        let values = take(tensors, &format!("{stem}_orig"))?;
        let name = format!("{stem}_mask");
        let mask = take(tensors, &name)?;
        check_shape(&name, values.shape(), mask.shape())?;
        tensors.insert(stem.clone(), values * mask);
        applied.push(stem);
    }
    Ok(applied)
}

/// Whether a file holds masks and no weights: zeros and ones alone, both in at least one matrix, or names of masks alone.
pub(in super::super) fn are_masks_alone(tensors: &Tensors) -> bool {
    /// Fewer values than this may be zeros and ones by chance.
    const FEWEST: usize = 16;
    let is_binary =
        |tensor: &ndarray::ArrayD<f32>| tensor.iter().all(|value| *value == 0.0 || value.to_bits() == 1f32.to_bits());
    let has_both = |tensor: &ndarray::ArrayD<f32>| tensor.sum() > 0.0 && tensor.iter().any(|value| *value == 0.0);
    let is_matrix = |tensor: &ndarray::ArrayD<f32>| tensor.ndim() > 1 && tensor.len() >= FEWEST;
    let is_named = tensors.keys().all(|name| name.rsplit(['.', '_']).next() == Some("mask"));
    !tensors.is_empty()
        && tensors.values().all(is_binary)
        && (is_named || tensors.values().any(|tensor| is_matrix(tensor) && has_both(tensor)))
}

fn stems(tensors: &Tensors, suffix: &str) -> Vec<String> {
    tensors.keys().filter_map(|name| name.strip_suffix(suffix)).map(str::to_owned).collect()
}

fn take(tensors: &mut Tensors, name: &str) -> Result<ndarray::ArrayD<f32>, Refusal> {
    tensors.remove(name).ok_or_else(|| Refusal::new(format!("tensor {name}"), "a mask for the values", "none"))
}

fn check_shape(name: &str, expected: &[usize], found: &[usize]) -> Result<(), Refusal> {
    if expected == found {
        return Ok(());
    }
    Err(Refusal::new(format!("tensor {name}"), format!("shape {expected:?}"), format!("shape {found:?}")))
}
