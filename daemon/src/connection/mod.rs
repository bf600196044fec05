//! One connection: bytes to lines to replies.

mod codec;
mod conversation;
mod writer;

pub(crate) use self::conversation::serve;
