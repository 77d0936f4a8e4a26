//! Measures this machine, and keeps what products cost on it.

use std::path::PathBuf;

use super::source::GraphSource;
use super::{Task, TaskError};
use crate::engine::bench::{SpeedPlan, SpeedReport, measure_speed};
use crate::engine::control::Control;
use crate::engine::graph::power_law_communities;
use crate::io::bundle::MachineNote;
use crate::io::{calibration_path, write_calibration};

/// Measures what a plan says.
#[derive(Debug)]
pub(crate) struct Bench {
    /// Without one, the plan's graph is generated.
    pub(crate) graph: Option<GraphSource>,
    pub(crate) plan: SpeedPlan,
    /// Whether the cost of products is kept for choosing them; not of a plan that only shows that it runs.
    pub(crate) is_kept: bool,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Benched {
    pub(crate) report: SpeedReport,
    pub(crate) machine: MachineNote,
    /// Where the cost of products is kept, or why it is not.
    pub(crate) kept: Option<Result<PathBuf, String>>,
}

impl Bench {
    /// As planned, or everything small and nothing kept.
    pub(crate) fn new(graph: Option<GraphSource>, is_quick: bool) -> Self {
        let plan = if is_quick { SpeedPlan::quick() } else { SpeedPlan::default() };
        Self { graph, plan, is_kept: !is_quick }
    }
}

impl Task for Bench {
    type Point = ();
    type Output = Benched;

    fn label(&self) -> String {
        "Measure this machine".to_owned()
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Benched, TaskError> {
        let Self { graph, plan, is_kept } = self;
        let dataset = match graph {
            Some(graph) => graph.get(ctl)?.0,
            None => power_law_communities(&plan.graph, ctl)?.shared(),
        };
        let report = measure_speed(&dataset, &plan, ctl)?;
        let machine = MachineNote::this(ctl.n_threads());
        let path = if is_kept { calibration_path() } else { None };
        let kept = path.map(|path| match write_calibration(&path, report.cost, machine.n_threads) {
            Ok(()) => Ok(path),
            // What was measured is shown all the same.
            Err(error) => Err(error.to_string()),
        });
        Ok(Benched { report, machine, kept })
    }
}
