//! What can go wrong inside the engine.
//!
//! Two kinds reach a caller: input that does not fit (a graph and a model that do not belong together, a recipe that asks
//! for the impossible) and [`EngineError::Cancelled`], which is no failure and is never shown as one. Misuse of a kernel by
//! our own code is an assertion instead, documented under `# Panics`.

/// An engine function could not deliver its result.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EngineError {
    /// The user asked for the work to stop.
    #[error("cancelled")]
    Cancelled,
    /// Two values that must fit each other do not.
    #[error("{what}: expected {expected}, found {found}")]
    Mismatch {
        /// What was being matched, for example `model input width`.
        what: String,
        /// What would have fitted.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A compressed sparse row structure breaks one of its invariants.
    #[error("graph structure, row {row}: expected {expected}, found {found}")]
    Topology {
        /// The first row that breaks the invariant.
        row: usize,
        /// The invariant.
        expected: String,
        /// What the row holds.
        found: String,
    },
    /// A recipe asks for something outside its range.
    #[error("recipe, {field}: expected {expected}, found {found}")]
    Recipe {
        /// The key as it is spelt in the recipe file, for example `edges.delta`.
        field: String,
        /// The allowed values.
        expected: String,
        /// The given value.
        found: String,
    },
    /// A number that must be finite is not.
    #[error("{what}: expected a finite number, found {found}")]
    NotFinite {
        /// Which quantity, and of which layer.
        what: String,
        /// `NaN`, `inf` or `-inf`.
        found: String,
    },
    /// Arrays that lie outside of memory could not be read or written.
    #[error("{what}: {reason}")]
    Storage {
        /// Which file or array.
        what: String,
        /// The operating system's reason.
        reason: String,
    },
    /// The worker threads could not be started.
    #[error("worker threads: {reason}")]
    Threads {
        /// The operating system's reason.
        reason: String,
    },
}

impl EngineError {
    /// A [`EngineError::Mismatch`] from anything that can be displayed.
    pub fn mismatch(what: impl Into<String>, expected: impl ToString, found: impl ToString) -> Self {
        Self::Mismatch { what: what.into(), expected: expected.to_string(), found: found.to_string() }
    }

    /// A [`EngineError::Recipe`] from anything that can be displayed.
    pub fn recipe(field: impl Into<String>, expected: impl ToString, found: impl ToString) -> Self {
        Self::Recipe { field: field.into(), expected: expected.to_string(), found: found.to_string() }
    }
}
