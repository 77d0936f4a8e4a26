//! What modules say about themselves, where a file holds whole modules and not their tensors alone.
//!
//! A setting that makes a layer another one than ours is refused; one that ours has too is taken over.

use std::collections::{BTreeMap, BTreeSet};

use super::tensors::Refusal;
use crate::engine::kernels::Nonlinearity;
use crate::engine::model::{Activation, Aggregation, Architecture, Jumping, Norm};

/// One module of a pickled network.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct ModuleFacts {
    /// Its name, as in the names of its tensors.
    pub(in super::super) path: String,
    /// The Python module of its class.
    pub(in super::super) module: String,
    /// Its class.
    pub(in super::super) class: String,
    /// Attributes that are numbers or booleans.
    pub(in super::super) numbers: BTreeMap<String, f64>,
    /// Attributes that are text.
    pub(in super::super) texts: BTreeMap<String, String>,
}

/// What modules said and was taken over.
#[derive(Debug, Default)]
pub(super) struct Stated {
    /// In words, for people.
    pub(super) texts: Vec<String>,
    /// The settings, by name; those that are as usual are no news for people.
    pub(super) settings: BTreeSet<&'static str>,
}

/// Takes over what the modules say, or refuses it.
pub(super) fn apply(modules: &[ModuleFacts], shape: &mut Architecture) -> Result<Stated, Refusal> {
    let (mut taken, mut settings) = (Vec::new(), BTreeSet::new());
    let mut n_layers = 0;
    let mut is_of_pyg = false;
    for facts in modules {
        let is_library =
            ["torch.", "torch_geometric.", "dgl.", "__torch__.torch"].iter().any(|p| facts.module.starts_with(p));
        if !is_library {
            continue;
        }
        refuse_setting(facts)?;
        if let Some(activation) = activation_of(facts)? {
            if settings.contains("activation") && shape.activation != activation {
                let expected = format!("one activation in the whole network ({})", shape.activation.title());
                return Err(Refusal::new(format!("module {}", facts.path), expected, facts.class.as_str()));
            }
            settings.insert("activation");
            shape.activation = activation;
            if activation != Activation::Relu {
                taken.push(format!("activation {}", activation.key()));
            }
        }
        if let Some(norm) = norm_of(facts)? {
            // The MLP of a GIN layer has its own.
            let is_inner = facts.path.contains(".nn.") && shape.has("inner_norm");
            let (name, slot) = if is_inner { ("inner_norm", &mut shape.inner_norm) } else { ("norm", &mut shape.norm) };
            *slot = norm;
            if settings.insert(name) {
                taken.push(format!("{name} {}", norm.key()));
            }
        }
        if let Some(jumping) = jumping_of(facts)?.filter(|_| shape.has("jumping")) {
            shape.jumping = jumping;
            if settings.insert("jumping") && jumping != Jumping::None {
                taken.push(format!("jumping {}", jumping.key()));
            }
        }
        if facts.module.starts_with("torch_geometric.nn.models.basic_gnn") {
            is_of_pyg = true;
        }
        let number = |name: &str| facts.numbers.get(name).copied();
        if let Some(act_first) = number("act_first").map(|flag| flag != 0.0)
            && shape.act_first != act_first
            && facts.module.starts_with("torch_geometric.nn.models")
        {
            shape.act_first = act_first;
            taken.push(format!("act_first {act_first}"));
        }
        match facts.class.as_str() {
            "SAGEConv" if shape.has("aggregation") && facts.texts.contains_key("aggr") => {
                shape.aggregation = match facts.texts.get("aggr").map(String::as_str) {
                    Some("max") => Aggregation::Max,
                    Some("add" | "sum") => Aggregation::Sum,
                    _ => Aggregation::Mean,
                };
                if settings.insert("aggregation") && shape.aggregation != Aggregation::Mean {
                    taken.push(format!("aggregation {}", shape.aggregation.key()));
                }
            }
            "SGConv" if shape.has("hops") => {
                if let Some(k) = number("K").or_else(|| number("_k")) {
                    shape.hops = k as usize;
                    taken.push(format!("hops {k}"));
                }
            }
            "GCN2Conv" if shape.has("theta") => {
                n_layers += 1;
                if let Some(alpha) = number("alpha").or_else(|| number("_alpha")) {
                    shape.alpha = alpha;
                    taken.push(format!("alpha {alpha}"));
                }
                // β = ln(θ/ℓ + 1) of this layer, ℓ from 1.
                if let Some(beta) = number("beta") {
                    let theta = beta.exp_m1() * f64::from(n_layers);
                    shape.theta = (theta * 1e9).round() / 1e9;
                    taken.push(format!("theta {}", shape.theta));
                }
            }
            "Dropout" => {
                if let Some(p) = number("p").filter(|p| (0.0..1.0).contains(p)) {
                    shape.dropout = p;
                    taken.push(format!("dropout {p}"));
                }
            }
            _ => {}
        }
    }
    if is_of_pyg {
        // Its own models add nothing to what their layers give.
        settings.extend(["skip", "norm", "jumping"]);
    }
    taken.sort_unstable();
    taken.dedup();
    Ok(Stated { texts: taken, settings })
}

