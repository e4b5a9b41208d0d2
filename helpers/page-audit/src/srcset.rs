//! `srcset`: addresses with widths or densities (HTML Standard, "parsing a srcset attribute").

/// The addresses.
pub fn urls(text: &str) -> Vec<&str> {
    let separator = |character: char| character.is_ascii_whitespace() || character == ',';
    let (mut urls, mut rest) = (Vec::new(), text.trim_start_matches(separator));
    while !rest.is_empty() {
        let end = rest.find(|character: char| character.is_ascii_whitespace()).unwrap_or(rest.len());
        let (url, after) = rest.split_at(end);
        let bare = url.trim_end_matches(',');
        urls.push(bare);
        rest = if bare.len() < url.len() { after } else { after_descriptors(after) };
        rest = rest.trim_start_matches(separator);
    }
    urls
}

/// What comes after the next comma that is in no parentheses.
fn after_descriptors(text: &str) -> &str {
    let mut inside = false;
    for (at, character) in text.char_indices() {
        match character {
            '(' => inside = true,
            ')' => inside = false,
            ',' if !inside => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_is_found_whatever_stands_around_it() {
        assert_eq!(urls("a.png 1x, b.png 2x"), ["a.png", "b.png"]);
        assert_eq!(urls(" ,a.png,b.png 100w (x,y),c.png "), ["a.png,b.png", "c.png"]);
        assert_eq!(urls("a.png, b.png"), ["a.png", "b.png"]);
        assert_eq!(urls("data:image/png;base64,AA= 1x, /x,y.png 2x"), ["data:image/png;base64,AA=", "/x,y.png"]);
        assert!(urls(" , ,").is_empty());
    }
}
