//! Scores some nodes with a bundle or a run, on their receptive field alone: nodes of its graph, or nodes that arrive at it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::{Array2, ArrayView1};
use serde::Serialize;

use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{Answer, ArrivalServer, FieldSize, NewNodesRule, Run, Server, can_arrive};
use crate::engine::graph::{Dataset, Labels, Metric};
use crate::engine::score::predictions;
use crate::io::bundle::{Bundle, check_graph, margin};
use crate::io::{ArrivingNodes, LoadError, read_arrivals, read_node_ids};

/// Which nodes, with which pruned model.
#[derive(Debug)]
pub(crate) struct Predict {
    pub(crate) source: PredictSource,
    pub(crate) asked: Asked,
}

/// Who is to be scored.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    /// Nodes of the graph.
    Known(AskedNodes),
    /// Nodes that arrive at it: files of their features and of their edges.
    Arriving { features: PathBuf, edges: PathBuf },
}

/// A pruned model, and the graph that it was made from.
#[derive(Debug)]
pub(crate) enum PredictSource {
    Bundle(Box<Bundle>, Arc<Dataset>),
    Run(Arc<Run>),
}

/// Which nodes are asked for.
#[derive(Debug, Clone)]
pub(crate) enum AskedNodes {
    /// These ids, as the graph's file spells them.
    Ids(Vec<String>),
    /// Those of a file, one to a line.
    File(PathBuf),
}

/// What the pruned model says of one node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct NodeAnswer {
    /// Its id, as the graph's file spells it.
    pub(crate) node: String,
    /// What it is said to be.
    pub(crate) class: Said,
    /// The class by its name, where classes have names and a node has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) class_name: Option<String>,
    /// Largest logit minus second largest; with several classes per node the logit that is nearest to 0. None of a single class.
    pub(crate) margin: Option<f32>,
    /// `[n_classes]`
    pub(crate) logits: Vec<f32>,
}

/// One class, or those of several that a node is said to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Said {
    One(u32),
    /// All whose logit is above 0.
    All(Vec<usize>),
}

/// The answers for some nodes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answers {
    /// In the order in which they were asked for.
    pub(crate) nodes: Vec<NodeAnswer>,
    /// What they depend on.
    pub(crate) field: FieldSize,
    /// Logits that have other bits than those of the whole forward pass: none on a machine that computes as the one did that ran it.
    pub(crate) n_different: usize,
}

impl Task for Predict {
    type Point = ();
    type Output = Answers;

    fn label(&self) -> String {
        format!("Score nodes of {}", self.source.dataset().name())
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Answers, TaskError> {
        let Self { source, asked } = self;
        let dataset = source.dataset();
        match asked {
            Asked::Known(nodes) => {
                let nodes = nodes.find(dataset)?;
                let (mut server, whole) = source.server(ctl)?;
                ctl.progress("scoring", 0, 0);
                let answer = server.score(&nodes, &ctl.quiet())?;
                let expected = nodes.iter().flat_map(|u| whole.row(*u as usize));
                let pairs = answer.logits.iter().zip(expected);
                let n_different = pairs.filter(|(a, b)| a.to_bits() != b.to_bits()).count();
                let ids = nodes.iter().map(|u| dataset.node_id(*u as usize)).collect();
                Ok(source.answers(ids, answer, n_different))
            }
            Asked::Arriving { features, edges } => {
                ctl.progress("reading what arrives", 0, 0);
                let ArrivingNodes { nodes, ids } = read_arrivals(features, edges, dataset, &ctl.quiet())?;
                let mut server = source.arrivals(ctl)?;
                ctl.progress("scoring", 0, 0);
                let answer = server.score(&nodes, &ctl.quiet())?;
                Ok(source.answers(ids, answer, 0))
            }
        }
    }
}

impl PredictSource {
    fn dataset(&self) -> &Arc<Dataset> {
        match self {
            Self::Bundle(_, dataset) => dataset,
            Self::Run(run) => &run.dataset,
        }
    }

    /// What answers, and the logits of the whole forward pass.
    fn server(&self, ctl: &Control) -> Result<(Server, &Array2<f32>), TaskError> {
        match self {
            Self::Run(run) => {
                let (pruned, embedding) = (&run.pruned, run.pruned.embedding.as_deref());
                let server = Server::pruned(&run.dataset, &pruned.model, &run.recipe, &pruned.masks, embedding, ctl)?;
                Ok((server, &pruned.logits))
            }
            Self::Bundle(bundle, dataset) => {
                ctl.progress("checking the graph", 0, 0);
                check_graph(bundle, dataset)?;
                let masks = bundle.masks(dataset.topology())?;
                let embedding = bundle.embedding.as_ref();
                let server = Server::pruned(dataset, &bundle.model, &bundle.recipe, &masks, embedding, ctl);
                Ok((server.map_err(|error| LoadError::invalid(&bundle.path, error))?, &bundle.logits))
            }
        }
    }

