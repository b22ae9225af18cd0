#!/usr/bin/env bash
# Brings a release to its visitors without a failed request, and back when it does not hold. docs/deployment.md explains.
set -Eeuo pipefail

usage() {
    cat <<'TEXT'
usage: deploy/release.sh [options] COMMIT     bring this commit
       deploy/release.sh [options] --rollback  bring back what ran before
options:
  --driver systemd|processes|compose   what the processes run under (DRIVER in release.env; default: systemd)
  --root DIR             put before /opt, /etc, /var and /run, for trials
  --canary PERCENT       send so many of the visitors first
  --canary-seconds N     and watch them for so long (default: 60)
  --skip-tests           do not run the tests first; the audit line says so
  --no-contract          leave contracting migrations for later
  --by NAME              who releases (default: the user)
TEXT
}

HERE=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
ROOT='' DRIVER='' COMMIT='' CANARY=0 CANARY_SECONDS=60 TESTS=passed CONTRACT=yes VERB=release
BY=${SUDO_USER:-${USER:-unknown}}
while [ $# -gt 0 ]; do
    case "$1" in
        --driver) DRIVER=$2; shift ;;
        --root) ROOT=${2%/}; shift ;;
        --canary) CANARY=$2; shift ;;
        --canary-seconds) CANARY_SECONDS=$2; shift ;;
        --skip-tests) TESTS=skipped ;;
        --no-contract) CONTRACT=no ;;
        --by) BY=$2; shift ;;
        --rollback) VERB=rollback ;;
        --help) usage; exit 0 ;;
        -*) usage >&2; exit 2 ;;
        *) COMMIT=$1 ;;
    esac
    shift
done
[[ $VERB = rollback || -n $COMMIT ]] || { usage >&2; exit 2; }
[[ $CANARY =~ ^[0-9]+$ && $CANARY -lt 100 && $CANARY_SECONDS =~ ^[0-9]+$ ]] || { usage >&2; exit 2; }

OPT=$ROOT/opt/image2model ETC=$ROOT/etc/image2model STATE=$ROOT/var/lib/image2model LOGS=$ROOT/var/log/image2model
if [ -e "$ETC/release.env" ]; then
    set -a
    # shellcheck disable=SC1091 # the installation's own
    . "$ETC/release.env"
    set +a
fi
: "${DRIVER:=systemd}" "${PATIENCE:=90}" "${DRAIN_SECONDS:=5}" "${MAX_ERROR_PERCENT:=1}"
case "$DRIVER" in
    systemd | processes) DRIVER_FILE=host.sh ;;
    compose) DRIVER_FILE=compose.sh ;;
    *) usage >&2; exit 2 ;;
esac
# shellcheck source=/dev/null
. "$HERE/release/$DRIVER_FILE"

STARTED=$(date +%s) STEP=beginning OUTCOME=failed OLD='' NEW='' PREVIOUS=''
HAS_STARTED=no HAS_ROUTED=no HAS_MOVED_WORKERS=no

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }
fail() { say "FAILED: $*" >&2; REASON=$*; exit 1; }
step() { STEP=$1; shift; say "$STEP: $*"; }
other_slot() { if [ "$1" = blue ]; then echo green; else echo blue; fi; }

wait_for() { # WHAT, COMMAND…
    local what=$1 end=$((SECONDS + PATIENCE))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || fail "waited $PATIENCE s for $what"
        sleep 0.5
    done
}

write_audit() {
    mkdir -p "$LOGS"
    python3 - "$LOGS/releases.jsonl" "time=$(date -u +%Y-%m-%dT%H:%M:%SZ)" "by=$BY" "verb=$VERB" "commit=$COMMIT" \
        "previous=$PREVIOUS" "slot=$NEW" "tests=$TESTS" "canary_percent=$CANARY" "outcome=$OUTCOME" "step=$STEP" \
        "reason=${REASON:-}" "seconds=$(($(date +%s) - STARTED))" <<'PYTHON'
import json, sys
facts = dict(word.partition("=")[::2] for word in sys.argv[2:])
with open(sys.argv[1], "a", encoding="utf-8") as file:
    file.write(json.dumps(facts) + "\n")
PYTHON
}

notify() { # to whoever understands Slack's {"text": …}; a deaf one does not stop a release
    [ -n "${RELEASE_WEBHOOK_URL:-}" ] || return 0
    local body
    body=$(python3 -c 'import json, sys; print(json.dumps({"text": sys.argv[1]}))' "$*")
    curl --silent --show-error --fail --max-time 10 --header 'Content-Type: application/json' --data "$body" \
        "$RELEASE_WEBHOOK_URL" >/dev/null || say "Nobody could be told: $*"
}

