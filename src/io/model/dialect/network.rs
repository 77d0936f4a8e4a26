//! Layers → a network of one of our families: numbered anew, normalisations in their places, biases complete.
//!
//! What is never here: which prefix the network lies below (`roots.rs`), and what each layer is (`layers.rs`).

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{Array1, ArrayD};

use super::around::{self, Linears, Told};
use super::layers::{Context, Kind, Layer, Origin};
use super::sequence::{self, Fold, Modules};
use super::tensors::{Refusal, Tensors};
use super::{gin, names};
use crate::engine::model::{Family, Norm};
use crate::io::text::shortened;

/// The network whose tensors lie below `prefix`.
pub(super) fn build(mut tensors: Tensors, prefix: &str, modules: &Modules<'_>) -> Result<Draft, Refusal> {
    let given: Vec<String> = tensors.keys().take(6).map(|name| shortened(name)).collect();
    let mut draft = Draft::default();
    if !prefix.is_empty() {
        draft.note("network found at", prefix.to_owned());
    }
    let (files, prefixes) = names::strip_prefixes(tensors.keys().map(String::as_str), prefix);
    let mut tensors: Tensors =
        files.iter().filter_map(|(name, file)| Some((name.clone(), tensors.remove(file)?))).collect();
    for prefix in prefixes {
        draft.note("taken off every name", prefix);
    }
    // Statistics of a propagated embedding are ours alone.
    for name in ["scaler.mean", "scaler.scale"] {
        draft.tensors.extend(tensors.remove_entry(name));
    }
    let mut stems: BTreeMap<Kind, Vec<Layer>> = BTreeMap::new();
    let blocks = names::blocks(tensors, &files);
    let context = Context { modules, gapped: gapped(&blocks) };
    for block in blocks {
        match gin::recognise(block, &context)? {
            Ok(layer) => stems.entry(layer.kind).or_default().push(layer),
            Err(block) => draft.leave(block)?,
        }
    }
    let norms = stems.remove(&Kind::Norm).unwrap_or_default();
    let slopes = in_order(stems.remove(&Kind::Slopes).unwrap_or_default())?;
    let linears = in_order(stems.remove(&Kind::Linear).unwrap_or_default())?;
    let convolutions: Vec<Kind> = stems.keys().copied().collect();
    draft.has_convolutions = !convolutions.is_empty();
    draft.n_layers = linears.len() + stems.values().map(Vec::len).sum::<usize>();
    if draft.n_layers > MOST_LAYERS {
        return Err(Refusal::new("tensor names", format!("at most {MOST_LAYERS} layers"), draft.n_layers.to_string()));
    }
    draft.family = match convolutions[..] {
        [] if linears.is_empty() => {
            let found = if given.is_empty() { "none".to_owned() } else { given.join(", ") };
            let expected = "the names of a known network, for example convs.0.lin.weight (GCN) or fcs.0.weight (SGC)";
            return Err(Refusal { place: "tensor names".into(), expected: expected.into(), found });
        }
        [] => draft.linear_layers(linears, norms, &slopes, &context)?,
        [Kind::Sgc] => draft.sgc(stems.remove(&Kind::Sgc).unwrap_or_default(), linears, norms, &slopes, &context)?,
        [kind] => {
            let layers = in_order(stems.remove(&kind).unwrap_or_default())?;
            draft.convolutions(kind, layers, linears, norms, &slopes, &context)?
        }
        _ => {
            let all = stems.values().flatten().map(|layer| format!("{} ({})", layer.name, layer.title));
            let found = all.collect::<Vec<_>>().join(", ");
            return Err(Refusal::new("tensor names", "layers of one kind", found));
        }
    };
    Ok(draft)
}

/// More layers than this no network of ours has.
const MOST_LAYERS: usize = 64;

/// The words whose layers are numbered with gaps, as `layers.0`, `layers.2`.
fn gapped(blocks: &[names::Block]) -> BTreeSet<String> {
    let mut numbers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for block in blocks.iter().filter(|block| is_dotted(&block.name, block.index)) {
        numbers.entry(&block.stem).or_default().extend(block.index);
    }
    // Blocks come in the order of their numbers.
    let is_gapped = |numbers: &Vec<usize>| numbers.windows(2).any(|pair| pair[1] > pair[0] + 1);
    numbers.into_iter().filter(|(_, numbers)| is_gapped(numbers)).map(|(stem, _)| stem.to_owned()).collect()
}

