//! What held-out nodes prove about the accuracy that pruning costs: an exact paired test, and a bound that needs no label.
//!
//! A node is *harmed* where the pruned model is wrong and the baseline is right, *helped* where it is the other way round; the loss is
//! the share of harmed less the share of helped nodes. [`Paired::p_value`] tests that the loss of the population is above a limit,
//! exactly, from the two counts (Berger and Boos, 1994, for the unknown rate at which the two models differ). A path of models from the
//! baseline to the sparsest is tested in a fixed sequence, so that no error level is spent on its length. The *deterministic bound*
//! holds with certainty: on any set of nodes, accuracy falls by at most the share of its nodes whose predicted class changed.
//!
//! Never here: how the models of a path are made, which the caller fixes before the labels of the calibration nodes are looked at.

mod binomial;
mod certificate;
mod groups;
mod nodes;
mod paired;
mod sequence;
#[cfg(test)]
mod tests;

pub use certificate::{
    CERTIFICATE_FORMAT, Candidate, Certificate, CertifyOptions, ChangedClasses, PathPoint, calibration_nodes, certify,
};
pub use groups::{Group, GroupKind};
pub(in crate::engine) use groups::{degree_ranges, degrees};
pub use nodes::{Calibration, NodeSet, halves};
pub use paired::{BETA, N_RATES, Paired};
pub use sequence::{SMALLEST_GROUP, Sequence, Tested};
