use super::*;

/// Kind and address of each reference.
fn found(text: &str) -> Vec<(Kind, String)> {
    read(text).references.into_iter().map(|reference| (reference.kind, reference.url)).collect()
}

fn urls(text: &str) -> Vec<String> {
    found(text).into_iter().map(|(_, url)| url).collect()
}

#[test]
fn each_element_that_a_browser_loads_something_for_is_found() {
    for (text, kind) in [
        (r#"<link rel="stylesheet" href="/x">"#, Kind::Stylesheet),
        (r#"<LINK REL="preload Stylesheet" HREF=/x>"#, Kind::Stylesheet),
        ("<link rel=preload as=font href=/x>", Kind::Font),
        ("<link rel=modulepreload href=/x>", Kind::Script),
        (r#"<link rel="shortcut icon" href=/x>"#, Kind::Image),
        ("<link rel=manifest href=/x>", Kind::Manifest),
        ("<script src=/x></script>", Kind::Script),
        ("<script type=module src=/x></script>", Kind::Script),
        (r#"<img src=" /x ">"#, Kind::Image),
        (r#"<picture><source srcset="/x 2x"></picture>"#, Kind::Image),
        ("<input type=image src=/x>", Kind::Image),
        ("<video poster=/x></video>", Kind::Image),
        ("<audio><source src=/x></audio>", Kind::Media),
        ("<iframe src=/x></iframe>", Kind::Frame),
        ("<object data=/x></object>", Kind::Frame),
        ("<svg><use xlink:href=/x /></svg>", Kind::Image),
        ("<svg><image href=/x></image></svg>", Kind::Image),
        (r#"<p style="background: url(/x)">"#, Kind::Image),
        (r#"<style>@import "/x";</style>"#, Kind::Stylesheet),
        ("<style>@font-face { src: url(/x) }", Kind::Font),
        ("<form action=/x>", Kind::GetForm),
        ("<form method=POST action=/x>", Kind::PostForm),
        ("<button formaction=/x>", Kind::PostForm),
        (r#"<meta http-equiv=Refresh content="3; URL='/x'">"#, Kind::Document),
        ("<a href=/x>", Kind::Link),
        ("<link rel=canonical href=/x>", Kind::Link),
    ] {
        assert_eq!(found(text), [(kind, "/x".to_owned())], "{text}");
    }
}

#[test]
fn what_no_browser_loads_is_no_reference() {
    for text in [
        "<link rel=preconnect href=/x>",
        "<link rel=alternate type=application/rss+xml href=/x>",
        r#"<script type="application/json" src=/x></script>"#,
        "<script>document.write('<img src=/x>')</script>",
        "<noscript><img src=/x></noscript>",
        "<template><img src=/x><style>a { b: url(/x) }</style></template>",
        "<textarea><img src=/x></textarea><title><img src=/x></title>",
        "<!-- <img src=/x> -->",
        "<iframe><img src=/x></iframe>",
        r#"<input src=/x><img src="data:image/png;base64,AAAA"><img src=""><form action="">"#,
        r#"<a href="javascript:x()"><a href="mailto:x@y"><a href=#x>"#,
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn attributes_are_read_as_browsers_read_them() {
    assert_eq!(urls(r#"<img src="/a?b=1&amp;c=2">"#), ["/a?b=1&c=2"]);
    assert_eq!(urls("<img\nSRC\n=\n'/a'/>"), ["/a"]);
    assert_eq!(urls("<img src=/a src=/b>"), ["/a"], "of two the first counts");
    assert_eq!(urls("<p title='<img src=/a>'>"), Vec::<String>::new());
}

#[test]
fn what_comes_before_the_base_is_not_resolved_with_it() {
    let page = read("<img src=a><base target=x><base href=/one/><base href=/two/><img src=b>");
    assert_eq!(page.base.as_deref(), Some("/one/"));
    assert_eq!(page.references.iter().map(|it| it.based).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_script_in_svg_has_no_content_and_svg_ends_where_html_begins() {
    assert_eq!(urls("<svg><script href=/a /><image href=/b></svg><img src=/c>"), ["/a", "/b", "/c"]);
    assert_eq!(urls("<svg><circle><p><script src=/a>'<img src=/x>'</script>"), ["/a"]);
    assert_eq!(urls("<svg><style>a { b: url(&quot;/a&quot;) }</style></svg>"), ["/a"]);
}

#[test]
fn a_policy_that_upgrades_is_seen() {
    assert!(
        read(r#"<meta http-equiv="Content-Security-Policy" content="default-src *; Upgrade-Insecure-Requests">"#)
            .upgrades
    );
    assert!(
        !read(r#"<meta http-equiv="Content-Security-Policy" content="default-src upgrade-insecure-requests.example">"#)
            .upgrades
    );
}

#[test]
fn the_same_reference_is_told_once() {
    assert_eq!(urls(&"<img src=/a><script src=/a></script>".repeat(100)), ["/a", "/a"]);
}

#[test]
fn a_place_is_short_and_on_one_line() {
    let page = read(&format!("<img src=\"/a\n{}\">", "b".repeat(4000)));
    let place = &page.references[0].place;
    assert!(place.starts_with("<img src=\"/a bb") && place.chars().count() < 140, "{place}");
}
