//! LLVM in a process of its own: nothing that it does can take the server down.
//!
//! Enters: requests for LLVM. Leaves: its answers, or a [`Failure`]. The child is this same program under a hidden flag; it is
//! started at the first request, serves one request at a time, and ends with its input. One that is over its time or was cancelled is
//! killed, and the next request starts another one.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use brrr_core::backend::{Backend, Request};

use crate::llvm;

/// The flag under which this program is the child; the paths where the library may be follow.
pub const FLAG: &str = "--llvm-worker";

/// How often a waiting request looks whether it was cancelled.
const GLANCE: Duration = Duration::from_millis(20);

/// Children that are kept for later requests.
const MOST_IDLE: usize = 2;

/// No answer is larger.
const LARGEST: usize = 1 << 28;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// LLVM is not there, or belongs to another build.
    Missing(String),
    /// The child ended.
    Crashed(String),
    /// The child took longer than it may.
    Late(Duration),
    /// Nobody wants the answer any more.
    Cancelled,
    /// LLVM says that it cannot do it.
    Refused(String),
}

impl Failure {
    /// In words.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Missing(why) => format!("LLVM cannot be used: {why}"),
            Self::Crashed(how) => format!("LLVM crashed on this function ({how}); this is a bug in brrr"),
            Self::Late(limit) => {
                format!(
                    "LLVM took longer than {} s for this function; `brrr.ir.timeLimit` allows more",
                    limit.as_secs_f64()
                )
            }
            Self::Cancelled => "cancelled".to_owned(),
            Self::Refused(why) => format!("LLVM made nothing of this function: {why}"),
        }
    }

    /// True if the function is to blame, or brrr, and not the installation or the user.
    #[must_use]
    pub const fn is_defect(&self) -> bool {
        matches!(self, Self::Crashed(_) | Self::Late(_) | Self::Refused(_))
    }
}

/// Where the children are.
#[derive(Debug)]
pub struct Worker {
    program: PathBuf,
    libraries: Vec<PathBuf>,
    idle: Mutex<Vec<Connection>>,
}

#[derive(Debug)]
struct Connection {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Drop for Connection {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Worker {
    /// A worker that runs this program, with the library that is beside it.
    #[must_use]
    pub fn new() -> Self {
        Self::with(llvm::beside())
    }

    /// A worker that runs this program, with the first of these libraries that belongs to it.
    #[must_use]
    pub fn with(libraries: Vec<PathBuf>) -> Self {
        let program = std::env::current_exe().unwrap_or_default();
        Self { libraries, program, idle: Mutex::default() }
    }

    /// Has a request done, within a time limit, unless `cancelled` becomes true.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn run(&self, request: &Request, limit: Duration, cancelled: &AtomicBool) -> Result<Vec<u8>, Failure> {
        let bytes = request.encode().map_err(Failure::Refused)?;
        if self.libraries.is_empty() {
            let why = "its library, `_llvm.so`, is not beside this program, nor in its Python environment";
            return Err(Failure::Missing(why.to_owned()));
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let fresh = idle.is_none();
        let connection = match idle {
            Some(connection) => connection,
            None => self.start().map_err(|error| Failure::Missing(error.to_string()))?,
        };
        match exchange(connection, bytes.clone(), limit, cancelled) {
            (Some(connection), Ok(answer)) => {
                let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
                if idle.len() < MOST_IDLE {
                    idle.push(connection);
                }
                answer
            }
            // One that was idle may have been ended by somebody else meanwhile.
            (_, Err(Failure::Crashed(_))) if !fresh => {
                let connection = self.start().map_err(|error| Failure::Missing(error.to_string()))?;
                exchange(connection, bytes, limit, cancelled).1?
            }
            (_, Ok(answer)) => answer,
            (_, Err(failure)) => Err(failure),
        }
    }

