//! Link options of the LLVM library: self-contained, and cheap to open.
//!
//! libstdc++, zlib, zstd and libffi are linked statically where their archives are installed, so that the library needs
//! nothing but glibc and runs on a machine without LLVM. docs/start-up.md has the measurements behind the rest.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io};

const ARCHIVES: [&str; 4] = ["libstdc++.a", "libz.a", "libzstd.a", "libffi.a"];

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=CC");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return Ok(());
    }
    // A folder that holds archives only comes first on the search path, so the linker finds no shared object there.
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?).join("archives");
    fs::create_dir_all(&folder)?;
    for name in ARCHIVES {
        let link = folder.join(name);
        if link.symlink_metadata().is_ok() {
            fs::remove_file(&link)?;
        }
        if let Some(archive) = find(name)? {
            std::os::unix::fs::symlink(archive, link)?;
        }
    }
    println!("cargo:rustc-link-search=native={}", folder.display());
    println!("cargo:rustc-cdylib-link-arg=-static-libgcc");
    // 111 000 relative relocations in 25 kB instead of 2.7 MB; needs glibc 2.36, as libstdc++ of Debian 12 does.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,pack-relative-relocs");
    // `__wrap___cxa_atexit` in src/lib.rs says why.
    println!("cargo:rustc-cdylib-link-arg=-Wl,--wrap=__cxa_atexit");
    // So does `__wrap__ZN4llvm2cl6Option11addArgumentEv`.
    println!("cargo:rustc-cdylib-link-arg=-Wl,--wrap=_ZN4llvm2cl6Option11addArgumentEv");
    // `src/memory.rs` stands for these.
    if env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("x86_64") {
        for function in ["malloc", "calloc", "realloc", "aligned_alloc", "free"] {
            println!("cargo:rustc-cdylib-link-arg=-Wl,--wrap={function}");
        }
    }
    // What a first call runs stands together: it is spread over the whole library otherwise, and each part is mapped when it is reached.
    let order = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?).join("order.txt");
    println!("cargo:rerun-if-changed={}", order.display());
    let order = [format!("-Wl,--symbol-ordering-file={}", order.display()), "-Wl,--no-warn-symbol-ordering".to_owned()];
    if links_with(&order)? {
        order.iter().for_each(|argument| println!("cargo:rustc-cdylib-link-arg={argument}"));
    }
    Ok(())
}

/// True if the linker that rustc uses for this library knows these arguments: lld does, which is rustc's own on x86-64 Linux.
fn links_with(arguments: &[String]) -> io::Result<bool> {
    let variable = |name: &str| env::var_os(name).ok_or(io::ErrorKind::NotFound);
    let mut rustc = Command::new(variable("RUSTC")?);
    rustc.args(["--crate-name=probe", "--crate-type=cdylib", "--target"]).arg(variable("TARGET")?);
    rustc.arg("-o").arg(PathBuf::from(variable("OUT_DIR")?).join("probe.so"));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut argument = OsString::from("-Clinker=");
        argument.push(linker);
        rustc.arg(argument);
    }
    if let Ok(flags) = env::var("CARGO_ENCODED_RUSTFLAGS") {
        rustc.args(flags.split('\u{1f}').filter(|flag| !flag.is_empty()));
    }
    rustc.args(arguments.iter().map(|argument| format!("-Clink-arg={argument}")));
    // The empty program.
    Ok(rustc.arg("-").stdin(Stdio::null()).output()?.status.success())
}

/// Where the C compiler finds an archive.
fn find(name: &str) -> io::Result<Option<PathBuf>> {
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let output = Command::new(compiler).arg(format!("-print-file-name={name}")).output()?;
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    // The compiler repeats a name that it does not find.
    Ok((path.is_absolute() && Path::new(&path).exists()).then_some(path))
}
