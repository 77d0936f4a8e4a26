//! What the *Tools* menu asks for: work beside what the panes show.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Session;
use super::check_page::CheckPages;
use super::jobs::Lane;
use super::notice::Level;
use super::speed_page::speed_page;
use super::store::{AnswerState, AnsweredBy, BenchState, ReproduceState};
use super::tasks::bench::{Bench, Benched};
use super::tasks::check::CheckBundle;
use super::tasks::predict::{Asked, Predict, PredictSource};
use super::tasks::reproduce::{Reproduce, ReproducePlan, Reproduced};
use super::verdict::removed_in_short;
use crate::io::{MemoryBudget, escaped_path};

impl Session {
    /// Says what cannot be done yet, what it needs, and what to do for it: keys.
    fn cannot(&mut self, what: &str, needs: &str, next: &str) {
        let words = self.words();
        self.store.notices.add(Level::Warning, words.text(what), words.text(needs), words.text(next));
    }

    /// Measures this machine; quickly, only to see that it runs.
    pub(super) fn bench(&mut self, is_quick: bool) {
        self.start::<BenchState, _>(Bench::new(None, is_quick));
    }

    pub(super) fn take_benched(&mut self, measured: &Benched) {
        let words = self.words();
        self.store.bench.page = speed_page(&measured.report, &measured.machine, words);
        match &measured.kept {
            Some(Ok(path)) => {
                let kept = words.with("tools-bench-kept", &[("path", escaped_path(path).into())]);
                self.store.notices.add(Level::Info, words.text("tools-bench-measured"), kept, "");
            }
            Some(Err(why)) => {
                self.store.notices.add(Level::Warning, words.text("tools-bench-not-kept"), why, "");
            }
            None => {}
        }
    }

    /// Scores nodes with the run that is shown: of its graph, or that arrive at it.
    pub(super) fn predict(&mut self, asked: Asked) {
        let Some(run) = self.store.shown().cloned() else {
            return self.cannot("tools-cannot-score", "tools-needs-run", "tools-open-both");
        };
        self.store.answers.asked = Some(AnsweredBy { recipe: run.recipe.clone(), says: removed_in_short(&run) });
        let task = Predict { source: PredictSource::Run(run), asked };
        self.start::<AnswerState, _>(task);
    }

    /// Checks a bundle against a later graph.
    pub(super) fn check_bundle(&mut self) {
        let asked = &self.store.monitor.asked;
        let [bundle, graph] = [&asked.bundle, &asked.graph].map(|text| text.trim().to_owned());
        if bundle.is_empty() || graph.is_empty() {
            return self.cannot("tools-cannot-check", "tools-needs-bundle", "tools-name-in-monitor");
        }
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let task = CheckBundle {
            bundle: PathBuf::from(bundle),
            reference: given(&asked.reference),
            trusts_recipe: false,
            graph,
            labels: given(&asked.labels),
            model: given(&asked.model),
            is_kept: true,
            at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            memory: MemoryBudget::SYSTEM,
        };
        self.run_in(Lane::Answer, task, |session, checked| {
            let state = &mut session.store.monitor;
            state.pages = CheckPages::of(&checked.history);
            (state.history, state.warnings) = (checked.history, checked.warnings);
        });
    }

    /// Reproduces a published table into a page.
    pub(super) fn reproduce(&mut self, plan: ReproducePlan, output: PathBuf) {
        if plan.seeds.is_empty() {
            return self.cannot("tools-cannot-reproduce", "tools-needs-seed", "tools-write-seeds");
        }
        self.store.reproduce = ReproduceState::default();
        self.start::<ReproduceState, _>(Reproduce { plan, output, memory: MemoryBudget::SYSTEM });
    }

    pub(super) fn take_reproduced(&mut self, done: Reproduced) {
        self.store.reproduce.page = done.text;
        let path = escaped_path(&done.output);
        let title = self.words().with("tools-saved", &[("path", path.into())]);
        self.store.notices.add(Level::Info, title, "", "");
    }
}
