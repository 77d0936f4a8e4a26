//! Whether there is memory for a line of a table.

use crate::io::MemoryBudget;
use crate::session::format::bytes;
use crate::session::tasks::{Need, TaskError};

/// How much a line takes is known once its graph is read, so it is asked here and not before the task begins.
pub(super) fn check_memory(need: Need, memory: MemoryBudget) -> Result<(), TaskError> {
    let left = memory.left();
    if need.needed <= left.n_bytes {
        return Ok(());
    }
    let (takes, needed, there) = (need.takes, bytes(need.needed), bytes(left.n_bytes));
    let words = format!("{takes} about {needed}, and {there} are left ({}); {}", left.limit(), need.way_out);
    Err(TaskError::Nothing(words))
}
