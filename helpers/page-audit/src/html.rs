//! What a page refers to, as a browser with scripts turned on would find it before any script has run.
//!
//! Only the tokenizer of the HTML Standard is used, and no tree is built: a page cannot be nested too deeply then.

use std::cell::RefCell;
use std::collections::HashSet;
use std::time::{Duration, Instant};

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, CharacterTokens, EndTag, StartTag, Tag, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer,
};

use crate::element::{attribute, references_of};
use crate::{Kind, Reference, css};

/// How many references of one page are kept.
const REFERENCES: usize = 2000;
/// The tokenizer compares each attribute of a tag with all before it; between two pieces the time is looked at.
const PIECE: usize = 4096;
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
    let tokenizer = Tokenizer::new(Reader::default(), html5ever::tokenizer::TokenizerOpts::default());
    let (input, begun) = (BufferQueue::default(), Instant::now());
    let mut rest = text;
    while !rest.is_empty() {
        if begun.elapsed() > PATIENCE {
            tokenizer.sink.0.borrow_mut().page.cut = Some("it takes too long to read");
            break;
        }
        let (piece, after) = rest.split_at(boundary(rest));
        input.push_back(StrTendril::from_slice(piece));
        let _ = tokenizer.feed(&input);
        rest = after;
    }
    tokenizer.end();
    tokenizer.sink.0.into_inner().page
}

/// Where the next piece ends.
fn boundary(text: &str) -> usize {
    (PIECE..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

#[derive(Default)]
struct Reader(RefCell<State>);

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

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        match token {
            TagToken(tag) if tag.kind == StartTag => state.open(&tag),
            TagToken(tag) if tag.kind == EndTag => {
                state.close(&tag);
                TokenSinkResult::Continue
            }
            CharacterTokens(text) => {
                if let Some(style) = &mut state.style {
                    style.push_str(&text);
                }
                TokenSinkResult::Continue
            }
            _ => TokenSinkResult::Continue,
        }
    }

    fn end(&self) {
        self.0.borrow_mut().end_of_style();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.0.borrow().foreign > 0
    }
}

impl State {
    fn open(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name = &*tag.name;
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
        if self.foreign > 0 { TokenSinkResult::Continue } else { content_of(name) }
    }

    fn close(&mut self, tag: &Tag) {
        match &*tag.name {
            "svg" | "math" => self.foreign = self.foreign.saturating_sub(1),
            "template" => self.templates = self.templates.saturating_sub(1),
            "style" => self.end_of_style(),
            _ => {}
        }
    }

    fn end_of_style(&mut self) {
        if let Some(style) = self.style.take().filter(|_| self.templates == 0) {
            self.read_css(&style, "<style>");
        }
    }

    fn look_at(&mut self, tag: &Tag) {
        match &*tag.name {
            "base" if self.page.base.is_none() => {
                self.page.base = attribute(tag, "href").filter(|base| leads_somewhere(base)).map(ToOwned::to_owned);
            }
            "meta" if names(tag, "http-equiv", "content-security-policy") => {
                self.page.upgrades |= attribute(tag, "content").is_some_and(upgrades);
            }
            _ => references_of(tag, &mut |kind, url, place| self.keep(kind, url, place)),
        }
        if let Some(style) = attribute(tag, "style") {
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
    attribute(tag, name).is_some_and(|found| found.trim().eq_ignore_ascii_case(value))
}

/// How the content of an element is read. With scripts turned on, `<noscript>` is text.
fn content_of(name: &str) -> TokenSinkResult<()> {
    match name {
        "script" => TokenSinkResult::RawData(RawKind::ScriptData),
        "style" | "noscript" | "iframe" | "noembed" | "noframes" | "xmp" => TokenSinkResult::RawData(RawKind::Rawtext),
        "textarea" | "title" => TokenSinkResult::RawData(RawKind::Rcdata),
        "plaintext" => TokenSinkResult::Plaintext,
        _ => TokenSinkResult::Continue,
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