/// Whether a layer's number is a part of its name of its own, as in lists and sequences.
fn is_dotted(name: &str, index: Option<usize>) -> bool {
    let name = names::WRAPPERS.iter().fold(name, |name, wrapper| {
        name.strip_suffix(wrapper.trim_end_matches('.')).and_then(|name| name.strip_suffix('.')).unwrap_or(name)
    });
    index.is_some_and(|index| name.rsplit('.').next() == Some(index.to_string().as_str()))
}

/// Whether layers and normalisations are numbered together, as a `Sequential` does; `module_0` is that of `PyG`.
fn is_one_sequence<'a>(layers: impl Iterator<Item = &'a Layer>) -> bool {
    let mut first: Option<&str> = None;
    let mut layers = layers.peekable();
    layers.peek().is_some()
        && layers.all(|layer| {
            let stem = layer.stem.as_str();
            (is_dotted(&layer.name, layer.index) || (stem == "module" && layer.index.is_some()))
                && *first.get_or_insert(stem) == stem
        })
}

/// Layers from first to last, by the numbers in their names.
fn in_order(mut layers: Vec<Layer>) -> Result<Vec<Layer>, Refusal> {
    layers.sort_by_key(|a| (names::rank(&a.stem), a.index));
    let unordered = layers
        .windows(2)
        .find(|pair| pair[0].stem != pair[1].stem && names::rank(&pair[0].stem) == names::rank(&pair[1].stem));
    if let Some([a, b]) = unordered {
        let found = format!("{} and {}", a.name, b.name);
        return Err(Refusal::new("tensor names", "numbers that say which layer comes first", found));
    }
    Ok(layers)
}

/// What has been translated so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) tensors: Tensors,
    pub(super) done: BTreeMap<String, Vec<String>>,
    pub(super) titles: Vec<&'static str>,
    pub(super) assumed: Vec<String>,
    pub(super) doubtful: Vec<String>,
    pub(super) unused: Vec<String>,
    pub(super) origins: BTreeMap<String, Origin>,
    pub(super) layers: BTreeMap<String, String>,
    /// Our names in order of computation.
    pub(super) order: Vec<String>,
    pub(super) family: Family,
    pub(super) has_convolutions: bool,
    pub(super) n_layers: usize,
    /// What names say that tensors do not.
    pub(super) told: Told,
    /// Whether a linear layer stands behind the last convolution.
    is_last_inner: bool,
}

impl Draft {
    fn note(&mut self, action: &str, name: String) {
        self.done.entry(action.to_owned()).or_default().push(name);
    }

    fn assume(&mut self, what: &str) {
        if !self.assumed.iter().any(|known| known == what) {
            self.assumed.push(what.to_owned());
        }
    }

    /// Puts a layer's tensors under `name`.
    fn place(&mut self, name: &str, layer: Layer) {
        if !self.titles.contains(&layer.title) && layer.kind != Kind::Norm {
            self.titles.push(layer.title);
        }
        for (action, name) in layer.done {
            self.note(action, name);
        }
        layer.assumed.iter().for_each(|what| self.assume(what));
        self.doubtful.extend(layer.doubtful);
        self.layers.insert(format!("{name}."), layer.name);
        for (part, origin) in layer.origins {
            self.origins.insert(format!("{name}.{part}"), origin);
        }
        for (part, tensor) in layer.tensors {
            let ours = format!("{name}.{part}");
            if layer.kind != Kind::Norm {
                self.order.push(ours.clone());
            }
            self.tensors.insert(ours, tensor);
        }
    }

