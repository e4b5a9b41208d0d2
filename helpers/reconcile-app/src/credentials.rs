//! The headers in which secrets are sent.

use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::manifest::Credentials;

/// Names and values, read from their files now: a secret may have changed since the last run.
///
/// # Errors
/// The file that cannot be read, or whose content is no header's value.
pub fn headers(declared: &Credentials) -> anyhow::Result<Vec<(String, String)>> {
    let mut headers = Vec::new();
    if let Some(basic) = &declared.basic_auth {
        let pair = format!("{}:{}", basic.username, read(&basic.password_file)?);
        headers.push(("authorization".to_owned(), format!("Basic {}", BASE64_STANDARD.encode(pair))));
    }
    if let Some(file) = &declared.bearer_file {
        headers.push(("authorization".to_owned(), format!("Bearer {}", read(file)?)));
    }
    for (name, file) in &declared.header_files {
        headers.push((name.clone(), read(file)?));
    }
    Ok(headers)
}

fn read(file: &Path) -> anyhow::Result<String> {
    let what = || format!("the secret {}, which the request is to be sent with", file.display());
    let text = std::fs::read_to_string(file).with_context(what)?;
    let text = text.trim_end_matches(['\n', '\r']);
    anyhow::ensure!(!text.contains(char::is_control), "{}: it has more than one line, and no header has", what());
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::manifest::BasicAuth;

    #[test]
    fn each_secret_becomes_the_header_it_is_for() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "hearth\n").unwrap();
        let declared = Credentials {
            basic_auth: Some(BasicAuth { username: "user".to_owned(), password_file: file.clone() }),
            bearer_file: Some(file.clone()),
            header_files: BTreeMap::from([("X-Key".to_owned(), file)]),
        };
        let values: Vec<String> = headers(&declared).unwrap().into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["Basic dXNlcjpoZWFydGg=", "Bearer hearth", "hearth"]);
    }

    #[test]
    fn a_secret_that_would_be_two_headers_is_refused_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "hearth\r\nx: y").unwrap();
        let declared = Credentials { bearer_file: Some(file), ..Credentials::default() };
        let said = format!("{:#}", headers(&declared).unwrap_err());
        assert!(said.contains("more than one line") && !said.contains("hearth\r"), "{said}");
    }
}
