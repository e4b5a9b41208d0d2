//! Users and groups, by name or number.

use std::collections::HashMap;

use anyhow::Context as _;

/// Looks each name up once.
#[derive(Default)]
pub struct Accounts {
    users: HashMap<String, u32>,
    groups: HashMap<String, u32>,
}

impl Accounts {
    /// The number of a user.
    ///
    /// # Errors
    /// When this host has no such user.
    pub fn user(&mut self, name: &str) -> anyhow::Result<u32> {
        number(&mut self.users, name, || {
            let user = nix::unistd::User::from_name(name).with_context(|| format!("user `{name}`"))?;
            Ok(user.with_context(|| format!("this host has no user `{name}`"))?.uid.as_raw())
        })
    }

    /// The number of a group.
    ///
    /// # Errors
    /// When this host has no such group.
    pub fn group(&mut self, name: &str) -> anyhow::Result<u32> {
        number(&mut self.groups, name, || {
            let group = nix::unistd::Group::from_name(name).with_context(|| format!("group `{name}`"))?;
            Ok(group.with_context(|| format!("this host has no group `{name}`"))?.gid.as_raw())
        })
    }
}

/// `root` and numbers need no database, which is most of what is ever asked.
fn number(
    known: &mut HashMap<String, u32>,
    name: &str,
    look_up: impl FnOnce() -> anyhow::Result<u32>,
) -> anyhow::Result<u32> {
    if name == "root" {
        return Ok(0);
    }
    if let Some(number) = known.get(name).copied().or_else(|| name.parse().ok()) {
        return Ok(number);
    }
    let number = look_up()?;
    known.insert(name.to_owned(), number);
    Ok(number)
}
