#!/usr/bin/env bash
# pooler.sh          writes the settings of PgBouncer and its one login into memory, starts it, and tells it when the server
#                    has moved. Ends with an error when the server cannot be found.
# pooler.sh --check  whether it answers and has known where the server is.
#
# Whoever comes is known by what the server keeps of their password: it is asked for it by a function that only this login
# may call. So no password of an app is here, and one that is changed needs no restart.
set -u
umask 077

folder=${POOLER_FOLDER:-/tmp}
port=${POOLER_PORT:-6432}
password_file=${POOLER_PASSWORD_FILE:-/run/secrets/pooler_password}
# How long a server may take to come up for the first time.
patience=${POOLER_PATIENCE_SECONDS:-120}

fail() {
    echo "pooler: $*" >&2
    exit 1
}

# The server's task has another address after each restart. PgBouncer is not left to find it: the library that it asks names
# with (c-ares 1.31 and newer) remembers an answer for as long as that says, with Docker's ten minutes.
address() { # the first word of the first line
    local found
    found=$(getent hosts "$DATABASE_HOST")
    echo "${found%%[[:space:]]*}"
}

settings() { # ADDRESS
    cat >"$folder/pgbouncer.ini.new" <<END
[databases]
* = host=$1 port=5432

[pgbouncer]
listen_addr = 0.0.0.0
listen_port = $port
unix_socket_dir =
auth_type = scram-sha-256
auth_file = $folder/logins
auth_user = $POOLER_ROLE
auth_dbname = postgres
auth_query = SELECT name, verifier FROM hearth.user_lookup(\$1)
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
    mv "$folder/pgbouncer.ini.new" "$folder/pgbouncer.ini"
}

# PostgreSQL's protocol lets a client ask for TLS before it says who it is, and any byte is an answer: PgBouncer gives it by
# itself, also while the server does not answer.
check() {
    [ -e "$folder/found" ] || fail "$DATABASE_HOST was never found"
    exec 3<>"/dev/tcp/127.0.0.1/$port" || fail "nothing listens on port $port"
    printf '\0\0\0\10\4\322\26\57' >&3
    IFS= read -r -t 4 -n 1 <&3 || fail "nothing answers on port $port"
}

if [ "${1:-}" = --check ]; then
    check
    exit
fi

for program in getent pgbouncer sed; do
    command -v "$program" >/dev/null || fail "there is no \`$program\` in this image, and without it no server is found"
done

# A quote is doubled in this file.
printf '"%s" "%s"\n' "$POOLER_ROLE" "$(sed 's/"/""/g' "$password_file")" >"$folder/logins"
rm -f "$folder/found"
now=$(address)
settings "${now:-127.0.0.1}"
[ -z "$now" ] || : >"$folder/found"
pgbouncer "$folder/pgbouncer.ini" &
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
        : >"$folder/found"
    elif [ -z "$now" ] && [ "$SECONDS" -ge "$patience" ]; then
        kill -INT "$pooler"
        wait "$pooler"
        fail "\`$DATABASE_HOST\` has no address after $patience s, so that no app would reach its database; see the service db"
    fi
done
wait "$pooler"
