//! A job for Apache Spark: the folder that is sent there, what its workers read and write, and what it leaves.
//!
//! | file of a job, `unifews-cluster-job/1` | content |
//! | --- | --- |
//! | `job.py` | the job: `spark-submit job.py --nodes … --edges … --out …` |
//! | `job.json` | [`JobNote`]: program, model, classes, how edges are to be read, thresholds of the bundle |
//! | `recipe.toml`, `model.safetensors`, `masks.safetensors` | those of the bundle |
//! | `README.md`, `requirements.txt` | for the engineer who runs it |
//!
//! | stream of a worker, Arrow IPC | columns |
//! | --- | --- |
//! | edges, to assemble | `block`, `row`, `column` (i64; a row below 0 names a block alone), `weight` (f32), `against` (bool); by block |
//! | rows of features, to pack | `block`, `row` (i64), `features` (list of f32); by block and row |
//! | blocks | `block`, `source` (i64; below 0 the block's own part), `part` (text), `payload` (bytes, `bytes.rs`); by block and source |
//!
//! What is never here: deciding, computing.

mod bytes;
mod columns;
mod error;
mod folder;
mod metrics;
mod outcome;
mod stream;

pub use error::WorkerError;
pub use folder::{CLUSTER_FORMAT, JobFolder, JobNote, JobParts, JobWriter, StageNote};
pub use metrics::{ClusterMetrics, metrics_of};
pub use outcome::{JobOutcome, StepEntries, outcome_of_bundle, outcome_of_run, read_outcome};
pub use stream::{Blocks, assemble, entries, pack, predictions, stage};
