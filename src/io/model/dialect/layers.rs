//! The table of layers: which names each has in which version of which library, and what becomes of them.
//!
//! A layer is known by its set of names alone, never by a shape. `[i, o]` weights (`x @ W`) are transposed where their name
//! belongs to a layer that stores them so, square ones included.
//!
//! Sources: PyG `torch_geometric/nn/conv/*_conv.py` at the tags 1.0 to 2.8, DGL `python/dgl/nn/pytorch/conv/*.py` at 0.4 to 2.x, and the
//! authors' `archs/layers.py`. "Source" is the node a message comes from, "target" the node it goes to.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{ArrayD, Axis, Slice};

use super::names::{Block, is_convolution, is_linear, n_axes, says_activation};
use super::sequence::Modules;
use super::tensors::{Refusal, Tensors};

/// What a layer computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Gcn,
    /// GAT of 2018.
    GatV1,
    GatV2,
    Sage,
    Gcn2,
    Gin,
    /// All hops, then a linear layer.
    Sgc,
    Linear,
    /// A normalisation.
    Norm,
    /// The slopes of a PReLU.
    Slopes,
}

/// What becomes of a tensor.
#[derive(Debug, Clone, Copy)]
enum To {
    /// As it is, under our name.
    Same(&'static str),
    /// Its two axes exchanged.
    Turned(&'static str),
    /// Must equal the one of our name, which is there already.
    Equal(&'static str),
    /// Added to the one of our name, if that is there already.
    Sum(&'static str),
    /// Its first half along the last axis belongs to the target, its second half to the source.
    TargetThenSource,
    /// Must be zero, because ours has no place for it.
    Zero,
    /// Plays no part.
    Nothing,
}

use To::{Equal, Nothing, Same, Sum, TargetThenSource, Turned, Zero};

/// A layer in one version of a library.
struct Row {
    title: &'static str,
    kind: Kind,
    needed: &'static [(&'static str, To)],
    optional: &'static [(&'static str, To)],
    /// What the names leave open and is taken for granted.
    assumed: &'static [&'static str],
}

const SELF_LOOPS: &str = "the layer adds self-loops: the graph has them here";
pub(super) const NO_SELF_LOOPS: &str =
    "the layer adds no self-loops: they count where the graph has them, unless it is read with --self-loops removed";
const MEAN_OR_SUM: &str = "lin_rel and lin_root are read as SAGEConv of PyG 1.5, the mean of the neighbours; GraphConv of PyG has the \
     same names and sums them: its outputs would differ";
/// What is taken for granted and changes every output where it is wrong.
pub(super) const DOUBTFUL: [&str; 2] = [NO_SELF_LOOPS, MEAN_OR_SUM];
const SLOPE: &str = "LeakyReLU slope 0.2";
const MEAN: &str = "the mean of the neighbours";

