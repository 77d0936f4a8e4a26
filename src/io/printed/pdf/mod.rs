//! A page as PDF: sheets of A4, text that can be selected and searched, fonts cut down to the letters that are used.

mod blocks;
mod faces;
mod ink;
mod lines;
mod sheets;
#[cfg(test)]
mod tests;

use krilla::destination::XyzDestination;
use krilla::geom::Point;
use krilla::metadata::Metadata;
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::{Document, SerializeSettings};

use self::faces::{Faces, Style};
use self::sheets::{MARGIN, SIZE, Set, Sheets};
use super::page::Page;
use crate::io::figure::FigureError;
use crate::io::text::escaped;

/// At the foot of every sheet.
const FOOT: Set = Set::new(Style::Regular, 7.5, 10.0, [0x5a, 0x5e, 0x64]);

/// The page as a document: the same bytes for the same page.
///
/// # Errors
/// [`FigureError::Render`] where the document cannot be written.
pub(super) fn pdf(page: &Page) -> Result<Vec<u8>, FigureError> {
    let mut sheets = Sheets::new(Faces::new()?);
    blocks::title(&mut sheets, &page.title, &page.subtitle);
    blocks::put_all(&mut sheets, &page.blocks);
    put_feet(&mut sheets, &page.title);
    let mut document = Document::new_with(SerializeSettings::default());
    let title = escaped(&page.title).into_owned();
    document.set_metadata(
        Metadata::new().title(title).language(page.language.to_owned()).creator("Unifews Workbench".to_owned()),
    );
    let mut outline = Outline::new();
    for (words, sheet, y) in &sheets.outline {
        let place = XyzDestination::new(*sheet, Point::from_xy(MARGIN, *y));
        outline.push_child(OutlineNode::new(escaped(words).into_owned(), place));
    }
    document.set_outline(outline);
    for sheet in &sheets.all {
        let size = PageSettings::from_wh(SIZE[0], SIZE[1]);
        let size = size.ok_or_else(|| FigureError::Render { reason: "a sheet without a size".to_owned() })?;
        let mut paper = document.start_page_with(size);
        let mut surface = paper.surface();
        for item in &sheet.items {
            ink::put(&mut surface, &sheets.faces, item);
        }
        surface.finish();
        paper.finish();
    }
    document.finish().map_err(|error| FigureError::Render { reason: format!("PDF: {error:?}") })
}

/// Below every sheet what it is of, and which of how many.
fn put_feet(sheets: &mut Sheets, title: &str) {
    let n_sheets = sheets.all.len();
    let shown = sheets.lines(title, FOOT, SIZE[0] - 2.0 * MARGIN - 60.0);
    let title = shown.first().cloned().unwrap_or_default();
    let y = SIZE[1] - MARGIN + 8.0;
    let feet: Vec<[_; 2]> = (1..=n_sheets)
        .map(|at| {
            let number = format!("{at} / {n_sheets}");
            let right = SIZE[0] - MARGIN - sheets.faces.width_of(&number, FOOT.style) * FOOT.size;
            [(MARGIN, title.clone()), (right, number)].map(|(x, line)| sheets::Item::Text {
                x,
                y,
                size: FOOT.size,
                ink: FOOT.ink,
                runs: sheets.faces.runs(&line, FOOT.style),
            })
        })
        .collect();
    for (sheet, items) in sheets.all.iter_mut().zip(feet) {
        sheet.items.extend(items);
    }
}
