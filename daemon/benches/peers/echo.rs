//! A server that does nothing but send back: what socket and client cost by themselves.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// A line that the client takes for a good reply, about as long as one of `auth.verify`.
pub(crate) const ECHOED: &[u8] = b"{\"id\":null,\"ok\":true,\"result\":{\"active\":true,\"scope\":\"webdav\",\"username\":\"admin\",\"sub\":\"us0000000000admi\",\"exp\":1764000000,\"iat\":1764000000,\"session\":\"sess00000000\",\"role\":\"admin\"}}\n";

/// A listening echo, with a thread for each connection.
pub(crate) struct Echo {
    socket: PathBuf,
}

impl Echo {
    /// Listens on `echo.sock` of a directory until the process ends.
    pub(crate) fn start(directory: &Path) -> Self {
        let socket = directory.join("echo.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || send_back(stream));
            }
        });
        Self { socket }
    }

    /// Its socket.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }
}

fn send_back(mut stream: UnixStream) {
    let mut buffer = vec![0; 65536];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        if stream.write_all(&buffer[..length]).is_err() {
            return;
        }
    }
}
