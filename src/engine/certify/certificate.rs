//! The certificate: everything that somebody else needs to test it again.

use serde::{Deserialize, Serialize};

use super::groups::{Group, degrees, members};
use super::nodes::{Calibration, NodeSet, halves};
use super::paired::{BETA, N_RATES, Paired};
use super::sequence::{SMALLEST_GROUP, Sequence, sequences};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Labels, Split, Topology};

/// Name and version of the form that a certificate is written in.
pub const CERTIFICATE_FORMAT: &str = "unifews-certificate/1";
/// What is to be certified.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CertifyOptions {
    /// The largest loss of accuracy that is accepted, a share above 0 and below 1.
    pub limit: f64,
    /// The confidence, `0.5..=0.99`.
    pub level: f64,
    /// Which validation nodes are used.
    pub calibration: Calibration,
}

impl Default for CertifyOptions {
    /// 2 points at 95 %, on all validation nodes.
    fn default() -> Self {
        Self { limit: 0.02, level: 0.95, calibration: Calibration::Validation }
    }
}

/// One pruned model of the path.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// What it is called, for example `90 % of the entries`.
    pub title: &'a str,
    /// The class it predicts for every node. `[n_nodes]`
    pub predictions: &'a [u32],
}

/// How many nodes of a set are given another class than by the baseline: accuracy on the set falls by at most this share, for certain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedClasses {
    /// The set's name.
    pub nodes: String,
    /// Its nodes.
    pub n: usize,
    /// Those whose predicted class changed.
    pub n_changed: usize,
}

impl ChangedClasses {
    /// The deterministic bound, `0..=1`; 0 without nodes.
    pub fn bound(&self) -> f64 {
        self.n_changed as f64 / self.n.max(1) as f64
    }
}

/// One model of the path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathPoint {
    /// What it is called.
    pub title: String,
    /// The deterministic bound for all nodes and for each part of the split.
    pub changed: Vec<ChangedClasses>,
}

/// What is certified, of which models, from which nodes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Always [`CERTIFICATE_FORMAT`].
    pub format: String,
    /// The limit, a share.
    pub limit: f64,
    /// The confidence.
    pub level: f64,
    /// What the interval of the discordance rate may miss it with ([`BETA`]).
    pub beta: f64,
    /// At how many rates the tail is computed ([`N_RATES`]).
    pub n_rates: usize,
    /// The split's name.
    pub split: String,
    /// Which validation nodes were used.
    pub calibration: Calibration,
    /// Calibration nodes: labelled, by position, in ascending order.
    pub nodes: Vec<u32>,
    /// In-neighbours of each calibration node, self-loops not counted.
    pub degrees: Vec<usize>,
    /// The parts of the split, for the deterministic bound.
    pub parts: Vec<NodeSet>,
    /// The models, from the baseline to the sparsest, as they were tested.
    pub path: Vec<PathPoint>,
    /// Which of them this certificate lies beside, from 0: the one that `predictions.csv` is of.
    pub exported: Option<usize>,
    /// The test on all calibration nodes.
    pub overall: Sequence,
    /// The test on every class and on every quarter of the degrees, each for itself.
    pub groups: Vec<Group>,
    /// What the certificate covers, in words.
    pub covers: Vec<String>,
    /// What it does not cover.
    pub does_not_cover: Vec<String>,
}

impl Certificate {
    /// Whether the model it lies beside is certified.
    pub fn holds(&self) -> bool {
        self.exported.is_some_and(|at| self.overall.certified.is_some_and(|last| at <= last))
    }

    /// The same certificate in words that hold where the test nodes were not known when the models were made, and calibration nodes were.
    #[must_use]
    pub fn of_known_nodes(mut self) -> Self {
        if let Some(covered) = self.covers.get_mut(COVERED_NODES) {
            "nodes that were known when the models were made, as the calibration nodes were".clone_into(covered);
        }
        if let Some(not) = self.does_not_cover.get_mut(NEW_NODES) {
            "nodes that arrive after pruning, the test nodes among them: calibration nodes were known when the models were made, those were \
             not, so the two are not exchangeable"
                .clone_into(not);
        }
        self
    }

    /// The same certificate beside the model at a point of the path.
    #[must_use]
    pub fn beside(mut self, point: usize) -> Self {
        self.exported = (point < self.path.len()).then_some(point);
        self
    }
}

