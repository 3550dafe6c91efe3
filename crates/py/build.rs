//! Tells the crate which CPython it is built for: the layout of ints differs between versions.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
}
