//! A recipe folder, read before the engine is asked anything.
//!
//! A recipe is what Co-op Cloud calls by that name: compose files, `.env.sample`, `abra.sh`, release notes. It comes
//! from somebody else, so everything in it is input: it is read, never run, and whatever is wrong with it is refused
//! with the file, the line, the key and the reason.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let declared = std::collections::BTreeMap::new();
//! use recipe::{Allow, Recipe};
//!
//! let recipe = Recipe::open("/nix/store/…-recipe".as_ref())?;
//! let environment = recipe.environment(&declared, "hello_example_org", "hello.example.org")?;
//! let files = recipe.compose_files(None, &environment)?;
//! let reading = recipe.read(&files, &environment)?;
//! let refusals = reading.check("hello", &Allow::default());
//! let version = reading.version(&environment)?;
//! // What `docker stack config` is given: nothing is left in it for the environment of the process to decide.
//! let texts: Vec<String> = reading.documents.iter().map(|document| document.text(recipe.folder())).collect();
//! # Ok(()) }
//! ```
//!
//! **Why variables are filled in here**, when `docker stack config` does it too: that command takes them from its own
//! environment, where a recipe's `.env.sample` could then set `LD_PRELOAD` or `DOCKER_HOST` for a process that runs as
//! root; and it silently reads `$A-b`, `${A:-${B}}` and `${A:?see a-b}` otherwise than Compose does. So the command
//! gets a file without variables and an environment without the recipe's.

mod abra;
mod allow;
mod asks;
pub mod compose;
pub mod dotenv;
mod environment;
mod error;
mod files;
mod folder;
mod merge;
pub mod permit;
pub mod policy;
mod reading;
mod template;
mod version;

pub use allow::{Allow, Port, Protocol};
pub use asks::asks;
pub use environment::{Environment, stack_name};
pub use error::{Error, Refusal};
pub use files::ComposeFile;
pub use folder::Recipe;
pub use merge::lost_ports;
pub use policy::{Place, attribute, check};
pub use reading::Reading;
pub use version::{Version, VersionError};
