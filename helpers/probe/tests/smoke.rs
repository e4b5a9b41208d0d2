//! Declared requests, asked of servers made here.

mod common;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use common::{Authority, site};
use probe::{Expect, Failure, Smoke, Url};

fn smoke(authority: &Authority, address: SocketAddr, path: &str) -> Smoke {
    Smoke {
        url: Url::parse(&format!("https://app.example.org{path}")).unwrap(),
        connect_to: Some(address),
        ca_file: Some(authority.folder.path().join("ca.crt")),
        method: "GET".to_owned(),
        headers: Vec::new(),
        secret_headers: Vec::new(),
        body: String::new(),
        follow_redirects: false,
        redirect_hosts: Vec::new(),
        expect: Expect { status: 200, ..Expect::default() },
        timeout: Duration::from_secs(5),
    }
}

/// An app with a login: it takes a password, sets a cookie, and shows its page to whoever brings that.
fn app(head: &str) -> Vec<u8> {
    let (line, has) = (head.lines().next().unwrap_or_default(), |header: &str| head.contains(header));
    let answer = match line.split(' ').take(2).collect::<Vec<_>>()[..] {
        ["POST", "/login"] if has("authorization: Basic dXNlcjpoZWFydGg=\r\n") && has("content-length: 3\r\n") => {
            "302 Found\r\nlocation: /home\r\nset-cookie: session=7; HttpOnly; Secure\r\n"
        }
        ["GET", "/home"] if has("cookie: session=7\r\n") && !has("content-length") => "200 OK\r\nx-page: home\r\n",
        ["GET", "/away"] => "302 Found\r\nlocation: http://app.example.org/home\r\n",
        ["GET", "/elsewhere"] => "302 Found\r\nlocation: https://other.example.org/\r\n",
        ["GET", "/loop"] => "307 Temporary Redirect\r\nlocation: /loop\r\n",
        ["GET", "/echo"] => "200 OK\r\n",
        _ => "403 Forbidden\r\n",
    };
    // The value of the request's header `a`, after as much as makes a message cut it in its middle.
    let (_, rest) = head.split_once("\r\na: ").unwrap_or_default();
    let said = format!("{}{}", "x".repeat(70), rest.lines().next().unwrap_or_default());
    format!("HTTP/1.1 {answer}connection: close\r\n\r\n{said}").into_bytes()
}

fn start() -> (Authority, SocketAddr) {
    let authority = Authority::new();
    let address = site(Some(authority.serve("app.example.org", 2020..2200)), app);
    (authority, address)
}

const PASSWORD: &str = "Basic dXNlcjpoZWFydGg=";

#[test]
fn a_login_is_followed_to_the_page_behind_it() {
    let (authority, address) = start();
    let login = Smoke {
        method: "POST".to_owned(),
        body: "a=b".to_owned(),
        secret_headers: vec![("Authorization".to_owned(), PASSWORD.to_owned())],
        follow_redirects: true,
        ..smoke(&authority, address, "/login")
    };
    assert_eq!(login.ask(), Ok(()));
    let without = Smoke { secret_headers: Vec::new(), ..login.clone() };
    assert!(matches!(without.ask(), Err(Failure::Status { found: 403, .. })));
    let not_followed = Smoke { follow_redirects: false, ..login };
    assert_eq!(not_followed.ask().unwrap_err().to_string(), "the status is 302 (to /home), not 200");
}

#[test]
fn a_redirect_out_of_tls_is_not_followed() {
    let (authority, address) = start();
    let away = Smoke { follow_redirects: true, ..smoke(&authority, address, "/away") };
    let said = away.ask().unwrap_err().to_string();
    assert_eq!(said, "redirects: from https://app.example.org/away to http://app.example.org/home, which is http");
}

#[test]
fn a_redirect_leads_to_the_hosts_of_the_app_alone() {
    let authority = Authority::new();
    for (location, hosts, says) in [
        (
            "https://other.example.org/",
            &[][..],
            Some("and other.example.org is none of the app's hosts; it was not asked"),
        ),
        ("https://app.example.org:8443/", &[], Some("none of the app's hosts")),
        ("https://www.example.org:8443/", &["www.example.org"], Some("none of the app's hosts")),
        ("https://127.0.0.1/", &["www.example.org"], Some("none of the app's hosts")),
        ("https://www.example.org/", &["www.example.org"], None),
    ] {
        let tls = Some(authority.serve("app.example.org", 2020..2200));
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let (counted, to) = (asked.clone(), location.to_owned());
        let address = site(tls, move |_| {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\nconnection: close\r\n\r\n").into_bytes()
        });
        let leaving = Smoke {
            follow_redirects: true,
            redirect_hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            ..smoke(&authority, address, "/")
        };
        let said = leaving.ask().unwrap_err().to_string();
        match says {
            Some(says) => {
                assert!(said.starts_with("redirects: ") && said.contains(says), "{location}: {said}");
                assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1, "{location}");
            }
            None => assert!(!said.contains("none of the app's hosts"), "{location}: {said}"),
        }
    }
}

