//! `unifews predict BUNDLE --nodes LIST|FILE`, or `--arrivals FEATURES --edges EDGES`: the answers for some nodes.

use std::sync::Arc;

use anyhow::bail;

use super::output::{self, page};
use super::predict_args::PredictArgs;
use super::progress::Terminal;
use super::replay::read_graph_of;
use crate::io::bundle::read_bundle;
use crate::session::answer_page;
use crate::session::tasks::no_points;
use crate::session::tasks::predict::{Asked, AskedNodes, Predict, PredictSource};
use crate::session::words::{Language, Words};

pub(super) fn run(args: &PredictArgs, terminal: &Terminal) -> anyhow::Result<()> {
    terminal.ctl().progress("reading the bundle", 0, 0);
    let bundle = read_bundle(&args.bundle)?;
    let dataset = Arc::new(read_graph_of(&bundle, &args.graph, terminal)?);
    let asked = match (&args.nodes, &args.arrivals, &args.edges) {
        (Some(nodes), ..) => Asked::Known(AskedNodes::said(nodes)),
        (None, Some(features), Some(edges)) => Asked::Arriving { features: features.clone(), edges: edges.clone() },
        // The arguments' own rules refuse anything else.
        _ => bail!("--nodes, or --arrivals and --edges, say which nodes"),
    };
    let task = Predict { source: PredictSource::Bundle(Box::new(bundle), dataset), asked };
    let answers = terminal.run(task, &mut no_points)?;
    terminal.clear();
    if answers.n_different > 0 {
        output::note(&format!(
            "warning: {} of {} logits have other bits than those of the bundle (unifews replay says by how much)",
            answers.n_different,
            answers.nodes.iter().map(|node| node.logits.len()).sum::<usize>(),
        ));
    }
    if args.shared.json {
        output::json(&answers.nodes)
    } else {
        output::lines(&page(&answer_page(Words::of(Language::English), &answers)))
    }
}