const ROWS: &[Row] = &[
    Row {
        title: "batch normalisation",
        kind: Kind::Norm,
        needed: &[("running_mean", Same("running_mean")), ("running_var", Same("running_var"))],
        optional: &[("weight", Same("weight")), ("bias", Same("bias")), ("num_batches_tracked", Nothing)],
        assumed: &["eps 1e-5"],
    },
    Row {
        title: "graph normalisation",
        kind: Kind::Norm,
        needed: &[("weight", Same("weight")), ("bias", Same("bias")), ("mean_scale", Same("mean_scale"))],
        optional: &[],
        assumed: &["eps 1e-5"],
    },
    Row {
        title: "GATv2Conv of PyG",
        kind: Kind::GatV2,
        needed: &[("att", Same("att")), ("lin_l.weight", Same("lin_l.weight"))],
        optional: &[
            ("lin_l.bias", Same("lin_l.bias")),
            ("lin_r.weight", Same("lin_r.weight")),
            ("lin_r.bias", Same("lin_r.bias")),
            ("res.weight", Same("res.weight")),
            ("bias", Same("bias")),
        ],
        assumed: &[SELF_LOOPS, SLOPE],
    },
    Row {
        title: "GATConv of PyG 2.5 and later",
        kind: Kind::GatV1,
        needed: &[("att_src", Same("att_src")), ("att_dst", Same("att_dst")), ("lin.weight", Same("lin.weight"))],
        optional: &[("res.weight", Same("res.weight")), ("bias", Same("bias"))],
        assumed: &[SELF_LOOPS, SLOPE],
    },
    Row {
        title: "GATConv of PyG 2.0 to 2.4",
        kind: Kind::GatV1,
        needed: &[("att_src", Same("att_src")), ("att_dst", Same("att_dst")), ("lin_src.weight", Same("lin.weight"))],
        optional: &[
            ("lin_dst.weight", Equal("lin.weight")),
            ("res.weight", Same("res.weight")),
            ("bias", Same("bias")),
        ],
        assumed: &[SELF_LOOPS, SLOPE],
    },
    Row {
        title: "GATConv of PyG 1.6 and 1.7",
        kind: Kind::GatV1,
        needed: &[("att_l", Same("att_src")), ("att_r", Same("att_dst")), ("lin_l.weight", Same("lin.weight"))],
        optional: &[("lin_r.weight", Equal("lin.weight")), ("bias", Same("bias"))],
        assumed: &[SELF_LOOPS, SLOPE],
    },
    Row {
        title: "GATConv of PyG 1.5",
        kind: Kind::GatV1,
        needed: &[("att_j", Same("att_src")), ("att_i", Same("att_dst")), ("lin.weight", Same("lin.weight"))],
        optional: &[("bias", Same("bias"))],
        assumed: &[SELF_LOOPS, SLOPE],
    },
    Row {
        title: "GATConv of PyG 1.3 and 1.4",
        kind: Kind::GatV1,
        needed: &[("weight", Turned("lin.weight")), ("att", TargetThenSource)],
        optional: &[("bias", Same("bias"))],
        assumed: &[SELF_LOOPS, SLOPE],
    },
    Row {
        title: "GATConv of PyG 1.0",
        kind: Kind::GatV1,
        needed: &[("weight", Turned("lin.weight")), ("att_weight", TargetThenSource)],
        optional: &[("bias", Same("bias"))],
        assumed: &[SELF_LOOPS, SLOPE],
    },
    Row {
        title: "GATConv of DGL",
        kind: Kind::GatV1,
        needed: &[("fc.weight", Same("lin.weight")), ("attn_l", Same("att_src")), ("attn_r", Same("att_dst"))],
        optional: &[("bias", Same("bias"))],
        assumed: &[NO_SELF_LOOPS, SLOPE],
    },
    Row {
        title: "GATConv of DGL",
        kind: Kind::GatV1,
        needed: &[("fc_src.weight", Same("lin.weight")), ("attn_l", Same("att_src")), ("attn_r", Same("att_dst"))],
        optional: &[("fc_dst.weight", Equal("lin.weight")), ("bias", Same("bias"))],
        assumed: &[NO_SELF_LOOPS, SLOPE],
    },
    Row {
        title: "GATv2Conv of DGL",
        kind: Kind::GatV2,
        needed: &[("attn", Same("att")), ("fc_src.weight", Same("lin_l.weight"))],
        optional: &[
            ("fc_src.bias", Same("lin_l.bias")),
            ("fc_dst.weight", Same("lin_r.weight")),
            ("fc_dst.bias", Same("lin_r.bias")),
        ],
        assumed: &[NO_SELF_LOOPS, SLOPE],
    },
    Row {
        title: "SAGEConv of PyG 1.6 and later",
        kind: Kind::Sage,
        needed: &[("lin_l.weight", Same("lin_l.weight"))],
        optional: &[
            ("lin_l.bias", Sum("lin_l.bias")),
            ("lin_r.weight", Same("lin_r.weight")),
            ("lin_r.bias", Sum("lin_l.bias")),
        ],
        assumed: &[MEAN, NO_SELF_LOOPS],
    },
    Row {
        title: "SAGEConv of PyG 1.5",
        kind: Kind::Sage,
        needed: &[("lin_rel.weight", Same("lin_l.weight")), ("lin_root.weight", Same("lin_r.weight"))],
        optional: &[("lin_rel.bias", Sum("lin_l.bias")), ("lin_root.bias", Sum("lin_l.bias"))],
        assumed: &[MEAN_OR_SUM, NO_SELF_LOOPS],
    },
    Row {
        title: "SAGEConv of DGL",
        kind: Kind::Sage,
        needed: &[("fc_neigh.weight", Same("lin_l.weight")), ("fc_self.weight", Same("lin_r.weight"))],
        optional: &[
            ("bias", Sum("lin_l.bias")),
            ("fc_self.bias", Sum("lin_l.bias")),
            ("fc_neigh.bias", Sum("lin_l.bias")),
        ],
        assumed: &[MEAN, NO_SELF_LOOPS],
    },
    Row {
        title: "SAGEConv of DGL with the gcn aggregator",
        kind: Kind::Sage,
        needed: &[("fc_neigh.weight", Same("lin_l.weight"))],
        optional: &[("bias", Sum("lin_l.bias")), ("fc_neigh.bias", Sum("lin_l.bias"))],
        assumed: &["the mean of the neighbours and the node itself: the graph has self-loops here"],
    },
    Row {
        title: "GCN2Conv",
        kind: Kind::Gcn2,
        needed: &[("weight1", Same("lin1.weight"))],
        optional: &[("bias", Zero)],
        assumed: &[NO_ACTIVATION],
    },
    Row {
        title: "GCN2Conv of the authors",
        kind: Kind::Gcn2,
        needed: &[("lin1.weight", Same("lin1.weight"))],
        optional: &[],
        assumed: &[NO_ACTIVATION],
    },
    Row {
        title: "GCNConv of PyG 2.0 and later",
        kind: Kind::Gcn,
        needed: &[("lin.weight", Same("lin.weight"))],
        optional: &[("bias", Same("bias"))],
        assumed: &[SELF_LOOPS],
    },
    Row {
        title: "SGConv of PyG",
        kind: Kind::Sgc,
        needed: &[("lin.weight", Same("weight")), ("lin.bias", Same("bias"))],
        optional: &[],
        assumed: &[SELF_LOOPS],
    },
    Row {
        title: "SGConv of DGL",
        kind: Kind::Sgc,
        needed: &[("fc.weight", Same("weight"))],
        optional: &[("fc.bias", Same("bias"))],
        assumed: &[NO_SELF_LOOPS],
    },
];

