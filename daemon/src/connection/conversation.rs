//! The whole conversation, from the first line to the last reply.

use std::rc::Rc;

use bytes::BytesMut;
use futures_util::{FutureExt, StreamExt};
use photoprism_protocol::envelope::{Id, encode};
use photoprism_protocol::error::{ErrorBody, ErrorCode};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::watch;
use tokio::time::{Duration, timeout};
use tokio_util::codec::FramedRead;
use zeroize::Zeroize;

use super::codec::{LineCodec, LineError};
use super::writer::Writer;
use crate::dispatch::{App, answer};
use crate::peer::Caller;

/// How long a client that sent too long a line may go on sending, so that it reads the reply
/// instead of an error (`spec/protocol.md`).
const DRAIN: Duration = Duration::from_secs(2);

type Reader = FramedRead<OwnedReadHalf, LineCodec>;

/// Why a conversation is over.
#[derive(Debug)]
enum End {
    /// The client has said all; or a deadline passed, or the daemon stops.
    Quiet,
    /// The client sent too long a line.
    TooLong,
}

/// Answers the requests of one connection in their order until either side ends it.
pub async fn serve(app: Rc<App>, caller: Caller, stream: UnixStream) {
    let (read, write) = stream.into_split();
    let codec = LineCodec::new(app.limits.borrow().max_line);
    let mut reader = FramedRead::new(read, codec);
    let mut writer = Writer::new(write);
    let mut stop = app.stop.clone();
    let end = loop {
        let mut line = match next_line(&app, &mut reader, &mut writer, &mut stop).await {
            Ok(line) => line,
            Err(end) => break end,
        };
        writer.add(&answer(&app, &caller, &line).await);
        // It may have held a password.
        line.zeroize();
        if writer.is_full() && writer.flush(write_timeout(&app)).await.is_err() {
            return;
        }
    };
    finish(&app, (reader, writer), end).await;
}

/// The next line that has arrived, else what was gathered is written and the next one awaited.
async fn next_line(
    app: &App,
    reader: &mut Reader,
    writer: &mut Writer,
    stop: &mut watch::Receiver<bool>,
) -> Result<BytesMut, End> {
    if let Some(line) = reader.next().now_or_never() {
        return taken(line);
    }
    if !writer.is_empty() && writer.flush(write_timeout(app)).await.is_err() {
        return Err(End::Quiet);
    }
    tokio::select! {
        biased;
        line = wait(app, reader) => line,
        _ = stop.wait_for(|stop| *stop) => Err(End::Quiet),
    }
}

fn taken(line: Option<Result<BytesMut, LineError>>) -> Result<BytesMut, End> {
    match line {
        Some(Ok(line)) => Ok(line),
        Some(Err(LineError::TooLong)) => Err(End::TooLong),
        Some(Err(LineError::Io(_))) | None => Err(End::Quiet),
    }
}

/// Waits for the first byte as long as a connection may idle, then for the rest of the line.
async fn wait(app: &App, reader: &mut Reader) -> Result<BytesMut, End> {
    loop {
        let (idle, line) = {
            let limits = app.limits.borrow();
            (limits.idle_timeout, limits.line_timeout)
        };
        if reader.read_buffer().is_empty() {
            let first = timeout(idle, reader.get_ref().readable()).await;
            if !matches!(first, Ok(Ok(()))) {
                return Err(End::Quiet);
            }
        }
        match timeout(line, reader.next()).await {
            Ok(line) => return taken(line),
            // Woken for nothing: it still idles.
            Err(_) if reader.read_buffer().is_empty() => {}
            Err(_) => return Err(End::Quiet),
        }
    }
}

async fn finish(app: &App, (mut reader, mut writer): (Reader, Writer), end: End) {
    if matches!(end, End::TooLong) {
        let limit = app.limits.borrow().max_line;
        let error = ErrorBody::new(
            ErrorCode::TooLarge,
            format!("the line is longer than {limit} bytes, the connection is closed"),
        );
        writer.add(&encode(&Id::Null, &Err(error)));
    }
    if writer.flush(write_timeout(app)).await.is_err() {
        return;
    }
    writer.close().await;
    if matches!(end, End::TooLong) {
        // Closing with unread bytes would destroy the reply on its way.
        let _ = timeout(DRAIN, drain(reader.get_mut())).await;
    }
}

async fn drain(half: &mut OwnedReadHalf) {
    let mut waste = [0; 4096];
    while let Ok(1..) = half.read(&mut waste).await {}
}

fn write_timeout(app: &App) -> Duration {
    app.limits.borrow().write_timeout
}
