//! The header of a file that PowerShell or a portal of Microsoft exported.

/// What separates the columns: `Export-Csv -UseCulture` takes a semicolon in half of the world.
pub(crate) fn delimiter(header: &[u8]) -> u8 {
    let count = |delimiter: u8| header.iter().filter(|byte| **byte == delimiter).count();
    [b',', b';', b'\t'].into_iter().max_by_key(|delimiter| (count(*delimiter), *delimiter == b',')).unwrap_or(b',')
}