/// Tests a path of models, from the baseline to the sparsest, on held-out nodes.
///
/// The path, its order and whatever made it must not have used a label of the calibration nodes.
///
/// # Errors
/// [`EngineError::Mismatch`] for a limit or level outside its range, where nodes have several classes, where the path is empty, where there are
/// fewer than [`SMALLEST_GROUP`] calibration nodes, where predictions are not of this graph or the split not of its nodes;
/// [`EngineError::Cancelled`].
///
/// # Shapes
/// `baseline: [n_nodes]`, the class that the baseline predicts.
pub fn certify(
    topology: &Topology,
    labels: &Labels,
    split: &Split,
    baseline: &[u32],
    path: &[Candidate<'_>],
    options: CertifyOptions,
    ctl: &Control,
) -> Result<Certificate, EngineError> {
    check(topology, labels, split, baseline, path, options)?;
    let nodes = calibration_nodes(labels, split, options.calibration)?;
    let degrees = degrees(topology);
    let mut sets = vec![nodes.clone()];
    let (kinds, members): (Vec<_>, Vec<_>) = members(labels, &degrees, &nodes).into_iter().unzip();
    sets.extend(members);
    let predictions: Vec<&[u32]> = path.iter().map(|candidate| candidate.predictions).collect();
    let counts = |set: &[u32]| predictions.iter().map(|pruned| Paired::of(baseline, pruned, labels, set)).collect();
    let counts: Vec<Vec<Paired>> = sets.iter().map(|set| counts(set)).collect();
    let mut tests = sequences(&counts, options.limit, options.level, ctl)?.into_iter();
    let overall = tests.next().flatten().unwrap_or_default();
    let sizes = sets.iter().skip(1).map(Vec::len);
    let groups = kinds.into_iter().zip(sizes).zip(tests);
    let parts: Vec<NodeSet> = [("train", &split.train), ("val", &split.val), ("test", &split.test)]
        .into_iter()
        .map(|(name, nodes)| NodeSet { name: name.to_owned(), nodes: sorted(nodes) })
        .collect();
    let point = |candidate: &Candidate<'_>| PathPoint {
        title: candidate.title.to_owned(),
        changed: changed(baseline, candidate.predictions, &parts),
    };
    let path: Vec<PathPoint> = path.iter().map(point).collect();
    Ok(Certificate {
        format: CERTIFICATE_FORMAT.to_owned(),
        limit: options.limit,
        level: options.level,
        beta: BETA,
        n_rates: N_RATES,
        split: split.name.clone(),
        calibration: options.calibration,
        degrees: nodes.iter().map(|u| degrees[*u as usize]).collect(),
        covers: covers(&overall, &path, nodes.len(), options),
        does_not_cover: does_not_cover(options),
        nodes,
        parts,
        exported: None,
        path,
        overall,
        groups: groups.map(|((kind, n), sequence)| Group { kind, n, sequence }).collect(),
    })
}

/// The nodes that a certificate tests on, in ascending order.
///
/// # Errors
/// [`EngineError::Mismatch`] where there are fewer than [`SMALLEST_GROUP`].
pub fn calibration_nodes(labels: &Labels, split: &Split, calibration: Calibration) -> Result<Vec<u32>, EngineError> {
    let (mut nodes, which) = match calibration {
        Calibration::Validation => (split.val.clone(), ""),
        Calibration::Half { seed } => (halves(&split.val, seed).1, " in the half that is tested"),
    };
    nodes.retain(|u| labels.is_labelled(*u as usize));
    nodes.sort_unstable();
    if nodes.len() < SMALLEST_GROUP {
        let expected =
            format!("at least {SMALLEST_GROUP} labelled validation nodes{which}; a split with more of them has enough");
        return Err(EngineError::mismatch("certificate", expected, nodes.len()));
    }
    Ok(nodes)
}

fn sorted(nodes: &[u32]) -> Vec<u32> {
    let mut nodes = nodes.to_vec();
    nodes.sort_unstable();
    nodes
}

