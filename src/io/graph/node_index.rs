//! Which node an id of a table is.
//!
//! What is never here: anything of a table but its ids.

use std::collections::HashMap;

use crate::io::source::{parse_id, parse_whole};
use crate::io::text::shortened;

/// What the order of a graph's nodes means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum NodeOrder {
    /// The file counts them from 0, or lists them.
    #[default]
    FromZero,
    /// The file counts them from 1.
    FromOne,
    /// Nothing: it is that in which a list of edges mentions them.
    Appearance,
}

impl NodeOrder {
    /// What the first node of a graph without ids is called in a table with these ids: 0 or 1.
    pub(super) fn first_of<'i>(self, ids: impl Iterator<Item = &'i str>, n: usize) -> u64 {
        let (mut least, mut most, mut count) = (u64::MAX, 0u64, 0usize);
        for id in ids {
            let Some(id) = parse_whole(id.as_bytes()).or_else(|| parse_whole(whole_of(id)?.as_bytes())) else {
                continue;
            };
            (least, most, count) = (least.min(id), most.max(id), count + 1);
        }
        // From 1 to n, each once (a second time is refused when it is read): all nodes, as other programs count them.
        let is_counted = least == 1 && most == n as u64 && count == n;
        u64::from(is_counted || (self == Self::FromOne && (1..u64::MAX).contains(&least)))
    }
}

/// Which node an id is.
pub(super) struct NodeIndex<'a> {
    pub(super) n: usize,
    pub(super) ids: Option<&'a [String]>,
    /// Looked up only, never walked.
    number: HashMap<&'a str, u32>,
    pub(super) order: NodeOrder,
}

impl<'a> NodeIndex<'a> {
    pub(super) fn new(n: usize, ids: Option<&'a [String]>, order: NodeOrder) -> Self {
        let number = ids.unwrap_or_default().iter().map(String::as_str).zip(0u32..).collect();
        Self { n, ids, number, order }
    }

    /// `first`: what the first node is called where nodes have no ids, see [`NodeOrder::first_of`].
    pub(super) fn find(&self, id: &str, first: u64) -> Option<u32> {
        let find = |id: &str| {
            if self.ids.is_some() {
                return self.number.get(id).copied();
            }
            let u = parse_id(id.as_bytes()).and_then(|u| u.checked_sub(first));
            u.filter(|u| *u < self.n as u64).map(|u| u as u32)
        };
        // pandas writes integers as fractions where one is missing.
        find(id).or_else(|| find(whole_of(id)?))
    }

    pub(super) fn name(&self, u: usize, first: u64) -> String {
        self.ids.and_then(|ids| ids.get(u)).map_or_else(|| (u as u64 + first).to_string(), |id| shortened(id))
    }
}

/// The integer in `7.0` and `-1.0`.
pub(super) fn whole_of(id: &str) -> Option<&str> {
    let (whole, fraction) = id.split_once('.')?;
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    (!fraction.is_empty() && fraction.bytes().all(|b| b == b'0') && parse_id(digits.as_bytes()).is_some())
        .then_some(whole)
}

/// A class that is an integer; `01` is a name, for it is another one than `1`.
pub(super) fn whole_class(text: &str) -> Option<i64> {
    parse_id(text.strip_prefix('-').unwrap_or(text).as_bytes())?;
    text.parse().ok()
}
