//! Who waits while something else is done.

use crate::jobs::{Class, JOBS, Job, Worker};
use crate::options::Target;
use crate::place::Template;
use crate::probes::Probe;
use crate::table::Table;

/// What it may wait, in milliseconds.
const fn bound(probe: Probe, target: Target, class: Class) -> f64 {
    let replaces = matches!(class, Class::Import | Class::Replaces);
    match (probe, class) {
        (Probe::Reader, _) if replaces && matches!(target, Target::PhotoPrism) => 3000.0,
        (Probe::Reader, _) | (Probe::Writer, Class::Reads) => 50.0,
        (Probe::Writer, Class::Backup) => 150.0,
        (Probe::Writer, Class::Import) => 500.0,
        (Probe::PhotoPrism, Class::Reads | Class::Backup) => 250.0,
        (Probe::Writer, Class::Replaces) | (Probe::PhotoPrism, _) => 3000.0,
    }
}

/// Jobs as a whole that have a bound, in milliseconds.
fn whole(job: &Job) -> Option<f64> {
    match job.name {
        "backup.create" => Some(2000.0),
        name if name.starts_with("backup.restore with") => Some(4000.0),
        _ => None,
    }
}

/// Each job next to that client, on a daemon of its own.
pub(crate) fn waits(table: &mut Table, template: &Template, probe: Probe) {
    let named: Vec<(String, &Job)> =
        JOBS.iter().map(|job| (format!("{}, while {}", probe.name(), job.name), job)).collect();
    let alone = format!("{}, while nothing else is done", probe.name());
    if !table.wants(&alone) && !named.iter().any(|(name, _)| table.wants(name)) {
        return;
    }
    let options = table.options().clone();
    Table::head(&format!("What {} waits", probe.name()));
    let (served, _) = template.start();
    let mut worker = Worker::new(served.connect(), served.target.kind());
    if table.wants(&alone) {
        let nothing = || photoprism_daemon::clock::pause(std::time::Duration::from_secs(2));
        let ((), mut waits) = probe.during(&served.place, nothing);
        table.waits(&alone, None, &mut waits);
    }
    for (name, job) in named.iter().filter(|(name, _)| options.wants(name)) {
        worker.prepare(job);
        let ((), mut waits) = probe.during(&served.place, || worker.run_for_a_while(job));
        table.waits(name, Some(bound(probe, served.target, job.class)), &mut waits);
    }
    table.figure("memory after all of it", (served.mib("VmRSS"), None), "MB");
    table.figure("memory after all of it, peak", (served.mib("VmHWM"), None), "MB");
}

/// Each job alone.
pub(crate) fn durations(table: &mut Table, template: &Template) {
    let named: Vec<(String, &Job)> = JOBS
        .iter()
        .filter(|job| job.class != Class::Reads || job.name.contains("all pages"))
        .map(|job| (format!("{} as a whole", job.name), job))
        .collect();
    if !named.iter().any(|(name, _)| table.wants(name)) {
        return;
    }
    let options = table.options().clone();
    Table::head("Jobs as a whole, alone");
    let (served, _) = template.start();
    let mut worker = Worker::new(served.connect(), served.target.kind());
    for (name, job) in named.iter().filter(|(name, _)| options.wants(name)) {
        worker.prepare(job);
        let ms = worker.run(job).as_secs_f64() * 1e3;
        table.figure(name, (ms, whole(job)), "ms");
    }
}
