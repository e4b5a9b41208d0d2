//! `.sops.yaml`: who a new file is encrypted to, and what of it. `config/config.go` of sops.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::go_regex::GoRegex;
use crate::metadata::{RecipientKind, elements, scalar_text};
use crate::rules::Rule;
use crate::value::Value;

/// The name of the file, looked for in the folder of what is encrypted and in every folder above.
pub const CONFIG_NAME: &str = ".sops.yaml";

/// How many bytes all regular expressions of a file may keep when they are compiled: those of some 800 rules as people
/// write them.
const COMPILED: usize = 1 << 20;

/// The `creation_rules` of a `.sops.yaml`.
#[derive(Clone, Debug)]
pub struct CreationRules {
    folder: PathBuf,
    rules: Vec<CreationRule>,
}

/// One of the rules: for which files, to whom, and what of them.
#[derive(Clone, Debug, Default)]
pub struct CreationRule {
    /// Matched against the path below the folder of `.sops.yaml`; without it the rule is for every file.
    pub path: Option<GoRegex>,
    /// The groups of recipients, each with its kind and its name as files have it.
    pub key_groups: Vec<Vec<(RecipientKind, String)>>,
    /// How many groups must give their part; 0 means all.
    pub shamir_threshold: usize,
    /// Which values are encrypted.
    pub rule: Rule,
    /// Whether the MAC covers only those.
    pub mac_only_encrypted: bool,
}

impl CreationRule {
    /// The rule of a file for these age recipients, with sops' defaults for the rest.
    pub fn for_recipients<S: Into<String>>(recipients: impl IntoIterator<Item = S>) -> Self {
        let group = recipients.into_iter().map(|name| (RecipientKind::Age, name.into())).collect();
        Self { key_groups: vec![group], ..Self::default() }
    }
}

impl CreationRules {
    /// The `.sops.yaml` that holds for a file: the nearest in its folder or one above.
    pub fn find(file: &Path) -> Option<PathBuf> {
        let absolute = std::path::absolute(file).ok()?;
        absolute.ancestors().skip(1).map(|folder| folder.join(CONFIG_NAME)).find(|config| config.is_file())
    }

    /// Reads a `.sops.yaml`.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Syntax`], and [`Error::Metadata`] when a rule is not one.
    pub fn read(config: &Path) -> Result<Self, Error> {
        let text = std::fs::read(config).map_err(|cause| Error::Read { file: config.to_owned(), cause })?;
        Self::parse(&text, config)
    }

    /// Reads the text of a `.sops.yaml`.
    ///
    /// # Errors
    /// [`Error::Syntax`], and [`Error::Metadata`] when a rule is not one.
    pub fn parse(text: &[u8], config: &Path) -> Result<Self, Error> {
        let document = crate::format::yaml_document(text, config)?;
        let rules = document.get("creation_rules").map(elements).into_iter().flatten();
        let mut compiled = 0;
        let rules = rules.enumerate().map(|(index, rule)| Reader { rule, index, config }.read_within(&mut compiled));
        let rules = rules.collect::<Result<_, _>>()?;
        let folder = std::path::absolute(config).unwrap_or_else(|_| config.to_owned());
        Ok(Self { folder: folder.parent().map(Path::to_owned).unwrap_or_default(), rules })
    }

    /// The first rule that is for the file.
    pub fn rule_for(&self, file: &Path) -> Option<&CreationRule> {
        let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let path = absolute.strip_prefix(&self.folder).unwrap_or(&absolute).to_string_lossy().into_owned();
        self.rules.iter().find(|rule| rule.path.as_ref().is_none_or(|regex| regex.is_match(&path)))
    }

    /// The folder that paths in the rules are below.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

struct Reader<'a> {
    rule: &'a Value,
    index: usize,
    config: &'a Path,
}

/// Key of a rule, kind, and the fields of an entry that is a mapping.
const KINDS: [(&str, RecipientKind, &[&str]); 7] = [
    ("age", RecipientKind::Age, &[]),
    ("pgp", RecipientKind::Pgp, &[]),
    ("kms", RecipientKind::AwsKms, &["arn"]),
    ("gcp_kms", RecipientKind::GcpKms, &["resource_id"]),
    ("azure_keyvault", RecipientKind::AzureKeyVault, &["vaultUrl", "key"]),
    ("hc_vault", RecipientKind::HashicorpVault, &[]),
    ("hckms", RecipientKind::HuaweiKms, &["key_id"]),
];

