//! A site made of a map, and what an audit says of it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use page_audit::{Audit, Limits, Load, Report, Url, Wanted, audit};
use probe::{Failure, Received};

/// Answers by address; 404 for what is not there. It keeps who asked for what.
#[derive(Default)]
struct Site {
    answers: BTreeMap<String, Received>,
    asked: RefCell<Vec<String>>,
}

impl Load for Site {
    fn load(&self, wanted: &Wanted<'_>) -> Result<Received, Failure> {
        self.asked.borrow_mut().push(wanted.url.to_string());
        let missing = Received { status: 404, ..Received::default() };
        let mut received = self.answers.get(wanted.url.as_str()).cloned().unwrap_or(missing);
        received.body.truncate(usize::try_from(wanted.body_max).unwrap());
        Ok(received)
    }
}

impl Site {
    /// A site with this page at its root, and a file of each type that is right.
    fn with(page: &str) -> Self {
        Self::default()
            .and("/", "text/html; charset=utf-8", page)
            .and("/a.css", "text/css", "")
            .and("/a.js", "text/javascript", "")
            .and("/a.png", "image/png", "")
            .and("/a.woff2", "font/woff2", "")
    }

    fn and(self, path: &str, content_type: &str, body: &str) -> Self {
        self.answering(path, 200, &[("content-type", content_type)], body)
    }

    fn answering(mut self, path: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let url = if path.starts_with('/') { format!("https://app.example.org{path}") } else { path.to_owned() };
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.answers.insert(url, Received { status, headers, body: body.as_bytes().to_vec() });
        self
    }

    fn report_with(&self, change: impl FnOnce(&mut Audit)) -> Report {
        let pages = vec![Url::parse("https://app.example.org/").unwrap()];
        let mut settings = Audit { pages, origins: Vec::new(), ignore: Vec::new(), limits: Limits::default() };
        change(&mut settings);
        audit(self, &settings)
    }

    /// What is found, a line each.
    fn findings(&self) -> Vec<String> {
        self.report_with(|_| {}).findings.iter().map(ToString::to_string).collect()
    }

    fn asked(&self) -> Vec<String> {
        self.asked.borrow().iter().map(|url| url.trim_start_matches("https://app.example.org").to_owned()).collect()
    }
}

#[test]
fn a_page_that_has_everything_has_no_finding() {
    let site = Site::with(
        r#"<link rel=stylesheet href=/a.css><script src=a.js></script><img src=/a.png srcset="a.png 1x, ./a.png 2x">
           <link rel=preload as=font href="//app.example.org/a.woff2"><img src="https://cdn.example.com/b.png">
           <form method=post action=/sends></form><a href=/nowhere>"#,
    );
    assert_eq!(site.findings(), Vec::<String>::new());
    assert_eq!(site.asked(), ["/", "/a.css", "/a.js", "/a.woff2", "/a.png"], "each once, and no other origin");
}