    /// Sets aside what is no layer; a matrix or another normalisation among it would change the numbers.
    fn leave(&mut self, block: names::Block) -> Result<(), Refusal> {
        let is_root = block.index.is_none() && block.stem.is_empty();
        let full = |leaf: &str| if is_root { leaf.to_owned() } else { format!("{}.{leaf}", block.name) };
        let nested = block
            .leaves
            .iter()
            .find(|(leaf, t)| t.ndim() <= 1 && leaf.ends_with(".weight") && names::says_activation(leaf));
        if let Some((leaf, _)) = nested {
            return Err(Refusal::new("tensor names", "activations without parameters (ReLU)", full(leaf)));
        }
        if !is_root {
            let parts = || block.leaves.keys().take(6).cloned().collect::<Vec<_>>().join(", ");
            // The class weights of a loss stand beside networks; one number per class is no normalisation.
            let is_loss = block.leaves.len() <= 2 && names::says_loss(&block.name);
            if names::n_axes(&block.leaves, "weight") == 1 && !is_loss {
                let expected = if names::says_activation(&block.name) {
                    "an activation without parameters (ReLU) or with slopes alone (PReLU)"
                } else {
                    "a normalisation with scale and shift (LayerNorm) or running statistics (BatchNorm)"
                };
                return Err(Refusal::new(format!("layer {}", block.name), expected, format!("{} alone", parts())));
            }
            if block.leaves.get("temp").is_some_and(|temp| temp.ndim() == 1 && temp.len() > 1) {
                let found = format!("{} (a weight for every hop, as GPR-GNN learns them)", parts());
                return Err(Refusal::new(format!("layer {}", block.name), "a propagation without parameters", found));
            }
            if block.leaves.iter().any(|(leaf, t)| t.ndim() >= 2 && leaf.rsplit('.').next() == Some("weight")) {
                return Err(Refusal::new(format!("layer {}", block.name), "the parts of a known layer", parts()));
            }
        }
        self.unused.extend(block.leaves.keys().map(|leaf| full(leaf)));
        Ok(())
    }

    /// Linear layers alone: an MLP, behind a propagation or without a graph.
    fn linear_layers(
        &mut self,
        mut linears: Vec<Layer>,
        norms: Vec<Layer>,
        slopes: &[Layer],
        context: &Context<'_>,
    ) -> Result<Family, Refusal> {
        let is_ours = linears.iter().all(|l| l.stem == "fcs") && norms.iter().all(|n| n.stem == "bns");
        let norms = in_order(norms)?;
        let kind = around::norm_of(&norms, false)?;
        self.told.norm = Some(kind).filter(|kind| *kind != Norm::None);
        if is_ours {
            norms.into_iter().enumerate().for_each(|(l, norm)| self.place(&format!("bns.{l}"), norm));
        } else {
            let is_sequence = is_one_sequence(linears.iter().chain(&norms));
            let folds = if is_sequence && (!norms.is_empty() || context.gapped.contains(&linears[0].stem)) {
                // Bare numbers are those of a `Sequential` by itself; `net.0` may be a list that is walked in another way.
                let is_strict = norms.is_empty() || linears.iter().all(|linear| !linear.name.contains('.'));
                let reading = sequence::read(&gin::items(&linears, &norms), context.modules, is_strict)?;
                self.doubtful.extend(reading.doubtful);
                reading.folds
            } else {
                gin::places(&linears, &norms)?
            };
            if !matches!(kind, Norm::None | Norm::Batch) {
                self.told.act_first = Some(is_behind_activations(&norms, &folds, linears.len())?);
                self.assume(match self.told.act_first {
                    Some(true) => "normalisation behind the activation",
                    _ => "normalisation in front of the activation",
                });
                norms.into_iter().enumerate().for_each(|(l, norm)| self.place(&format!("bns.{l}"), norm));
                return self.finish_linear_layers(linears, slopes);
            }
            for (norm, fold) in norms.iter().zip(folds) {
                let (action, name) = gin::join(&mut linears, norm, fold)?;
                self.note(action, name);
                self.assume(match fold {
                    Fold::Front(_) => "batch normalisation in front of the ReLU, eps 1e-5",
                    _ => "batch normalisation behind the ReLU, eps 1e-5",
                });
            }
        }
        self.finish_linear_layers(linears, slopes)
    }

    fn finish_linear_layers(&mut self, linears: Vec<Layer>, slopes: &[Layer]) -> Result<Family, Refusal> {
        if linears.len() > 1 && slopes.is_empty() {
            self.assume("ReLU between layers");
        }
        let widths: Vec<usize> = linears.iter().rev().skip(1).rev().filter_map(around::width).collect();
        self.place_slopes("acts", slopes, &widths)?;
        linears.into_iter().enumerate().for_each(|(l, linear)| self.place(&format!("fcs.{l}"), linear));
        self.assume("the propagation comes before the linear layers");
        self.complete_biases(&["fcs.{}"]);
        Ok(Family::Sgc)
    }

