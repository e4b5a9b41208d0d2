//! Pages and servers that mean no good, over the network and in memory: each ends in bounded time.

#[path = "../../probe/tests/common/mod.rs"]
mod common;

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use common::{Authority, site};
use flate2::Compression;
use flate2::write::GzEncoder;
use page_audit::{Audit, Browser, Limits, Report, Url, audit, css, html};
use proptest::prelude::*;

struct Visit {
    authority: Authority,
    address: SocketAddr,
}

impl Visit {
    fn of(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        let authority = Authority::new();
        let address = site(Some(authority.serve("app.example.org", 2020..2200)), answer);
        Self { authority, address }
    }

    fn report(&self, limits: Limits) -> Report {
        let page = Url::parse("https://app.example.org/").unwrap();
        let ca_file = self.authority.folder.path().join("ca.crt");
        let own = vec![("authorization".to_owned(), "Basic eA==".to_owned())];
        let browser = Browser::new(&page, Some(&ca_file), Some(self.address), own).unwrap();
        audit(&browser, &Audit { pages: vec![page], origins: Vec::new(), ignore: Vec::new(), limits })
    }
}

fn path(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {headers}\r\nconnection: close\r\n\r\n").as_bytes(), body].concat()
}

#[test]
fn an_app_is_asked_as_a_browser_asks() {
    let (seen, heads) = std::sync::mpsc::channel();
    let visit = Visit::of(move |head| {
        seen.send(head.to_owned()).unwrap();
        match path(head) {
            "/" => answer(
                "200 OK\r\ncontent-type: text/html\r\nset-cookie: s=1; Path=/",
                b"<link rel=stylesheet href=/a.css>",
            ),
            _ => answer("200 OK\r\ncontent-type: text/css", b""),
        }
    });
    assert_eq!(visit.report(Limits::default()).findings, []);
    let (page, style) = (heads.recv().unwrap(), heads.recv().unwrap());
    for header in [
        "host: app.example.org\r\n",
        "accept: text/html,",
        "accept-encoding: gzip\r\n",
        "authorization: Basic eA==\r\n",
    ] {
        assert!(page.contains(header), "{header}: {page}");
    }
    assert!(!page.contains("cookie") && !page.contains("referer"), "{page}");
    for header in
        ["accept: text/css,", "referer: https://app.example.org/\r\n", "cookie: s=1\r\n", "sec-fetch-dest: style\r\n"]
    {
        assert!(style.contains(header), "{header}: {style}");
    }
}

#[test]
fn a_page_that_is_compressed_is_read() {
    let visit = Visit::of(|head| match path(head) {
        "/" => answer("200 OK\r\ncontent-type: text/html\r\ncontent-encoding: gzip", &gzip(b"<img src=/none.png>")),
        _ => answer("404 Not Found", b""),
    });
    let report = visit.report(Limits::default());
    assert!(report.findings[0].to_string().contains("/none.png"), "{report:?}");
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// 24 MiB in some kilobytes; of a gibibyte no more would be unpacked.
#[test]
fn a_bomb_is_not_unpacked() {
    let bomb = gzip(&vec![b' '; 24 << 20]);
    assert!(bomb.len() < 1 << 20);
    let visit = Visit::of(move |_| answer("200 OK\r\ncontent-type: text/html\r\ncontent-encoding: gzip", &bomb));
    let report = visit.report(Limits { bytes: 3 << 20, ..Limits::default() });
    assert_eq!((report.findings, report.requests), (Vec::new(), 1));
    let url = Url::parse("https://app.example.org/").unwrap();
    let ca_file = visit.authority.folder.path().join("ca.crt");
    let client = probe::Client::new(&url, Some(&ca_file), Some(visit.address)).unwrap();
    let (timeout, body_max) = (Duration::from_secs(10), 2 << 20);
    let call = probe::Call { method: "GET", url: &url, headers: &[], body: &[], timeout, body_max };
    assert_eq!(client.call(&call).unwrap().body.len(), 2 << 20);
}

#[test]
fn a_redirect_without_end_is_left() {
    let visit = Visit::of(|head| answer(&format!("302 Found\r\nlocation: {}x", path(head)), b""));
    let report = visit.report(Limits::default());
    assert!(report.findings[0].to_string().contains("redirects more than 10 times"), "{report:?}");
    assert_eq!(report.requests, 11);
}

#[test]
fn bytes_that_drip_are_left_in_time() {
    let visit = Visit::of(|head| {
        if path(head) != "/" {
            std::thread::sleep(Duration::from_secs(3));
        }
        answer("200 OK\r\ncontent-type: text/html", b"<img src=/a.png><img src=/b.png>")
    });
    let begun = Instant::now();
    let report = visit.report(Limits { request_time: Duration::from_secs(1), ..Limits::default() });
    assert!(report.findings[0].to_string().contains("no answer within 1 s"), "{report:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// Of this thread, so that a machine with other things to do fails no test.
fn cpu_seconds() -> i64 {
    rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).tv_sec
}

#[test]
fn pages_that_no_person_wrote_are_read_in_bounded_time() {
    let size = 1 << 19;
    let of = |piece: &str| piece.repeat(size / piece.len());
    let attributes = (0..50_000).map(|n| format!(" a{n:x}")).collect::<Vec<_>>().concat();
    for (name, text) in [
        ("nested", of("<div>")),
        ("nested svg", of("<svg><g>")),
        ("attributes", format!("<p{attributes}>")),
        ("one attribute", format!("<p {}>", of("a"))),
        ("references", (0..30_000).map(|n| format!("<img src={n}>")).collect::<Vec<_>>().concat()),
        ("unclosed", of("<a href='")),
        ("entities", of("&amp;&notit;&#x41;")),
        ("srcset", format!("<img srcset='{}'>", of("a 1x,"))),
        ("styles", of("<p style='a:url(b'>")),
        ("nested style", format!("<style>{}", of("a{b:f("))),
        ("base", format!("<base href='/{}'>{}", "x".repeat(1 << 18), of("<img src=a>"))),
        ("comments", of("<!-->")),
        ("nul", of("\0")),
    ] {
        let begun = cpu_seconds();
        let page = html::read(&text);
        let taken = cpu_seconds() - begun;
        assert!(taken < 6, "{name}: {taken} s");
        assert!(page.references.len() <= 2000, "{name}: {}", page.references.len());
    }
}

proptest! {
    /// What is planted into a page of anything is found, and nothing makes it panic.
    #[test]
    fn a_reference_is_found_after_whatever_came_before(before in "[a-z <>/='\"&;-]{0,200}", after in ".{0,200}") {
        // Whatever is open is closed; a page can hide a thing only by one of these.
        let close = "'>'>\">\">--></style></script></title></textarea></noscript></iframe></noembed></noframes></xmp>";
        prop_assume!(!before.contains("plaintext") && !before.contains("template"));
        let page = html::read(&format!("{before}{close}<p></p><img src=/planted.png>{after}"));
        prop_assert!(page.references.iter().any(|it| it.url == "/planted.png"), "{page:?}");
    }

    #[test]
    fn a_stylesheet_of_anything_is_read(text in "(url\\(|image-set\\(|[{}()\\[\\]]|@import|@font-face|[a-z\"'\\\\;: /*\n])*") {
        css::read(&text, &mut |_, _, _| {});
    }
}
