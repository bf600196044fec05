//! Servers that do what they like.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread::spawn;
use std::time::Duration;

use photoprism_protocol::secret::Secret;

use super::{Answer, CallError, Client, MOST_BYTES, Method, Request};
use crate::clock::Stopwatch;
use crate::photoprism::Address;

/// Much shorter than the real one, so that silence costs a test little.
const SHORT: Duration = Duration::from_millis(300);

fn request() -> Request {
    let token = Some(Secret::new("a-token".into()));
    Request { method: Method::Delete, path: "/api/v1/sessions/sess35ljrd1d".into(), token }
}

/// Reads a request to the end of its head.
fn head(stream: &mut impl Read) -> String {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

/// A server that lets `serve` have each connection; gives the address, and what `serve` returned.
fn server(
    serve: impl Fn(usize, TcpStream) -> String + Send + 'static,
) -> (Address, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/base", listener.local_addr().unwrap());
    let (send, seen) = channel();
    spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            if send.send(serve(number, stream.unwrap())).is_err() {
                return;
            }
        }
    });
    (Address::parse(&address).unwrap(), seen)
}

/// What a client makes of these bytes, after which the connection is closed.
fn answered(bytes: &[u8]) -> Result<Answer, CallError> {
    let bytes = bytes.to_vec();
    let (address, _seen) = server(move |_, mut stream| {
        head(&mut stream);
        // The client may have given up by then.
        let _ = stream.write_all(&bytes);
        String::new()
    });
    Client { timeout: SHORT, ..Client::new(address) }.send(&request())
}

#[test]
fn a_request_has_a_token_and_nothing_that_it_need_not_have() {
    let (address, seen) = server(|_, mut stream| {
        let head = head(&mut stream);
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        head
    });
    let host = address.host_header();
    let answer = Client::new(address).send(&request()).unwrap();
    assert_eq!(answer, Answer { status: 404, body: b"{}".to_vec() });
    let expected = format!(
        "DELETE /base/api/v1/sessions/sess35ljrd1d HTTP/1.1\r\nHost: {host}\r\n\
         Accept: application/json\r\nUser-Agent: photoprism-admin\r\nX-Auth-Token: a-token\r\n\r\n"
    );
    assert_eq!(seen.recv().unwrap(), expected);
}

#[test]
fn bodies_of_each_length_are_read() {
    for (text, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\nContent-Length: 3\r\n\r\nabcdef", "abc"),
        ("HTTP/1.0 200 OK\r\n\r\nuntil the end", "until the end"),
        ("HTTP/1.1 204 No Content\r\n\r\n", ""),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n",
            "abc",
        ),
    ] {
        assert_eq!(answered(text.as_bytes()).unwrap().body, body.as_bytes(), "{text}");
    }
}

#[test]
fn what_breaks_the_rules_is_not_an_answer() {
    let headers = "X: y\r\n".repeat(65);
    for text in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 999 ?\r\n\r\n",
        "HTTP/1.1 200",
        &format!("HTTP/1.1 200 OK\r\n{headers}\r\n"),
    ] {
        let found = answered(text.as_bytes());
        assert!(matches!(found, Err(CallError::Invalid(_))), "{text}: {found:?}");
    }
    assert_eq!(answered(b"\x15\x03\x01\x00\x02\x02\x46"), Err(CallError::Tls));
    assert_eq!(answered(b""), Err(CallError::Closed));
}

#[test]
fn no_more_than_64_kib_are_read() {
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    let body = "x".repeat(MOST_BYTES - head.len());
    assert_eq!(answered(format!("{head}{body}xx").as_bytes()), Err(CallError::TooLong));
    let long = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(MOST_BYTES));
    assert_eq!(answered(long.as_bytes()), Err(CallError::TooLong));
    for length in ["Content-Length: 70000", "Content-Length: 99999999999999999999999"] {
        let text = format!("HTTP/1.1 200 OK\r\n{length}\r\n\r\n");
        assert_eq!(answered(text.as_bytes()), Err(CallError::TooLong), "{length}");
    }
    let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n";
    assert_eq!(answered(chunk.as_bytes()), Err(CallError::TooLong));
}

