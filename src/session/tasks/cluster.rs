//! Writes the job that runs a pruned model on Apache Spark.

use std::path::PathBuf;
use std::sync::Arc;

use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::Run;
use crate::io::bundle::Bundle;
use crate::io::cluster::{JobNote, JobParts, JobWriter};

/// Writes a job's folder.
#[derive(Debug)]
pub(crate) struct WriteCluster {
    pub(crate) source: ClusterSource,
    pub(crate) folder: PathBuf,
}

/// What the job is made from.
#[derive(Debug)]
pub(crate) enum ClusterSource {
    Bundle(Box<Bundle>),
    Run(Arc<Run>),
}

impl Task for WriteCluster {
    type Point = ();
    type Output = JobNote;

    fn label(&self) -> String {
        "Write a job for a cluster".to_owned()
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<JobNote, TaskError> {
        let parts = match &self.source {
            ClusterSource::Bundle(bundle) => JobParts::of_bundle(bundle)?,
            ClusterSource::Run(run) => JobParts::of_run(run)?,
        };
        Ok(JobWriter::begin(&self.folder, ctl)?.write(&parts, ctl)?)
    }
}
