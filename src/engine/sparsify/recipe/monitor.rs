//! When a pruned model in production is to be looked at again: the recipe's section `[monitor]`.

use serde::{Deserialize, Serialize};

use crate::engine::error::EngineError;

/// Limits of a check on a later graph. Of two numbers the first says *re-evaluate*, the second *stop*.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MonitorRule {
    /// A difference counts where its probability by chance is below this, above 0 and below 1.
    pub significance: f64,
    /// Population stability index of how sure the pruned model is of nodes that arrived, and of what they send.
    pub arrivals_psi: f64,
    /// Population stability index of the message norms of a step. It rises as degrees do: by 0.35 where they grow by a third.
    pub message_psi: f64,
    /// Least share of kept entries that a decision made anew would keep, too (Jaccard), `0..=1`.
    pub decision_overlap: f64,
    /// Points of agreement with the unpruned model that nodes which arrived may have less than held-out nodes had, shares.
    pub agreement_drop: [f64; 2],
    /// Accuracy that may be missing, estimated or measured, shares.
    pub accuracy_drop: [f64; 2],
    /// Loss against the unpruned model on labelled nodes, a share: the limit of the certificate.
    pub loss_limit: f64,
}

impl Default for MonitorRule {
    fn default() -> Self {
        Self {
            significance: 1e-4,
            arrivals_psi: 0.2,
            message_psi: 0.7,
            decision_overlap: 0.8,
            agreement_drop: [0.02, 0.05],
            accuracy_drop: [0.05, 0.1],
            loss_limit: 0.02,
        }
    }
}

impl MonitorRule {
    pub(super) fn check(self) -> Result<(), EngineError> {
        let is_open = |x: f64| x > 0.0 && x < 1.0;
        let refuse = |key: &str, expected: &str, found: f64| Err(EngineError::recipe(key, expected, found));
        for (key, value) in [("monitor.significance", self.significance), ("monitor.loss_limit", self.loss_limit)] {
            if !is_open(value) {
                return refuse(key, "a number above 0 and below 1", value);
            }
        }
        for (key, value) in [("monitor.arrivals_psi", self.arrivals_psi), ("monitor.message_psi", self.message_psi)] {
            if !(value > 0.0 && value.is_finite()) {
                return refuse(key, "a number above 0", value);
            }
        }
        if !(0.0..=1.0).contains(&self.decision_overlap) {
            return refuse("monitor.decision_overlap", "a share from 0 to 1", self.decision_overlap);
        }
        for (key, pair) in
            [("monitor.agreement_drop", self.agreement_drop), ("monitor.accuracy_drop", self.accuracy_drop)]
        {
            if !(is_open(pair[0]) && is_open(pair[1]) && pair[0] <= pair[1]) {
                let expected = "two shares above 0 and below 1, the first not above the second";
                return Err(EngineError::recipe(key, expected, format!("[{}, {}]", pair[0], pair[1])));
            }
        }
        Ok(())
    }
}
