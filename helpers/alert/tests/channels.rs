//! What arrives at each channel, byte for byte where a server or program reads it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use alert::channel::send;
use alert::event::{Event, Kind, Problem, Status};
use alert::manifest::{Channel, Email, Gotify, Header, Matrix, Ntfy, Program, Webhook};
use base64::Engine as _;
use serde_json::{Value, json};

/// A request as a server sees it.
struct Request {
    line: String,
    headers: Vec<String>,
    body: Value,
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        let named = |line: &&String| line.to_lowercase().starts_with(&format!("{}:", name.to_lowercase()));
        self.headers.iter().find(named).map(|line| line[name.len() + 1..].trim())
    }
}

/// A server that takes one request and answers with `status`.
fn sink(status: &'static str) -> (String, mpsc::Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (arrived, requests) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut lines = (&mut reader).lines().map(Result::unwrap).take_while(|line| !line.is_empty());
        let line = lines.next().unwrap();
        let headers: Vec<String> = lines.collect();
        let mut request = Request { line, headers, body: Value::Null };
        let length = request.header("content-length").unwrap().parse().unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        request.body = serde_json::from_slice(&body).unwrap();
        arrived.send(request).unwrap();
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 5\r\nconnection: close\r\n\r\nwords").unwrap();
    });
    (address, requests)
}

fn event() -> Event {
    let problem = Problem {
        kind: Kind::RolledBack,
        source: "hearth-app-wiki.service".to_owned(),
        object: "app wiki".to_owned(),
        cause: "service app: unhealthy — größer".to_owned(),
        consequence: "the version before serves".to_owned(),
        remedy: "correct it".to_owned(),
        summary: Some("unhealthy; 1.0.0 serves again".to_owned()),
        details: vec!["panic: oh no".to_owned()],
        identity: "unhealthy".to_owned(),
    };
    let since = "2026-11-21T10:00:00Z".parse().unwrap();
    Event::new(Status::Problem, "example", problem, since, since)
}

const TEXT: &str = "\
cause:    service app: unhealthy — größer
means:    the version before serves
do:       correct it
receipt:  unhealthy; 1.0.0 serves again
since:    2026-11-21T10:00:00Z
| panic: oh no
";

fn tell(channel: &Channel) -> Result<(), String> {
    send(channel, &event(), Duration::from_secs(5)).map_err(|error| format!("{error:#}"))
}

fn secret(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join("secret");
    std::fs::write(&path, format!("{text}\n")).unwrap();
    path
}

