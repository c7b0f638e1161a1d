#!/bin/sh
# Installs what tests need beyond Python, Debian packages all: a browser with Chinese fonts, Java for Spark, PostgreSQL,
# and a maker of certificates.
missing=""
command -v chromium >/dev/null || missing="$missing chromium"
fc-list 2>/dev/null | grep -q "Noto Sans CJK" || missing="$missing fonts-noto-cjk fontconfig"
[ -x "${JAVA_HOME:-/nowhere}/bin/java" ] || command -v java >/dev/null || missing="$missing default-jre-headless"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
command -v openssl >/dev/null || missing="$missing openssl"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing$missing"
  # shellcheck disable=SC2086
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null && exit 0
fi
echo "tests need these Debian packages:$missing; install them, then run make test again"
exit 1
