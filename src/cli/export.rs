//! `unifews export BUNDLE -o DIR`: for other programs, read back and compared; or for a pilot.

use std::sync::Arc;

use serde::Serialize;

use super::export_args::ExportArgs;
use super::failure::UsageError;
use super::output;
use super::progress::Terminal;
use super::replay::read_graph_of;
use crate::io::bundle::read_bundle;
use crate::io::export::{ExportItem, ExportReport, LimitIs, PilotNote, PilotOptions};
use crate::session::WrittenFile;
use crate::session::format::{bytes, count, percent};
use crate::session::tasks::export::{ExportInput, ExportItems};
use crate::session::tasks::no_points;
use crate::session::tasks::pilot::{PilotSource, WritePilot};
use crate::session::tasks::source::unpruned_model;

/// The word of `--as`.
const PILOT: &str = "pilot";

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    bundle: &'a std::path::Path,
    #[serde(flatten)]
    report: &'a ExportReport,
}

pub(super) fn run(args: &ExportArgs, terminal: &Terminal) -> anyhow::Result<()> {
    if args.items.iter().any(|word| word == PILOT) {
        return pilot(args, terminal);
    }
    if let Some(option) = args.pilot.given() {
        return Err(UsageError::new(option, "--as pilot with it", args.items.join(",")).into());
    }
    let mut items = Vec::new();
    for word in &args.items {
        let named = ExportItem::named(word);
        if named.is_empty() {
            let keys = ExportItem::ALL.map(ExportItem::key).join(", ");
            let expected =
                format!("all, weights, graphs, predictions, metrics, recipe or one of {keys}; or pilot alone");
            return Err(UsageError::new("--as", expected, word).into());
        }
        items.extend(named.into_iter().filter(|item| !items.contains(item)).collect::<Vec<_>>());
    }
    terminal.ctl().progress("reading the bundle", 0, 0);
    let bundle = read_bundle(&args.bundle)?;
    let dataset = read_graph_of(&bundle, &args.graph, terminal)?;
    let name = bundle.path.display().to_string();
    let pruned = ExportInput::Bundle(Box::new(bundle), Arc::new(dataset));
    let report = terminal.run(ExportItems { pruned, items, name, folder: args.output.clone() }, &mut no_points)?;
    terminal.clear();
    for left_out in &report.left_out {
        output::note(&format!("left out: {}: {}", left_out.item.key(), left_out.reason));
    }
    report.notes.iter().for_each(|note| output::note(note));
    if args.shared.json {
        return output::json(&Document { command: "export", bundle: &args.bundle, report: &report });
    }
    let rows = report.files.iter().map(|file| {
        let compared = format!("{} {}", count(file.n_compared as u64), file.compared);
        let difference = match file.max_difference {
            0.0 => "same bits".to_owned(),
            largest => format!("{largest:.1e}"),
        };
        vec![file.path.clone(), compared, bytes(file.size_bytes), difference]
    });
    let table = output::table(&["file", "read back and compared", "size", "largest difference"], 2, rows);
    output::lines(&[table, String::new(), format!("written to {}", report.folder.display())])
}

#[derive(Serialize)]
struct PilotDocument<'a> {
    command: &'static str,
    bundle: &'a std::path::Path,
    folder: &'a std::path::Path,
    is_verified: bool,
    n_files: usize,
    size_bytes: u64,
    pilot: &'a PilotNote,
}

/// The bundle and its baseline with a server.
fn pilot(args: &ExportArgs, terminal: &Terminal) -> anyhow::Result<()> {
    if args.items.len() > 1 {
        return Err(UsageError::new("--as", "pilot alone", args.items.join(",")).into());
    }
    let Some(model) = &args.pilot.model else {
        return Err(UsageError::new(
            "--model",
            "the model that was pruned, which the pilot holds this one against",
            "none",
        )
        .into());
    };
    let share = |option: &str, given: Option<f64>, usual: f64| match given.map_or(usual, |percent| percent / 100.0) {
        share if (0.0..=1.0).contains(&share) => Ok(share),
        share => Err(UsageError::new(option, "percent from 0 to 100", 100.0 * share)),
    };
    let usual = PilotOptions::default();
    let options = PilotOptions {
        share: share("--share", args.pilot.share, usual.share)?,
        sample: share("--sample", args.pilot.sample, usual.sample)?,
    };
    if let Some(points) = args.pilot.limit.filter(|points| !(*points > 0.0 && *points < 100.0)) {
        return Err(UsageError::new("--limit", "points above 0 and below 100", points).into());
    }
    terminal.ctl().progress("reading the bundle", 0, 0);
    let bundle = read_bundle(&args.bundle)?;
    let model = unpruned_model(&bundle, model)?;
    let dataset = read_graph_of(&bundle, &args.graph, terminal)?;
    let name = bundle.path.display().to_string();
    let source = PilotSource::Bundle(Box::new(bundle), Arc::new(dataset), Arc::new(model));
    let limit = args.pilot.limit.map(|points| points / 100.0);
    let task = WritePilot { source, options, limit, name, folder: args.output.clone() };
    let written = terminal.run(task, &mut no_points)?;
    terminal.clear();
    let (exported, note) = (&written.exported, &written.note);
    let size_bytes = exported.files.iter().map(|file: &WrittenFile| file.size_bytes).sum();
    if args.shared.json {
        let (bundle, folder, is_verified) = (args.bundle.as_path(), exported.folder.as_path(), exported.is_verified);
        let n_files = exported.files.len();
        let command = "export";
        return output::json(&PilotDocument { command, bundle, folder, is_verified, n_files, size_bytes, pilot: note });
    }
    let by = if note.limit.limit_is == LimitIs::Certified { "certified" } else { "asked" };
    output::lines(&[
        format!("{}: {} of the nodes keep their class", note.title, percent(note.agreement)),
        format!(
            "{} of the nodes go to the pruned model, {} get both answers into the log; limit {:.1} points, {by}",
            percent(note.options.share),
            percent(note.options.sample),
            100.0 * note.limit.limit,
        ),
        format!("wrote {} ({} files, {})", exported.folder.display(), exported.files.len(), bytes(size_bytes)),
        format!("start with: python {}/serve.py ({}/README.md)", exported.folder.display(), exported.folder.display()),
    ])
}
