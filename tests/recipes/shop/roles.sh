# shellcheck shell=sh
# Run once, when the database is made: who owns the schema, and who uses it.
psql --quiet --username=postgres --dbname=postgres --set=ON_ERROR_STOP=1 \
    --set=owner="$(cat /run/secrets/owner_password)" --set=app="$(cat /run/secrets/app_password)" <<'SQL'
CREATE ROLE shop_owner LOGIN PASSWORD :'owner';
CREATE ROLE shop_app LOGIN PASSWORD :'app';
CREATE DATABASE shop OWNER shop_owner;
\connect shop
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO shop_app;
ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO shop_app;
SQL
