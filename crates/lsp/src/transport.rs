//! LSP's frames on a pair of byte streams.
//!
//! Enters: bytes from the client, and messages for it. Leaves: [`Incoming`] messages, and frames. Promised: input that is
//! no message is reported, once for each run of it, and reading goes on at the next frame. `tower_lsp::Server` promises
//! less: its decoder ends the stream at the first malformed message, and it goes on waiting for input after `exit`.

use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tower_lsp::jsonrpc::{Error, Request};

/// No editor sends a larger message; a larger number in a header is a header that cannot be believed.
const LARGEST_BODY: usize = 1 << 28;

/// A header line longer than this is not one.
const LONGEST_HEADER: u64 = 1 << 16;

/// What comes from the client.
#[derive(Debug)]
pub enum Incoming {
    /// A request or a notification.
    Request(Request),
    /// An answer to a request of the server.
    Response(Value),
    /// Bytes that are no message: the error to answer with.
    Garbage(Error),
}

/// Reads frames until the input ends or `deliver` returns false.
///
/// # Errors
/// If the input cannot be read.
pub fn read(mut input: impl BufRead, mut deliver: impl FnMut(Incoming) -> bool) -> io::Result<()> {
    let mut length = None;
    let mut lost = false;
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(LONGEST_HEADER).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let incoming = match header(line.trim_ascii()) {
            Header::Length(bytes) => {
                length = Some(bytes);
                continue;
            }
            Header::Other => continue,
            Header::Malformed => {
                length = None;
                if std::mem::replace(&mut lost, true) {
                    continue;
                }
                Some(Incoming::Garbage(Error::parse_error()))
            }
            Header::End => {
                let Some(bytes) = length.take() else { continue };
                let mut body = Vec::new();
                input.by_ref().take(bytes as u64).read_to_end(&mut body)?;
                lost = false;
                message(&body)
            }
        };
        if incoming.is_some_and(|incoming| !deliver(incoming)) {
            return Ok(());
        }
    }
}

enum Header {
    Length(usize),
    Other,
    End,
    Malformed,
}

/// A length is found behind garbage on the same line too: a frame that is shorter than it said leaves its rest there.
fn header(line: &[u8]) -> Header {
    const LENGTH: &[u8] = b"content-length:";
    if line.is_empty() {
        return Header::End;
    }
    if let Some(at) = line.windows(LENGTH.len()).rposition(|window| window.eq_ignore_ascii_case(LENGTH)) {
        let number = std::str::from_utf8(&line[at + LENGTH.len()..]).ok().and_then(|number| number.trim().parse().ok());
        return number.filter(|&bytes| bytes <= LARGEST_BODY).map_or(Header::Malformed, Header::Length);
    }
    let name = line.split(|&byte| byte == b':').next().unwrap_or(line);
    let is_name = name.len() < line.len() && name.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if is_name { Header::Other } else { Header::Malformed }
}

fn message(body: &[u8]) -> Option<Incoming> {
    let value = match serde_json::from_slice::<Value>(body) {
        Ok(value) => value,
        Err(_) => return Some(Incoming::Garbage(Error::parse_error())),
    };
    if value.get("method").is_none() && (value.get("result").is_some() || value.get("error").is_some()) {
        return Some(Incoming::Response(value));
    }
    let request = value.get("method").is_some().then(|| serde_json::from_value(value).ok()).flatten();
    Some(request.map_or_else(|| Incoming::Garbage(Error::invalid_request()), Incoming::Request))
}

/// Where messages for the client are put; one thread writes them in order. Clones lead to the same client.
#[derive(Clone, Debug)]
pub struct Outbox(mpsc::Sender<Outgoing>);

#[derive(Debug)]
enum Outgoing {
    Message(String),
    Flush(mpsc::Sender<()>),
}

impl Outbox {
    /// Starts to write to `output`. A client that does not listen any more is gone: `lost` is called.
    pub fn new(mut output: impl Write + Send + 'static, lost: impl FnOnce() + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for outgoing in receiver {
                match outgoing {
                    Outgoing::Message(body) => {
                        if write(&mut output, &body).is_err() {
                            return lost();
                        }
                    }
                    Outgoing::Flush(done) => drop(done),
                }
            }
        });
        Self(sender)
    }

    /// Puts a message behind those that are there.
    pub fn send(&self, message: impl Into<Value>) {
        // The writer ends only when the client is gone, and the process with it.
        let _ = self.0.send(Outgoing::Message(message.into().to_string()));
    }

    /// Waits until everything is written, but not longer than `limit`.
    pub fn flush(&self, limit: Duration) {
        let (done, written) = mpsc::channel();
        if self.0.send(Outgoing::Flush(done)).is_ok() {
            let _ = written.recv_timeout(limit);
        }
    }
}

