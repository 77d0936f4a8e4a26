//! Our parameters under the names, and in the orientation, of the layers of PyG (2.0 and later) and DGL (1.0 and later).
//!
//! | ours | PyG | DGL |
//! | --- | --- | --- |
//! | `convs.l.lin.weight` (GCN) `[o, i]` | the same (`GCNConv`) | `layers.l.weight` `[i, o]` (`GraphConv`) |
//! | `convs.l.lin_l`, `lin_r` (SAGE) | the same (`SAGEConv`) | `layers.l.fc_neigh`, `fc_self`; `lin_l.bias` is `fc_self.bias`, without `lin_r` `bias` |
//! | `convs.l.lin`, `att_src`, `att_dst` (GAT) | the same (`GATConv`) | `layers.l.fc`, `attn_l`, `attn_r`; a bias for every head |
//! | `convs.l.lin_l`, `lin_r`, `att` (`GATv2`) | the same (`GATv2Conv`) | `layers.l.fc_src`, `fc_dst`, `attn`; the layer's bias moves into these |
//! | `convs.l.lin1.weight` (GCNII) `[i, o]` | `convs.l.weight1` (`GCN2Conv`) | `layers.l.weight1` |
//! | `convs.l.eps`, `nn.lins.k` (GIN) | the same (`GINConv`) | `layers.l.eps`, `apply_func.linears.k` |
//!
//! Everything else (normalisations, slopes of a PReLU, `lin`, `lin_in`, `lin_out`, `skips`, `fcs`, `bns`, `scaler`) is called as here in
//! both: PyG's own models call it so, too, but for a PReLU, of which they have one (`act`) for all layers. The tables that read these names
//! are in `io/model/dialect`.

use std::collections::BTreeMap;

use ndarray::{ArrayD, Axis};

use crate::engine::model::{Aggregation, Model};

/// Whose names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Library {
    Pyg,
    Dgl,
}

type Tensors = BTreeMap<String, ArrayD<f32>>;

/// The tensors of `model` as `library` calls them.
///
/// # Errors
/// Why the library's layers cannot compute this model, for people.
pub(super) fn state_dict(model: &Model, library: Library, has_fixed_attention: bool) -> Result<Tensors, String> {
    let tensors = model.state_dict();
    match library {
        Library::Pyg => Ok(renamed(tensors, pyg_name)),
        Library::Dgl => to_dgl(model, tensors, has_fixed_attention),
    }
}

/// What PyG calls our parameter `name`.
pub(super) fn pyg_name(name: &str) -> String {
    name.replace(".lin1.weight", ".weight1")
}

fn renamed(tensors: Tensors, name: impl Fn(&str) -> String) -> Tensors {
    tensors.into_iter().map(|(ours, tensor)| (name(&ours), tensor)).collect()
}

