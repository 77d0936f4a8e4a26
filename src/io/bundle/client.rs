//! What goes along for the engineer who receives a bundle: a script that runs it, and a page that explains it.

use super::low::LowMetrics;
use super::metrics::{Metrics, NewNodesMetrics, TimingMetrics};
use super::names;
use super::options::BundleOptions;
use super::requests::{RequestMetrics, RequestSide};
use super::size::SizeMetrics;
use crate::engine::experiment::{Run, controls_say};
use crate::engine::graph::Metric;
use crate::engine::model::HiddenColumns;
use crate::engine::score::Score;
use crate::engine::sparsify::NodesAre;
use crate::io::format::{auc as auc_text, percent, seconds};
use crate::io::spreadsheet::spreadsheet_note;
use crate::io::text::escaped_markdown;

/// A script that loads a bundle, runs the program in its manifest and compares.
pub(super) const LOAD_BUNDLE_PY: &str = include_str!("load_bundle.py");

/// The bundle's `README.md`.
pub(super) fn readme(
    run: &Run,
    metrics: &Metrics,
    (options, arrivals): (BundleOptions, Option<u64>),
    verdict: &[String],
) -> String {
    let mut lines = vec![
        format!("# {} on {}, pruned by Unifews\n", run.model.title(), escaped_markdown(run.dataset.name())),
        format!(
            "{} nodes, {} entries. Of the entries that can be removed (self-loops cannot), {} were; of the weights, {}.\n",
            run.dataset.n_nodes(),
            run.dataset.topology().n_entries(),
            percent(metrics.totals.edge_sparsity),
            percent(metrics.totals.weight_sparsity),
        ),
    ];
    if let Some((first, rest)) = verdict.split_first() {
        lines.push(format!("**{first}.**\n"));
        lines.extend(rest.iter().map(|line| format!("{}.\n", line.trim())));
    }
    if metrics.is_static {
        lines.push(STATIC.to_owned());
    }
    lines.extend(metrics.new_nodes.as_ref().map(new_nodes));
    lines.extend(arriving(metrics, arrivals));
    lines.push(RUN_IT.to_owned());
    lines.extend(features(run, options));
    lines.extend(costs(metrics));
    lines.extend(metrics.size.iter().flat_map(sizes));
    lines.extend(metrics.low.iter().flat_map(low));
    lines.extend(losses(metrics));
    lines.push(FILES.to_owned());
    lines.extend(spreadsheet_note(&run.dataset).map(|note| format!("`{}`: {note}.\n", names::PREDICTIONS)));
    lines.join("\n")
}

const STATIC: &str = "\
**This bundle is static.** Accuracy was recovered on this graph: entries were chosen, and their values, weights and moments fitted, by what
the unpruned model says of its nodes. For other graphs or new nodes these numbers do not hold; prune again on the new graph.
";

/// For whom a bundle is whose accuracy was recovered for nodes that arrive later.
fn new_nodes(rows: &NewNodesMetrics) -> String {
    let NewNodesMetrics { known, unseen } = rows;
    let played = if unseen.n_nodes == 0 {
        "The split has no test nodes, so every node counted as known, and nothing here was measured on nodes that arrive later.".to_owned()
    } else {
        format!(
            "The {} test nodes played them: of the entries of their rows that can be removed {} were, of those of known nodes {}.",
            unseen.n_nodes,
            percent(unseen.edge_sparsity),
            percent(known.edge_sparsity),
        )
    };
    format!(
        "**This bundle is for new nodes.** Entries were chosen by a rule that asks the unpruned model nothing about nodes that arrive later,\n\
         and weights by what known nodes give. {played}\n\
         The model with the same rule goes with nodes that arrive; `edges` are those of this graph.\n"
    )
}

/// How nodes that arrive are scored, or that they cannot be. `arrivals`: bytes of what decides of them.
fn arriving(metrics: &Metrics, arrivals: Option<u64>) -> Option<String> {
    let Some(n_bytes) = arrivals else {
        let why = "what decides of them was left out, or the network needs all nodes at once";
        let says = format!("Nodes that arrive cannot be scored with this bundle: {why}.\n");
        return metrics.new_nodes.as_ref().map(|_| says);
    };
    let unpruned = if metrics.new_nodes.is_some() { ", the unpruned matrices among it" } else { "" };
    Some(format!(
        "`{}` ({n_bytes} bytes) has what decides of a node that arrives{unpruned}:\n\
         `unifews predict FOLDER --arrivals FEATURES --edges EDGES`, `python load_bundle.py --arrivals FEATURES --edges EDGES`, or\n\
         `arrive(load(folder), features, edges)` in a program.\n",
        names::NEW_NODES
    ))
}

const RUN_IT: &str = "\
## Run it

```
pip install numpy scipy safetensors
python load_bundle.py          # or, with torch installed: python load_bundle.py --torch
```

