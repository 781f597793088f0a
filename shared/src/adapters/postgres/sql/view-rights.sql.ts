/** $1 a view's oid. Who may do what with it and its columns, beside its owner. Grantee 0 is everybody. */
export const READ_RIGHTS_SQL = `
  SELECT a.privilege_type AS privilege, a.is_grantable AS "isGrantable", a."column",
    a.grantor = c.relowner AS "isByOwner", quote_ident(pg_get_userbyid(a.grantor)) AS grantor,
    CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END AS grantee,
    has_schema_privilege(a.grantor, 'batch_view', 'USAGE')
      AND pg_has_role(a.grantor, CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END)
      AS "canActAsGrantor"
  FROM pg_class c
  CROSS JOIN LATERAL (
    SELECT x.*, NULL AS "column" FROM aclexplode(c.relacl) x
    UNION ALL
    SELECT x.*, t.attname FROM pg_attribute t CROSS JOIN LATERAL aclexplode(t.attacl) x
    WHERE t.attrelid = c.oid AND NOT t.attisdropped) a
  WHERE c.oid = $1 AND a.grantee <> c.relowner`;

/** $1 a view's oid. The tables of ours that it reads with its owner's rights. */
export const SOURCES_SQL = `
  SELECT DISTINCT d.refobjid::regclass::text AS name FROM pg_rewrite w
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass
  JOIN pg_class t ON t.oid = d.refobjid AND t.relnamespace = 'tandem'::regnamespace
  WHERE w.ev_class = $1`;
