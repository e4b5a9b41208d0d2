//! The `sops` section of a file: who can decrypt it, by which rule it was encrypted, and its MAC.

use std::path::Path;

use crate::error::Error;
use crate::rules::Rule;
use crate::value::{Entry, Item, Scalar, Text, Value};

/// What a file says about itself. `stores/stores.go` of sops.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// When it was written, as it stands in the file.
    pub last_modified: String,
    /// The encrypted MAC; empty when there is none.
    pub(crate) mac: Text,
    /// Whether the MAC covers only what is encrypted.
    pub mac_only_encrypted: bool,
    /// Which values are encrypted.
    pub rule: Rule,
    /// The groups of recipients. With one group the data key is encrypted to each recipient; with more, each group
    /// holds one part of it.
    pub key_groups: Vec<KeyGroup>,
    /// How many groups must give their part; 0 means all.
    pub shamir_threshold: usize,
    /// The version of sops that wrote the file; empty when another tool did.
    pub version: String,
}

/// Recipients of the same part of the data key.
#[derive(Clone, Debug, Default)]
pub struct KeyGroup {
    /// In the order of the file.
    pub recipients: Vec<Recipient>,
}

/// Somebody, or a key service, who can decrypt the data key.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// What kind of key.
    pub kind: RecipientKind,
    /// The recipient, fingerprint, ARN or address.
    pub name: String,
    /// The data key, encrypted to this recipient.
    pub(crate) encrypted_key: String,
    /// What else the file says of it, to be written again.
    fields: Vec<Entry>,
}

impl Recipient {
    /// An age recipient that nothing was encrypted to yet.
    pub(crate) fn age(name: &str) -> Self {
        let leaf = Value::Scalar(Scalar::Str(name.into()));
        let fields = vec![Entry::Pair("recipient".to_owned(), leaf)];
        Self { kind: RecipientKind::Age, name: name.to_owned(), encrypted_key: String::new(), fields }
    }

    fn section(&self) -> Value {
        let mut fields = self.fields.clone();
        let enc = Value::Scalar(Scalar::Str(self.encrypted_key.as_str().into()));
        match fields.iter_mut().find(|entry| matches!(entry, Entry::Pair(key, _) if key == "enc")) {
            Some(entry) => *entry = Entry::Pair("enc".to_owned(), enc),
            None => fields.insert(0, Entry::Pair("enc".to_owned(), enc)),
        }
        Value::Map(fields)
    }
}

/// The kinds of keys that sops knows. Only `Age` can be decrypted by this library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named after the service")]
pub enum RecipientKind {
    Age,
    Pgp,
    AwsKms,
    GcpKms,
    AzureKeyVault,
    HashicorpVault,
    HuaweiKms,
}

/// Metadata key, kind, and the fields that together name the recipient.
const KINDS: [(&str, RecipientKind, &[&str]); 7] = [
    ("age", RecipientKind::Age, &["recipient"]),
    ("pgp", RecipientKind::Pgp, &["fp"]),
    ("kms", RecipientKind::AwsKms, &["arn"]),
    ("gcp_kms", RecipientKind::GcpKms, &["resource_id"]),
    ("azure_kv", RecipientKind::AzureKeyVault, &["vault_url", "name"]),
    ("hc_vault", RecipientKind::HashicorpVault, &["vault_address", "engine_path", "key_name"]),
    ("hckms", RecipientKind::HuaweiKms, &["key_id"]),
];

impl std::fmt::Display for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            RecipientKind::Age => "",
            RecipientKind::Pgp => "PGP ",
            RecipientKind::AwsKms => "AWS KMS ",
            RecipientKind::GcpKms => "GCP KMS ",
            RecipientKind::AzureKeyVault => "Azure Key Vault ",
            RecipientKind::HashicorpVault => "HashiCorp Vault ",
            RecipientKind::HuaweiKms => "Huawei KMS ",
        };
        write!(f, "{kind}{}", self.name)
    }
}

impl Metadata {
    /// All recipients of all groups.
    pub fn recipients(&self) -> impl Iterator<Item = &Recipient> {
        self.key_groups.iter().flat_map(|group| &group.recipients)
    }

    pub(crate) fn parse(section: &Value, file: &Path) -> Result<Self, Error> {
        let reader = Reader { section, file };
        if !matches!(section, Value::Map(_)) {
            return Err(reader.wrong("sops", "it is not a mapping"));
        }
        let groups = key_groups(section);
        if groups.iter().all(|group| group.recipients.is_empty()) {
            return Err(reader.wrong("age", "the file names no recipient, so nobody can decrypt it"));
        }
        let threshold = reader.text("shamir_threshold");
        Ok(Self {
            last_modified: reader.text("lastmodified"),
            mac: reader.text("mac").as_str().into(),
            mac_only_encrypted: matches!(reader.text("mac_only_encrypted").as_str(), "true" | "True" | "1"),
            rule: reader.rule()?,
            key_groups: groups,
            shamir_threshold: match threshold.as_str() {
                "" => 0,
                number => number.parse().map_err(|_| reader.wrong("shamir_threshold", "it is not a number"))?,
            },
            version: reader.text("version"),
        })
    }
}

