#!/bin/sh
# Installs the mail and database servers that the tests start for themselves: Dovecot, Postfix, PostgreSQL.
#
# As root what is missing is installed with apt, and the packages' own services are kept from starting by a
# policy-rc.d that is taken away afterwards (one that was there before is put back). Otherwise the one command is
# printed. Never fails: the tests that need a missing server are skipped, and the summary names them.
set -u

missing=
need() { # need PACKAGE PATTERN...: PACKAGE is missing where no file matches
    package=$1
    shift
    for file in "$@"; do
        [ -x "$file" ] && return
    done
    missing="$missing $package"
}
need dovecot-imapd /usr/lib/dovecot/imap
need dovecot-lmtpd /usr/lib/dovecot/lmtp
need postfix /usr/sbin/postfix
need postgresql /usr/lib/postgresql/*/bin/postgres
need openssl /usr/bin/openssl
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "Missing for the tests with real servers:$missing. They are skipped here." >&2
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "Tests with real servers are skipped until they are installed:  sudo sh deploy/install-test-servers.sh" >&2
    exit 0
fi

policy=/usr/sbin/policy-rc.d
before=$(mktemp -u "$policy.before.XXXXXX")
[ -e "$policy" ] && mv "$policy" "$before"
restore() {
    rm -f "$policy"
    [ -e "$before" ] && mv "$before" "$policy"
}
trap restore EXIT
trap 'exit 130' INT TERM
printf '#!/bin/sh\nexit 101\n' >"$policy" # 101: forbidden, see invoke-rc.d(8)
chmod 755 "$policy"

export DEBIAN_FRONTEND=noninteractive
echo "Installing for the tests:$missing (their own services are not started)"
log=$(mktemp)
# shellcheck disable=SC2086 - one word per package
if ! { apt-get update -q && apt-get install -q -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    echo "apt could not install:$missing. The tests that need them are skipped." >&2
fi
rm -f "$log"
exit 0
