//! Passes: what looks at a program and makes it cheaper to run, without changing what comes out.

pub(crate) mod fuse;
pub(crate) mod given;
pub(crate) mod liveness;
pub(crate) mod rows;
