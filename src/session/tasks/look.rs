//! Looks at some nodes of a run: what pruning did around them.

use std::sync::Arc;

use super::predict::AskedNodes;
use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::Run;
use crate::session::node_page::NodeReport;

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
