#!/bin/sh
# Prints the Secrets that overlays/prod needs, with new random passwords: once, before the first start.
#   GATEWAY_TOKEN=... deploy/kubernetes/make-secrets.sh | kubectl -n order-saga apply -f -
# GATEWAY_TOKEN: what the card processor knows Payment by. Where Secrets come from a vault, this shows what must be in them.
set -eu
: "${GATEWAY_TOKEN:?what the card processor knows Payment by}"
# In the URLs: KEDA reads them too, and lives in a namespace of its own.
namespace=${NAMESPACE:-order-saga}

# In quotes: a password of digits alone would be a number. The label is for CloudNativePG, which then gives a role its changed password.
secret() { # name, then key=value ...
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  labels: { cnpg.io/reload: "true" }\nstringData:\n' "$1"
  shift
  for pair in "$@"; do printf '  %s: "%s"\n' "${pair%%=*}" "${pair#*=}"; done
}
# The operators read `username` and `password`.
account() { # name, module, scheme, address
  password=$(head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n')
  secret "$1" "username=$2" "password=$password" "url=$3://$2:$password@$4"
  echo 'type: kubernetes.io/basic-auth'
}

for module in order stock payment; do
  account "$module-database" "$module" postgres "$module-postgres-rw.$namespace.svc:5432/$module"
  account "$module-amqp" "$module" amqp "rabbitmq.$namespace.svc:5672"
done
secret payment-gateway "token=$GATEWAY_TOKEN"
