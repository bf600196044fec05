//! The noun `auth`; `auth.login` has a directory of its own.

pub(crate) mod add;
mod drawn;
mod find;
pub(crate) mod logout;
pub(crate) mod ls;
pub(crate) mod reset;
pub(crate) mod rm;
pub(crate) mod show;
pub(crate) mod verify;

pub(super) use self::drawn::drawn;
pub(super) use self::find::{id_of, to_wire};
