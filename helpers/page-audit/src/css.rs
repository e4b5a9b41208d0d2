//! What a stylesheet refers to: `url()`, `@import`, `image-set()`, the files of `@font-face` (CSS Syntax Level 3).

use cssparser::{ParseError, Parser, Token};

use crate::Kind;

/// How deep blocks and functions may be in each other. What is deeper is passed over; nobody writes it by hand.
const DEEPEST: u8 = 32;

/// Tells of each reference in a stylesheet, or in the declarations of a `style` attribute, with the rule it is in.
pub fn read(text: &str, tell: &mut dyn FnMut(Kind, &str, &'static str)) {
    walk(&mut Parser::new(text), Within::Sheet, 0, tell);
}

/// What is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Sheet,
    Rule,
    FontFace,
    /// `url("…")`, whose string is an address of this kind.
    Url(Kind, &'static str),
    /// `image-set("…" 1x)`, whose strings are addresses.
    ImageSet,
}

/// The at-rule that the parser is in the prelude of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prelude {
    None,
    Import,
    FontFace,
    /// Its addresses are names.
    Namespace,
}

fn walk(parser: &mut Parser<'_>, within: Within, depth: u8, tell: &mut dyn FnMut(Kind, &str, &'static str)) {
    let mut prelude = Prelude::None;
    while let Ok(token) = parser.next() {
        let inner = step(token, within, &mut prelude, tell);
        // A block that is not entered here is passed over by the parser without recursion.
        if let Some(inner) = inner.filter(|_| depth < DEEPEST) {
            let _ = parser.parse_nested_block(|parser| {
                walk(parser, inner, depth + 1, tell);
                Ok::<_, ParseError<()>>(())
            });
        }
    }
}

/// Reads one token; what the block is that it opens, if it opens one.
fn step(
    token: &Token<'_>,
    within: Within,
    prelude: &mut Prelude,
    tell: &mut dyn FnMut(Kind, &str, &'static str),
) -> Option<Within> {
    let kind = wanted(within, *prelude);
    match token {
        Token::AtKeyword(name) => *prelude = prelude_of(name, within),
        Token::Semicolon => *prelude = Prelude::None,
        Token::UnquotedUrl(url) => told(kind, url, tell),
        Token::QuotedString(text) => {
            let is_address = *prelude == Prelude::Import || matches!(within, Within::Url(..) | Within::ImageSet);
            told(kind.filter(|_| is_address), text, tell);
        }
        Token::Function(name) if name.eq_ignore_ascii_case("url") || name.eq_ignore_ascii_case("src") => {
            return Some(kind.map_or(Within::Rule, |(kind, place)| Within::Url(kind, place)));
        }
        Token::Function(name) if name.to_ascii_lowercase().ends_with("image-set") => return Some(Within::ImageSet),
        // The string of `format("woff2")` is no address.
        Token::Function(_) | Token::ParenthesisBlock | Token::SquareBracketBlock => return Some(Within::Rule),
        Token::CurlyBracketBlock => {
            let font = std::mem::replace(prelude, Prelude::None) == Prelude::FontFace;
            return Some(if font { Within::FontFace } else { Within::Rule });
        }
        _ => {}
    }
    None
}

fn prelude_of(name: &str, within: Within) -> Prelude {
    match name.to_ascii_lowercase().as_str() {
        // Elsewhere browsers pay no regard to it.
        "import" if within == Within::Sheet => Prelude::Import,
        "font-face" => Prelude::FontFace,
        "namespace" => Prelude::Namespace,
        _ => Prelude::None,
    }
}

/// What an address here is wanted for, and the rule it is in.
fn wanted(within: Within, prelude: Prelude) -> Option<(Kind, &'static str)> {
    match (within, prelude) {
        (_, Prelude::Namespace) => None,
        (_, Prelude::Import) => Some((Kind::Stylesheet, "@import")),
        (Within::FontFace, _) => Some((Kind::Font, "@font-face")),
        (Within::Url(kind, place), _) => Some((kind, place)),
        (Within::ImageSet, _) => Some((Kind::Image, "image-set()")),
        _ => Some((Kind::Image, "url()")),
    }
}

fn told(wanted: Option<(Kind, &'static str)>, url: &str, tell: &mut dyn FnMut(Kind, &str, &'static str)) {
    let Some((kind, place)) = wanted else { return };
    // Kept for browsers that are no more, and loaded by none that is.
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let ending = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    if kind == Kind::Font && matches!(ending.as_str(), "eot" | "svg") {
        return;
    }
    tell(kind, url, place);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Kind, String)> {
        let mut found = Vec::new();
        read(text, &mut |kind, url, _| found.push((kind, url.to_owned())));
        found
    }

    fn of(kind: Kind, urls: &[&str]) -> Vec<(Kind, String)> {
        urls.iter().map(|url| (kind, (*url).to_owned())).collect()
    }

    #[test]
    fn an_import_is_a_stylesheet_in_each_way_to_write_it() {
        let text = r#"@charset "utf-8"; @import "a.css"; @IMPORT url(b.css) screen; @import url("c.css") layer(x) supports(display: grid);"#;
        assert_eq!(found(text), of(Kind::Stylesheet, &["a.css", "b.css", "c.css"]));
    }

    #[test]
    fn images_are_found_in_rules_within_rules() {
        let text = r#"a { background: url(a.png) }
            @media (min-width: 1px) { @supports (x: y) { b { c { background: image-set("b.png" 1x, url(c.png) 2x) } } } }
            d::before { content: "no/address.png"; cursor: u\72l( 'd\20 .png' ) }"#;
        assert_eq!(found(text), of(Kind::Image, &["a.png", "b.png", "c.png", "d .png"]));
    }

    #[test]
    fn fonts_are_those_that_browsers_load() {
        let text = r#"@font-face { font-family: "X"; src: url(x.eot); src: url("x.eot?#iefix") format("embedded-opentype"),
            local("Y"), url(x.woff2) format("woff2"), url(x.svg#x) format("svg") }"#;
        assert_eq!(found(text), of(Kind::Font, &["x.woff2"]));
    }

    #[test]
    fn what_only_looks_like_an_address_is_none() {
        assert_eq!(
            found(r#"@namespace svg url(http://www.w3.org/2000/svg); /* url(a.png) */ a { b: "url(c.png)" }"#),
            []
        );
        assert_eq!(found("a { b: url(bad\"url) } c { d: url(e.png) }"), of(Kind::Image, &["e.png"]));
    }

    #[test]
    fn a_rule_that_is_never_closed_still_tells() {
        assert_eq!(found("a { b: url(c.png"), of(Kind::Image, &["c.png"]));
    }

    #[test]
    fn what_is_nested_without_end_is_passed_over() {
        let text = format!("{} url(deep.png) {} a {{ b: url(c.png) }}", "(".repeat(100_000), ")".repeat(100_000));
        assert_eq!(found(&text), of(Kind::Image, &["c.png"]));
    }
}
