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
