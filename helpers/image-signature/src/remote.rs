//! A registry over the network.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use probe::{Call, Client, Location, Received, Url};
use serde::Deserialize;

use crate::challenge::Challenge;
use crate::{Document, Registry, Repository, Unanswered};

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(10);
/// How long all of them may take together.
const ALL: Duration = Duration::from_secs(60);
/// How often a registry may send elsewhere for one document, which it does for blobs in somebody's storage.
const REDIRECTS: usize = 3;
/// The most bytes of an answer with a token.
const TOKEN_MAX: u64 = 64 << 10;
/// Every form in which what is asked for may be.
const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, */*;q=0.1";

/// A login for a registry.
#[derive(Clone)]
pub struct Login {
    /// The user.
    pub username: String,
    /// The password or token.
    pub password: String,
}

/// A repository over the network.
///
/// A login goes to the registry itself and to the realm that it names, over https or within this machine, and never to
/// where it sends on to.
pub struct Remote {
    repository: Repository,
    login: Option<Login>,
    client: RefCell<Option<Client>>,
    authorization: RefCell<Option<String>>,
    until: Instant,
}

impl Remote {
    /// A repository. All that is asked of it must be answered within a minute from now.
    pub fn new(repository: Repository, login: Option<Login>) -> Self {
        let until = Instant::now() + ALL;
        Self { repository, login, client: RefCell::default(), authorization: RefCell::default(), until }
    }

    /// Asks, and follows where it is sent.
    fn follow(&self, start: Url, limit: u64) -> Result<Received, Unanswered> {
        let mut url = start;
        for _ in 0..=REDIRECTS {
            let own = self.repository.holds(&url);
            let received =
                if own { self.ask_registry(&url, limit)? } else { ask(&url, &[], limit, self.time_left()?)? };
            match received.redirect(&url) {
                None => return Ok(received),
                Some(Location::Url(to)) if self.repository.may_lead_to(&to) => url = to,
                Some(to) => {
                    return Err(Unanswered(format!(
                        "{} sends on to {to}, where nothing is asked for",
                        without_query(&url)
                    )));
                }
            }
        }
        Err(Unanswered(format!("{} sends on more than {REDIRECTS} times", without_query(&url))))
    }

    /// Asks the registry itself, a second time with what it wants to see.
    fn ask_registry(&self, url: &Url, limit: u64) -> Result<Received, Unanswered> {
        let known = self.authorization.borrow().clone();
        let first = self.ask_with(url, known.as_deref(), limit)?;
        if first.status != 401 || known.is_some() {
            return Ok(first);
        }
        let authorization = self.authorize(&first)?;
        let second = self.ask_with(url, Some(&authorization), limit)?;
        self.authorization.replace(Some(authorization));
        Ok(second)
    }

    fn ask_with(&self, url: &Url, authorization: Option<&str>, limit: u64) -> Result<Received, Unanswered> {
        let mut client = self.client.borrow_mut();
        let client = match client.as_ref() {
            Some(client) => client,
            None => client.insert(client_of(url)?),
        };
        let header = authorization.map(|value| ("authorization".to_owned(), value.to_owned()));
        ask_through(client, url, header.as_slice(), limit, self.time_left()?)
    }

    /// The header that a registry asks for.
    fn authorize(&self, refusal: &Received) -> Result<String, Unanswered> {
        let headers = refusal.headers.iter().filter(|(name, _)| name == "www-authenticate");
        match Challenge::of(headers.map(|(_, value)| value.as_str())) {
            Some(Challenge::Basic) => self.basic().ok_or_else(|| {
                Unanswered(
                    "the registry asks for a login, and there is neither the pipeline's nor the host's".to_owned(),
                )
            }),
            Some(Challenge::Bearer { realm, service, scope }) => {
                let scope = scope.unwrap_or_else(|| self.repository.scope());
                let realm = self.realm(&realm, service.as_deref(), &scope)?;
                Ok(format!("Bearer {}", self.token(&realm)?))
            }
            None => Err(Unanswered("the registry refuses, and asks for nothing that is known here".to_owned())),
        }
    }

    fn realm(&self, realm: &str, service: Option<&str>, scope: &str) -> Result<Url, Unanswered> {
        let url = Url::parse(realm).ok().filter(|url| self.repository.may_lead_to(url));
        let mut url = url.ok_or_else(|| {
            Unanswered(format!("the registry sends to {realm:?} for a token, where no login is sent: it is not https"))
        })?;
        let service = service.map(|service| ("service", service));
        url.query_pairs_mut().extend_pairs(service).append_pair("scope", scope);
        Ok(url)
    }

    fn token(&self, realm: &Url) -> Result<String, Unanswered> {
        let header = self.basic().map(|value| ("authorization".to_owned(), value));
        let received = ask(realm, header.as_slice(), TOKEN_MAX, self.time_left()?)?;
        let whose = match &self.login {
            Some(login) => format!("the login of `{}`", login.username.escape_debug()),
            None => "no login".to_owned(),
        };
        if received.status != 200 {
            let reason = format!("{}: the status is {} with {whose}", without_query(realm), received.status);
            return Err(Unanswered(reason));
        }
        let token = serde_json::from_slice::<Token>(&received.body).ok().and_then(Token::text);
        token.ok_or_else(|| Unanswered(format!("{}: the answer is no token", without_query(realm))))
    }

    fn basic(&self) -> Option<String> {
        let Login { username, password } = self.login.as_ref()?;
        Some(format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{password}"))))
    }

    fn time_left(&self) -> Result<Duration, Unanswered> {
        let left = self.until.saturating_duration_since(Instant::now()).min(REQUEST);
        let over = || Unanswered(format!("the registry took more than {} s for all answers together", ALL.as_secs()));
        if left.is_zero() { Err(over()) } else { Ok(left) }
    }
}

impl Registry for Remote {
    fn get(&self, document: &Document) -> Result<Option<Vec<u8>>, Unanswered> {
        let none = || Unanswered(format!("{document} has no address"));
        let url = self.repository.address(document).ok_or_else(none)?;
        let received = self.follow(url.clone(), document.limit())?;
        match received.status {
            200 => Ok(Some(received.body)),
            404 => Ok(None),
            // What registries say that do not know of referrers, besides the 404 of the specification.
            400 | 405 | 406 if matches!(document, Document::Referrers(_)) => Ok(None),
            status => Err(Unanswered(format!("{url}: the status is {status}"))),
        }
    }
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
}

impl Token {
    /// What may stand in a header.
    fn text(self) -> Option<String> {
        let text = self.token.or(self.access_token)?;
        (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(text)
    }
}

fn client_of(url: &Url) -> Result<Client, Unanswered> {
    Client::new(url, None, None).map_err(|failure| Unanswered(format!("{}: {failure}", without_query(url))))
}

fn ask(url: &Url, headers: &[(String, String)], limit: u64, timeout: Duration) -> Result<Received, Unanswered> {
    ask_through(&client_of(url)?, url, headers, limit, timeout)
}

fn ask_through(
    client: &Client,
    url: &Url,
    given: &[(String, String)],
    limit: u64,
    timeout: Duration,
) -> Result<Received, Unanswered> {
    let mut headers = vec![("accept".to_owned(), ACCEPT.to_owned())];
    headers.extend_from_slice(given);
    let call = Call { method: "GET", url, headers: &headers, body: &[], timeout, body_max: limit + 1 };
    let failed = |reason: String| Unanswered(format!("{}: {reason}", without_query(url)));
    let received = client.call(&call).map_err(|failure| failed(failure.to_string()))?;
    if received.body.len() as u64 > limit {
        return Err(failed(format!("the answer has more than {limit} bytes")));
    }
    Ok(received)
}

/// An address for a person: storage has what opens it in the query.
fn without_query(url: &Url) -> Url {
    let mut bare = url.clone();
    bare.set_query(None);
    bare
}

#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;
