//! Export › For a pilot: who answers, what may be lost, and where it goes.

use eframe::egui;

use super::{ViewCx, WindowRequest};
use crate::io::export::{LimitIs, PilotLimit, PilotOptions, no_pilot};
use crate::session::{Command, RunEntry, RunId};
use crate::ui::widgets::{section, weak};

/// The form; what is chosen is the session's.
#[derive(Debug, Default)]
pub(super) struct PilotForm {
    /// Why there is no pilot of a run, where there is none.
    refused: Option<(RunId, Option<String>)>,
}

/// What is chosen: its name, what it says, and where it stands.
type Field = (&'static str, &'static str, fn(&mut PilotOptions) -> &mut f64);

const FIELDS: [Field; 2] = [
    (
        "Nodes to the pruned model",
        "By a hash of the node's id: the same id is always answered by the same model",
        |options| &mut options.share,
    ),
    (
        "Nodes with both answers in the log",
        "By another hash of the id; the script that reads the log compares the models on these nodes",
        |options| &mut options.sample,
    ),
];

/// Width of the names before the fields.
const NAME_WIDTH: f32 = 240.0;

impl PilotForm {
    pub(super) fn ui(&mut self, ui: &mut egui::Ui, cx: &ViewCx<'_>, entry: &RunEntry, is_busy: bool) {
        let store = cx.session.store();
        section(ui, cx.tokens, "For a pilot");
        let about = "Baseline and pruned model in one folder, with a server that answers requests for single nodes and a script that reads \
                     its log and says whether the difference keeps within the limit.";
        ui.add(egui::Label::new(weak(cx.tokens, about)).wrap());
        if self.refused.as_ref().is_none_or(|(of, _)| *of != entry.id) {
            self.refused = Some((entry.id, no_pilot(&entry.run.dataset, &entry.run.model)));
        }
        let refused = self.refused.as_ref().and_then(|(_, why)| why.as_deref());
        if let Some(why) = refused {
            ui.add(egui::Label::new(weak(cx.tokens, format!("Not this run: {why}"))).wrap());
        }
        ui.add_space(4.0);
        let before = store.export.pilot;
        let mut options = before;
        for (name, says, of) in FIELDS {
            ui.horizontal(|ui| {
                let begin = ui.cursor().left();
                let label = ui.label(name).on_hover_text(says);
                ui.add_space((begin + NAME_WIDTH - ui.cursor().left()).max(0.0));
                let mut percent = 100.0 * *of(&mut options);
                let number =
                    egui::DragValue::new(&mut percent).range(0.0..=100.0).speed(0.5).max_decimals(1).suffix(" %");
                if ui.add_enabled(refused.is_none(), number).labelled_by(label.id).on_hover_text(says).changed() {
                    *of(&mut options) = percent / 100.0;
                }
            });
        }
        if options != before {
            cx.out.send(Command::SetPilot(options));
        }
        let limit = PilotLimit::of(store.certificate_of(entry.id).map(AsRef::as_ref), store.limit);
        let by = match limit.limit_is {
            LimitIs::Certified => "as certified of this run",
            LimitIs::Asked => "as set beside the verdict",
        };
        ui.label(weak(cx.tokens, format!("May lose {:.1} points, {by}", 100.0 * limit.limit)));
        ui.add_space(4.0);
        let button = egui::Button::new("Export pilot…");
        let response = ui.add_enabled(!is_busy && refused.is_none() && limit.limit > 0.0, button);
        let response = if limit.limit > 0.0 {
            response
        } else {
            response.on_disabled_hover_text("A pilot shows that no more than a limit above 0 is lost")
        };
        if response.on_hover_text("Choose a folder; its README says how to start, route, read and stop").clicked() {
            cx.out.request(WindowRequest::PilotDialog(entry.id));
        }
    }
}
