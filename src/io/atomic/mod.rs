//! Writing so that an interruption leaves what was there before, and so that nothing of anybody else's is lost.
//!
//! Outputs are written in a temporary folder beside their target and put into place in one step. A folder takes the place only of one
//! that this program wrote, file by file as the list in it says. Whatever an interruption leaves behind is put right and swept when the
//! next output is begun in the same folder.
//!
//! What is never here: knowledge of a format.

mod file;
mod folder;
mod limit;
mod list;
mod stamp;
mod swap;
mod target;
mod temporary;

pub use file::{AtomicFile, AtomicFiles, write_atomic};
pub use folder::{AtomicFolder, FolderFile, FolderPart};
pub use limit::keep_alive_at_file_size_limit;
pub(in crate::io) use temporary::{lock_soon, make_folder};
