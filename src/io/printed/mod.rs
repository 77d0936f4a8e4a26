//! Pages for people who decide: one content, written as HTML and as PDF.
//!
//! What is never here: what is said. A page comes from the session, in the words of a language; here it is set.

mod form;
mod html;
mod page;
mod pdf;

pub use form::{PrintedForm, encode};
pub use page::{Block, Column, Facts, Page, Picture, Stage, Table};
