//! How often something is done to say what it takes.

use std::time::Instant;

use crate::engine::error::EngineError;
use crate::engine::timing::median;

/// Median seconds of `n` runs after one to warm up.
pub(super) fn seconds_of<T>(n: usize, mut f: impl FnMut() -> Result<T, EngineError>) -> Result<f64, EngineError> {
    f()?;
    let mut secs = Vec::with_capacity(n);
    for _ in 0..n.max(1) {
        let start = Instant::now();
        std::hint::black_box(f()?);
        secs.push(start.elapsed().as_secs_f64());
    }
    Ok(median(&secs))
}
