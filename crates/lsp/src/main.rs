//! brrr-lsp
fn main() {}