fn to_dgl(model: &Model, mut tensors: Tensors, has_fixed_attention: bool) -> Result<Tensors, String> {
    let shape = &model.architecture;
    if shape.aggregation != Aggregation::Mean {
        let title = shape.aggregation.title();
        return Err(format!("DGL's SAGEConv has no {title} of the neighbours by itself"));
    }
    if shape.residual {
        return Err("DGL's attention layers add a residual to every head, and not behind their mean".to_owned());
    }
    for l in 0..model.architecture.layers {
        let name = |part: &str| format!("convs.{l}.{part}");
        let is_gcn = tensors.contains_key(&name("lin.weight")) && !tensors.contains_key(&name("att_src"));
        if is_gcn && let Some(weight) = tensors.remove(&name("lin.weight")) {
            let turned = weight.reversed_axes().as_standard_layout().into_owned();
            tensors.insert(name("weight"), turned);
        }
        let heads = |att: &ArrayD<f32>| (att.shape()[1], att.shape()[2]);
        if let Some((heads, channels)) = tensors.get(&name("att_src")).map(heads)
            && let Some(bias) = tensors.remove(&name("bias"))
        {
            tensors.insert(name("bias"), for_every_head(&bias, heads, channels));
        }
        if let Some((heads, channels)) = tensors.get(&name("att")).map(heads) {
            if !tensors.contains_key(&name("lin_r.weight")) {
                for part in ["weight", "bias"] {
                    if let Some(shared) = tensors.get(&name(&format!("lin_l.{part}"))).cloned() {
                        tensors.insert(name(&format!("lin_r.{part}")), shared);
                    }
                }
            }
            if let Some(bias) = tensors.remove(&name("bias")) {
                if has_fixed_attention && bias.iter().any(|b| *b != 0.0) {
                    let why =
                        "DGL's GATv2Conv has no bias of its own, and the coefficients of a node no longer add up to 1";
                    return Err(why.to_owned());
                }
                // With coefficients that add up to 1, what every source carries in addition every node gets once; the target takes it
                // back in the score.
                let bias = for_every_head(&bias, heads, channels);
                for (side, sign) in [("lin_l.bias", 1.0), ("lin_r.bias", -1.0)] {
                    let moved = bias.mapv(|b| sign * b);
                    let there = tensors.remove(&name(side));
                    let sum = match there {
                        Some(there) => there + moved,
                        None => moved,
                    };
                    tensors.insert(name(side), sum);
                }
            }
        }
    }
    let words = [
        (".nn.lins.", ".apply_func.linears."),
        (".lin1.weight", ".weight1"),
        (".att_src", ".attn_l"),
        (".att_dst", ".attn_r"),
    ];
    let is_v2 = tensors.contains_key("convs.0.att");
    let has_root = tensors.contains_key("convs.0.lin_r.weight");
    Ok(renamed(tensors, |ours| {
        let Some(rest) = ours.strip_prefix("convs.") else { return ours.to_owned() };
        let mut name = format!("layers.{rest}");
        for (from, to) in words {
            name = name.replace(from, to);
        }
        let sides: &[(&str, &str)] = if is_v2 {
            &[(".lin_l.", ".fc_src."), (".lin_r.", ".fc_dst.")]
        } else {
            let bias = if has_root { ".fc_self.bias" } else { ".bias" };
            &[(".lin_l.weight", ".fc_neigh.weight"), (".lin_r.weight", ".fc_self.weight"), (".lin_l.bias", bias)]
        };
        for (from, to) in sides {
            name = name.replace(from, to);
        }
        name = name.replace(".lin.weight", ".fc.weight");
        match name.strip_suffix(".att") {
            Some(layer) => format!("{layer}.attn"),
            None => name,
        }
    }))
}

/// A layer's bias as DGL keeps it: one value for every channel of every head. Where the heads are averaged, all get the same.
fn for_every_head(bias: &ArrayD<f32>, heads: usize, channels: usize) -> ArrayD<f32> {
    if bias.len() == heads * channels {
        return bias.clone();
    }
    let views = vec![bias.view(); heads];
    // The views have one axis and one length.
    ndarray::concatenate(Axis(0), &views).unwrap_or_else(|_| bias.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::{Architecture, AttentionForm, Family};

    /// What `layer.state_dict()` of DGL 1.1.3's own layers lists (`tests/clients/dgl_exports.py` loads our files into them, strictly).
    #[test]
    fn names_of_a_layer_are_those_of_dgl() {
        let shape = |family| Architecture { hidden: 8, ..Architecture::new(family) };
        let older = Architecture { attention: AttentionForm::V1, ..shape(Family::Gat) };
        let inner = ["0.bias", "0.weight", "1.bias", "1.weight"].map(|part| format!("apply_func.linears.{part}"));
        let cases = [
            (shape(Family::Gcn), vec!["bias", "weight"]),
            (shape(Family::Sage), vec!["fc_neigh.weight", "fc_self.bias", "fc_self.weight"]),
            (shape(Family::Gat), vec!["attn", "fc_dst.bias", "fc_dst.weight", "fc_src.bias", "fc_src.weight"]),
            (older, vec!["attn_l", "attn_r", "bias", "fc.weight"]),
            (shape(Family::Gcn2), vec!["weight1"]),
            (shape(Family::Gin), inner.iter().map(String::as_str).chain(["eps"]).collect()),
        ];
        for (shape, expected) in cases {
            let model = Model::init(&shape, 5, 3, 1);
            let tensors = state_dict(&model, Library::Dgl, false).expect("DGL has such a layer");
            let names: Vec<&str> = tensors.keys().filter_map(|name| name.strip_prefix("layers.0.")).collect();
            assert_eq!(names, expected, "{}", model.title());
        }
    }
}