It computes the logits from `features`, `edges` and `model.safetensors` (with `--sparse`, or where that file is not there:
`model_sparse.safetensors`) and prints the largest difference from `logits.npy`. To use the model in a program, import `load_bundle` and call `forward(load(folder))`. With the program
that wrote this, `unifews replay FOLDER` gives every logit bit for bit.
";

const FILES: &str = "
## Files

`manifest.json` says how everything is ordered and has the SHA-256 of every file; `recipe.toml` made it;
`edges/layer_00.npz` … are SciPy matrices (row = target, column = source), one per layer or hop;
`masks.safetensors` has 1 for every weight that was kept; `predictions.csv` has one line per node, with its classes
by number and, where they have names, by name;
`metrics.json` has all numbers, `null` where nothing was measured.
";

/// What is said about the node features.
fn features(run: &Run, options: BundleOptions) -> Option<String> {
    if !options.without_features {
        return None;
    }
    let is_mass = run.pruned.embedding.is_some();
    let start = if is_mass {
        "`embedding.npy`, which the computation starts from, is made of them: the features propagated over the graph."
    } else {
        "`load_bundle.py` asks for them with `--features FILE`."
    };
    Some(format!(
        "**The node features were left out.** {start} `unifews replay FOLDER --graph PATH` needs the graph with them.\n"
    ))
}

/// The model in low precision.
fn low(low: &LowMetrics) -> Vec<String> {
    let number = |n: Option<f64>| n.map_or_else(|| "no finite number".to_owned(), |n| format!("{n:.1e}"));
    let mut lines = vec!["## In low precision\n".to_owned()];
    lines.push(format!(
        "`logits_low.npy` is the output with {}, from `model_sparse.safetensors` and `entry_values.safetensors`: logits are {} off,\n\
         {} at most; {} of the predictions stay. `python load_bundle.py --low` computes it again.",
        low.stored_as,
        number(low.relative_error),
        number(low.largest_difference),
        percent(low.agreement),
    ));
    if low.disk.is_some() || low.memory.is_some() {
        lines.push("\n| bytes | unpruned | pruned | low precision |\n| --- | ---: | ---: | ---: |".to_owned());
    }
    for (name, of) in [("model and graphs in files", low.disk), ("weights and entries in memory", low.memory)] {
        lines.extend(of.map(|of| format!("| {name} | {} | {} | {} |", of.baseline, of.pruned, of.low)));
    }
    lines.push(String::new());
    lines
}

/// What model and graphs take.
fn sizes(size: &SizeMetrics) -> Vec<String> {
    let mut lines = vec![
        "## What it takes\n".to_owned(),
        "| | bytes before | stored sparse |\n| --- | ---: | ---: |".to_owned(),
        format!(
            "| model, weights as {} | {} | {} |",
            size.values.key(),
            size.model_dense_bytes,
            size.model_sparse_bytes
        ),
    ];
    lines
        .extend(size.graphs.iter().map(|g| format!("| graph, {} | {} | {} |", g.title, g.bytes_before, g.bytes_after)));
    lines.push(
        "\n`model_sparse.safetensors` stores every tensor in the smallest of three encodings (all values; a bit per value and the\n\
         values that are not 0; compressed sparse rows); graphs count as compressed sparse rows with 32-bit columns and values."
            .to_owned(),
    );
    if let Some(rounding) = &size.rounding {
        let number = |n: Option<f64>| n.map_or_else(|| "no finite number".to_owned(), |n| format!("{n:.1e}"));
        lines.push(format!(
            "Storing the weights as {} moves a logit by {} at most ({} of the logits' norm); {} of the predictions stay.",
            size.values.key(),
            number(rounding.largest_difference),
            number(rounding.relative_error),
            percent(rounding.agreement),
        ));
    }
    lines.push(String::new());
    lines
}

fn costs(metrics: &Metrics) -> Vec<String> {
    let mut lines = vec![
        "## What it costs\n".to_owned(),
        "| step | removable entries | kept | weights | kept | operations | kept | error |".to_owned(),
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |".to_owned(),
    ];
    for step in &metrics.steps {
        // Of what can be removed, as everywhere.
        let edges = step.edges.as_ref().map(|e| {
            let own = e.n_self_loops as u64;
            ((e.n_entries as u64).saturating_sub(own), (e.n_after as u64).saturating_sub(own))
        });
        let weights = step.weights.as_ref().map(|w| (w.n_weights as u64, w.n_after as u64));
        let macs = Some((step.macs.baseline(), step.macs.pruned()));
        let cells = [edges, weights, macs].map(|counts| {
            counts.map_or_else(|| " | ".to_owned(), |(all, kept)| format!("{all} | {}", share(kept, all)))
        });
        let error = step.relative_error.map_or_else(|| "not measured".to_owned(), |e| format!("{e:.3e}"));
        lines.push(format!("| {} | {} | {error} |", step.title, cells.join(" | ")));
    }
    lines.push(format!(
        "\nOperations are multiply-accumulates by the rule `{}`. The error is the norm of the difference from the unpruned\n\
         forward after the step, as a share of the unpruned norm.",
        metrics.macs_rule
    ));
    lines.extend(metrics.hidden.iter().map(hidden));
    lines.push(metrics.timing.as_ref().map_or_else(
        || "\nTimes were not measured.\n".to_owned(),
        |timing| {
            format!(
                "\nMeasured with {} threads, medians of {} forward passes in turn: {} unpruned, {} pruned:\n{}.{}\n",
                timing.n_threads,
                timing.n_repeats,
                seconds(timing.baseline_secs),
                seconds(timing.pruned_secs),
                timing.speedup(),
                if timing.is_disturbed { " Something else kept the machine busy meanwhile." } else { "" },
            )
        },
    ));
    lines.extend(metrics.timing.iter().flat_map(requests));
    lines
}