/// The activation that a module is.
fn activation_of(facts: &ModuleFacts) -> Result<Option<Activation>, Refusal> {
    if !facts.module.ends_with("modules.activation") {
        return Ok(None);
    }
    let is = |name: &str, wanted: f64| facts.numbers.get(name).is_none_or(|found| (found - wanted).abs() < 1e-9);
    let refused = |expected: &str| Refusal::new(format!("module {}", facts.path), expected, facts.class.as_str());
    let expected = "ReLU, ELU, LeakyReLU, PReLU, GELU, SiLU, tanh or sigmoid between layers";
    Ok(match facts.class.as_str() {
        // Attention layers of DGL keep their LeakyReLU as a module.
        "LeakyReLU" if facts.path.ends_with("leaky_relu") => None,
        "ReLU" => Some(Activation::Relu),
        "ELU" if is("alpha", 1.0) => Some(Activation::Elu),
        "ELU" => return Err(refused("ELU with alpha 1")),
        "LeakyReLU" if is("negative_slope", f64::from(Nonlinearity::LEAKY_SLOPE)) || is("negative_slope", 0.01) => {
            Some(Activation::LeakyRelu)
        }
        "LeakyReLU" => return Err(refused("LeakyReLU with a slope of 0.01")),
        "PReLU" => Some(Activation::Prelu),
        "GELU" if facts.texts.get("approximate").is_none_or(|how| how == "none") => Some(Activation::Gelu),
        "GELU" => return Err(refused("GELU without an approximation")),
        "SiLU" => Some(Activation::Silu),
        "Tanh" => Some(Activation::Tanh),
        "Sigmoid" => Some(Activation::Sigmoid),
        "SELU" | "ReLU6" | "Softplus" | "Mish" | "Hardswish" | "CELU" | "Softsign" => return Err(refused(expected)),
        _ => None,
    })
}

/// The normalisation that a module is, where its tensors alone do not say it.
fn norm_of(facts: &ModuleFacts) -> Result<Option<Norm>, Refusal> {
    let number = |name: &str| facts.numbers.get(name).copied();
    let is_of_pyg = facts.module.starts_with("torch_geometric.nn.norm");
    let is_of_torch = facts.module.contains("modules.normalization");
    let refused = |setting: &str, expected: &str, found: String| {
        Err(Refusal::new(format!("setting {}.{setting} of {}", facts.path, facts.class), expected, found))
    };
    if (is_of_pyg || is_of_torch)
        && facts.class.ends_with("Norm")
        && let Some(eps) = number("eps").filter(|eps| (eps - 1e-5).abs() > 1e-9)
    {
        return refused("eps", "0.00001", eps.to_string());
    }
    Ok(match facts.class.as_str() {
        "LayerNorm" if is_of_torch => Some(Norm::Layer),
        "LayerNorm" if is_of_pyg => match facts.texts.get("mode").map(String::as_str) {
            Some("node") => Some(Norm::Layer),
            _ => Some(Norm::LayerGraph),
        },
        "GraphNorm" if is_of_pyg => Some(Norm::Graph),
        "InstanceNorm" if is_of_pyg && number("track_running_stats").unwrap_or(0.0) == 0.0 => Some(Norm::Instance),
        "MeanSubtractionNorm" if is_of_pyg => Some(Norm::MeanSubtraction),
        "GraphSizeNorm" if is_of_pyg => Some(Norm::GraphSize),
        "PairNorm" if is_of_pyg => {
            if number("scale_individually").unwrap_or(0.0) != 0.0 {
                return refused("scale_individually", "False", "True".to_owned());
            }
            if number("scale").is_none_or(|scale| (scale - 1.0).abs() < 1e-9) {
                Some(Norm::Pair)
            } else {
                // PyG's models hand their width over as the scale.
                Some(Norm::PairWidth)
            }
        }
        "DiffGroupNorm" | "MessageNorm" | "RMSNorm" | "GroupNorm" => {
            let expected = "batch, layer, graph, instance, pair, mean-subtraction or graph-size normalisation";
            return Err(Refusal::new(format!("module {}", facts.path), expected, facts.class.as_str()));
        }
        _ => None,
    })
}

