# Writes the settings of PgBouncer and its one login into memory, and starts it.
#
# Whoever comes is known by what the server keeps of their password: it is asked for it by a function that only this login
# may call. So no password of an app is here, and one that is changed needs no restart.
set -eu
umask 077

# A quote is doubled in this file.
printf '"%s" "%s"\n' "$POOLER_ROLE" "$(sed 's/"/""/g' /run/secrets/pooler_password)" >/tmp/logins

cat >/tmp/pgbouncer.ini <<END
[databases]
* = host=$DATABASE_HOST port=5432

[pgbouncer]
listen_addr = 0.0.0.0
listen_port = 6432
unix_socket_dir =
auth_type = scram-sha-256
auth_file = /tmp/logins
auth_user = $POOLER_ROLE
auth_dbname = postgres
auth_query = SELECT name, verifier FROM hearth.user_lookup(\$1)
pool_mode = transaction
default_pool_size = $POOL_SIZE
max_client_conn = $MAX_CLIENTS
max_prepared_statements = 200
# Drivers send it, and it changes nothing that outlives a transaction.
ignore_startup_parameters = extra_float_digits
# The server's task has another address after each restart.
dns_max_ttl = 2
dns_nxdomain_ttl = 1
server_connect_timeout = 3
server_login_retry = 1
log_connections = 0
log_disconnections = 0
END
exec pgbouncer /tmp/pgbouncer.ini