    /// Puts the slopes of a PReLU under `{name}.{l}`, one for every value of `widths`.
    fn place_slopes(&mut self, name: &str, found: &[Layer], widths: &[usize]) -> Result<(), Refusal> {
        for (l, values) in around::slopes(found, widths)?.into_iter().enumerate() {
            self.tensors.insert(format!("{name}.{l}.weight"), values);
        }
        match found {
            [one] if widths.is_empty() => self.unused.push(format!("{}.weight", one.name)),
            [one] if widths.len() > 1 => self.note("used behind every layer", one.name.clone()),
            _ => {}
        }
        Ok(())
    }

    /// One `SGConv`, and perhaps linear layers behind it.
    fn sgc(
        &mut self,
        convolutions: Vec<Layer>,
        linears: Vec<Layer>,
        norms: Vec<Layer>,
        slopes: &[Layer],
        context: &Context<'_>,
    ) -> Result<Family, Refusal> {
        let [convolution] = &convolutions[..] else {
            let found = format!("{} of them", convolutions.len());
            return Err(Refusal::new("tensor names", "one SGConv, which propagates before every weight", found));
        };
        let title = convolution.title;
        let assumed = convolution.assumed;
        let norms = in_order(norms)?.into_iter().map(|n| Layer { stem: "norm".into(), index: None, ..n }).collect();
        let all = convolutions.into_iter().chain(linears).enumerate();
        let all = all.map(|(at, layer)| Layer { kind: Kind::Linear, index: Some(at), stem: "lin".into(), ..layer });
        let family = self.linear_layers(all.collect(), norms, slopes, context)?;
        self.titles = vec![title];
        for what in assumed {
            self.assume(what);
        }
        Ok(family)
    }