#[test]
fn a_webhook_gets_the_whole_event_as_json_with_its_secret_header() {
    let (folder, (address, requests)) = (tempfile::tempdir().unwrap(), sink("204 No Content"));
    let header = Header { name: "X-Token".to_owned(), file: secret(folder.path(), "hush") };
    let url = Some(format!("{address}/alerts"));
    tell(&Channel::Webhook(Webhook { url, url_file: None, header: Some(header), ca_file: None })).unwrap();
    let request = requests.recv().unwrap();
    assert_eq!(request.line, "POST /alerts HTTP/1.1");
    assert_eq!(request.header("x-token"), Some("hush"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let expected = json!({
        "schema": 1, "status": "problem", "key": event().key, "host": "example",
        "since": "2026-11-21T10:00:00Z", "at": "2026-11-21T10:00:00Z",
        "kind": "rolled-back", "source": "hearth-app-wiki.service", "object": "app wiki",
        "cause": "service app: unhealthy — größer", "consequence": "the version before serves", "remedy": "correct it",
        "summary": "unhealthy; 1.0.0 serves again", "details": ["panic: oh no"], "identity": "unhealthy",
        "title": "example: app wiki: rolled back", "text": TEXT,
    });
    assert_eq!(request.body, expected);
}

#[test]
fn an_address_that_is_a_secret_is_used_and_never_told() {
    let (folder, (address, requests)) = (tempfile::tempdir().unwrap(), sink("403 Forbidden"));
    let hook = |text: &str| {
        let url_file = Some(secret(folder.path(), text));
        Channel::Webhook(Webhook { url: None, url_file, header: None, ca_file: None })
    };
    let refused = tell(&hook(&format!("{address}/hooks/s3cr3t"))).unwrap_err();
    assert_eq!(requests.recv().unwrap().line, "POST /hooks/s3cr3t HTTP/1.1");
    assert!(refused.contains("the server answers 403: words") && !refused.contains("s3cr3t"), "{refused}");
    for bad in ["http://s3cr3t host/", "s3cr3t", "http://", "http://[s3cr3t/"] {
        let said = tell(&hook(bad)).unwrap_err();
        assert!(!said.contains("s3cr3t"), "{said}");
    }
}

#[test]
fn ntfy_gets_its_json_at_the_root_with_a_bearer_token() {
    let (folder, (address, requests)) = (tempfile::tempdir().unwrap(), sink("200 OK"));
    let token_file = Some(secret(folder.path(), "tk_x"));
    tell(&Channel::Ntfy(Ntfy { server: address, topic: "host".to_owned(), token_file, ca_file: None })).unwrap();
    let request = requests.recv().unwrap();
    assert_eq!(request.line, "POST / HTTP/1.1");
    assert_eq!(request.header("authorization"), Some("Bearer tk_x"));
    let title = "example: app wiki: rolled back";
    let expected = json!({ "topic": "host", "title": title, "message": TEXT, "priority": 5, "tags": ["warning"] });
    assert_eq!(request.body, expected);
}

#[test]
fn gotify_gets_a_message_with_the_applications_key() {
    let (folder, (address, requests)) = (tempfile::tempdir().unwrap(), sink("200 OK"));
    let server = format!("{address}/gotify/");
    tell(&Channel::Gotify(Gotify { server, token_file: secret(folder.path(), "Abc"), ca_file: None })).unwrap();
    let request = requests.recv().unwrap();
    assert_eq!(request.line, "POST /gotify/message HTTP/1.1");
    assert_eq!(request.header("x-gotify-key"), Some("Abc"));
    assert_eq!(request.body, json!({ "title": "example: app wiki: rolled back", "message": TEXT, "priority": 8 }));
}

#[test]
fn a_matrix_room_gets_a_text_once_however_often_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let mut lines = Vec::new();
    for _ in 0..2 {
        let (server, requests) = sink("200 OK");
        let token_file = secret(folder.path(), "syt_x");
        tell(&Channel::Matrix(Matrix { server, room: "!a/b:example.org".to_owned(), token_file, ca_file: None }))
            .unwrap();
        let request = requests.recv().unwrap();
        assert_eq!(request.header("authorization"), Some("Bearer syt_x"));
        let text = format!("example: app wiki: rolled back\n{}", TEXT.trim_end());
        assert_eq!(request.body, json!({ "msgtype": "m.text", "body": text }));
        lines.push(request.line);
    }
    let room = "/_matrix/client/v3/rooms/%21a%2Fb%3Aexample.org/send/m.room.message/hearth-";
    assert!(lines[0].starts_with(&format!("PUT {room}")), "{}", lines[0]);
    assert_eq!(lines[0], lines[1], "the transaction is the same");
}

#[test]
fn a_program_gets_the_text_on_its_input_and_the_parts_in_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("cat > {0}/text; env | grep ^HEARTH_ALERT_ | sort > {0}/parts", folder.path().display());
    tell(&Channel::Command(Program { command: ["/bin/sh", "-c", &script].map(ToOwned::to_owned).to_vec() })).unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("text"), format!("example: app wiki: rolled back\n{TEXT}"));
    let parts = format!(
        "HEARTH_ALERT_CAUSE=service app: unhealthy — größer\nHEARTH_ALERT_CONSEQUENCE=the version before serves\n\
         HEARTH_ALERT_HOST=example\nHEARTH_ALERT_KEY={}\nHEARTH_ALERT_KIND=rolled back\nHEARTH_ALERT_OBJECT=app wiki\n\
         HEARTH_ALERT_REMEDY=correct it\nHEARTH_ALERT_SINCE=2026-11-21T10:00:00Z\nHEARTH_ALERT_STATUS=problem\n\
         HEARTH_ALERT_SUMMARY=unhealthy; 1.0.0 serves again\nHEARTH_ALERT_TITLE=example: app wiki: rolled back\n",
        event().key
    );
    assert_eq!(read("parts"), parts);
}

