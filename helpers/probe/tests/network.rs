//! Each way in which a server can fail a visitor, from a server made here.

mod common;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use common::{Authority, server};
use probe::{Answer, Ask as _, Failure, Https, Probe, TlsProblem};

const OK: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello HEAD";

fn ask(probe: &Probe) -> Result<Answer, Failure> {
    Https.ask(probe)
}

#[test]
fn a_server_with_a_trusted_certificate_is_asked_by_its_name() {
    let authority = Authority::new();
    let address = server(Some(authority.serve("app.example.org", 2020..2200)), OK);
    let answer = ask(&authority.probe(address)).unwrap();
    assert_eq!(answer.status, 200);
    assert!(
        answer.body.contains("GET /path HTTP/1.1") && answer.body.contains("host: app.example.org\r\n"),
        "{answer:?}"
    );
}

#[test]
fn each_fault_of_a_certificate_is_told_apart() {
    let authority = Authority::new();
    let stranger = Authority::new();
    for (config, expected) in [
        (authority.serve("app.example.org", 2000..2001), TlsProblem::Expired),
        (authority.serve("app.example.org", 2198..2200), TlsProblem::NotYetValid),
        (authority.serve("other.example.org", 2020..2200), TlsProblem::WrongName(vec!["other.example.org".to_owned()])),
        (stranger.serve("app.example.org", 2020..2200), TlsProblem::UnknownIssuer),
    ] {
        let found = ask(&authority.probe(server(Some(config), OK))).unwrap_err();
        assert_eq!(found, Failure::Tls(expected));
    }
}

#[test]
fn a_server_that_speaks_no_tls_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.accept().unwrap().0.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let found = ask(&Authority::new().probe(address)).unwrap_err();
    assert!(matches!(found, Failure::Tls(TlsProblem::Other(_))), "{found:?}");
}

#[test]
fn a_port_that_nobody_listens_on_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(ask(&Authority::new().probe(address)), Err(Failure::Refused));
}

#[test]
fn a_name_without_an_address_is_told() {
    let probe = Probe { connect_to: None, ..Probe::new("http://no-such-name.invalid/") };
    assert_eq!(ask(&probe), Err(Failure::Unresolved));
}

#[test]
fn a_server_that_keeps_silent_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let silent = std::thread::spawn(move || {
        let (mut stream, _): (TcpStream, _) = listener.accept().unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let probe = Probe { connect_to: Some(address), timeout: Duration::from_secs(1), ..Probe::new("http://x/") };
    assert_eq!(ask(&probe), Err(Failure::TimedOut(1)));
    silent.join().unwrap();
}

#[test]
fn a_connection_that_breaks_is_told() {
    let address = server(None, "");
    let probe = Probe { connect_to: Some(address), ..Probe::new("http://x/") };
    assert!(matches!(ask(&probe), Err(Failure::Lost(_))));
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let address = server(None, "HTTP/1.1 302 Found\r\nlocation: https://elsewhere/\r\ncontent-length: 0\r\n\r\n");
    let probe = Probe { connect_to: Some(address), ..Probe::new("http://x/") };
    let answer = ask(&probe).unwrap();
    assert_eq!((answer.status, answer.location.as_deref()), (302, Some("https://elsewhere/")));
}

#[test]
fn a_ca_file_that_is_none_is_told_by_its_name() {
    let authority = Authority::new();
    let address = server(Some(authority.serve("app.example.org", 2020..2200)), OK);
    let empty = authority.folder.path().join("empty.crt");
    std::fs::write(&empty, "").unwrap();
    for (file, said) in [(empty, "there is no certificate in it"), ("/no/such.crt".into(), "No such file")] {
        let probe = Probe { ca_file: Some(file.clone()), ..authority.probe(address) };
        let found = ask(&probe).unwrap_err();
        assert!(!found.may_pass());
        let found = found.to_string();
        assert!(found.contains(said) && found.contains(&file.display().to_string()), "{found}");
    }
}

#[test]
fn a_url_that_is_none_is_not_asked_again() {
    for url in ["", "nonsense", "http://", "ftp://x/"] {
        let found = ask(&Probe::new(url)).unwrap_err();
        assert!(!found.may_pass(), "{url}: {found:?}");
    }
}
