//! What a page is written as.

use std::path::Path;

use super::page::Page;
use super::{html, pdf};
use crate::io::figure::FigureError;

/// What a page is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PrintedForm {
    /// One file that a browser shows and prints: its styles and drawings are in it.
    #[default]
    Html,
    /// Sheets of A4.
    Pdf,
}

impl PrintedForm {
    /// Every form.
    pub const ALL: [Self; 2] = [Self::Html, Self::Pdf];

    /// The ending of its files.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Pdf => "pdf",
        }
    }

    /// As people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Html => "HTML",
            Self::Pdf => "PDF",
        }
    }

    /// The form that a name's ending says.
    pub fn of_path(path: &Path) -> Option<Self> {
        let ending = path.extension()?;
        Self::ALL.into_iter().find(|form| ending.eq_ignore_ascii_case(form.ending()))
    }
}

/// The bytes of a page: the same for the same page.
///
/// # Errors
/// [`FigureError::Render`] where a picture cannot be drawn.
pub fn encode(page: &Page, form: PrintedForm) -> Result<Vec<u8>, FigureError> {
    match form {
        PrintedForm::Html => Ok(html::html(page)?.into_bytes()),
        PrintedForm::Pdf => pdf::pdf(page),
    }
}
