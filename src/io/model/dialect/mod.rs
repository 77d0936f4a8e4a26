//! Names and orientation of other programs' tensors → ours.
//!
//! A pure function, [`translate`]: tensors in, tensors under the names of `engine::model` out, with a list of everything that was
//! done, what the names leave open and was assumed, and what has no place. In this order:
//!
//! 1. weights that are given in parts are computed (`reparametrised.rs`), masks are multiplied in (`masks.rs`);
//! 2. the network is found among what lies beside it (`roots.rs`);
//! 3. wrapping prefixes come off, names are cut into layer and part (`names.rs`);
//! 4. every layer is looked up by its *set of parts* (`layers.rs`, `gin.rs`), which says library, version and orientation. A matrix
//!    is transposed because its name says so, never because of its shape;
//! 5. the layers make a family: numbered anew, normalisations in their places (`sequence.rs`), biases complete.
//!
//! A layer whose formula is not ours is refused by name. What is never here: reading a file.

mod around;
mod facts;
mod gin;
mod layers;
mod masks;
mod names;
mod network;
mod reparametrised;
mod roots;
mod sequence;
mod tensors;

use std::collections::{BTreeMap, BTreeSet};

use self::network::{Draft, build};
use self::sequence::Modules;
use crate::engine::model::Architecture;
use crate::io::text::shortened;

use self::facts::Stated;
pub(super) use facts::ModuleFacts;
pub(super) use layers::Origin;
pub(super) use masks::{apply as apply_masks, are_masks_alone};
pub(super) use reparametrised::compute as compute_weights;
pub(super) use tensors::{Refusal, Tensors, Unread};

/// Tensors in our names, and what it took.
#[derive(Debug)]
pub(super) struct Translation {
    /// Under the names that `Model::from_state_dict` knows.
    pub(super) tensors: Tensors,
    /// The family, and what the names tell about its settings.
    pub(super) architecture: Architecture,
    /// Whose names they were, for people.
    pub(super) dialect: String,
    /// What was done → to which tensors.
    pub(super) done: BTreeMap<String, Vec<String>>,
    /// What the names leave open.
    pub(super) assumed: Vec<String>,
    /// The same, where the outputs are other ones if it does not hold.
    pub(super) doubtful: Vec<String>,
    /// What the modules say about themselves and was taken over.
    pub(super) stated: Vec<String>,
    /// Settings that the modules say, by name.
    pub(super) settings: BTreeSet<&'static str>,
    /// Whether the layers leave open what a node takes of its neighbours.
    pub(super) leaves_aggregation_open: bool,
    /// Tensors without a place.
    pub(super) unused: Vec<String>,
    /// Tensors that could not be read and are no part of the network, with the reason.
    pub(super) unread: Vec<String>,
    /// Our name → the tensor of the file.
    pub(super) origins: BTreeMap<String, Origin>,
    /// The start of our names → the layer of the file.
    pub(super) layers: BTreeMap<String, String>,
}

/// Translates tensors; `modules` says more about the layers where a file has it, `unread` what could not be read.
pub(super) fn translate(
    mut tensors: Tensors,
    modules: &[ModuleFacts],
    unread: Vec<Unread>,
) -> Result<Translation, Refusal> {
    let by_path: Modules<'_> = modules.iter().map(|facts| (facts.path.as_str(), facts)).collect();
    let root = match roots::find(&tensors, &by_path) {
        Ok(root) => root,
        // What could not be read comes first: names are judged only where all of them are there.
        Err(refusal) => return Err(unread.into_iter().next().map_or(refusal, |unread| unread.reason)),
    };
    let prefix = root.prefix.as_str();
    let outside: Vec<String> = tensors.keys().filter(|name| !name.starts_with(prefix)).cloned().collect();
    for name in &outside {
        tensors.remove(name);
    }
    let mut parts = roots::Parts::new(&tensors);
    if let Some(part) = unread.iter().find(|unread| parts.has(&unread.name)) {
        return Err(part.reason.clone());
    }
    let mut draft = build(tensors, prefix, &by_path)?;
    draft.doubtful.extend(root.doubtful);
    let mut architecture = Architecture::new(draft.family);
    draft.told.apply(&mut architecture);
    let Stated { texts: stated, settings } = facts::apply(modules, &mut architecture)?;
    let leaves_aggregation_open = draft.told.leaves_aggregation_open;
    let Draft { tensors, done, titles, assumed, mut doubtful, mut unused, origins, layers, .. } = draft;
    unused.extend(outside.into_iter().filter(|name| !name.ends_with("num_batches_tracked")));
    let (doubts, assumed): (Vec<_>, Vec<_>) =
        assumed.into_iter().partition(|what| layers::DOUBTFUL.contains(&what.as_str()));
    doubtful.splice(0..0, doubts);
    // What a report says stays on one line each, whatever the names hold.
    let done =
        done.into_iter().map(|(action, names)| (action, names.iter().map(|name| shortened(name)).collect())).collect();
    let doubtful = doubtful.iter().map(|what| what.replace(char::is_control, " ")).collect();
    let unused = unused.iter().map(|name| shortened(name)).collect();
    let unread = unread.into_iter().map(|unread| format!("{}: {}", unread.name, unread.reason.reason())).collect();
    let dialect = titles.join(", ");
    Ok(Translation {
        tensors,
        architecture,
        dialect,
        done,
        assumed,
        doubtful,
        stated,
        settings,
        leaves_aggregation_open,
        unused,
        unread,
        origins,
        layers,
    })
}

/// Whether the matrix of this name is `[in, out]` in PyTorch, because its layer computes `x @ W`.
pub(super) fn multiplies_from_the_right(name: &str) -> bool {
    names::has_bare_matrix(name)
}
