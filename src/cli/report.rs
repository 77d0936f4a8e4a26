//! `unifews report BUNDLE… -o FILE`: one page for who decides, and appendices.

use std::path::Path;

use serde::Serialize;

use super::failure::UsageError;
use super::output;
use super::progress::Terminal;
use super::report_args::ReportArgs;
use crate::io::printed::PrintedForm;
use crate::session::format::bytes;
use crate::session::tasks::no_points;
use crate::session::tasks::report::{ReportSource, WriteReport};
use crate::session::words::Language;
use crate::session::{Price, ReportOptions};

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    output: &'a Path,
    size_bytes: u64,
    language: &'static str,
    bundles: &'a [String],
}

pub(super) fn run(args: &ReportArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let endings = || PrintedForm::ALL.map(|form| format!(".{}", form.ending())).join(" or ");
    let form = PrintedForm::of_path(&args.output).ok_or_else(|| {
        UsageError::new("--output", format!("a name that ends in {}", endings()), args.output.display())
    })?;
    let price = args.price.map(|per_core_hour| {
        if per_core_hour > 0.0 && per_core_hour.is_finite() {
            Ok(Price { per_core_hour, currency: args.currency.unwrap_or_default() })
        } else {
            Err(UsageError::new("--price", "a number above 0: what an hour of one core costs", per_core_hour))
        }
    });
    let options =
        ReportOptions { language: args.language.unwrap_or_else(Language::of_system), price: price.transpose()? };
    let task = WriteReport {
        sources: args.bundles.iter().cloned().map(ReportSource::Stored).collect(),
        sweep: args.sweep.clone(),
        compare: args.compare.clone(),
        stress: args.stress.clone(),
        options,
        form,
        path: args.output.clone(),
    };
    let written = terminal.run(task, &mut no_points)?;
    terminal.clear();
    if args.shared.json {
        let language = options.language.key();
        let (size_bytes, bundles) = (written.size_bytes, written.bundles.as_slice());
        return output::json(&Document { command: "report", output: &written.path, size_bytes, language, bundles });
    }
    output::lines(&[format!("wrote {} ({})", written.path.display(), bytes(written.size_bytes))])
}