#[test]
fn redirects_are_not_followed() {
    let (other, asked) = server(|_, _| "asked".into());
    let text = format!("HTTP/1.1 307 Temporary\r\nLocation: {other}\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(answered(text.as_bytes()).unwrap().status, 307);
    assert!(asked.try_recv().is_err());
}

#[test]
fn silence_and_bytes_that_trickle_in_end_at_the_deadline() {
    for trickles in [false, true] {
        let (address, seen) = server(move |_, mut stream| {
            head(&mut stream);
            stream.set_read_timeout(Some(SHORT / 10)).unwrap();
            // Each wait ends early where the client has closed the connection.
            while !matches!(stream.read(&mut [0]), Ok(0)) {
                if trickles && stream.write_all(b"H").is_err() {
                    break;
                }
            }
            "closed".into()
        });
        let watch = Stopwatch::start();
        let outcome = Client { timeout: SHORT, ..Client::new(address) }.send(&request());
        let expected = [Err(CallError::Silent)];
        assert!(expected.contains(&outcome) || trickles && outcome.is_err(), "{outcome:?}");
        assert!(watch.elapsed() < SHORT * 10, "{:?}", watch.elapsed());
        assert_eq!(seen.recv().unwrap(), "closed");
    }
}

#[test]
fn one_connection_is_kept_and_made_again_where_it_was_closed() {
    let (address, seen) = server(|number, mut stream| {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        for _ in 0..2 {
            head(&mut stream);
            stream.write_all(answer).unwrap();
        }
        stream.shutdown(Shutdown::Both).unwrap();
        number.to_string()
    });
    let mut client = Client::new(address);
    for _ in 0..6 {
        assert_eq!(client.send(&request()).unwrap().status, 200);
    }
    assert_eq!((0..3).map(|_| seen.recv().unwrap()).collect::<Vec<_>>(), ["0", "1", "2"]);
    assert!(seen.try_recv().is_err(), "three connections for six requests");
}

#[test]
fn a_connection_that_is_to_be_closed_or_has_more_bytes_is_not_kept() {
    for text in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 404 Not Found\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    ] {
        let (address, _seen) = server(move |_, mut stream| {
            head(&mut stream);
            stream.write_all(text.as_bytes()).unwrap();
            head(&mut stream)
        });
        let mut client = Client::new(address);
        assert_eq!(client.send(&request()).unwrap().status, 200);
        assert!(client.kept.is_none(), "{text}");
    }
}

#[test]
fn a_unix_socket_is_as_good_and_one_whose_queue_is_full_blocks_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("http.sock");
    let address = Address::parse(&format!("unix:{}", path.display())).unwrap();
    let mut client = Client { timeout: SHORT, ..Client::new(address) };
    assert!(matches!(client.send(&request()), Err(CallError::Unreachable(_))), "nothing there");
    let listener = UnixListener::bind(&path).unwrap();
    let served = spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let text = head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        (text, listener)
    });
    assert_eq!(client.send(&request()).unwrap().status, 200);
    let (text, _listener) = served.join().unwrap();
    assert!(text.contains("\r\nHost: localhost\r\n"), "{text}");
    // Nobody accepts any more: after so many the queue is full, before that they are not answered.
    let mut waiting = Vec::new();
    let watch = Stopwatch::start();
    while let Ok(stream) = super::stream::connect(
        &client.address,
        super::Deadline { since: Stopwatch::start(), timeout: SHORT },
    ) {
        waiting.push(stream);
        assert!(waiting.len() < 100_000);
    }
    assert!(watch.elapsed() < Duration::from_secs(30));
}
