//! What stands between the layers of a `torch.nn.Sequential`, read off the numbers in their names.
//!
//! ```text
//! nn.0 linear, nn.1 normalisation, nn.3 linear     the activation is nn.2, behind the normalisation
//! nn.0 linear, nn.2 normalisation, nn.3 linear     the activation is nn.1, in front of it
//! nn.0 linear, nn.1 linear                         no activation
//! ```
//! What has no tensors has a number too, so a number that no tensor has stands for an activation or dropout. Where a file holds whole
//! modules their classes say which; elsewhere one gap between two layers is the activation. A normalisation is folded into the layer
//! that it touches without an activation in between: running statistics make it `x ↦ s x + t`, so
//! `BN(W x + b) = (s W) x + s b + t` and `W BN(x) + b = (W s) x + W t + b`, both exactly.
//!
//! What is never here: tensors.

use std::collections::BTreeMap;

use super::facts::ModuleFacts;
use super::tensors::Refusal;

/// Modules by their names in the file.
pub(super) type Modules<'a> = BTreeMap<&'a str, &'a ModuleFacts>;

/// A layer of a sequence, as far as its place counts.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Its number in the sequence.
    pub(super) index: usize,
    /// Its name in the file.
    pub(super) name: String,
    pub(super) is_norm: bool,
}

/// Where a normalisation belongs; linear layers are counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    /// Into the linear layer in front of it.
    Front(usize),
    /// Into the linear layer behind it.
    Back(usize),
    /// Nowhere: it stands behind the last linear layer's activation.
    End,
}

/// How a sequence is read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// For every normalisation, in order.
    pub(super) folds: Vec<Fold>,
    /// What the numbers leave open.
    pub(super) doubtful: Vec<String>,
}

/// What stands in a gap between two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gap {
    None,
    /// Modules without tensors of classes that are not known.
    Open,
    Activation,
    /// Dropout and the like, which do nothing when a network is used.
    Nothing,
}

/// Reads linear layers and normalisations in the order of their numbers. `is_strict`: they are called one after another, so that
/// without a gap there is no activation.
pub(super) fn read(items: &[Item], modules: &Modules<'_>, is_strict: bool) -> Result<Reading, Refusal> {
    let mut reading = Reading::default();
    let n_linears = items.iter().filter(|item| !item.is_norm).count();
    let mut at = 0;
    let mut linear = 0;
    while let Some(item) = items.get(at) {
        if item.is_norm {
            // Only those in front of the first linear layer are met here.
            let next = items.get(at + 1).filter(|next| !next.is_norm);
            let is_joined = next.is_some_and(|next| matches!(gap(item, next, modules), Gap::None | Gap::Nothing));
            if !is_joined {
                return Err(refusal(item, "a linear layer directly behind it"));
            }
            reading.folds.push(Fold::Back(0));
            at += 1;
            continue;
        }
        linear += 1;
        let is_last = linear == n_linears;
        let norms: Vec<&Item> = items[at + 1..].iter().take_while(|next| next.is_norm).collect();
        let next = items.get(at + 1 + norms.len());
        at += 1 + norms.len();
        match (&norms[..], next) {
            ([], Some(next)) => match gap(item, next, modules) {
                Gap::Open | Gap::Activation => {}
                Gap::None if !is_strict => reading.doubtful.push(no_room(item, next)),
                _ => return Err(no_activation(item, next)),
            },
            ([norm], Some(next)) => {
                let fold = between(item, norm, next, linear, modules, is_strict, &mut reading.doubtful)?;
                reading.folds.push(fold);
            }
            ([norm], None) if is_last => reading.folds.push(match gap(item, norm, modules) {
                Gap::None | Gap::Nothing => Fold::Front(linear - 1),
                Gap::Open | Gap::Activation => Fold::End,
            }),
            ([], None) => {}
            ([_, second, ..], _) => return Err(refusal(second, "one normalisation between two linear layers")),
            ([norm], None) => return Err(refusal(norm, "a linear layer in front of it")),
        }
    }
    Ok(reading)
}

/// A normalisation between linear layer `linear - 1` and the next.
fn between(
    front: &Item,
    norm: &Item,
    back: &Item,
    linear: usize,
    modules: &Modules<'_>,
    is_strict: bool,
    doubtful: &mut Vec<String>,
) -> Result<Fold, Refusal> {
    let (before, after) = (gap(front, norm, modules), gap(norm, back, modules));
    let (in_front, behind) = (Fold::Front(linear - 1), Fold::Back(linear));
    Ok(match (before, after) {
        (Gap::None | Gap::Nothing, Gap::Open | Gap::Activation) | (Gap::Open, Gap::Activation) => in_front,
        (Gap::Open | Gap::Activation, Gap::None | Gap::Nothing) | (Gap::Activation, Gap::Open) => behind,
        (Gap::Open, Gap::Open) => {
            doubtful.push(format!(
                "{} is read as standing behind the ReLU: between it and {} and {} there are modules without tensors, and the one in front \
                 is taken for the ReLU, the other for dropout",
                norm.name, front.name, back.name
            ));
            behind
        }
        (Gap::Activation, Gap::Activation) => {
            return Err(refusal(norm, "one activation between two linear layers"));
        }
        _ if !is_strict && before == Gap::None && after == Gap::None => {
            doubtful.push(no_room(norm, back));
            in_front
        }
        _ => return Err(no_activation(norm, back)),
    })
}

