//! A certificate for one run, whoever chose its recipe.

use super::rounding::low_run;
use super::run::Run;
use crate::engine::certify::{Calibration, Candidate, Certificate, CertifyOptions, calibration_nodes, certify};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Labels, resolve_split};
use crate::engine::score::predictions;
use crate::engine::sparsify::Recipe;

/// Tests that a run loses at most `limit` of its accuracy, a share, on half of the validation nodes: whoever looked at validation scores
/// while choosing the recipe looks at the other half, if at all.
///
/// Where the recipe asks for low precision, its model is tested next.
///
/// # Errors
/// As [`certify`]; [`EngineError::Mismatch`] for a graph without labels, too.
pub fn certify_run(run: &Run, limit: f64, ctl: &Control) -> Result<Certificate, EngineError> {
    let labels = labels_of(&run.dataset)?;
    let (baseline, pruned) = (predictions(&run.baseline_logits), predictions(&run.pruned.logits));
    let (entries, weights) = (100.0 * run.pruned.edge_sparsity(), 100.0 * run.pruned.weight_sparsity());
    let title = format!("{entries:.1} % of the entries and {weights:.1} % of the weights");
    let low = low_run(run, ctl)?.map(|low| (format!("{title}, stored as {}", low.precision.stored_as), low.logits));
    let low = low.as_ref().map(|(title, logits)| (title, predictions(logits)));
    let mut path = vec![Candidate { title: &title, predictions: &pruned }];
    // Tested after the model with 32-bit floats: a sequence that is fixed before anybody looks costs no part of the level.
    path.extend(low.as_ref().map(|(title, predictions)| Candidate { title, predictions }));
    let calibration = Calibration::Half { seed: run.recipe.seed };
    let options = CertifyOptions { limit, calibration, ..CertifyOptions::default() };
    let found = certify(run.dataset.topology(), labels, &run.split, &baseline, &path, options, ctl)?.beside(0);
    let has_arrivals = run.pruned.arrivals.is_some_and(|arrivals| arrivals.unseen.n_nodes > 0);
    Ok(if has_arrivals { found.of_known_nodes() } else { found })
}

/// Whether runs of this recipe can be certified at all, before one is made.
///
/// # Errors
/// [`EngineError::Mismatch`] for a graph without labels, or with too few labelled validation nodes.
pub fn check_certifiable(dataset: &Dataset, recipe: &Recipe) -> Result<(), EngineError> {
    let split = resolve_split(dataset, &recipe.split, recipe.seed)?;
    calibration_nodes(labels_of(dataset)?, &split, Calibration::Half { seed: recipe.seed }).map(|_| ())
}

fn labels_of(dataset: &Dataset) -> Result<&Labels, EngineError> {
    dataset.labels().ok_or_else(|| EngineError::mismatch("certificate", "a graph with labels", "none"))
}
