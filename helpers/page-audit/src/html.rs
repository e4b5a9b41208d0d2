//! What a page refers to, as a browser with scripts turned on would find it before any script has run.
//!
//! Only the tokenizer of the HTML Standard is used, and no tree is built: a page cannot be nested too deeply then.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use html5gum::State as Content;

use crate::element::{Tag, references_of};
use crate::tags::{self, Tags};
use crate::{Kind, Reference, css};

/// How many references of one page are kept.
const REFERENCES: usize = 2000;
/// How long reading one page may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longer addresses are none: the servers that people use refuse them.
pub const LONGEST_URL: usize = 4096;

/// What a page refers to.
#[derive(Debug, Default)]
pub struct Page {
    /// Each reference once, in the order of the page.
    pub references: Vec<Reference>,
    /// What `<base href>` says.
    pub base: Option<String>,
    /// Whether a `<meta>` tells browsers to ask for everything by https.
    pub upgrades: bool,
    /// Why it was not read to its end, if it was not.
    pub cut: Option<&'static str>,
}

/// Reads a page.
pub fn read(text: &str) -> Page {
    let (mut state, begun) = (State::default(), Instant::now());
    let mut in_time = true;
    for () in tags::read(text, &mut state) {
        in_time = begun.elapsed() <= PATIENCE;
        if !in_time {
            break;
        }
    }
    state.end_of_style();
    if !in_time {
        state.page.cut = Some("it takes too long to read");
    }
    state.page
}

#[derive(Default)]
struct State {
    page: Page,
    known: HashSet<(Kind, String, bool)>,
    /// How many `<template>`s, of which nothing is loaded, are open.
    templates: usize,
    /// How many `<svg>` and `<math>` are open. Other rules hold in them: `<script/>` has no content.
    foreign: usize,
    /// The content of a `<style>` that is open.
    style: Option<String>,
}

impl Tags for State {
    fn open(&mut self, tag: &Tag) -> Option<Content> {
        let name = tag.name.as_str();
        if self.foreign > 0 && ends_foreign(name) {
            self.foreign = 0;
        }
        match name {
            "svg" | "math" if !tag.self_closing => self.foreign += 1,
            "template" => self.templates += 1,
            "style" if !(self.foreign > 0 && tag.self_closing) => self.style = Some(String::new()),
            _ => {}
        }
        if self.templates == 0 {
            self.look_at(tag);
        }
        if self.foreign > 0 { None } else { content_of(name) }
    }

    fn close(&mut self, name: &str) {
        match name {
            "svg" | "math" => self.foreign = self.foreign.saturating_sub(1),
            "template" => self.templates = self.templates.saturating_sub(1),
            "style" => self.end_of_style(),
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(style) = &mut self.style {
            style.push_str(text);
        }
    }

    fn in_foreign(&self) -> bool {
        self.foreign > 0
    }
}

impl State {
    fn end_of_style(&mut self) {
        if let Some(style) = self.style.take().filter(|_| self.templates == 0) {
            self.read_css(&style, "<style>");
        }
    }

    fn look_at(&mut self, tag: &Tag) {
        match tag.name.as_str() {
            "base" if self.page.base.is_none() => {
                self.page.base = tag.attribute("href").filter(|base| leads_somewhere(base)).map(ToOwned::to_owned);
            }
            "meta" if names(tag, "http-equiv", "content-security-policy") => {
                self.page.upgrades |= tag.attribute("content").is_some_and(upgrades);
            }
            _ => references_of(tag, &mut |kind, url, place| self.keep(kind, url, place)),
        }
        if let Some(style) = tag.attribute("style") {
            self.read_css(style, &format!("<{} style>", tag.name));
        }
    }

    fn read_css(&mut self, text: &str, place: &str) {
        css::read(text, &mut |kind, url, rule| self.keep(kind, url, format!("{place} {rule}")));
    }

    fn keep(&mut self, kind: Kind, url: &str, place: String) {
        let (url, based) = (url.trim_ascii(), self.page.base.is_some());
        if !leads_somewhere(url) || self.known.contains(&(kind, url.to_owned(), based)) {
            return;
        }
        if self.known.len() >= REFERENCES {
            self.page.cut = Some("it has more references than are looked at");
            return;
        }
        self.known.insert((kind, url.to_owned(), based));
        self.page.references.push(Reference { url: url.to_owned(), kind, place, based });
    }
}

/// Whether it is an address that a browser would ask a server for, or send a visitor to.
pub fn leads_somewhere(url: &str) -> bool {
    let scheme = url.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    let other = ["data", "blob", "about", "javascript", "mailto", "tel", "sms", "file", "cid", "urn"];
    let elsewhere = scheme.is_some_and(|scheme| other.contains(&scheme.as_str()) || scheme.starts_with("web+"));
    !url.is_empty() && !url.starts_with('#') && url.len() <= LONGEST_URL && !elsewhere
}

/// Whether a Content-Security-Policy tells browsers to ask for everything by https.
pub fn upgrades(policy: &str) -> bool {
    policy.split([';', ',']).any(|directive| directive.trim().eq_ignore_ascii_case("upgrade-insecure-requests"))
}

fn names(tag: &Tag, name: &str, value: &str) -> bool {
    tag.attribute(name).is_some_and(|found| found.trim().eq_ignore_ascii_case(value))
}

/// How the content of an element is read. With scripts turned on, `<noscript>` is text.
fn content_of(name: &str) -> Option<Content> {
    match name {
        "script" => Some(Content::ScriptData),
        "style" | "noscript" | "iframe" | "noembed" | "noframes" | "xmp" => Some(Content::RawText),
        "textarea" | "title" => Some(Content::RcData),
        "plaintext" => Some(Content::PlainText),
        _ => None,
    }
}

/// Elements that never stand in `<svg>` or `<math>`, so that these have ended where they were not closed.
const NOT_FOREIGN: &str = "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li \
    listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var";

fn ends_foreign(name: &str) -> bool {
    NOT_FOREIGN.split(' ').any(|other| other == name)
}

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
