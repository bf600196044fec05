//! The daemon on a database that a real PhotoPrism created: what is read, what is written, and that
//! nothing else in it ever changes.

#[expect(dead_code, reason = "other test binaries use the rest of it")]
#[path = "../common/mod.rs"]
mod common;
#[path = "../preload/mod.rs"]
mod preload;

mod api;
mod both_write;
mod brought_back;
mod changes;
mod earlier;
mod ended;
mod ended_commands;
mod filled;
mod ghost;
mod locks;
mod new_rows;
mod notified;
mod reads;
mod refused;
mod reported;
mod restored;
mod rows;
mod rules;
mod schemas;
mod scope;
mod sessions;
mod setup;
mod shapes;
mod texts;
mod turns;
mod ways;
mod went_back;
