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
    let mut rows = vec![
        vec![say.text("report-graph"), about_graph],
        vec![say.text("report-model"), trained],
        vec![say.text("report-hash-graph"), graph.sha256.clone()],
        vec![say.text("report-hash-model"), model.given_sha256.clone()],
        vec![say.text("report-hash-bundle"), hash_of_manifest(manifest)],
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
