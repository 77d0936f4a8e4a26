//! Options of `unifews report`.

use std::path::PathBuf;

use clap::Args;

use super::input_args::SharedArgs;
use crate::session::Currency;
use crate::session::words::Language;

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// Bundles: folders or .zip; several are compared first
    #[arg(value_name = "BUNDLE", required = true)]
    pub(super) bundles: Vec<PathBuf>,
    /// The file to write, as its name ends: .html or .pdf
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// Language of the report [default: the system's]
    #[arg(long, value_name = "en|ja", value_parser = language)]
    pub(super) language: Option<Language>,
    /// What `unifews sweep -o` wrote: the trade-off, and where this bundle stands on it
    #[arg(long, value_name = "DIR")]
    pub(super) sweep: Option<PathBuf>,
    /// What `unifews sweep --methods -o` wrote: other methods at the same shares
    #[arg(long, value_name = "DIR")]
    pub(super) compare: Option<PathBuf>,
    /// What `unifews stress -o` wrote
    #[arg(long, value_name = "DIR")]
    pub(super) stress: Option<PathBuf>,
    /// What an hour of one core costs, for the cost of a million predictions
    #[arg(long, value_name = "X")]
    pub(super) price: Option<f64>,
    /// Currency of the price [default: USD]
    #[arg(long, value_name = "USD|JPY|EUR", requires = "price", value_parser = currency)]
    pub(super) currency: Option<Currency>,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

fn language(text: &str) -> Result<Language, String> {
    let keys = || Language::ALL.map(Language::key).join(" or ");
    Language::ALL.into_iter().find(|language| language.key() == text).ok_or_else(|| format!("expected {}", keys()))
}

fn currency(text: &str) -> Result<Currency, String> {
    let keys = || Currency::ALL.map(Currency::key).join(", ");
    let own = Currency::ALL.into_iter().find(|currency| currency.key().eq_ignore_ascii_case(text));
    own.ok_or_else(|| format!("expected one of {}", keys()))
}
