//! Never the wrong database: where the environment mentions PhotoPrism's own database and nobody
//! chose one, the daemon does not guess.

use std::ffi::OsString;
use std::path::Path;

use photoprism_protocol::setting_path::check_path;

use super::error::ConfigError;
use super::file::shown;
use super::paths::DefaultPaths;

const DRIVER: &str = "PHOTOPRISM_DATABASE_DRIVER";
const DSN: &str = "PHOTOPRISM_DATABASE_DSN";
const STORAGE: &str = "PHOTOPRISM_STORAGE_PATH";

/// Call this only where no `--database` was given.
pub(crate) fn check(
    env: &dyn Fn(&str) -> Option<OsString>,
    places: &DefaultPaths,
) -> Result<(), ConfigError> {
    let given = |name: &str| env(name).filter(|text| !text.is_empty());
    let (driver, dsn) = (given(DRIVER), given(DSN));
    let storage = given(STORAGE);
    if let Some(Err(rule)) = storage.as_deref().map(check_path) {
        // Anything after the directory's name would hide the index.db that exists in it.
        return Err(ConfigError::WhichDatabase(format!(
            "the variable {STORAGE} {rule}, or choose the database with --database"
        )));
    }
    let storage = storage.and_then(|directory| std::path::absolute(directory).ok());
    let index = storage.as_ref().is_some_and(|directory| directory.join("index.db").exists());
    let found: Vec<&str> = [(driver.is_some(), DRIVER), (dsn.is_some(), DSN), (index, STORAGE)]
        .into_iter()
        .filter_map(|(found, name)| found.then_some(name))
        .collect();
    if found.is_empty() {
        return Ok(());
    }
    let text = |value: Option<OsString>| value.unwrap_or_default().to_string_lossy().to_lowercase();
    let server = is_server(&text(driver), &text(dsn));
    Err(ConfigError::WhichDatabase(message(
        &found.join(", "),
        server,
        &choices(places, storage.as_deref()),
    )))
}

/// Whether PhotoPrism uses MariaDB: by the driver's name or, without one, by the form of the
/// address.
fn is_server(driver: &str, dsn: &str) -> bool {
    match driver {
        "" => ["mysql:", "mariadb:", "@tcp(", "@unix(", "@/"].iter().any(|part| dsn.contains(part)),
        _ => driver.contains("mysql") || driver.contains("mariadb"),
    }
}

struct Choices {
    photoprism: String,
    own: String,
}

/// The address of the database is never shown: there may be a password in it.
fn choices(places: &DefaultPaths, storage: Option<&Path>) -> Choices {
    let shell = |path: &Path| shown(path).replace(' ', "\\ ");
    Choices {
        photoprism: storage.map_or_else(|| "STORAGE-DIRECTORY".into(), shell),
        own: places.database.as_deref().map_or_else(|_| "DIRECTORY/admin.db".into(), shell),
    }
}

fn message(found: &str, server: bool, choices: &Choices) -> String {
    let Choices { photoprism, own } = choices;
    if server {
        return format!(
            "the environment speaks of PhotoPrism's own database ({found}), which is MariaDB, and it \
             is not said which one is meant. Choose: --database mysql:// for the accounts there, or \
             --database {own} for a database of the daemon's own"
        );
    }
    format!(
        "the environment speaks of PhotoPrism's own database ({found}), and it is not said which \
         one is meant. Choose: --database {photoprism} for the accounts of PhotoPrism (the \
         index.db in that directory), or --database {own} for a database of the daemon's own"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::testing::Machine;

    fn refusal(machine: &Machine) -> String {
        let error = machine.run(&[]).unwrap_err();
        assert!(matches!(error, ConfigError::WhichDatabase(_)), "{error}");
        assert_eq!(error.exit_code(), 2);
        error.to_string()
    }

    #[test]
    fn each_sign_of_photoprism_stops_the_start_and_names_both_choices() {
        for (name, value) in
            [(DRIVER, "sqlite"), (DSN, "/photoprism/storage/index.db?_busy_timeout=5000")]
        {
            let message = refusal(&Machine::new().env(name, value));
            assert!(message.contains(name), "{message}");
            assert!(message.contains("--database STORAGE-DIRECTORY for the accounts"), "{message}");
            assert!(message.contains("/data/photoprism/admin.db for a database of"), "{message}");
            assert!(!message.contains("MariaDB"), "{message}");
        }
        let machine = Machine::new();
        machine.file("index.db", "");
        let storage = machine.directory().to_owned();
        let message = refusal(&machine.env(STORAGE, storage.to_str().unwrap()));
        assert!(message.contains(STORAGE));
        assert!(message.contains(&format!("--database {} for", storage.display())), "{message}");
    }

    #[test]
    fn mariadb_is_one_of_the_choices_and_its_address_is_not_shown() {
        let dsn = "photoprism:hunter22@tcp(mariadb:3306)/photoprism?charset=utf8mb4";
        for machine in [
            Machine::new().env(DRIVER, "mysql"),
            Machine::new().env(DRIVER, "MariaDB").env(DSN, dsn),
            Machine::new().env(DSN, dsn),
        ] {
            let message = refusal(&machine);
            assert!(message.contains("--database mysql:// for the accounts there"), "{message}");
            assert!(message.contains("/data/photoprism/admin.db"), "{message}");
            assert!(!message.contains("hunter22"), "{message}");
        }
    }

    #[test]
    fn it_is_silent_where_a_database_is_chosen() {
        let machine = Machine::new().env(DRIVER, "mysql").env(DSN, "x");
        let database = machine.directory().join("a.db").to_str().unwrap().to_owned();
        assert!(machine.run(&["--database", &database]).is_ok());
        let config = machine.file("settings", &format!("PHOTOPRISM_ADMIN_DATABASE={database}"));
        assert!(machine.run(&["--config", &config]).is_ok());
        assert!(machine.env("PHOTOPRISM_ADMIN_DATABASE", &database).run(&[]).is_ok());
    }

    #[test]
    fn it_is_silent_without_a_sign() {
        let machine = Machine::new().env(DRIVER, "").env(DSN, "");
        let storage = machine.directory().to_str().unwrap().to_owned();
        assert!(machine.env(STORAGE, &storage).run(&[]).is_ok());
    }

    #[test]
    fn a_home_that_is_missing_does_not_hide_it() {
        let machine = Machine::new().without("HOME").without("XDG_DATA_HOME").env(DRIVER, "sqlite");
        assert!(refusal(&machine).contains("--database DIRECTORY/admin.db"));
    }
}
