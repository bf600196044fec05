//! What comes through a pipe: read once, at the start.

use std::fs::OpenOptions;
use std::io::Write;
use std::thread::{self, JoinHandle};

use nix::sys::stat::Mode;

use crate::config::testing::Machine;
use crate::config::{AdminPassword, When};

/// A named pipe, and a thread that writes the text into it once, byte by byte.
fn pipe(machine: &Machine, name: &str, text: &str) -> (String, JoinHandle<()>) {
    let path = machine.path(name);
    nix::unistd::mkfifo(path.as_str(), Mode::from_bits_truncate(0o600)).unwrap();
    let (end, text) = (path.clone(), text.to_owned());
    let writer = thread::spawn(move || {
        let mut pipe = OpenOptions::new().write(true).open(end).unwrap();
        for byte in text.as_bytes() {
            pipe.write_all(&[*byte]).unwrap();
        }
    });
    (path, writer)
}

#[test]
fn a_file_of_settings_may_be_a_pipe_with_the_password_in_it() {
    let machine = Machine::new();
    let comment = format!("# {}\n", "x".repeat(10_000));
    let text = format!(
        "{comment}PHOTOPRISM_ADMIN_MAX_LINE=2048\nPHOTOPRISM_ADMIN_PASSWORD=correct horse\n"
    );
    let (path, writer) = pipe(&machine, "settings", &text);
    let mut loaded = machine.run(&["--config", &path]).unwrap();
    writer.join().unwrap();
    assert_eq!(loaded.settings.limits.max_line, 2048);
    let password = &loaded.settings.admin_password;
    assert!(matches!(password, AdminPassword::Fixed(..)), "{password:?}");
    assert!(!format!("{loaded:?}").contains("correct horse"));
    for when in [When::Start, When::Serving] {
        let read = password.read(&machine.lookup(), when).unwrap().unwrap();
        assert_eq!(read.expose(), "correct horse");
    }
    assert!(password.source().to_string().ends_with("settings:3"), "{}", password.source());
    // There is no writer any more: opening it again would wait for ever.
    let before = loaded.settings.clone();
    let error = loaded.reload(None).unwrap_err().to_string();
    assert!(error.contains("is a pipe, which can be read at the start alone"), "{error}");
    assert_eq!(loaded.settings, before);
}

#[test]
fn a_password_file_may_be_a_pipe_that_is_read_at_the_start() {
    for (text, password) in [("x", "x"), ("correct horse\n", "correct horse")] {
        let machine = Machine::new();
        let (path, writer) = pipe(&machine, "password", text);
        let settings = machine.run(&["--admin-password-file", &path]).unwrap().settings;
        let given = settings.admin_password.read(&machine.lookup(), When::Start).unwrap().unwrap();
        assert_eq!(given.expose(), password);
        writer.join().unwrap();
        let error = settings.admin_password.read(&machine.lookup(), When::Serving).unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("admin-password-file: "), "{message}");
        assert!(message.contains("is a pipe"), "{message}");
    }
    let machine = Machine::new();
    let (path, writer) = pipe(&machine, "password", &"x".repeat(4097));
    let settings = machine.run(&["--admin-password-file", &path]).unwrap().settings;
    let error = settings.admin_password.read(&machine.lookup(), When::Start).unwrap_err();
    assert!(error.to_string().contains("larger than 4096"), "{error}");
    writer.join().unwrap();
}
