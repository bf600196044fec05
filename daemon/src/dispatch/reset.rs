//! The first admin as a reset makes it.

use super::call::Call;
use crate::error::CommandError;
use crate::first_password::{Given, read};
use crate::handlers::FirstAdmin;

/// The configured name and password; a password that is no good is left out with a warning.
pub(super) async fn first_admin(call: &Call<'_>) -> Result<FirstAdmin, CommandError> {
    let app = call.app;
    let mut first = FirstAdmin { name: app.admin_user.clone(), hash: None, warning: None };
    let name = app.admin_user.as_str();
    match read(&app.admin_password, (&app.env, &app.rules), name) {
        Ok(None) => {}
        Ok(Some(Given::Hash(hash))) => first.hash = Some(hash),
        Ok(Some(Given::Plain { password, warning })) => {
            first.hash = Some(call.hash(&password).await?.hash);
            first.warning = warning.map(Into::into);
        }
        Err(error) => first.warning = Some(format!("the configured password is not used: {error}")),
    }
    Ok(first)
}
