//! Rules of Traefik's HTTP routers, as far as they say which hosts a route is for.
//!
//! The syntax is that of Traefik 3 (`pkg/rules`): calls such as ``Host(`a`)``, `&&`, `||`, `!` and parentheses, names of
//! calls in any case. What each call but `Host` means is not looked at; a route is for the app's own hosts when no request
//! can satisfy its rule without asking for one of them.

/// A rule.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// The request asks for one of these hosts, in lower case.
    Host(Vec<String>),
    /// Something else about the request.
    Other,
    /// The opposite.
    Not(Box<Rule>),
    /// All of them.
    All(Vec<Rule>),
    /// One of them.
    Any(Vec<Rule>),
}

impl Rule {
    /// Whether no request satisfies the rule without asking for a host that `own` knows.
    pub(super) fn only(&self, own: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Host(hosts) => hosts.iter().all(|host| own(host)),
            Self::Other | Self::Not(_) => false,
            Self::All(parts) => parts.iter().any(|part| part.only(own)),
            Self::Any(parts) => parts.iter().all(|part| part.only(own)),
        }
    }

    /// Every host that is named, wherever.
    pub(super) fn hosts(&self) -> Vec<&str> {
        match self {
            Self::Host(hosts) => hosts.iter().map(String::as_str).collect(),
            Self::Other => Vec::new(),
            Self::Not(part) => part.hosts(),
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::hosts).collect(),
        }
    }
}

/// How deep parentheses and negations may be nested: further than anybody writes.
const DEPTH: usize = 32;

/// Reads a rule; none where it is not understood.
pub(super) fn parse(text: &str) -> Option<Rule> {
    let mut rest = Rest { text: text.trim(), depth: 0 };
    let rule = rest.any()?;
    rest.text.is_empty().then_some(rule)
}

/// What is left to be read.
struct Rest<'a> {
    text: &'a str,
    depth: usize,
}

impl<'a> Rest<'a> {
    fn any(&mut self) -> Option<Rule> {
        let mut parts = vec![self.all()?];
        while self.take("||") {
            parts.push(self.all()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Rule::Any(parts) })
    }

    fn all(&mut self) -> Option<Rule> {
        let mut parts = vec![self.one()?];
        while self.take("&&") {
            parts.push(self.one()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Rule::All(parts) })
    }

    fn one(&mut self) -> Option<Rule> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let rule = if self.take("!") {
            Rule::Not(Box::new(self.one()?))
        } else if self.take("(") {
            let inner = self.any()?;
            self.take(")").then_some(inner)?
        } else {
            self.call()?
        };
        self.depth -= 1;
        Some(rule)
    }

    fn call(&mut self) -> Option<Rule> {
        let end = self.text.find(|c: char| !c.is_ascii_alphanumeric())?;
        let name = self.text[..end].to_ascii_lowercase();
        self.text = &self.text[end..];
        if name.is_empty() || !self.take("(") {
            return None;
        }
        let mut values = vec![self.quoted()?];
        while self.take(",") {
            values.push(self.quoted()?);
        }
        self.take(")").then_some(())?;
        Some(if name == "host" {
            Rule::Host(values.iter().map(|value| value.trim_end_matches('.').to_ascii_lowercase()).collect())
        } else {
            Rule::Other
        })
    }

    /// A text in backticks, or in quotes without anything in it that Go would read otherwise than it stands.
    fn quoted(&mut self) -> Option<&'a str> {
        let quote = self.text.chars().next().filter(|c| matches!(c, '`' | '"'))?;
        let (value, rest) = self.text[1..].split_once(quote)?;
        if quote == '"' && value.contains('\\') {
            return None;
        }
        self.text = rest.trim_start();
        Some(value)
    }

    fn take(&mut self, word: &str) -> bool {
        let Some(rest) = self.text.strip_prefix(word) else { return false };
        self.text = rest.trim_start();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> bool {
        parse(text).is_some_and(|rule| rule.only(&|host| host == "a.org" || host == "www.a.org"))
    }

    #[test]
    fn a_rule_is_for_own_hosts_when_nothing_else_satisfies_it() {
        for rule in [
            "Host(`a.org`)",
            "host(`A.org`)",
            "HOST( \"a.org.\" )",
            "Host(`a.org`, `www.a.org`)",
            "Host(`a.org`) && PathPrefix(`/x`)",
            "PathPrefix(`/x`) && (Host(`a.org`) || Host(`www.a.org`))",
            "Host(`a.org`) && !Path(`/secret`)",
            "Host(`a.org`) && Query(`a`, `(b)`)",
            "(Host(`a.org`))",
        ] {
            assert!(only(rule), "{rule}");
        }
    }

    #[test]
    fn every_other_rule_is_not() {
        for rule in [
            "Host(`b.org`)",
            "Host(`a.org`, `b.org`)",
            "Host(`a.org`) || PathPrefix(`/`)",
            "PathPrefix(`/`)",
            "HostRegexp(`.*`)",
            "!Host(`a.org`)",
            "!(Host(`a.org`) || Host(`b.org`))",
            "Host(`a.org`) && Path(`/`) || Path(`/`)",
            "Path(`/`) || Host(`a.org`) && Path(`/`)",
        ] {
            assert!(!only(rule), "{rule}");
        }
    }

    #[test]
    fn what_is_not_understood_is_no_rule() {
        let deep = format!("{}Host(`a.org`){}", "(".repeat(10_000), ")".repeat(10_000));
        for rule in [
            "",
            "Host",
            "Host(",
            "Host()",
            "Host(`a.org`",
            "Host(a.org)",
            "Host(`a.org`) Host(`a.org`)",
            "Host:a.org",
            "true",
            "Host(`a.org`) &",
            "Host('a.org')",
            r#"Host("a\x2eorg")"#,
            "Host(`a.org`);",
            "&& Host(`a.org`)",
            &deep,
            "Ho.st(`a.org`)",
        ] {
            assert_eq!(parse(rule), None, "{rule}");
        }
    }

    #[test]
    fn hosts_are_named_wherever_they_stand() {
        let rule = parse("Host(`a`) && !(Host(`b`, `c`) || Path(`/d`))").unwrap();
        assert_eq!(rule.hosts(), ["a", "b", "c"]);
    }
}
