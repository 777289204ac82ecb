-- What starts the clock, over the whole history, of everybody who ever had COPD: the end of each finished emergency
-- stay for COPD that the person survived; each exacerbation without a stay, on its first day; and events of the app.
-- Stays count up to the run date, exacerbations without one up to the index, as everywhere.
-- began_on: admission, or the event's own day. admissions_before: emergency admissions, for any cause [unconfirmed],
-- in the year before it. overtaken_on: the next emergency admission for COPD; of exacerbations without a stay also the
-- next such exacerbation; or death, after which nothing is due. same_kind_before: how many such events lie in the 90 days before.
-- Source: docs/decisions.md §7, §8; docs/follow-up.md.
WITH stays AS (
    SELECT patient, admission_date, discharge_date, bed_days, finished, coalesce(died, FALSE) AS died
    FROM spells
    WHERE emergency AND copd_related
),

found AS (
    SELECT patient, 'discharge' AS event, discharge_date AS event_date, admission_date AS began_on, bed_days AS nights
    FROM stays
    WHERE finished AND NOT died AND discharge_date <= $as_of
    UNION ALL
    SELECT patient, 'moderate', start_date, start_date, NULL
    FROM counted_exacerbations
    WHERE counting = 'all' AND severity IN ('moderate', 'ed_only')
    UNION ALL
    SELECT patient, event, event_date, event_date, NULL
    FROM app_events
),

admissions AS (
    SELECT found.patient, found.event, found.event_date, count(spells.patient) AS admissions_before
    FROM found
    LEFT JOIN spells
        ON found.patient = spells.patient
        AND spells.emergency
        AND spells.admission_date < found.began_on
        AND spells.admission_date >= found.began_on - INTERVAL 12 MONTH
    WHERE found.event = 'discharge'
    GROUP BY found.patient, found.event, found.event_date
),

returns AS (
    SELECT found.patient, found.event, found.event_date, min(stays.admission_date) AS admitted_again_on
    FROM found
    INNER JOIN stays
        ON found.patient = stays.patient
        -- on the day of discharge too: a stay that begins before its end is part of it
        AND stays.admission_date >= found.event_date
        AND stays.admission_date > found.began_on
    GROUP BY found.patient, found.event, found.event_date
),

ordered AS (
    SELECT
        *,
        lead(event_date) OVER (PARTITION BY patient, event ORDER BY event_date) AS next_of_its_kind,
        count(*) OVER (
            PARTITION BY patient, event
            ORDER BY event_date
            RANGE BETWEEN INTERVAL 90 DAY PRECEDING AND CURRENT ROW
        ) - 1 AS same_kind_before
    FROM found
)

SELECT
    ordered.patient,
    ordered.event,
    ordered.event_date,
    ordered.began_on,
    ordered.nights,
    ordered.same_kind_before,
    CASE WHEN ordered.event = 'discharge' THEN coalesce(admissions.admissions_before, 0) END AS admissions_before,
    returns.admitted_again_on,
    least(
        returns.admitted_again_on,
        known_deaths.death_date,
        CASE WHEN ordered.event <> 'discharge' THEN ordered.next_of_its_kind END
    ) AS overtaken_on,
    ordered.next_of_its_kind
FROM ordered
LEFT JOIN admissions
    ON ordered.patient = admissions.patient
    AND ordered.event = admissions.event
    AND ordered.event_date = admissions.event_date
LEFT JOIN known_deaths ON ordered.patient = known_deaths.patient
LEFT JOIN returns
    ON ordered.patient = returns.patient
    AND ordered.event = returns.event
    AND ordered.event_date = returns.event_date
