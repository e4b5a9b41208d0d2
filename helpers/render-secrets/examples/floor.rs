//! The least that rendering can cost, for `tests/bench/sops.py`: the age and AES-GCM operations and the writes of files, and
//! nothing around them. No sops file is parsed, no MAC computed, no owner looked up.
//!
//! `floor LIST FOLDER` reads a list of lines: `key FILE`, an age identity; `file HEX`, a data key as an age file; and
//! `value NAME DATA NONCE TAG PLACE`, a value of it, in hexadecimal but for its name.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use aes_gcm::aead::consts::U32;
use aes_gcm::aead::generic_array::GenericArray;
use aes_gcm::aes::Aes256;
use aes_gcm::{AeadInPlace as _, AesGcm, KeyInit as _};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, list, folder] = arguments.as_slice() else { return Err("floor LIST FOLDER".into()) };
    let (mut identity, mut cipher) = (None, None);
    for line in std::fs::read_to_string(list)?.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["key", file] => identity = Some(key(file)?),
            ["file", text] => cipher = Some(data_key(&hex::decode(text)?, identity.as_ref().ok_or("no key")?)?),
            ["value", name, data, nonce, tag, place] => {
                let mut data = hex::decode(data)?;
                let (nonce, tag, place) = (hex::decode(nonce)?, hex::decode(tag)?, hex::decode(place)?);
                let (nonce, tag) = (GenericArray::from_slice(&nonce), GenericArray::from_slice(&tag));
                let opened = cipher.as_ref().ok_or("no file")?.decrypt_in_place_detached(nonce, &place, &mut data, tag);
                opened.map_err(|error| error.to_string())?;
                let path = Path::new(folder).join(name);
                std::fs::OpenOptions::new().write(true).create_new(true).mode(0o400).open(path)?.write_all(&data)?;
            }
            _ => return Err(format!("`{line}` is no line of such a list").into()),
        }
    }
    Ok(())
}

fn key(file: &str) -> Result<age::x25519::Identity, Failure> {
    let text = std::fs::read_to_string(file)?;
    let line = text.lines().find(|line| line.starts_with("AGE-SECRET-KEY-")).ok_or("no identity")?;
    Ok(line.parse()?)
}

fn data_key(encrypted: &[u8], identity: &age::x25519::Identity) -> Result<AesGcm<Aes256, U32>, Failure> {
    let opened = age::Decryptor::new(age::armor::ArmoredReader::new(encrypted))?;
    let mut key = Vec::with_capacity(32);
    opened.decrypt(std::iter::once(identity as &dyn age::Identity))?.read_to_end(&mut key)?;
    Ok(AesGcm::new_from_slice(&key)?)
}
