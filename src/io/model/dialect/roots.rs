//! Which part of a file is the network: below which prefix its tensors lie.
//!
//! Checkpoints hold more than a network: the class weights of a loss, the counters of a metric, a copy with averaged weights. The
//! shortest prefix below which all tensors make a network is looked for. Names and shapes decide, so every trial runs on tensors of
//! zeros, which the system only holds where they are written; the work is the number of tensors times their depth.
//!
//! What is left out beside a network must not belong to it: weights that make no network of their own are a reason to refuse, for they
//! may be its head.

use std::collections::BTreeMap;

use ndarray::ArrayD;

use super::network::{Draft, build};
use super::sequence::Modules;
use super::tensors::{Refusal, Tensors};

/// Networks are looked for below prefixes of at most so many parts.
const MOST_DEPTH: usize = 6;
/// More candidates than this are not compared.
const MOST_CANDIDATES: usize = 16;
/// Parts of prefixes that say that a network is a copy of another.
const COPIES: [&str; 12] =
    ["ema", "teacher", "target", "momentum", "swa", "avg", "averaged", "shadow", "frozen", "old", "best", "prev"];
/// What programs call the network that counts, the likeliest first.
const USUAL: [&str; 10] =
    ["model", "net", "network", "gnn", "student", "online", "encoder", "backbone", "module", "gcn"];

/// The prefix of the network's tensors, with its last point.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Root {
    pub(super) prefix: String,
    /// What was decided where more than one network was found, for people.
    pub(super) doubtful: Option<String>,
}

/// A part of the file that makes a network.
struct Candidate {
    prefix: String,
    /// Number of layers and whether the graph is used.
    has_convolutions: bool,
    /// Names and shapes, which copies share.
    outline: Vec<(String, Vec<usize>)>,
    /// Input and output width.
    ends: Option<(usize, usize)>,
}

/// The place of a refusal that is about names as a whole.
const NAMES: &str = "tensor names";

/// What is searched.
struct Trial<'a> {
    tensors: &'a Tensors,
    modules: &'a Modules<'a>,
}

/// Finds the network.
pub(super) fn find(tensors: &Tensors, modules: &Modules<'_>) -> Result<Root, Refusal> {
    let mut candidates = Vec::new();
    search(&Trial { tensors, modules }, "", 0, &mut candidates)?;
    if candidates.len() > MOST_CANDIDATES {
        let expected = format!("one network, or copies of one, at most {MOST_CANDIDATES}");
        return Err(Refusal::new(NAMES, expected, format!("{} networks", candidates.len())));
    }
    choose(candidates)
}

/// Whether a tensor is a weight matrix by its name: one that changes the numbers if it is left out.
fn is_matrix(name: &str, tensor: &ArrayD<f32>) -> bool {
    let leaf = name.rsplit('.').next().unwrap_or(name);
    tensor.ndim() >= 2 && leaf.contains("weight")
}

/// Whether a tensor is the scale or the mean of a normalisation, the slope of an activation, or a weight for every hop: the numbers change
/// if it is left out. A loss's class weights have no shift beside them.
fn is_affine(tensors: &Tensors, name: &str, tensor: &ArrayD<f32>) -> bool {
    let Some((parent, leaf)) = name.rsplit_once('.') else { return false };
    let is_hop_weights = leaf == "temp" && tensor.ndim() == 1 && tensor.len() > 1;
    if leaf == "running_mean" || is_hop_weights {
        return true;
    }
    let has =
        |leaf: &str| tensors.get(&format!("{parent}.{leaf}")).is_some_and(|other| other.shape() == tensor.shape());
    let lower = parent.to_ascii_lowercase();
    let word = lower.split('.').rfind(|part| !part.bytes().all(|b| b.is_ascii_digit())).unwrap_or_default();
    let is_named = word.contains("norm") || word.contains("relu") || word.starts_with("bn") || word.starts_with("act");
    leaf == "weight" && tensor.ndim() <= 1 && (has("bias") || has("running_mean") || has("mean_scale") || is_named)
}

/// Tensors below a prefix, by their names in the file.
fn below<'a, T>(tensors: &'a BTreeMap<String, T>, prefix: &'a str) -> impl Iterator<Item = (&'a String, &'a T)> {
    tensors.range(prefix.to_owned()..).take_while(move |(name, _)| name.starts_with(prefix))
}

