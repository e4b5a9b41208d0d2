//! `abra.sh`: a shell script of which only the lines `export NAME=value` are read. It is never run.

/// The exports of an `abra.sh`, in order.
///
/// Only a line that begins with `export` counts, which is how abra itself reads the file. A value that the shell would
/// have to compute (`$(…)`, `` `…` ``, `$NAME`) is left out: there is no shell here.
pub(crate) fn exports(text: &str) -> Vec<(String, String)> {
    text.lines().filter_map(export).collect()
}

fn export(line: &str) -> Option<(String, String)> {
    let (name, written) = line.strip_prefix("export ")?.trim_start().split_once('=')?;
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    (is_name(name)).then(|| value(written))?.map(|value| (name.to_owned(), value))
}

fn value(written: &str) -> Option<String> {
    let single = written.starts_with('\'');
    let value = match written.chars().next() {
        Some(quote @ ('\'' | '"')) => written[1..].split_once(quote)?.0,
        _ => written.split([' ', '\t', ';', '&', '|', '#']).next()?,
    };
    (single || !value.contains(['$', '`', '\\'])).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_exports_are_read() {
        let text = "#!/bin/bash\n\
            export APP_ENTRYPOINT_VERSION=v4\n\
            export PG=\"v 6\" # quoted\n\
            export SINGLE='$x'\n\
            export COMPUTED=$(date)\n\
            export REFERS=$APP\n\
            export NOT-A-NAME=1\n\
            export BARE\n\
            PLAIN=1\n\
            abra_backup() {\n  export INSIDE=1\n}\n\
            export LAST=v1; rm -rf /\n\
            export OPEN=\"x\n";
        let expected = [("APP_ENTRYPOINT_VERSION", "v4"), ("PG", "v 6"), ("SINGLE", "$x"), ("LAST", "v1")];
        let expected: Vec<_> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(exports(text), expected);
    }
}
