//! Makes a big database to try things on: `cargo bench -p photoprism-daemon --bench fill --
//! DIRECTORY own|photoprism ACCOUNTS SESSIONS` leaves `admin.db` or `index.db` there.

#[expect(dead_code, reason = "other benches use the rest")]
mod common;
#[expect(dead_code, reason = "other benches use the rest")]
mod filled;

use std::path::Path;

use filled::{Kind, Size, create};
use photoprism_daemon::clock::Stopwatch;

#[expect(clippy::print_stdout, reason = "it is a program")]
fn main() {
    // Cargo adds `--bench`; without anything else it runs all benches.
    let given: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let [directory, kind, accounts, sessions] = given.as_slice() else {
        println!("nothing is made: give DIRECTORY own|photoprism ACCOUNTS SESSIONS");
        return;
    };
    let kind = match kind.as_str() {
        "own" => Kind::Own,
        "photoprism" => Kind::PhotoPrism,
        other => panic!("{other} is neither own nor photoprism"),
    };
    let [accounts, sessions] = [accounts, sessions].map(|count| count.parse().expect("a number"));
    std::fs::create_dir_all(directory).expect("the directory");
    let watch = Stopwatch::start();
    let path = create(Path::new(directory), kind, Size { accounts, sessions });
    println!("{} in {:.1} s", path.display(), watch.elapsed().as_secs_f64());
}
