//! Every command of the protocol: the one table of names, rights and confirmations, and what a
//! command is as a type.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::args::{self, ArgError, Entries};
use crate::level::Level;
use crate::secret::Secret;

/// A command, by name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommandName {
    /// Checks that the daemon replies.
    Ping,
    /// State of the daemon.
    Status,
    /// Accounts.
    UsersLs,
    /// Accounts of the legacy table.
    UsersLegacy,
    /// One account.
    UsersShow,
    /// Creates an account.
    UsersAdd,
    /// Changes an account.
    UsersMod,
    /// Deletes an account.
    UsersRm,
    /// Restores a deleted account.
    UsersRestore,
    /// Removes all accounts.
    UsersReset,
    /// Sets a password.
    PasswdSet,
    /// Removes a password.
    PasswdRemove,
    /// Login attempts.
    LoginsLs,
    /// Records an attempt that another program checked.
    LoginsRecord,
    /// Clears records and bans.
    LoginsClear,
    /// Sessions.
    AuthLs,
    /// Creates an app password or an access token.
    AuthAdd,
    /// One session.
    AuthShow,
    /// Ends a session.
    AuthRm,
    /// Ends all sessions.
    AuthReset,
    /// Checks a login.
    AuthLogin,
    /// Checks a token.
    AuthVerify,
    /// Ends the session of a token.
    AuthLogout,
    /// Why somebody cannot log in.
    UsersWhy,
    /// Two-factor authentication of an account.
    Users2faShow,
    /// Begins its enrolment.
    Users2faEnroll,
    /// Completes its enrolment.
    Users2faConfirm,
    /// Turns it off.
    Users2faDisable,
    /// Creates a new recovery code.
    Users2faRecovery,
    /// Gives an account another name.
    UsersRename,
    /// Creates accounts from legacy rows.
    UsersAdopt,
    /// Creates accounts from a file.
    UsersImport,
    /// Exports accounts.
    UsersExport,
    /// Creates a backup.
    BackupCreate,
    /// Lists backups.
    BackupLs,
    /// Checks a backup.
    BackupVerify,
    /// Restores a backup.
    BackupRestore,
    /// Deletes a backup.
    BackupRm,
    /// Deletes the oldest manual backups.
    BackupPrune,
    /// Sends the file of a backup to the client.
    BackupFetch,
    /// Takes the file of a backup from the client.
    BackupSend,
    /// What is wrong with the installation.
    Doctor,
    /// Figures for monitoring.
    Metrics,
    /// The audit record of every write.
    AuditLs,
    /// Whether the audit record is intact.
    AuditVerify,
    /// The clock, and the floor under "now".
    ClockShow,
    /// Sets the floor to the clock.
    ClockReset,
}

use CommandName as C;

/// A command's row in the one table.
#[derive(Clone, Copy)]
struct Entry {
    command: CommandName,
    name: &'static str,
    access: Level,
    confirm: bool,
}

impl Entry {
    const fn new(command: CommandName, name: &'static str, access: Level) -> Self {
        Self { command, name, access, confirm: false }
    }

    /// It destroys something: it needs `"confirm":true`.
    const fn confirmed(self) -> Self {
        Self { confirm: true, ..self }
    }
}

