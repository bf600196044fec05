//! The one match over all commands.

use photoprism_protocol::command::CommandName as C;

use super::{backup, import};
use crate::commands;
use crate::commands::{Answer, Runner};
use crate::error::CommandError;

pub(super) async fn dispatch(call: &Runner<'_>) -> Answer {
    if call.app.is_stopping() {
        return Err(CommandError::Unavailable("the daemon is stopping; try again".into()));
    }
    match call.context.permit.command() {
        C::Ping => commands::ping::run(call),
        C::Status => commands::status::run(call).await,
        C::UsersLs => commands::users::ls::run(call).await,
        C::UsersLegacy => commands::users::legacy::run(call).await,
        C::UsersShow => commands::users::show::run(call).await,
        C::UsersAdd => commands::users::add::run(call).await,
        C::UsersMod => commands::users::modify::run(call).await,
        C::UsersRm => commands::users::rm::run(call).await,
        C::UsersRestore => commands::users::restore::run(call).await,
        C::UsersReset => commands::users::reset::run(call).await,
        C::PasswdSet => commands::passwd::set::run(call).await,
        C::PasswdRemove => commands::passwd::remove::run(call).await,
        C::AuditLs => commands::audit::ls::run(call).await,
        C::AuditVerify => commands::audit::verify::run(call).await,
        C::LoginsLs => commands::logins::ls::run(call).await,
        C::LoginsRecord => commands::logins::record::run(call).await,
        C::LoginsClear => commands::logins::clear::run(call).await,
        C::AuthLs => commands::auth::ls::run(call).await,
        C::AuthAdd => commands::auth::add::run(call).await,
        C::AuthShow => commands::auth::show::run(call).await,
        C::AuthRm => commands::auth::rm::run(call).await,
        C::AuthReset => commands::auth::reset::run(call).await,
        C::AuthLogin => commands::login::run(call).await,
        C::AuthVerify => commands::auth::verify::run(call).await,
        C::AuthLogout => commands::auth::logout::run(call).await,
        C::UsersWhy => commands::users::why::run(call).await,
        C::Users2faShow => commands::users::twofa::show::run(call).await,
        C::Users2faEnroll => commands::users::twofa::enroll::run(call).await,
        C::Users2faConfirm => commands::users::twofa::confirm::run(call).await,
        C::Users2faDisable => commands::users::twofa::disable::run(call).await,
        C::Users2faRecovery => commands::users::twofa::recovery::run(call).await,
        C::Metrics => commands::metrics::run(call).await,
        C::UsersExport => commands::users::export::run(call).await,
        C::UsersImport => import::import(call).await,
        C::Doctor => commands::doctor::run(call).await,
        C::UsersRename => commands::users::rename::run(call).await,
        C::BackupCreate => backup::create(call).await,
        C::BackupLs => backup::ls(call).await,
        C::BackupVerify => backup::verify(call).await,
        C::BackupRestore => backup::restore(call).await,
        C::UsersAdopt => commands::users::adopt::run(call).await,
    }
}