#[test]
fn a_program_that_fails_or_hangs_is_told_and_leaves_nothing_running() {
    let folder = tempfile::tempdir().unwrap();
    let program =
        |script: &str| Channel::Command(Program { command: ["/bin/sh", "-c", script].map(ToOwned::to_owned).to_vec() });
    let failed = tell(&program("echo no route >&2; exit 3")).unwrap_err();
    assert_eq!(failed, "/bin/sh: it ended with exit status: 3: no route");
    let marker = folder.path().join("late");
    let hangs = program(&format!("(sleep 3; touch {}) & sleep 30", marker.display()));
    let begun = std::time::Instant::now();
    let said = format!("{:#}", send(&hangs, &event(), Duration::from_secs(1)).unwrap_err());
    assert_eq!(said, "/bin/sh: it did not end within 1 s and was killed");
    assert!(begun.elapsed() < Duration::from_secs(3));
    std::thread::sleep(Duration::from_millis(2500));
    assert!(!marker.exists(), "what it had started goes with it");
}

#[test]
fn mail_is_handed_to_sendmail_as_a_message_that_says_its_receivers() {
    let folder = tempfile::tempdir().unwrap();
    let sendmail = folder.path().join("sendmail");
    let script = format!("#!/bin/sh\necho \"$@\" > {0}/arguments\ncat > {0}/mail\n", folder.path().display());
    std::fs::write(&sendmail, script).unwrap();
    std::fs::set_permissions(&sendmail, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let to = vec!["a@example.org".to_owned(), "b@example.org".to_owned()];
    tell(&Channel::Email(Email { sendmail, from: "hearth@example.org".to_owned(), to })).unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("arguments"), "-i -t\n");
    let mail = read("mail");
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    let expected = format!(
        "From: Hearth <hearth@example.org>\r\nTo: a@example.org, b@example.org\r\n\
         Subject: example: app wiki: rolled back\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n\
         Message-ID: <{}.1795255200000@example.org>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64",
        event().key
    );
    assert_eq!(head, expected);
    let decoded = base64::engine::general_purpose::STANDARD.decode(body.replace("\r\n", "")).unwrap();
    assert_eq!(String::from_utf8(decoded).unwrap(), TEXT);
}

#[test]
fn a_server_that_does_not_answer_costs_the_time_that_was_declared_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Some(format!("http://{}/", listener.local_addr().unwrap()));
    let hook = Channel::Webhook(Webhook { url, url_file: None, header: None, ca_file: None });
    let begun = std::time::Instant::now();
    let said = format!("{:#}", send(&hook, &event(), Duration::from_secs(1)).unwrap_err());
    assert!(said.ends_with("no answer within 1 s"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_secret_that_is_missing_or_empty_is_told_by_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let gotify = |file: &Path| {
        tell(&Channel::Gotify(Gotify {
            server: "http://127.0.0.1:1".to_owned(),
            token_file: file.to_owned(),
            ca_file: None,
        }))
    };
    assert!(gotify(Path::new("/nonexistent/token")).unwrap_err().contains("/nonexistent/token: No such file"));
    assert!(gotify(&secret(folder.path(), "")).unwrap_err().ends_with("secret is empty"));
}
