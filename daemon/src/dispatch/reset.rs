//! The first admin as a reset creates it.

use super::blocking::run_blocking;
use super::call::Call;
use crate::admin_password::{ConfiguredPassword, read};
use crate::commands::FirstAdmin;
use crate::config::When;
use crate::error::CommandError;

/// The configured name and password; a password that breaks a rule is left out with a warning.
pub(super) async fn first_admin(call: &Call<'_>) -> Result<FirstAdmin, CommandError> {
    let app = call.app;
    let mut first = FirstAdmin { name: app.admin_user.clone(), hash: None, warning: None };
    let (source, env, rules) = (app.admin_password.clone(), app.env, app.rules);
    let name = app.admin_user.clone();
    let read = move || Ok(read((&source, When::Serving), (&env, &rules), name.as_str()));
    match run_blocking(read).await? {
        Ok(None) => {}
        Ok(Some(ConfiguredPassword::Hash(hash))) => first.hash = Some(hash),
        Ok(Some(ConfiguredPassword::Plain { password, warning })) => {
            first.hash = Some(call.hash(&password).await?.hash);
            first.warning = warning.map(Into::into);
        }
        Err(error) => first.warning = Some(format!("the configured password is not used: {error}")),
    }
    Ok(first)
}
