//! `check-migrations`: see `--help`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Try another image of an app: its migrations, and the version that serves after them, in a scratch database.
///
/// Nothing that serves is touched; of the live database the schema is read. Ends with exit code 0 when the image may be
/// deployed, 1 when it may not or could not be tried.
///
/// Example: check-migrations /etc/hearth/apps/shop.json --image app=registry.example.org/shop:1.1.0
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    /// What a service is to run instead of what it runs now; may be given for several services
    #[arg(long = "image", value_name = "SERVICE=IMAGE", value_parser = pair)]
    images: Vec<(String, String)>,
    /// Print the verdict, or the finding, as JSON
    #[arg(long)]
    json: bool,
    /// The app's manifest, as the NixOS module writes it
    manifest: PathBuf,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (service, image) = text.split_once('=').ok_or("it is SERVICE=IMAGE")?;
    Ok((service.to_owned(), image.to_owned()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let images = arguments.images.into_iter().collect();
    check_migrations::cli::run(&arguments.manifest, &images, arguments.json).await.unwrap_or_else(|error| {
        state::err!("error: {error:#}");
        ExitCode::FAILURE
    })
}
