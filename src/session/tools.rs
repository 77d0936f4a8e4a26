//! What the *Tools* menu asks for: work that is not about the open graph and model.

use std::path::PathBuf;

use super::Session;
use super::notice::Level;
use super::speed_page::speed_page;
use super::store::{BenchState, ReproduceState};
use super::tasks::bench::{Bench, Benched};
use super::tasks::reproduce::{Reproduce, ReproducePlan, Reproduced};
use crate::io::{MemoryBudget, escaped_path};

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

    /// Reproduces a published table into a page.
    pub(super) fn reproduce(&mut self, plan: ReproducePlan, output: PathBuf) {
        if plan.seeds.is_empty() {
            return self.refused("reproduce", "at least one seed", "Write them with commas between: 41, 42, 43");
        }
        self.store.reproduce = ReproduceState::default();
        self.start::<ReproduceState, _>(Reproduce { plan, output, memory: MemoryBudget::SYSTEM });
    }

    pub(super) fn take_reproduced(&mut self, done: Reproduced) {
        self.store.reproduce.page = done.text;
        let title = format!("Saved {}", escaped_path(&done.output));
        self.store.notices.add(Level::Info, title, "", "");
    }
}
