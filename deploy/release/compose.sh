# shellcheck shell=bash disable=SC2153 # what release.sh sets
# How a release runs in containers, by compose.yaml. Read by deploy/release.sh, which is called in a checkout.
#
# The tags of the images are in .env: BLUE_TAG and GREEN_TAG for the slots, TAG for workers and everything else.

: "${SOURCE:=$HERE/..}" "${TEST_COMMAND:=bin/test}"
ENV_FILE=$SOURCE/.env

compose() {
    docker compose --project-directory "$SOURCE" --profile production --profile green "$@"
}

read_tag() { # NAME
    sed -n "s/^$1=//p" "$ENV_FILE" 2>/dev/null | tail -n 1
}
write_tag() { # NAME, TAG
    touch "$ENV_FILE"
    sed "/^$1=/d" "$ENV_FILE" >"$ENV_FILE.new"
    echo "$1=$2" >>"$ENV_FILE.new"
    mv "$ENV_FILE.new" "$ENV_FILE"
}
name_service() { # web or live, SLOT
    if [ "$2" = green ]; then echo "$1-green"; else echo "$1"; fi
}
name_port() { if [ "$1" = live ]; then echo 8001; else echo 8000; fi; }

driver_read_commit() { # SLOT
    [ -z "$1" ] || read_tag "${1^^}_TAG"
}

driver_validate() {
    local program secret
    for program in git docker curl python3; do
        command -v "$program" >/dev/null || fail "$program is not installed"
    done
    for secret in secret_key database_url redis_url redis_auth postgres_password; do
        [ -s "$SOURCE/secrets/$secret" ] || fail "secrets/$secret is missing: deploy/make-secrets makes it"
    done
    for secret in chain.pem key.pem; do
        [ -s "$SOURCE/certificates/$secret" ] || fail "certificates/$secret is missing"
    done
    compose config --quiet || fail "compose.yaml or .env cannot be used"
    if [ "$VERB" = release ]; then
        COMMIT=$(git -C "$SOURCE" rev-parse --verify --quiet "$COMMIT^{commit}") || fail "there is no such commit"
    fi
}

driver_build() { # from the commit, not from what lies around
    local folder
    folder=$(mktemp -d)
    git -C "$SOURCE" archive "$COMMIT" | tar -x -C "$folder"
    docker build --quiet --target product --build-arg "COMMIT=$COMMIT" --tag "image2model:$COMMIT" "$folder"
    rm -rf "$folder"
}

driver_test() {
    (cd "$SOURCE" && $TEST_COMMAND)
}

driver_fill_slot() { # SLOT
    driver_stop "$1"
    write_tag "${1^^}_TAG" "$COMMIT"
}

driver_prepare() {
    compose up --detach postgres redis
    TAG=$COMMIT compose run --rm prepare python manage.py check --deploy --fail-level ERROR
    TAG=$COMMIT compose run --rm prepare python manage.py change_schema --check
    TAG=$COMMIT compose run --rm prepare
}

driver_start() { compose up --detach --no-deps "$(name_service web "$1")" "$(name_service live "$1")"; }
driver_stop() { compose stop "$(name_service live "$1")" "$(name_service web "$1")"; }
driver_keep() { :; } # Docker starts again what was not stopped

driver_ask() { # SLOT, web or live, PATH
    compose exec -T "$(name_service "$2" "$1")" python -c '
import os, sys, urllib.request
headers = {"Host": os.environ["PUBLIC_URL"].partition("://")[2], "X-Forwarded-Proto": "https"}
request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}{sys.argv[2]}", headers=headers)
sys.stdout.write(urllib.request.urlopen(request, timeout=10).read().decode())' "$(name_port "$2")" "$3"
}

driver_ask_portal() { # PATH, as a visitor of this host
    local domain
    domain=$(read_tag DOMAIN)
    curl --silent --show-error --fail --max-time 10 --insecure --resolve "${domain:=localhost}:443:127.0.0.1" \
        "https://$domain$1"
}

driver_route() { # SLOT [OTHER PERCENT]
    ROUTED_AT=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    if [ -z "$(compose ps --quiet nginx)" ]; then
        compose up --detach --no-deps nginx
        wait_for nginx compose exec -T nginx curl --fail --silent http://127.0.0.1:8080/proxy-health
    fi
    compose exec -T nginx /opt/image2model/nginx/write-upstreams /var/lib/proxy/upstreams.conf "$@"
    compose exec -T nginx nginx -e stderr -p /tmp -c /tmp/nginx/nginx.conf -t
    compose exec -T nginx nginx -e stderr -p /tmp -c /tmp/nginx/nginx.conf -s reload
}

driver_count_answers() { # SLOT: answers and server errors among them since the last change of the route
    compose logs --no-log-prefix --since "$ROUTED_AT" nginx | awk -v slot="\"slot\":\"$1\"" '
        index($0, slot) { seen++; if ($0 ~ /"status":5[0-9][0-9]/) bad++ }
        END { print seen + 0, bad + 0 }'
}

driver_move_workers() { # SLOT whose release they are to run
    write_tag TAG "$(read_tag "${1^^}_TAG")"
    compose up --detach --no-deps worker-local worker-post worker-watch worker-fal
}

driver_has_workers() {
    local worker
    for worker in worker-local worker-post worker-watch worker-fal; do
        compose exec -T "$worker" python manage.py worker_alive || return 1
    done
}

driver_contract() {
    compose run --rm prepare python manage.py change_schema --contract --note /data/contracted
    compose cp "$(name_service web "$1"):/data/contracted" "$STATE/contracted" 2>/dev/null || true
}
