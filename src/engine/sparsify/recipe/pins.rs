//! Section `[edges.pins]`: entries that were kept or removed by hand, whatever the thresholds say.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::engine::error::EngineError;

/// Entries that no threshold decides.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// Kept in every step.
    #[serde(default)]
    pub keep: Vec<PinnedEntry>,
    /// Removed from the first step on.
    #[serde(default)]
    pub remove: Vec<PinnedEntry>,
}

/// An entry by the ids of its nodes, as the graph's file spells them. Recipes write it as `[source, target]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Vec<NodeId>", into = "(NodeId, NodeId)")]
pub struct PinnedEntry {
    /// The node that is heard.
    pub source: String,
    /// The node that hears.
    pub target: String,
}

/// How a file spells the id of a node: as a number where it is one.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum NodeId {
    Number(u64),
    Text(String),
}

impl From<NodeId> for String {
    fn from(id: NodeId) -> Self {
        match id {
            NodeId::Number(number) => number.to_string(),
            NodeId::Text(text) => text,
        }
    }
}

impl From<String> for NodeId {
    fn from(id: String) -> Self {
        // TOML's numbers end at 2⁶³; an id with zeros in front is another one than the number.
        match id.parse::<u64>() {
            Ok(number) if number.to_string() == id && i64::try_from(number).is_ok() => Self::Number(number),
            _ => Self::Text(id),
        }
    }
}

impl TryFrom<Vec<NodeId>> for PinnedEntry {
    type Error = String;

    fn try_from(ids: Vec<NodeId>) -> Result<Self, String> {
        let mut ids = ids.into_iter().map(String::from);
        match (ids.next(), ids.next(), ids.count()) {
            (Some(source), Some(target), 0) => Ok(Self { source, target }),
            (first, second, more) => {
                let n = usize::from(first.is_some()) + usize::from(second.is_some()) + more;
                Err(format!("expected [source, target], found {n} ids"))
            }
        }
    }
}

impl From<PinnedEntry> for (NodeId, NodeId) {
    fn from(entry: PinnedEntry) -> Self {
        (entry.source.into(), entry.target.into())
    }
}

impl Pins {
    /// The most entries that are decided by hand: a recipe is compared, copied and written again and again.
    pub const MAX: usize = 10_000;

    /// Whether thresholds decide everything.
    pub fn is_empty(&self) -> bool {
        self.keep.is_empty() && self.remove.is_empty()
    }

    /// How many entries are decided by hand.
    pub fn len(&self) -> usize {
        self.keep.len() + self.remove.len()
    }

    /// What was decided of the entries of a target, by the ids of their sources: whether they are kept.
    pub fn of_target(&self, target: &str) -> BTreeMap<&str, bool> {
        let lists = [(&self.keep, true), (&self.remove, false)];
        let entries = lists.into_iter().flat_map(|(list, is_kept)| list.iter().map(move |entry| (entry, is_kept)));
        let of_target = entries.filter(|(entry, _)| entry.target == target);
        of_target.map(|(entry, is_kept)| (entry.source.as_str(), is_kept)).collect()
    }

    /// Keeps entries, removes them, or leaves them to the thresholds.
    pub fn set(&mut self, entries: Vec<PinnedEntry>, is_kept: Option<bool>) {
        let entries: BTreeSet<PinnedEntry> = entries.into_iter().collect();
        for list in [&mut self.keep, &mut self.remove] {
            list.retain(|entry| !entries.contains(entry));
        }
        match is_kept {
            Some(true) => self.keep.extend(entries),
            Some(false) => self.remove.extend(entries),
            None => {}
        }
    }

    /// Refuses an entry that is both kept and removed, and more entries than [`Pins::MAX`].
    pub(super) fn check(&self) -> Result<(), EngineError> {
        if self.len() > Self::MAX {
            let expected = format!("at most {} entries decided by hand (edges.lock keeps all of a node)", Self::MAX);
            return Err(EngineError::recipe("edges.pins", expected, self.len()));
        }
        let kept: BTreeSet<&PinnedEntry> = self.keep.iter().collect();
        match self.remove.iter().find(|entry| kept.contains(entry)) {
            Some(both) => {
                let found = format!("{} → {} in both", both.source, both.target);
                Err(EngineError::recipe("edges.pins", "entries that are either kept or removed", found))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(source: &str, target: &str) -> PinnedEntry {
        PinnedEntry { source: source.to_owned(), target: target.to_owned() }
    }

    #[test]
    fn an_entry_is_on_one_list_at_most() {
        let mut pins = Pins::default();
        pins.set(vec![entry("1", "2"), entry("3", "2")], Some(true));
        pins.set(vec![entry("2", "1")], Some(false));
        pins.set(vec![entry("1", "2"), entry("1", "2")], Some(false));
        assert_eq!(pins.of_target("2"), BTreeMap::from([("1", false), ("3", true)]));
        assert_eq!((pins.of_target("1"), pins.len()), (BTreeMap::from([("2", false)]), 3));
        pins.set(vec![entry("1", "2"), entry("3", "2")], None);
        assert_eq!((pins.of_target("2").len(), pins.len(), pins.is_empty()), (0, 1, false));
        pins.keep.push(entry("2", "1"));
        let error = pins.check().expect_err("on both lists").to_string();
        assert_eq!(error, "recipe, edges.pins: expected entries that are either kept or removed, found 2 → 1 in both");
        let many = Pins { keep: (0..=Pins::MAX).map(|v| entry(&v.to_string(), "0")).collect(), remove: Vec::new() };
        let error = many.check().expect_err("too many").to_string();
        assert!(error.contains("at most 10000 entries") && error.contains("found 10001"), "{error}");
    }

    #[test]
    fn ids_are_written_as_files_spell_them() {
        let pins = Pins { keep: vec![entry("7", "007"), entry("東京", "18446744073709551615")], remove: Vec::new() };
        let text = serde_json::to_string(&pins).expect("JSON");
        assert_eq!(text, r#"{"keep":[[7,"007"],["東京","18446744073709551615"]],"remove":[]}"#);
        assert_eq!(serde_json::from_str::<Pins>(&text).expect("what was written"), pins);
    }
}
