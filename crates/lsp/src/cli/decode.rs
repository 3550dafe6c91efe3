//! The bytes of a Python file to text, and back.
//!
//! Enters: bytes. Leaves: text, by the declared encoding as Python reads it (PEP 263), and the [`Encoding`] by which an edited text is
//! written again. What Python cannot read is text all the same, with the place where it begins to be wrong.

use std::borrow::Cow;

/// How a file is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8 {
        /// True if the file begins with a byte order mark, which is no part of the text.
        mark: bool,
    },
    /// One byte for each of the first 256 characters.
    Latin1,
    /// Another one.
    Other(&'static encoding_rs::Encoding),
}

/// Why Python cannot read a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Undecodable {
    /// The text, with `�` for what cannot be read.
    pub(super) text: String,
    /// Where in the text the first place is that cannot be read.
    pub(super) offset: usize,
    /// What is wrong.
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: &'static str,
}

const MARK: &[u8] = b"\xef\xbb\xbf";

/// The text of a file.
///
/// # Errors
/// If Python could not read it either.
pub(super) fn decode(bytes: Vec<u8>) -> Result<(String, Encoding), Undecodable> {
    let mark = bytes.starts_with(MARK);
    let declared = declared(&bytes);
    let encoding = match declared.as_deref().map(|name| (name, known(name))) {
        None => Encoding::Utf8 { mark },
        Some((_, Some(Encoding::Utf8 { .. }))) => Encoding::Utf8 { mark },
        Some((_, Some(other))) if !mark => other,
        Some((name, _)) => {
            let message = match mark {
                true => format!("the file begins with a byte order mark of UTF-8 and declares `{name}`"),
                false => format!("the declared encoding `{name}` is not known"),
            };
            let text = String::from_utf8_lossy(bytes.strip_prefix(MARK).unwrap_or(&bytes)).into_owned();
            let offset = text.find(name).unwrap_or(0);
            return Err(Undecodable { text, offset, message, help: "save it as UTF-8 and declare nothing" });
        }
    };
    match encoding {
        Encoding::Utf8 { mark } => utf8(bytes, mark),
        Encoding::Latin1 => Ok((bytes.iter().map(|&byte| char::from(byte)).collect(), encoding)),
        Encoding::Other(other) => match other.decode_without_bom_handling(&bytes) {
            (text, false) => Ok((text.into_owned(), encoding)),
            (text, true) => {
                let text = text.into_owned();
                let offset = text.find('\u{fffd}').unwrap_or(0);
                let message = format!("the text is not what the declared encoding, {}, makes", other.name());
                Err(Undecodable { text, offset, message, help: "save it in the encoding that it declares" })
            }
        },
    }
}

fn utf8(mut bytes: Vec<u8>, mark: bool) -> Result<(String, Encoding), Undecodable> {
    if mark {
        bytes.drain(..MARK.len());
    }
    String::from_utf8(bytes).map(|text| (text, Encoding::Utf8 { mark })).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let byte = error.as_bytes().get(offset).copied().unwrap_or_default();
        Undecodable {
            text: String::from_utf8_lossy(error.as_bytes()).into_owned(),
            offset,
            message: format!("the file is not UTF-8: byte 0x{byte:02x} cannot stand here"),
            help: "save it as UTF-8, or declare its encoding in the first line: `# -*- coding: latin-1 -*-`",
        }
    })
}

/// The bytes of a text in an encoding; `None` if it has characters that the encoding lacks.
pub(super) fn encode(text: &str, encoding: Encoding) -> Option<Cow<'_, [u8]>> {
    match encoding {
        Encoding::Utf8 { mark: false } => Some(Cow::Borrowed(text.as_bytes())),
        Encoding::Utf8 { mark: true } => Some(Cow::Owned([MARK, text.as_bytes()].concat())),
        Encoding::Latin1 => {
            text.chars().map(|one| u8::try_from(u32::from(one)).ok()).collect::<Option<Vec<_>>>().map(Cow::Owned)
        }
        Encoding::Other(other) => {
            let (bytes, _, unmappable) = other.encode(text);
            (!unmappable).then_some(bytes)
        }
    }
}

