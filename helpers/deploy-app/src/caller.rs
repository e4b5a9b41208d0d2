//! Who asks, and what they may deploy.

use crate::manifest::{Environment, Manifest};
use crate::words::Target;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Somebody at the host who may do anything there anyway.
    Root,
    /// A user of the host, by the number that the kernel gave.
    User(u32),
    /// A key, through SSH.
    Key(String),
}

/// Why somebody may not. Nothing was done.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// One sentence for what there is not and for what is not theirs: nobody learns what else there is.
    #[error("`{app} {environment}` is nothing that you may deploy here. Nothing was done")]
    NotYours {
        /// The app that was asked for.
        app: String,
        /// The environment.
        environment: String,
    },
    /// A key was named by a user that no key logs in as.
    #[error("only the user that keys log in as may speak for a key. Nothing was done")]
    NoKey,
    /// A digest was given by somebody who is not root.
    #[error("a digest is given by root alone; ask for a tag. Nothing was done")]
    NoDigest,
}

impl Caller {
    /// Who asks: the number of the user at the other end of the socket, and the key that they say they are.
    ///
    /// # Errors
    /// When they cannot be that key.
    pub fn of(manifest: &Manifest, uid: u32, key: Option<String>, users: &impl Users) -> Result<Self, Denied> {
        match key {
            Some(key) if users.number(&manifest.ssh_user) == Some(uid) => Ok(Self::Key(key)),
            Some(_) => Err(Denied::NoKey),
            None if uid == 0 => Ok(Self::Root),
            None => Ok(Self::User(uid)),
        }
    }

    /// The environment, if there is such a one and it is theirs.
    ///
    /// # Errors
    /// When one of the two is not so, in words that do not tell which.
    pub fn may_deploy<'m>(
        &self,
        manifest: &'m Manifest,
        target: &Target,
        users: &impl Users,
    ) -> Result<&'m Environment, Denied> {
        let is_meant = |one: &&Environment| one.app == target.app && one.environment == target.environment;
        let found = manifest.environments.iter().find(is_meant).filter(|one| self.is_allowed(one, users));
        found.ok_or_else(|| Denied::NotYours {
            app: target.app.as_str().to_owned(),
            environment: target.environment.as_str().to_owned(),
        })
    }

    /// Who it is, for records.
    pub fn described(&self, users: &impl Users) -> String {
        match self {
            Self::Root => "root".to_owned(),
            Self::User(uid) => format!("user {}", users.name(*uid).unwrap_or_else(|| uid.to_string())),
            Self::Key(key) => format!("key {key}"),
        }
    }

    fn is_allowed(&self, one: &Environment, users: &impl Users) -> bool {
        match self {
            Self::Root => true,
            Self::User(uid) => one.users.iter().any(|name| users.number(name) == Some(*uid)),
            Self::Key(key) => one.keys.contains(key),
        }
    }
}

/// The users of a host.
pub trait Users {
    /// The number of the user with this name.
    fn number(&self, name: &str) -> Option<u32>;
    /// The name of the user with this number.
    fn name(&self, number: u32) -> Option<String>;
}

/// Those that the system knows, among them the dynamic ones of running services.
pub struct SystemUsers;

impl Users for SystemUsers {
    fn number(&self, name: &str) -> Option<u32> {
        nix::unistd::User::from_name(name).ok().flatten().map(|user| user.uid.as_raw())
    }

    fn name(&self, number: u32) -> Option<String> {
        nix::unistd::User::from_uid(number.into()).ok().flatten().map(|user| user.name)
    }
}
