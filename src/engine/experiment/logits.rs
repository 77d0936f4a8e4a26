//! How two results differ, and what the network of mass mode is given.

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::model::Model;

/// The largest difference of two results, and `‖a - b‖_F / ‖b‖_F`.
pub(super) fn difference(a: &Array2<f32>, b: &Array2<f32>) -> (f64, f64) {
    let pairs = || a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    // A difference that is NaN stays seen: `f64::max` would pass it over.
    let largest = pairs().map(|(a, b)| (a - b).abs()).fold(0.0, |most: f64, d| if d <= most { most } else { d });
    let square = pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    let whole = pairs().map(|(_, b)| b * b).sum::<f64>();
    let relative = if whole > 0.0 { (square / whole).sqrt() } else { square.sqrt() };
    (largest, relative)
}

/// The propagated features of mass mode, as the network of `model` is given them.
pub(super) fn scaled_embedding(
    embedding: &Array2<f32>,
    model: &Model,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let mut scaled = embedding.clone();
    if let Some(scaler) = &model.scaler {
        scaler.apply(&mut scaled, ctl)?;
    }
    Ok(scaled)
}
