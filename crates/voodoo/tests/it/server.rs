//! The real binary, with data of its own; it ends with the test.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use voodoo_proof::run::server::{self, Program};

/// A server without an owner at first. What goes wrong with it fails the test.
pub(crate) struct Server(server::Server);

impl Server {
    /// Starts the binary on fresh data, with settings from the environment.
    pub(crate) fn start(name: &str, settings: &[(&str, &str)]) -> Self {
        Self::start_under(&[], name, settings)
    }

    /// Starts the binary under another program, which gets it as its last arguments.
    pub(crate) fn start_under(under: &[&str], name: &str, settings: &[(&str, &str)]) -> Self {
        let under = under.iter().map(|&word| word.to_owned()).collect();
        Self(server::Server::start(Program { under, ..program(name, settings) }).unwrap())
    }

    /// Ends the process as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
    }

    /// Starts it again where it was, on the same data.
    pub(crate) fn restart(&mut self) {
        self.0.restart().unwrap();
    }

    /// Starts it again where it was, on other data.
    pub(crate) fn restart_on(&mut self, data: &Path) {
        self.0.restart_on(data).unwrap();
    }

    /// Waits until the process has ended by itself; gives its exit code.
    pub(crate) fn wait(&mut self) -> Option<i32> {
        self.0.wait().unwrap().code()
    }
}

impl Deref for Server {
    type Target = server::Server;

    fn deref(&self) -> &server::Server {
        &self.0
    }
}

/// The binary on data of its own, without a listener for metrics unless a setting asks for one.
pub(crate) fn program(name: &str, settings: &[(&str, &str)]) -> Program {
    let settings = [&[("VOODOO_HTTP__ADMIN_LISTEN", "")], settings].concat();
    let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Program {
        under: Vec::new(),
        binary: env!("CARGO_BIN_EXE_voodoo").into(),
        data: data_of(name),
        settings: settings.iter().map(own).collect(),
    }
}

/// A folder of its own for a test.
pub(crate) fn data_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}
