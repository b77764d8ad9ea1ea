//! Gives the library for Windows its version resource: what Explorer and inventories show of it.

use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    if variable("CARGO_CFG_TARGET_OS")? != "windows" {
        return Ok(());
    }
    let folder = PathBuf::from(variable("OUT_DIR")?);
    fs::write(folder.join("version.rc"), script(&variable("CARGO_PKG_VERSION")?))?;
    let compiled = if variable("CARGO_CFG_TARGET_ENV")? == "gnu" { with_windres(&folder)? } else { with_rc(&folder)? };
    println!("cargo::rustc-cdylib-link-arg={}", compiled.display());
    Ok(())
}

fn variable(name: &str) -> Result<String> {
    println!("cargo::rerun-if-env-changed={name}");
    env::var(name).map_err(|error| Error::other(format!("{name}: {error}")))
}

/// The resource script. 0x409 and 1200 are US English in UTF-16.
fn script(version: &str) -> String {
    let numbers = version.split(['-', '+']).next().unwrap_or_default().replace('.', ",");
    format!(
        r#"1 VERSIONINFO
FILEVERSION {numbers},0
PRODUCTVERSION {numbers},0
FILEOS 0x40004
FILETYPE 0x2
BEGIN
    BLOCK "StringFileInfo"
    BEGIN
        BLOCK "040904B0"
        BEGIN
            VALUE "FileDescription", "The native half of RestrictedSender"
            VALUE "FileVersion", "{version}"
            VALUE "InternalName", "restricted_sender"
            VALUE "LegalCopyright", "MIT License"
            VALUE "OriginalFilename", "restricted_sender.dll"
            VALUE "ProductName", "RestrictedSender"
            VALUE "ProductVersion", "{version}"
        END
    END
    BLOCK "VarFileInfo"
    BEGIN
        VALUE "Translation", 0x409, 1200
    END
END
"#
    )
}

/// mingw-w64's compiler makes an object file; on Windows itself its name has no prefix.
fn with_windres(folder: &Path) -> Result<PathBuf> {
    let made = folder.join("version.o");
    let windres = if cfg!(windows) { "windres" } else { "x86_64-w64-mingw32-windres" };
    run(Command::new(windres)
        .current_dir(folder)
        .args(["--input", "version.rc", "--output-format", "coff", "--output"])
        .arg(&made))?;
    Ok(made)
}

/// The Windows SDK's compiler makes what Microsoft's linker takes. It is there wherever that linker has what it needs,
/// but only a developer's prompt has it on the path.
fn with_rc(folder: &Path) -> Result<PathBuf> {
    let made = folder.join("version.res");
    let mut compiler = newest_sdk().unwrap_or_default().join("rc.exe");
    if !compiler.is_file() {
        compiler = PathBuf::from("rc.exe");
    }
    run(Command::new(compiler).current_dir(folder).arg("/nologo").arg("/fo").arg(&made).arg("version.rc"))?;
    Ok(made)
}

/// The folder of the newest Windows SDK's programs.
fn newest_sdk() -> Option<PathBuf> {
    let kits = Path::new(&env::var_os("ProgramFiles(x86)")?).join("Windows Kits").join("10").join("bin");
    let versions = fs::read_dir(kits).ok()?.filter_map(|entry| Some(entry.ok()?.path().join("x64")));
    versions.filter(|folder| folder.join("rc.exe").is_file()).max()
}

fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let needed = "the library's version resource needs mingw-w64's windres or the Windows SDK's rc";
    let status = command.status().map_err(|error| Error::other(format!("{program}: {error}; {needed}")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::other(format!("{program} ended with {status}")))
    }
}