/// The parts of a network, for asking whether a tensor belongs to one.
pub(super) struct Parts<'a> {
    tensors: &'a Tensors,
    known: BTreeMap<String, bool>,
}

impl<'a> Parts<'a> {
    /// Those of these tensors.
    pub(super) fn new(tensors: &'a Tensors) -> Self {
        Self { tensors, known: BTreeMap::new() }
    }

    /// Whether a tensor of this name belongs to a part with weights: it is a weight, or it lies beside or above one.
    pub(super) fn has(&mut self, name: &str) -> bool {
        let Some((parent, leaf)) = name.rsplit_once('.') else { return name.contains("weight") };
        let tensors = self.tensors;
        let within = || below(tensors, &format!("{parent}.")).any(|(name, tensor)| is_matrix(name, tensor));
        leaf.contains("weight") || *self.known.entry(parent.to_owned()).or_insert_with(within)
    }
}

/// Adds the networks below `prefix`, or says why there is none.
fn search(trial: &Trial<'_>, prefix: &str, depth: usize, candidates: &mut Vec<Candidate>) -> Result<(), Refusal> {
    let Trial { tensors, modules } = *trial;
    let part = below(tensors, prefix).map(|(name, tensor)| (name.clone(), ArrayD::zeros(tensor.shape()))).collect();
    let refusal = match build(part, prefix, modules) {
        Ok(draft) if prefix.is_empty() || is_whole(tensors, prefix, &draft) => {
            candidates.push(candidate(tensors, prefix, &draft));
            return Ok(());
        }
        Ok(_) => nothing(tensors),
        Err(refusal) => refusal,
    };
    if depth == MOST_DEPTH {
        return Err(refusal);
    }
    let mut parts: Vec<&str> = Vec::new();
    for (name, _) in below(tensors, prefix) {
        if let Some((part, _)) = name[prefix.len()..].split_once('.')
            && parts.last() != Some(&part)
        {
            parts.push(part);
        }
    }
    // Numbered parts are layers or blocks of one network, never networks of their own.
    let is_numbered = |part: &str| part.ends_with(|c: char| c.is_ascii_digit());
    let first = candidates.len();
    let mut refusals = Vec::new();
    let mut left = below(tensors, prefix)
        .find(|(name, t)| !name[prefix.len()..].contains('.') && is_matrix(name, t))
        .map(|(name, _)| name.clone());
    for part in parts {
        let inner = format!("{prefix}{part}.");
        let matrix = below(tensors, &inner).find(|(name, t)| is_matrix(name, t)).map(|(name, _)| name.clone());
        let Some(matrix) = matrix else {
            let affine = below(tensors, &inner).find(|(name, tensor)| is_affine(tensors, name, tensor));
            left = left.or_else(|| affine.map(|(name, _)| name.clone()));
            continue;
        };
        if is_numbered(part) {
            left = left.or(Some(matrix));
            continue;
        }
        if let Err(refusal) = search(trial, &inner, depth + 1, candidates) {
            refusals.push(refusal);
            left = left.or(Some(matrix));
        }
    }
    let found = match (left, candidates.get(first)) {
        (None, Some(_)) => return Ok(()),
        // A network with weights beside it that may be its head.
        (Some(matrix), Some(found)) if !is_list(tensors, &found.prefix) => Refusal::new(
            format!("tensor {matrix}"),
            format!("weights of the network at {} alone (save that part of the model by itself)", found.prefix),
            format!(
                "weights beside it that may be its head; as a whole: {}: expected {}, found {}",
                refusal.place, refusal.expected, refusal.found
            ),
        ),
        // All weights lie below one part: what is wrong there is what is wrong.
        (_, None)
            if refusals.first().is_some_and(|inner| inner.place != NAMES) && prefix_holds_all(tensors, prefix) =>
        {
            refusals.remove(0)
        }
        _ => refusal,
    };
    candidates.truncate(first);
    Err(found)
}

