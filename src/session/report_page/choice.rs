//! What the window asks about a report.

use super::price::Currency;
use crate::io::printed::PrintedForm;
use crate::session::words::Language;

/// What is chosen of the next report.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ReportChoice {
    /// Its language; none: the one that the program speaks.
    pub language: Option<Language>,
    /// What it is written as.
    pub form: PrintedForm,
    /// What an hour of one core costs; 0: no cost is said.
    pub per_core_hour: f64,
    /// In which currency.
    pub currency: Currency,
}
