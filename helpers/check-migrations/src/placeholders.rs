//! What stands for the scratch database in a declaration: `{{appUrl}}` and the like.

use std::collections::BTreeMap;

use anyhow::bail;

use crate::declared::{Declared, Role};

/// The placeholders that there are.
pub const NAMES: [&str; 12] = [
    "host",
    "port",
    "database",
    "user",
    "password",
    "url",
    "ownerUser",
    "ownerPassword",
    "ownerUrl",
    "appUser",
    "appPassword",
    "appUrl",
];

/// The passwords of one trial. Prints nothing of them.
pub struct Passwords {
    /// The superuser's.
    pub superuser: String,
    /// The owner's.
    pub owner: String,
    /// The app's.
    pub app: String,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords(…)")
    }
}

impl Passwords {
    /// New ones.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn random() -> anyhow::Result<Self> {
        let one = || -> anyhow::Result<String> {
            let mut bytes = [0; 16];
            getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("making a password: {error}"))?;
            Ok(hex::encode(bytes))
        };
        Ok(Self { superuser: one()?, owner: one()?, app: one()? })
    }

    /// A text without them.
    pub fn hide(&self, text: &str) -> String {
        [&self.superuser, &self.owner, &self.app].into_iter().fold(text.to_owned(), |text, one| text.replace(one, "…"))
    }

    fn of(&self, role: Role) -> &str {
        match role {
            Role::Owner => &self.owner,
            Role::App => &self.app,
        }
    }
}

/// What the placeholders stand for in one trial.
pub struct Values(BTreeMap<&'static str, String>);

impl Values {
    /// The values for one who uses the database as `role`.
    pub fn new(declared: &Declared, host: &str, passwords: &Passwords, role: Role) -> Self {
        let database = &declared.database.name;
        let url = |role: Role| {
            let (user, password) = (declared.role(role), passwords.of(role));
            // Drivers ask for TLS by themselves, which a scratch server has not.
            format!("postgres://{user}:{password}@{host}:5432/{database}?sslmode=disable")
        };
        Self(BTreeMap::from([
            ("host", host.to_owned()),
            ("port", "5432".to_owned()),
            ("database", database.clone()),
            ("user", declared.role(role).to_owned()),
            ("password", passwords.of(role).to_owned()),
            ("url", url(role)),
            ("ownerUser", declared.database.owner.clone()),
            ("ownerPassword", passwords.owner.clone()),
            ("ownerUrl", url(Role::Owner)),
            ("appUser", declared.database.app.clone()),
            ("appPassword", passwords.app.clone()),
            ("appUrl", url(Role::App)),
        ]))
    }

    /// A text with its placeholders filled in.
    pub fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, value) in &self.0 {
            text = text.replace(&format!("{{{{{name}}}}}"), value);
        }
        text
    }

    /// A map with the placeholders of its values filled in.
    pub fn fill_all(&self, map: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        map.iter().map(|(key, text)| (key.clone(), self.fill(text))).collect()
    }
}

/// Checks that a text names no placeholder that there is not.
///
/// # Errors
/// The first that there is not.
pub fn check(text: &str) -> anyhow::Result<()> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        if !NAMES.contains(&name) {
            let known: Vec<String> = NAMES.iter().map(|name| format!("{{{{{name}}}}}")).collect();
            bail!("gate.migrations: `{{{{{name}}}}}` stands for nothing; there are {}", known.join(" "));
        }
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_the_role_its_password_and_the_database() {
        let declared: Declared = serde_json::from_str(include_str!("../tests/shop.json")).unwrap();
        let passwords = Passwords { superuser: "s".into(), owner: "o".into(), app: "a".into() };
        let values = Values::new(&declared, "db", &passwords, Role::Owner);
        assert_eq!(values.fill("{{url}}"), "postgres://shop_owner:o@db:5432/shop?sslmode=disable");
        assert_eq!(values.fill("x={{appUser}}:{{appPassword}}"), "x=shop_app:a");
        assert_eq!(values.fill("{{ other }}"), "{{ other }}");
        for name in NAMES {
            assert!(!values.fill(&format!("{{{{{name}}}}}")).contains('{'), "{name}");
        }
    }

    #[test]
    fn passwords_are_long_differ_and_are_not_printed() {
        let passwords = Passwords::random().unwrap();
        assert_eq!(passwords.owner.len(), 32);
        assert_ne!(passwords.owner, passwords.app);
        assert!(!format!("{passwords:?}").contains(&passwords.owner));
        let url = format!("postgres://shop:{}@db {}", passwords.owner, passwords.app);
        assert_eq!(passwords.hide(&url), "postgres://shop:…@db …");
    }
}
