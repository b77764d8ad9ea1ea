//! The worked examples of the service's documents, and what follows from them.

use restricted_sender_limits::{
    Action, Engine, Hour, Limit, Outcome, Policy, Recipient, Recipients, Second, SenderId, ServiceLimits, Settings,
    Submission, Trip, Until,
};
use time::macros::datetime;
use time::OffsetDateTime;

/// No limits of its own: those of the service.
const DEFAULT: Policy =
    Policy { external_per_hour: 0, internal_per_hour: 0, per_day: 0, action: Action::BlockUserForToday };
const STANDARD: Policy =
    Policy { external_per_hour: 500, internal_per_hour: 1000, per_day: 1000, action: Action::BlockUserForToday };

struct Organization {
    engine: Engine,
    sender: SenderId,
}

impl Organization {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let service = ServiceLimits { recipients_per_message: 10_000, ..ServiceLimits::of_licences(1000) };
        let mut engine = Engine::new(service, settings);
        let sender = engine.add_sender();
        Self { engine, sender }
    }

    fn message(&self, at: OffsetDateTime, recipients: Recipients) -> Submission {
        Submission { at: at.into(), sender: self.sender, recipients, from_initial_domain: false }
    }

    fn sends(&mut self, at: OffsetDateTime, internal: u32, external: u32, policy: &Policy) -> Outcome {
        let recipients = Recipients { internal, external, expanded_external: external };
        self.engine.submit(&self.message(at, recipients), policy)
    }
}

fn at(moment: OffsetDateTime) -> Until {
    Until::At(Second::from(moment))
}

#[test]
fn recipient_rate_5000_and_2500_and_2500_block_until_the_first_5000_are_a_day_old() {
    let mut contoso = Organization::new();
    assert_eq!(contoso.sends(datetime!(2026-11-28 09:00 UTC), 5000, 0, &DEFAULT), Outcome::Accept);
    assert_eq!(contoso.sends(datetime!(2026-11-28 10:00 UTC), 2500, 0, &DEFAULT), Outcome::Accept);
    let until = at(datetime!(2026-11-29 09:00 UTC));
    let tripped = contoso.sends(datetime!(2026-11-28 11:00 UTC), 2500, 0, &DEFAULT);
    assert_eq!(tripped, Outcome::Block { limit: Limit::RecipientRate, until });

    let refused = Outcome::Refuse { limit: Limit::RecipientRate, until: Some(until) };
    assert_eq!(contoso.sends(datetime!(2026-11-28 11:00:01 UTC), 1, 0, &DEFAULT), refused);
    contoso.engine.unblock(contoso.sender, datetime!(2026-11-28 12:00 UTC).into());
    let now = contoso.sends(datetime!(2026-11-29 08:59:59 UTC), 1, 0, &DEFAULT);
    assert_eq!(now, refused, "unblocking does not help");
    assert_eq!(contoso.sends(datetime!(2026-11-29 09:00 UTC), 4999, 0, &DEFAULT), Outcome::Accept);
    let next = contoso.sends(datetime!(2026-11-29 09:30 UTC), 1, 0, &DEFAULT);
    let until = at(datetime!(2026-11-29 10:00 UTC));
    assert_eq!(next, Outcome::Block { limit: Limit::RecipientRate, until }, "2500 + 2500 + 4999 + 1");
}

#[test]
fn block_user_for_today_at_23_59_ends_at_midnight_utc_and_at_00_01_a_day_later() {
    let nobody = Policy { external_per_hour: 0, internal_per_hour: 0, per_day: 10, action: Action::BlockUserForToday };
    let mut contoso = Organization::new();
    let until = at(datetime!(2026-11-29 00:00 UTC));
    let tripped = contoso.sends(datetime!(2026-11-28 23:59 UTC), 11, 0, &nobody);
    assert_eq!(tripped, Outcome::Block { limit: Limit::RecipientsPerDay, until });
    let refused = Outcome::Refuse { limit: Limit::RecipientsPerDay, until: Some(until) };
    assert_eq!(contoso.sends(datetime!(2026-11-28 23:59:59 UTC), 1, 0, &nobody), refused);
    assert_eq!(contoso.sends(datetime!(2026-11-29 00:00 UTC), 1, 0, &nobody), Outcome::Accept);
    let tripped = contoso.sends(datetime!(2026-11-29 00:01 UTC), 10, 0, &nobody);
    let until = at(datetime!(2026-11-30 00:00 UTC));
    assert_eq!(tripped, Outcome::Block { limit: Limit::RecipientsPerDay, until });
}

