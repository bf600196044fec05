//! One connection: bytes to lines to replies.

mod codec;
mod conversation;
mod writer;

pub use self::codec::{LineCodec, LineError};
pub use self::conversation::serve;
