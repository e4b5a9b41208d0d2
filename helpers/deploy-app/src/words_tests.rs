use super::*;

fn refused(asked: &[u8]) -> String {
    Target::parse(asked).unwrap_err().to_string()
}

#[test]
fn three_words_between_single_spaces_are_a_target() {
    for text in ["shop prod 1.4.0", "a b c", "0 1 _", "shop-2 prod-eu v1.4.0-rc.1_x"] {
        assert_eq!(Target::parse(text.as_bytes()).unwrap().to_string(), text);
    }
    let longest = format!("{} {} {}", "a".repeat(50), "b".repeat(50), "c".repeat(128));
    assert_eq!(Target::parse(longest.as_bytes()).unwrap().to_string(), longest);
}

#[test]
fn whatever_else_is_asked_for_is_refused_with_the_reason() {
    for (asked, says) in [
        (&b""[..], "nothing is asked for"),
        (b"shop prod", "2 words"),
        (b"shop prod 1 2", "4 words"),
        (b"shop  prod 1", "4 words"),
        (b" shop prod 1", "4 words"),
        (b"shop prod 1 ", "4 words"),
        (b"shop prod ", "`` is no tag"),
        (b"shop prod 1\n", "`byte 0x0a` is in no name"),
        (b"shop\tprod 1", "`byte 0x09`"),
        (b"shop prod 1;id", "`;`"),
        (b"shop prod $(id)", "`$`"),
        (b"shop prod ../x", "`/`"),
        (b"shop prod x@sha256", "`@`"),
        (b"shop prod \xff", "`byte 0xff`"),
        ("shop prod 1\u{202e}".as_bytes(), "`byte 0xe2`"),
        (b"shop prod 1\0", "`byte 0x00`"),
        (b"shop prod -rf", "`-rf` is no tag"),
        (b"shop prod .1", "`.1` is no tag"),
        (b"--help prod 1", "`--help` is no name"),
        (b"Shop prod 1", "`Shop` is no name"),
        (b"shop pr_od 1", "`pr_od` is no name"),
    ] {
        let said = refused(asked);
        assert!(said.contains(says), "{}: {said}", String::from_utf8_lossy(asked));
        assert!(said.contains("ask with APP ENVIRONMENT TAG"), "{said}");
    }
}

#[test]
fn one_more_than_the_longest_is_refused() {
    for (app, environment, tag, says) in
        [(51, 4, 4, "is no name"), (4, 51, 4, "is no name"), (4, 4, 129, "is no tag"), (50, 50, 129, "231 bytes")]
    {
        let asked = format!("{} {} {}", "a".repeat(app), "b".repeat(environment), "c".repeat(tag));
        assert!(refused(asked.as_bytes()).contains(says), "{}", refused(asked.as_bytes()));
    }
    assert!(refused(&vec![b'a'; 1 << 20]).len() < 200, "what is too long is not repeated");
}

#[test]
fn a_digest_is_sha256_and_64_digits() {
    Digest::try_from(format!("sha256:{}", "0f".repeat(32))).unwrap();
    for text in [
        "",
        "sha256:",
        &"0f".repeat(32),
        &format!("sha256:{}", "0F".repeat(32)),
        &format!("sha256:{}g", "0".repeat(63)),
    ] {
        Digest::try_from(text.to_owned()).unwrap_err();
    }
}
