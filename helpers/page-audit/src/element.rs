//! What an element refers to.

use std::collections::BTreeMap;

use crate::{Kind, srcset};

/// How much of an address stands in the description of a place.
const SHOWN: usize = 120;

/// A start tag. Names are in lower case.
#[derive(Debug, Default)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Its attributes. Of two with one name the first counts.
    pub attributes: BTreeMap<String, String>,
    /// Whether it ends with `/>`.
    pub self_closing: bool,
}

impl Tag {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

/// Tells of each reference of an element, with a description of its place.
pub fn references_of(tag: &Tag, tell: &mut dyn FnMut(Kind, &str, String)) {
    let name = tag.name.as_str();
    match name {
        "link" => return link(tag, tell),
        "meta" => return refresh(tag, tell),
        "script" if !is_script(tag) => return,
        _ => {}
    }
    for (attribute_name, kind) in attributes(name) {
        if let Some(url) = tag.attribute(attribute_name).filter(|_| applies(tag, attribute_name)) {
            tell(*kind, url, place(name, attribute_name, url));
        }
    }
    if matches!(name, "img" | "source") {
        for url in tag.attribute("srcset").map(srcset::urls).unwrap_or_default() {
            tell(Kind::Image, url, place(name, "srcset", url));
        }
    }
    if name == "form" {
        form(tag, "action", tag.attribute("method"), tell);
    }
    if matches!(name, "button" | "input") {
        form(tag, "formaction", tag.attribute("formmethod"), tell);
    }
}

/// The attributes of an element that hold one address.
fn attributes(name: &str) -> &'static [(&'static str, Kind)] {
    match name {
        "script" => &[("src", Kind::Script), ("href", Kind::Script), ("xlink:href", Kind::Script)],
        "img" | "input" => &[("src", Kind::Image)],
        "image" | "use" | "feimage" => &[("href", Kind::Image), ("xlink:href", Kind::Image)],
        "body" | "table" | "td" | "th" => &[("background", Kind::Image)],
        "iframe" | "frame" | "embed" => &[("src", Kind::Frame)],
        "object" => &[("data", Kind::Frame)],
        "video" => &[("src", Kind::Media), ("poster", Kind::Image)],
        "audio" | "source" | "track" => &[("src", Kind::Media)],
        "a" | "area" => &[("href", Kind::Link)],
        _ => &[],
    }
}

/// `src` of an `<input>` is that of its image, if it is one.
fn applies(tag: &Tag, name: &str) -> bool {
    tag.name != "input" || name != "src" || tag.attribute("type").is_some_and(|it| it.eq_ignore_ascii_case("image"))
}

/// Whether browsers run what `src` leads to, and do not merely keep the content as data.
fn is_script(tag: &Tag) -> bool {
    let kind = tag.attribute("type").unwrap_or_default().trim().to_ascii_lowercase();
    kind.is_empty() || kind == "module" || kind.ends_with("javascript") || kind.ends_with("ecmascript")
}

fn form(tag: &Tag, attribute_name: &str, method: Option<&str>, tell: &mut dyn FnMut(Kind, &str, String)) {
    let Some(url) = tag.attribute(attribute_name) else { return };
    // Without a method of its own a button's form may be sent by POST.
    let get = method.map_or(attribute_name == "action", |method| method.eq_ignore_ascii_case("get"));
    let kind = if get { Kind::GetForm } else { Kind::PostForm };
    tell(kind, url, place(&tag.name, attribute_name, url));
}

fn link(tag: &Tag, tell: &mut dyn FnMut(Kind, &str, String)) {
    let rel = tag.attribute("rel").unwrap_or_default().to_ascii_lowercase();
    let Some(kind) = kind_of_link(&rel, tag.attribute("as").unwrap_or_default()) else { return };
    let said = |url: &str| format!("<link rel=\"{}\" href=\"{}\">", short(&rel), short(url));
    if tag.attribute("disabled").is_some() {
        return;
    }
    if let Some(url) = tag.attribute("href") {
        tell(kind, url, said(url));
    }
    for url in tag.attribute("imagesrcset").map(srcset::urls).unwrap_or_default() {
        tell(Kind::Image, url, said(url));
    }
}

/// What a `<link>` or a `Link` header of this relation is loaded as; none where it is not, such as `canonical`.
pub fn kind_of_link(rel: &str, wanted_as: &str) -> Option<Kind> {
    let rels: Vec<&str> = rel.split_ascii_whitespace().collect();
    let is = |name: &str| rels.contains(&name);
    let icon = is("icon") || rels.iter().any(|rel| rel.starts_with("apple-touch-icon")) || is("mask-icon");
    if is("stylesheet") {
        Some(Kind::Stylesheet)
    } else if is("modulepreload") {
        Some(Kind::Script)
    } else if is("preload") {
        Some(preloaded(wanted_as))
    } else if icon {
        Some(Kind::Image)
    } else if is("manifest") {
        Some(Kind::Manifest)
    } else if is("prefetch") {
        Some(Kind::Other)
    } else if is("canonical") {
        Some(Kind::Link)
    } else {
        None
    }
}

fn preloaded(wanted_as: &str) -> Kind {
    match wanted_as.to_ascii_lowercase().as_str() {
        "style" => Kind::Stylesheet,
        "script" | "worker" => Kind::Script,
        "font" => Kind::Font,
        "image" => Kind::Image,
        "audio" | "video" | "track" => Kind::Media,
        _ => Kind::Other,
    }
}

/// `<meta http-equiv=refresh content="5; url=/there">`.
fn refresh(tag: &Tag, tell: &mut dyn FnMut(Kind, &str, String)) {
    if !tag.attribute("http-equiv").is_some_and(|name| name.trim().eq_ignore_ascii_case("refresh")) {
        return;
    }
    let Some((_, to)) = tag.attribute("content").and_then(|content| content.split_once([';', ','])) else { return };
    let to = to.trim_ascii();
    let url = match to.get(..3) {
        Some(word) if word.eq_ignore_ascii_case("url") => {
            to[3..].trim_ascii_start().trim_start_matches('=').trim_ascii()
        }
        _ => to,
    };
    let url = url.trim_matches(['"', '\'']);
    tell(Kind::Document, url, format!("<meta http-equiv=\"refresh\" content=\"…{}\">", short(url)));
}

fn place(element: &str, attribute: &str, url: &str) -> String {
    format!("<{element} {attribute}=\"{}\">", short(url))
}

/// The beginning of a text, on one line.
pub fn short(text: &str) -> String {
    let line: String = state::plain(text).replace('\n', " ").chars().take(SHOWN).collect();
    if line.len() < text.len() { format!("{line}…") } else { line }
}
