/** $1: the run. What its days hold, per partition. */
export const RUN_TALLIES_SQL = `
SELECT t.partition, sum(t.folded)::text AS folded, sum(t.duplicates)::text AS duplicate, sum(t.conflicts)::text AS conflicts
FROM tandem.run_day d
JOIN tandem.day_tally t ON t.computed_by = d.computed_by AND t.day = d.day
WHERE d.run_id = $1
GROUP BY t.partition
ORDER BY t.partition`;

/** $1, $2: offsets per partition. What was archived from the first (inclusive) to the second (exclusive). */
export const ARCHIVED_SQL = `
SELECT s.partition, sum(s.events)::text AS events, sum(s.invalid)::text AS invalid, sum(s.barriers)::text AS barriers
FROM tandem.archive_stretch s
WHERE s.from_offset >= ($1::bigint[])[s.partition + 1] AND s.to_offset <= ($2::bigint[])[s.partition + 1]
GROUP BY s.partition
ORDER BY s.partition`;

/** $1: the run. Rows that were read of it are whole if it is still kept afterwards. */
export const IS_KEPT_SQL = 'SELECT kept FROM tandem.batch_run WHERE id = $1';
