//! Link options of the LLVM library: self-contained, and cheap to open.
//!
//! libstdc++, zlib, zstd and libffi are linked statically where their archives are installed, so that the library needs
//! nothing but glibc and runs on a machine without LLVM. docs/start-up.md has the measurements behind the rest.

use std::path::{Path, PathBuf};
use std::process::Command;
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
    Ok(())
}

/// Where the C compiler finds an archive.
fn find(name: &str) -> io::Result<Option<PathBuf>> {
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let output = Command::new(compiler).arg(format!("-print-file-name={name}")).output()?;
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    // The compiler repeats a name that it does not find.
    Ok((path.is_absolute() && Path::new(&path).exists()).then_some(path))
}
