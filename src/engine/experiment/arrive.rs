//! Nodes that arrive once a model was pruned for such nodes: scored by the recorded rule, on what they depend on alone.
//!
//! The answer is that of the enlarged graph in which only the rows of the new nodes are new: known nodes hear whom they heard, with the values
//! they had, and nothing of theirs is decided again. Degrees are those of the enlarged graph, so that a known neighbour counts the edges that
//! came. What is asked for does not stay: the next request starts from the same graph.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::arrive_by_norm::DecidingByNorm;
use super::run::Run;
use super::serve::{Answer, FieldSize, check_rows, field_limit};
use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Features};
use crate::engine::model::exec::infer::forward;
use crate::engine::model::{Model, Program};
use crate::engine::recovery::ArrivalRule;
use crate::engine::sparsify::masked_inference::MaskedInference;
use crate::engine::sparsify::pruned_operator::PrunedOperator;
use crate::engine::sparsify::receptive_field::{AddedNodes, FieldFinder, FieldLimit, ReceptiveField};
use crate::engine::sparsify::steps::Step;
use crate::engine::sparsify::{Compat, EdgeMode, Identity, Masks, Recipe};

/// An edge of a node that arrives. Nodes of the graph have their numbers; those that arrive follow them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewEdge {
    /// Who is heard.
    pub source: u32,
    /// Who hears.
    pub target: u32,
    /// 1 where the graph has no weights.
    pub weight: f32,
}

/// Nodes that arrive together.
#[derive(Debug, Clone, PartialEq)]
pub struct NewNodes {
    features: Features,
    edges: Vec<NewEdge>,
}

impl NewNodes {
    /// Checks what arrives against the graph that it comes to: `features: [n_new, f]`, and edges between new nodes, or a new and a known one.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for no node, another width, an edge between known nodes, to nobody, twice, or with a weight that cannot be;
    /// [`EngineError::NotFinite`].
    pub fn try_new(dataset: &Dataset, features: Features, edges: Vec<NewEdge>) -> Result<Self, EngineError> {
        let (known, width) = (dataset.n_nodes(), dataset.features().width());
        let n = known + features.n_rows();
        let refuse = |what: &str, expected: String, found: String| Err(EngineError::mismatch(what, expected, found));
        if features.n_rows() == 0 {
            return refuse("nodes that arrive", "at least one".to_owned(), "none".to_owned());
        }
        if features.width() != width {
            return refuse(
                "features of nodes that arrive",
                format!("{width} columns, as the graph has"),
                features.width().to_string(),
            );
        }
        if u32::try_from(n).is_err() {
            return refuse(
                "nodes that arrive",
                format!("fewer than {} nodes with those of the graph", u32::MAX),
                n.to_string(),
            );
        }
        let not_finite = match &features {
            Features::Dense(x) => x.iter().find(|value| !value.is_finite()),
            Features::Sparse(x) => x.data().iter().find(|value| !value.is_finite()),
        };
        if let Some(found) = not_finite {
            let what = "features of nodes that arrive".to_owned();
            return Err(EngineError::NotFinite { what, found: found.to_string() });
        }
        let mut seen: Vec<(u32, u32)> = Vec::with_capacity(edges.len());
        for (at, edge) in edges.iter().enumerate() {
            let (place, ends) =
                (format!("edge {} of nodes that arrive", at + 1), format!("{} and {}", edge.source, edge.target));
            if edge.source as usize >= n || edge.target as usize >= n {
                return refuse(&place, format!("nodes below {n}"), ends);
            }
            if (edge.source as usize) < known && (edge.target as usize) < known {
                return refuse(&place, "a node that arrives at one end".to_owned(), format!("the known nodes {ends}"));
            }
            if !edge.weight.is_finite() || edge.weight < 0.0 {
                return refuse(&place, "a finite weight of at least 0".to_owned(), edge.weight.to_string());
            }
            seen.push((edge.source, edge.target));
        }
        seen.sort_unstable();
        if let Some(twice) = seen.windows(2).find(|pair| pair[0] == pair[1]) {
            let found = format!("{} and {} twice", twice[0].0, twice[0].1);
            return refuse("edges of nodes that arrive", "every edge once".to_owned(), found);
        }
        Ok(Self { features: features.stored_as(dataset.features()), edges })
    }