/// Jumping knowledge, as a model or a module of it says.
fn jumping_of(facts: &ModuleFacts) -> Result<Option<Jumping>, Refusal> {
    if !facts.module.starts_with("torch_geometric.nn.models") {
        return Ok(None);
    }
    let mode =
        facts.texts.get("jk_mode").or_else(|| facts.texts.get("mode").filter(|_| facts.class == "JumpingKnowledge"));
    Ok(match mode.map(String::as_str) {
        Some("last") => Some(Jumping::Last),
        Some("cat") => Some(Jumping::Cat),
        Some("max") => Some(Jumping::Max),
        Some(other) => {
            let place = if facts.path.is_empty() { "jk".to_owned() } else { format!("{}.jk", facts.path) };
            let found = format!("jumping knowledge ({other})");
            return Err(Refusal::new(format!("setting {place} of {}", facts.class), "None, last, cat or max", found));
        }
        None => None,
    })
}

fn refuse_setting(facts: &ModuleFacts) -> Result<(), Refusal> {
    let aggregation = |wanted: &[&str]| {
        let found = facts.texts.get("aggr").or_else(|| facts.texts.get("_aggre_type"))?;
        if wanted.contains(&found.as_str()) { None } else { Some(("aggr", wanted[0].to_owned(), found.clone())) }
    };
    let number = |name: &'static str, wanted: f64| {
        let found = facts.numbers.get(name)?;
        if (found - wanted).abs() < 1e-9 { None } else { Some((name, wanted.to_string(), found.to_string())) }
    };
    let flag = |name: &'static str, wanted: bool| {
        let found = *facts.numbers.get(name)? != 0.0;
        if found == wanted { None } else { Some((name, wanted.to_string(), found.to_string())) }
    };
    let wrong = match facts.class.as_str() {
        "GCNConv" => flag("improved", false).or_else(|| flag("normalize", true)),
        "GATConv" | "GATv2Conv" => number("negative_slope", 0.2),
        "SAGEConv" => aggregation(&["mean", "gcn", "max", "add", "sum"])
            .or_else(|| flag("normalize", false))
            .or_else(|| flag("project", false)),
        "GINConv" => aggregation(&["add", "sum"]),
        "BatchNorm1d" => number("eps", 1e-5),
        "APPNP" => {
            Some(("propagate", "features propagated before the linear layers".into(), "after them (APPNP)".into()))
        }
        "GraphConv" if facts.module.starts_with("torch_geometric.") => {
            Some(("aggr", "the mean of the neighbours".into(), "GraphConv, which sums".into()))
        }
        "GraphConv" => match facts.texts.get("_norm").map(String::as_str) {
            None | Some("both") => None,
            Some(other) => Some(("norm", "both".into(), other.to_owned())),
        },
        _ => None,
    };
    match wrong {
        Some((name, expected, found)) => {
            let place = if facts.path.is_empty() { name.to_owned() } else { format!("{}.{name}", facts.path) };
            Err(Refusal::new(format!("setting {place} of {}", facts.class), expected, found))
        }
        None => Ok(()),
    }
}