finish() {
    local status=$?
    trap - EXIT ERR INT TERM
    set +e
    if [ "$OUTCOME" != completed ]; then
        [ $status -ne 0 ] || status=1
        go_back
    elif [ $status -ne 0 ]; then
        OUTCOME=completed_with_faults
    fi
    write_audit
    notify "Image2Model: $VERB of ${COMMIT:0:12} $OUTCOME${REASON:+ at $STEP: $REASON}"
    say "$VERB of ${COMMIT:0:12}: $OUTCOME"
    exit $status
}

go_back() { # whatever was begun is undone, the last thing first
    [ "$HAS_STARTED" = yes ] || return 0
    say "Going back to slot ${OLD:-none}"
    if [ "$HAS_MOVED_WORKERS" = yes ] && [ -n "$OLD" ]; then driver_move_workers "$OLD"; fi
    if [ "$HAS_ROUTED" = yes ] && [ -n "$OLD" ]; then driver_route "$OLD"; fi
    driver_stop "$NEW"
    OUTCOME=rolled_back
}

check_slot() { # each process by itself, then what needs the database and the storage, then a page
    wait_for "web in $1" driver_ask "$1" web /health
    wait_for "live in $1" driver_ask "$1" live /health
    wait_for "readiness of $1" driver_ask "$1" web /api/v1/health/readiness
    driver_ask "$1" web / >/dev/null || fail "the first page of $1 does not answer"
    local page # no pipe: grep -q would leave before curl has written all
    page=$(driver_ask "$1" web /accounts/login/) || fail "the login page of $1 does not answer"
    [[ $page == *csrfmiddlewaretoken* ]] || fail "nobody could log in to $1"
}

watch_canary() {
    local end=$((SECONDS + CANARY_SECONDS)) seen bad
    while [ $SECONDS -lt $end ]; do
        driver_ask "$NEW" web /health >/dev/null || fail "web in $NEW stopped answering"
        sleep 1
    done
    read -r seen bad < <(driver_count_answers "$NEW")
    say "$seen answers of $NEW, $bad of them errors of the server"
    [ $((bad * 100)) -le $((seen * MAX_ERROR_PERCENT)) ] || fail "$bad of $seen answers were errors"
}

mkdir -p "$OPT"
exec 9>"$OPT/.release.lock"
flock --nonblock 9 || { say "Another release is at work." >&2; exit 1; }
trap finish EXIT
trap 'REASON=${REASON:-"line $LINENO: $BASH_COMMAND"}' ERR
trap 'REASON="stopped by a signal"; exit 1' INT TERM

OLD=$(cat "$OPT/active" 2>/dev/null || true)
NEW=$(other_slot "${OLD:-green}")
PREVIOUS=$(driver_read_commit "$OLD")
step validate "slot ${OLD:-none} -> $NEW, driver $DRIVER"
driver_validate
if [ "$VERB" = release ]; then
    step build "$COMMIT"
    driver_build
    if [ "$TESTS" = passed ]; then
        step test "${COMMIT:0:12}"
        driver_test || { TESTS=failed; fail "the tests failed"; }
    fi
    HAS_STARTED=yes
    driver_fill_slot "$NEW"
    step expand "the schema; old and new code can live with it"
    driver_prepare "$NEW"
else
    COMMIT=$(driver_read_commit "$NEW")
    [ -n "$COMMIT" ] || fail "there is no earlier release"
    TESTS=skipped
    [ ! -s "$STATE/contracted" ] || fail "the schema was contracted since: $(tr '\n' ' ' <"$STATE/contracted")"
    HAS_STARTED=yes
fi
step start "$NEW"
driver_start "$NEW"
check_slot "$NEW"
if [ "$CANARY" -gt 0 ] && [ -n "$OLD" ]; then
    step canary "$CANARY % of the visitors for $CANARY_SECONDS s"
    HAS_ROUTED=yes
    driver_route "$OLD" "$NEW" "$CANARY"
    watch_canary
fi
step switch "all visitors to $NEW"
HAS_ROUTED=yes
driver_route "$NEW" ${OLD:+"$OLD" 0}
wait_for "the portal" driver_ask_portal /health
driver_ask_portal / >/dev/null || fail "the first page does not answer"
step workers "to ${COMMIT:0:12}"
HAS_MOVED_WORKERS=yes
driver_move_workers "$NEW"
wait_for "the workers" driver_has_workers "$NEW"
check_slot "$NEW"
echo "$NEW" >"$OPT/active"
OUTCOME=completed
driver_keep "$NEW" "$OLD"
if [ -n "$OLD" ]; then
    step drain "$OLD"
    driver_route "$NEW"
    sleep "$DRAIN_SECONDS"
    driver_stop "$OLD"
fi
if [ "$CONTRACT" = yes ] && [ "$VERB" = release ]; then
    step contract "the schema"
    driver_contract "$NEW"
fi
STEP=end