    /// How many.
    pub fn n_nodes(&self) -> usize {
        self.features.n_rows()
    }
}

/// What decides which entries of a node that arrives stay.
#[derive(Debug, Clone, PartialEq)]
pub enum NewNodesRule {
    /// What a recovery for new nodes decided by: the node's uncertainty, and the certainty of whom it hears.
    Confidence(ArrivalRule),
    /// The norms of messages, by the threshold that was in force in every step: without recovery they decide entry by entry, whoever comes.
    Norms(Vec<f32>),
}

impl NewNodesRule {
    /// The rule of a run.
    ///
    /// # Errors
    /// As [`arrival_way`] and [`ArrivalRule::of`].
    pub fn of(run: &Run, ctl: &Control) -> Result<Self, EngineError> {
        let Run { dataset, model, recipe, split, pruned, .. } = run;
        Ok(match arrival_way(recipe)? {
            ArrivalWay::Confidence => {
                Self::Confidence(ArrivalRule::of(dataset, model, recipe, split, &pruned.masks.edges, ctl)?)
            }
            ArrivalWay::Norms => {
                let deltas = pruned.steps.iter().filter_map(|step| step.edges.as_ref()).map(|edges| edges.delta as f32);
                Self::Norms(deltas.collect())
            }
        })
    }

    /// One for every step.
    pub fn cuts(&self) -> &[f32] {
        match self {
            Self::Confidence(rule) => &rule.cuts,
            Self::Norms(cuts) => cuts,
        }
    }
}

/// By what nodes that arrive are decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArrivalWay {
    /// Uncertainty and certainty, as recovery for new nodes does.
    Confidence,
    /// Norms of messages.
    Norms,
}

/// By what a recipe decides of nodes that arrive.
///
/// # Errors
/// [`EngineError::Recipe`] where it decides by what belongs to the nodes of its graph, with the way out.
pub fn arrival_way(recipe: &Recipe) -> Result<ArrivalWay, EngineError> {
    if recipe.recovery.is_some() {
        return ArrivalRule::recovery_of(recipe).map(|_| ArrivalWay::Confidence);
    }
    let refuse = |field: &str, expected: &str, found: &str| {
        let expected =
            format!("{expected} for nodes that arrive, or a recipe for them (--recover one-shot --nodes-are new)");
        Err(EngineError::recipe(field, expected, found))
    };
    if recipe.edges.mode == EdgeMode::Mass {
        refuse("edges.mode", "absolute, relative or target", "mass, where what was pushed belongs to its graph")
    } else if recipe.edges.ranking.is_some() {
        refuse("edges.ranking", "none", "a ranking, which knows the nodes of its graph alone")
    } else if recipe.compat != Compat::CLEAN {
        refuse("compat", "clean", "the authors' form")
    } else if recipe.model.has("attention") {
        refuse("model", "a network without attention", "attention")
    } else {
        Ok(ArrivalWay::Norms)
    }
}

/// Whether nodes that arrive can be scored with a pruned model of this recipe, and how they are decided.
///
/// # Errors
/// As [`arrival_way`]; [`EngineError::Mismatch`] for a network that needs all nodes at once, or does not propagate.
pub fn can_arrive(recipe: &Recipe, program: &Program) -> Result<ArrivalWay, EngineError> {
    let way = arrival_way(recipe)?;
    check_rows(program)?;
    if recipe.model.n_graph_steps() == 0 {
        let expected = "a network that propagates";
        return Err(EngineError::mismatch(
            "nodes that arrive",
            expected,
            "one without a graph: score any rows of features",
        ));
    }
    Ok(way)
}

