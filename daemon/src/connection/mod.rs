//! One connection: bytes to lines to replies.

mod codec;
mod conversation;
mod turn;
mod writer;

pub(crate) use self::conversation::serve;
