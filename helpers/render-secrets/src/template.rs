//! Texts with secrets in them.

use std::collections::BTreeMap;

use sops::Text;

/// The names of the secrets whose placeholders stand in `content`.
pub fn names<'a>(content: &str, placeholders: &'a BTreeMap<String, String>) -> Vec<&'a str> {
    placeholders
        .iter()
        .filter(|(_, placeholder)| content.contains(placeholder.as_str()))
        .map(|(name, _)| name.as_str())
        .collect()
}

/// Puts secrets in place of their placeholders, in one pass: a secret that looks like a placeholder stays as it is.
///
/// # Errors
/// The name of a secret that stands in the text and has no value.
pub fn render<'a>(
    content: &str,
    placeholders: &'a BTreeMap<String, String>,
    value: impl Fn(&str) -> Option<&'a Text>,
) -> Result<Text, String> {
    let mut found: Vec<(usize, usize, &Text)> = Vec::new();
    for (name, placeholder) in placeholders {
        for (at, _) in content.match_indices(placeholder.as_str()) {
            let text = value(name).ok_or_else(|| name.clone())?;
            found.push((at, at + placeholder.len(), text));
        }
    }
    // At one place the longest placeholder wins.
    found.sort_by_key(|(from, to, _)| (*from, usize::MAX - *to));
    // Sized beforehand: a buffer that grows leaves copies of secrets behind that nobody zeroes.
    let most = content.len() + found.iter().map(|(_, _, text)| text.expose().len()).sum::<usize>();
    let mut out = Vec::with_capacity(most);
    let mut done = 0;
    for (from, to, text) in found {
        if from >= done {
            out.extend_from_slice(&content.as_bytes()[done..from]);
            out.extend_from_slice(text.expose());
            done = to;
        }
    }
    out.extend_from_slice(&content.as_bytes()[done..]);
    Ok(Text::new(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders() -> BTreeMap<String, String> {
        ["a", "ab", "c"].map(|name| (name.to_owned(), format!("<{name}>"))).into()
    }

    #[test]
    fn placeholders_become_values_in_one_pass() {
        let (placeholders, a, c) = (placeholders(), Text::from("<c>"), Text::from("käse"));
        let value = |name: &str| match name {
            "a" => Some(&a),
            "c" => Some(&c),
            _ => None,
        };
        let text = render("x=<a>\ny=<c><c>", &placeholders, value).unwrap();
        assert_eq!(text.expose_str(), Some("x=<c>\ny=käsekäse"));
        assert_eq!(render("<ab>", &placeholders, value).unwrap_err(), "ab");
        assert_eq!(names("x=<a>", &placeholders), ["a"]);
    }
}
