//! What modules say about themselves, where a file holds whole modules and not their tensors alone.
//!
//! A setting that makes a layer another one than ours is refused; one that ours has too is taken over.

use std::collections::BTreeMap;

use super::tensors::Refusal;
use crate::engine::model::Architecture;

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

/// Takes over what the modules say, or refuses it. Returns what was taken over.
pub(super) fn apply(modules: &[ModuleFacts], shape: &mut Architecture) -> Result<Vec<String>, Refusal> {
    let mut taken = Vec::new();
    let mut n_layers = 0;
    for facts in modules {
        let is_library =
            ["torch.", "torch_geometric.", "dgl.", "__torch__.torch"].iter().any(|p| facts.module.starts_with(p));
        if !is_library {
            continue;
        }
        refuse_activation(facts)?;
        refuse_setting(facts)?;
        let number = |name: &str| facts.numbers.get(name).copied();
        match facts.class.as_str() {
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
    taken.sort_unstable();
    taken.dedup();
    Ok(taken)
}

fn refuse_activation(facts: &ModuleFacts) -> Result<(), Refusal> {
    let others = ["ELU", "LeakyReLU", "PReLU", "GELU", "SELU", "SiLU", "Tanh", "Sigmoid", "ReLU6", "Softplus", "Mish"];
    let is_other = facts.module.ends_with("modules.activation") && others.contains(&facts.class.as_str());
    // Attention layers of DGL keep their LeakyReLU as a module.
    if !is_other || (facts.class == "LeakyReLU" && facts.path.ends_with("leaky_relu")) {
        return Ok(());
    }
    Err(Refusal::new(format!("module {}", facts.path), "ReLU between layers", facts.class.as_str()))
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
        "SAGEConv" => {
            aggregation(&["mean", "gcn"]).or_else(|| flag("normalize", false)).or_else(|| flag("project", false))
        }
        "MLP" => flag("act_first", false),
        _ if facts.module.starts_with("torch_geometric.nn.models") => match facts.texts.get("jk_mode") {
            Some(mode) => Some(("jk", "None".into(), format!("jumping knowledge ({mode})"))),
            None => flag("act_first", false),
        },
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
