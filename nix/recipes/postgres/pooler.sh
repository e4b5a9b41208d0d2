# shellcheck shell=sh
# Writes the settings of PgBouncer and its one login into memory, starts it, and tells it when the server has moved.
#
# Whoever comes is known by what the server keeps of their password: it is asked for it by a function that only this login
# may call. So no password of an app is here, and one that is changed needs no restart.
set -u
umask 077

# The server's task has another address after each restart. PgBouncer is not left to find it: the library that it asks names
# with (c-ares 1.31 and newer) remembers an answer for as long as that says, with Docker's ten minutes.
address() { # the first word of the first line
    # shellcheck disable=SC2046 # words are wanted
    set -- $(getent hosts "$DATABASE_HOST")
    echo "${1:-}"
}

settings() { # ADDRESS
    cat >/tmp/pgbouncer.ini.new <<END
[databases]
* = host=$1 port=5432

[pgbouncer]
listen_addr = 0.0.0.0
listen_port = 6432
unix_socket_dir =
auth_type = scram-sha-256
auth_file = /tmp/logins
auth_user = $POOLER_ROLE
auth_dbname = postgres
auth_query = SELECT name, verifier FROM hearth.user_lookup(\$1)
# The health check asks the console.
stats_users = $POOLER_ROLE
pool_mode = transaction
default_pool_size = $POOL_SIZE
max_client_conn = $MAX_CLIENTS
max_prepared_statements = 200
# Drivers send it, and it changes nothing that outlives a transaction.
ignore_startup_parameters = extra_float_digits
server_login_retry = 1
server_connect_timeout = 3
log_connections = 0
log_disconnections = 0
END
    mv /tmp/pgbouncer.ini.new /tmp/pgbouncer.ini
}

# A quote is doubled in this file.
printf '"%s" "%s"\n' "$POOLER_ROLE" "$(sed 's/"/""/g' /run/secrets/pooler_password)" >/tmp/logins
now=$(address)
settings "${now:-127.0.0.1}"
pgbouncer /tmp/pgbouncer.ini &
pooler=$!
# What is under way is finished.
trap 'kill -INT "$pooler"' TERM INT

while kill -0 "$pooler" 2>/dev/null; do
    sleep 1 &
    wait $!
    new=$(address)
    if [ -n "$new" ] && [ "$new" != "$now" ]; then
        echo "the server is at $new now" >&2
        now=$new
        settings "$now"
        kill -HUP "$pooler"
    fi
done
wait "$pooler"
