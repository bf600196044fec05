//! `photoprismd`: owns the account database and answers on a Unix socket.

fn main() {}
