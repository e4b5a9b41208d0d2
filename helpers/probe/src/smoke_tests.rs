use super::*;

fn received(status: u16, headers: &[(&str, &str)], body: &str) -> Received {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Received { status, headers, body: body.as_bytes().to_vec() }
}

fn expect() -> Expect {
    Expect { status: 200, ..Expect::default() }
}

fn said(expect: &Expect, received: &Received) -> String {
    expect.judge(received).unwrap_err().to_string()
}

#[test]
fn an_answer_that_is_all_it_must_be_is_right() {
    let expect = Expect {
        contains: Some("\"ok\"".to_owned()),
        lacks: Some("Traceback".to_owned()),
        headers: [("Content-Type".to_owned(), Some("application/json".to_owned())), ("X-Powered-By".to_owned(), None)]
            .into(),
        json: [("/status".to_owned(), "ok".into()), ("/checks/0/depth".to_owned(), 3.into())].into(),
        ..expect()
    };
    let body = r#"{"status": "ok", "checks": [{"depth": 3}]}"#;
    expect.judge(&received(200, &[("content-type", "application/json; charset=utf-8")], body)).unwrap();
}

#[test]
fn each_thing_that_is_wrong_is_told_in_its_own_words() {
    let header = |expected: Option<&str>| Expect {
        headers: [("X-Frame-Options".to_owned(), expected.map(ToOwned::to_owned))].into(),
        ..expect()
    };
    let denied = received(200, &[("x-frame-options", "DENY")], "");
    assert_eq!(said(&expect(), &received(502, &[], "")), "the status is 502, not 200");
    assert_eq!(
        said(&header(Some("SAMEORIGIN")), &denied),
        "the header X-Frame-Options is \"DENY\", and does not contain \"SAMEORIGIN\""
    );
    assert_eq!(said(&header(None), &denied), "the header X-Frame-Options is \"DENY\", and should not be there");
    assert_eq!(
        said(&header(Some("DENY")), &received(200, &[], "")),
        "there is no header X-Frame-Options; it should contain \"DENY\""
    );
    let lacks = Expect { lacks: Some("Traceback".to_owned()), ..expect() };
    assert_eq!(
        said(&lacks, &received(200, &[], "Traceback (most recent call last)")),
        "\"Traceback\" is in the body, and should not be"
    );
}

#[test]
fn json_is_looked_at_by_pointer() {
    let expect = |pointer: &str| Expect { json: [(pointer.to_owned(), "ok".into())].into(), ..expect() };
    let body = |text: &str| received(200, &[], text);
    assert_eq!(said(&expect("/db"), &body(r#"{"db": "down"}"#)), "at /db of the JSON there is \"down\", not \"ok\"");
    assert_eq!(said(&expect("/db/0"), &body(r#"{"db": "down"}"#)), "at /db/0 of the JSON there is nothing, not \"ok\"");
    assert!(said(&expect("/db"), &body("<html>")).starts_with("the body is no JSON: "));
}

#[test]
fn of_several_headers_of_one_name_one_is_enough() {
    let expect = Expect { headers: [("Set-Cookie".to_owned(), Some("Secure".to_owned()))].into(), ..expect() };
    expect.judge(&received(200, &[("set-cookie", "a=1"), ("set-cookie", "b=2; Secure")], "")).unwrap();
}