/// Name on the wire, least right, confirmation: in the order of the declaration.
const TABLE: [Entry; 47] = [
    Entry::new(C::Ping, "ping", Level::Verify),
    Entry::new(C::Status, "status", Level::Read),
    Entry::new(C::UsersLs, "users.ls", Level::Read),
    Entry::new(C::UsersLegacy, "users.legacy", Level::Read),
    Entry::new(C::UsersShow, "users.show", Level::Read),
    Entry::new(C::UsersAdd, "users.add", Level::Write),
    Entry::new(C::UsersMod, "users.mod", Level::Write),
    Entry::new(C::UsersRm, "users.rm", Level::Write).confirmed(),
    Entry::new(C::UsersRestore, "users.restore", Level::Write),
    Entry::new(C::UsersReset, "users.reset", Level::Admin).confirmed(),
    Entry::new(C::PasswdSet, "passwd.set", Level::Write),
    Entry::new(C::PasswdRemove, "passwd.remove", Level::Write).confirmed(),
    Entry::new(C::LoginsLs, "logins.ls", Level::Read),
    Entry::new(C::LoginsRecord, "logins.record", Level::Verify),
    Entry::new(C::LoginsClear, "logins.clear", Level::Admin).confirmed(),
    Entry::new(C::AuthLs, "auth.ls", Level::Read),
    Entry::new(C::AuthAdd, "auth.add", Level::Write),
    Entry::new(C::AuthShow, "auth.show", Level::Read),
    Entry::new(C::AuthRm, "auth.rm", Level::Write).confirmed(),
    Entry::new(C::AuthReset, "auth.reset", Level::Admin).confirmed(),
    Entry::new(C::AuthLogin, "auth.login", Level::Verify),
    Entry::new(C::AuthVerify, "auth.verify", Level::Verify),
    Entry::new(C::AuthLogout, "auth.logout", Level::Verify),
    Entry::new(C::UsersWhy, "users.why", Level::Read),
    Entry::new(C::Users2faShow, "users.2fa.show", Level::Read),
    Entry::new(C::Users2faEnroll, "users.2fa.enroll", Level::Write),
    Entry::new(C::Users2faConfirm, "users.2fa.confirm", Level::Write),
    Entry::new(C::Users2faDisable, "users.2fa.disable", Level::Write),
    Entry::new(C::Users2faRecovery, "users.2fa.recovery", Level::Write),
    Entry::new(C::UsersRename, "users.rename", Level::Write),
    Entry::new(C::UsersAdopt, "users.adopt", Level::Admin),
    Entry::new(C::UsersImport, "users.import", Level::Admin),
    Entry::new(C::UsersExport, "users.export", Level::Admin),
    Entry::new(C::BackupCreate, "backup.create", Level::Admin),
    Entry::new(C::BackupLs, "backup.ls", Level::Admin),
    Entry::new(C::BackupVerify, "backup.verify", Level::Admin),
    Entry::new(C::BackupRestore, "backup.restore", Level::Admin).confirmed(),
    Entry::new(C::BackupRm, "backup.rm", Level::Admin).confirmed(),
    Entry::new(C::BackupPrune, "backup.prune", Level::Admin).confirmed(),
    Entry::new(C::BackupFetch, "backup.fetch", Level::Admin),
    Entry::new(C::BackupSend, "backup.send", Level::Admin),
    Entry::new(C::Doctor, "doctor", Level::Read),
    Entry::new(C::Metrics, "metrics", Level::Read),
    Entry::new(C::AuditLs, "audit.ls", Level::Read),
    Entry::new(C::AuditVerify, "audit.verify", Level::Read),
    Entry::new(C::ClockShow, "clock.show", Level::Read),
    Entry::new(C::ClockReset, "clock.reset", Level::Admin).confirmed(),
];

impl CommandName {
    /// Every command, in the order of the declaration.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|entry| entry.command)
    }

    const fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }

    /// The name on the wire, `noun.verb`.
    pub const fn name(self) -> &'static str {
        self.entry().name
    }

    /// The least right that a peer needs.
    pub const fn access(self) -> Level {
        self.entry().access
    }

    /// Whether the daemon refuses it without `"confirm":true`.
    pub const fn needs_confirm(self) -> bool {
        self.entry().confirm
    }

    /// Whether an idempotency key may come with it.
    pub const fn takes_key(self) -> bool {
        matches!(self.access(), Level::Write | Level::Admin)
    }

    /// The command of that name.
    pub fn parse(name: &str) -> Option<Self> {
        TABLE.iter().find(|entry| entry.name == name).map(|entry| entry.command)
    }
}

/// A command as a type: what it takes and what it returns.
pub trait Command {
    const NAME: CommandName;
    type Args: Arguments;
    type Reply: Serialize + DeserializeOwned + 'static;

    /// The account's new password among the arguments. The daemon hashes it, and compares it with
    /// that of an earlier request of the same idempotency key by its hash.
    fn password(_: &mut Self::Args) -> Option<&mut Secret> {
        None
    }
}

/// The arguments of a command.
pub trait Arguments: Serialize + Sized {
    /// Decodes them from the `args` of a request, strictly.
    ///
    /// # Errors
    /// The first [`ArgError`]: in the order of the line, what is missing last.
    fn decode(entries: Entries<'_>) -> Result<Self, ArgError>;
}

impl<T: Serialize + DeserializeOwned> Arguments for T {
    fn decode(entries: Entries<'_>) -> Result<Self, ArgError> {
        args::decode(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lists_every_command_once() {
        for (position, command) in C::all().enumerate() {
            assert_eq!(command as usize, position);
            assert_eq!(C::parse(command.name()), Some(command));
        }
        assert_eq!(C::parse("users"), None);
        assert_eq!(C::parse(""), None);
    }

    #[test]
    fn what_destroys_writes() {
        for command in C::all().filter(|command| command.needs_confirm()) {
            assert!(command.takes_key(), "{}", command.name());
        }
    }
}