#[test]
fn redirects_without_an_end_are_given_up() {
    let (authority, address) = start();
    let said = Smoke { follow_redirects: true, ..smoke(&authority, address, "/loop") }.ask().unwrap_err().to_string();
    assert!(said.starts_with("redirects: more than 10"), "{said}");
}

#[test]
fn a_secret_that_the_page_repeats_is_not_told() {
    let (authority, address) = start();
    let echo = Smoke {
        secret_headers: vec![("A".to_owned(), "Bearer of-a-token".to_owned())],
        expect: Expect { contains: Some("never there".to_owned()), ..smoke(&authority, address, "/").expect },
        ..smoke(&authority, address, "/echo")
    };
    let told = echo.ask().unwrap_err().to_string();
    assert!(told.contains("xxx…") && !told.contains("of-a"), "{told}");
    let open = Smoke { headers: echo.secret_headers.clone(), secret_headers: Vec::new(), ..echo };
    assert!(open.ask().unwrap_err().to_string().contains("xBearer of"), "else this test sees nothing");
}

#[test]
fn a_secret_that_a_redirect_repeats_is_not_told() {
    let authority = Authority::new();
    let tls = || Some(authority.serve("app.example.org", 2020..2200));
    let to = |location: &str| format!("HTTP/1.1 307 Moved\r\nlocation: {location}\r\nconnection: close\r\n\r\n");
    for (location, told) in [
        ("http://other.example.org/?token=of+a/token=", "to http://other.example.org/?token=…, which is http"),
        ("http://other.example.org/?token=of%2Ba%2Ftoken%3D", "to http://other.example.org/?token=…, which is http"),
        ("http://other.example.org/?header=Bearer of+a/token=", "to http://other.example.org/?header=…, which is http"),
        ("ftp://other.example.org/of+a/token=", "to ftp://other.example.org/…"),
        ("http://[of+a/token=", "to \"http://[…\", which is no address"),
        ("/loop?token=of+a/token=", "redirects: more than 10, the last to https://app.example.org/loop?token=…"),
    ] {
        let answer = to(location);
        let address = site(tls(), move |_| answer.clone().into_bytes());
        let leaving = Smoke {
            secret_headers: vec![("A".to_owned(), "Bearer of+a/token=".to_owned())],
            follow_redirects: true,
            ..smoke(&authority, address, "/")
        };
        let said = leaving.ask().unwrap_err().to_string();
        assert!(said.contains(told) && !said.contains("token=of") && !said.contains("a/token"), "{location}: {said}");
    }
}

#[test]
fn where_a_redirect_came_from_is_told_without_a_secret() {
    let authority = Authority::new();
    let address = site(Some(authority.serve("app.example.org", 2020..2200)), |head| {
        let to = if head.starts_with("GET /?") { "http://app.example.org/" } else { "/?token=of-a-token" };
        format!("HTTP/1.1 307 Moved\r\nlocation: {to}\r\nconnection: close\r\n\r\n").into_bytes()
    });
    let leaving = Smoke {
        secret_headers: vec![("A".to_owned(), "of-a-token".to_owned())],
        follow_redirects: true,
        ..smoke(&authority, address, "/")
    };
    assert_eq!(
        leaving.ask().unwrap_err().to_string(),
        "redirects: from https://app.example.org/?token=… to http://app.example.org/, which is http"
    );
}

#[test]
fn a_secret_is_not_told_to_another_origin() {
    let authority = Authority::new();
    let (seen, heads) = std::sync::mpsc::channel();
    let other = site(None, move |head| {
        seen.send(head.to_owned()).unwrap();
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec()
    });
    let to = format!("HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:{}/\r\nconnection: close\r\n\r\n", other.port());
    let first = site(None, move |_| to.clone().into_bytes());
    let leaving = Smoke {
        url: Url::parse(&format!("http://127.0.0.1:{}/", first.port())).unwrap(),
        connect_to: None,
        method: "POST".to_owned(),
        body: "of nobody's business".to_owned(),
        headers: vec![("X-Open".to_owned(), "yes".to_owned())],
        secret_headers: vec![("Authorization".to_owned(), PASSWORD.to_owned())],
        follow_redirects: true,
        redirect_hosts: vec![format!("127.0.0.1:{}", other.port())],
        ..smoke(&authority, first, "/")
    };
    assert_eq!(leaving.ask(), Ok(()));
    let head = heads.recv().unwrap();
    assert!(head.contains("x-open: yes") && !head.contains("authorization"), "{head}");
}

#[test]
fn an_answer_that_drips_is_given_up_in_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::Write as _;
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(b".").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let authority = Authority::new();
    let url = Url::parse("http://app.example.org/").unwrap();
    let drips = Smoke { url, timeout: Duration::from_secs(1), ..smoke(&authority, address, "/") };
    let begun = Instant::now();
    assert_eq!(drips.ask(), Err(Failure::TimedOut(1)));
    assert!(begun.elapsed() < Duration::from_secs(4));
}
