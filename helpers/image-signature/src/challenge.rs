//! What a registry wants to see before it answers
//! (<https://distribution.github.io/distribution/spec/auth/token/>, RFC 9110).

use http_auth::{ChallengeRef, parse_challenges};

/// A way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// The login itself.
    Basic,
    /// A token, which is had from the realm.
    Bearer { realm: String, service: Option<String>, scope: Option<String> },
}

impl Challenge {
    /// The first way in that is known, of all values of `WWW-Authenticate`; a token before a login.
    pub fn of<'a>(values: impl Iterator<Item = &'a str>) -> Option<Self> {
        let read = values.filter_map(|value| parse_challenges(value).ok()).flatten();
        let known: Vec<Self> = read.filter_map(|challenge| Self::read(&challenge)).collect();
        let token = known.iter().find(|one| matches!(one, Self::Bearer { .. }));
        token.or_else(|| known.first()).cloned()
    }

    fn read(challenge: &ChallengeRef<'_>) -> Option<Self> {
        let named = |(found, _): &&(&str, _), name: &str| found.eq_ignore_ascii_case(name);
        let parameter = |name: &str| {
            let found = challenge.params.iter().find(|parameter| named(parameter, name));
            found.map(|(_, value)| value.to_unescaped())
        };
        if challenge.scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        let realm = challenge.scheme.eq_ignore_ascii_case("bearer").then(|| parameter("realm")).flatten()?;
        Some(Self::Bearer { realm, service: parameter("service"), scope: parameter("scope") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Option<Challenge> {
        Challenge::of(values.iter().copied())
    }

    #[test]
    fn a_realm_is_read_as_registries_write_it() {
        let bearer = Challenge::Bearer {
            realm: "https://auth.example.org/token".to_owned(),
            service: Some("registry, \"main\"".to_owned()),
            scope: Some("repository:shop:pull,push".to_owned()),
        };
        let text = r#"Bearer realm="https://auth.example.org/token",service="registry, \"main\"",scope="repository:shop:pull,push""#;
        assert_eq!(of(&[text]), Some(bearer.clone()));
        assert_eq!(of(&[r#"Basic realm="x""#, text]), Some(bearer.clone()));
        assert_eq!(of(&[&format!(r#"Basic realm="x", {text}"#)]), Some(bearer));
    }

    #[test]
    fn what_is_not_known_is_no_way_in() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&["", "Negotiate", "Bearer service=\"no realm\"", "Bearer realm=\"never closed"]), None);
        assert_eq!(of(&["Negotiate", "bAsIc Realm=x"]), Some(Challenge::Basic));
    }
}
