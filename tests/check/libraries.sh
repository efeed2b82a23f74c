#!/bin/sh
# tests/check/libraries.sh - the hooks link few libraries: each costs milliseconds at every push.
set -eu
number=0
fail=0
for program in gitgate-pre-receive gitgate-post-receive; do
	libraries=$(ldd "${GITGATE_BUILD:?}/$program" | awk '{print $1}')
	for library in librnp libcurl libsqlite3 libpq libmicrohttpd libseccomp; do
		number=$((number + 1))
		if printf '%s\n' "$libraries" | grep -q "^$library[.-]"; then
			echo "not ok $number - $program does not link $library"
			fail=1
		else
			echo "ok $number - $program does not link $library"
		fi
	done
done
number=$((number + 1))
if ldd "$GITGATE_BUILD/gitgate-post-receive" | grep -qE 'libgit2|libyaml'; then
	echo "not ok $number - gitgate-post-receive links neither libgit2 nor libyaml"
	fail=1
else
	echo "ok $number - gitgate-post-receive links neither libgit2 nor libyaml"
fi
number=$((number + 1))
if ldd "$GITGATE_BUILD/gitgate" | grep -q librnp; then
	echo "not ok $number - gitgate does not link librnp"
	fail=1
else
	echo "ok $number - gitgate does not link librnp"
fi
echo "1..$number"
exit $fail
