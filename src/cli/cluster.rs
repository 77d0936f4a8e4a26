//! `unifews cluster BUNDLE -o DIR`: the same recipe as a job for Apache Spark.

use serde::Serialize;

use super::beyond_args::ClusterArgs;
use super::output;
use super::progress::Terminal;
use crate::io::bundle::read_bundle;
use crate::io::cluster::JobNote;
use crate::io::escaped_path;
use crate::session::tasks::cluster::{ClusterSource, WriteCluster};
use crate::session::tasks::no_points;

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    output: &'a std::path::Path,
    #[serde(flatten)]
    job: &'a JobNote,
}

pub(super) fn run(args: &ClusterArgs, terminal: &Terminal) -> anyhow::Result<()> {
    terminal.ctl().progress("reading the bundle", 0, 0);
    let source = ClusterSource::Bundle(Box::new(read_bundle(&args.bundle)?));
    let job = terminal.run(WriteCluster { source, folder: args.output.clone() }, &mut no_points)?;
    terminal.clear();
    if args.shared.json {
        return output::json(&Document { command: "cluster", output: &args.output, job: &job });
    }
    let folder = escaped_path(&args.output);
    output::lines(&[
        format!("{}, {} features: a job for PySpark 4", job.model, job.n_features),
        format!("wrote {folder}"),
        format!(
            "run: spark-submit {folder}/job.py --worker $(command -v unifews) --nodes NODES --edges EDGES --out DIR ({folder}/README.md)"
        ),
    ])
}
