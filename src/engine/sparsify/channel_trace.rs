//! What is known of hidden channels that may go as a whole: in which order they go, and what each step of that costs.

use serde::{Deserialize, Serialize};

/// The channels of one hidden representation, in the order in which recovery lets them go. Whatever share is asked for, the first ones of them
/// are those that go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelTrace {
    /// The first weight that makes them, for example `convs.0.lin.weight`.
    pub weight: String,
    /// The layer of that weight, from 0.
    pub layer: usize,
    /// Channels of the unpruned network.
    pub n_channels: usize,
    /// How many went.
    pub n_removed: usize,
    /// Which goes first, second, and so on. Those that are not here always stay.
    pub order: Vec<u32>,
    /// Relative error of what reads them, `‖ΦW - ΦŴ‖_F / ‖ΦW‖_F`, once a channel of `order` and all before it are gone and the others make up
    /// for them; no entry and no other weight is removed yet. Of all before the largest, so that it never falls. `[order.len()]`
    pub errors: Vec<f32>,
}

impl ChannelTrace {
    /// How many of `n_channels` a share removes, of which `n_can_go` can go.
    pub(crate) fn n_of_share(share: f64, n_channels: usize, n_can_go: usize) -> usize {
        ((share * n_channels as f64).round() as usize).min(n_can_go)
    }

    /// How many channels a share removes.
    pub fn n_without(&self, share: f64) -> usize {
        Self::n_of_share(share, self.n_channels, self.order.len())
    }

    /// The share that removes `n` of them.
    pub fn share_of(&self, n: usize) -> f64 {
        n as f64 / self.n_channels.max(1) as f64
    }

    /// The relative error without the first `n` that go.
    pub fn error_without(&self, n: usize) -> f64 {
        n.checked_sub(1).and_then(|last| self.errors.get(last)).map_or(0.0, |error| f64::from(*error))
    }

    /// When channel `channel` goes, from 0; `None` for one that always stays.
    pub fn rank_of(&self, channel: u32) -> Option<usize> {
        self.order.iter().position(|gone| *gone == channel)
    }
}
