//! A fake machine to read settings on: an environment, a uid and a temporary directory.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{ConfigError, Loaded, Process, Start, load};

pub(crate) struct Machine {
    pub(crate) env: BTreeMap<String, OsString>,
    pub(crate) directory: tempfile::TempDir,
    pub(crate) uid: u32,
    pub(crate) cores: usize,
    pub(crate) passed: bool,
}

impl Machine {
    /// A user other than root, with the usual directories, which do not exist.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), PermissionsExt::from_mode(0o750)).unwrap();
        Self { env: BTreeMap::new(), directory, uid: 1000, cores: 2, passed: false }
            .env("HOME", "/nonexistent/home")
            .env("XDG_DATA_HOME", "/nonexistent/data")
            .env("XDG_RUNTIME_DIR", "/nonexistent/run")
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.env.remove(name);
        self
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The path of a new file in the directory.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.directory().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The path of a new subdirectory with this mode.
    pub(crate) fn create(&self, name: &str, mode: u32) -> String {
        let path = self.directory().join(name);
        std::fs::create_dir_all(&path).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A path in the directory, existing or not.
    pub(crate) fn path(&self, name: &str) -> String {
        self.directory().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn lookup(&self) -> impl Fn(&str) -> Option<OsString> {
        |name| self.env.get(name).cloned()
    }

    pub(crate) fn start(&self, args: &[&str]) -> Result<Start, ConfigError> {
        let env = self.lookup();
        let (uid, cores, admin_socket_passed) = (self.uid, self.cores, self.passed);
        let process = Process { env: &env, uid, cores, admin_socket_passed };
        load(std::iter::once(&"photoprismd").chain(args).map(OsString::from), &process)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Result<Loaded, ConfigError> {
        match self.start(args)? {
            Start::Run(loaded) => Ok(loaded),
            start @ (Start::Print(_) | Start::PrintSchema | Start::Check(_)) => panic!("{start:?}"),
        }
    }

    /// The message of the refusal; asserts that the exit code is 2.
    pub(crate) fn refusal(&self, args: &[&str]) -> String {
        let error = self.run(args).expect_err("refused");
        assert_eq!(error.exit_code(), 2);
        error.to_string()
    }
}
