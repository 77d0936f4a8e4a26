//! Text as files hold it and as people read it: numbers, names that may be shown, quotations.
//!
//! What is never here: files, and what a text means.

mod escape;
pub(crate) mod number;
mod quote;

pub(crate) use escape::escaped_block;
pub use escape::{escaped, escaped_json, escaped_markdown, escaped_path, escaped_text};
pub(crate) use quote::shortened;
