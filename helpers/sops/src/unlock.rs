//! From recipients and identities to the data key.

use std::path::Path;

use zeroize::Zeroizing;

use crate::cipher::DataKey;
use crate::error::Error;
use crate::identity::{Identities, Identity};
use crate::metadata::{KeyGroup, Metadata, Recipient, RecipientKind};
use crate::shamir;

type Part = Zeroizing<Vec<u8>>;

/// Decrypts the data key of a file with whichever identities fit.
pub(crate) fn unlock(metadata: &Metadata, identities: &Identities, file: &Path) -> Result<DataKey, Error> {
    let mut reasons = Vec::new();
    let mut parts = Vec::new();
    let mut closed = Vec::new();
    let needed = needed_parts(metadata);
    for group in &metadata.key_groups {
        match open_group(group, identities, &mut reasons) {
            Some(part) => parts.push(part),
            None => closed.extend(group.recipients.iter().map(ToString::to_string)),
        }
        if parts.len() == needed {
            break;
        }
    }
    let tried = identities.iter().map(ToString::to_string).collect();
    let file = file.to_owned();
    if parts.len() < needed {
        return Err(if metadata.key_groups.len() > 1 {
            let groups = metadata.key_groups.len();
            Error::Threshold { file, had: parts.len(), needed, groups, recipients: closed, tried }
        } else {
            Error::NoIdentity { file, recipients: closed, tried, reasons }
        });
    }
    let wrong = |reason: &str| Error::Metadata { file, field: "enc".to_owned(), reason: reason.to_owned() };
    let key = match parts.as_slice() {
        [whole] if metadata.key_groups.len() == 1 => whole.clone(),
        // A threshold below two would make one part the whole key, which it is not.
        parts => shamir::combine(parts).map_err(wrong.clone())?,
    };
    DataKey::from_bytes(&key).ok_or_else(|| wrong("the data key does not have 32 bytes"))
}

/// Encrypts a data key to every recipient of a file, in parts when it has several key groups.
pub(crate) fn seal(metadata: &mut Metadata, key: &DataKey, file: &Path) -> Result<(), Error> {
    let refused = |recipient: &str, reason: String| Error::Recipient {
        file: file.to_owned(),
        recipient: recipient.to_owned(),
        reason,
    };
    let groups = metadata.key_groups.len();
    let parts = if groups == 1 {
        vec![Zeroizing::new(key.expose().to_vec())]
    } else {
        if metadata.shamir_threshold == 0 {
            metadata.shamir_threshold = groups;
        }
        shamir::split(key.expose(), groups, metadata.shamir_threshold)
            .map_err(|error| Error::Write { file: file.to_owned(), reason: error.to_string() })?
    };
    for (group, part) in metadata.key_groups.iter_mut().zip(parts) {
        if group.recipients.is_empty() {
            return Err(Error::Write { file: file.to_owned(), reason: "a key group has no recipient".to_owned() });
        }
        for recipient in &mut group.recipients {
            seal_to(recipient, &part).map_err(|reason| refused(&recipient.to_string(), reason))?;
        }
    }
    Ok(())
}

/// Encrypts a part of the data key to one recipient.
pub(crate) fn seal_to(recipient: &mut Recipient, part: &[u8]) -> Result<(), String> {
    if recipient.kind != RecipientKind::Age {
        return Err(
            "only age recipients can be encrypted to here; use `sops updatekeys` or `sops rotate` for it".to_owned()
        );
    }
    recipient.encrypted_key = crate::recipient::encrypt(&recipient.name, part)?;
    Ok(())
}

fn needed_parts(metadata: &Metadata) -> usize {
    match (metadata.key_groups.len(), metadata.shamir_threshold) {
        (1, _) => 1,
        (groups, 0) => groups,
        (_, threshold) => threshold.max(2),
    }
}

/// Tries the identities that the group names first, then all with all: the name beside an encrypted key is not
/// authenticated, and an SSH key may be named with another comment.
fn open_group(group: &KeyGroup, identities: &Identities, reasons: &mut Vec<String>) -> Option<Part> {
    let age = || group.recipients.iter().filter(|recipient| recipient.kind == RecipientKind::Age);
    for recipient in age() {
        for identity in identities.iter().filter(|identity| names(recipient, identity)) {
            match identity.decrypt(&recipient.encrypted_key) {
                Ok(part) => return Some(part),
                Err(error) => reasons.push(format!(
                    "{} is a recipient and its key does not decrypt what is meant for it: {error}",
                    identity.recipient()
                )),
            }
        }
    }
    age().find_map(|recipient| {
        identities
            .iter()
            .filter(|identity| !names(recipient, identity))
            .find_map(|identity| identity.decrypt(&recipient.encrypted_key).ok())
    })
}

/// Whether a file's recipient is this identity. Of an SSH key, type and key count, a comment does not.
fn names(recipient: &Recipient, identity: &Identity) -> bool {
    let key = |text: &str| text.split_whitespace().take(2).map(str::to_owned).collect::<Vec<_>>();
    recipient.name == identity.recipient() || key(&recipient.name) == key(identity.recipient())
}
