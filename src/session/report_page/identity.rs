//! What was pruned: graph, model, dates and hashes.

use super::reported::Reported;
use super::say::Say;
use crate::io::checks::hash_of_manifest;
use crate::io::printed::{Column, Table};
use crate::session::check_page::day;
use crate::session::format::{count, percent};

/// From which files the page was made.
pub(super) fn subtitle(of: &Reported, say: Say) -> String {
    let program = &of.bundle.manifest.program;
    say.with(
        "report-subtitle",
        &[
            ("bundle", of.name.as_str().into()),
            ("program", program.name.as_str().into()),
            ("version", program.version.as_str().into()),
        ],
    )
}

/// Digits of a hash on the first page; the appendix has all.
const SHORT_HASH: usize = 16;

/// SHA-256 of graph, unpruned model and manifest.
fn hashes_of(of: &Reported) -> [String; 3] {
    let manifest = &of.bundle.manifest;
    [manifest.graph.sha256.clone(), manifest.model.given_sha256.clone(), hash_of_manifest(manifest)]
}

/// The hashes in full.
pub(super) fn hash_table(of: &Reported, say: Say) -> Table {
    let names = [say.text("report-hash-graph"), say.text("report-hash-model"), say.text("report-hash-bundle")];
    Table {
        caption: String::new(),
        columns: vec![(String::new(), Column::Text), (String::new(), Column::Text)],
        rows: names.into_iter().zip(hashes_of(of)).map(|(name, hash)| vec![name, hash]).collect(),
        chosen: None,
    }
}

pub(super) fn table(of: &Reported, say: Say) -> Table {
    let manifest = &of.bundle.manifest;
    let (graph, model) = (&manifest.graph, &manifest.model);
    let n = |n: usize| count(n as u64);
    let about_graph = say.with(
        "report-graph-says",
        &[
            ("name", graph.name.as_str().into()),
            ("source", graph.source.as_str().into()),
            ("nodes", n(graph.n_nodes).into()),
            ("entries", n(graph.n_entries).into()),
            ("features", n(graph.n_features).into()),
            ("classes", n(graph.class_names.len().max(of.bundle.model.n_classes())).into()),
        ],
    );
    let trained = match &model.trained_on {
        Some(on) => say.with(
            "report-model-trained",
            &[
                ("model", model.title.as_str().into()),
                ("graph", on.graph.as_str().into()),
                ("split", on.split.as_str().into()),
                ("epochs", n(on.epochs).into()),
                ("best", n(on.best_epoch).into()),
                ("seed", on.seed.to_string().into()),
            ],
        ),
        None => model.title.clone(),
    };
    let [of_graph, of_model, of_bundle] = hashes_of(of).map(|hash| hash.chars().take(SHORT_HASH).collect::<String>());
    let hashes = say.with(
        "report-hashes-say",
        &[("graph", of_graph.into()), ("model", of_model.into()), ("bundle", of_bundle.into())],
    );
    let mut rows = vec![
        vec![say.text("report-graph"), about_graph],
        vec![say.text("report-model"), trained],
        vec![say.text("report-hashes"), hashes],
    ];
    if let Some(machine) = &manifest.machine {
        let processor = machine.processor.clone().unwrap_or_else(|| machine.system.clone());
        let says = say.with(
            "report-machine-says",
            &[
                ("processor", processor.into()),
                ("system", machine.system.as_str().into()),
                ("threads", machine.n_threads.to_string().into()),
            ],
        );
        rows.insert(2, vec![say.text("report-machine"), says]);
    }
    if let Some((first, last)) = of.history.first().zip(of.history.last()) {
        let says = say.with(
            "report-checks-say",
            &[("n", n(of.history.len()).into()), ("first", day(first.at).into()), ("last", day(last.at).into())],
        );
        rows.push(vec![say.text("report-checks"), says]);
    }
    if let Some(scores) = &of.bundle.metrics.scores {
        let agreement = percent(of.bundle.metrics.agreement);
        let says =
            say.with("report-split-says", &[("split", scores.split.as_str().into()), ("agreement", agreement.into())]);
        rows.insert(2, vec![say.text("report-split"), says]);
    }
    Table {
        caption: String::new(),
        columns: vec![(String::new(), Column::Text), (String::new(), Column::Text)],
        rows,
        chosen: None,
    }
}
