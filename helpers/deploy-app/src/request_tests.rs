use super::*;

fn request() -> Request {
    Request { command: "shop prod 1".to_owned(), key: Some("ci".to_owned()), digest: None, token: true }
}

#[test]
fn a_request_is_read_as_it_was_written_and_nothing_behind_it() {
    let wire = format!("{}secret\nrest", request().line());
    let mut wire = wire.as_bytes();
    let (read, target) = Request::read(&mut wire).unwrap();
    assert_eq!((read, target.to_string()), (request(), "shop prod 1".to_owned()));
    let login = token(&mut wire).unwrap().unwrap();
    assert_eq!((login.username.as_str(), login.password.as_str()), ("token", "secret"));
    assert_eq!(wire, b"rest");
}

#[test]
fn what_is_no_request_is_refused() {
    let good = request().line();
    for (line, says) in [
        (String::new(), "the other side hung up"),
        ("\n".to_owned(), "no request to the door"),
        ("GET / HTTP/1.1\n".to_owned(), "no request to the door"),
        (good.replace("shop prod 1", "shop prod 1; id"), "`;` is in no name"),
        (good.replace("shop prod 1", "shop prod 1\\n"), "`byte 0x0a`"),
        (good.replace("null", "\"sha256:0\""), "no request to the door"),
        (good.replace("\"key\"", "\"keys\""), "no request to the door"),
        ("x".repeat(5000), "more than 4096 bytes"),
    ] {
        let said = Request::read(&mut line.as_bytes()).unwrap_err().to_string();
        assert!(said.contains(says) && said.to_lowercase().contains("nothing was done"), "{line}: {said}");
    }
}

#[test]
fn a_token_comes_alone_with_its_user_or_as_json() {
    let read = |text: &str| credentials(text.as_bytes()).unwrap().map(|login| (login.username, login.password));
    let login = |user: &str, token: &str| Some((user.to_owned(), token.to_owned()));
    assert_eq!(read(""), None);
    assert_eq!(read("\r"), None);
    assert_eq!(read("abc"), login("token", "abc"));
    assert_eq!(read("ci:a:b\r"), login("ci", "a:b"));
    assert_eq!(read(r#"{"username": "ci", "password": "a"}"#), login("ci", "a"));
}

#[test]
fn no_error_holds_what_came_as_a_token() {
    for line in ["canary\u{1}", "canary:", ":canary", "{\"canary\": 1}", "two canary", &"canary".repeat(4000)] {
        let said = token(&mut line.as_bytes()).unwrap_err().to_string();
        assert!(!said.contains("canary") && said.contains("nothing was done"), "{said}");
    }
}
