//! A recipe folder from opening it to what the Docker command is given.

use std::collections::BTreeMap;
use std::path::Path;

use recipe::{Allow, Environment, Error, Recipe};

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn declared(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn environment(recipe: &Recipe, variables: &[(&str, &str)]) -> Environment {
    recipe.environment(&declared(variables), "blog_example_org", "blog.example.org").unwrap()
}

const SAMPLE: &str = "TYPE=blog\nDOMAIN=blog.sample\nURL=https://$DOMAIN\nENTRYPOINT_VERSION=v1\n\
    COMPOSE_FILE=compose.yml\n#COMPOSE_FILE=\"$COMPOSE_FILE:compose.mail.yml\"\nSECRET_DB_VERSION=v1 # length=32\n";

const COMPOSE: &str = "\
services:
  app:
    image: blog:${TAG:-1.0}
    environment:
      - URL
      - MAIL=${MAIL}
    configs: [{source: entrypoint, target: /e.sh, mode: 0555}]
    deploy:
      labels:
        - \"coop-cloud.${STACK_NAME}.version=1.2.0+3.4.5\"
        - \"traefik.http.routers.${STACK_NAME}.rule=Host(`${DOMAIN}`)\"
configs:
  entrypoint:
    name: ${STACK_NAME}_entrypoint_${ENTRYPOINT_VERSION}
    file: entrypoint.sh
";

#[test]
fn a_recipe_is_read_to_what_the_docker_command_is_given() {
    let folder = folder(&[
        (".env.sample", SAMPLE),
        ("abra.sh", "export ENTRYPOINT_VERSION=v7\n"),
        ("compose.yml", COMPOSE),
        ("entrypoint.sh", "#!/bin/sh\n"),
    ]);
    let recipe = Recipe::open(folder.path()).unwrap();
    let environment = environment(&recipe, &[("TAG", "2.0")]);
    let files = recipe.compose_files(None, &environment).unwrap();
    let reading = recipe.read(&files, &environment).unwrap();

    assert_eq!(reading.check("blog", &Allow::default()), []);
    assert_eq!(reading.version(&environment).unwrap().unwrap().to_string(), "1.2.0+3.4.5");
    assert_eq!(
        reading.warnings,
        ["compose.yml:6: services.app.environment[1]: variable `MAIL` is not set; it is empty"]
    );
    let value = &reading.documents[0].value;
    assert_eq!(value["services"]["app"]["image"], "blog:2.0");
    assert_eq!(value["services"]["app"]["environment"][0], "URL=https://blog.example.org");
    assert_eq!(value["configs"]["entrypoint"]["name"], "blog_example_org_entrypoint_v7");
}

#[test]
fn the_declaration_wins_over_the_app_over_abra_over_the_sample() {
    let folder = folder(&[
        (".env.sample", "A=sample\nB=sample\nSTACK_NAME=sample\nD=sample\n"),
        ("abra.sh", "export B=abra\nexport STACK_NAME=abra\nexport D=abra\n"),
    ]);
    let recipe = Recipe::open(folder.path()).unwrap();
    let environment = environment(&recipe, &[("D", "declared")]);
    let of = |name| environment.get(name).unwrap();
    assert_eq!((of("A"), of("B"), of("STACK_NAME"), of("D")), ("sample", "abra", "blog_example_org", "declared"));
    assert_eq!(of("DOMAIN"), "blog.example.org");
}

#[test]
fn compose_files_are_the_declared_ones_else_those_of_the_environment_else_one() {
    let folder = folder(&[("compose.yml", ""), ("compose.mail.yml", ""), ("sub/compose.db.yml", "")]);
    let recipe = Recipe::open(folder.path()).unwrap();
    let names = |declared: Option<&[String]>, variables: &[(&str, &str)]| {
        let files = recipe.compose_files(declared, &environment(&recipe, variables)).unwrap();
        files.into_iter().map(|file| file.name).collect::<Vec<_>>().join(" ")
    };
    let chosen = ("COMPOSE_FILE", "compose.yml:sub/compose.db.yml");
    assert_eq!(names(Some(&["compose.mail.yml".to_owned()]), &[chosen]), "compose.mail.yml");
    assert_eq!(names(None, &[chosen]), "compose.yml sub/compose.db.yml");
    assert_eq!(names(None, &[]), "compose.yml");
}

#[test]
fn a_compose_file_that_is_not_in_the_folder_is_refused_by_name() {
    let folder = folder(&[("compose.yml", ""), ("sub/x.yml", "")]);
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.yml")).unwrap();
    let recipe = Recipe::open(folder.path()).unwrap();
    for name in ["/etc/passwd", "../x.yml", "sub/../compose.yml", "", ".", "sub", "missing.yml", "link.yml"] {
        let error = recipe.compose_files(Some(&[name.to_owned()]), &Environment::default()).unwrap_err();
        assert!(error.to_string().starts_with(&format!("compose file {name:?} (from the declaration): ")), "{error}");
    }
}

#[test]
fn every_required_variable_that_is_not_set_is_told_at_once() {
    let compose = "services:\n  app:\n    image: ${A:?the image}\n    user: ${B?}\n    command: ${C:-${D:?nested}}\n    hostname: ${1}\n";
    let folder = folder(&[("compose.yml", compose)]);
    let recipe = Recipe::open(folder.path()).unwrap();
    let environment = environment(&recipe, &[]);
    let files = recipe.compose_files(None, &environment).unwrap();
    let mut said: Vec<_> =
        recipe.read(&files, &environment).unwrap_err().to_string().lines().map(ToOwned::to_owned).collect();
    said.sort();
    assert_eq!(
        said,
        [
            "compose.yml:3: services.app.image: required variable `A` is not set: the image",
            "compose.yml:4: services.app.user: required variable `B` is not set",
            "compose.yml:5: services.app.command: required variable `D` is not set: nested",
            "compose.yml:6: services.app.hostname: `${1}` is no variable; a plain dollar sign is written `$$`",
        ]
    );
}

#[test]
fn a_refusal_has_the_line_of_what_was_refused() {
    let compose = "services:\n  app:\n    image: x\n    volumes:\n      - data:/data\n      - ${WHERE}:/host\n";
    let folder = folder(&[("compose.yml", compose), (".env.sample", "WHERE=/\n")]);
    let recipe = Recipe::open(folder.path()).unwrap();
    let environment = environment(&recipe, &[]);
    let reading = recipe.read(&recipe.compose_files(None, &environment).unwrap(), &environment).unwrap();
    let refusals = reading.check("blog", &Allow::default());
    assert_eq!(
        refusals[0].to_string(),
        "compose.yml:6: services.app.volumes[1]: / is the whole file system of the host. \
         If the app truly needs it, declare `hearth.apps.blog.allow.hostPaths = [ \"/\" ];`"
    );
}

#[test]
fn a_bad_line_of_the_sample_is_refused_with_its_number() {
    let folder = folder(&[(".env.sample", "A=1\nfor x86 (built by CI):\n")]);
    let error = Recipe::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains("/.env.sample:2: ' ' cannot be in a variable's name"), "{error}");
    let missing = Recipe::open(Path::new("/no/such/recipe")).unwrap_err();
    assert!(matches!(&missing, Error::Read { path, .. } if path.ends_with("recipe")), "{missing}");
}

