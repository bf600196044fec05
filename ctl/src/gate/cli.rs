//! The command line. Every flag has a variable of the environment too, which `settings` reads.

use clap::{Args, Parser, Subcommand};
use photoprism_protocol::build;

const EXAMPLES: &str = "\
Examples:
  photoprism-gate serve --auth-socket /run/photoprism-auth/auth.sock
  photoprism-gate serve --listen unix:/run/gate/gate.sock --group www-data --scope webdav
  printf 'bob\\nmysecret\\n' | photoprism-gate pipe --auth-socket …
  rclone serve webdav --auth-proxy \"photoprism-gate rclone --root /photos/{base_path}\"

Every flag can also be set in the environment: --max-connections is PHOTOPRISM_GATE_MAX_CONNECTIONS,
and so on, but --auth-socket is PHOTOPRISM_AUTH_SOCKET. A flag wins; an empty variable is none.

Exit codes of serve: 0 stopped, 1 failed, 2 bad settings, 73 somebody else listens there;
of pipe and rclone: 0 let in, 1 refused, 2 bad settings, 75 no answer: try again.";

/// Answers for proxies and other programs whether an account of PhotoPrism may pass
#[derive(Debug, Parser)]
#[command(name = "photoprism-gate", version = build::TEXT, after_long_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub mode: Mode,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Mode {
    /// Answers the HTTP requests that a proxy sends before it lets one through
    Serve(ServeFlags),
    /// Checks one name and password on standard input, for Apache and PAM
    Pipe(PipeFlags),
    /// Answers rclone's --auth-proxy
    Rclone(RcloneFlags),
}

/// What all of them take.
#[derive(Debug, Args)]
pub(crate) struct CommonFlags {
    /// Auth socket of the daemon (or `PHOTOPRISM_AUTH_SOCKET`)
    #[arg(long, value_name = "PATH")]
    pub auth_socket: Option<String>,

    /// Realm that is recorded with each login, and shown where a password is asked for [default:
    /// gate]
    #[arg(long, value_name = "TEXT")]
    pub realm: Option<String>,

    /// What an app password or a token must allow, as words [default: nothing; rclone: webdav]
    #[arg(long, value_name = "WORDS")]
    pub scope: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ServeFlags {
    #[command(flatten)]
    pub common: CommonFlags,

    /// ADDRESS:PORT, unix:PATH, or systemd for the sockets that it passes; repeatable [default:
    /// 127.0.0.1:8081]
    #[arg(long, value_name = "WHERE")]
    pub listen: Vec<String>,

    /// Mode of the Unix sockets, octal [default: 0660]
    #[arg(long, value_name = "MODE")]
    pub mode: Option<String>,

    /// Group of the Unix sockets, a name or a number
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,

    /// Peers whose X-Forwarded-For counts: networks and the word unix, or none [default:
    /// `127.0.0.0/8,::1/128,unix`]
    #[arg(long, value_name = "CIDR,…")]
    pub trust: Option<String>,

    /// Status for those who may pass: 204 or 200 [default: 204]
    #[arg(long, value_name = "STATUS")]
    pub ok: Option<String>,

    /// Status for those who tried too often: 429, or 401 for nginx, which passes no other on
    /// [default: 429]
    #[arg(long, value_name = "STATUS")]
    pub limited_status: Option<String>,

    /// Most connections at a time; more get 503 [default: 256]
    #[arg(long, value_name = "N")]
    pub max_connections: Option<String>,

    /// File with the secret that POST /introspect wants; without one there is none
    #[arg(long, value_name = "FILE")]
    pub introspect_secret_file: Option<String>,

    /// Check the settings, show them and where they come from, and exit
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PipeFlags {
    #[command(flatten)]
    pub common: CommonFlags,

    /// Address of the client where neither `IP` nor `PAM_RHOST` has one [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub client_ip: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RcloneFlags {
    #[command(flatten)]
    pub common: CommonFlags,

    /// Directory of an account: `{base_path}` in it is replaced by the account's base path
    #[arg(long, value_name = "PATH")]
    pub root: Option<String>,

    /// Backend of rclone [default: local]
    #[arg(long = "type", value_name = "TYPE")]
    pub backend: Option<String>,

    /// Address of the client where rclone sends none [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub client_ip: Option<String>,
}
