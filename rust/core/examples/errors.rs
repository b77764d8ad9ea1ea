//! Prints the table of errors as Markdown, for `build.ps1 Generate` and `Check`.

use restricted_sender_core::error::Code;

fn main() {
    println!("# Errors of RestrictedSender\n");
    println!("Every error has a code that stays: `FullyQualifiedErrorId` begins with code and name, for example");
    println!("`RS4001.NotListed`. The category is PowerShell's. *Later* means that the same call may succeed later");
    println!(
        "without anybody changing anything. This page is generated from the table in `rust/core/src/error/code.rs`.\n"
    );
    println!("| Code | Name | Category | Later | Meaning | What to do |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for code in Code::ALL {
        println!(
            "| {code} | {} | {:?} | {} | {} | {} |",
            code.name(),
            code.kind(),
            if code.retryable() { "yes" } else { "" },
            code.meaning(),
            code.recommended_action().replace('<', "\\<")
        );
    }
}