    /// Convolutions of one kind with normalisations between them.
    fn convolutions(
        &mut self,
        kind: Kind,
        mut layers: Vec<Layer>,
        linears: Vec<Layer>,
        norms: Vec<Layer>,
        slopes: &[Layer],
        context: &Context<'_>,
    ) -> Result<Family, Refusal> {
        let last = layers.len() - 1;
        let (ends, around) = if kind == Kind::Gcn2 {
            (linears, Linears::default())
        } else {
            (Vec::new(), around::places(linears, &layers)?)
        };
        let is_last_inner = around.after.is_some();
        if matches!(kind, Kind::GatV1 | Kind::GatV2) && !is_last_inner {
            self.average_last_bias(&mut layers[last])?;
        }
        if kind == Kind::GatV2 {
            self.share_weights(&mut layers);
        }
        check_alike(&layers)?;
        let norms = in_order(norms)?;
        let is_counted = !norms.is_empty() || layers[0].stem == "module";
        if is_counted && is_one_sequence(layers.iter().chain(&norms)) {
            let reading = sequence::read(&gin::items(&layers, &norms), context.modules, false)?;
            self.doubtful.extend(reading.doubtful);
            let wrong = norms.iter().zip(&reading.folds).enumerate().find(|(l, (_, fold))| **fold != Fold::Front(*l));
            if let Some((_, (norm, _))) = wrong {
                let expected =
                    "a normalisation directly behind every convolution but the last, in front of the activation";
                return Err(sequence::refusal(&gin::items(&[], std::slice::from_ref(norm))[0], expected));
            }
        }
        let n_norms = if kind == Kind::Gcn2 || is_last_inner { last + 1 } else { last };
        if !norms.is_empty() && norms.len() != n_norms {
            let (name, title) = (&norms[norms.len() - 1].name, layers[0].title);
            let expected = match kind {
                Kind::Gcn2 => format!("{n_norms} normalisations (one behind lin_in and between layers of {title})"),
                _ if is_last_inner => {
                    format!(
                        "{n_norms} normalisations (one behind every layer of {title}, in front of the linear layer)"
                    )
                }
                _ => format!("{n_norms} normalisations (one between layers of {title})"),
            };
            return Err(Refusal::new(format!("layer {name}"), expected, norms.len().to_string()));
        }
        let is_pyg = around::is_pyg(&layers, &norms);
        let norm = around::norm_of(&norms, is_pyg)?;
        match norm {
            Norm::None => {}
            Norm::Batch => self.assume("batch normalisation in front of the ReLU"),
            _ => self.assume("normalisation in front of the activation"),
        }
        let inner_norms = layers.iter().any(|layer| layer.tensors.contains_key("nn.norms.0.weight"));
        let of_pyg = |norm: Norm| if norm == Norm::Layer && is_pyg { Norm::LayerGraph } else { norm };
        self.told.norm = Some(norm);
        self.told.inner_norm = inner_norms.then(|| of_pyg(Norm::Layer));
        self.told.leaves_aggregation_open =
            kind == Kind::Sage && layers[0].title.contains("of PyG 1.") && !layers[0].title.contains("up to");
        if slopes.is_empty() && (layers.len() > 1 || is_last_inner || kind != Kind::Gin) {
            self.assume("ReLU between layers");
        }
        let n_inner = if is_last_inner || kind == Kind::Gcn2 { last + 1 } else { last };
        let mut widths: Vec<usize> = layers.iter().take(n_inner).filter_map(around::width).collect();
        if kind == Kind::Gcn2 {
            widths = vec![ends.first().and_then(around::width).unwrap_or(0); n_inner];
        }
        // `act_in` comes first in the order of names.
        let n_input = slopes.iter().take_while(|slope| names::rank(&slope.stem) == 0).count();
        let (of_input, behind) = slopes.split_at(n_input);
        self.place_slopes("acts", behind, &widths)?;
        if let (Some(before), Some(one)) = (&around.before, of_input.first().or_else(|| behind.first())) {
            let width = around::width(before).unwrap_or(0);
            self.tensors.insert("act_in.weight".into(), around::wide(one, width)?);
        }
        layers.into_iter().enumerate().for_each(|(l, layer)| self.place(&format!("convs.{l}"), layer));
        let Linears { before, beside, after } = around;
        for (name, linear) in [("lin_in", before), ("lin", after)] {
            if let Some(linear) = linear {
                self.place(name, linear);
            }
        }
        beside.into_iter().enumerate().for_each(|(l, linear)| self.place(&format!("skips.{l}"), linear));
        self.titles.retain(|title| *title != "linear layer");
        self.is_last_inner = is_last_inner;
        norms.into_iter().enumerate().for_each(|(l, norm)| self.place(&format!("norms.{l}"), norm));
        Ok(match kind {
            Kind::GatV1 => {
                self.complete_biases(&["convs.{}", "skips.{}", "lin_in", "lin"]);
                Family::Gat
            }
            Kind::GatV2 => {
                self.complete_biases(&["convs.{}.lin_l", "convs.{}.lin_r", "convs.{}", "skips.{}", "lin_in", "lin"]);
                Family::Gat
            }
            Kind::Sage => {
                self.complete_biases(&["convs.{}.lin_l", "skips.{}", "lin_in", "lin"]);
                Family::Sage
            }
            Kind::Gin => {
                self.complete_biases(&["convs.{}.nn.lins.0", "convs.{}.nn.lins.1", "skips.{}", "lin_in", "lin"]);
                Family::Gin
            }
            Kind::Gcn2 => {
                let n_found = ends.len();
                let Ok([first, second]) = <[Layer; 2]>::try_from(ends) else {
                    let expected = "two linear layers around the convolutions (GCNII)";
                    return Err(Refusal::new("tensor names", expected, format!("{n_found} of them")));
                };
                self.place("lin_in", first);
                self.place("lin_out", second);
                self.titles.retain(|title| *title != "linear layer");
                self.complete_biases(&["lin_in", "lin_out"]);
                Family::Gcn2
            }
            _ => {
                self.complete_biases(&["convs.{}", "skips.{}", "lin_in", "lin"]);
                Family::Gcn
            }
        })
    }

    /// The last attention layer averages its heads. DGL keeps a bias for every head, whose mean is then the bias.
    fn average_last_bias(&mut self, layer: &mut Layer) -> Result<(), Refusal> {
        let att = layer.tensors.get("att_src").or_else(|| layer.tensors.get("att")).map(|att| att.shape().to_vec());
        let Some([_, heads, channels]) = att.as_deref() else { return Ok(()) };
        let (heads, channels) = (*heads, *channels);
        let width = layer.tensors.get("bias").map_or(0, ArrayD::len);
        if heads > 1 {
            self.assume("the last layer averages its heads");
        }
        if heads <= 1 || heads.checked_mul(channels) != Some(width) {
            return Ok(());
        }
        let name = format!("{}.bias", layer.name);
        if !layer.title.contains("DGL") {
            let expected = format!("{channels} values (a last layer that averages its {heads} heads)");
            return Err(Refusal::new(format!("tensor {name}"), expected, format!("{width} (it joins them)")));
        }
        let Some(bias) = layer.tensors.get("bias") else { return Ok(()) };
        let flat: Vec<f32> = bias.iter().copied().collect();
        let mean: Vec<f32> = (0..channels)
            .map(|c| {
                let sum: f64 = flat.iter().skip(c).step_by(channels).copied().map(f64::from).sum();
                (sum / heads as f64) as f32
            })
            .collect();
        layer.tensors.insert("bias".into(), Array1::from_vec(mean).into_dyn());
        self.note("averaged over the heads", name);
        Ok(())
    }