    /// What answers for nodes that arrive.
    fn arrivals(&self, ctl: &Control) -> Result<ArrivalServer, TaskError> {
        match self {
            Self::Run(run) => {
                let Run { dataset, recipe, pruned, .. } = &**run;
                can_arrive(recipe, &pruned.model.program())?;
                ctl.progress("asking the known nodes", 0, 0);
                let rule = NewNodesRule::of(run, &ctl.quiet())?;
                Ok(ArrivalServer::new(dataset, &pruned.model, recipe, &pruned.masks, rule)?)
            }
            Self::Bundle(bundle, dataset) => {
                let invalid = |error| LoadError::invalid(&bundle.path, error);
                can_arrive(&bundle.recipe, &bundle.model.program()).map_err(invalid)?;
                let Some(rule) = &bundle.new_nodes else {
                    let expected =
                        "this file, which decides of nodes that arrive (prune again without --without-new-nodes)";
                    return Err(LoadError::content(&bundle.path, "new_nodes.safetensors", expected, "none").into());
                };
                ctl.progress("checking the graph", 0, 0);
                check_graph(bundle, dataset)?;
                let masks = bundle.masks(dataset.topology())?;
                let server = ArrivalServer::new(dataset, &bundle.model, &bundle.recipe, &masks, rule.clone());
                Ok(server.map_err(invalid)?)
            }
        }
    }

    /// The answers for nodes of these ids.
    fn answers(&self, ids: Vec<String>, answer: Answer, n_different: usize) -> Answers {
        let is_multi = self.is_multi();
        let names = self.dataset().labels().map_or(&[][..], |labels: &Labels| &labels.names);
        let classes = predictions(&answer.logits);
        let rows = ids.into_iter().zip(answer.logits.rows()).zip(classes);
        let nodes = rows.map(|((node, logits), class)| NodeAnswer {
            node,
            margin: margin_of(logits, is_multi),
            class_name: if is_multi { None } else { names.get(class as usize).cloned() },
            class: if is_multi { Said::All(above_zero(logits)) } else { Said::One(class) },
            logits: logits.to_vec(),
        });
        Answers { nodes: nodes.collect(), field: answer.field, n_different }
    }

    fn is_multi(&self) -> bool {
        match self {
            Self::Bundle(bundle, _) => {
                bundle.metrics.scores.as_ref().is_some_and(|scores| scores.metric == Metric::MicroF1)
            }
            Self::Run(run) => run.dataset.labels().is_some_and(|labels| labels.tags().is_some()),
        }
    }
}

fn above_zero(logits: ArrayView1<'_, f32>) -> Vec<usize> {
    logits.iter().enumerate().filter(|(_, logit)| **logit > 0.0).map(|(class, _)| class).collect()
}

fn margin_of(logits: ArrayView1<'_, f32>, is_multi: bool) -> Option<f32> {
    if is_multi { logits.iter().map(|logit| logit.abs()).reduce(f32::min) } else { margin(logits.iter().copied()) }
}

impl AskedNodes {
    /// Those of a file, if there is one of that name; else ids between commas.
    pub(crate) fn said(text: &str) -> Self {
        if Path::new(text).is_file() { Self::File(text.into()) } else { Self::listed(text) }
    }

    /// Ids between commas.
    pub(crate) fn listed(text: &str) -> Self {
        Self::Ids(text.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect())
    }

    /// The nodes of a graph.
    ///
    /// # Errors
    /// [`TaskError::Wrong`] for an id that it does not have.
    pub(crate) fn find(&self, dataset: &Dataset) -> Result<Vec<u32>, TaskError> {
        let nodes = match self {
            Self::File(path) => read_node_ids(path, dataset)?,
            Self::Ids(ids) => {
                let by_id = dataset.nodes_by_id();
                let node = |id: &String| by_id.find(id).ok_or_else(|| unknown(dataset, id));
                ids.iter().map(node).collect::<Result<_, _>>()?
            }
        };
        if nodes.is_empty() {
            return Err(wrong("at least one node id".to_owned(), "none"));
        }
        Ok(nodes)
    }
}

fn wrong(expected: String, found: &str) -> TaskError {
    TaskError::Wrong { what: "nodes", expected, found: found.to_owned() }
}

fn unknown(dataset: &Dataset, found: &str) -> TaskError {
    let expected = match dataset.node_ids() {
        Some(ids) => {
            let first = ids.first().map_or("", String::as_str);
            format!(
                "ids as the graph's file spells them (column node of predictions.csv), for example {first}, or a file of them"
            )
        }
        None => format!("numbers from 0 to {}, or a file of them", dataset.n_nodes().saturating_sub(1)),
    };
    wrong(expected, found)
}
