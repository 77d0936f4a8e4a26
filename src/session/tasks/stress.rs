//! Disturbs a graph and says how a pruned model and its baseline fall.

use std::sync::Arc;

use super::{Need, Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{RunOptions, StressKind, StressPlan, StressPoint, stress};
use crate::engine::graph::{Dataset, Features};
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;
use crate::io::results::{LeftOut, StressResults};
use crate::session::stress_page::with_sentences;

/// Prunes once for every disturbed graph, and once more without recovery where there is some.
#[derive(Debug, Clone)]
pub(crate) struct Stress {
    dataset: Arc<Dataset>,
    model: Arc<Model>,
    recipe: Recipe,
    plan: StressPlan,
    left_out: Vec<LeftOut>,
}

impl Stress {
    pub(crate) fn new(dataset: Arc<Dataset>, model: Arc<Model>, recipe: Recipe, plan: StressPlan) -> Self {
        Self { dataset, model, recipe, plan, left_out: Vec::new() }
    }

    /// Bytes of the features where noise makes a number of each.
    fn noisy_bytes(&self) -> u64 {
        let is_sparse = matches!(self.dataset.features(), Features::Sparse(_));
        let has_noise = self.plan.kinds.contains(&StressKind::FeatureNoise);
        let n_values = (self.dataset.n_nodes() as u64).saturating_mul(self.dataset.features().width() as u64);
        if is_sparse && has_noise { n_values.saturating_mul(size_of::<f32>() as u64) } else { 0 }
    }
}

impl Task for Stress {
    type Point = Box<StressPoint>;
    type Output = Box<StressResults>;

    fn label(&self) -> String {
        format!("Stress {} graphs, {}, {}", self.plan.n_graphs(), self.dataset.name(), self.model.title())
    }

    fn memory(&self) -> Option<Need> {
        let need = Need::of_run(&self.dataset, &self.model, &self.recipe, RunOptions::PREVIEW);
        // The disturbed graph lies beside the one it was made of.
        let needed = need.needed.saturating_add(need.held).saturating_add(self.noisy_bytes());
        Some(Need { takes: "stress takes at most", needed, way_out: "fewer --kinds may take less", ..need })
    }

    fn leave_out(&mut self) -> Option<&'static str> {
        if self.noisy_bytes() == 0 {
            return None;
        }
        let kind = StressKind::FeatureNoise;
        self.plan.kinds.retain(|other| *other != kind);
        self.left_out
            .push(LeftOut { kind, why: "a number for every feature takes more memory than there is".to_owned() });
        Some("feature noise, which makes a number of every feature")
    }

    fn run(self, ctl: &Control, on_point: &mut dyn FnMut(Self::Point)) -> Result<Self::Output, TaskError> {
        let Self { dataset, model, recipe, mut plan, mut left_out } = self;
        let found = plan.leave_out(&dataset, &recipe, ctl)?;
        left_out.extend(found.into_iter().map(|(kind, why)| LeftOut { kind, why }));
        if plan.kinds.is_empty() {
            let why = left_out.iter().map(|left| format!("{}: {}", left.kind.key(), left.why)).collect::<Vec<_>>();
            return Err(TaskError::Nothing(format!("nothing is left to disturb ({})", why.join("; "))));
        }
        let mut points = Vec::new();
        stress(&dataset, &model, &recipe, &plan, ctl, |point| {
            on_point(Box::new(point.clone()));
            points.push(point);
        })?;
        let results = StressResults::new(&dataset, &model, &recipe, (plan, left_out), points);
        Ok(Box::new(with_sentences(results)))
    }
}