fn write(output: &mut impl Write, body: &str) -> io::Result<()> {
    write!(output, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::sync::{Arc, Mutex};

    use serde_json::json;

    use super::*;

    fn frame(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    fn call(method: &str) -> String {
        frame(&format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#))
    }

    /// Methods, and `!` with the code of the error for garbage.
    fn check(input: impl AsRef<[u8]>, expected: &[&str]) {
        let mut seen = Vec::new();
        let deliver = |incoming| {
            seen.push(match incoming {
                Incoming::Request(request) => request.method().to_owned(),
                Incoming::Response(_) => "=".to_owned(),
                Incoming::Garbage(error) => format!("!{}", error.code.code()),
            });
            true
        };
        read(Cursor::new(input), deliver).unwrap();
        assert_eq!(seen, expected);
    }

    #[test]
    fn frames_follow_each_other() {
        check(call("a") + &call("b"), &["a", "b"]);
        check(call("a").replace("Content-Length", "content-length"), &["a"]);
        let typed =
            call("a").replace("\r\n\r\n", "\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n");
        check(typed, &["a"]);
        check("", &[]);
    }

    #[test]
    fn reading_goes_on_after_garbage() {
        check(frame("{not json") + &call("a"), &["!-32700", "a"]);
        check([frame("\u{0}\u{0}").as_bytes(), call("a").as_bytes()].concat(), &["!-32700", "a"]);
        check([b"Content-Length: 2\r\n\r\n\xff\xfe".as_slice(), call("a").as_bytes()].concat(), &["!-32700", "a"]);
        check([b"\xff\x00\x81noise\nmore noise\n".as_slice(), call("a").as_bytes()].concat(), &["!-32700", "a"]);
        check("noise".to_owned() + &call("a"), &["a"]);
        check("Content-Length: many\r\n\r\n".to_owned() + &call("a"), &["!-32700", "a"]);
        check("Content-Length: 99999999999999\r\n\r\n".to_owned() + &call("a"), &["!-32700", "a"]);
        check("Content-Length: -1\r\n\r\n".to_owned() + &call("a"), &["!-32700", "a"]);
        check("Unknown: header\r\n\r\n".to_owned() + &call("a"), &["a"]);
    }

    #[test]
    fn a_wrong_length_costs_at_most_the_next_message() {
        let short = call("a").replacen("30", "28", 1);
        assert_ne!(short, call("a"));
        check(short + &call("b"), &["!-32700", "b"]);
        let long = call("a").replacen("30", "40", 1);
        check(long + &call("b") + &call("c"), &["!-32700", "c"]);
        check(&call("a")[..40], &["!-32700"]);
    }

    #[test]
    fn json_that_is_no_request_is_answered_and_responses_are_told_apart() {
        check(frame("[]") + &frame("7") + &frame("{}") + &call("a"), &["!-32600", "!-32600", "!-32600", "a"]);
        check(frame(r#"{"jsonrpc":"1.0","method":"a"}"#), &["!-32600"]);
        check(frame(r#"{"jsonrpc":"2.0","id":1,"result":null}"#) + &call("a"), &["=", "a"]);
        check(frame(&"[".repeat(100_000)) + &call("a"), &["!-32700", "a"]);
    }

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn messages_are_written_in_order_and_their_length_is_in_bytes() {
        let sink = Sink::default();
        let outbox = Outbox::new(sink.clone(), || panic!("the sink listens"));
        outbox.send(json!("🙂"));
        outbox.clone().send(json!([1]));
        outbox.flush(Duration::from_secs(10));
        let written = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert_eq!(written, "Content-Length: 6\r\n\r\n\"🙂\"Content-Length: 3\r\n\r\n[1]");
    }

    #[test]
    fn a_client_that_is_gone_is_noticed() {
        struct Gone;

        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let (told, heard) = mpsc::channel();
        Outbox::new(Gone, move || told.send(()).unwrap()).send(json!(1));
        heard.recv_timeout(Duration::from_secs(10)).unwrap();
    }
}
