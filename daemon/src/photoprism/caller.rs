//! The thread that calls PhotoPrism: connections, names and answers block it and nothing else.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Builder;

use tokio::sync::oneshot;

use super::address::Address;
pub(crate) use super::http::CallError;
use super::http::{Answer, Client, Request};

/// A request on its way, and where its answer goes.
struct Call {
    request: Request,
    answer: oneshot::Sender<Result<Answer, CallError>>,
}

/// The handle to the thread, which ends with it. Requests are sent one after the other.
pub(crate) struct PhotoPrism {
    address: Address,
    calls: Sender<Call>,
}

impl PhotoPrism {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system's, where a thread cannot be started.
    pub(crate) fn start(address: Address) -> io::Result<Self> {
        let (calls, inbox) = channel();
        let client = Client::new(address.clone());
        Builder::new().name("photoprism".into()).spawn(move || run(client, &inbox))?;
        Ok(Self { address, calls })
    }

    /// Where it is.
    pub(crate) const fn address(&self) -> &Address {
        &self.address
    }

    pub(super) async fn call(&self, request: Request) -> Result<Answer, CallError> {
        let gone = || CallError::Unreachable("the thread that calls it has ended".into());
        let (answer, outcome) = oneshot::channel();
        self.calls.send(Call { request, answer }).map_err(|_| gone())?;
        outcome.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn run(mut client: Client, inbox: &Receiver<Call>) {
    while let Ok(Call { request, answer }) = inbox.recv() {
        // Nobody may wait for the answer any more.
        let _ = answer.send(client.send(&request));
    }
}