    /// Uses one transformation for sources and targets where all layers hold it twice.
    fn share_weights(&mut self, layers: &mut [Layer]) {
        let is_twice = |layer: &Layer| {
            layer.tensors.contains_key("lin_r.weight")
                && ["weight", "bias"].iter().all(|part| {
                    layer.tensors.get(&format!("lin_l.{part}")) == layer.tensors.get(&format!("lin_r.{part}"))
                })
        };
        if layers.iter().all(is_twice) {
            for layer in layers {
                layer.tensors.retain(|part, _| !part.starts_with("lin_r."));
                self.note("used once, because it repeats another", format!("{}.lin_r", layer.name));
            }
        }
    }

    /// Fills in biases of zeros where some layers have one and others not; `{}` stands for every layer's number.
    fn complete_biases(&mut self, owners: &[&str]) {
        let names = |owner: &str| -> Vec<String> {
            let numbered = (0..).map(|l: usize| owner.replace("{}", &l.to_string()));
            // The first name from here on is the layer's, if it has any: no search through all of them.
            let is_layer = |name: &String| {
                let start = format!("{name}.");
                self.tensors.range(start.clone()..).next().is_some_and(|(key, _)| key.starts_with(&start))
            };
            if owner.contains("{}") { numbered.take_while(is_layer).collect() } else { vec![owner.to_owned()] }
        };
        let groups: Vec<Vec<String>> = owners.iter().map(|owner| names(owner)).collect();
        if !groups.iter().flatten().any(|name| self.tensors.contains_key(&format!("{name}.bias"))) {
            return;
        }
        for (at, name) in groups.iter().flat_map(|group| group.iter().rev().enumerate()) {
            let key = format!("{name}.bias");
            if self.tensors.contains_key(&key) {
                continue;
            }
            let part = |part: &str| self.tensors.get(&format!("{name}.{part}"));
            let matrix = ["weight", "lin.weight", "lin_l.weight"].iter().find_map(|p| part(p));
            let Some(rows) = matrix.and_then(|matrix| matrix.shape().first().copied()) else { continue };
            // The bias behind attention is as wide as one head in the last layer, where heads are averaged.
            let attention = part("att").or_else(|| part("att_src")).filter(|_| at == 0 && !self.is_last_inner);
            let width = attention.and_then(|att| att.shape().get(2).copied()).unwrap_or(rows);
            self.tensors.insert(key.clone(), ArrayD::zeros(vec![width]));
            self.note("filled in with zeros", key);
        }
    }
}

/// Whether normalisations that no linear layer can take in stand behind the activations, and not in front of them.
fn is_behind_activations(norms: &[Layer], folds: &[Fold], n_linears: usize) -> Result<bool, Refusal> {
    let n_between = n_linears.saturating_sub(1);
    let is = |place: fn(usize) -> Fold| folds.iter().enumerate().all(|(l, fold)| *fold == place(l));
    if norms.len() == n_between && is(Fold::Front) {
        return Ok(false);
    }
    if norms.len() == n_between && is(|l| Fold::Back(l + 1)) {
        return Ok(true);
    }
    let expected =
        format!("{n_between} normalisations, one between linear layers, all on the same side of the activation");
    let name = norms.last().map_or("", |norm| norm.name.as_str());
    Err(Refusal::new(format!("layer {name}"), expected, format!("{} in other places", norms.len())))
}

/// Checks that every layer has the parts that the first one has, biases aside.
fn check_alike(layers: &[Layer]) -> Result<(), Refusal> {
    let parts = |layer: &Layer| -> Vec<String> {
        layer.tensors.keys().filter(|part| !part.ends_with("bias")).cloned().collect()
    };
    let all: std::collections::BTreeSet<String> = layers.iter().flat_map(parts).collect();
    for layer in layers {
        let missing: Vec<String> = all.iter().filter(|part| !layer.tensors.contains_key(*part)).cloned().collect();
        if !missing.is_empty() {
            let expected = format!("{}, as other layers have", missing.join(", "));
            return Err(Refusal::new(format!("layer {}", layer.name), expected, "none of that name"));
        }
    }
    Ok(())
}
