//! The fonts of a PDF: which of them has a letter, and how wide it is.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider as _};

use crate::io::figure::FigureError;
use crate::io::fonts::{JAPANESE_BOLD_FONT, JAPANESE_FONT, MONO_FONT, STRONG_FONT, TEXT_FONT};

/// How letters look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Regular,
    Strong,
    Mono,
}

/// Drawn for a letter that no font has.
const NO_LETTER: char = '□';

/// One font.
struct Face {
    font: Font,
    letters: Charmap<'static>,
    widths: GlyphMetrics<'static>,
    units_per_em: f32,
}

impl Face {
    fn new(bytes: &'static [u8]) -> Result<Self, FigureError> {
        let fault = |reason: String| FigureError::Render { reason };
        let read = FontRef::new(bytes).map_err(|error| fault(error.to_string()))?;
        let font = Font::new(bytes.into(), 0).ok_or_else(|| fault("a font that cannot be embedded".to_owned()))?;
        Ok(Self {
            letters: read.charmap(),
            widths: read.glyph_metrics(Size::unscaled(), LocationRef::default()),
            units_per_em: font.units_per_em(),
            font,
        })
    }

    /// The letter's number in the font and its width, in sizes of the text.
    fn letter(&self, c: char) -> Option<(u32, f32)> {
        let id = self.letters.map(c)?;
        Some((id.to_u32(), self.widths.advance_width(id).unwrap_or(0.0) / self.units_per_em))
    }
}

/// The fonts of a document.
pub(super) struct Faces([Face; 5]);

/// Text of one font.
pub(super) struct Run {
    pub(super) font: Font,
    pub(super) text: String,
    pub(super) glyphs: Vec<KrillaGlyph>,
    /// In sizes of the text.
    pub(super) width: f32,
}

impl Faces {
    pub(super) fn new() -> Result<Self, FigureError> {
        Ok(Self([
            Face::new(TEXT_FONT)?,
            Face::new(STRONG_FONT)?,
            Face::new(MONO_FONT)?,
            Face::new(JAPANESE_FONT)?,
            Face::new(JAPANESE_BOLD_FONT)?,
        ]))
    }

    /// Which fonts are asked for a letter, in order.
    fn order(style: Style) -> &'static [usize] {
        match style {
            Style::Regular => &[0, 2, 3],
            Style::Strong => &[1, 0, 2, 4, 3],
            Style::Mono => &[2, 0, 3],
        }
    }

    fn find(&self, c: char, style: Style) -> Option<(usize, u32, f32)> {
        Self::order(style).iter().find_map(|at| self.0[*at].letter(c).map(|(id, width)| (*at, id, width)))
    }

    /// Whether there is such a letter.
    #[cfg(test)]
    pub(super) fn has(&self, c: char, style: Style) -> bool {
        self.find(c, style).is_some()
    }

    /// Font, letter and width of a character, or of the box that stands for it.
    fn letter(&self, c: char, style: Style) -> (usize, u32, f32) {
        self.find(c, style).or_else(|| self.find(NO_LETTER, style)).unwrap_or((0, 0, 0.5))
    }

    /// Width of a character, in sizes of the text.
    pub(super) fn width(&self, c: char, style: Style) -> f32 {
        self.letter(c, style).2
    }

    /// Width of a text, in sizes of the text.
    pub(super) fn width_of(&self, text: &str, style: Style) -> f32 {
        text.chars().map(|c| self.width(c, style)).sum()
    }

    /// A line as runs of one font each.
    pub(super) fn runs(&self, line: &str, style: Style) -> Vec<Run> {
        let mut runs: Vec<(usize, Run)> = Vec::new();
        for c in line.chars() {
            let (face, id, width) = self.letter(c, style);
            if runs.last().is_none_or(|(last, _)| *last != face) {
                let font = self.0[face].font.clone();
                runs.push((face, Run { font, text: String::new(), glyphs: Vec::new(), width: 0.0 }));
            }
            if let Some((_, run)) = runs.last_mut() {
                let from = run.text.len();
                run.text.push(c);
                run.glyphs.push(KrillaGlyph {
                    glyph_id: GlyphId::new(id),
                    text_range: from..run.text.len(),
                    x_advance: width,
                    x_offset: 0.0,
                    y_offset: 0.0,
                    y_advance: 0.0,
                    location: None,
                });
                run.width += width;
            }
        }
        runs.into_iter().map(|(_, run)| run).collect()
    }
}