impl Metadata {
    /// The `sops` section, its keys sorted as sops sorts them.
    pub(crate) fn section(&self) -> Value {
        let text = |text: &str| Value::Scalar(Scalar::Str(text.into()));
        let mut pairs = Vec::new();
        match self.key_groups.as_slice() {
            [only] => pairs.extend(only.section(&[])),
            groups => {
                // These two are there even when they are empty, in groups only.
                let group = |group: &KeyGroup| Item::Value(Value::Map(sorted(group.section(&["age", "hc_vault"]))));
                pairs.push(("key_groups", Value::List(groups.iter().map(group).collect())));
            }
        }
        if self.shamir_threshold > 0 {
            let threshold = i64::try_from(self.shamir_threshold).unwrap_or(i64::MAX);
            pairs.push(("shamir_threshold", Value::Scalar(Scalar::Int(threshold))));
        }
        if self.mac_only_encrypted {
            pairs.push(("mac_only_encrypted", Value::Scalar(Scalar::Bool(true))));
        }
        let (name, rule) = self.rule.field();
        pairs.extend([
            ("lastmodified", text(&self.last_modified)),
            ("mac", Value::Scalar(Scalar::Str(self.mac.clone()))),
            (name, text(rule)),
            ("version", text(&self.version)),
        ]);
        Value::Map(sorted(pairs))
    }
}

fn sorted(mut pairs: Vec<(&str, Value)>) -> Vec<Entry> {
    pairs.sort_by_key(|(key, _)| *key);
    pairs.into_iter().map(|(key, value)| Entry::Pair(key.to_owned(), value)).collect()
}

impl KeyGroup {
    fn section(&self, always: &[&str]) -> Vec<(&'static str, Value)> {
        let lists = KINDS.iter().map(|(field, kind, _)| {
            let own = self.recipients.iter().filter(|recipient| recipient.kind == *kind);
            (*field, own.map(|recipient| Item::Value(recipient.section())).collect::<Vec<_>>())
        });
        lists
            .filter(|(field, list)| !list.is_empty() || always.contains(field))
            .map(|(field, list)| (field, Value::List(list)))
            .collect()
    }
}

struct Reader<'a> {
    section: &'a Value,
    file: &'a Path,
}

impl Reader<'_> {
    fn wrong(&self, field: &str, reason: &str) -> Error {
        Error::Metadata { file: self.file.to_owned(), field: field.to_owned(), reason: reason.to_owned() }
    }

    fn text(&self, field: &str) -> String {
        self.section.get(field).map(scalar_text).unwrap_or_default()
    }

    fn rule(&self) -> Result<Rule, Error> {
        Rule::only_one(|field| self.text(field)).map_err(|(field, reason)| self.wrong(field, &reason))
    }
}

fn key_groups(section: &Value) -> Vec<KeyGroup> {
    let own = key_group(section);
    if !own.recipients.is_empty() {
        return vec![own];
    }
    section.get("key_groups").map(|groups| elements(groups).map(key_group).collect()).unwrap_or_default()
}

fn key_group(holder: &Value) -> KeyGroup {
    let mut group = KeyGroup::default();
    for (field, kind, naming) in KINDS {
        for recipient in holder.get(field).into_iter().flat_map(elements) {
            let name: Vec<String> = naming.iter().filter_map(|field| recipient.get(field)).map(scalar_text).collect();
            let encrypted_key = recipient.get("enc").map(scalar_text).unwrap_or_default();
            let fields = if let Value::Map(fields) = recipient { fields.clone() } else { Vec::new() };
            group.recipients.push(Recipient { kind, name: name.join(" "), encrypted_key, fields });
        }
    }
    group
}

pub(crate) fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    let items = if let Value::List(items) = value { items.as_slice() } else { &[] };
    items.iter().filter_map(|item| match item {
        Item::Value(value) => Some(value),
        Item::Comment(_) => None,
    })
}

pub(crate) fn scalar_text(value: &Value) -> String {
    let Value::Scalar(scalar) = value else { return String::new() };
    scalar.plain_bytes().and_then(|text| text.expose_str().map(str::to_owned)).unwrap_or_default()
}

/// Takes the `sops` section out of every document of a file. All are the same: sops writes one into each and reads the
/// first.
pub(crate) fn take_section(documents: &mut [Value], file: &Path) -> Result<Value, Error> {
    let mut section: Option<Value> = None;
    for document in documents {
        let Value::Map(entries) = document else { continue };
        while let Some(at) = entries.iter().position(|entry| matches!(entry, Entry::Pair(key, _) if key == "sops")) {
            let Entry::Pair(_, value) = entries.remove(at) else { continue };
            let first = section.get_or_insert_with(|| value.clone());
            if *first != value {
                let reason = "it differs from the one of the first document; restore the file from version control";
                let (file, field) = (file.to_owned(), "sops".to_owned());
                return Err(Error::Metadata { file, field, reason: reason.to_owned() });
            }
        }
    }
    section.ok_or_else(|| Error::NotEncrypted { file: file.to_owned() })
}
