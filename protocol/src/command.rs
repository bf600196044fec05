//! Every command of the protocol: its name, the right it needs, whether it destroys.

use crate::level::Level;

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
    /// What is wrong with the installation.
    Doctor,
    /// Figures for monitoring.
    Metrics,
    /// The audit record of every write.
    AuditLs,
    /// Whether the audit record is intact.
    AuditVerify,
}

use CommandName as C;

impl CommandName {
    /// Every command, in the order of the declaration.
    pub const ALL: [Self; 41] = [
        C::Ping,
        C::Status,
        C::UsersLs,
        C::UsersLegacy,
        C::UsersShow,
        C::UsersAdd,
        C::UsersMod,
        C::UsersRm,
        C::UsersRestore,
        C::UsersReset,
        C::PasswdSet,
        C::PasswdRemove,
        C::LoginsLs,
        C::LoginsRecord,
        C::LoginsClear,
        C::AuthLs,
        C::AuthAdd,
        C::AuthShow,
        C::AuthRm,
        C::AuthReset,
        C::AuthLogin,
        C::AuthVerify,
        C::AuthLogout,
        C::UsersWhy,
        C::Users2faShow,
        C::Users2faEnroll,
        C::Users2faConfirm,
        C::Users2faDisable,
        C::Users2faRecovery,
        C::UsersRename,
        C::UsersAdopt,
        C::UsersImport,
        C::UsersExport,
        C::BackupCreate,
        C::BackupLs,
        C::BackupVerify,
        C::BackupRestore,
        C::Doctor,
        C::Metrics,
        C::AuditLs,
        C::AuditVerify,
    ];

    /// The name on the wire, `noun.verb`.
    pub const fn name(self) -> &'static str {
        match self {
            C::Ping => "ping",
            C::Status => "status",
            C::UsersLs => "users.ls",
            C::UsersLegacy => "users.legacy",
            C::UsersShow => "users.show",
            C::UsersAdd => "users.add",
            C::UsersMod => "users.mod",
            C::UsersRm => "users.rm",
            C::UsersRestore => "users.restore",
            C::UsersReset => "users.reset",
            C::PasswdSet => "passwd.set",
            C::PasswdRemove => "passwd.remove",
            C::LoginsLs => "logins.ls",
            C::LoginsRecord => "logins.record",
            C::LoginsClear => "logins.clear",
            C::AuthLs => "auth.ls",
            C::AuthAdd => "auth.add",
            C::AuthShow => "auth.show",
            C::AuthRm => "auth.rm",
            C::AuthReset => "auth.reset",
            C::AuthLogin => "auth.login",
            C::AuthVerify => "auth.verify",
            C::AuthLogout => "auth.logout",
            C::UsersWhy => "users.why",
            C::Users2faShow => "users.2fa.show",
            C::Users2faEnroll => "users.2fa.enroll",
            C::Users2faConfirm => "users.2fa.confirm",
            C::Users2faDisable => "users.2fa.disable",
            C::Users2faRecovery => "users.2fa.recovery",
            C::UsersRename => "users.rename",
            C::UsersAdopt => "users.adopt",
            C::UsersImport => "users.import",
            C::UsersExport => "users.export",
            C::BackupCreate => "backup.create",
            C::BackupLs => "backup.ls",
            C::BackupVerify => "backup.verify",
            C::BackupRestore => "backup.restore",
            C::Doctor => "doctor",
            C::Metrics => "metrics",
            C::AuditLs => "audit.ls",
            C::AuditVerify => "audit.verify",
        }
    }

    /// The least right that a peer needs: the one table of the project.
    pub const fn access(self) -> Level {
        match self {
            C::Ping | C::LoginsRecord | C::AuthLogin | C::AuthVerify | C::AuthLogout => {
                Level::Verify
            }
            C::Status
            | C::UsersLs
            | C::UsersLegacy
            | C::UsersShow
            | C::LoginsLs
            | C::AuthLs
            | C::AuthShow
            | C::UsersWhy
            | C::Users2faShow
            | C::Doctor
            | C::Metrics
            | C::AuditLs
            | C::AuditVerify => Level::Read,
            C::UsersAdd
            | C::UsersMod
            | C::UsersRm
            | C::UsersRestore
            | C::PasswdSet
            | C::PasswdRemove
            | C::AuthAdd
            | C::AuthRm
            | C::Users2faEnroll
            | C::Users2faConfirm
            | C::Users2faDisable
            | C::Users2faRecovery
            | C::UsersRename => Level::Write,
            C::UsersReset
            | C::LoginsClear
            | C::AuthReset
            | C::UsersAdopt
            | C::UsersImport
            | C::UsersExport
            | C::BackupCreate
            | C::BackupLs
            | C::BackupVerify
            | C::BackupRestore => Level::Admin,
        }
    }

    /// Whether the daemon refuses it without `"confirm":true`.
    pub const fn needs_confirm(self) -> bool {
        matches!(
            self,
            C::UsersRm
                | C::UsersReset
                | C::PasswdRemove
                | C::LoginsClear
                | C::AuthRm
                | C::AuthReset
                | C::BackupRestore
        )
    }

    /// Whether an idempotency key may come with it.
    pub const fn takes_key(self) -> bool {
        matches!(self.access(), Level::Write | Level::Admin)
    }

    /// The command of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_lists_every_command_once() {
        for (position, command) in C::ALL.into_iter().enumerate() {
            assert_eq!(command as usize, position);
            assert_eq!(C::parse(command.name()), Some(command));
        }
        assert_eq!(C::parse("users"), None);
        assert_eq!(C::parse(""), None);
    }

    #[test]
    fn what_destroys_writes() {
        for command in C::ALL.into_iter().filter(|command| command.needs_confirm()) {
            assert!(command.takes_key(), "{}", command.name());
        }
    }
}