const NO_ACTIVATION: &str = "no ReLU between the last convolution and lin_out";

const OLD_GCN: Row = Row {
    title: "GCNConv of PyG up to 1.7, or GraphConv of DGL",
    kind: Kind::Gcn,
    needed: &[("weight", Turned("lin.weight"))],
    optional: &[("bias", Same("bias"))],
    assumed: &["self-loops: those of the graph (PyG's layer adds them, DGL's does not)"],
};

const OLD_SAGE: Row = Row {
    title: "SAGEConv of PyG up to 1.4",
    kind: Kind::Sage,
    needed: &[("weight", Turned("lin_l.weight"))],
    optional: &[("bias", Same("lin_l.bias"))],
    assumed: &["the mean of the neighbours and the node itself: the graph has self-loops here"],
};

const LINEAR: Row = Row {
    title: "linear layer",
    kind: Kind::Linear,
    needed: &[("weight", Same("weight"))],
    optional: &[("bias", Same("bias"))],
    assumed: &[],
};

const AFFINE_NORM: Row = Row {
    title: "normalisation without running statistics",
    kind: Kind::Norm,
    needed: &[("weight", Same("weight")), ("bias", Same("bias"))],
    optional: &[],
    assumed: &["eps 1e-5"],
};

const PRELU: Row =
    Row { title: "PReLU", kind: Kind::Slopes, needed: &[("weight", Same("weight"))], optional: &[], assumed: &[] };

/// A layer in our names.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) kind: Kind,
    pub(super) title: &'static str,
    pub(super) stem: String,
    pub(super) index: Option<usize>,
    /// Its name in the file.
    pub(super) name: String,
    /// Our part → tensor, for example `lin.weight`.
    pub(super) tensors: Tensors,
    /// Our part → the tensor of the file that it is.
    pub(super) origins: BTreeMap<String, Origin>,
    /// What was done, as action and name in the file.
    pub(super) done: Vec<(&'static str, String)>,
    pub(super) assumed: &'static [&'static str],
    /// What was read one way where another is possible.
    pub(super) doubtful: Vec<String>,
}

/// Which tensor of the file one of ours is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Origin {
    /// Its name there.
    pub(in super::super) file: String,
    /// Whether its axes were exchanged.
    pub(in super::super) is_turned: bool,
}

