//! Is a certificate good enough to be served?

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use state::Digester;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::time::Time;
use zeroize::Zeroizing;

/// A certificate with its key, both as PEM. Prints only its digest.
#[derive(Clone)]
pub struct Pair {
    /// The certificate, followed by the intermediate ones.
    pub certificate: Vec<u8>,
    /// The private key.
    pub key: Zeroizing<Vec<u8>>,
}

impl Pair {
    /// Twelve digits of a digest of both.
    pub fn digest(&self) -> String {
        let mut digester = Digester::default();
        digester.add("crt", &self.certificate).add("key", &self.key);
        digester.finish().short()
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pair({})", self.digest())
    }
}

/// What is known of a certificate that was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Good {
    /// When its time is over.
    pub expires: Timestamp,
    /// What a person should know although it can be served.
    pub warnings: Vec<String>,
}

/// Why a certificate is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The certificate's file holds none.
    #[error("there is no certificate in it: {0}")]
    NoCertificate(String),
    /// The key's file holds none, or none of a kind that can be used.
    #[error("there is no usable private key in it: {0}")]
    NoKey(String),
    /// The key is another certificate's.
    #[error("the key does not match the certificate: they were not made for each other")]
    Mismatch,
    /// Its time is over.
    #[error("the certificate expired on {0}")]
    Expired(Timestamp),
    /// Its time has not begun.
    #[error("the certificate is valid only from {0}; is the clock right?")]
    NotYetValid(Timestamp),
    /// It is for other names.
    #[error("the certificate does not cover {}; it covers {}", list(.missing), list(.covered))]
    NotCovered {
        /// The domains that it should cover and does not.
        missing: Vec<String>,
        /// The names that it has.
        covered: Vec<String>,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "no name".to_owned() } else { names.join(", ") }
}

/// Whether a certificate is good: it can be read, covers the domains, is valid at `now`, and the key is its own.
///
/// # Errors
/// The first thing that is wrong.
pub fn judge(pair: &Pair, domains: &[String], now: Timestamp) -> Result<Good, Refusal> {
    let chain = chain(&pair.certificate)?;
    covers(&chain, domains)?;
    let leaf = parsed(&chain[0])?;
    let (from, expires) = validity(&leaf);
    if now < from {
        return Err(Refusal::NotYetValid(from));
    }
    if now >= expires {
        return Err(Refusal::Expired(expires));
    }
    matches_key(&chain, &pair.key)?;
    Ok(Good { expires, warnings: about_the_chain(&chain, now)? })
}

/// Whether a certificate can be read and covers the domains: what will be as true tomorrow.
///
/// # Errors
/// The first thing that is wrong.
pub fn judge_without_clock_and_key(certificate: &[u8], domains: &[String]) -> Result<(), Refusal> {
    covers(&chain(certificate)?, domains)
}

/// A warning when the end is nearer than `days`.
pub fn expiry_warning(good: &Good, days: u16, now: Timestamp) -> Option<String> {
    let left = good.expires.duration_since(now);
    (left < SignedDuration::from_hours(24 * i64::from(days)))
        .then(|| format!("the certificate expires in {} days, on {}; renew it", left.as_hours() / 24, good.expires))
}

fn chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Refusal> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let chain = chain.map_err(|error| Refusal::NoCertificate(error.to_string()))?;
    if chain.is_empty() {
        return Err(Refusal::NoCertificate("it has no PEM section `CERTIFICATE`".to_owned()));
    }
    Ok(chain)
}

fn parsed(der: &CertificateDer<'_>) -> Result<Certificate, Refusal> {
    Certificate::from_der(der).map_err(|error| Refusal::NoCertificate(error.to_string()))
}

fn validity(certificate: &Certificate) -> (Timestamp, Timestamp) {
    let validity = &certificate.tbs_certificate.validity;
    // Years that a timestamp cannot hold are as good as never.
    let at = |time: Time| {
        let since_1970 = SignedDuration::try_from(time.to_unix_duration()).unwrap_or(SignedDuration::MAX);
        Timestamp::from_duration(since_1970).unwrap_or(Timestamp::MAX)
    };
    (at(validity.not_before), at(validity.not_after))
}

fn matches_key(chain: &[CertificateDer<'static>], pem: &[u8]) -> Result<(), Refusal> {
    // An error of the parser may quote its input, which here is a secret: only its kind is told.
    let key = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| Refusal::NoKey("it has no whole PEM section of a private key".to_owned()))?;
    let key = rustls::crypto::ring::sign::any_supported_type(&key).map_err(|_| {
        Refusal::NoKey("it must be RSA of 2048 bits or more, ECDSA P-256 or P-384, or Ed25519".to_owned())
    })?;
    CertifiedKey::new(chain.to_vec(), key).keys_match().map_err(|_| Refusal::Mismatch)
}

fn covers(chain: &[CertificateDer<'static>], domains: &[String]) -> Result<(), Refusal> {
    let end = webpki::EndEntityCert::try_from(&chain[0]).map_err(|error| Refusal::NoCertificate(error.to_string()))?;
    let leaf = parsed(&chain[0])?;
    let names = names(&leaf);
    let is_covered = |domain: &&String| {
        if domain.starts_with("*.") {
            return names.iter().any(|name| name.eq_ignore_ascii_case(domain));
        }
        ServerName::try_from(domain.as_str()).is_ok_and(|name| end.verify_is_valid_for_subject_name(&name).is_ok())
    };
    let missing: Vec<_> = domains.iter().filter(|domain| !is_covered(domain)).cloned().collect();
    if missing.is_empty() { Ok(()) } else { Err(Refusal::NotCovered { missing, covered: names }) }
}

/// The DNS names of a certificate. Its subject's common name does not count, as in every browser.
fn names(certificate: &Certificate) -> Vec<String> {
    let alternative = certificate.tbs_certificate.get::<SubjectAltName>().ok().flatten();
    let names = alternative.map(|(_, names)| names.0).unwrap_or_default();
    names
        .into_iter()
        .filter_map(|name| match name {
            GeneralName::DnsName(name) => Some(name.to_string()),
            _ => None,
        })
        .collect()
}

/// Faults of the intermediate certificates: many clients find their own way round them, so they are only told.
fn about_the_chain(chain: &[CertificateDer<'static>], now: Timestamp) -> Result<Vec<String>, Refusal> {
    let certificates = chain.iter().map(parsed).collect::<Result<Vec<_>, _>>()?;
    let mut warnings = Vec::new();
    for (index, pair) in certificates.windows(2).enumerate() {
        if pair[0].tbs_certificate.issuer != pair[1].tbs_certificate.subject {
            warnings.push(format!(
                "certificate {} of the file did not sign the one before it; some clients will refuse the chain",
                index + 2
            ));
        }
        let expires = validity(&pair[1]).1;
        if now >= expires {
            warnings.push(format!("certificate {} of the file, an intermediate one, expired on {expires}", index + 2));
        }
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests;
