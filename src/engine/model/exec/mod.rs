//! Executors: what runs a program. Who multiplies and who propagates is a policy that is passed in; nothing here knows what is removed.

pub(crate) mod hops;
pub(crate) mod infer;
pub(crate) mod operations;
pub(crate) mod policy;
pub(crate) mod shapes;
pub(crate) mod tape;
pub(crate) mod train;
mod values;
