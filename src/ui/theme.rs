//! Fonts and the style that the tokens make.

use std::sync::{Arc, OnceLock};

use eframe::egui::epaint::text::InsertFontFamily;
use eframe::egui::{
    self, Color32, CornerRadius, FallbackRequest, FontData, FontDefinitions, FontFamily, FontId, FontInsert,
    FontPriority, Stroke, TextStyle, vec2,
};

use crate::io::{JAPANESE_BOLD_FONT, JAPANESE_FONT, MONO_FONT, STRONG_FONT, TEXT_FONT, east_asian_font};

use super::tokens::{self, Themes, Tokens};

/// Sets fonts and both themes; once per window.
pub(super) fn install(ctx: &egui::Context, themes: &Themes) {
    ctx.set_fonts(fonts());
    ctx.add_font_provider(Arc::new(system_font));
    ctx.set_style_of(egui::Theme::Light, style(&themes.light));
    ctx.set_style_of(egui::Theme::Dark, style(&themes.dark));
    // Zoom is one of our actions, with its own limits.
    ctx.options_mut(|o| o.zoom_with_keyboard = false);
}

/// Names in Chinese and Korean, and in rare kanji, are drawn with a font of the system, read when the first one is seen.
fn system_font(request: &FallbackRequest<'_>) -> Option<FontInsert> {
    /// The first character of the scripts that such fonts are for.
    const FIRST: char = '\u{2e80}';
    static FONT: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    request.cluster.chars().next().filter(|c| *c >= FIRST)?;
    let bytes = FONT.get_or_init(east_asian_font).as_ref()?;
    let family = InsertFontFamily { family: request.family.clone(), priority: FontPriority::Lowest };
    Some(FontInsert::new("system", FontData::from_static(bytes.as_slice()), vec![family]))
}

/// The family of headings and of what counts.
pub(super) fn strong_family() -> FontFamily {
    FontFamily::Name("strong".into())
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let mut add = |name: &str, bytes: &'static [u8]| {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    };
    add("inter", TEXT_FONT);
    add("inter-strong", STRONG_FONT);
    add("mono", MONO_FONT);
    add("japanese", JAPANESE_FONT);
    add("japanese-strong", JAPANESE_BOLD_FONT);
    let fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    let with = |first: &[&str]| -> Vec<String> {
        first.iter().map(|s| (*s).to_owned()).chain(fallback.iter().cloned()).collect()
    };
    fonts.families.insert(FontFamily::Proportional, with(&["inter", "mono", "japanese"]));
    fonts.families.insert(strong_family(), with(&["inter-strong", "inter", "mono", "japanese-strong", "japanese"]));
    fonts.families.insert(FontFamily::Monospace, with(&["mono", "inter", "japanese"]));
    fonts
}

fn style(tokens: &Tokens) -> egui::Style {
    let mut style = egui::Style { visuals: visuals(tokens), ..egui::Style::default() };
    style.text_styles = [
        (TextStyle::Small, FontId::new(tokens::SMALL, FontFamily::Proportional)),
        (TextStyle::Body, FontId::new(tokens::TEXT, FontFamily::Proportional)),
        (TextStyle::Button, FontId::new(tokens::TEXT, FontFamily::Proportional)),
        (TextStyle::Monospace, FontId::new(tokens::TEXT - 0.5, FontFamily::Monospace)),
        (TextStyle::Heading, FontId::new(tokens::HEADING, strong_family())),
    ]
    .into();
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 4.0);
    spacing.button_padding = vec2(8.0, 3.0);
    spacing.interact_size = vec2(32.0, 22.0);
    spacing.menu_margin = egui::Margin::same(6);
    spacing.window_margin = egui::Margin::same(12);
    spacing.indent = 12.0;
    spacing.icon_width = 15.0;
    spacing.icon_width_inner = 8.0;
    spacing.scroll = egui::style::ScrollStyle { bar_width: 8.0, ..egui::style::ScrollStyle::thin() };
    style.interaction.tooltip_delay = 0.45;
    style.interaction.selectable_labels = false;
    style.animation_time = 0.08;
    style
}

fn visuals(tokens: &Tokens) -> egui::Visuals {
    let mut v = if tokens.is_dark { egui::Visuals::dark() } else { egui::Visuals::light() };
    let radius = CornerRadius::same(tokens::RADIUS);
    let line = |colour: Color32| Stroke::new(1.0, colour);
    let widget = |w: &mut egui::style::WidgetVisuals, fill: Color32, frame: Color32, text: Color32| {
        w.bg_fill = fill;
        w.weak_bg_fill = fill;
        w.bg_stroke = line(frame);
        w.fg_stroke = line(text);
        w.corner_radius = radius;
        w.expansion = 0.0;
    };
    let widgets = &mut v.widgets;
    widget(&mut widgets.noninteractive, tokens.surface, tokens.separator, tokens.text);
    widget(&mut widgets.inactive, tokens.sunken, tokens.separator, tokens.text);
    widget(&mut widgets.hovered, tokens.hover, tokens.text_weak, tokens.text);
    widget(&mut widgets.active, tokens.active, tokens.accent, tokens.text);
    widget(&mut widgets.open, tokens.hover, tokens.separator, tokens.text);
    v.weak_text_color = Some(tokens.text_weak);
    v.selection.bg_fill = tokens.accent_weak;
    v.selection.stroke = line(tokens.accent);
    v.hyperlink_color = tokens.accent;
    v.faint_bg_color = tokens.sunken;
    v.extreme_bg_color = tokens.raised;
    v.code_bg_color = tokens.sunken;
    v.warn_fg_color = tokens.warning;
    v.error_fg_color = tokens.failure;
    v.window_fill = tokens.raised;
    v.window_stroke = line(tokens.separator);
    v.window_corner_radius = CornerRadius::same(tokens::RADIUS * 2);
    v.menu_corner_radius = radius;
    v.panel_fill = tokens.surface;
    let shadow = egui::Shadow { offset: [0, 4], blur: 16, spread: 0, color: tokens.shadow };
    v.window_shadow = shadow;
    v.popup_shadow = shadow;
    v.slider_trailing_fill = true;
    v.striped = false;
    v.interact_cursor = None;
    v
}
