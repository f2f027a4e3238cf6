#!/usr/bin/env bash
# Makes what is missing of the secrets, each in a file of ./secrets, and changes none that is there.
# The folder is closed to everybody else; the files in it are readable by all, since containers run under other numbers.
set -euo pipefail
cd "${1:-$(dirname "$0")}"
umask 077
mkdir -p secrets
cd secrets

random() { head -c "$1" /dev/urandom | od -An -tx1 | tr -d ' \n'; }
put() { # NAME: standard input becomes the file, unless it is there
  if [ -e "$1" ]; then cat >/dev/null; else
    cat >"$1.new"
    chmod 444 "$1.new"
    mv "$1.new" "$1"
  fi
}

# Lost with these: every page, every lookup, the ledger's signature, every backup. Copy them to a safe place, apart from the data.
for name in master lookup ledger backup; do head -c 32 /dev/urandom | put "$name.key"; done

random 24 | put postgresql_password
random 24 | put elasticsearch_password
random 24 | put grafana_password
printf '' | put monitor_token # filled once the archive runs: ../monitoring/README.md
echo "postgresql+psycopg://muniment:$(cat postgresql_password)@postgresql/muniment" | put muniment_catalogue_url
echo "elasticsearch+http://elastic:$(cat elasticsearch_password)@elasticsearch:9200/muniment" | put muniment_index_url

redis=$(random 24)
printf 'requirepass %s\nsave ""\nappendonly no\nmaxmemory 64mb\nmaxmemory-policy noeviction\n' "$redis" | put redis.conf
echo "redis://:$(sed -n 's/^requirepass //p' redis.conf)@redis:6379/0" | put muniment_broker_url

for store in "" backup_; do
  random 10 | put "muniment_${store}s3_access_key"
  random 20 | put "muniment_${store}s3_secret_key"
  printf '{"identities": [{"name": "muniment", "credentials": [{"accessKey": "%s", "secretKey": "%s"}], "actions": ["%s"]}]}\n' \
    "$(cat "muniment_${store}s3_access_key")" "$(cat "muniment_${store}s3_secret_key")" \
    'Read:muniment", "Write:muniment", "List:muniment", "Tagging:muniment' | put "s3${store:+-backup}.json"
done

# Good for a trial, for browsers do not know who signed it. Put your own in its place: the chain in tls.crt, the key in tls.key.
if [ ! -e tls.crt ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=${MUNIMENT_NAME:-localhost}" \
    -addext "subjectAltName=DNS:${MUNIMENT_NAME:-localhost}" -keyout fresh.key -out fresh.crt 2>/dev/null
  put tls.key <fresh.key && put tls.crt <fresh.crt
  rm -f fresh.key fresh.crt
fi
