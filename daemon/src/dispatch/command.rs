//! The one match over all commands.

use photoprism_protocol::command::CommandName as C;
use photoprism_protocol::passwd::PasswdRemove;
use photoprism_protocol::status::{Ping, Status};
use photoprism_protocol::twofa::{Users2faDisable, Users2faEnroll, Users2faRecovery};
use photoprism_protocol::users::{UsersRestore, UsersRm};

use super::call::{Answer, Call};
use super::login::login;
use super::status::current_status;
use super::{audit, auth, backup, doctor, import, metrics, users};
use crate::commands::{self, admin, passwd, twofa};
use crate::error::CommandError;

pub(super) async fn dispatch(call: &Call<'_>) -> Answer {
    if call.app.is_stopping() {
        return Err(CommandError::Unavailable("the daemon is stopping; try again".into()));
    }
    match call.context.permit.command() {
        C::Ping => call.args::<Ping>().and_then(|_| admin::ping()),
        C::Status => status(call).await,
        C::UsersLs => users::ls(call).await,
        C::UsersLegacy => users::legacy(call).await,
        C::UsersShow => users::show(call).await,
        C::UsersAdd => users::add(call).await,
        C::UsersMod => users::modify(call).await,
        C::UsersRm => users::on_target::<UsersRm>(call, commands::users::rm).await,
        C::UsersRestore => users::on_target::<UsersRestore>(call, commands::users::restore).await,
        C::UsersReset => users::reset(call).await,
        C::PasswdSet => users::set_password(call).await,
        C::PasswdRemove => users::on_target::<PasswdRemove>(call, passwd::remove).await,
        C::AuditLs => audit::ls(call).await,
        C::AuditVerify => audit::verify(call).await,
        C::LoginsLs => auth::list_logins(call).await,
        C::LoginsRecord => auth::record_login(call).await,
        C::LoginsClear => auth::clear_logins(call).await,
        C::AuthLs => auth::ls(call).await,
        C::AuthAdd => auth::add(call).await,
        C::AuthShow => auth::show(call).await,
        C::AuthRm => auth::rm(call).await,
        C::AuthReset => auth::reset(call).await,
        C::AuthLogin => login(call).await,
        C::AuthVerify => auth::verify(call).await,
        C::AuthLogout => auth::logout(call).await,
        C::UsersWhy => auth::users_why(call).await,
        C::Users2faShow => users::show_2fa(call).await,
        C::Users2faEnroll => users::on_target::<Users2faEnroll>(call, twofa::enroll).await,
        C::Users2faConfirm => users::confirm_2fa(call).await,
        C::Users2faDisable => users::on_target::<Users2faDisable>(call, twofa::disable).await,
        C::Users2faRecovery => users::on_target::<Users2faRecovery>(call, twofa::recovery).await,
        C::Metrics => metrics::metrics(call).await,
        C::UsersExport => users::export(call).await,
        C::UsersImport => import::import(call).await,
        C::Doctor => doctor::examine(call).await,
        C::UsersRename => users::rename(call).await,
        C::BackupCreate => backup::create(call).await,
        C::BackupLs => backup::ls(call).await,
        C::BackupVerify => backup::verify(call).await,
        C::BackupRestore => backup::restore(call).await,
        C::UsersAdopt => users::adopt(call).await,
    }
}

async fn status(call: &Call<'_>) -> Answer {
    call.args::<Status>()?;
    current_status(call.app, call.time_left()).await
}
