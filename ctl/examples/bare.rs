//! A command line with nothing behind it: what clap alone costs, to compare `photoprism` with.

use std::io::Write;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Bare {
    #[command(subcommand)]
    noun: Noun,
}

#[derive(Subcommand)]
enum Noun {
    Users {
        #[command(subcommand)]
        verb: Verb,
    },
}

#[derive(Subcommand)]
enum Verb {
    Show { user: String },
}

fn main() -> std::io::Result<()> {
    let Bare { noun: Noun::Users { verb: Verb::Show { user } } } = Bare::parse();
    writeln!(std::io::stdout(), "{user}")
}
