//! Prints a file, or one value of it: `cargo run --example decrypt -- FILE KEY_FILE [PLACE]`, for example with
//! `tests/data/types.yaml tests/data/TEST-ONLY-a.key umlaut`.

use std::io::Write as _;
use std::path::Path;

use sops::{Document, Format, Identities, KeyPath};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (file, key_file, place) = match arguments.as_slice() {
        [file, key_file] => (Path::new(file), Path::new(key_file), ""),
        [file, key_file, place] => (Path::new(file), Path::new(key_file), place.as_str()),
        _ => return Err("decrypt FILE KEY_FILE [PLACE]".into()),
    };
    let mut identities = Identities::default();
    identities.add_age_file(key_file)?;
    let format = Format::of_name(file);
    let clear = Document::read(file, format)?.decrypt(&identities)?;
    let text = clear.extract(&KeyPath::parse(place), format)?;
    std::io::stdout().write_all(text.expose())?;
    Ok(())
}
