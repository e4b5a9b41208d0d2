//! Why a probe failed.

/// Why a probe failed, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The probe itself cannot be used: no request can succeed.
    #[error("the probe cannot be made: {0}")]
    Unusable(String),
    /// The name has no address.
    #[error("the name has no address")]
    Unresolved,
    /// Nobody listens there.
    #[error("the connection is refused: nobody listens there")]
    Refused,
    /// The connection was made and then lost.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// No answer in time.
    #[error("no answer within {0} s")]
    TimedOut(u64),
    /// No trustworthy connection.
    #[error("TLS: {0}")]
    Tls(TlsProblem),
    /// Another status than the expected one.
    #[error("the status is {found}{}, not {expected}", location.as_ref().map(|to| format!(" (to {to})")).unwrap_or_default())]
    Status {
        /// What was expected.
        expected: u16,
        /// What came.
        found: u16,
        /// Where a redirect leads.
        location: Option<String>,
    },
    /// The expected text is not in the body.
    #[error("{expected:?} is not in the body, which begins: {found}")]
    Body {
        /// What was expected.
        expected: String,
        /// The beginning of what came.
        found: String,
    },
    /// A text is in the body that should not be.
    #[error("{0:?} is in the body, and should not be")]
    Unwanted(String),
    /// A header is not what it should be.
    #[error("{}", header(name, expected.as_deref(), found.as_deref()))]
    Header {
        /// Its name.
        name: String,
        /// What its value should contain; none where it should not be there.
        expected: Option<String>,
        /// Its value, if it is there.
        found: Option<String>,
    },
    /// The body should be JSON.
    #[error("the body is no JSON: {0}")]
    NoJson(String),
    /// Something else stands in the JSON.
    #[error("at {pointer} of the JSON there is {found}, not {expected}")]
    Json {
        /// Where.
        pointer: String,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Redirects that are not followed.
    #[error("redirects: {0}")]
    Redirects(String),
}

fn header(name: &str, expected: Option<&str>, found: Option<&str>) -> String {
    match (expected, found) {
        (Some(expected), Some(found)) => format!("the header {name} is {found:?}, and does not contain {expected:?}"),
        (Some(expected), None) => format!("there is no header {name}; it should contain {expected:?}"),
        (None, found) => format!("the header {name} is {:?}, and should not be there", found.unwrap_or_default()),
    }
}

/// Why a TLS connection is not to be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsProblem {
    /// The certificate's time is over.
    #[error("the certificate has expired")]
    Expired,
    /// The certificate's time has not begun.
    #[error("the certificate is not valid yet; is the clock right?")]
    NotYetValid,
    /// The certificate is for other names.
    #[error("the certificate is for another name{}", names(.0))]
    WrongName(Vec<String>),
    /// Nobody trusted has signed it.
    #[error("the certificate is signed by nobody who is trusted here")]
    UnknownIssuer,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

fn names(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) }
}

impl Failure {
    /// Whether asking again could help.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::Unusable(_))
    }

    /// Whether this is how a proxy looks whose certificate for the name is still on its way: it shows its own, or that
    /// of another name.
    pub fn awaits_certificate(&self) -> bool {
        use TlsProblem::{NotYetValid, UnknownIssuer, WrongName};
        matches!(self, Self::Tls(UnknownIssuer | WrongName(_) | NotYetValid))
    }
}

impl From<&rustls::Error> for TlsProblem {
    fn from(error: &rustls::Error) -> Self {
        use rustls::CertificateError as Certificate;
        match error {
            rustls::Error::InvalidCertificate(problem) => match problem {
                Certificate::Expired | Certificate::ExpiredContext { .. } => Self::Expired,
                Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => Self::NotYetValid,
                // A bad signature is that of an issuer who only has the name of a trusted one.
                Certificate::UnknownIssuer | Certificate::BadSignature => Self::UnknownIssuer,
                Certificate::NotValidForName => Self::WrongName(Vec::new()),
                Certificate::NotValidForNameContext { presented, .. } => {
                    // `DnsName("example.org")` and the like; what is shown is the name.
                    let plain = |name: &String| name.split('"').nth(1).unwrap_or(name).to_owned();
                    Self::WrongName(presented.iter().map(plain).collect())
                }
                other => Self::Other(other.to_string()),
            },
            other => Self::Other(other.to_string()),
        }
    }
}
