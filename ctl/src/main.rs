//! `photoprism`: forwards account commands to the daemon.

fn main() {}
