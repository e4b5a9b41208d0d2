use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::*;

fn now() -> Timestamp {
    "2026-01-15T00:00:00Z".parse().unwrap()
}

fn params(names: &[&str], years: std::ops::Range<i32>) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
    params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
    params
}

fn authority(name: &str, years: std::ops::Range<i32>) -> (String, Issuer<'static, KeyPair>) {
    let mut params = params(&[], years);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), Issuer::new(params, key))
}

/// A certificate for `names` with its key and the one that signed it.
fn pair(names: &[&str], years: std::ops::Range<i32>) -> Pair {
    let (above, issuer) = authority("intermediate", 2020..2200);
    let key = KeyPair::generate().unwrap();
    let certificate = params(names, years).signed_by(&key, &issuer).unwrap().pem() + &above;
    Pair { certificate: certificate.into_bytes(), key: key.serialize_pem().into_bytes().into() }
}

fn judged(pair: &Pair, domains: &[&str]) -> Result<Good, String> {
    let domains: Vec<_> = domains.iter().map(|domain| (*domain).to_owned()).collect();
    judge(pair, &domains, now()).map_err(|refusal| refusal.to_string())
}

#[test]
fn a_good_certificate_is_good() {
    let good = judged(
        &pair(&["example.org", "*.example.org"], 2020..2200),
        &["*.example.org", "example.org", "a.example.org"],
    );
    let good = good.unwrap();
    assert_eq!(good.expires.to_string(), "2200-01-01T00:00:00Z");
    assert_eq!(good.warnings, Vec::<String>::new());
}

#[test]
fn a_wildcard_covers_one_label_and_nothing_else() {
    let wildcard = pair(&["*.example.org"], 2020..2200);
    for covered in ["a.example.org", "A.Example.ORG", "*.example.org", "*.EXAMPLE.org"] {
        judged(&wildcard, &[covered]).unwrap();
    }
    for not in
        ["example.org", "a.b.example.org", "*.b.example.org", "*.org", "a.example.com", "xexample.org", "", "*", "a b"]
    {
        let said = judged(&wildcard, &["a.example.org", not]).unwrap_err();
        assert_eq!(said, format!("the certificate does not cover {not}; it covers *.example.org"));
    }
    let plain = pair(&["a.example.org"], 2020..2200);
    judged(&plain, &["*.example.org"]).unwrap_err();
}

#[test]
fn a_name_in_the_subject_alone_does_not_count() {
    let mut params = params(&[], 2020..2200);
    params.distinguished_name.push(DnType::CommonName, "a.example.org");
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap().pem().into_bytes();
    let pair = Pair { certificate, key: key.serialize_pem().into_bytes().into() };
    assert!(judged(&pair, &["a.example.org"]).unwrap_err().ends_with("it covers no name"));
}

#[test]
fn one_whose_time_is_over_or_not_come_is_refused() {
    let said = judged(&pair(&["a.org"], 2000..2001), &["a.org"]).unwrap_err();
    assert_eq!(said, "the certificate expired on 2001-01-01T00:00:00Z");
    let said = judged(&pair(&["a.org"], 2100..2101), &["a.org"]).unwrap_err();
    assert_eq!(said, "the certificate is valid only from 2100-01-01T00:00:00Z; is the clock right?");
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let mixed = Pair { key: pair(&["a.org"], 2020..2200).key, ..pair(&["a.org"], 2020..2200) };
    assert_eq!(judge(&mixed, &["a.org".to_owned()], now()), Err(Refusal::Mismatch));
}

#[test]
fn files_that_hold_something_else_are_refused_without_quoting_a_key() {
    let good = pair(&["a.org"], 2020..2200);
    let swapped = Pair { certificate: good.key.to_vec(), key: good.certificate.clone().into() };
    assert!(judged(&swapped, &["a.org"]).unwrap_err().contains("no PEM section `CERTIFICATE`"));
    for key in [
        "",
        "secretsecret",
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nsecret!\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n",
    ] {
        let broken = Pair { key: key.as_bytes().to_vec().into(), ..good.clone() };
        let said = judged(&broken, &["a.org"]).unwrap_err();
        assert!(said.starts_with("there is no usable private key in it: ") && !said.contains("secret"), "{said}");
    }
    for certificate in ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let broken = Pair { certificate: certificate.as_bytes().to_vec(), ..good.clone() };
        assert!(judged(&broken, &["a.org"]).unwrap_err().starts_with("there is no certificate in it: "));
    }
}

#[test]
fn a_chain_that_does_not_fit_is_told_but_served() {
    let good = pair(&["a.org"], 2020..2200);
    let (stranger, _) = authority("stranger", 2000..2001);
    let end = String::from_utf8(good.certificate.clone()).unwrap();
    let leaf = &end[..end.find("END CERTIFICATE").unwrap() + 21];
    let odd = Pair { certificate: (leaf.to_owned() + &stranger).into_bytes(), ..good };
    let warnings = judged(&odd, &["a.org"]).unwrap().warnings;
    assert_eq!(
        warnings,
        [
            "certificate 2 of the file did not sign the one before it; some clients will refuse the chain",
            "certificate 2 of the file, an intermediate one, expired on 2001-01-01T00:00:00Z"
        ]
    );
}

#[test]
fn the_end_is_told_of_in_time() {
    let good = Good { expires: "2026-01-25T12:00:00Z".parse().unwrap(), warnings: Vec::new() };
    assert_eq!(expiry_warning(&good, 10, now()), None);
    assert_eq!(
        expiry_warning(&good, 14, now()).as_deref(),
        Some("the certificate expires in 10 days, on 2026-01-25T12:00:00Z; renew it")
    );
}

#[test]
fn a_pair_does_not_print_itself() {
    let pair = pair(&["a.org"], 2020..2200);
    assert_eq!(format!("{pair:?}").len(), "Pair()".len() + 12);
}
