//! Colours and sizes by meaning, for light and dark, read from `assets/tokens.toml`. No other module makes a colour.

use std::collections::BTreeMap;

use eframe::egui::{self, Color32};
use serde::Deserialize;

const FILE: &str = include_str!("../../assets/tokens.toml");

/// Distances are multiples of this many points.
pub const GRID: f32 = 4.0;
/// Corner radius of everything that has one.
pub const RADIUS: u8 = 4;
/// Font sizes: small print, text, heading, title.
pub const SMALL: f32 = 11.0;
/// See [`SMALL`].
pub const TEXT: f32 = 13.0;
/// See [`SMALL`].
pub const HEADING: f32 = 16.0;
/// See [`SMALL`].
pub const TITLE: f32 = 20.0;

/// How many series have a colour of their own.
pub const N_SERIES: usize = 8;

/// Colours by meaning, of one theme.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokens {
    /// Which theme these are.
    pub is_dark: bool,
    /// Panes.
    pub surface: Color32,
    /// Bars, fields, the gaps between panes.
    pub sunken: Color32,
    /// Menus, tooltips, cards.
    pub raised: Color32,
    /// Under the pointer.
    pub hover: Color32,
    /// Pressed.
    pub active: Color32,
    /// Lines between things.
    pub separator: Color32,
    /// Text.
    pub text: Color32,
    /// Units, captions, what is not available.
    pub text_weak: Color32,
    /// Text on an accent surface.
    pub text_on_accent: Color32,
    /// What can be acted on.
    pub accent: Color32,
    /// Selected.
    pub accent_weak: Color32,
    /// What is kept.
    pub kept: Color32,
    /// What is removed.
    pub removed: Color32,
    /// The unpruned baseline.
    pub dense: Color32,
    /// Warnings.
    pub warning: Color32,
    /// Behind warnings.
    pub warning_weak: Color32,
    /// Failures.
    pub failure: Color32,
    /// Behind failures.
    pub failure_weak: Color32,
    /// Checked and found right.
    pub success: Color32,
    /// Lines of a plot's grid.
    pub grid: Color32,
    /// Under menus.
    pub shadow: Color32,
    /// Curves, in order.
    pub series: [Color32; N_SERIES],
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    One(String),
    Many(Vec<String>),
}

type Table = BTreeMap<String, Value>;

/// Both themes.
#[derive(Debug, Clone, PartialEq)]
pub struct Themes {
    /// For a light system.
    pub light: Tokens,
    /// For a dark system.
    pub dark: Tokens,
}

impl Themes {
    /// Reads the file that is built in.
    pub fn load() -> Self {
        // The file is part of the program and a test reads it; were it broken, the window would show its own grey.
        let mut tables: BTreeMap<String, Table> = toml::from_str(FILE).unwrap_or_default();
        let mut theme = |name: &str| Tokens::from_table(&tables.remove(name).unwrap_or_default(), name == "dark");
        Self { light: theme("light"), dark: theme("dark") }
    }

    /// The tokens of a theme.
    pub fn of(&self, theme: egui::Theme) -> &Tokens {
        if theme == egui::Theme::Dark { &self.dark } else { &self.light }
    }
}

impl Tokens {
    fn from_table(table: &Table, is_dark: bool) -> Self {
        let of = |name: &str| match table.get(name) {
            Some(Value::One(hex)) => colour(hex),
            _ => Color32::PLACEHOLDER,
        };
        let mut series = [Color32::PLACEHOLDER; N_SERIES];
        if let Some(Value::Many(all)) = table.get("series") {
            series.iter_mut().zip(all).for_each(|(slot, hex)| *slot = colour(hex));
        }
        Self {
            is_dark,
            surface: of("surface"),
            sunken: of("sunken"),
            raised: of("raised"),
            hover: of("hover"),
            active: of("active"),
            separator: of("separator"),
            text: of("text"),
            text_weak: of("text_weak"),
            text_on_accent: of("text_on_accent"),
            accent: of("accent"),
            accent_weak: of("accent_weak"),
            kept: of("kept"),
            removed: of("removed"),
            dense: of("dense"),
            warning: of("warning"),
            warning_weak: of("warning_weak"),
            failure: of("failure"),
            failure_weak: of("failure_weak"),
            success: of("success"),
            grid: of("grid"),
            shadow: of("shadow"),
            series,
        }
    }
}

fn colour(hex: &str) -> Color32 {
    Color32::from_hex(hex).unwrap_or(Color32::PLACEHOLDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_a_colour_in_both_themes() {
        let themes = Themes::load();
        for tokens in [&themes.light, &themes.dark] {
            let text = format!("{tokens:?}");
            assert!(!text.contains(&format!("{:?}", Color32::PLACEHOLDER)), "{text}");
        }
        assert!(themes.dark.is_dark && !themes.light.is_dark, "the two must not be swapped");
    }

    /// How much lighter the lighter of two colours is, 1 to 21 (WCAG 2.2, contrast ratio).
    fn contrast(a: Color32, b: Color32) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let luminance = |c: Color32| 0.2126 * linear(c.r()) + 0.7152 * linear(c.g()) + 0.0722 * linear(c.b());
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        if a > b { a / b } else { b / a }
    }

    /// Level AA: 4.5 for text, 3 for marks that carry a meaning.
    #[test]
    fn texts_and_marks_stand_out_in_both_themes() {
        let themes = Themes::load();
        let mut faint = Vec::new();
        for tokens in [&themes.light, &themes.dark] {
            let grounds = [("surface", tokens.surface), ("sunken", tokens.sunken), ("raised", tokens.raised)];
            let texts = [
                ("text", tokens.text, 4.5),
                ("text_weak", tokens.text_weak, 4.5),
                ("accent", tokens.accent, 4.5),
                ("warning", tokens.warning, 4.5),
                ("failure", tokens.failure, 4.5),
                ("success", tokens.success, 4.5),
                ("kept", tokens.kept, 3.0),
                ("removed", tokens.removed, 3.0),
            ];
            for (ground, below) in grounds {
                for (name, above, least) in texts {
                    let found = contrast(above, below);
                    if found < least {
                        faint.push(format!("{name} on {ground}, dark {}: {found:.2} of {least}", tokens.is_dark));
                    }
                }
            }
            let pairs = [
                ("text on hover", tokens.text, tokens.hover),
                ("text on active", tokens.text, tokens.active),
                ("text on accent", tokens.text_on_accent, tokens.accent),
                ("text on warning", tokens.text, tokens.warning_weak),
                ("text on failure", tokens.text, tokens.failure_weak),
                ("text on selection", tokens.text, tokens.accent_weak),
            ];
            for (name, above, below) in pairs {
                let found = contrast(above, below);
                if found < 4.5 {
                    faint.push(format!("{name}, dark {}: {found:.2}", tokens.is_dark));
                }
            }
        }
        assert!(faint.is_empty(), "{}", faint.join("\n"));
    }
}
