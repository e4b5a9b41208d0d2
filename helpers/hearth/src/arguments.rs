//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use reconcile_app::keep::Data;

use crate::recipe_check;

/// See and steer what Hearth does on this host.
///
/// Everything has a name as `hearth status` shows it: apps by their own, beside them `drill-NAME`, `cert-NAME`, `secrets`,
/// `swarm` and `alerts`.
#[derive(Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Examples:\n  hearth status              what runs, how it is, what waits for you\n  hearth history wiki        what happened to the app `wiki`\n  hearth logs wiki --follow  what it says now"
)]
pub struct Arguments {
    /// Folder with the manifests of this host
    #[arg(long, value_name = "FOLDER", default_value = "/etc/hearth", global = true, hide = true)]
    pub manifests: PathBuf,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What can be typed after `hearth`.
#[derive(Subcommand)]
pub enum Command {
    /// What is asked of a host
    #[command(flatten)]
    OfHost(OfHost),
    /// Show, write, edit and check sops files, on any machine
    Secrets {
        /// What to do with them
        #[command(subcommand)]
        command: hearth_secrets::Command,
    },
    /// Look at recipes, on any machine
    Recipe {
        /// What to do with them
        #[command(subcommand)]
        command: recipe_check::Command,
    },
    /// What a shell needs to complete commands
    #[command(hide = true)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// The manual page
    #[command(hide = true)]
    Manual,
}

/// What is asked of a host.
#[derive(Subcommand)]
pub enum OfHost {
    /// Everything on this host: version, outcome, since when, what is wrong
    ///
    /// Ends with exit code 0 when all is well, 20 when something waits for a decision, 1 when something is wrong.
    Status {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// What the next run would do
    ///
    /// Example: hearth plan wiki
    Plan {
        /// Only this app
        app: Option<String>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// What happened, newest first; with an ID, all of one run
    ///
    /// Runs that changed nothing leave no trace but the newest. Example: hearth history wiki last
    History {
        /// An app, or another name that `hearth status` shows
        name: String,
        /// A run: the beginning of its number or of its time, or `last`
        id: Option<String>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// What an app's unit and its containers said
    ///
    /// Example: hearth logs wiki --follow
    Logs {
        /// An app, or another name that `hearth status` shows
        name: String,
        /// Go on with what is said from now on
        #[arg(short, long)]
        follow: bool,
        /// How many of the last lines of each
        #[arg(short = 'n', long, default_value_t = 50)]
        lines: u32,
    },
    /// Let a version that waits for a decision be deployed
    ///
    /// The next run of the app's unit deploys it. Also one that a person went back from, and a stack that would begin empty
    /// or take over another app's data. Example: hearth accept wiki 2.0.0+7.1.0
    Accept {
        /// The app
        app: String,
        /// Exactly the version that waits, or the stack
        version: String,
        /// Accept without asking
        #[arg(long)]
        yes: bool,
    },
    /// Deploy a tag of an app's image, as a pipeline does
    ///
    /// As root, and only for apps that are declared with `deploy`. Ends as `deploy-app` does: 0 serves, 1 failed, 2 refused,
    /// 20 held, 30 rolled back, 40 superseded. Example: hearth deploy shop-prod 1.4.0
    Deploy {
        /// The app, by its name in `hearth status` (shop-prod), not `shop prod`
        app: String,
        /// The tag
        tag: String,
        /// Hand on a registry token: the first line of standard input, as TOKEN, USER:TOKEN or JSON
        #[arg(long)]
        token_stdin: bool,
    },
    /// Deploy to one environment exactly the image that another has
    ///
    /// As root. By its digest: what was proved and serves there, and not what the tag has become since. What a person went
    /// back from is refused. Ends as `deploy-app` does: 0 serves, 1 failed, 2 refused, 20 held, 30 rolled back, 40
    /// superseded. Example: hearth promote shop test prod
    Promote {
        /// The app, as pipelines call it
        app: String,
        /// The environment that has it
        from: String,
        /// The environment that gets it
        to: String,
    },
    /// The copies of an app's data
    ///
    /// Example: hearth snapshots wiki
    Snapshots {
        /// Only this app
        app: Option<String>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Put an app's data back to what it was when a snapshot was taken
    ///
    /// The app is stopped for it and started again; its version stays what it is. What was written since is lost, so it
    /// asks first. Example: hearth restore wiki last-good
    Restore {
        /// The app
        app: String,
        /// A snapshot: the beginning of its ID, or `last-good`
        snapshot: String,
        /// Restore without asking
        #[arg(long)]
        yes: bool,
    },
    /// Go back to the version that served before, with its data
    ///
    /// What serves is kept in a snapshot first, so that the same command goes forward again. The version that was gone back
    /// from is held: it is not taken again before it changes, is accepted, or is deployed through the door once more: stop
    /// the pipeline first. What was written since the snapshot is out of use, so it asks first. Where the trial of the
    /// migrations saw that the earlier version works on the data of now, that stays.
    ///
    /// Ends with exit code 10 when it went back. Example: hearth rollback wiki
    Rollback {
        /// The app
        app: String,
        /// A snapshot: the beginning of its ID; the newest of another version than serves when none is named
        snapshot: Option<String>,
        /// What becomes of the data, whatever the trial of the migrations said
        #[arg(long)]
        data: Option<Data>,
        /// Go back without asking
        #[arg(long)]
        yes: bool,
    },
    /// Remove the colour that failed, and that is kept for a look
    ///
    /// What serves is not touched. Of apps without `update = "blue-green"` nothing is kept. Example: hearth cleanup shop-prod
    Cleanup {
        /// The app
        app: String,
    },
    /// Remove what is left of an app that is not in the flake any more
    ///
    /// Its services, secrets, configs, networks and records. Its volumes and snapshots stay, unless --with-data says that
    /// they go too: nothing brings them back then but a copy off this host. It shows all of it, and asks first. An app that
    /// is declared is refused. Example: hearth remove wiki
    Remove {
        /// The app
        app: String,
        /// Remove its volumes and snapshots, too
        #[arg(long)]
        with_data: bool,
        /// Remove without asking
        #[arg(long)]
        yes: bool,
    },
    /// Prove that a snapshot can be restored, beside the app, which goes on serving
    ///
    /// Example: hearth drill wiki
    Drill {
        /// The app
        app: String,
        /// A snapshot: the beginning of its ID; last-good when none is named
        snapshot: Option<String>,
    },
    /// What Prometheus reads, in its text format
    ///
    /// Example: hearth metrics --output /var/lib/hearth/metrics/hearth.prom
    Metrics {
        /// Write to this file, which is whole at every moment
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}
