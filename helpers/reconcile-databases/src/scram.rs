//! What `PostgreSQL` keeps of a password: `SCRAM-SHA-256$ITERATIONS:SALT$STORED-KEY:SERVER-KEY`.
//!
//! The keys are those of RFC 5802, section 3, with the hash of RFC 7677; the form is that of
//! `src/common/scram-common.c` (`scram_build_secret`).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::password::Password;

/// `PostgreSQL`'s own number of rounds.
const ITERATIONS: u32 = 4096;
/// More than anybody uses. What claims more is not worth the time to compare.
const MOST_ITERATIONS: u32 = 1_000_000;
const PREFIX: &str = "SCRAM-SHA-256$";

/// Makes the text for a password, with this salt.
pub fn verifier(password: &Password, salt: &[u8]) -> String {
    let (stored, server) = keys(password, salt, ITERATIONS);
    let encode = |bytes: &[u8]| BASE64_STANDARD.encode(bytes);
    format!("{PREFIX}{ITERATIONS}:{}${}:{}", encode(salt), encode(&stored), encode(&server))
}

/// Whether a text stands for a password. Another form, such as MD5, stands for none: it is replaced.
pub fn verifies(text: &str, password: &Password) -> bool {
    let Some((iterations, salt, stored)) = parse(text) else { return false };
    let (own, _) = keys(password, &salt, iterations);
    own.as_slice().ct_eq(&stored).into()
}

fn parse(text: &str) -> Option<(u32, Vec<u8>, Vec<u8>)> {
    let (head, keys) = text.strip_prefix(PREFIX)?.split_once('$')?;
    let (iterations, salt) = head.split_once(':')?;
    let (stored, _) = keys.split_once(':')?;
    let iterations = iterations.parse().ok().filter(|number| (1..=MOST_ITERATIONS).contains(number))?;
    Some((iterations, BASE64_STANDARD.decode(salt).ok()?, BASE64_STANDARD.decode(stored).ok()?))
}

/// The stored key and the server key.
fn keys(password: &Password, salt: &[u8], iterations: u32) -> ([u8; 32], [u8; 32]) {
    let mut salted = Zeroizing::new([0_u8; 32]);
    pbkdf2::pbkdf2_hmac::<Sha256>(password.bytes(), salt, iterations, salted.as_mut_slice());
    let client = Zeroizing::new(keyed(&salted, b"Client Key"));
    (Sha256::digest(client.as_ref()).into(), keyed(&salted, b"Server Key"))
}

fn keyed(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(text);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::new(text).unwrap()
    }

    /// The exchange of RFC 7677, section 3: the proof and the signature that it shows come out of these keys.
    #[test]
    fn the_keys_are_those_of_the_rfc() {
        let salt = BASE64_STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let (stored, server) = keys(&password("pencil"), &salt, 4096);
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let message =
            format!("n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r={nonce}");
        assert_eq!(
            BASE64_STANDARD.encode(keyed(&server, message.as_bytes())),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );
        let proof = BASE64_STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").unwrap();
        let signature = keyed(&stored, message.as_bytes());
        let client: Vec<u8> = proof.iter().zip(signature).map(|(one, other)| one ^ other).collect();
        assert_eq!(<[u8; 32]>::from(Sha256::digest(client)), stored);
    }

    #[test]
    fn a_password_is_known_by_what_is_kept_of_it_and_no_other_is() {
        let kept = verifier(&password("pencil"), b"0123456789abcdef");
        assert!(verifies(&kept, &password("pencil")));
        assert!(!verifies(&kept, &password("pencils")));
        assert!(!kept.contains("pencil"));
    }

    #[test]
    fn what_has_another_form_stands_for_no_password() {
        let good = verifier(&password("a"), b"salt");
        for text in ["", "md5abc", "SCRAM-SHA-256$", "SCRAM-SHA-256$4096:!$a:b", "SCRAM-SHA-256$0:c2FsdA==$a:b"] {
            assert!(!verifies(text, &password("a")), "{text}");
        }
        assert!(!verifies(&good.replace("4096", "99999999"), &password("a")));
        assert!(!verifies(&good.replace("4096", "4097"), &password("a")));
    }
}
