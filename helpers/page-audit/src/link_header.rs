//! `Link` headers, by which a server has things loaded before the page is read (RFC 8288).

use crate::Kind;
use crate::element::kind_of_link;

/// The address and kind of each link in a header that is loaded.
pub fn read(header: &str) -> Vec<(Kind, &str)> {
    let mut links = Vec::new();
    let mut rest = header;
    while let Some((url, after)) = rest.split_once('<').and_then(|(_, link)| link.split_once('>')) {
        // The next link begins with `<`, which no parameter of this one that is looked at here holds.
        let parameters = after.split('<').next().unwrap_or_default();
        if let Some(kind) = kind_of_link(&parameter(parameters, "rel"), &parameter(parameters, "as")) {
            links.push((kind, url));
        }
        rest = after;
    }
    links
}

fn parameter(parameters: &str, name: &str) -> String {
    let pairs = parameters.split(';').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(found, _)| found.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value);
    values.next().unwrap_or_default().trim_matches([' ', '\t', '"', ',']).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_preloaded_is_found_between_what_is_not() {
        let header =
            "</a.css>; rel=preload; as=style, <https://x.example/>; rel=\"preconnect\", </b.js>;rel=modulepreload";
        assert_eq!(read(header), [(Kind::Stylesheet, "/a.css"), (Kind::Script, "/b.js")]);
        assert_eq!(read("no link, <never closed"), []);
    }
}