/// What is known of a file beside the layer in question.
#[derive(Debug)]
pub(super) struct Context<'a> {
    /// What modules say about themselves, where the file holds whole ones.
    pub(super) modules: &'a Modules<'a>,
    /// Words whose numbers have gaps: layers of a `Sequential`, with activations in between.
    pub(super) gapped: BTreeSet<String>,
}

/// Recognises a layer by the table: `Ok(Err(block))` for what is none of it.
pub(super) fn recognise(block: Block, context: &Context<'_>) -> Result<Result<Layer, Block>, Refusal> {
    if block.index.is_none() && block.stem.is_empty() {
        return Ok(Err(block));
    }
    refuse_unsupported(&block)?;
    let fits = |row: &Row| {
        let is_named = |leaf: &str| row.needed.iter().chain(row.optional).any(|(name, _)| *name == leaf);
        row.needed.iter().all(|(name, _)| block.leaves.contains_key(*name)) && block.leaves.keys().all(|l| is_named(l))
    };
    let row = match ROWS.iter().find(|row| fits(row)) {
        Some(row) => row,
        None if fits(&LINEAR) => match n_axes(&block.leaves, "weight") {
            // Convolutions need the graph as well: no `Sequential` calls them.
            2 if is_linear(&block.stem) || context.gapped.contains(&block.stem) => &LINEAR,
            2 if block.stem.contains("sage") => &OLD_SAGE,
            2 if is_convolution(&block.stem) => &OLD_GCN,
            2 => {
                return Err(Refusal::new(
                    format!("tensor {}.weight", block.name),
                    "a name that tells a linear layer ([out, in]) from a convolution ([in, out]), for example lin1 or conv1",
                    format!("{:?}", block.name),
                ));
            }
            1 if fits(&AFFINE_NORM) && is_of_one_width(&block) && !says_activation(&block.name) => &AFFINE_NORM,
            1 if says_activation(&block.name) && !block.leaves.contains_key("bias") => &PRELU,
            _ => return Ok(Err(block)),
        },
        None => return Ok(Err(block)),
    };
    translate(row, block).map(Ok)
}

/// Whether scale and shift are as wide.
fn is_of_one_width(block: &Block) -> bool {
    let shape = |leaf: &str| block.leaves.get(leaf).map(ArrayD::shape);
    shape("weight") == shape("bias")
}

/// Parts of layers whose formula is not ours.
pub(super) fn refuse_unsupported(block: &Block) -> Result<(), Refusal> {
    if block.stem == "jk" && block.leaves.keys().any(|leaf| leaf.starts_with("lstm.")) {
        let expected =
            "jumping knowledge by concatenation, maximum, sum or the last layer (jk=\"cat\", \"max\", \"last\")";
        return Err(Refusal::new(format!("layer {}", block.name), expected, "jumping knowledge with an LSTM"));
    }
    let parts: [(&[&str], &str); 7] = [
        (&["lin_edge.weight", "att_edge", "fc_edge.weight"], "edge features"),
        (&["res_fc.weight", "res_fc.bias"], "a residual connection"),
        (&["aggr_module.lstm.", "lstm."], "LSTM aggregation, a layer that is not known here"),
        (&["fc_pool.", "aggr_module."], "an aggregation other than the mean"),
        (&["weight2"], "GCN2Conv with a second weight (shared_weights=False)"),
        (&["in_proj_weight", "lin_key.weight", "lin_query.weight"], "attention of transformers"),
        (&["lins.0.weight", "lins.1.weight"], "several weights for the powers of one matrix (TAGConv, ChebConv)"),
    ];
    let has = |name: &str| match name.strip_suffix('.') {
        Some(_) => block.leaves.keys().any(|leaf| leaf.starts_with(name)),
        None => block.leaves.contains_key(name),
    };
    let refused = |name: &str, what: &str| {
        let leaf = name.strip_suffix('.').unwrap_or(name);
        // With its first tensor, where the part says no more than the layer does.
        let first = block.leaves.keys().find(|leaf| name.ends_with("lstm.") && leaf.starts_with(name));
        let leaf = first.map_or(leaf, String::as_str);
        Err(Refusal::new(format!("tensor {}.{leaf}", block.name), "a layer as this program computes it", what))
    };
    for (names, what) in parts {
        if let Some(name) = names.iter().find(|name| has(name)) {
            return refused(name, what);
        }
    }
    if has("lin.weight") && has("lin_l.weight") {
        return refused("lin.weight", "SAGEConv with a projection (project=True)");
    }
    Ok(())
}

