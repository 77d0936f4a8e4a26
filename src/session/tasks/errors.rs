//! What the removed entries of a run change at every node, beside what bounds it.

use std::sync::Arc;

use super::{Need, Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{Bounds, NodeErrors, Run, RunOptions, StepErrors, has_node_errors, node_errors};
use crate::engine::plot::{Curves, error_curves};
use crate::engine::sparsify::Recipe;
use crate::session::page::{PagePart, PageTable};

/// Errors and bounds of a run.
#[derive(Debug, Clone)]
pub struct ErrorReport {
    /// Of every graph step, at every node.
    pub nodes: Arc<Vec<NodeErrors>>,
    /// What the nodes of a step come to.
    pub steps: Vec<StepErrors>,
    /// The nodes by their error.
    pub curves: Arc<Curves>,
    /// One line per step, for window and terminal.
    pub page: Vec<PagePart>,
}

/// Computes them: one pruned forward.
#[derive(Debug, Clone)]
pub(crate) struct ErrorsOfNodes {
    pub(crate) run: Arc<Run>,
}

impl ErrorsOfNodes {
    /// Whether there are any for runs of this recipe, before one is made.
    ///
    /// # Errors
    /// [`TaskError::Nothing`].
    pub(crate) fn check(recipe: &Recipe) -> Result<(), TaskError> {
        if has_node_errors(recipe) {
            return Ok(());
        }
        let why =
            "nothing is bounded here: attention, mass mode and networks without a graph propagate over no fixed matrix";
        Err(TaskError::Nothing(why.to_owned()))
    }
}

impl Task for ErrorsOfNodes {
    type Point = ();
    type Output = Arc<ErrorReport>;

    fn label(&self) -> String {
        format!("Errors of {}, {}", self.run.dataset.name(), self.run.model.title())
    }

    fn memory(&self) -> Option<Need> {
        let Run { dataset, model, recipe, .. } = &*self.run;
        Some(Need::of_run(dataset, model, recipe, RunOptions::PREVIEW))
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Arc<ErrorReport>, TaskError> {
        let run = &self.run;
        ctl.progress("errors of the nodes", 0, 0);
        Self::check(&run.recipe)?;
        let nodes = node_errors(run, ctl)?;
        let steps: Vec<StepErrors> = nodes.iter().map(NodeErrors::summary).collect();
        let name = step_name(run);
        let subtitle = format!("{} on {}", run.model.title(), run.dataset.name());
        Ok(Arc::new(ErrorReport {
            curves: Arc::new(error_curves(&nodes, name, subtitle)),
            page: page(run, &steps),
            nodes: Arc::new(nodes),
            steps,
        }))
    }
}

fn step_name(run: &Run) -> &'static str {
    if run.model.architecture.is_decoupled() { "Hop" } else { "Layer" }
}

/// One line per step, and what it means.
fn page(run: &Run, steps: &[StepErrors]) -> Vec<PagePart> {
    let number = |value: f64| format!("{value:.3}");
    let or_none = |value: Option<f64>| {
        value.filter(|v| v.is_finite()).map_or_else(|| crate::session::format::NONE.to_owned(), number)
    };
    let row = |step: &StepErrors| {
        let bounds: Option<&Bounds> = run.bounds.iter().find(|bounds| bounds.step == step.step);
        vec![
            format!("{} {}", step_name(run), step.step + 1),
            step.n_changed.to_string(),
            number(step.attained),
            number(step.bound),
            or_none(step.threshold_bound),
            number(step.median),
            number(step.largest),
            or_none(bounds.map(|b| b.measured_epsilon)),
            or_none(bounds.map(|b| b.lemma_2_epsilon)),
        ]
    };
    let header =
        ["step", "nodes changed", "error", "bound", "bound by δ", "median node", "largest node", "ε", "ε bound"];
    let header = header.map(str::to_owned).to_vec();
    vec![
        PagePart::Table(PageTable { header, n_left: 1, rows: steps.iter().map(row).collect() }),
        PagePart::Line(
            "Error: norm of what the step's sums lack, over all nodes; bound: the same if no two messages cancelled; by δ: if every message that \
             went was as large as the threshold allows (Lemma 2 of the paper, node by node). ε: the largest change of the matrix itself. Errors \
             of steps before are not in it"
                .to_owned(),
        ),
    ]
}
