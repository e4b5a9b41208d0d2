use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::*;
use crate::Digest;

/// A server on this machine: what it was asked, each with its `Authorization`.
struct Server {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Answers as a function says: from a path and an authorization to a status, headers and a body.
    fn answering(answer: impl Fn(&str, &str) -> (u16, String, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let mut lines = BufReader::new(connection.try_clone().unwrap()).lines().map_while(Result::ok);
                let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
                let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                let given = headers
                    .iter()
                    .find_map(|line| line.to_lowercase().starts_with("authorization: ").then(|| &line[15..]));
                let given = given.unwrap_or_default();
                log.lock().unwrap().push(format!("{path} {given}").trim_end().to_owned());
                let (status, headers, body) = answer(&path, given);
                let length = body.len();
                let _ = write!(
                    connection,
                    "HTTP/1.1 {status} X\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
                );
            }
        });
        Self { port, asked }
    }

    fn remote(&self, login: bool) -> Remote {
        let login = login.then(|| Login { username: "ci".to_owned(), password: "canary".to_owned() });
        Remote::new(Repository::of(&format!("127.0.0.1:{}/team/shop", self.port)).unwrap(), login)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn ok(body: &str) -> (u16, String, String) {
    (200, String::new(), body.to_owned())
}

fn status(status: u16) -> (u16, String, String) {
    (status, String::new(), String::new())
}

fn tag() -> Document {
    Document::Tag("1".to_owned())
}

/// `ci:canary`
const BASIC: &str = "Basic Y2k6Y2FuYXJ5";

#[test]
fn an_open_registry_is_given_no_login() {
    let server = Server::answering(|_, _| ok("{}"));
    assert_eq!(server.remote(true).get(&tag()).unwrap().unwrap(), b"{}");
    assert_eq!(server.asked(), ["/v2/team/shop/manifests/1"]);
}

#[test]
fn a_login_is_given_where_it_is_asked_for_and_from_then_on() {
    let server = Server::answering(|_, given| match given {
        BASIC => ok("{}"),
        _ => (401, "WWW-Authenticate: Basic realm=\"r\"\r\n".to_owned(), String::new()),
    });
    let remote = server.remote(true);
    remote.get(&tag()).unwrap().unwrap();
    remote.get(&tag()).unwrap().unwrap();
    let path = "/v2/team/shop/manifests/1";
    assert_eq!(server.asked(), [path.to_owned(), format!("{path} {BASIC}"), format!("{path} {BASIC}")]);
    let said = server.remote(false).get(&tag()).unwrap_err().to_string();
    assert!(said.contains("asks for a login, and there is neither"), "{said}");
}

#[test]
fn a_token_is_had_from_the_realm_and_the_login_goes_only_there() {
    let server = Server::answering(|_, given| match given {
        BASIC => ok(r#"{"token":"t0ken"}"#),
        _ => ok(r#"{"access_token":"anonymous"}"#),
    });
    let port = server.port;
    let front = Server::answering(move |_, given| match given {
        "Bearer t0ken" => ok("{}"),
        _ => (
            401,
            format!(
                "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:{port}/token?x=1\",service=\"the registry\"\r\n"
            ),
            String::new(),
        ),
    });
    front.remote(true).get(&tag()).unwrap().unwrap();
    let asked = "/token?x=1&service=the+registry&scope=repository%3Ateam%2Fshop%3Apull";
    assert_eq!(server.asked(), [format!("{asked} {BASIC}")]);
    assert!(front.asked().iter().all(|line| !line.contains("Basic")), "{:?}", front.asked());
    let said = front.remote(false).get(&tag()).unwrap_err().to_string();
    assert!(said.ends_with("the status is 401"), "{said}");
}

#[test]
fn a_realm_without_https_elsewhere_is_sent_nothing() {
    let realm = "WWW-Authenticate: Bearer realm=\"http://registry.example.org/token\"\r\n";
    let server = Server::answering(move |_, _| (401, realm.to_owned(), String::new()));
    let said = server.remote(true).get(&tag()).unwrap_err().to_string();
    assert!(said.contains("where no login is sent: it is not https") && !said.contains("canary"), "{said}");
}

#[test]
fn a_token_that_is_none_is_said_without_its_text() {
    for body in ["[]", "{}", r#"{"token":""}"#, r#"{"token":"canary\r\nX: y"}"#] {
        let realm = Server::answering(move |_, _| ok(body));
        let port = realm.port;
        let answer = move || format!("WWW-Authenticate: Bearer realm=\"http://127.0.0.1:{port}/\"\r\n");
        let server = Server::answering(move |_, _| (401, answer(), String::new()));
        let said = server.remote(true).get(&tag()).unwrap_err().to_string();
        assert!(said.ends_with("the answer is no token") && !said.contains("canary"), "{said}");
    }
}

#[test]
fn where_a_blob_is_sent_on_to_gets_no_login() {
    let storage = Server::answering(|_, _| ok("a blob"));
    let port = storage.port;
    let registry = Server::answering(move |_, given| match given {
        BASIC => (307, format!("Location: http://127.0.0.1:{port}/storage?key=1\r\n"), String::new()),
        _ => (401, "WWW-Authenticate: Basic realm=\"r\"\r\n".to_owned(), String::new()),
    });
    let blob = Document::Blob(Digest::of(b"a blob"));
    assert_eq!(registry.remote(true).get(&blob).unwrap().unwrap(), b"a blob");
    assert_eq!(storage.asked(), ["/storage?key=1"]);
}

#[test]
fn nobody_is_followed_in_circles_or_out_of_tls() {
    for (to, expected) in [
        ("/v2/again", "sends on more than 3 times"),
        ("http://registry.example.org/", "where nothing is asked for"),
        ("http://169.254.169.254/latest", "where nothing is asked for"),
        ("file:///etc/passwd", "where nothing is asked for"),
        ("http://[", "where nothing is asked for"),
    ] {
        let server = Server::answering(move |_, _| (302, format!("Location: {to}\r\n"), String::new()));
        let said = server.remote(true).get(&tag()).unwrap_err().to_string();
        assert!(said.contains(expected), "{to}: {said}");
    }
}

#[test]
fn what_is_not_there_is_no_error_and_what_cannot_be_known_is_one() {
    let server = Server::answering(|path, _| status(if path.contains("referrers") { 405 } else { 404 }));
    assert_eq!(server.remote(false).get(&tag()), Ok(None));
    assert_eq!(server.remote(false).get(&Document::Referrers(Digest::of(b""))), Ok(None));
    for number in [403, 405, 429, 500] {
        let server = Server::answering(move |_, _| status(number));
        let said = server.remote(false).get(&tag()).unwrap_err().to_string();
        assert!(said.ends_with(&format!("the status is {number}")), "{said}");
    }
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let server = Server::answering(|_, _| ok(&"x".repeat(300_000)));
    let said = server.remote(false).get(&Document::Blob(Digest::of(b""))).unwrap_err().to_string();
    assert!(said.ends_with("the answer has more than 262144 bytes"), "{said}");
}
