//! An app on a port of this machine, asked as its gates say.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use probe::Url;

use super::*;
use crate::manifest::{Credentials, Expect};

/// An app whose page has five images and none of them, and that shows what it was asked with.
fn app() -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let (status, body) = match head[0].split(' ').nth(1) {
                Some("/") => ("200 OK", "<img src=a><img src=b><img src=c><img src=d><img src=e>".to_owned()),
                Some("/empty") => ("200 OK", "<a href=http://127.0.0.1/>".to_owned()),
                Some("/head") => ("200 OK", head.join("\n")),
                _ => ("404 Not Found", String::new()),
            };
            let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n{body}");
        }
    });
    url
}

fn ask(asked: Question<'_>) -> (Result<Vec<String>, String>, Vec<String>) {
    let mut said = Vec::new();
    let answered = Network { certificate: Duration::ZERO }.ask(asked, &mut |line| said.push(line));
    (answered, said)
}

fn audit(page: Url) -> Audit {
    Audit {
        pages: vec![page],
        origins: Vec::new(),
        ignore: Vec::new(),
        credentials: Credentials::default(),
        ca_file: None,
        connect_to: None,
        budget_seconds: 1,
    }
}

#[test]
fn an_audit_that_fails_tells_the_first_findings_and_says_all() {
    let url = app();
    let (answered, said) = ask(Question::Audit(&audit(url.clone())));
    let told = answered.unwrap_err();
    assert!(
        told.starts_with(&format!("{url}: <img src=\"a\">: {url}a is not answered as it should be: the status is 404"))
    );
    assert!(told.ends_with(" | and 2 more") && told.matches("404").count() == 3, "{told}");
    assert_eq!(said.iter().filter(|line| line.starts_with("found: ")).count(), 5, "{said:?}");
}

#[test]
fn an_audit_that_finds_nothing_says_what_it_looked_at() {
    let url = app().join("empty").unwrap();
    let (answered, said) = ask(Question::Audit(&audit(url.clone())));
    assert_eq!(answered, Ok(Vec::new()));
    assert_eq!(said, [format!("the page audit of {url} found nothing in 1 requests")]);
}

fn smoke(url: Url, contains: &str, credentials: Credentials) -> Smoke {
    Smoke {
        name: "head".to_owned(),
        url,
        ca_file: None,
        connect_to: None,
        method: "GET".to_owned(),
        headers: BTreeMap::from([("X-Open".to_owned(), "yes".to_owned())]),
        credentials,
        body: String::new(),
        follow_redirects: false,
        redirect_hosts: Vec::new(),
        expect: Expect {
            status: 200,
            contains: Some(contains.to_owned()),
            lacks: None,
            headers: BTreeMap::new(),
            json: BTreeMap::new(),
        },
        budget_seconds: 1,
    }
}

#[test]
fn a_smoke_request_is_sent_as_declared_and_told_by_its_name() {
    let (url, folder) = (app().join("head").unwrap(), tempfile::tempdir().unwrap());
    let bearer_file = Some(folder.path().join("token"));
    std::fs::write(folder.path().join("token"), "of-a-token\n").unwrap();
    let credentials = Credentials { bearer_file, ..Credentials::default() };
    let (answered, _) = ask(Question::Smoke(&smoke(url.clone(), "authorization: …", credentials.clone())));
    assert_eq!(answered, Ok(Vec::new()), "it is sent, and struck out of what comes back");
    let (answered, _) = ask(Question::Smoke(&smoke(url.clone(), "x-open: yes", credentials.clone())));
    assert_eq!(answered, Ok(Vec::new()));
    let (answered, said) = ask(Question::Smoke(&smoke(url.clone(), "never there", credentials)));
    let told = answered.unwrap_err();
    assert!(told.starts_with(&format!("head: GET {url}: \"never there\" is not in the body")), "{told}");
    assert!(!format!("{told}{said:?}").contains("of-a-token"), "{told} {said:?}");
}

#[test]
fn a_smoke_request_whose_secret_is_missing_is_told() {
    let credentials = Credentials { bearer_file: Some("/no/such/token".into()), ..Credentials::default() };
    let told = ask(Question::Smoke(&smoke(app(), "", credentials))).0.unwrap_err();
    assert!(told.contains("head: the secret /no/such/token") && told.contains("No such file"), "{told}");
}
