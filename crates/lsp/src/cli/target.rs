//! `FILE::FUNC`, as `ir` and `bench` take it.

use std::path::PathBuf;
use std::str::FromStr;

/// A function in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The file.
    pub(super) file: PathBuf,
    /// The function; of one in a class `Class.function`.
    pub(super) function: String,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once("::") {
            Some((file, function)) if !file.is_empty() && !function.is_empty() => {
                Ok(Self { file: PathBuf::from(file), function: function.to_owned() })
            }
            _ => Err("write the file, two colons and the function: `kernels.py::mean`".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_functions() {
        let target = |text: &str| text.parse::<Target>().ok().map(|one| (one.file, one.function));
        assert_eq!(target("a/b.py::A.f"), Some((PathBuf::from("a/b.py"), "A.f".to_owned())));
        assert_eq!(target("a::b.py::f"), Some((PathBuf::from("a::b.py"), "f".to_owned())));
        assert_eq!(["a.py", "a.py::", "::f", "a.py:f", ""].map(target), [const { None }; 5]);
    }
}
