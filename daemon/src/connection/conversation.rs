//! The whole conversation, from the first line to the last reply.

use std::io;
use std::os::fd::AsFd;
use std::pin::pin;
use std::rc::Rc;

use bytes::BytesMut;
use futures_util::future::join;
use futures_util::{FutureExt, StreamExt};
use photoprism_protocol::envelope::{Id, encode, is_http};
use photoprism_protocol::error::{ErrorBody, ErrorCode};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::watch;
use tokio::time::{Duration, timeout};
use tokio_util::codec::FramedRead;
use zeroize::Zeroize;

use super::codec::{LineCodec, LineError};
use super::turn::Turn;
use super::writer::Writer;
use crate::commands::{self, App};
use crate::peer::Caller;

/// How long a client that sent too long a line, or HTTP, may go on sending, so that it reads the
/// reply instead of an error.
const DRAIN: Duration = Duration::from_secs(2);

type Reader = FramedRead<OwnedReadHalf, LineCodec>;

/// Why a conversation is over.
#[derive(Debug)]
enum End {
    /// The client has closed its side, a deadline has passed, or the daemon stops.
    Closed,
    /// The client sent too long a line.
    TooLong,
    /// The client speaks HTTP: what follows is a body, not requests.
    Http,
}

/// Replies the requests of one connection in order until either side ends it.
pub(crate) async fn serve(app: Rc<App>, caller: Caller, stream: UnixStream) {
    let (from, to) = stream.into_split();
    let codec = LineCodec::new(app.limits.borrow().max_line);
    let mut reader = FramedRead::new(from, codec);
    let mut writer = Writer::new(to);
    let mut stop = app.stop.clone();
    let mut turn = Turn::begin();
    let end = loop {
        let line = match next_line(&app, &mut reader, &mut writer, &mut stop).await {
            Ok(line) => line,
            Err(end) => break end,
        };
        let (bytes, http) = (line.len(), is_http(&line));
        let reply = reply_to(&app, &caller, &reader, &mut writer, &line).await;
        zeroize_line(line);
        let Ok(reply) = reply else { return };
        if write(&app, &reply, &mut writer).await.is_err() {
            return;
        }
        if http {
            break End::Http;
        }
        turn.end_line(bytes).await;
    };
    finish(&app, reader, writer, end).await;
}

/// The reply to `line`. Where it takes a while those that are ready leave meanwhile.
async fn reply_to(
    app: &App,
    caller: &Caller,
    reader: &Reader,
    writer: &mut Writer,
    line: &[u8],
) -> io::Result<Vec<u8>> {
    let stream = reader.get_ref().as_ref().as_fd();
    let mut reply = pin!(commands::handle(app, caller, stream, line));
    if let Some(reply) = reply.as_mut().now_or_never() {
        return Ok(reply);
    }
    let (written, reply) = join(writer.flush(write_timeout(app)), reply).await;
    written.map(|()| reply)
}

/// Zeroed because it may contain a password.
fn zeroize_line(mut line: BytesMut) {
    line.zeroize();
}

async fn write(app: &App, reply: &[u8], writer: &mut Writer) -> io::Result<()> {
    writer.add(reply);
    if writer.is_full() {
        writer.flush(write_timeout(app)).await?;
    }
    Ok(())
}

/// The next line, if it has arrived; otherwise the replies so far are written and the next line is
/// awaited.
async fn next_line(
    app: &App,
    reader: &mut Reader,
    writer: &mut Writer,
    stop: &mut watch::Receiver<bool>,
) -> Result<BytesMut, End> {
    if let Some(line) = reader.next().now_or_never() {
        return map_line(line);
    }
    if !writer.is_empty() && writer.flush(write_timeout(app)).await.is_err() {
        return Err(End::Closed);
    }
    tokio::select! {
        biased;
        line = read_line(app, reader) => line,
        _ = stop.wait_for(|stop| *stop) => Err(End::Closed),
    }
}

fn map_line(line: Option<Result<BytesMut, LineError>>) -> Result<BytesMut, End> {
    match line {
        Some(Ok(line)) => Ok(line),
        Some(Err(LineError::TooLong)) => Err(End::TooLong),
        Some(Err(LineError::Io(_))) | None => Err(End::Closed),
    }
}

/// Waits for the first byte as long as a connection may be idle, then for the rest of the line.
async fn read_line(app: &App, reader: &mut Reader) -> Result<BytesMut, End> {
    loop {
        let (idle, line) = {
            let limits = app.limits.borrow();
            (limits.idle_timeout, limits.line_timeout)
        };
        if reader.read_buffer().is_empty() {
            let first = timeout(idle, reader.get_ref().readable()).await;
            if !matches!(first, Ok(Ok(()))) {
                return Err(End::Closed);
            }
        }
        match timeout(line, reader.next()).await {
            Ok(line) => return map_line(line),
            // Spurious wake-up: nothing was read, keep waiting.
            Err(_) if reader.read_buffer().is_empty() => {}
            Err(_) => return Err(End::Closed),
        }
    }
}

async fn finish(app: &App, mut reader: Reader, mut writer: Writer, end: End) {
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
    if !matches!(end, End::Closed) {
        // Closing with unread bytes would discard the reply on its way.
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
