//! The plan, over servers in memory.

use super::*;
use crate::manifest::{Manifest, Privilege};
use crate::observed::{Lookup, Role, Schema, SeenDatabase, Strange};
use crate::scram::verifier;

fn manifest() -> Manifest {
    serde_json::from_str(
        r#"{"stateFolder":"/s","dockerSocket":"/d","stack":"databases","service":"db","superuser":"postgres","readySeconds":60,
            "pooler":{"service":"pooler","port":6432,"role":"hearth_pooler","passwordFile":"/p"},
            "databases":{"shop":{"owner":{"name":"shop_owner","passwordFile":"/o"},"app":{"name":"shop_app","passwordFile":"/a"},
                "appMay":["SELECT","INSERT","UPDATE","DELETE"],"leave":["public.audit"],"extensions":["pg_trgm"]}}}"#,
    )
    .unwrap()
}

fn passwords() -> BTreeMap<String, Password> {
    ["shop_owner", "shop_app", "hearth_pooler"]
        .map(|role| (role.to_owned(), Password::new(&format!("secret of {role}")).unwrap()))
        .into()
}

fn grant(to: &str, what: &str) -> Grant {
    Grant { to: to.to_owned(), what: what.to_owned() }
}

fn words(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn table(name: &str) -> Relation {
    Relation {
        schema: "public".to_owned(),
        name: name.to_owned(),
        kind: "r".to_owned(),
        owner: "shop_owner".to_owned(),
        of_column: false,
        app: words(&["SELECT", "INSERT", "UPDATE", "DELETE"]),
    }
}

/// A server on which everything is as declared.
fn settled() -> Observed {
    let role = |name: &str| Role {
        name: name.to_owned(),
        login: true,
        verifier: verifier(&passwords()[name], b"salt"),
        ..Role::default()
    };
    let server = crate::observed::Server {
        roles: ["shop_owner", "shop_app", "hearth_pooler"].map(role).into(),
        databases: vec![SeenDatabase {
            name: "shop".to_owned(),
            owner: "shop_owner".to_owned(),
            grants: vec![grant("PUBLIC", "TEMPORARY"), grant("shop_app", "CONNECT")],
        }],
        lookup: Some(Lookup {
            source: LOOKUP.to_owned(),
            trusted: true,
            grants: vec![grant("postgres", "EXECUTE"), grant("hearth_pooler", "EXECUTE")],
        }),
    };
    let inside = Inside {
        extensions: words(&["plpgsql", "pg_trgm"]),
        schemas: vec![Schema {
            name: "public".to_owned(),
            owner: "pg_database_owner".to_owned(),
            grants: vec![grant("PUBLIC", "USAGE"), grant("shop_app", "USAGE")],
        }],
        relations: vec![
            table("products"),
            Relation {
                kind: "S".to_owned(),
                of_column: true,
                app: words(&["SELECT", "USAGE"]),
                ..table("products_id_seq")
            },
            Relation { app: words(&["SELECT"]), ..table("audit") },
        ],
        strange: Vec::new(),
        defaults: [
            ("r".to_owned(), words(&["SELECT", "INSERT", "UPDATE", "DELETE"])),
            ("S".to_owned(), words(&["SELECT", "USAGE"])),
        ]
        .into(),
    };
    Observed { server, inside: [("shop".to_owned(), inside)].into() }
}

/// The steps for all parts, in order.
fn whole(declared: &Manifest, passwords: &BTreeMap<String, Password>, observed: &Observed) -> Vec<Step> {
    declared.parts().flat_map(|part| plan(part, passwords, observed)).collect()
}

fn said(observed: &Observed) -> Vec<String> {
    whole(&manifest(), &passwords(), observed).iter().map(ToString::to_string).collect()
}

/// The steps of a server that was settled, and then changed.
fn after(change: impl FnOnce(&mut Observed)) -> Vec<Step> {
    let mut observed = settled();
    change(&mut observed);
    whole(&manifest(), &passwords(), &observed)
}

fn shop(observed: &mut Observed) -> &mut Inside {
    observed.inside.get_mut("shop").unwrap()
}

fn statements(steps: &[Step]) -> Vec<&str> {
    steps
        .iter()
        .map(|step| match &step.how {
            How::Sql(sql) => sql.as_str(),
            How::Password(_) => "password",
        })
        .collect()
}

#[test]
fn where_everything_is_as_declared_nothing_is_done() {
    assert_eq!(said(&settled()), Vec::<String>::new());
}

#[test]
fn on_an_empty_server_everything_is_made_roles_first() {
    assert_eq!(
        said(&Observed::default()),
        [
            "create role hearth_pooler",
            "set the password of role hearth_pooler",
            "make the function by which the pooler looks up who comes",
            "create role shop_owner",
            "set the password of role shop_owner",
            "create role shop_app",
            "set the password of role shop_app",
            "create database shop, owned by shop_owner",
            "let nobody else into database shop",
            "let shop_app into database shop",
            "shop: make extension pg_trgm",
            "shop: let shop_app use schema public",
            "shop: grant shop_app DELETE, INSERT, SELECT, UPDATE on tables that shop_owner will make",
            "shop: grant shop_app SELECT, USAGE on sequences that shop_owner will make",
        ]
    );
}

#[test]
fn no_step_holds_a_password_or_what_is_kept_of_one() {
    for step in whole(&manifest(), &passwords(), &Observed::default()) {
        let all = format!("{step:?}");
        assert!(!all.contains("secret of") && !all.contains("SCRAM"), "{all}");
    }
}

#[test]
fn another_password_in_the_secret_is_set_and_nothing_else() {
    let mut changed = passwords();
    changed.insert("shop_app".to_owned(), Password::new("another").unwrap());
    let steps = whole(&manifest(), &changed, &settled());
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].how, How::Password("shop_app".to_owned()));
}

