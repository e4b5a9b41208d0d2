//! What is told of a recipe.

use recipe::{Refusal, asks, attribute};
use serde::Serialize;
use serde_json::Value;

use super::declaration::Declaration;
use super::settings::merged;
use super::source::Fetched;

/// The shape of the JSON.
const FORMAT_VERSION: u32 = 1;

/// The report. As JSON its keys are those of this type, and `formatVersion` is raised when one changes its meaning or goes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    format_version: u32,
    /// Where it was looked for.
    recipe: String,
    /// The app that it was judged for.
    app: String,
    version: Option<String>,
    commit: Option<String>,
    passes: bool,
    refusals: Vec<Told>,
    warnings: Vec<String>,
    /// What it asks of the host, where it passes.
    asks: Vec<String>,
    /// Secrets that it needs and that are not declared.
    undeclared_secrets: Vec<String>,
    /// The options that would let through what can be.
    settings: Vec<String>,
    #[serde(skip)]
    secrets: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    file: String,
    line: Option<u64>,
    key: String,
    reason: String,
    remedy: Option<String>,
    setting: Option<String>,
}

impl Report {
    /// One that says nothing yet but whose it is.
    pub fn new(asked: &str, declared: &Declaration, fetched: &Fetched) -> Self {
        Self {
            format_version: FORMAT_VERSION,
            recipe: asked.to_owned(),
            app: declared.name.clone(),
            version: fetched.tag.as_ref().map(|tag| tag.version.to_string()),
            commit: fetched.tag.as_ref().map(|tag| tag.commit.as_str().to_owned()),
            passes: false,
            refusals: Vec::new(),
            warnings: fetched.warnings.clone(),
            asks: Vec::new(),
            undeclared_secrets: Vec::new(),
            settings: Vec::new(),
            secrets: declared.secrets.clone(),
        }
    }

    /// The recipe may be deployed.
    pub fn passing(&mut self, rendered: &Value, warnings: &[String]) {
        self.passes = true;
        self.warnings.extend(warnings.iter().map(|warning| state::plain(warning)));
        self.asks = asks(rendered).iter().map(|line| state::plain(line)).collect();
        let declared = self.secrets.as_deref().unwrap_or_default();
        let needed = rendered["secrets"].as_object().into_iter().flat_map(|secrets| secrets.keys());
        self.undeclared_secrets = needed.filter(|key| !declared.contains(key)).cloned().collect();
    }

    /// It may not.
    pub fn refused(&mut self, refusals: Vec<Refusal>) {
        self.settings = merged(refusals.iter().filter_map(|refusal| refusal.setting.as_deref()));
        self.refusals = refusals
            .into_iter()
            .map(clean)
            .map(|Refusal { file, line, key, reason, remedy, setting }| Told {
                file,
                line,
                key,
                reason,
                remedy,
                setting,
            })
            .collect();
    }

    /// Whether it may be deployed.
    pub fn passes(&self) -> bool {
        self.passes
    }

    /// Prints it.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn print(&self, json: bool) -> serde_json::Result<()> {
        if json {
            state::out!("{}", serde_json::to_string_pretty(self)?);
        } else {
            self.lines().iter().for_each(|line| state::out!("{line}"));
        }
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for told in &self.refusals {
            let line = told.line.map(|line| format!(":{line}")).unwrap_or_default();
            lines.push(format!("refused  {}{line}: {}: {}", told.file, told.key, told.reason));
            let fixed = told.remedy.as_deref().filter(|_| told.setting.is_none());
            let how = told.setting.as_ref().map(|setting| format!("{setting} would let it through"));
            let how = how.or(fixed.map(ToOwned::to_owned)).unwrap_or_else(|| "no option lets it through".to_owned());
            lines.push(format!("         {how}"));
        }
        lines.extend(self.warnings.iter().map(|warning| format!("warning  {warning}")));
        lines.extend(self.asks.iter().map(|line| format!("asks for {line}")));
        lines.extend(
            self.undeclared_secrets.iter().map(|key| format!("needs    hearth.apps.{}.secrets.{key}", self.app)),
        );
        lines.extend(self.snippet());
        let version = self.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        lines.push(match self.refusals.len() {
            0 => format!("passes: {}{version} may be deployed as `{}`", self.recipe, self.app),
            count => format!(
                "refused: {}{version} asks for {count} {} that the declaration of `{}` does not allow",
                self.recipe,
                if count == 1 { "thing" } else { "things" },
                self.app
            ),
        });
        lines
    }

    /// The options to paste. They are only named: whether the app should have them is for a person to say.
    fn snippet(&self) -> Vec<String> {
        if self.settings.is_empty() {
            return Vec::new();
        }
        let options = self.settings.iter().map(|setting| format!("  {setting}"));
        let first = [String::new(), format!("hearth.apps.{} = {{", attribute(&self.app))];
        first.into_iter().chain(options).chain(["};".to_owned(), String::new()]).collect()
    }
}

/// Keys and reasons have words of the recipe in them: without what a terminal obeys, each by itself, so that one that is cut
/// off takes nothing of the next along.
fn clean(refusal: Refusal) -> Refusal {
    let plain = |text: String| state::plain(&text);
    Refusal {
        file: plain(refusal.file),
        key: plain(refusal.key),
        reason: plain(refusal.reason),
        remedy: refusal.remedy.map(plain),
        setting: refusal.setting.map(plain),
        ..refusal
    }
}
