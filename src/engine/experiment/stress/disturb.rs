//! Disturbances as pure functions of graph, kind, level and seed: single-threaded, so the bits do not depend on workers.

use std::sync::Arc;

use super::kinds::StressKind;
use super::{edges, features, nodes};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Split};

/// A graph as it might be next month.
#[derive(Debug, Clone)]
pub struct Disturbed {
    /// The graph; the very same one at level 0 and where only the scored nodes change.
    pub dataset: Arc<Dataset>,
    /// The nodes that are scored, against the labels of the undisturbed graph.
    pub nodes: Vec<u32>,
}

/// Disturbs a graph. The same seed disturbs at a higher level all that it disturbs at a lower one.
///
/// # Errors
/// [`EngineError::Mismatch`] for a level out of range or a graph that is too dense for false edges, [`EngineError::Cancelled`].
pub fn disturbed(
    dataset: &Arc<Dataset>,
    split: &Split,
    kind: StressKind,
    level: f64,
    seed: u64,
    ctl: &Control,
) -> Result<Disturbed, EngineError> {
    kind.check(level)?;
    if level == 0.0 {
        return Ok(Disturbed { dataset: Arc::clone(dataset), nodes: split.test.clone() });
    }
    if kind.is_of_scoring() {
        let nodes = nodes::scored(dataset, split, kind, level, seed, ctl)?;
        return Ok(Disturbed { dataset: Arc::clone(dataset), nodes });
    }
    let parts = if kind.adds_edges() {
        edges::with_added(dataset, kind, level, seed, ctl)?
    } else if kind.drops_edges() {
        edges::without(dataset, kind, level, seed, ctl)?
    } else {
        let mut parts = dataset.to_parts();
        match kind {
            StressKind::FeatureNoise => parts.features = features::with_noise(&parts.features, level, seed, ctl)?,
            StressKind::MissingFeatures => parts.features = features::with_missing(&parts.features, level, seed, ctl)?,
            _ => {
                let wrong = |labels| nodes::with_wrong(labels, split, kind, level, seed, ctl);
                parts.labels = parts.labels.as_ref().map(wrong).transpose()?;
            }
        }
        parts
    };
    let dataset = Dataset::try_new_while(parts, || ctl.check())?.shared();
    Ok(Disturbed { dataset, nodes: split.test.clone() })
}