#[test]
fn a_role_with_rights_beyond_its_database_loses_them() {
    let steps = after(|observed| {
        observed.server.roles[1].powers = words(&["SUPERUSER", "CREATEDB"]);
        observed.server.roles[1].member_of = words(&["shop_owner"]);
    });
    assert_eq!(steps[0].to_string(), "put role shop_app right: it has CREATEDB and SUPERUSER");
    assert_eq!(statements(&steps)[1], "REVOKE \"shop_owner\" FROM \"shop_app\";");
    assert_eq!(steps.len(), 2);
    let steps = after(|observed| observed.server.roles[0].login = false);
    assert_eq!(steps[0].to_string(), "put role shop_owner right: it cannot log in");
}

#[test]
fn a_grant_that_was_dropped_comes_back_and_one_that_is_left_to_migrations_does_not() {
    let steps = after(|observed| {
        shop(observed).relations[0].app = words(&["SELECT"]);
        shop(observed).relations[2].app.clear();
    });
    assert_eq!(steps[0].to_string(), "shop: grant shop_app DELETE, INSERT, SELECT, UPDATE on public.products");
    assert_eq!(
        statements(&steps),
        ["GRANT DELETE, INSERT, SELECT, UPDATE ON \"public\".\"products\" TO \"shop_app\";"]
    );
    let steps = after(|observed| shop(observed).relations[1].app.clear());
    assert_eq!(statements(&steps), ["GRANT SELECT, USAGE ON SEQUENCE \"public\".\"products_id_seq\" TO \"shop_app\";"]);
}

/// The steps for a server that was settled, where the app may do something else now.
fn app_may(privileges: impl IntoIterator<Item = Privilege>, observed: &Observed) -> Vec<Step> {
    let mut declared = manifest();
    declared.databases.get_mut("shop").unwrap().app_may = privileges.into_iter().collect();
    whole(&declared, &passwords(), observed)
}

#[test]
fn what_the_app_may_no_longer_do_is_taken_back_also_of_tables_to_come() {
    let steps = app_may([Privilege::Select], &settled());
    assert_eq!(
        statements(&steps),
        [
            "REVOKE DELETE, INSERT, UPDATE ON \"public\".\"products\" FROM \"shop_app\";",
            "ALTER DEFAULT PRIVILEGES FOR ROLE \"shop_owner\" REVOKE DELETE, INSERT, UPDATE ON TABLES FROM \"shop_app\";",
        ]
    );
    assert_eq!(steps[0].to_string(), "shop: take DELETE, INSERT, UPDATE on public.products from shop_app");
    assert_eq!(
        steps[1].to_string(),
        "shop: take DELETE, INSERT, UPDATE on tables that shop_owner will make from shop_app"
    );
}

#[test]
fn what_the_app_was_granted_beyond_the_declaration_is_taken_back() {
    let steps = after(|observed| {
        shop(observed).relations[0].app.insert("TRUNCATE".to_owned());
        shop(observed).relations[1].app.insert("UPDATE".to_owned());
        shop(observed).relations[2].app.insert("TRUNCATE".to_owned());
    });
    assert_eq!(
        statements(&steps),
        [
            "REVOKE TRUNCATE ON \"public\".\"products\" FROM \"shop_app\";",
            "REVOKE UPDATE ON SEQUENCE \"public\".\"products_id_seq\" FROM \"shop_app\";",
        ]
    );
}

