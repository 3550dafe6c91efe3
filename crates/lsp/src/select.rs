//! Which codes are meant.

use std::str::FromStr;

use brrr_core::diagnostic::Code;

/// One or more codes, as users name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Every code: `ALL`.
    All,
    /// The codes that begin so: `BRRR2`.
    Prefix(String),
    /// One code, by its number or its speaking name.
    One(Code),
}

impl Selector {
    /// True if it means this code.
    #[must_use]
    pub fn matches(&self, code: Code) -> bool {
        match self {
            Self::All => true,
            Self::Prefix(prefix) => code.text().starts_with(prefix.as_str()),
            Self::One(one) => *one == code,
        }
    }

    /// True if it means this code more closely than all of them.
    #[must_use]
    pub fn names(&self, code: Code) -> bool {
        match self {
            Self::All => false,
            Self::Prefix(_) | Self::One(_) => self.matches(code),
        }
    }
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "ALL" || text == "BRRR" {
            return Ok(Self::All);
        }
        if let Some(code) = Code::parse(text) {
            return Ok(Self::One(code));
        }
        let prefix = text.to_ascii_uppercase();
        let is_prefix =
            prefix.strip_prefix("BRRR").is_some_and(|digits| digits.bytes().all(|one| one.is_ascii_digit()));
        if is_prefix && Code::ALL.iter().any(|code| code.text().starts_with(&prefix)) {
            return Ok(Self::Prefix(prefix));
        }
        let known = Code::ALL.iter().flat_map(|code| [code.text(), code.slug().to_owned()]);
        Err(match nearest(text, known) {
            Some(near) => format!("unknown code `{text}`; did you mean `{near}`?"),
            None => format!("unknown code `{text}`; `brrr explain` lists them all"),
        })
    }
}

/// The word that is written most like this one, if any is like it.
#[must_use]
pub fn nearest(word: &str, known: impl IntoIterator<Item = String>) -> Option<String> {
    let scored = known.into_iter().map(|one| (strsim::damerau_levenshtein(word, &one), one));
    let (distance, one) = scored.min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + word.chars().count() / 4).then_some(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<Selector, String> {
        text.parse()
    }

    #[test]
    fn codes_are_named_in_several_ways() {
        assert_eq!(one("BRRR202"), Ok(Selector::One(Code::Expression)));
        assert_eq!(one("unsupported-expression"), Ok(Selector::One(Code::Expression)));
        assert_eq!(one("BRRR2"), Ok(Selector::Prefix("BRRR2".to_owned())));
        assert_eq!(one("ALL"), Ok(Selector::All));
        assert!(one("BRRR20").unwrap().matches(Code::Statement));
        assert!(!one("BRRR1").unwrap().matches(Code::Statement));
        assert!(!one("ALL").unwrap().names(Code::Statement));
    }

    #[test]
    fn unknown_codes_are_refused() {
        assert_eq!(one("BRRR252"), Err("unknown code `BRRR252`; did you mean `BRRR202`?".to_owned()));
        assert_eq!(one("sintax"), Err("unknown code `sintax`; did you mean `syntax`?".to_owned()));
        assert_eq!(one("E501"), Err("unknown code `E501`; `brrr explain` lists them all".to_owned()));
        assert!(one("").is_err());
    }
}