impl Reader<'_> {
    fn wrong(&self, field: &str, reason: &str) -> Error {
        let field = format!("creation_rules[{}].{field}", self.index);
        Error::Metadata { file: self.config.to_owned(), field, reason: reason.to_owned() }
    }

    fn text(&self, field: &str) -> String {
        get(self.rule, field).map(scalar_text).unwrap_or_default()
    }

    /// Reads the rule, if its expressions and those of the rules before it, `compiled` bytes, are not too many.
    fn read_within(&self, compiled: &mut usize) -> Result<CreationRule, Error> {
        let rule = self.read()?;
        *compiled += rule.path.as_ref().map_or(0, GoRegex::memory) + rule.rule.memory();
        if *compiled > COMPILED {
            let reason = format!(
                "with the rules before it its regular expressions are compiled to more than {COMPILED} bytes, which are allowed"
            );
            return Err(self.wrong("path_regex", &reason));
        }
        Ok(rule)
    }

    fn read(&self) -> Result<CreationRule, Error> {
        let path = self.text("path_regex");
        let path = if path.is_empty() {
            None
        } else {
            Some(GoRegex::new(&path).map_err(|reason| self.wrong("path_regex", &reason))?)
        };
        let threshold = self.text("shamir_threshold");
        Ok(CreationRule {
            path,
            key_groups: self.key_groups()?,
            shamir_threshold: match threshold.as_str() {
                "" => 0,
                number => number.parse().map_err(|_| self.wrong("shamir_threshold", "it is not a number"))?,
            },
            rule: Rule::only_one(|field| self.text(field)).map_err(|(field, reason)| self.wrong(field, &reason))?,
            mac_only_encrypted: self.text("mac_only_encrypted") == "true",
        })
    }

    fn key_groups(&self) -> Result<Vec<Vec<(RecipientKind, String)>>, Error> {
        let groups: Vec<&Value> = get(self.rule, "key_groups").map(elements).into_iter().flatten().collect();
        if groups.is_empty() {
            return Ok(vec![self.group(self.rule, 0)?]);
        }
        groups.into_iter().map(|group| self.group(group, 0)).collect()
    }

    fn group(&self, holder: &Value, depth: usize) -> Result<Vec<(RecipientKind, String)>, Error> {
        let mut group = Vec::new();
        for merged in get(holder, "merge").map(elements).into_iter().flatten() {
            if depth > 8 {
                return Err(self.wrong("merge", "groups within groups without end"));
            }
            group.extend(self.group(merged, depth + 1)?);
        }
        for (field, kind, naming) in KINDS {
            let alias = if field == "hc_vault" { "hc_vault_transit_uri" } else { field };
            let Some(value) = get(holder, field).or_else(|| get(holder, alias)) else { continue };
            for name in names(value, naming) {
                if kind == RecipientKind::Age {
                    crate::recipient::check(&name).map_err(|reason| self.wrong(field, &format!("{name}: {reason}")))?;
                }
                group.push((kind, if kind == RecipientKind::HashicorpVault { vault(&name) } else { name }));
            }
        }
        let mut seen = std::collections::HashSet::new();
        group.retain(|(kind, name)| seen.insert((format!("{kind:?}"), name.clone())));
        Ok(group)
    }
}

/// What stands under a key, there or in what is merged in with `<<`.
fn get<'tree>(map: &'tree Value, key: &str) -> Option<&'tree Value> {
    map.get(key).or_else(|| match map.get("<<") {
        Some(Value::List(_)) => map.get("<<").map(elements).into_iter().flatten().find_map(|merged| merged.get(key)),
        Some(merged) => merged.get(key),
        None => None,
    })
}

/// One name, names with commas between, or a list of names or of mappings with fields.
fn names(value: &Value, naming: &[&str]) -> Vec<String> {
    match value {
        Value::Scalar(_) => {
            let text = scalar_text(value);
            text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
        }
        Value::List(_) => elements(value).flat_map(|value| names(value, naming)).collect(),
        Value::Map(_) => {
            let fields: Vec<String> = naming.iter().filter_map(|field| value.get(field)).map(scalar_text).collect();
            if fields.is_empty() { Vec::new() } else { vec![fields.join(" ")] }
        }
    }
}

/// `https://vault.example/v1/transit/keys/name` as files name it: address, engine and key.
fn vault(uri: &str) -> String {
    let parts = uri.split_once("/v1/").and_then(|(address, rest)| Some((address, rest.split_once("/keys/")?)));
    parts.map_or_else(|| uri.to_owned(), |(address, (engine, key))| format!("{address} {engine} {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "age1lzd99uklcjnc0e7d860axevet2cz99ce9pq6tzuzd05l5nr28ams36nvun";
    const B: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

    fn rules(text: &str) -> CreationRules {
        CreationRules::parse(text.as_bytes(), Path::new("/repository/.sops.yaml")).unwrap()
    }

    #[test]
    fn the_first_rule_whose_path_matches_counts() {
        let text = format!(
            "keys: [&a {A}, &b {B}]\ncreation_rules:\n  - path_regex: ^prod/.*\\.yaml$\n    key_groups:\n      - age: [*a]\n      - age: [*b]\n    shamir_threshold: 2\n  - age: '{A}, {B},'\n    encrypted_regex: ^data$\n"
        );
        let rules = rules(&text);
        let prod = rules.rule_for(Path::new("/repository/prod/x.yaml")).unwrap();
        assert_eq!((prod.key_groups.len(), prod.shamir_threshold), (2, 2));
        let other = rules.rule_for(Path::new("/repository/x.yaml")).unwrap();
        assert_eq!(other.key_groups, [[(RecipientKind::Age, A.to_owned()), (RecipientKind::Age, B.to_owned())]]);
        assert_eq!(other.rule.field(), ("encrypted_regex", "^data$"));
    }

    #[test]
    fn other_kinds_of_keys_are_named_as_files_name_them() {
        let rules = rules(
            "creation_rules:\n  - kms: arn:aws:kms:x\n    hc_vault_transit_uri: https://v/v1/sops/keys/k\n    pgp: [AB, CD]\n",
        );
        let names: Vec<&str> =
            rules.rule_for(Path::new("x")).unwrap().key_groups[0].iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["AB", "CD", "arn:aws:kms:x", "https://v sops k"]);
    }

    #[test]
    fn a_rule_that_is_none_is_refused_by_its_place() {
        for (text, says) in [
            ("creation_rules:\n  - age: age1nonsense\n", "creation_rules[0].age"),
            ("creation_rules:\n  - path_regex: '('\n", "creation_rules[0].path_regex"),
            (
                &format!("creation_rules:\n{}", "  - encrypted_regex: '[^a]{999}'\n".repeat(9)),
                "[3].path_regex`: with the",
            ),
            ("creation_rules:\n  - age: ''\n  - encrypted_regex: a\n    encrypted_suffix: b\n", "creation_rules[1]"),
        ] {
            let error = CreationRules::parse(text.as_bytes(), Path::new(".sops.yaml")).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
