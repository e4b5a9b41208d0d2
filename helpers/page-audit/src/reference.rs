//! What a document refers to.

/// A reference as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The address, not resolved.
    pub url: String,
    /// What it is wanted for.
    pub kind: Kind,
    /// Where it is written, for a person: the element, or the rule of a stylesheet.
    pub place: String,
    /// Whether the document's `<base href>` came before it.
    pub based: bool,
}

/// What a reference is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Another page, to which the browser goes by itself.
    Document,
    /// A stylesheet.
    Stylesheet,
    /// A script.
    Script,
    /// A font.
    Font,
    /// A page within the page, or what a plug-in would show.
    Frame,
    /// An image or icon.
    Image,
    /// Sound, moving pictures, subtitles.
    Media,
    /// A web app's manifest.
    Manifest,
    /// Something that is fetched and kept.
    Other,
    /// Where a form is sent with GET: only asking for it changes nothing.
    GetForm,
    /// Where a form is sent otherwise.
    PostForm,
    /// Where a visitor may go.
    Link,
}

impl Kind {
    /// Whether it is asked for.
    pub fn is_loaded(self) -> bool {
        !matches!(self, Self::PostForm | Self::Link)
    }

    /// The `Accept` header of a browser.
    pub fn accept(self) -> &'static str {
        match self {
            Self::Document | Self::Frame | Self::GetForm => {
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
            }
            Self::Stylesheet => "text/css,*/*;q=0.1",
            Self::Image => "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
            _ => "*/*",
        }
    }

    /// The `Sec-Fetch-Dest` header of a browser.
    pub fn destination(self) -> &'static str {
        match self {
            Self::Document | Self::GetForm | Self::PostForm | Self::Link => "document",
            Self::Stylesheet => "style",
            Self::Script => "script",
            Self::Font => "font",
            Self::Frame => "iframe",
            Self::Image => "image",
            Self::Media => "video",
            Self::Manifest => "manifest",
            Self::Other => "empty",
        }
    }

    /// Whether a status is the right one. What a form without its fields is answered is the app's own business, as long
    /// as somebody is there.
    pub fn is_answered_by(self, status: u16) -> bool {
        match self {
            Self::GetForm => !matches!(status, 404 | 410 | 500..),
            _ => (200..300).contains(&status),
        }
    }

    /// What a browser wants where it would not take this type; a document of the app's in the place of an asset is what
    /// a missing file often looks like.
    pub fn wants_instead_of(self, essence: &str, nosniff: bool) -> Option<&'static str> {
        let is_page = matches!(essence, "text/html" | "application/xhtml+xml");
        match self {
            // Without a type a browser sniffs, unless it is told not to.
            Self::Stylesheet => (essence != "text/css" && (nosniff || !essence.is_empty())).then_some("text/css"),
            Self::Script => {
                let refused = is_page || essence == "text/csv" || has_prefix(essence, &["image/", "audio/", "video/"]);
                (refused || (nosniff && !is_javascript(essence))).then_some("text/javascript")
            }
            Self::Image => is_page.then_some("image/…"),
            Self::Font => is_page.then_some("font/…"),
            Self::Media => is_page.then_some("audio/… or video/…"),
            Self::Manifest => is_page.then_some("application/manifest+json"),
            Self::Document => (!is_page && !essence.is_empty()).then_some("text/html"),
            Self::Frame | Self::Other | Self::GetForm | Self::PostForm | Self::Link => None,
        }
    }

    /// What a visitor has of it when it is http on a page of https.
    pub fn as_mixed_content(self) -> &'static str {
        match self {
            Self::Image | Self::Media => "browsers ask for it by https instead, or call the page insecure",
            Self::GetForm | Self::PostForm => "browsers warn before they send it",
            Self::Document | Self::Link => "what visitors send there can be read on the way",
            _ => "browsers do not load it",
        }
    }
}

fn has_prefix(text: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| text.starts_with(prefix))
}

/// The types of the MIME Sniffing Standard that a script may have.
fn is_javascript(essence: &str) -> bool {
    let (_, subtype) = essence.split_once('/').unwrap_or_default();
    matches!(subtype, "javascript" | "ecmascript" | "x-javascript" | "x-ecmascript" | "jscript" | "livescript")
        || subtype.starts_with("javascript1.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stylesheet_that_is_a_page_is_refused_with_and_without_nosniff() {
        assert_eq!(Kind::Stylesheet.wants_instead_of("text/html", true), Some("text/css"));
        assert_eq!(Kind::Stylesheet.wants_instead_of("text/html", false), Some("text/css"));
        assert_eq!(Kind::Stylesheet.wants_instead_of("text/css", true), None);
        assert_eq!(Kind::Stylesheet.wants_instead_of("", false), None);
        assert_eq!(Kind::Stylesheet.wants_instead_of("", true), Some("text/css"));
    }

    #[test]
    fn a_script_of_another_type_is_refused_where_browsers_may_not_guess() {
        assert_eq!(Kind::Script.wants_instead_of("text/plain", false), None);
        assert_eq!(Kind::Script.wants_instead_of("text/plain", true), Some("text/javascript"));
        assert_eq!(Kind::Script.wants_instead_of("text/html", false), Some("text/javascript"));
        assert_eq!(Kind::Script.wants_instead_of("application/javascript", true), None);
    }

    #[test]
    fn a_form_without_its_fields_may_be_told_that_they_are_missing() {
        assert!(Kind::GetForm.is_answered_by(400) && !Kind::GetForm.is_answered_by(404));
        assert!(!Kind::GetForm.is_answered_by(502) && !Kind::Image.is_answered_by(400));
    }
}
