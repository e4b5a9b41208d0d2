//! The public keys whose signatures count.

use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey, VerificationAlgorithm};
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use x509_cert::der::Decode as _;
use x509_cert::der::oid::db::{rfc5912, rfc8410};
use x509_cert::spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

/// A public key: ECDSA on P-256 with SHA-256, which is what `cosign generate-key-pair` makes, or Ed25519.
#[derive(Clone, Debug)]
pub struct Key(UnparsedPublicKey<Vec<u8>>);

/// Why a text is no key whose signatures could be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    /// It is no PEM, or another one than of a public key, or there are more in it.
    #[error("it is not one public key as PEM, which begins with -----BEGIN PUBLIC KEY-----")]
    Pem,
    /// What the PEM holds is no key (RFC 5280, `SubjectPublicKeyInfo`).
    #[error("what it holds between its lines is no public key")]
    Form,
    /// Such as RSA.
    #[error("it is neither ECDSA on P-256, which `cosign generate-key-pair` makes, nor Ed25519")]
    Kind,
}

impl Key {
    /// Reads a public key out of PEM: what `cosign public-key` and `openssl pkey -pubout` print.
    ///
    /// # Errors
    /// Why it is none that could be used.
    pub fn from_pem(text: &str) -> Result<Self, NoKey> {
        let mut sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes());
        let (Some(Ok((SectionKind::PublicKey, der))), None) = (sections.next(), sections.next()) else {
            return Err(NoKey::Pem);
        };
        let info = SubjectPublicKeyInfoRef::from_der(&der).map_err(|_| NoKey::Form)?;
        let point = info.subject_public_key.as_bytes().ok_or(NoKey::Form)?;
        Ok(Self(UnparsedPublicKey::new(algorithm_of(&info, point)?, point.to_vec())))
    }

    /// Whether this key made that signature of that message.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify(message, signature).is_ok()
    }
}

fn algorithm_of(info: &SubjectPublicKeyInfoRef<'_>, point: &[u8]) -> Result<&'static dyn VerificationAlgorithm, NoKey> {
    if info.algorithm.oid == rfc8410::ID_ED_25519 {
        return if point.len() == 32 { Ok(&ED25519) } else { Err(NoKey::Form) };
    }
    let curve = info.algorithm.parameters.and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok());
    if info.algorithm.oid != rfc5912::ID_EC_PUBLIC_KEY || curve != Some(rfc5912::SECP_256_R_1) {
        return Err(NoKey::Kind);
    }
    // Uncompressed (RFC 5480, 2.2), which is what is verified with.
    if point.len() == 65 && point.first() == Some(&4) { Ok(&ECDSA_P256_SHA256_ASN1) } else { Err(NoKey::Form) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Signer, pem};

    const RSA: &str = "-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMhqvylTQYDgmYeUbFjFXCHKL/zIrqOx
RJ4hHtk6sPGn/KQGcL4PVKtoYlhuhMyUtmBLJjRRHoXkXkNY2yRxB/cCAwEAAQ==
-----END PUBLIC KEY-----
";

    #[test]
    fn a_key_knows_its_own_signatures_and_no_others() {
        for signer in [Signer::ecdsa(), Signer::ed25519()] {
            let key = Key::from_pem(&signer.pem()).unwrap();
            let signature = signer.sign(b"hello");
            assert!(key.verifies(b"hello", &signature));
            assert!(!key.verifies(b"hallo", &signature));
            assert!(!Key::from_pem(&Signer::ecdsa().pem()).unwrap().verifies(b"hello", &signature));
            for at in 0..signature.len() * 8 {
                let mut flipped = signature.clone();
                flipped[at / 8] ^= 1 << (at % 8);
                assert!(!key.verifies(b"hello", &flipped), "bit {at}");
            }
        }
    }

    #[test]
    fn what_is_no_such_key_is_said() {
        let good = Signer::ecdsa().pem();
        for (text, expected) in [
            (String::new(), NoKey::Pem),
            ("no key".to_owned(), NoKey::Pem),
            (good.replace("PUBLIC", "PRIVATE"), NoKey::Pem),
            (format!("{good}{good}"), NoKey::Pem),
            (good.replace("MFkw", "!!!!"), NoKey::Pem),
            (good.replace("MFkw", "AFkw"), NoKey::Form),
            (pem(&[0x30, 0x03, 0x02, 0x01, 0x01]), NoKey::Form),
            (RSA.to_owned(), NoKey::Kind),
        ] {
            assert_eq!(Key::from_pem(&text).err(), Some(expected), "{text}");
        }
    }
}
