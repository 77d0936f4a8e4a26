//! What stands beside a finished run: a certificate, and errors with their bounds.

use std::sync::Arc;

use super::Session;
use super::jobs::Lane;
use super::store::RunId;
use super::tasks::certify::Certify;
use super::tasks::errors::ErrorsOfNodes;

impl Session {
    /// Tests a run on half of the validation nodes: a loss of at most `limit`, a share.
    pub(super) fn certify(&mut self, id: RunId, limit: f64) {
        let Some(entry) = self.store.run(id) else { return };
        let task = Certify { run: Arc::clone(&entry.run), limit };
        self.run_in(Lane::Certify, task, move |session, certificate| {
            session.store.certificates.insert(id, certificate);
        });
    }

    /// Computes what the removed entries of a run change at every node.
    pub(super) fn errors_of_nodes(&mut self, id: RunId) {
        let Some(entry) = self.store.run(id) else { return };
        let mut task = ErrorsOfNodes { run: Arc::clone(&entry.run) };
        if self.fits("compute the errors", &mut task) {
            self.run_in(Lane::Errors, task, move |session, report| {
                session.store.errors.insert(id, report);
            });
        }
    }
}
