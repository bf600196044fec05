//! Every command as a type, for tests that hold all of them against something.

use photoprism_protocol::audit::{AuditLs, AuditVerify};
use photoprism_protocol::auth::{
    AuthAdd, AuthLogin, AuthLogout, AuthLs, AuthReset, AuthRm, AuthShow, AuthVerify,
};
use photoprism_protocol::backup::{
    BackupCreate, BackupFetch, BackupLs, BackupPrune, BackupRestore, BackupRm, BackupSend,
    BackupVerify,
};
use photoprism_protocol::clock::{ClockReset, ClockShow};
use photoprism_protocol::command::Command;
use photoprism_protocol::doctor::Doctor;
use photoprism_protocol::logins::{LoginsClear, LoginsLs, LoginsRecord};
use photoprism_protocol::metrics::Metrics;
use photoprism_protocol::passwd::{PasswdRemove, PasswdSet};
use photoprism_protocol::status::{Ping, Status};
use photoprism_protocol::transfer::{UsersExport, UsersImport};
use photoprism_protocol::twofa::{
    Users2faConfirm, Users2faDisable, Users2faEnroll, Users2faRecovery, Users2faShow,
};
use photoprism_protocol::users::{
    UsersAdd, UsersAdopt, UsersLegacy, UsersLs, UsersMod, UsersRename, UsersReset, UsersRestore,
    UsersRm, UsersShow,
};
use photoprism_protocol::why::UsersWhy;
use schemars::JsonSchema;

/// What a test needs of each command.
pub(crate) trait Visit {
    type Row;

    fn row<T: Command<Args: JsonSchema, Reply: JsonSchema>>() -> Self::Row;
}

/// That of all of them.
pub(crate) fn visit_all<V: Visit>() -> [V::Row; 47] {
    [
        V::row::<Ping>(),
        V::row::<Status>(),
        V::row::<UsersLs>(),
        V::row::<UsersLegacy>(),
        V::row::<UsersShow>(),
        V::row::<UsersAdd>(),
        V::row::<UsersMod>(),
        V::row::<UsersRm>(),
        V::row::<UsersRestore>(),
        V::row::<UsersAdopt>(),
        V::row::<UsersRename>(),
        V::row::<UsersReset>(),
        V::row::<PasswdSet>(),
        V::row::<PasswdRemove>(),
        V::row::<AuditLs>(),
        V::row::<AuditVerify>(),
        V::row::<AuthAdd>(),
        V::row::<AuthLs>(),
        V::row::<AuthShow>(),
        V::row::<AuthRm>(),
        V::row::<AuthReset>(),
        V::row::<AuthLogin>(),
        V::row::<AuthVerify>(),
        V::row::<AuthLogout>(),
        V::row::<LoginsLs>(),
        V::row::<LoginsRecord>(),
        V::row::<LoginsClear>(),
        V::row::<Doctor>(),
        V::row::<Metrics>(),
        V::row::<BackupCreate>(),
        V::row::<BackupLs>(),
        V::row::<BackupVerify>(),
        V::row::<BackupRestore>(),
        V::row::<BackupRm>(),
        V::row::<BackupPrune>(),
        V::row::<BackupFetch>(),
        V::row::<BackupSend>(),
        V::row::<ClockShow>(),
        V::row::<ClockReset>(),
        V::row::<UsersExport>(),
        V::row::<UsersImport>(),
        V::row::<UsersWhy>(),
        V::row::<Users2faShow>(),
        V::row::<Users2faEnroll>(),
        V::row::<Users2faConfirm>(),
        V::row::<Users2faDisable>(),
        V::row::<Users2faRecovery>(),
    ]
}