/// What requests for a few nodes took.
fn requests(timing: &TimingMetrics) -> Vec<String> {
    if timing.requests.is_empty() {
        return Vec::new();
    }
    let head = "Requests for a few nodes, scored on their receptive field alone (`unifews predict`, `load_bundle.py --nodes`): medians, with\n\
                the time that 99 of 100 keep; finding the field and gathering its features count.\n\n\
                | nodes asked for | entries of the field | unpruned | pruned | |\n| ---: | ---: | ---: | ---: | --- |";
    let row = |request: &RequestMetrics| {
        let time = |side: &RequestSide| format!("{} ({})", seconds(side.median_secs), seconds(side.p99_secs));
        format!(
            "| {} | {} → {} | {} | {} | {}{} |",
            request.n_nodes,
            request.baseline.field_entries,
            request.pruned.field_entries,
            time(&request.baseline),
            time(&request.pruned),
            request.speedup(),
            if request.is_disturbed { "; busy machine" } else { "" },
        )
    };
    [head.to_owned()].into_iter().chain(timing.requests.iter().map(row)).chain([String::new()]).collect()
}

/// How many columns of a hidden representation are computed.
fn hidden(columns: &HiddenColumns) -> String {
    let HiddenColumns { weight, n_before, n_after, n_unread, n_constant } = columns;
    let why = if n_before == n_after {
        String::new()
    } else {
        format!(": no kept weight reads {n_unread}, {n_constant} hold a constant that goes into a bias")
    };
    format!("Hidden columns behind `{weight}`: {n_before}, of which {n_after} are computed{why}.")
}

fn losses(metrics: &Metrics) -> Vec<String> {
    let mut lines = vec![
        "## What it loses\n".to_owned(),
        match metrics.scores.as_ref().map(|s| s.metric) {
            Some(Metric::MicroF1) => {
                format!("{} of all decisions are those of the unpruned model.", percent(metrics.agreement))
            }
            _ => format!("{} of the nodes keep the class of the unpruned model.", percent(metrics.agreement)),
        },
    ];
    if let Some(scores) = &metrics.scores {
        let (split, metric) = (escaped_markdown(&scores.split), scores.metric.title());
        lines.push(format!("\n| {metric}, nodes of split {split} | unpruned | pruned |\n| --- | ---: | ---: |"));
        let accuracy = |score: Option<Score>| score.map_or_else(|| "no labels".to_owned(), |s| percent(s.accuracy));
        for (name, part) in [("train", &scores.train), ("val", &scores.val), ("test", &scores.test)] {
            lines.push(format!("| {name} | {} | {} |", accuracy(part.baseline), accuracy(part.pruned)));
        }
        if let (Some(baseline), Some(pruned)) = (area(scores.test.baseline), area(scores.test.pruned)) {
            lines.push(format!("\nOf the test nodes: unpruned {baseline}; pruned {pruned}."));
        }
        let note = "\nThe pruned score is that of exactly these files: no removed entry is put back for the nodes that are\nevaluated.";
        lines.push(note.to_owned());
    }
    lines.extend(controls(metrics));
    lines
}

fn area(score: Option<Score>) -> Option<String> {
    score.and_then(|score| score.auc).map(|auc| auc_text(&auc))
}

/// The same recovery with what it is said to live on taken away.
fn controls(metrics: &Metrics) -> Vec<String> {
    if metrics.controls.is_empty() {
        return Vec::new();
    }
    let mut lines = vec!["\n| control | test | keep their class |\n| --- | ---: | ---: |".to_owned()];
    lines.extend(metrics.controls.iter().map(|control| {
        let test = control.test.map_or_else(|| "no labels".to_owned(), |score| percent(score.accuracy));
        format!("| {} | {test} | {} |", control.kind.title(), percent(control.agreement))
    }));
    let nodes = if metrics.new_nodes.is_some() { NodesAre::New } else { NodesAre::Static };
    lines.push(format!("\n{}.", controls_say(nodes)));
    lines
}

fn share(kept: u64, all: u64) -> String {
    if all == 0 { "none".to_owned() } else { percent(kept as f64 / all as f64) }
}
