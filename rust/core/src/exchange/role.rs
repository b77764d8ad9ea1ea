//! The roles that a token tells of. They inform: what may really be done, the service decides.

/// The templates of directory roles that matter to Exchange, the same in every organization (Microsoft Learn, "Microsoft
/// Entra built-in roles").
const DIRECTORY_ROLES: [(&str, &str); 7] = [
    ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator"),
    ("29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Administrator"),
    ("31392ffb-586c-42d1-9346-e59415a2cc4e", "Exchange Recipient Administrator"),
    ("194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator"),
    ("17315797-102d-40b4-93e0-432062caca18", "Compliance Administrator"),
    ("5d6b6bb7-de71-4623-b4af-96380a352509", "Security Reader"),
    ("f2ef992c-3afb-46b9-b7cf-a126ee74c451", "Global Reader"),
];

/// What stands in the tokens of every app and of every person, and is no role.
const EVERYBODY: [&str; 2] = ["0997a1d0-0d1d-4acb-b408-d5ca73121e90", "b79fbf4d-3ef9-4689-8143-76b194e85509"];

/// The names of the app roles (claim `roles`) and of the directory roles (claim `wids`), in the token's order. A directory
/// role that is not known here is told by its template's id.
pub fn named(app_roles: Vec<String>, directory_roles: &[String]) -> Vec<String> {
    let is_role = |id: &&String| !EVERYBODY.iter().any(|everybody| everybody.eq_ignore_ascii_case(id));
    let name = |id: &String| {
        let known = DIRECTORY_ROLES.iter().find(|(known, _)| known.eq_ignore_ascii_case(id));
        known.map_or_else(|| id.clone(), |(_, name)| (*name).to_owned())
    };
    app_roles.into_iter().chain(directory_roles.iter().filter(is_role).map(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_told_by_name_and_what_everybody_has_is_none() {
        let ids = [
            "29232CDF-9323-42fd-ade2-1d097af3e4de",
            EVERYBODY[0],
            EVERYBODY[1],
            "11111111-2222-3333-4444-555555555555",
        ];
        let roles = named(vec!["Exchange.ManageAsApp".to_owned()], &ids.map(str::to_owned));
        assert_eq!(roles, ["Exchange.ManageAsApp", "Exchange Administrator", "11111111-2222-3333-4444-555555555555"]);
        assert!(named(Vec::new(), &[]).is_empty());
    }
}
