//! Why a worker could not do its part.

use arrow_schema::ArrowError;

use crate::engine::EngineError;

/// Why a worker gave up. Its message is what the job shows.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The engine could not do it.
    #[error("block {block}: {source}")]
    Block {
        /// Which block.
        block: usize,
        /// Why.
        source: EngineError,
    },
    /// What came is no stream of record batches, or not with these columns.
    #[error("record batches: {0}")]
    Stream(String),
}

impl From<ArrowError> for WorkerError {
    fn from(error: ArrowError) -> Self {
        Self::Stream(error.to_string())
    }
}
