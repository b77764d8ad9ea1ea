//! The functions of the ABI, by what they work on. Each body runs inside [`border`](crate::border::border).

mod bind;
mod error;
mod library;
mod operation;
mod request;
mod session;

#[cfg(test)]
mod tests {
    /// Every exported function has the panic boundary, the checks and the error object of `border`.
    #[test]
    fn every_export_passes_the_border() {
        let sources = [
            include_str!("exports/bind.rs"),
            include_str!("exports/error.rs"),
            include_str!("exports/library.rs"),
            include_str!("exports/operation.rs"),
            include_str!("exports/request.rs"),
            include_str!("exports/session.rs"),
        ];
        let mut seen = 0;
        for export in sources.iter().flat_map(|source| source.split("#[no_mangle]").skip(1)) {
            let name = export.split("fn ").nth(1).and_then(|rest| rest.split('(').next()).unwrap();
            assert!(name.starts_with("rs_"), "{name}");
            let body = export.split(") -> RsStatus {").nth(1).unwrap_or_else(|| panic!("{name} has no status"));
            let statements: Vec<_> = body.lines().map(str::trim).filter(|line| !line.starts_with("//")).collect();
            let before = statements.iter().take_while(|line| !line.starts_with("border(error, || {"));
            let only_wraps =
                before.clone().all(|line| line.is_empty() || line.starts_with("let ") && line.contains("::at("));
            assert!(only_wraps && before.count() < statements.len(), "{name} does something outside the border");
            seen += 1;
        }
        assert_eq!(seen, 23, "functions seen");
    }
}
