//! `unifews export BUNDLE -o DIR`: for other programs, read back and compared.

use std::sync::Arc;

use serde::Serialize;

use super::args::ExportArgs;
use super::failure::UsageError;
use super::output;
use super::progress::Terminal;
use super::replay::read_graph_of;
use crate::io::bundle::read_bundle;
use crate::io::export::{ExportItem, ExportReport};
use crate::session::format::{bytes, count};
use crate::session::tasks::export::{ExportInput, ExportItems};
use crate::session::tasks::no_points;

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    bundle: &'a std::path::Path,
    #[serde(flatten)]
    report: &'a ExportReport,
}

pub(super) fn run(args: &ExportArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let mut items = Vec::new();
    for word in &args.items {
        let named = ExportItem::named(word);
        if named.is_empty() {
            let keys = ExportItem::ALL.map(ExportItem::key).join(", ");
            let expected = format!("all, weights, graphs, predictions, metrics, recipe or one of {keys}");
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
