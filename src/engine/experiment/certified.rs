//! A certificate for one run, whoever chose its recipe.

use super::run::Run;
use crate::engine::certify::{Calibration, Candidate, Certificate, CertifyOptions, certify};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::score::predictions;

/// Tests that a run loses at most `limit` of its accuracy, a share, on half of the validation nodes: whoever looked at validation scores
/// while choosing the recipe looks at the other half, if at all.
///
/// # Errors
/// As [`certify`]; [`EngineError::Mismatch`] for a graph without labels, too.
pub fn certify_run(run: &Run, limit: f64, ctl: &Control) -> Result<Certificate, EngineError> {
    let Some(labels) = run.dataset.labels() else {
        return Err(EngineError::mismatch("certificate", "a graph with labels", "none"));
    };
    let (baseline, pruned) = (predictions(&run.dense_logits), predictions(&run.pruned.logits));
    let (entries, weights) = (100.0 * run.pruned.edge_sparsity(), 100.0 * run.pruned.weight_sparsity());
    let title = format!("{entries:.1} % of the entries and {weights:.1} % of the weights");
    let path = [Candidate { title: &title, predictions: &pruned }];
    let calibration = Calibration::Half { seed: run.recipe.seed };
    let options = CertifyOptions { limit, calibration, ..CertifyOptions::default() };
    Ok(certify(run.dataset.topology(), labels, &run.split, &baseline, &path, options, ctl)?.beside(0))
}
