use std::fs::File;
use std::io::{BufRead, BufReader, Read, pipe};

use tracing::Level;

use super::super::line::{LINE_BYTES, LogFormat};
use super::*;

const COUNT: u64 = 2000;

const LONG: Duration = Duration::from_mins(1);

fn queue(format: LogFormat) -> Queue {
    let now = || jiff::Timestamp::UNIX_EPOCH;
    Queue::new(Style { format, priorities: false }, now)
}

fn record(level: Level, message: impl Into<String>) -> Record {
    Record::new(jiff::Timestamp::UNIX_EPOCH, level, message.into())
}

/// The messages of lines of text.
fn messages(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.splitn(3, ' ').nth(2).unwrap()).collect()
}

fn is_written(queue: &Queue) -> bool {
    let waiting = queue.waiting();
    waiting.lines.is_empty() && !waiting.writing
}

/// Reads lines until one has this end.
fn read_until(reader: &mut impl BufRead, end: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    while lines.last().is_none_or(|line| !line.ends_with(end)) {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "{lines:?}");
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[test]
fn lines_arrive_whole_and_in_order_and_the_end_waits_for_them() {
    let (reader, writer) = pipe().unwrap();
    let queue = queue(LogFormat::Text);
    queue.start(writer).unwrap();
    let long = "x".repeat(3000);
    let (mut reader, text) = (BufReader::new(reader), format!("last {long}"));
    for message in ["first", &long, &text] {
        queue.add(&record(Level::INFO, message));
    }
    queue.flush(LONG);
    assert!(is_written(&queue));
    let lines = read_until(&mut reader, &text).join("\n");
    assert_eq!(messages(&lines), ["first", &long, &text]);
}

fn number_in(line: &str) -> u64 {
    let before = line.split(" xxx").next().unwrap();
    let digits = before.rsplit(|letter: char| !letter.is_ascii_digit()).next().unwrap();
    digits.parse().expect(line)
}

#[test]
fn a_pipe_that_nobody_reads_loses_records_and_says_so_later() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let (reader, writer) = pipe().unwrap();
        let queue = queue(format);
        queue.start(writer).unwrap();

        for number in 0..COUNT {
            queue.add(&record(Level::INFO, format!("{number} {}", "x".repeat(999))));
        }
        // The room reserved for a warning is still free.
        queue.add(&record(Level::WARN, "a warning"));
        let held = queue.waiting().bytes;
        assert!(held <= WAITING_BYTES, "{held}");
        let watch = Stopwatch::start();
        queue.flush(Duration::from_millis(10));
        assert!(watch.elapsed() < TICK, "{:?}", watch.elapsed());
        let end = if format == LogFormat::Json { "in time\"}" } else { "in time" };
        let lines = read_until(&mut BufReader::new(reader), end);
        let (lost, report) = lines.split_last().unwrap();
        let (warning, rest) = report.split_last().unwrap();
        assert!(warning.contains("a warning"), "{warning}");
        // The pipe takes some while the queue is being filled, and others follow those lost.
        let numbers: Vec<u64> = rest.iter().map(|line| number_in(line)).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
        let number = COUNT - rest.len() as u64;
        assert!(number > 1000, "{number}");
        assert!(lost.contains(&format!("{number} records of the log were lost")), "{lost}");
        if format == LogFormat::Json {
            let _: serde_json::Value = serde_json::from_str(lost).unwrap();
        }
    }
}

#[test]
fn a_pipe_that_is_closed_and_a_full_disk_hold_nobody_up() {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for out in [File::from(std::os::fd::OwnedFd::from(writer)), full] {
        let queue = queue(LogFormat::Text);
        queue.start(out).unwrap();
        for _ in 0..3 {
            queue.add(&record(Level::INFO, "line"));
        }
        let watch = Stopwatch::start();
        queue.flush(LONG);
        assert!(is_written(&queue) && watch.elapsed() < LONG / 2);
    }
}

/// A disk that is full for a while loses what was logged meanwhile and nothing else.
#[test]
fn what_could_not_be_written_is_counted_once_it_can() {
    let queue = queue(LogFormat::Text);
    let mut waiting = queue.waiting();
    for _ in 0..3 {
        waiting.lose(&Line::default());
    }
    queue.report_counts(&mut waiting);
    let report = waiting.lines.pop_front().unwrap();
    assert_eq!((report.lost, waiting.lost), (3, 0));
    // The report could not be written either.
    waiting.lose(&report);
    assert_eq!((waiting.lost, waiting.since.is_none()), (3, true));
    waiting.push(b"line\n".to_vec(), false);
    assert!(waiting.since.is_some(), "the next record is the time for another try");
}

#[test]
fn counts_are_reported_after_a_second_and_at_the_end() {
    let (reader, writer) = pipe().unwrap();
    let queue = queue(LogFormat::Text);
    queue.start(writer).unwrap();
    let mut reader = BufReader::new(reader);
    let mut repeated = record(Level::INFO, "again");
    repeated.repeated = true;
    let watch = Stopwatch::start();
    for _ in 0..100 {
        queue.add(&repeated);
    }
    let lines = read_until(&mut reader, "90 more: again");
    assert_eq!(lines.len(), 11);
    assert!(watch.elapsed() >= TICK, "{:?}", watch.elapsed());
    for _ in 0..100 {
        queue.add(&repeated);
    }
    queue.settle();
    queue.add(&repeated);
    let watch = Stopwatch::start();
    queue.flush(LONG);
    assert!(watch.elapsed() < TICK, "{:?}", watch.elapsed());
    assert_eq!(read_until(&mut reader, "90 more: again").len(), 11);
    assert_eq!(read_until(&mut reader, "again").len(), 1, "it comes behind what was counted");
}

/// While many lines wait, counts are reported later, and take no memory meanwhile.
#[test]
fn what_waits_keeps_its_bound_despite_counts() {
    let queue = queue(LogFormat::Text);
    for number in 0..100_000_u64 {
        let mut repeated = record(Level::WARN, format!("message {} {number}", "x".repeat(900)));
        repeated.repeated = number % 2 == 0;
        repeated.message.truncate(if repeated.repeated { 700 } else { 1000 });
        queue.add(&repeated);
    }
    let waiting = queue.waiting();
    assert!(waiting.bytes <= WAITING_BYTES, "{}", waiting.bytes);
    assert!(waiting.bytes > WAITING_BYTES - LINE_BYTES && waiting.left().is_none());
}

#[test]
fn a_partial_line_is_ended_before_the_next() {
    let (mut reader, writer) = pipe().unwrap();
    let mut out = Out { to: writer, partial: true };
    assert!(out.write(b"whole\n"));
    let mut text = [0; 7];
    reader.read_exact(&mut text).unwrap();
    assert_eq!((&text, out.partial), (b"\nwhole\n", false));
}
