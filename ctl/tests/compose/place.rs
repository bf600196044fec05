//! PhotoPrism's directory, with the files that were copied to it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::common::{Output, binary, output};

pub(crate) const SQLITE: &str = "services:
  photoprism:
    image: photoprism/photoprism:latest
    environment:
      # PHOTOPRISM_DATABASE_DRIVER: \"mysql\"
      PHOTOPRISM_DATABASE_DRIVER: \"sqlite\"            # SQLite is an embedded database
    volumes:
      - \"./storage:/photoprism/storage\"                  # *Writable* storage directory
";

/// The environment of PhotoPrism's container, by `docker`.
const DOCKER: &str = "#!/bin/sh
echo \"$*\" >> docker.log
cat environment
";

pub(crate) struct Place(TempDir);

impl Place {
    /// With that as `compose.yaml`, and accounts in SQLite that belong to 1000.
    pub(crate) fn new(compose: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(place.path("storage")).unwrap();
        place.write("compose.yaml", compose);
        place.write("storage/index.db", "");
        for name in ["photoprism-admin", "compose.photoprism.yaml", "compose.photoprism-url.yaml"] {
            place.write(name, "");
        }
        place
    }

    /// The same with MariaDB; PhotoPrism's container has variables.
    pub(crate) fn with_mariadb() -> Self {
        let place = Self::new(&SQLITE.replace("\"sqlite\"", "\"mysql\""));
        place.write("compose.photoprism-mariadb.yaml", "");
        place.write(
            "environment",
            "PATH=/usr/bin\nPHOTOPRISM_DATABASE_SERVER=mariadb:3306\n\
             PHOTOPRISM_DATABASE_PASSWORD=canary of $HOME #1 \"x\"\nPHOTOPRISM_ADMIN_USER=admin\n",
        );
        place.write("docker", DOCKER);
        fs::set_permissions(place.path("docker"), fs::Permissions::from_mode(0o755)).unwrap();
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o7777
    }

    pub(crate) fn command(&self, flags: &str) -> Command {
        let words = ["admin", "compose"].into_iter().chain(flags.split_whitespace());
        let mut command = binary(words);
        let path = format!("{}:/usr/bin:/bin", self.0.path().display());
        command.current_dir(self.0.path()).env("PATH", path);
        command
    }

    pub(crate) fn run(&self, flags: &str) -> Output {
        output(&mut self.command(flags))
    }

    pub(crate) fn succeed(&self, flags: &str) -> Output {
        let output = self.run(flags);
        assert_eq!(output.code, Some(0), "{output:?}");
        output
    }

    /// Numbers of user and group of a file, as lines of `.env`.
    pub(crate) fn owner(&self, name: &str) -> String {
        use std::os::unix::fs::MetadataExt;
        let found = fs::metadata(self.path(name)).unwrap();
        format!("PHOTOPRISM_UID={}\nPHOTOPRISM_GID={}\n", found.uid(), found.gid())
    }

    /// What is added to `.env` in a plain directory.
    pub(crate) fn block(&self, files: &str) -> String {
        let owner = self.owner("storage/index.db");
        format!("{BEGIN}\nCOMPOSE_FILE={files}\n{owner}{END}\n")
    }
}

pub(crate) const BEGIN: &str =
    "# for photoprism-admin; taken back by: photoprism admin compose --undo";
pub(crate) const END: &str = "# end of that";
