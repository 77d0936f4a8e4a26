//! Unifews itself: which entries of the diffusion matrix and of the weights carry too small a message.

mod any_number;
pub(crate) mod attention;
pub mod baselines;
pub(crate) mod calibrate;
mod channel_trace;
pub(crate) mod decide;
pub(crate) mod edge_pass;
pub(crate) mod edges;
pub(crate) mod exempt;
mod mask;
pub(crate) mod masked_inference;
mod operator_products;
mod propagated;
pub(crate) mod pruned_operator;
pub(crate) mod pruning_pass;
pub(crate) mod push;
pub(crate) mod receptive_field;
mod recipe;
mod removed_bits;
pub(crate) mod saved;
pub(crate) mod steps;
mod stored_operator;
pub(crate) mod stored_weights;
pub(crate) mod threshold;
pub(crate) mod trace;
pub(crate) mod trace_writer;
pub(crate) mod transform;
pub(crate) mod weight_pass;
pub(crate) mod weights;

pub use crate::engine::graph::HopOrder;
pub use crate::engine::kernels::{Precision, ValueType};
pub use channel_trace::ChannelTrace;
pub use decide::propagate;
pub use mask::{EdgeMask, EntryValues, Masks, WeightMask};
pub use propagated::Propagated;
pub use recipe::{
    Allocation, ChannelRule, Compat, EdgeMode, EdgeRule, EntryChoice, FitNodes, HopRule, Identity, Lock, MaskChoice,
    MonitorRule, NodesAre, PinnedEntry, Pins, PrecisionRule, Quirk, RECIPE_FORMAT, Recipe, RecoveryRule, Schedule,
    StoredAs, Training, ValueRule, WeightMode, WeightRecovery, WeightRule,
};
pub use stored_weights::StoredWeights;
pub use trace::{Arrivals, EdgeTrace, Macs, Product, Pruned, RecoveryTraining, RowCount, StepTrace, WeightTrace};