/// What answers for nodes that arrive: made once for a graph and a model; a request takes what the new nodes depend on.
pub struct ArrivalServer {
    dataset: Arc<Dataset>,
    model: Model,
    program: Program,
    recipe: Recipe,
    rule: NewNodesRule,
    finder: FieldFinder,
    inference: MaskedInference,
    limit: FieldLimit,
    links: Links,
}

impl std::fmt::Debug for ArrivalServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { dataset, model, .. } = self;
        f.debug_struct("ArrivalServer")
            .field("dataset", &dataset.name())
            .field("model", &model.architecture)
            .finish_non_exhaustive()
    }
}

/// What an edge of a graph means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Links {
    /// Every entry has its reverse: an edge counts both ways.
    pub both_ways: bool,
    /// Every node hears itself, and so does one that arrives.
    pub own: bool,
}

impl Links {
    /// As the structure shows. O(entries)
    pub fn of(dataset: &Dataset) -> Self {
        let topology = dataset.topology();
        Self { both_ways: topology.is_symmetric(), own: topology.n_self_loops() == topology.n_nodes() }
    }
}

/// The rows of nodes that arrive in the enlarged graph, sources ascending, with the values of the diffusion matrix.
struct Rows {
    indptr: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl Rows {
    fn row(&self, at: usize) -> std::ops::Range<usize> {
        self.indptr[at]..self.indptr[at + 1]
    }
}

impl ArrivalServer {
    /// A server of a pruned model, `model`, with what was decided of `dataset` by `recipe`, and its rule.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] when they do not fit each other, or where the network normalises over all nodes; [`EngineError::Recipe`].
    pub fn new(
        dataset: &Arc<Dataset>,
        model: &Model,
        recipe: &Recipe,
        masks: &Masks,
        rule: NewNodesRule,
    ) -> Result<Self, EngineError> {
        let (n, n_steps) = (dataset.n_nodes(), recipe.model.n_graph_steps());
        model.check_fits(dataset.features().width(), 0)?;
        let program = model.program();
        can_arrive(recipe, &program)?;
        let fits = |what: &str, expected: usize, found: usize| {
            if expected == found { Ok(()) } else { Err(EngineError::mismatch(what, expected, found)) }
        };
        fits("edge mask, entries", dataset.topology().n_entries(), masks.edges.n_entries())?;
        if let NewNodesRule::Confidence(rule) = &rule {
            fits("certainty of known nodes", n, rule.certainty.len())?;
        }
        fits("cuts for nodes that arrive", n_steps, rule.cuts().len())?;
        Ok(Self {
            dataset: Arc::clone(dataset),
            model: model.clone(),
            program,
            recipe: recipe.clone(),
            rule,
            finder: FieldFinder::pruned(dataset, recipe, &masks.edges)?,
            inference: MaskedInference::for_requests(None),
            limit: field_limit(dataset, model),
            links: Links::of(dataset),
        })
    }