#[test]
fn block_user_lasts_until_an_admin_unblocks_and_spares_for_the_rest_of_that_day() {
    let strict = Policy { external_per_hour: 5, action: Action::BlockUser, ..STANDARD };
    let mut contoso = Organization::new();
    let blocked = Outcome::Block { limit: Limit::ExternalPerHour, until: Until::Unblocked };
    assert_eq!(contoso.sends(datetime!(2026-11-28 09:00 UTC), 0, 6, &strict), blocked);
    let refused = Outcome::Refuse { limit: Limit::ExternalPerHour, until: Some(Until::Unblocked) };
    assert_eq!(contoso.sends(datetime!(2026-12-05 09:00 UTC), 0, 1, &strict), refused);
    contoso.engine.unblock(contoso.sender, datetime!(2026-12-05 10:00 UTC).into());
    assert_eq!(contoso.sends(datetime!(2026-12-05 10:01 UTC), 0, 60, &strict), Outcome::Accept);
    assert_eq!(contoso.sends(datetime!(2026-12-06 00:00 UTC), 0, 6, &strict), blocked);
}

#[test]
fn the_from_address_selects_the_policy_and_the_authenticated_user_is_counted() {
    let executives = Policy { external_per_hour: 400, ..STANDARD };
    let mut contoso = Organization::new();
    assert_eq!(contoso.sends(datetime!(2026-11-28 09:00 UTC), 0, 450, &STANDARD), Outcome::Accept);
    let tripped = contoso.sends(datetime!(2026-11-28 09:01 UTC), 0, 1, &executives);
    let until = at(datetime!(2026-11-29 00:00 UTC));
    assert_eq!(tripped, Outcome::Block { limit: Limit::ExternalPerHour, until }, "Send As under another policy");
}

#[test]
fn a_group_is_one_recipient_for_its_sender_and_all_its_members_for_the_organization() {
    let group = Recipient::Group { external_members: 300 };
    let recipients: Recipients = [group, Recipient::Internal, Recipient::External].into_iter().collect();
    assert_eq!(recipients, Recipients { internal: 2, external: 1, expanded_external: 301 });

    let mut engine = Engine::new(ServiceLimits::trial(), Settings::default());
    let sender = engine.add_sender();
    let message = |minute: u32| Submission {
        at: Second::from(datetime!(2026-11-28 09:00 UTC) + time::Duration::minutes(i64::from(minute))),
        sender,
        recipients,
        from_initial_domain: false,
    };
    for minute in 0..17 {
        assert_eq!(engine.submit(&message(minute), &DEFAULT), Outcome::Accept);
    }
    let until = at(datetime!(2026-11-29 09:00 UTC));
    let refused = Outcome::Refuse { limit: Limit::TenantExternal, until: Some(until) };
    assert_eq!(engine.submit(&message(17), &DEFAULT), refused, "17 * 301 of 5000");
    assert_eq!(engine.used(sender, message(17).at).recipients_last_24_hours, 17 * 3);
    let internal = Submission { recipients: [Recipient::Internal].into_iter().collect(), ..message(18) };
    assert_eq!(engine.submit(&internal, &DEFAULT), Outcome::Accept, "internal mail goes on");
}

#[test]
fn a_hundred_external_recipients_from_the_initial_domain() {
    let mut contoso = Organization::new();
    let recipients = Recipients { internal: 0, external: 100, expanded_external: 100 };
    let first =
        Submission { from_initial_domain: true, ..contoso.message(datetime!(2026-11-28 09:00 UTC), recipients) };
    assert_eq!(contoso.engine.submit(&first, &DEFAULT), Outcome::Accept);
    let second = Submission { at: datetime!(2026-11-28 09:01 UTC).into(), ..first };
    let until = Some(at(datetime!(2026-11-29 09:00 UTC)));
    let refused = Outcome::Refuse { limit: Limit::InitialDomain, until };
    assert_eq!(contoso.engine.submit(&second, &DEFAULT), refused);
    let another = Submission { from_initial_domain: false, ..second };
    assert_eq!(contoso.engine.submit(&another, &DEFAULT), Outcome::Accept, "another From domain");
}