#[test]
fn the_digest_changes_with_what_can_reach_the_stack_and_with_nothing_else() {
    let folder = folder(&[
        ("compose.yml", COMPOSE),
        ("compose.mail.yml", "services: {}\n"),
        ("entrypoint.sh", "1"),
        ("conf/deep/nginx.conf", "1"),
        ("README.md", "1"),
        ("release/1.0.0+1", "1"),
        (".git/HEAD", "1"),
    ]);
    let recipe = Recipe::open(folder.path()).unwrap();
    let files = recipe.compose_files(None, &Environment::default()).unwrap();
    let digest = || recipe.files_digest(&files).unwrap();
    let before = digest();
    for (name, differs) in [
        ("compose.yml", true),
        ("entrypoint.sh", true),
        ("conf/deep/nginx.conf", true),
        ("compose.mail.yml", false),
        ("README.md", false),
        ("release/1.0.0+1", false),
        (".git/HEAD", false),
    ] {
        let path = folder.path().join(name);
        let old = std::fs::read(&path).unwrap();
        std::fs::write(&path, "changed").unwrap();
        assert_eq!(digest() != before, differs, "{name}");
        std::fs::write(&path, old).unwrap();
        assert_eq!(digest(), before, "{name}");
    }
}

#[test]
fn a_readme_that_a_compose_file_names_counts() {
    let folder = folder(&[("compose.yml", "configs: {a: {file: README.md}}\n"), ("README.md", "1")]);
    let recipe = Recipe::open(folder.path()).unwrap();
    let files = recipe.compose_files(None, &Environment::default()).unwrap();
    let before = recipe.files_digest(&files).unwrap();
    std::fs::write(folder.path().join("README.md"), "2").unwrap();
    assert_ne!(recipe.files_digest(&files).unwrap(), before);
}