    /// Scores nodes that arrive, in the order of their features. `[n_new, n_classes]`
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] where what they depend on takes more than a request may, [`EngineError::NotFinite`],
    /// [`EngineError::Cancelled`].
    pub fn score(&mut self, nodes: &NewNodes, ctl: &Control) -> Result<Answer, EngineError> {
        let steps = match &self.rule {
            NewNodesRule::Confidence(rule) => self.decide(rule, nodes, ctl)?,
            NewNodesRule::Norms(cuts) => self.undecided(nodes, cuts.len()),
        };
        let added = AddedNodes { first: self.dataset.n_nodes() as u32, n: nodes.n_nodes(), steps };
        let Some(field) = self.finder.find_added(&added, self.limit)? else {
            let expected = "fewer at a time: what they depend on is to take no more than 1 GiB";
            return Err(EngineError::mismatch("nodes that arrive", expected, nodes.n_nodes()));
        };
        let size = FieldSize { n_nodes: field.nodes.len(), n_entries: field.n_entries };
        let features = nodes.features.above(&self.dataset.features().select(&field.nodes[nodes.n_nodes()..]));
        self.inference.serve(field);
        let (program, model) = (&self.program, &self.model);
        let logits = match &self.rule {
            NewNodesRule::Confidence(_) => forward(program, model, &features, &mut self.inference, ctl)?,
            NewNodesRule::Norms(cuts) => {
                let kept = vec![true; added.steps.first().map_or(0, PrunedOperator::n_active_entries)];
                let inference = &mut self.inference;
                let mut deciding = DecidingByNorm { inference, cuts, n_new: nodes.n_nodes(), kept };
                forward(program, model, &features, &mut deciding, ctl)?
            }
        };
        Ok(Answer { logits, field: size })
    }

