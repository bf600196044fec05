//! The noun `auth`; `auth.login` has a directory of its own.

pub(super) mod add;
mod drawn;
mod find;
pub(super) mod logout;
pub(super) mod ls;
pub(super) mod reset;
pub(super) mod rm;
pub(super) mod show;
pub(super) mod verify;

pub(super) use self::drawn::drawn;
pub(super) use self::find::{id_of, to_wire};