fn check(
    topology: &Topology,
    labels: &Labels,
    split: &Split,
    baseline: &[u32],
    path: &[Candidate<'_>],
    options: CertifyOptions,
) -> Result<(), EngineError> {
    let CertifyOptions { limit, level, .. } = options;
    if !(limit > 0.0 && limit < 1.0) {
        return Err(EngineError::mismatch(
            "certificate limit",
            "a share above 0 and below 1, as 0.02 for 2 points",
            limit,
        ));
    }
    if !(0.5..=0.99).contains(&level) {
        return Err(EngineError::mismatch("certificate level", "0.5 to 0.99, as 0.95", level));
    }
    if path.is_empty() {
        return Err(EngineError::mismatch("certificate", "a path of at least one pruned model", "none"));
    }
    let n = topology.n_nodes();
    split.check(n)?;
    if labels.tags().is_some() {
        let expected = "one class per node: with several, a prediction is not right or wrong as a whole";
        return Err(EngineError::mismatch("certificate", expected, "labels with any number of classes per node"));
    }
    let lengths = std::iter::once(("baseline", baseline)).chain(path.iter().map(|c| (c.title, c.predictions)));
    for (title, predictions) in lengths {
        if predictions.len() != n {
            let what = format!("certificate, predictions of {title}");
            return Err(EngineError::mismatch(what, format!("{n} nodes"), predictions.len()));
        }
    }
    Ok(())
}

/// The deterministic bound of one model, for all nodes and for every part.
fn changed(baseline: &[u32], predictions: &[u32], parts: &[NodeSet]) -> Vec<ChangedClasses> {
    let is_changed = |u: usize| baseline[u] != predictions[u];
    let all = ChangedClasses {
        nodes: "all".to_owned(),
        n: baseline.len(),
        n_changed: (0..baseline.len()).filter(|u| is_changed(*u)).count(),
    };
    let of_part = |part: &NodeSet| ChangedClasses {
        nodes: part.name.clone(),
        n: part.nodes.len(),
        n_changed: part.nodes.iter().filter(|u| is_changed(**u as usize)).count(),
    };
    std::iter::once(all).chain(parts.iter().map(of_part)).collect()
}

/// Where it stands in [`Certificate::covers`] which nodes are covered.
const COVERED_NODES: usize = 1;
/// Where it stands in [`Certificate::does_not_cover`] what of new nodes.
const NEW_NODES: usize = 1;

/// A share in points of accuracy, without zeros at its end.
fn points(share: f64) -> String {
    let points = (share * 1e4).round() / 100.0;
    if (points - 1.0).abs() < 1e-9 { "1 point".to_owned() } else { format!("{points} points") }
}

fn covers(overall: &Sequence, path: &[PathPoint], n_nodes: usize, options: CertifyOptions) -> Vec<String> {
    let (limit, level) = (points(options.limit), options.level * 100.0);
    let level = (level * 100.0).round() / 100.0;
    let statement = match overall.certified.and_then(|last| path.get(last)) {
        Some(last) => format!(
            "with {level} % confidence, up to and including \"{}\" every model of the path loses at most {limit} of accuracy on the \
             population that the {n_nodes} calibration nodes were drawn from",
            last.title
        ),
        None => format!("no model of the path: a loss above {limit} cannot be ruled out with {level} % confidence"),
    };
    vec![
        statement,
        "nodes that are exchangeable with the calibration nodes: the models were made without treating the two differently".to_owned(),
        "for certain and without labels: on any set of nodes of this graph, accuracy falls by at most the share of its nodes whose \
         predicted class changed"
            .to_owned(),
    ]
}

fn does_not_cover(options: CertifyOptions) -> Vec<String> {
    let mut not = vec![
        "the loss measured on one set of test nodes: it scatters around the population's and may lie above the limit".to_owned(),
        "new nodes, which arrive after pruning, unless the calibration nodes were left out of every fit as those are".to_owned(),
        "other graphs, and this one once its nodes, features or entries change".to_owned(),
        "several statements at once: the smallest limit of a model, and the result of every class or degree group, holds for one that \
         was chosen before its labels were looked at"
            .to_owned(),
    ];
    not.push(match options.calibration {
        Calibration::Validation => {
            "a path whose thresholds, stopping or choice of variant used labels of validation nodes: calibrate on half of them then"
                .to_owned()
        }
        Calibration::Half { .. } => "a path that used labels of the calibration half".to_owned(),
    });
    not
}
