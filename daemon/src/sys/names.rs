//! Names of hosts in a static binary.

use std::io;

/// Lets names of hosts be looked up in `/etc/hosts` and by DNS alone, which a static binary does by
/// itself. Other plug-ins of `/etc/nsswitch.conf` are those of whatever system it runs on, and crash
/// a binary that was built with another version of them.
///
/// # Errors
/// The C library does not know the words.
pub(crate) fn look_hosts_up_without_plugins() -> io::Result<()> {
    unsafe extern "C" {
        fn __nss_configure_lookup(
            database: *const libc::c_char,
            services: *const libc::c_char,
        ) -> libc::c_int;
    }
    // SAFETY: both texts end in a NUL and live forever; nothing is looked up before.
    let failed = unsafe { __nss_configure_lookup(c"hosts".as_ptr(), c"files dns".as_ptr()) };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
