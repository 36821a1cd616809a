#!/bin/bash
# record.sh <cases.txt >golden.txt
#
# Runs the command lines of cases.txt, as root, on a Linux kernel with IPVS, and
# writes down what each of them says: standard output, standard error, exit
# status. Flushes the kernel's table: use a machine that can be thrown away.
set -u
export LC_ALL=C
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo "# Recorded by record.sh: $(ipvsadm -v | cut -d' ' -f1,2), Linux $(uname -r) $(uname -m)$(
	grep -q 'User Mode Linux' /proc/cpuinfo && echo ' (user-mode Linux)')."
echo '# $ command, < input, 1 standard output, 2 standard error, = exit status.'
ipvsadm -C
: >"$tmp/in"
while IFS= read -r line; do
	case $line in
	'' | '#'*) continue ;;
	'<'*)
		printf '%s\n' "${line#<}" >>"$tmp/in"
		continue ;;
	esac
	words=()
	for word in $line; do
		[ "$word" = "''" ] && word=
		words+=("$word")
	done
	"${words[@]}" <"$tmp/in" >"$tmp/out" 2>"$tmp/err"
	status=$?
	printf '\n$ %s\n' "$line"
	sed 's/^/</' "$tmp/in"
	sed 's/^/1/' "$tmp/out"
	sed 's/^/2/' "$tmp/err"
	echo "=$status"
	: >"$tmp/in"
done
