#!/bin/sh
# A role that owns one database and can reach no other, named by the URL that its module is given: postgres://<role>:<password>@<host>/<database>
set -eu
url=$(cat "$DATABASE_URL_FILE")
account=${url#postgres://}
role=${account%%:*}
rest=${account#*:}
password=${rest%%@*}
database=${url##*/}
psql -v ON_ERROR_STOP=1 -v role="$role" -v password="$password" -v database="$database" -U "${POSTGRES_USER:-postgres}" -d postgres <<'SQL'
create role :"role" login password :'password';
create database :"database" owner :"role";
revoke connect on database :"database" from public;
revoke connect on database postgres from public;
SQL
