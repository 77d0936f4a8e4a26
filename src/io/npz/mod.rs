//! NumPy archives (`.npz`): a zip file of `.npy` arrays, stored or deflated, read and written one array at a time.
//!
//! What is never here: what the arrays mean.

mod read;
mod write;

pub(crate) use read::{MAX_EXPANSION, Npz, names_inside, unpacked_limit, zip_fault};
pub(crate) use write::{NpzWriter, entry_options};