fn gap(front: &Item, back: &Item, modules: &Modules<'_>) -> Gap {
    let inside = front.index + 1..back.index;
    if inside.is_empty() {
        return Gap::None;
    }
    let Some(container) = front.name.strip_suffix(&front.index.to_string()) else { return Gap::Open };
    let mut found = Gap::Nothing;
    // More modules than are known cannot be looked up.
    for index in inside.take(modules.len() + 1) {
        let class = modules.get(format!("{container}{index}").as_str()).map(|facts| facts.class.as_str());
        match class {
            None => return Gap::Open,
            Some("Dropout" | "Identity" | "AlphaDropout") => {}
            Some(_) => found = Gap::Activation,
        }
    }
    found
}

fn no_room(front: &Item, back: &Item) -> String {
    format!("ReLU between {} and {}, although their numbers leave no room for it", front.name, back.name)
}

fn no_activation(front: &Item, back: &Item) -> Refusal {
    let expected = format!("an activation between {} and {}", front.name, back.name);
    Refusal::new(format!("layer {}", back.name), expected, "none: their numbers in the sequence leave no room for it")
}

/// A normalisation in a place that has no counterpart.
pub(super) fn refusal(norm: &Item, expected: &str) -> Refusal {
    let found = "a normalisation in another place of its sequence; order is read off the numbers, and none is guessed";
    Refusal::new(format!("layer {}", norm.name), expected, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Vec<Item> {
        let item = |word: &str| {
            let (kind, index) = word.split_at(1);
            Item { index: index.parse().expect("a number"), name: format!("nn.{index}"), is_norm: kind == "n" }
        };
        text.split(' ').map(item).collect()
    }

    fn folds(text: &str) -> Result<(Vec<Fold>, usize), String> {
        let reading = read(&items(text), &Modules::new(), true);
        reading.map(|reading| (reading.folds, reading.doubtful.len())).map_err(|refusal| refusal.place)
    }

    #[test]
    fn numbers_say_where_the_activation_stands() {
        use Fold::{Back, End, Front};
        let right = [
            ("l0 l2", vec![], 0),
            ("l0 n1 l3", vec![Front(0)], 0),
            ("l0 n2 l3", vec![Back(1)], 0),
            ("l0 n2 l4", vec![Back(1)], 1),
            ("n0 l1 l3", vec![Back(0)], 0),
            ("l0 l2 n3", vec![Front(1)], 0),
            ("l0 l2 n4", vec![End], 0),
            ("l0 n1 l3 n4 l6 n7", vec![Front(0), Front(1), Front(2)], 0),
            ("l0 n2 l3 n5 l6", vec![Back(1), Back(2)], 0),
        ];
        for (text, expected, n_doubtful) in right {
            assert_eq!(folds(text), Ok((expected, n_doubtful)), "{text}");
        }
        for (text, place) in [("l0 l1", "nn.1"), ("l0 n1 l2", "nn.2"), ("n0 l2 l4", "nn.0"), ("l0 n1 n2 l4", "nn.2")] {
            assert_eq!(folds(text), Err(format!("layer {place}")), "{text}");
        }
    }

    #[test]
    fn classes_settle_what_numbers_leave_open() {
        let facts = |index: usize, class: &str| ModuleFacts {
            path: format!("nn.{index}"),
            module: "torch.nn.modules.activation".into(),
            class: class.into(),
            numbers: BTreeMap::new(),
            texts: BTreeMap::new(),
        };
        let read_with = |classes: [&str; 2]| {
            let facts = [facts(1, classes[0]), facts(3, classes[1])];
            let modules: Modules<'_> = facts.iter().map(|facts| (facts.path.as_str(), facts)).collect();
            read(&items("l0 n2 l4"), &modules, true).map(|reading| (reading.folds, reading.doubtful.len()))
        };
        assert_eq!(read_with(["Dropout", "ReLU"]), Ok((vec![Fold::Front(0)], 0)));
        assert_eq!(read_with(["ReLU", "Dropout"]), Ok((vec![Fold::Back(1)], 0)));
        assert!(read_with(["ReLU", "ReLU"]).is_err() && read_with(["Dropout", "Identity"]).is_err());
    }
}
