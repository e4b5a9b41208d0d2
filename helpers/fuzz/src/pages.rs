//! What apps answer with, as the page audit reads it.

use page_audit::{css, html};

/// Pages. What is found stands in the page, and nowhere is more kept than is looked at.
///
/// # Panics
/// When that is not so.
pub fn page(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let page = html::read(&text);
    assert!(page.cut.is_some() || page.references.len() <= text.len(), "more references than characters");
    assert!(page.references.iter().all(|reference| html::leads_somewhere(&reference.url)), "one leads nowhere");
}

/// Stylesheets.
///
/// # Panics
/// When more is found in one than stands there.
pub fn stylesheet(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut found = 0;
    css::read(&text, &mut |_, _, _| found += 1);
    assert!(found <= text.len(), "more references than characters");
}
