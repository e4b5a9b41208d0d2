//! The variables that a recipe's compose files are filled in with.

use std::collections::BTreeMap;

use crate::Error;

/// How long a stack's name may be, so that the names of what belongs to it stay within the engine's 64 characters.
const STACK_NAME_MAX: usize = 45;

/// The name of an app's stack: the domain with its dots made underscores, cut at 45 characters, as abra has it.
pub fn stack_name(domain: &str) -> String {
    domain.replace('.', "_").chars().take(STACK_NAME_MAX).collect()
}

/// Variables and their values.
///
/// They are for filling in compose files, not for a process: a recipe may name `LD_PRELOAD` or `DOCKER_HOST` here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    values: BTreeMap<String, String>,
}

impl Environment {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Sets a variable, for example a version variable to the digest of a secret's content.
    ///
    /// # Errors
    /// [`Error::Variable`] when the name or the value could not be a variable's.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let refused = |reason| Err(Error::Variable { name: name.to_owned(), reason });
        if name.is_empty() || name.contains('=') || name.contains('\0') {
            return refused("this is no name");
        }
        if value.contains('\0') {
            return refused("its value has a NUL in it");
        }
        self.values.insert(name.to_owned(), value.to_owned());
        Ok(())
    }

    /// All variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A digest of all of them.
    pub fn digest(&self) -> state::Digest {
        let mut digester = state::Digester::default();
        for (name, value) in self.iter() {
            digester.add(name, value.as_bytes());
        }
        digester.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_named_after_its_domain() {
        assert_eq!(stack_name("hello.example.org"), "hello_example_org");
        let long = stack_name(&"a.".repeat(40));
        assert_eq!(long.len(), 45);
    }

    #[test]
    fn what_no_process_could_be_given_is_refused() {
        let mut environment = Environment::default();
        for (name, value) in [("", "x"), ("A=B", "x"), ("A", "x\0y")] {
            environment.set(name, value).unwrap_err();
        }
        environment.set("A", "x").unwrap();
        assert_eq!(environment.get("A"), Some("x"));
    }
}
