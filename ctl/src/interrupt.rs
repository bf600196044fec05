//! Ctrl-C: exit code 130, whatever is being waited for.

use std::ffi::c_int;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGINT;
use signal_hook::flag;

use crate::exit::Exit;
use crate::failure::Failure;

/// The handler of SIGINT. It ends the process at once, save while a prompt has to put the terminal
/// right first.
#[derive(Debug)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Installs it.
    ///
    /// # Errors
    /// [`Failure::System`] where the system refuses.
    pub fn install() -> Result<Self, Failure> {
        let armed = Arc::new(AtomicBool::new(true));
        let code = i32::from(Exit::Interrupted.number());
        flag::register_conditional_shutdown(SIGINT, code, Arc::clone(&armed)).map_err(refused)?;
        Ok(Self(armed))
    }

    /// Leaves SIGINT and `others` to somebody else until the guard is dropped. After that the
    /// others do what they do by default: a handler, once there, is never taken away.
    ///
    /// # Errors
    /// [`Failure::System`] where the system refuses.
    pub fn hold(&self, others: &[c_int]) -> Result<Held, Failure> {
        self.0.store(false, Ordering::SeqCst);
        let held = Held(Arc::clone(&self.0));
        for signal in others {
            flag::register_conditional_default(*signal, Arc::clone(&self.0)).map_err(refused)?;
        }
        Ok(held)
    }
}

fn refused(error: io::Error) -> Failure {
    Failure::System("cannot handle signals", error)
}

/// While it lives, SIGINT alone does not end the process.
#[derive(Debug)]
pub struct Held(Arc<AtomicBool>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