/// Whether all that is below a prefix lies below one part of it, weights at least.
fn prefix_holds_all(tensors: &Tensors, prefix: &str) -> bool {
    let mut first = None;
    below(tensors, prefix).filter(|(name, t)| is_matrix(name, t)).all(|(name, _)| {
        let part = name[prefix.len()..].split_once('.').map(|(part, _)| part);
        part.is_some() && part == *first.get_or_insert(part)
    })
}

/// Whether the parts below a prefix are numbers: a list of layers, not a network.
fn is_list(tensors: &Tensors, prefix: &str) -> bool {
    let is_number = |name: &str| name.split('.').next().is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()));
    below(tensors, prefix).all(|(name, _)| is_number(&name[prefix.len()..]))
}

/// Whether the tensors below a prefix are a network and not a layer of one: no parameter lies right below, and there is more than one
/// linear layer.
fn is_whole(tensors: &Tensors, prefix: &str, draft: &Draft) -> bool {
    let is_loose = |(name, tensor): (&String, &ArrayD<f32>)| !name[prefix.len()..].contains('.') && tensor.len() > 1;
    !below(tensors, prefix).any(is_loose) && (draft.has_convolutions || draft.n_layers > 1)
}

fn candidate(tensors: &Tensors, prefix: &str, draft: &Draft) -> Candidate {
    let mut outline = Vec::new();
    let mut widths: BTreeMap<&str, &[usize]> = BTreeMap::new();
    for (name, tensor) in below(tensors, prefix) {
        outline.push((name[prefix.len()..].to_owned(), tensor.shape().to_vec()));
        widths.insert(name, tensor.shape());
    }
    let width = |ours: Option<&String>, is_out: bool| {
        let origin = draft.origins.get(ours?)?;
        let shape = *widths.get(origin.file.as_str())?;
        // `[out, in]`, or the other way where it was turned.
        shape.get(usize::from(is_out == origin.is_turned)).copied()
    };
    let weights = || draft.order.iter().filter(|name| name.ends_with("weight"));
    let ends = width(weights().next(), false).zip(width(weights().next_back(), true));
    Candidate { prefix: prefix.to_owned(), has_convolutions: draft.has_convolutions, outline, ends }
}

/// What is said of a part whose names are known and make no network.
fn nothing(tensors: &Tensors) -> Refusal {
    let found: Vec<&str> = tensors.keys().take(6).map(String::as_str).collect();
    let expected = "the names of a known network, for example convs.0.lin.weight (GCN) or fcs.0.weight (SGC)";
    Refusal::new(NAMES, expected, if found.is_empty() { "none".to_owned() } else { found.join(", ") })
}

fn choose(mut candidates: Vec<Candidate>) -> Result<Root, Refusal> {
    let is_copy =
        |prefix: &str| prefix.split(['.', '_']).any(|word| COPIES.contains(&word.to_ascii_lowercase().as_str()));
    let rank = |candidate: &Candidate| {
        let usual = USUAL.iter().position(|usual| candidate.prefix.split('.').any(|part| part == *usual));
        (!candidate.has_convolutions, is_copy(&candidate.prefix), usual.unwrap_or(USUAL.len()))
    };
    candidates.sort_by_key(rank);
    let mut all = candidates.into_iter();
    let Some(first) = all.next() else { return Err(nothing(&Tensors::new())) };
    let others: Vec<Candidate> = all.collect();
    if let Some(other) = others.iter().find(|other| other.outline != first.outline && follows(&first, other)) {
        return Err(Refusal::new(
            format!("layer {}", other.prefix.trim_end_matches('.')),
            format!("one network, or copies of one (save the network at {} by itself if that is all)", first.prefix),
            format!("another one that fits on that at {}", first.prefix),
        ));
    }
    let prefix = first.prefix;
    let doubtful = (!others.is_empty()).then(|| {
        let others: Vec<&str> = others.iter().map(|other| other.prefix.as_str()).collect();
        format!("the file holds several networks: the one at {prefix} is read, {} left out", others.join(", "))
    });
    Ok(Root { prefix, doubtful })
}

/// Whether one network may stand behind the other.
fn follows(a: &Candidate, b: &Candidate) -> bool {
    match (a.ends, b.ends) {
        (Some((a_in, a_out)), Some((b_in, b_out))) => a_out == b_in || b_out == a_in,
        // Nothing says that they do not.
        _ => true,
    }
}
