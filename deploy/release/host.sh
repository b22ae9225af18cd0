# shellcheck shell=bash disable=SC2153 # what release.sh sets
# How a release runs on one host, under systemd or as plain processes. Read by deploy/release.sh.
#
#   /opt/image2model/releases/COMMIT      a release, whole and never changed
#   /opt/image2model/slots/{blue,green}   links to releases: what web and live run
#   /opt/image2model/current              a link to the release that the workers run

: "${WORKERS:=local post watch fal}" "${SOURCE:=$OPT/source}"
: "${INSTALL_COMMAND:=python3 bin/installation.py}" "${TEST_COMMAND:=bin/test}"
NGINX_FOLDER=$ETC/nginx
if [ "$DRIVER" = systemd ]; then STATUS_VERB=is-active; else STATUS_VERB=status; fi
ACCESS_LOG=${ACCESS_LOG:-$LOGS/access.log}

control() { # VERB, NAME…: of our units
    local verb=$1 names=()
    shift
    for name in "$@"; do names+=("image2model-$name.service"); done
    if [ "$DRIVER" = systemd ]; then
        systemctl "$verb" "${names[@]}"
    else
        "$HERE/processes.py" --root "${ROOT:-/}" "$verb" "${names[@]}"
    fi
}

read_setting() { # FILE, NAME
    sed -n "s/^$2=//p" "$1" | tail -n 1
}
read_port() { # SLOT, WEB or LIVE
    read_setting "$ETC/slots/$1.env" "$2_PORT"
}
name_host() {
    local url
    url=$(read_setting "$ETC/image2model.env" PUBLIC_URL)
    url=${url#*://}
    echo "${url%/}"
}

driver_read_commit() { # SLOT
    [ -z "$1" ] || [ ! -e "$OPT/slots/$1" ] || basename "$(readlink -f "$OPT/slots/$1")"
}

driver_validate() {
    local file program
    for file in "$ETC/image2model.env" "$ETC/slots/blue.env" "$ETC/slots/green.env" "$NGINX_FOLDER/nginx.conf" \
        "$ETC/secrets/secret_key" "$ETC/secrets/database_url" "$ETC/secrets/redis_url"; do
        [ -s "$file" ] || fail "$file is missing or empty"
    done
    for program in git curl python3 tar; do
        command -v "$program" >/dev/null || fail "$program is not installed"
    done
    [ "$(read_setting "$ETC/image2model.env" HTTPS)" = true ] || fail "HTTPS is not true in image2model.env"
    [ "$(df --output=avail -m "$OPT" | tail -n 1)" -gt "${MIN_RELEASE_MB:-1000}" ] || fail "the disk is nearly full"
    if [ "$VERB" = release ]; then
        COMMIT=$(git -C "$SOURCE" rev-parse --verify --quiet "$COMMIT^{commit}") || fail "there is no such commit"
    fi
}

driver_build() {
    RELEASE=$OPT/releases/$COMMIT
    [ ! -e "$RELEASE/.complete" ] || return 0
    local digest
    rm -rf "$RELEASE"
    mkdir -p "$RELEASE"
    git -C "$SOURCE" archive "$COMMIT" | tar -x -C "$RELEASE"
    echo "BUILD_COMMIT=$COMMIT" >"$RELEASE/release.env"
    digest=$(sha256sum "$RELEASE/requirements.txt" | cut -c 1-16)
    make_environment "$OPT/environments/$digest"
    ln -s "$OPT/environments/$digest" "$RELEASE/.venv"
    digest=$(sha256sum "$RELEASE/package-lock.json" | cut -c 1-16)
    [ ! -d "$OPT/libraries/$digest" ] || ln -s "$OPT/libraries/$digest" "$RELEASE/node_modules"
    (cd "$RELEASE" && $INSTALL_COMMAND)
    if [ ! -L "$RELEASE/node_modules" ]; then
        mkdir -p "$OPT/libraries"
        mv "$RELEASE/node_modules" "$OPT/libraries/$digest"
        ln -s "$OPT/libraries/$digest" "$RELEASE/node_modules"
    fi
    collect_static
    touch "$RELEASE/.complete"
}

make_environment() { # FOLDER: at its own place, for none can be made through a link
    "$1/bin/python" -I -m pip --version >/dev/null 2>&1 || python3 -m venv "$1"
}

collect_static() {
    local scratch
    scratch=$(mktemp -d)
    (cd "$RELEASE" && env -i PATH="$PATH" DATA_DIR="$scratch" STATIC_ROOT="$RELEASE/collected" \
        .venv/bin/python manage.py prepare --only-static)
    rm -rf "$scratch"
}

driver_test() { # in a copy of its own: what they install and write is no part of the release
    local folder status=0
    folder=$(mktemp -d)
    git -C "$SOURCE" archive "$COMMIT" | tar -x -C "$folder"
    (cd "$folder" && $TEST_COMMAND) || status=$?
    rm -rf "$folder"
    return $status
}

link() { # TARGET, LINK: in one step
    ln -sfn "$1" "$2.new"
    mv -T "$2.new" "$2"
}

driver_fill_slot() { # SLOT
    mkdir -p "$OPT/slots"
    driver_stop "$1"
    link "$RELEASE" "$OPT/slots/$1"
}

driver_prepare() { control start "prepare@$1"; }
driver_start() { control start "web@$1" "live@$1"; }
driver_stop() { control stop "live@$1" "web@$1"; }

driver_keep() { # SLOT that starts with the machine, SLOT that does not any more
    [ "$DRIVER" = systemd ] || return 0
    systemctl --quiet enable "image2model-web@$1" "image2model-live@$1"
    [ -z "$2" ] || systemctl --quiet disable "image2model-web@$2" "image2model-live@$2"
}

driver_ask() { # SLOT, web or live, PATH
    local port
    port=$(read_port "$1" "${2^^}")
    curl --silent --show-error --fail --max-time 10 --header "Host: $(name_host)" --header 'X-Forwarded-Proto: https' \
        "http://127.0.0.1:$port$3"
}

driver_ask_portal() { # PATH, as a visitor of this host
    local host port
    host=$(name_host)
    port=443
    [ "${host#*:}" = "$host" ] || port=${host#*:}
    curl --silent --show-error --fail --max-time 10 --insecure --resolve "${host%:*}:$port:127.0.0.1" \
        "https://${host%:*}:$port$1"
}

driver_route() { # SLOT [OTHER PERCENT]
    BLUE="127.0.0.1:$(read_port blue WEB) 127.0.0.1:$(read_port blue LIVE)" \
        GREEN="127.0.0.1:$(read_port green WEB) 127.0.0.1:$(read_port green LIVE)" \
        "$HERE/nginx/write-upstreams" "$NGINX_FOLDER/upstreams.conf" "$@"
    ROUTED_FROM=$(wc -l <"$ACCESS_LOG" 2>/dev/null || echo 0)
    control reload nginx
}

driver_count_answers() { # SLOT: answers and server errors among them since the last change of the route
    tail -n "+$((ROUTED_FROM + 1))" "$ACCESS_LOG" | awk -v slot="\"slot\":\"$1\"" '
        index($0, slot) { seen++; if ($0 ~ /"status":5[0-9][0-9]/) bad++ }
        END { print seen + 0, bad + 0 }'
}

driver_move_workers() { # SLOT whose release they are to run
    [ -e "$OPT/slots/$1" ] || return 0
    link "$(readlink -f "$OPT/slots/$1")" "$OPT/current"
    # shellcheck disable=SC2086 # a list of words
    control restart $WORKERS
}

driver_has_workers() { # do they all stay up?
    local second
    for second in 1 2 3; do
        # shellcheck disable=SC2086 # a list of words
        control "$STATUS_VERB" $WORKERS || return 1
        sleep "$second"
    done
}

driver_contract() {
    rm -f "$STATE/contracted"
    control start "contract@$1"
}
