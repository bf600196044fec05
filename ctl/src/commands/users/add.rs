//! `users add`: a new account, or a deleted one brought back.

use clap::Args;
use photoprism_protocol::error::ErrorCode;
use photoprism_protocol::users::{self, AddTarget, Fields, OneUser, UsersAdd};

use super::fields::FieldFlags;
use crate::commands::checked::any_user;
use crate::context::{Context, Reply};
use crate::error::CliError;
use crate::flags::JsonFlag;
use crate::password::{self, NewPassword, PasswordFlags};
use crate::prompt::TRIES;
use crate::{output, prompt};

/// The role of a new account, as in PhotoPrism.
const DEFAULT_ROLE: &str = "admin";

const EXAMPLES: &str = "\
Examples:
  photoprism users add bob                             asks for the password
  photoprism users add --generate -n \"Bob\" bob         generates one and prints it
  photoprism users add -r guest -w --password-stdin bob < secret
  photoprism users add -A oidc --auth-id 4711 bob      has no password of its own
  photoprism users add --restore bob                   brings a deleted account back

The role is admin unless -r says otherwise.";

/// Add an account
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Add {
    /// User name, asked for if left out
    username: Option<String>,

    #[command(flatten)]
    fields: FieldFlags,

    #[command(flatten)]
    password: PasswordFlags,

    /// Restore a deleted account of that name; only the flags that are given change it
    #[arg(long)]
    restore: bool,

    #[command(flatten)]
    json: JsonFlag,
}

impl Add {
    pub(crate) fn run(self, context: &mut Context) -> Result<(), CliError> {
        let name = prompt::username(&context.person, self.username)?;
        let mut draft = Draft { name, fields: self.fields.into_fields()?, generated: false };
        // What is typed is asked for once it is known that it is needed.
        let typed = self.password.is_typed(&context.person);
        if (self.restore || !typed || !draft.lacks_password())
            && let Some(password) = self.password.take(context)?
        {
            draft.set_password(password);
        }
        let reply = if self.restore { draft.restore(context) } else { draft.add(context) }?;
        if self.json.json {
            return output::json(&reply.raw, draft.generated());
        }
        draft.generated().map_or(Ok(()), |secret| output::line(secret.expose()))
    }
}

/// The account to be, as far as it is known.
struct Draft {
    name: String,
    fields: Fields,
    generated: bool,
}

impl Draft {
    /// A new account. Before a password is asked for, one that was deleted is offered, and a name
    /// that is taken is refused.
    fn add(&mut self, context: &mut Context) -> Result<Reply<OneUser>, CliError> {
        if self.lacks_password() && context.person.interactive {
            match any_user(context, &self.name)? {
                // By its UID it is another account.
                Some(user) if user.uid == self.name => {}
                Some(user) if user.deleted_at.is_some() => return self.offer(context),
                Some(user) => {
                    let why = format!("the name {:?} is taken", user.name);
                    return Err(CliError::refused(ErrorCode::Exists, why, None));
                }
                None => {}
            }
        }
        match self.add_whole(context, None) {
            Err(error)
                if error.is(ErrorCode::Exists)
                    && context.person.interactive
                    && self.is_deleted(context)? =>
            {
                self.offer(context)
            }
            other => other,
        }
    }

    /// With the default role, and a password where the provider has one.
    fn add_whole(
        &mut self,
        context: &mut Context,
        restore: Option<bool>,
    ) -> Result<Reply<OneUser>, CliError> {
        let typed = self.lacks_password();
        let mut tries = 1;
        loop {
            if typed {
                self.set_password(password::ask(context)?);
            }
            let mut fields = self.fields.clone();
            fields.role.get_or_insert_with(|| DEFAULT_ROLE.into());
            match self.send(context, fields, restore) {
                Err(refused) if typed && tries < TRIES && refused.is_about("password") => {
                    refused.report(context.json);
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    /// With nothing but the flags that were given. Where the daemon knows no such deleted account
    /// it misses a role, and this becomes an ordinary add; a deleted account without a password
    /// needs one.
    fn restore(&mut self, context: &mut Context) -> Result<Reply<OneUser>, CliError> {
        match self.send(context, self.fields.clone(), Some(true)) {
            Err(error) if error.is_about("role") && self.fields.role.is_none() => {
                self.add_whole(context, Some(true))
            }
            Err(error) if error.is_about("password") && self.lacks_password() => {
                self.set_password(password::ask(context)?);
                self.send(context, self.fields.clone(), Some(true))
            }
            other => other,
        }
    }

    fn offer(&mut self, context: &mut Context) -> Result<Reply<OneUser>, CliError> {
        let question = format!("A deleted account {:?} exists. Restore it?", self.name);
        if prompt::yes_or_no(&context.person, &question)? {
            self.restore(context)
        } else {
            Err(CliError::Cancelled("cancelled; nothing was changed"))
        }
    }

    fn is_deleted(&self, context: &mut Context) -> Result<bool, CliError> {
        let found = any_user(context, &self.name)?;
        Ok(found.is_some_and(|user| user.deleted_at.is_some() && user.uid != self.name))
    }

    fn send(
        &self,
        context: &mut Context,
        fields: Fields,
        restore: Option<bool>,
    ) -> Result<Reply<OneUser>, CliError> {
        let args = users::Add { target: AddTarget { name: self.name.clone(), restore }, fields };
        let reply = context.call::<UsersAdd>(&args)?;
        let user = &reply.value.user;
        let done = match &*user.role {
            _ if restore.is_some() => "restored user",
            "" => "added user",
            role => &["added ", role].concat(),
        };
        context.note(&format!("{done} {} ({})", user.name, user.uid));
        Ok(reply)
    }

    fn lacks_password(&self) -> bool {
        let provider = self.fields.provider.as_deref();
        self.fields.password.is_none() && matches!(provider, None | Some("default" | "local"))
    }

    fn set_password(&mut self, password: NewPassword) {
        self.generated = password.generated;
        self.fields.password = Some(password.secret);
    }

    fn generated(&self) -> Option<&photoprism_protocol::secret::Secret> {
        self.fields.password.as_ref().filter(|_| self.generated)
    }
}
