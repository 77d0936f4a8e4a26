//! Looks at some nodes of a run, or at a weight: what pruning did around them.

use std::sync::Arc;

use super::predict::AskedNodes;
use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::Run;
use crate::engine::model::Model;
use crate::session::desk::Request as _;
use crate::session::node_page::NodeReport;
use crate::session::page::PagePart;
use crate::session::pictures::MatrixRequest;
use crate::session::selection::WeightPlace;

/// Which nodes, of which run.
#[derive(Debug)]
pub(crate) struct LookAtNodes {
    pub(crate) run: Arc<Run>,
    pub(crate) nodes: AskedNodes,
}

impl Task for LookAtNodes {
    type Point = ();
    type Output = Vec<NodeReport>;

    fn label(&self) -> String {
        format!("Look at nodes of {}", self.run.dataset.name())
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Vec<NodeReport>, TaskError> {
        let nodes = self.nodes.find(&self.run.dataset)?;
        ctl.progress("looking at nodes", 0, nodes.len());
        nodes.into_iter().map(|node| Ok(NodeReport::of(&self.run, node, &ctl.quiet())?)).collect()
    }
}

/// A weight as it is asked for: its matrix by its name, its input and its output from 0.
#[derive(Debug, Clone)]
pub(crate) struct AskedWeight {
    pub(crate) matrix: String,
    pub(crate) input: usize,
    pub(crate) output: usize,
}

impl AskedWeight {
    /// Where it is in a model.
    ///
    /// # Errors
    /// [`TaskError::Wrong`] for a matrix that the model does not have or that is smaller.
    pub(crate) fn find(&self, model: &Model) -> Result<WeightPlace, TaskError> {
        let Self { matrix: name, input, output } = self;
        let all = || (0..).map_while(|at| model.weight(at));
        let Some((matrix, weight)) = all().enumerate().find(|(_, weight)| weight.name == *name) else {
            let names: Vec<&str> = all().map(|weight| weight.name.as_str()).collect();
            return Err(wrong_weight(format!("one of {}", names.join(", ")), name.clone()));
        };
        if weight.values.get((*input, *output)).is_none() {
            let (d_in, d_out) = weight.values.dim();
            let expected = format!("an input below {d_in} and an output below {d_out} of {name}");
            return Err(wrong_weight(expected, format!("{input} and {output}")));
        }
        Ok(WeightPlace { matrix, input: *input, output: *output })
    }
}

fn wrong_weight(expected: String, found: String) -> TaskError {
    TaskError::Wrong { what: "weight", expected, found }
}

/// Which weight, of which run.
#[derive(Debug)]
pub(crate) struct LookAtWeight {
    pub(crate) run: Arc<Run>,
    pub(crate) weight: AskedWeight,
}

impl Task for LookAtWeight {
    type Point = ();
    type Output = Vec<PagePart>;

    fn label(&self) -> String {
        format!("Look at a weight of {}", self.run.model.title())
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Vec<PagePart>, TaskError> {
        let place = self.weight.find(&self.run.model)?;
        Ok(MatrixRequest { run: self.run, place }.compute(ctl)?)
    }
}
