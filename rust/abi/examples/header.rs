//! Prints the C header, for `build.ps1 Generate` and `Check`.

use std::path::Path;
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut config = cbindgen::Config::from_file(crate_dir.join("cbindgen.toml"))?;
    config.header = Some(format!(
        "/* The C ABI of RestrictedSender {}. Generated from rust/abi: change it there. */",
        env!("CARGO_PKG_VERSION")
    ));
    config.trailer = None;
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in ["status.rs", "cell.rs", "row.rs"] {
        builder = builder.with_src(crate_dir.join("src").join(source));
    }
    let mut exports: Vec<_> =
        fs::read_dir(crate_dir.join("src/exports"))?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    exports.sort();
    for source in exports {
        builder = builder.with_src(source);
    }
    builder.generate()?.write(io::stdout());
    Ok(())
}
