//! What the user has set in the editor, under `brrr`.

use std::time::Duration;

use serde_json::Value;

/// The settings, each with its default.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "a list of switches")]
pub struct Settings {
    /// `inlayHints.enable`: types within the text.
    pub hints: bool,
    /// `inlayHints.variables`: the types of variables.
    pub variables: bool,
    /// `inlayHints.results`: the types of results.
    pub results: bool,
    /// `inlayHints.conversions`: names that an operation takes as another type.
    pub conversions: bool,
    /// `codeLens.enable`: commands above each function.
    pub lenses: bool,
    /// `hover.ir`: the typed IR of the line.
    pub hover_ir: bool,
    /// `ir.optimized`: the lens shows LLVM IR after optimisation.
    pub optimized: bool,
    /// `ir.timeLimit`, in seconds.
    pub time_limit: Duration,
    /// `remarks.enable`: what the optimiser has done with loops.
    pub remarks: bool,
    /// `semanticTokens.enable`: compiled functions and tagged values.
    pub tokens: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hints: true,
            variables: true,
            results: true,
            conversions: true,
            lenses: true,
            hover_ir: true,
            optimized: true,
            time_limit: Duration::from_secs(10),
            remarks: false,
            tokens: false,
        }
    }
}

impl Settings {
    /// Takes over what a client says; what it does not say, or says wrongly, stays. `said` is the value of `brrr`, or holds it.
    pub fn update(&mut self, said: &Value) {
        let said = said.get("brrr").unwrap_or(said);
        for (path, slot) in [
            ("inlayHints.enable", &mut self.hints),
            ("inlayHints.variables", &mut self.variables),
            ("inlayHints.results", &mut self.results),
            ("inlayHints.conversions", &mut self.conversions),
            ("codeLens.enable", &mut self.lenses),
            ("hover.ir", &mut self.hover_ir),
            ("ir.optimized", &mut self.optimized),
            ("remarks.enable", &mut self.remarks),
            ("semanticTokens.enable", &mut self.tokens),
        ] {
            if let Some(value) = at(said, path).and_then(Value::as_bool) {
                *slot = value;
            }
        }
        let limit = at(said, "ir.timeLimit").and_then(Value::as_f64).filter(|limit| limit.is_finite());
        if let Some(limit) = limit {
            self.time_limit = Duration::from_secs_f64(limit.clamp(0.05, 600.0));
        }
    }
}

/// The value at a path, whether it is nested or its name has dots.
fn at<'a>(said: &'a Value, path: &str) -> Option<&'a Value> {
    said.get(path).or_else(|| path.split('.').try_fold(said, |value, part| value.get(part)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_said_stays() {
        let mut settings = Settings::default();
        settings.update(&json!({ "brrr": { "inlayHints": { "enable": false }, "codeLens": 7 } }));
        assert_eq!(settings, Settings { hints: false, ..Settings::default() });
        settings.update(&json!({ "inlayHints.enable": true, "remarks": { "enable": true } }));
        assert_eq!(settings, Settings { remarks: true, ..Settings::default() });
        settings.update(&json!(null));
        settings.update(&json!([1]));
        settings.update(&json!({ "ir": { "timeLimit": -1 } }));
        assert_eq!(settings.time_limit, Duration::from_millis(50));
    }
}