/// The layer of `row` in our names.
fn translate(row: &Row, block: Block) -> Result<Layer, Refusal> {
    let Block { stem, index, name, mut leaves } = block;
    let mut tensors = Tensors::new();
    let mut origins = BTreeMap::new();
    let mut done = Vec::new();
    for (leaf, to) in row.needed.iter().chain(row.optional) {
        let Some(tensor) = leaves.remove(*leaf) else { continue };
        let full = format!("{name}.{leaf}");
        if let Same(ours) | Turned(ours) | Sum(ours) = *to {
            let is_turned = matches!(to, Turned(_));
            origins.entry(ours.to_owned()).or_insert_with(|| Origin { file: full.clone(), is_turned });
        }
        match *to {
            Same(ours) => drop(tensors.insert(ours.to_owned(), tensor)),
            Turned(ours) => {
                if tensor.ndim() != 2 {
                    return Err(Refusal::new(
                        format!("tensor {full}"),
                        "two axes",
                        format!("shape {:?}", tensor.shape()),
                    ));
                }
                done.push(("transposed", full));
                tensors.insert(ours.to_owned(), tensor.reversed_axes().as_standard_layout().into_owned());
            }
            Equal(ours) => {
                if tensors.get(ours) != Some(&tensor) {
                    let first =
                        row.needed.iter().find(|(_, to)| matches!(to, Same(o) if *o == ours)).map_or("", |(l, _)| l);
                    return Err(Refusal::new(
                        format!("tensors {name}.{first}, {full}"),
                        "the same values twice (one transformation for sources and targets)",
                        "different ones: a layer for bipartite graphs",
                    ));
                }
                done.push(("used once, because it repeats another", full));
            }
            Sum(ours) => match tensors.remove(ours) {
                Some(there) if there.shape() == tensor.shape() => {
                    tensors.insert(ours.to_owned(), there + tensor);
                    done.push(("added to the other bias", full));
                }
                Some(there) => {
                    let (expected, found) =
                        (format!("shape {:?}", there.shape()), format!("shape {:?}", tensor.shape()));
                    return Err(Refusal::new(format!("tensor {full}"), expected, found));
                }
                None => drop(tensors.insert(ours.to_owned(), tensor)),
            },
            TargetThenSource => {
                let (target, source) = halves(&full, &tensor)?;
                tensors.insert("att_dst".into(), target);
                tensors.insert("att_src".into(), source);
                done.push(("cut into its halves for target and source", full));
            }
            Zero => {
                if tensor.iter().any(|v| *v != 0.0) {
                    return Err(Refusal::new(
                        format!("tensor {full}"),
                        "zeros (GCNII has no bias in its layers)",
                        "other values",
                    ));
                }
                done.push(("left out, because it is zero", full));
            }
            Nothing => {}
        }
    }
    if row.kind == Kind::Norm && tensors.contains_key("running_mean") {
        // Without scale and shift of its own (affine=False).
        let width = tensors.get("running_mean").map_or(0, ArrayD::len);
        for (part, value) in [("weight", 1.0), ("bias", 0.0)] {
            if !tensors.contains_key(part) {
                tensors.insert(part.into(), ArrayD::from_elem(vec![width], value));
                done.push(("filled in: a normalisation without scale and shift", format!("{name}.{part}")));
            }
        }
    }
    let (kind, title, assumed, doubtful) = (row.kind, row.title, row.assumed, Vec::new());
    Ok(Layer { kind, title, stem, index, name, tensors, origins, done, assumed, doubtful })
}

/// The first and the second half along the last axis.
fn halves(name: &str, tensor: &ArrayD<f32>) -> Result<(ArrayD<f32>, ArrayD<f32>), Refusal> {
    let width = tensor.shape().last().copied().unwrap_or(0);
    if tensor.ndim() != 3 || !width.is_multiple_of(2) {
        let expected = "three axes, the last of even length (target and source)";
        return Err(Refusal::new(format!("tensor {name}"), expected, format!("shape {:?}", tensor.shape())));
    }
    let half = isize::try_from(width / 2).unwrap_or(isize::MAX);
    let part = |slice| tensor.slice_axis(Axis(2), slice).as_standard_layout().into_owned();
    Ok((part(Slice::from(..half)), part(Slice::from(half..))))
}