#[test]
fn the_31st_message_of_a_minute_waits_until_the_first_is_a_minute_old() {
    let mut contoso = Organization::new();
    for second in 0..30 {
        let moment = datetime!(2026-11-28 09:00 UTC) + time::Duration::seconds(second);
        assert_eq!(contoso.sends(moment, 1, 0, &DEFAULT), Outcome::Accept);
    }
    let until = Second::from(datetime!(2026-11-28 09:01 UTC));
    assert_eq!(contoso.sends(datetime!(2026-11-28 09:00:30 UTC), 1, 0, &DEFAULT), Outcome::Delay { until });
    assert_eq!(contoso.sends(until.into(), 1, 0, &DEFAULT), Outcome::Accept);
}

#[test]
fn too_many_recipients_in_one_message_are_refused_and_not_counted() {
    let mut engine = Engine::new(ServiceLimits::of_licences(10), Settings::default());
    let sender = engine.add_sender();
    let at = Second::from(datetime!(2026-11-28 09:00 UTC));
    let recipients = Recipients { internal: 250, external: 251, expanded_external: 251 };
    let message = Submission { at, sender, recipients, from_initial_domain: false };
    let refused = Outcome::Refuse { limit: Limit::RecipientsPerMessage, until: None };
    assert_eq!(engine.submit(&message, &DEFAULT), refused);
    assert_eq!(engine.used(sender, at).recipients_last_24_hours, 0);
}

#[test]
fn an_alert_is_told_once_for_each_limit_that_is_crossed() {
    let alert = Policy { external_per_hour: 5, internal_per_hour: 5, per_day: 0, action: Action::Alert };
    let mut contoso = Organization::new();
    let told = Outcome::Alert { limit: Limit::ExternalPerHour };
    assert_eq!(contoso.sends(datetime!(2026-11-28 09:00 UTC), 0, 6, &alert), told);
    assert_eq!(contoso.sends(datetime!(2026-11-28 09:01 UTC), 0, 6, &alert), Outcome::Accept);
    let told = Outcome::Alert { limit: Limit::InternalPerHour };
    assert_eq!(contoso.sends(datetime!(2026-11-28 09:02 UTC), 6, 1, &alert), told);
}

#[test]
fn the_hour_of_a_policy_is_a_setting() {
    let sends = |hour| {
        let mut contoso = Organization::with(Settings { hour, ..Settings::default() });
        contoso.sends(datetime!(2026-11-28 09:50 UTC), 0, 300, &STANDARD);
        contoso.sends(datetime!(2026-11-28 10:10 UTC), 0, 300, &STANDARD)
    };
    assert_eq!(sends(Hour::Clock), Outcome::Accept);
    assert!(matches!(sends(Hour::Rolling), Outcome::Block { limit: Limit::ExternalPerHour, .. }));
}

#[test]
fn whether_reaching_or_exceeding_trips_is_a_setting() {
    let sends = |policy| {
        let mut contoso = Organization::with(Settings { policy, ..Settings::default() });
        contoso.sends(datetime!(2026-11-28 09:50 UTC), 0, 500, &STANDARD)
    };
    assert_eq!(sends(Trip::Exceeding), Outcome::Accept);
    assert!(matches!(sends(Trip::Reaching), Outcome::Block { limit: Limit::ExternalPerHour, .. }));
}

#[test]
fn what_is_known_to_have_gone_out_is_counted_also_while_the_sender_is_restricted() {
    let mut contoso = Organization::new();
    let day = datetime!(2026-11-28 09:00 UTC);
    let recipients = Recipients { internal: 0, external: 501, expanded_external: 501 };
    let message = contoso.message(day, recipients);
    assert!(matches!(contoso.engine.record(&message, &STANDARD), Outcome::Block { .. }));
    assert_eq!(contoso.engine.record(&message, &STANDARD), Outcome::Accept);
    let used = contoso.engine.used(contoso.sender, day.into());
    assert_eq!((used.external_this_hour, used.recipients_today), (1002, 1002));
    let restriction = contoso.engine.restriction(contoso.sender, day.into());
    assert_eq!(restriction, Some((Limit::ExternalPerHour, at(datetime!(2026-11-29 00:00 UTC)))));
}
