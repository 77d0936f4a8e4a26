//! The report on a run, as the window writes it.

use std::path::PathBuf;

use super::Session;
use super::jobs::Lane;
use super::notice::Level;
use super::report_page::{Price, ReportOptions};
use super::store::RunId;
use super::tasks::report::{ReportSource, WriteReport};
use crate::io::printed::PrintedForm;
use crate::io::{escaped_path, with_known_ending};

impl Session {
    /// Writes a report on a run: the bundle that it would be exported as is written beside it for a moment, and read.
    pub(super) fn report(&mut self, id: RunId, path: PathBuf) {
        let Some((task, name)) = self.bundle_of(id) else { return };
        let choice = self.store.export.report;
        let language = choice.language.unwrap_or(self.language);
        // A name that says another form is written as that, else the chosen ending is added.
        let form = PrintedForm::of_path(&path).unwrap_or(choice.form);
        let path = match with_known_ending(&path, &[form.ending()]) {
            Ok(path) => path,
            Err(error) => {
                let title = self.words().text("report-window-failed");
                return self.store.notices.add(Level::Error, title, error.to_string(), "");
            }
        };
        let price = (choice.per_core_hour > 0.0)
            .then_some(Price { per_core_hour: choice.per_core_hour, currency: choice.currency });
        let task = WriteReport {
            sources: vec![ReportSource::Run(Box::new(task), name)],
            sweep: None,
            compare: None,
            stress: None,
            options: ReportOptions { language, price },
            form,
            path,
        };
        self.run_in(Lane::Export, task, move |session, written| {
            let path = escaped_path(&written.path);
            let title = session.words().with("report-window-written", &[("path", path.into())]);
            session.store.notices.add(Level::Info, title, "", "");
            session.store.export.last_report = Some((id, written));
        });
    }
}