#[test]
fn a_stylesheet_by_http_is_told_with_what_helps() {
    let site = Site::with(r#"<link rel="stylesheet" href="http://app.example.org/a.css">"#);
    assert_eq!(
        site.findings(),
        [
            "https://app.example.org/: <link rel=\"stylesheet\" href=\"http://app.example.org/a.css\">: is http on a page of \
             https, browsers do not load it; the app builds http:// addresses: let it trust the proxy's header \
             X-Forwarded-Proto, or set its own address to https://app.example.org"
        ]
    );
    assert_eq!(site.asked(), ["/"], "what browsers do not load is not asked for");
}

/// What is wrong with a page, each with a word of the finding.
#[test]
fn each_thing_that_a_visitor_would_miss_is_found() {
    for (page, word) in [
        ("<img src=/none.png>", "the status is 404, not 200; is the file part of this version"),
        ("<img src=http://cdn.example.com/x.png>", "serve it itself"),
        ("<script src=http://app.example.org/a.js></script>", "X-Forwarded-Proto"),
        ("<form method=post action=http://app.example.org/in>", "browsers warn before they send it"),
        ("<form action=/none>", "404"),
        ("<base href=http://app.example.org/><img src=a.png>", "X-Forwarded-Proto"),
        ("<img src=http://localhost:3000/a.png>", "only the app itself can reach"),
        ("<img src=https://web:8080/a.png>", "only the app itself can reach"),
        ("<meta http-equiv=refresh content='0; url=http://app.example.org/next'>", "X-Forwarded-Proto"),
        ("<meta http-equiv=refresh content='0; url=/none'>", "404"),
        ("<p style='background: url(/none.png)'>", "<p style> url()"),
        ("<style>@import '/none.css';</style>", "<style> @import"),
        ("<style>@font-face { src: url(/none.woff2) }</style>", "<style> @font-face"),
        ("<img srcset='/a.png 1x, /none.png 2x'>", "/none.png"),
        ("<link rel=stylesheet href=/spa>", "is answered with text/html where browsers want text/css"),
        ("<script src=/spa></script>", "how an app answers for one that is not there"),
        ("<link rel=stylesheet href=/plain.css>", "nosniff forbids"),
        ("<img src=/down>", "redirects to http://app.example.org/a.png"),
        ("<img src=/loop>", "more than 10 times"),
        ("<img src=/broken>", "the status is 503"),
    ] {
        let site = Site::with(page)
            .and("/spa", "text/html", "<p>")
            .answering("/plain.css", 200, &[("content-type", "text/plain"), ("x-content-type-options", "nosniff")], "")
            .answering("/down", 302, &[("location", "http://app.example.org/a.png")], "")
            .answering("/loop", 302, &[("location", "/loop")], "")
            .answering("/broken", 503, &[], "");
        let findings = site.findings();
        assert!(findings.len() == 1 && findings[0].contains(word), "{page}: {word}: {findings:#?}");
    }
}

#[test]
fn stylesheets_are_followed_into_what_they_import() {
    let site = Site::with("<link rel=stylesheet href=/css/one.css>")
        .and("/css/one.css", "text/css", "@import 'two.css'; a { b: url(../a.png) }")
        .and("/css/two.css", "text/css", "@import 'one.css'; @font-face { src: url(gone.woff2) }");
    let findings = site.findings();
    assert_eq!(findings.len(), 1);
    assert!(
        findings[0].starts_with("https://app.example.org/: https://app.example.org/css/two.css, @font-face: "),
        "{findings:?}"
    );
    assert_eq!(site.asked(), ["/", "/css/one.css", "/css/two.css", "/css/gone.woff2", "/a.png"]);
}

#[test]
fn imports_without_end_are_left_at_some_depth() {
    let deep = |site: Site, n: u32| site.and(&format!("/{n}.css"), "text/css", &format!("@import '{}.css';", n + 1));
    let site = (0..50).fold(Site::with("<link rel=stylesheet href=/0.css>"), deep);
    let report = site.report_with(|_| {});
    assert!(report.findings.is_empty() && report.requests < 10, "{report:?}");
    assert!(report.remarks[0].contains("imported by 5 others in a row"), "{:?}", report.remarks);
}

#[test]
fn a_policy_that_upgrades_makes_http_what_browsers_make_of_it() {
    let page = "<link rel=stylesheet href=http://app.example.org/a.css>";
    let policy = [("content-type", "text/html"), ("content-security-policy", "upgrade-insecure-requests")];
    let site = Site::with("").answering("/", 200, &policy, page);
    assert_eq!(site.findings(), Vec::<String>::new());
    assert_eq!(site.asked(), ["/", "/a.css"]);
}

#[test]
fn what_is_preloaded_by_a_header_is_asked_for() {
    let headers = [("content-type", "text/html"), ("link", "</none.css>; rel=preload; as=style")];
    let findings = Site::with("").answering("/", 200, &headers, "").findings();
    assert!(
        findings[0].contains("the header Link: </none.css>: https://app.example.org/none.css is not answered"),
        "{findings:?}"
    );
}

#[test]
fn a_page_that_redirects_is_looked_at_where_it_ends() {
    let site = Site::with("").answering("/", 302, &[("location", "/login")], "").and(
        "/login",
        "text/html",
        "<img src=none.png>",
    );
    assert!(site.findings()[0].starts_with("https://app.example.org/login: <img"), "{:?}", site.findings());
}

#[test]
fn a_page_that_sends_its_visitors_to_http_is_found() {
    let site = Site::with("").answering("/", 302, &[("location", "http://app.example.org/login")], "");
    let findings = site.findings();
    assert!(
        findings[0].contains("the page: redirects to http://app.example.org/login")
            && findings[0].contains("X-Forwarded-Proto"),
        "{findings:?}"
    );
}

#[test]
fn a_page_that_is_none_is_found() {
    assert!(Site::with("").answering("/", 500, &[], "").findings()[0].contains("the status is 500"));
    assert!(
        Site::with("").and("/", "application/json", "{}").findings()[0]
            .contains("application/json where browsers want text/html")
    );
}

#[test]
fn a_page_that_leads_to_another_origin_is_remarked_on() {
    let site = Site::with("").answering("/", 302, &[("location", "https://login.example.org/")], "");
    let report = site.report_with(|_| {});
    assert!(report.findings.is_empty());
    assert!(report.remarks[0].contains("leads to https://login.example.org/"), "{report:?}");
    assert_eq!(site.asked(), ["/"]);
}

#[test]
fn another_origin_is_asked_when_it_is_declared() {
    let site = Site::with("<img src=https://cdn.example.com/x.png>");
    let report = site.report_with(|audit| audit.origins = vec!["https://cdn.example.com".to_owned()]);
    assert!(report.findings[0].to_string().contains("404"), "{report:?}");
}

#[test]
fn what_is_ignored_is_passed_over() {
    let site = Site::with(
        "<img src=/old/none.png><img src=http://app.example.org/old/b.png><img src=http://cdn.example.com/x.png>",
    );
    let report =
        site.report_with(|audit| audit.ignore = vec!["/old/".to_owned(), "http://cdn.example.com/".to_owned()]);
    assert_eq!(report.findings, []);
}

#[test]
fn a_link_out_of_https_is_remarked_on_and_breaks_nothing() {
    let site = Site::with("<a href=http://app.example.org/next><a href=http://elsewhere.example.com/>");
    let report = site.report_with(|_| {});
    assert!(report.findings.is_empty() && report.remarks.len() == 1, "{report:?}");
    assert!(report.remarks[0].contains("X-Forwarded-Proto"), "{report:?}");
}

#[test]
fn the_number_of_requests_is_bounded_and_stylesheets_come_first() {
    let images = (0..5000).map(|n| format!("<img src=/{n}.png>")).collect::<Vec<_>>().concat();
    let site = Site::with(&format!("{images}<link rel=stylesheet href=/none.css>"));
    let report = site.report_with(|_| {});
    assert_eq!(report.requests, 200);
    assert!(
        report.remarks.iter().any(|remark| remark.contains("references were not looked at: 200 requests were made")),
        "{report:?}"
    );
    let site = Site::with(&format!("<link rel=stylesheet href=/none.css>{images}"));
    let report = site.report_with(|audit| audit.limits.requests = 2);
    assert!(report.findings[0].to_string().contains("/none.css"), "{report:?}");
}

#[test]
fn the_bytes_and_the_time_are_bounded() {
    let site = Site::with("<img src=/a.png><img src=/b.png>").and("/b.png", "image/png", &"x".repeat(70_000));
    let by_bytes = site.report_with(|audit| audit.limits.bytes = 10);
    assert!(by_bytes.remarks[0].contains("2 references were not looked at: 0 MiB were read"), "{by_bytes:?}");
    let by_time = site.report_with(|audit| audit.limits.time = std::time::Duration::ZERO);
    assert!(by_time.remarks[0].contains("0 s are over"), "{by_time:?}");
}

#[test]
fn nothing_is_mixed_on_a_page_that_is_http_itself() {
    let site = Site::default().answering(
        "http://app.example.org/",
        200,
        &[("content-type", "text/html")],
        "<img src=http://cdn.example.com/a.png>",
    );
    let report = site.report_with(|audit| audit.pages = vec![Url::parse("http://app.example.org/").unwrap()]);
    assert_eq!(report.findings, []);
}
