//! Descriptors that a client passes along with its bytes are never kept.
//!
//! Alone in its binary: it counts the descriptors of the process.

use std::fs::File;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::sys::socket::{ControlMessage, MsgFlags, recvmsg, sendmsg};
use tokio::io::AsyncReadExt;

const MESSAGES: usize = 1000;

fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn send(socket: &UnixStream, passed: RawFd) {
    let bytes = [IoSlice::new(b"{\"cmd\":\"ping\"}\n")];
    let rights = [ControlMessage::ScmRights(&[passed])];
    sendmsg::<()>(socket.as_raw_fd(), &bytes, &rights, MsgFlags::empty(), None).unwrap();
}

#[test]
fn a_thousand_messages_leave_none_behind() {
    let (client, server) = UnixStream::pair().unwrap();
    let file = File::open("/dev/null").unwrap();
    server.set_nonblocking(true).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(async {
        let mut server = tokio::net::UnixStream::from_std(server).unwrap();
        let mut buffer = [0; 256];
        let before = open_descriptors();
        for _ in 0..MESSAGES {
            send(&client, file.as_raw_fd());
            assert!(server.read(&mut buffer).await.unwrap() > 0);
        }
        assert_eq!(open_descriptors(), before);
    });
    a_reader_that_takes_them_is_noticed(file.as_raw_fd());
}

/// The count must be able to move: `recvmsg` with room for rights keeps what it is sent.
fn a_reader_that_takes_them_is_noticed(passed: RawFd) {
    let (client, server) = UnixStream::pair().unwrap();
    let before = open_descriptors();
    send(&client, passed);
    let mut bytes = [0; 256];
    let mut room = nix::cmsg_space!(RawFd);
    let mut into = [IoSliceMut::new(&mut bytes)];
    recvmsg::<()>(server.as_raw_fd(), &mut into, Some(&mut room), MsgFlags::empty()).unwrap();
    assert_eq!(open_descriptors(), before + 1);
}
