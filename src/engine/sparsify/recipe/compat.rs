//! Section `compat`: clean mathematics, or what the authors' code does.

use serde::{Deserialize, Serialize};

/// One quirk of the authors' code that the clean form does not have; see `docs/DIFFERENCES.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quirk {
    /// GAT tests `‖α‖₂ / heads · ‖x‖₂` against the mean `‖x‖₂`, not the message's norm (docs/DIFFERENCES.md#d2).
    GatEdgeRule,
    /// GAT does not renormalise attention in the layer that removes entries (docs/DIFFERENCES.md#d10).
    GatNoRenormalisation,
    /// `GraphSAGE` tests the unweighted rows, and what a layer removes still counts in its means (docs/DIFFERENCES.md#d9).
    SageMessages,
    /// GCNII's weight test looks at `(1-α) T H` and indexes its thresholds by the weight's output (docs/DIFFERENCES.md#d8).
    Gcn2ThresholdAxis,
    /// Decoupled SGC propagates over `D⁻¹Ā` whatever `norm_r` says (docs/DIFFERENCES.md#d20).
    SgcRowStochastic,
    /// Mass mode follows the C++ program: the whole-node test, the second push, limits that can grow (docs/DIFFERENCES.md#d23 to #d26).
    PushRule,
    /// The second push of [`Quirk::PushRule`] reaches farther by a random factor per node (docs/DIFFERENCES.md#d25), drawn from the recipe's seed as
    /// the C++ program draws it; without, the factor is 1.
    RandomPush,
    /// A decoupled family's scaler is always fitted anew on the pruned embedding (docs/DIFFERENCES.md#d29).
    RefitScaler,
    /// Pruning in training: validation puts the entries into validation nodes back (docs/DIFFERENCES.md#d31), and so picks another epoch.
    LockedValidation,
    /// Pruning in training: the weights of the best epoch go with the entries of the last training step (docs/DIFFERENCES.md#d32).
    LastMasks,
}

impl Quirk {
    /// Every quirk.
    pub const ALL: [Self; 10] = [
        Self::GatEdgeRule,
        Self::GatNoRenormalisation,
        Self::SageMessages,
        Self::Gcn2ThresholdAxis,
        Self::SgcRowStochastic,
        Self::PushRule,
        Self::RandomPush,
        Self::RefitScaler,
        Self::LockedValidation,
        Self::LastMasks,
    ];
}

/// Clean mathematics, or what the authors' code does: `"clean"`, `"official"` (all of it), or a list of [`Quirk`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "CompatFile", into = "CompatFile")]
pub struct Compat(u16);

impl Compat {
    /// The mathematically clean form.
    pub const CLEAN: Self = Self(0);
    /// The authors' quirks, all of them.
    pub const OFFICIAL: Self = Self((1 << Quirk::ALL.len()) - 1);

    /// Whether `quirk` is on.
    pub fn has(self, quirk: Quirk) -> bool {
        self.0 & (1 << quirk as u16) != 0
    }

    /// The same with `quirk` on.
    #[must_use]
    pub fn with(self, quirk: Quirk) -> Self {
        Self(self.0 | 1 << quirk as u16)
    }

    /// The same with `quirk` off.
    #[must_use]
    pub fn without(self, quirk: Quirk) -> Self {
        Self(self.0 & !(1 << quirk as u16))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum CompatFile {
    Named(CompatName),
    List(Vec<Quirk>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CompatName {
    Clean,
    Official,
}

impl From<CompatFile> for Compat {
    fn from(file: CompatFile) -> Self {
        match file {
            CompatFile::Named(CompatName::Clean) => Self::CLEAN,
            CompatFile::Named(CompatName::Official) => Self::OFFICIAL,
            CompatFile::List(quirks) => quirks.into_iter().fold(Self::CLEAN, Self::with),
        }
    }
}

impl From<Compat> for CompatFile {
    fn from(compat: Compat) -> Self {
        match compat {
            Compat::CLEAN => Self::Named(CompatName::Clean),
            Compat::OFFICIAL => Self::Named(CompatName::Official),
            some => Self::List(Quirk::ALL.into_iter().filter(|q| some.has(*q)).collect()),
        }
    }
}