/// The name in a comment such as `# -*- coding: latin-1 -*-` in the first line, or in the second behind an empty one.
fn declared(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    for line in bytes.split(|&byte| byte == b'\n').take(2) {
        let line = line.trim_ascii();
        if let Some(comment) = line.strip_prefix(b"#") {
            if let Some(name) = in_comment(comment) {
                return Some(name);
            }
        } else if !line.is_empty() {
            return None;
        }
    }
    None
}

fn in_comment(comment: &[u8]) -> Option<String> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let mut rest = comment;
    while let Some(at) = rest.windows(b"coding".len()).position(|window| window == b"coding") {
        rest = &rest[at + b"coding".len()..];
        let Some((b':' | b'=', behind)) = rest.split_first() else { continue };
        let behind = behind.trim_ascii_start();
        let name = behind.iter().take_while(|byte| is_name(byte)).copied().map(char::from).collect::<String>();
        if !name.is_empty() {
            return Some(name);
        }
    }
    None
}

/// The encoding of a name that Python knows.
fn known(name: &str) -> Option<Encoding> {
    let name = name.to_ascii_lowercase().replace('_', "-");
    match name.as_str() {
        "utf-8" | "utf8" | "utf-8-sig" | "u8" | "cp65001" => Some(Encoding::Utf8 { mark: false }),
        "ascii" | "us-ascii" | "646" => Some(Encoding::Utf8 { mark: false }),
        "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "8859" | "cp819" | "l1" | "latin" => Some(Encoding::Latin1),
        other => {
            let label =
                other.strip_prefix("cp125").map_or_else(|| other.to_owned(), |page| format!("windows-125{page}"));
            let found = encoding_rs::Encoding::for_label_no_replacement(label.as_bytes())?;
            // Python reads source by the ASCII characters in it, which these do not have where they should.
            found.is_ascii_compatible().then_some(Encoding::Other(found))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (String, Encoding) {
        decode(bytes.to_vec()).unwrap()
    }

    #[test]
    fn utf_8_with_and_without_a_mark() {
        assert_eq!(read("é".as_bytes()), ("é".to_owned(), Encoding::Utf8 { mark: false }));
        let (text, encoding) = read(b"\xef\xbb\xbfx = 1\n");
        assert_eq!((text.as_str(), encoding), ("x = 1\n", Encoding::Utf8 { mark: true }));
        assert_eq!(encode(&text, encoding).unwrap().as_ref(), b"\xef\xbb\xbfx = 1\n");
        assert_eq!(read(b""), (String::new(), Encoding::Utf8 { mark: false }));
    }

    #[test]
    fn declared_encodings() {
        let (text, encoding) = read(b"#!/usr/bin/python\n# vim: set fileencoding=latin-1 :\n# \xe9\n");
        assert!(text.ends_with("# é\n"));
        assert_eq!(encoding, Encoding::Latin1);
        assert_eq!(encode("€", encoding), None);
        assert_eq!(encode("é", encoding).unwrap().as_ref(), b"\xe9");
        let (text, encoding) = read(b"# coding: cp1252\n# \x80\n");
        assert!(text.ends_with("# €\n"));
        assert_eq!(encode(&text, encoding).unwrap().as_ref(), b"# coding: cp1252\n# \x80\n");
        assert_eq!(declared(b"x = 1\n# coding: latin-1\n"), None, "code stands before it");
        assert_eq!(declared(b"\n\n# coding: latin-1\n"), None, "the third line");
        assert_eq!(declared(b"# encoding = x\n# coding:y"), Some("y".to_owned()), "a space before the sign");
    }

    #[test]
    fn what_python_cannot_read() {
        let wrong = decode(b"a = '\xff'\n".to_vec()).unwrap_err();
        assert_eq!((wrong.offset, wrong.text.as_str()), (5, "a = '\u{fffd}'\n"));
        assert!(wrong.message.contains("0xff"));
        let wrong = decode(b"# coding: klingon\n".to_vec()).unwrap_err();
        assert_eq!(wrong.offset, 10);
        assert!(decode(b"\xef\xbb\xbf# coding: latin-1\n".to_vec()).is_err());
        assert!(decode(b"# coding: utf-16\n".to_vec()).is_err());
    }
}