    fn start(&self) -> io::Result<Connection> {
        let mut command = Command::new(&self.program);
        command.arg(FLAG).args(&self.libraries).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => Ok(Connection { child, input, output }),
            _ => Err(io::Error::other("the child has no pipes")),
        }
    }
}

/// What a child says: an answer, or that it has none.
type Answer = Result<Vec<u8>, Failure>;

/// One request to one child, which is given back if it is still good.
fn exchange(
    connection: Connection,
    bytes: Vec<u8>,
    limit: Duration,
    cancelled: &AtomicBool,
) -> (Option<Connection>, Result<Answer, Failure>) {
    let (told, heard) = mpsc::channel();
    let mut connection = connection;
    let id = connection.child.id();
    // The thread ends with the child, at the latest.
    let talk = thread::Builder::new().name("worker".to_owned()).spawn(move || {
        let outcome = talk(&mut connection, &bytes);
        // Whoever asked may have gone.
        let _ = told.send((connection, outcome));
    });
    if let Err(error) = talk {
        return (None, Err(Failure::Missing(error.to_string())));
    }
    let end = Instant::now() + limit;
    loop {
        match heard.recv_timeout(GLANCE) {
            Ok((connection, Ok(answer))) => return (Some(connection), Ok(answer)),
            Ok((mut connection, Err(_))) => {
                let how = connection.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                return (None, Err(Failure::Crashed(how)));
            }
            Err(RecvTimeoutError::Disconnected) => return (None, Err(Failure::Crashed("no answer".to_owned()))),
            Err(RecvTimeoutError::Timeout) if cancelled.load(Ordering::Relaxed) => {
                kill(id);
                return (None, Err(Failure::Cancelled));
            }
            Err(RecvTimeoutError::Timeout) if Instant::now() >= end => {
                kill(id);
                return (None, Err(Failure::Late(limit)));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Ends a child whose connection another thread holds; that thread reaps it.
#[cfg(unix)]
fn kill(id: u32) {
    if let Some(id) = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw) {
        // It may have ended just now; it is not reaped before its connection is dropped, so the number is still its own.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill(_: u32) {}

fn talk(connection: &mut Connection, bytes: &[u8]) -> io::Result<Answer> {
    connection.input.write_all(&(bytes.len() as u64).to_le_bytes())?;
    connection.input.write_all(bytes)?;
    connection.input.flush()?;
    let mut kind = [0];
    connection.output.read_exact(&mut kind)?;
    let bytes = read(&mut connection.output)?;
    Ok(match kind[0] {
        0 => Ok(bytes),
        1 => Err(Failure::Refused(String::from_utf8_lossy(&bytes).into_owned())),
        _ => Err(Failure::Missing(String::from_utf8_lossy(&bytes).into_owned())),
    })
}

fn read(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    from.read_exact(&mut length)?;
    let length = usize::try_from(u64::from_le_bytes(length)).ok().filter(|&length| length <= LARGEST);
    let Some(length) = length else { return Err(io::Error::other("a length that cannot be")) };
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// The child: answers requests on standard input until it ends.
#[must_use]
pub fn serve(libraries: &[PathBuf]) -> ExitCode {
    end_with_parent();
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut backend = None;
    loop {
        // The end of the input is the end.
        let Ok(bytes) = read(&mut input) else { return ExitCode::SUCCESS };
        let opened = match backend.take() {
            Some(opened) => Ok(opened),
            None => open(libraries),
        };
        let (kind, answer) = match opened {
            Ok(opened) => {
                let answer = opened.run_encoded(&bytes);
                backend = Some(opened);
                match answer {
                    Ok(answer) => (0, answer),
                    Err(why) => (1, why.into_bytes()),
                }
            }
            Err(why) => (2, why.into_bytes()),
        };
        let length = (answer.len() as u64).to_le_bytes();
        let written = [&[kind][..], &length, &answer].into_iter().try_for_each(|part| output.write_all(part));
        if written.and_then(|()| output.flush()).is_err() {
            return ExitCode::FAILURE;
        }
    }
}

/// The first library that belongs to this build.
fn open(libraries: &[PathBuf]) -> Result<Backend, String> {
    let mut problems = Vec::new();
    for library in libraries {
        match Backend::open(library) {
            Ok(backend) => return Ok(backend),
            Err(problem) => problems.push(problem),
        }
    }
    Err(problems.join("; "))
}

/// The input tells of the parent's end, but not while LLVM works.
#[cfg(unix)]
fn end_with_parent() {
    let parent = rustix::process::getppid();
    thread::spawn(move || {
        while rustix::process::getppid() == parent {
            thread::sleep(Duration::from_millis(500));
        }
        std::process::exit(1);
    });
}

#[cfg(not(unix))]
fn end_with_parent() {}
