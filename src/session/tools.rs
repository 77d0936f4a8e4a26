//! What the *Tools* menu asks for: work that is not about the open graph and model.

use super::Session;
use super::notice::Level;
use super::speed_page::speed_page;
use super::store::BenchState;
use super::tasks::bench::{Bench, Benched};
use crate::io::escaped_path;

impl Session {
    /// Measures this machine; quickly, only to see that it runs.
    pub(super) fn bench(&mut self, is_quick: bool) {
        self.start::<BenchState, _>(Bench::new(None, is_quick));
    }

    pub(super) fn take_benched(&mut self, measured: &Benched) {
        self.store.bench.page = speed_page(&measured.report, &measured.machine);
        match &measured.kept {
            Some(Ok(path)) => {
                let kept = format!("Kept for choosing products: {}", escaped_path(path));
                self.store.notices.add(Level::Info, "This machine was measured", kept, "");
            }
            Some(Err(why)) => {
                self.store.notices.add(Level::Warning, "Not kept for choosing products", why, "");
            }
            None => {}
        }
    }
}
