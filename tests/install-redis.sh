#!/usr/bin/env bash
# Installs redis-server from the distribution's packages where it is absent and this user may. The tests that need it skip without it (on CI they fail).
set -uo pipefail

command -v redis-server >/dev/null && exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "redis-server is not installed, and only root on a Debian system can be helped: tests with a real server skip" >&2
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
# The package would start a service of its own; the tests start theirs.
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && made=1
fi

{ apt-get install -y --no-install-recommends redis-server || { apt-get update && apt-get install -y --no-install-recommends redis-server; }; } >/dev/null ||
    echo "redis-server could not be installed: tests with a real server skip" >&2
[ -z "$made" ] || rm -f "$policy"
exit 0
