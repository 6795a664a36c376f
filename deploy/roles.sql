-- Two roles: the owner migrates, the desk works. The desk may add to the history, seal it and blank its words, and
-- owns no table, so it can neither rewrite the history nor switch off the triggers that guard it.
--
-- As a superuser, once on the empty database and again after each migration that made tables:
--   psql --set=ON_ERROR_STOP=1 --dbname=servicedesk --file=deploy/roles.sql
-- Then give both a password: \password servicedesk_owner, \password servicedesk

SELECT 'CREATE ROLE servicedesk_owner LOGIN' WHERE to_regrole('servicedesk_owner') IS NULL \gexec
SELECT 'CREATE ROLE servicedesk LOGIN' WHERE to_regrole('servicedesk') IS NULL \gexec
GRANT CREATE, USAGE ON SCHEMA public TO servicedesk_owner;
GRANT USAGE ON SCHEMA public TO servicedesk;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO servicedesk;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO servicedesk;
SELECT 'REVOKE UPDATE, DELETE ON core_event FROM servicedesk' WHERE to_regclass('core_event') IS NOT NULL \gexec
SELECT 'GRANT UPDATE (seal, previous_hash, hash, note, salt) ON core_event TO servicedesk'
WHERE to_regclass('core_event') IS NOT NULL \gexec
SELECT 'REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM servicedesk'
WHERE to_regclass('django_migrations') IS NOT NULL \gexec