    /// What every step propagates over in the rows of the new nodes.
    fn decide(&self, rule: &ArrivalRule, nodes: &NewNodes, ctl: &Control) -> Result<Vec<PrunedOperator>, EngineError> {
        let (rows, first) = (self.rows(nodes), self.dataset.n_nodes() as u32);
        let (unsure, sure) = rule.confidence(&self.alone(rule, nodes, &rows, ctl)?)?;
        let certainty = |v: u32| match v.checked_sub(first) {
            None => rule.certainty[v as usize],
            Some(at) => sure[at as usize],
        };
        let mut steps = vec![(vec![0], Vec::new(), Vec::new()); rule.cuts.len()];
        for (at, unsure) in unsure.into_iter().enumerate() {
            ctl.check()?;
            let (u, row) = (first + at as u32, rows.row(at));
            let (sources, values) = (&rows.indices[row.clone()], &rows.values[row]);
            let keys = ArrivalRule::keys(u, sources, unsure, certainty);
            for (kept, step) in rule.kept(u, sources, &keys).into_iter().zip(&mut steps) {
                let (indptr, indices, of_kept): &mut (Vec<usize>, Vec<u32>, Vec<f32>) = step;
                indices.extend(sources.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(v, _)| *v));
                of_kept.extend(rule.values(values, &kept));
                indptr.push(indices.len());
            }
        }
        Ok(steps
            .into_iter()
            .map(|(indptr, indices, values)| PrunedOperator::of_rows(indptr, indices, values))
            .collect())
    }

    /// All entries of the rows of the new nodes in every step: norms decide when they are there.
    fn undecided(&self, nodes: &NewNodes, n_steps: usize) -> Vec<PrunedOperator> {
        let (rows, first) = (self.rows(nodes), self.dataset.n_nodes() as u32);
        // A node that keeps itself instead of its self-loop does not list it.
        let is_listed = |at: usize, v: u32| self.recipe.edges.identity != Identity::Residual || v != first + at as u32;
        let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
        for at in 0..nodes.n_nodes() {
            let listed: Vec<usize> = rows.row(at).filter(|k| is_listed(at, rows.indices[*k])).collect();
            indices.extend(listed.iter().map(|k| rows.indices[*k]));
            values.extend(listed.iter().map(|k| rows.values[*k]));
            indptr.push(indices.len());
        }
        vec![PrunedOperator::of_rows(indptr, indices, values); n_steps]
    }

    /// What the unpruned model says of every new node by itself, as loudly as its whole row. `[n_new, n_classes]`
    fn alone(
        &self,
        rule: &ArrivalRule,
        nodes: &NewNodes,
        rows: &Rows,
        ctl: &Control,
    ) -> Result<ndarray::Array2<f32>, EngineError> {
        let (n, first) = (nodes.n_nodes(), self.dataset.n_nodes() as u32);
        let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
        for at in 0..n {
            let row = rows.row(at);
            if rows.indices[row.clone()].contains(&(first + at as u32)) {
                indices.push(at as u32);
                values.push(rows.values[row].iter().map(|t| f64::from(*t)).sum::<f64>() as f32);
            }
            indptr.push(indices.len());
        }
        let n_steps = rule.cuts.len();
        let mut inference = MaskedInference::for_requests(None);
        inference.serve(ReceptiveField {
            nodes: (0..n as u32).collect(),
            n_rows: vec![n; n_steps + 1],
            n_entries: n_steps * indices.len(),
            steps: Step::same_in_all(PrunedOperator::of_rows(indptr, indices, values), n_steps),
        });
        let unpruned = &*rule.unpruned;
        forward(&unpruned.program(), unpruned, &nodes.features, &mut inference, ctl)
    }

    /// The rows of the new nodes in the enlarged graph.
    fn rows(&self, nodes: &NewNodes) -> Rows {
        let (known, n) = (self.dataset.n_nodes(), self.dataset.n_nodes() + nodes.n_nodes());
        let mut entries: Vec<(u32, u32, f32)> = Vec::new();
        for edge in &nodes.edges {
            entries.push((edge.target, edge.source, edge.weight));
            if self.links.both_ways && edge.source != edge.target {
                entries.push((edge.source, edge.target, edge.weight));
            }
        }
        if self.links.own {
            let mut given: Vec<u32> = nodes.edges.iter().filter(|e| e.source == e.target).map(|e| e.source).collect();
            given.sort_unstable();
            let lacking = (known as u32..n as u32).filter(|u| given.binary_search(u).is_err());
            entries.extend(lacking.map(|u| (u, u, 1.0)));
        }
        entries.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(b.2.total_cmp(&a.2)));
        // Said both ways with two weights: the larger, as where the graph was read.
        entries.dedup_by_key(|(row, column, _)| (*row, *column));
        let border = entries.partition_point(|(row, _, _)| (*row as usize) < known);
        let (of_known, of_new) = entries.split_at(border);
        let degree = |u: u32| {
            let (all, base) = if (u as usize) < known { (of_known, self.degree(u)) } else { (of_new, 0.0) };
            let first = all.partition_point(|(row, _, _)| *row < u);
            let row = all[first..].iter().take_while(|(row, _, _)| *row == u);
            let is_weighted = self.dataset.edge_weights().is_some();
            match row.fold(base, |sum, (_, _, weight)| sum + if is_weighted { f64::from(*weight) } else { 1.0 }) {
                0.0 => 1.0,
                sum => sum,
            }
        };
        let mut rows = Rows { indptr: vec![0], indices: Vec::new(), values: Vec::new() };
        for u in known as u32..n as u32 {
            let first = rows.indices.len();
            let from = of_new.partition_point(|(row, _, _)| *row < u);
            let row = || of_new[from..].iter().take_while(|(row, _, _)| *row == u);
            rows.indices.extend(row().map(|(_, column, _)| *column));
            let weights: Vec<f32> = row().map(|(_, _, weight)| *weight).collect();
            let weights = self.dataset.edge_weights().map(|_| weights.as_slice());
            let degrees: Vec<f64> = rows.indices[first..].iter().map(|v| degree(*v)).collect();
            rows.values.extend(Diffusion::of_row(self.recipe.matrix(), degree(u), &degrees, weights));
            rows.indptr.push(rows.indices.len());
        }
        rows
    }

    /// The sum of a known node's row.
    fn degree(&self, u: u32) -> f64 {
        row_sum(&self.dataset, u as usize)
    }
}

/// The sum of the weights of a row; without weights its length.
pub fn row_sum(dataset: &Dataset, u: usize) -> f64 {
    let topology = dataset.topology();
    match dataset.edge_weights() {
        None => topology.degree(u) as f64,
        Some(weights) => weights[topology.row_range(u)].iter().map(|w| f64::from(*w)).sum(),
    }
}