#[test]
fn an_app_that_may_do_nothing_with_rows_is_granted_nothing_on_tables() {
    let new = app_may([], &Observed::default());
    assert!(statements(&new).iter().all(|sql| !sql.contains("GRANT  ON") && !sql.contains("ON TABLES")), "{new:?}");
    let settled = app_may([], &settled());
    assert_eq!(
        statements(&settled)[0],
        "REVOKE DELETE, INSERT, SELECT, UPDATE ON \"public\".\"products\" FROM \"shop_app\";"
    );
    assert_eq!(settled.len(), 2);
}

#[test]
fn many_tables_are_one_step_that_names_a_few() {
    let steps = after(|observed| {
        shop(observed).relations = (0..9).map(|n| Relation { app: words(&[]), ..table(&format!("t{n}")) }).collect();
    });
    assert_eq!(steps.len(), 1);
    assert!(
        steps[0].to_string().ends_with("on public.t0, public.t1, public.t2, public.t3, public.t4 and 4 more"),
        "{}",
        steps[0]
    );
    assert_eq!(statements(&steps)[0].lines().count(), 9);
}

#[test]
fn what_somebody_else_owns_becomes_the_owners_again_but_for_what_follows_its_table() {
    let steps = after(|observed| {
        observed.server.databases[0].owner = "postgres".to_owned();
        shop(observed).schemas[0].owner = "postgres".to_owned();
        shop(observed).relations[0].owner = "postgres".to_owned();
        shop(observed).relations[1].owner = "postgres".to_owned();
        let view = Relation { kind: "m".to_owned(), owner: "shop_app".to_owned(), ..table("O'Neill \"x\"") };
        shop(observed).relations.push(view);
        shop(observed).strange = vec![Strange {
            kind: "ROUTINE".to_owned(),
            name: "public.f(integer)".to_owned(),
            owner: "postgres".to_owned(),
        }];
    });
    assert_eq!(
        statements(&steps),
        [
            "ALTER DATABASE \"shop\" OWNER TO \"shop_owner\";",
            "ALTER SCHEMA \"public\" OWNER TO \"shop_owner\";",
            "ALTER TABLE \"public\".\"products\" OWNER TO \"shop_owner\";",
            "ALTER MATERIALIZED VIEW \"public\".\"O'Neill \"\"x\"\"\" OWNER TO \"shop_owner\";",
            "ALTER ROUTINE public.f(integer) OWNER TO \"shop_owner\";",
        ]
    );
    assert_eq!(steps[2].to_string(), "shop: make shop_owner the owner of public.products, which is postgres's");
}

#[test]
fn that_the_app_or_everybody_may_change_the_schema_is_taken_back() {
    let steps = after(|observed| {
        observed.server.databases[0].grants.extend([grant("PUBLIC", "CONNECT"), grant("shop_app", "CREATE")]);
        shop(observed).schemas[0].grants.extend([grant("PUBLIC", "CREATE"), grant("shop_app", "CREATE")]);
    });
    assert_eq!(
        statements(&steps),
        [
            "REVOKE CONNECT ON DATABASE \"shop\" FROM PUBLIC;",
            "REVOKE CREATE ON DATABASE \"shop\" FROM \"shop_app\";",
            "REVOKE CREATE ON SCHEMA \"public\" FROM PUBLIC;",
            "REVOKE CREATE ON SCHEMA \"public\" FROM \"shop_app\";",
        ]
    );
}

#[test]
fn a_function_of_the_pooler_that_everybody_may_call_or_that_says_more_is_made_anew() {
    let changes: [fn(&mut Lookup); 4] = [
        |lookup| lookup.grants.push(grant("PUBLIC", "EXECUTE")),
        |lookup| lookup.grants.clear(),
        |lookup| lookup.source.push_str("--"),
        |lookup| lookup.trusted = false,
    ];
    for change in changes {
        let steps = after(|observed| change(observed.server.lookup.as_mut().unwrap()));
        assert_eq!(steps.len(), 1);
        assert_eq!(steps[0].to_string(), "put the function by which the pooler looks up who comes right");
    }
}

#[test]
fn no_app_gets_into_what_every_server_has_and_the_pooler_keeps_the_way_that_it_takes() {
    let steps = after(|observed| {
        observed.server.databases.extend(["postgres", "template1"].map(|name| SeenDatabase {
            name: name.to_owned(),
            owner: "postgres".to_owned(),
            grants: vec![grant("PUBLIC", "CONNECT")],
        }));
    });
    assert_eq!(
        statements(&steps),
        [
            "GRANT CONNECT ON DATABASE \"postgres\" TO \"hearth_pooler\"; REVOKE CONNECT ON DATABASE \"postgres\" FROM PUBLIC;",
            "REVOKE CONNECT ON DATABASE \"template1\" FROM PUBLIC;",
        ]
    );
}
