//! Encrypting the data key to an age recipient.

use std::io::Write as _;

use age::armor::{ArmoredWriter, Format};
use age::plugin::RecipientPluginV1;
use age::{NoCallbacks, ssh, x25519};

/// Encrypts a data key, or a part of one, as an armored age file.
pub(crate) fn encrypt(recipient: &str, part: &[u8]) -> Result<String, String> {
    let recipient = parse(recipient)?;
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let only = std::iter::once(recipient.as_ref() as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(only).map_err(|error| text(&error))?;
    let armored = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor).map_err(|error| text(&error))?;
    let mut writer = encryptor.wrap_output(armored).map_err(|error| text(&error))?;
    writer.write_all(part).map_err(|error| text(&error))?;
    let bytes = writer.finish().and_then(ArmoredWriter::finish).map_err(|error| text(&error))?;
    String::from_utf8(bytes).map_err(|error| text(&error))
}

/// Whether the text is an age recipient: an X25519 key, a plugin's, or an SSH public key.
pub(crate) fn check(recipient: &str) -> Result<(), String> {
    match recipient.parse::<age::plugin::Recipient>() {
        // Whether the plugin is installed is another question.
        Ok(_) => Ok(()),
        Err(_) => parse(recipient).map(|_| ()),
    }
}

fn parse(recipient: &str) -> Result<Box<dyn age::Recipient>, String> {
    if recipient.starts_with("ssh-") {
        let key: ssh::Recipient = recipient
            .parse()
            .map_err(|_| "it is no SSH public key that age can encrypt to: ssh-ed25519 or ssh-rsa".to_owned())?;
        return Ok(Box::new(key));
    }
    if recipient.starts_with("AGE-SECRET-KEY-") {
        return Err("this is the secret half; a recipient starts with age1".to_owned());
    }
    if let Ok(key) = recipient.parse::<x25519::Recipient>() {
        return Ok(Box::new(key));
    }
    let plugin: age::plugin::Recipient = recipient
        .parse()
        .map_err(|_| "it is no age recipient; one starts with age1, ssh-ed25519 or ssh-rsa".to_owned())?;
    let name = plugin.plugin().to_owned();
    let plugin = RecipientPluginV1::new(&name, &[plugin], &[], NoCallbacks)
        .map_err(|error| format!("{error}; install age-plugin-{name}"))?;
    Ok(Box::new(plugin))
}
