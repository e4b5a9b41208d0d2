//! Makes a file, changes one of its values, lets somebody else read it, and shows that the other values kept their
//! ciphertext.

use std::path::Path;
use std::time::SystemTime;

use sops::{CreationRule, Document, Format, Identities, KeyPath, OpenDocument, Plaintext, Scalar, Value};

/// Public with this crate: it protects nothing.
const KEY: &str = include_str!("../tests/data/TEST-ONLY-a.key");
const SOMEBODY_ELSE: &str = include_str!("../tests/data/TEST-ONLY-ed25519.pub");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = Path::new("example.yaml");
    let mut identities = Identities::default();
    identities.add_age_text(KEY, Path::new("TEST-ONLY-a.key"))?;
    let own = identities.iter().next().ok_or("no identity")?.recipient().to_owned();

    let clear = Plaintext::parse(b"# of the shop\nuser: shop\npassword: old\n", Format::Yaml, file)?;
    let before = OpenDocument::create(clear, &CreationRule::for_recipients([own]))?.encrypt(SystemTime::now())?;

    let mut open = Document::parse(before.expose(), Format::Yaml, file)?.open(&identities)?;
    open.set(&KeyPath::parse("password"), Value::Scalar(Scalar::Str("new".into())))?;
    open.add_recipient(SOMEBODY_ELSE.trim(), 0)?;
    let after = open.encrypt(SystemTime::now())?;

    let (before, after) = (before.expose_str().unwrap_or_default(), after.expose_str().unwrap_or_default());
    for line in after.lines().filter(|line| line.starts_with(['#', 'u', 'p'])) {
        println!("{} {line}", if before.contains(line) { "kept   " } else { "changed" });
    }
    Ok(())
}
