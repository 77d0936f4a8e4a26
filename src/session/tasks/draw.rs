//! Draws a run's graph, or what reaches one of its nodes, into a file: pixels, shapes or numbers, as the name ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::predict::AskedNodes;
use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{EgoNetwork, Run};
use crate::engine::graph::Dataset;
use crate::engine::plot::{EgoView, GraphLayout, GraphMarks, NodeColouring, NodeShades};
use crate::io::atomic::write_atomic;
use crate::io::figure::GraphFigure;
use crate::io::{ending, escaped_text};
use crate::session::desk::Request as _;
use crate::session::ego::{EgoDrawing, EgoRequest};
use crate::session::format::count;
use crate::session::verdict::removed_in_short;

/// What is to be drawn, into which file.
#[derive(Debug, Clone)]
pub(crate) struct Draw {
    pub(crate) run: Arc<Run>,
    pub(crate) subject: DrawnSubject,
    pub(crate) path: PathBuf,
}

/// What is to be drawn.
#[derive(Debug, Clone)]
pub(crate) enum DrawnSubject {
    /// Nodes and edges, as the last layer leaves them.
    Graph,
    /// What reaches a node within some hops, as the last layer leaves it; its id, and hops where they are not the usual ones.
    Around { node: String, n_hops: Option<usize> },
}

impl Draw {
    /// Refuses a file whose name does not say what it is to be.
    ///
    /// # Errors
    /// [`TaskError::Wrong`].
    pub(crate) fn check_file(path: &Path) -> Result<(), TaskError> {
        Form::of(path).map(|_| ())
    }

    /// Refuses a node that a graph does not have.
    ///
    /// # Errors
    /// [`TaskError::Wrong`].
    pub(crate) fn check_node(dataset: &Dataset, node: &str) -> Result<(), TaskError> {
        node_of(dataset, node).map(|_| ())
    }
}

/// The node of an id, whatever stands in that.
fn node_of(dataset: &Dataset, id: &str) -> Result<u32, TaskError> {
    let found = AskedNodes::Ids(vec![id.trim().to_owned()]).find(dataset)?;
    found.first().copied().ok_or_else(|| TaskError::Nothing("no node was named".to_owned()))
}

/// What a file is to be.
#[derive(Debug, Clone, Copy)]
enum Form {
    Png,
    Svg,
    Csv,
}

impl Form {
    fn of(path: &Path) -> Result<Self, TaskError> {
        match ending(path).as_str() {
            "png" => Ok(Self::Png),
            "svg" => Ok(Self::Svg),
            "csv" => Ok(Self::Csv),
            _ => Err(TaskError::Wrong {
                what: "file of a drawing",
                expected: "a name that ends in .svg, .png or .csv".to_owned(),
                found: path.display().to_string(),
            }),
        }
    }
}

impl Task for Draw {
    type Point = ();
    /// What was written, for people.
    type Output = String;

    fn label(&self) -> String {
        format!("Draw {}", self.run.dataset.name())
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<String, TaskError> {
        let form = Form::of(&self.path)?;
        let (bytes, says) = match &self.subject {
            DrawnSubject::Graph => graph(&self.run, form, ctl)?,
            DrawnSubject::Around { node, n_hops } => around(&self.run, node, *n_hops, form, ctl)?,
        };
        ctl.check()?;
        write_atomic(&self.path, &bytes)?;
        Ok(format!("wrote {}: {says}", self.path.display()))
    }
}

fn graph(run: &Arc<Run>, form: Form, ctl: &Control) -> Result<(Vec<u8>, String), TaskError> {
    let dataset = &run.dataset;
    let layout = GraphLayout::new(dataset.topology(), ctl)?;
    let marks = GraphMarks::new(run, &layout, ctl)?;
    let by = if dataset.labels().is_some() { NodeColouring::Class } else { NodeColouring::Prediction };
    let last = marks.steps.len().saturating_sub(1);
    let shades = NodeShades::new(by, dataset, &layout, Some(&run.split), Some(&marks), last);
    let step = marks.steps.last();
    let shown = step.map_or_else(String::new, |step| format!(", {}", step.title.to_lowercase()));
    let [width, height] = layout.size();
    let figure = GraphFigure {
        dataset,
        layout: &layout,
        shades: &shades,
        edges: step.map(|step| &*step.edges),
        view: [0.0, 0.0, width, height],
        title: &format!("{}, {}{shown}", dataset.name(), run.model.title()),
        subtitle: &removed_in_short(run),
    };
    let bytes = match form {
        Form::Png => figure.png()?,
        Form::Svg => figure.svg().into_bytes(),
        Form::Csv => figure.csv()?,
    };
    let says = layout.sample_says(count).unwrap_or_else(|| {
        let (nodes, edges) = (layout.nodes().len() as u64, layout.edges().len() as u64);
        format!("{} nodes, {} edges", count(nodes), count(edges))
    });
    Ok((bytes, says))
}

fn around(
    run: &Arc<Run>,
    node: &str,
    n_hops: Option<usize>,
    form: Form,
    ctl: &Control,
) -> Result<(Vec<u8>, String), TaskError> {
    let id = node_of(&run.dataset, node)?;
    let n_hops = n_hops.unwrap_or_else(|| EgoNetwork::hops_of(run)[1]);
    let request = EgoRequest { run: Arc::clone(run), node: id, n_hops };
    let picture = Arc::new(request.compute(ctl)?);
    let network = &picture.network;
    let says = network.sample_says(count).unwrap_or_else(|| {
        let (nodes, entries) = (network.nodes.len() as u64, network.entries.len() as u64);
        format!("{} nodes, {} entries", count(nodes), count(entries))
    });
    let hops = if n_hops == 1 { "1 hop".to_owned() } else { format!("{n_hops} hops") };
    let id = run.dataset.node_id(id as usize);
    let says = format!("{says} within {hops} of node {}", escaped_text(&id));
    let step = network.steps.len().saturating_sub(1);
    let drawing = EgoDrawing { request, step, view: EgoView::Pruned, picture: Arc::clone(&picture) };
    let bytes = drawing.with_figure(|figure| match form {
        Form::Png => figure.png(),
        Form::Svg => Ok(figure.svg().into_bytes()),
        Form::Csv => figure.csv(),
    })?;
    Ok((bytes, says))
}
