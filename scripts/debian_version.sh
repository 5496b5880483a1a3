#!/usr/bin/env bash
# Prints a version of git as one that dpkg puts into its order:
#
#	v1.2.3            1.2.3
#	v1.2.3-4-gabcdef  1.2.3+4.gabcdef     four commits later
#	v1.3.0-rc1        1.3.0~rc1           before 1.3.0
#	abcdef0           0~TIME.abcdef0      a commit before the first tag, by its time
#	...-dirty         ...+dirty
#
# Usage: scripts/debian_version.sh VERSION TIME, in seconds since 1970
set -euo pipefail

version=${1#v}
dirty=''
[[ $version == *-dirty ]] && dirty=+dirty version=${version%-dirty}
if [[ $version =~ ^(.*)-([0-9]+)-(g[0-9a-f]+)$ ]]; then
	version=${BASH_REMATCH[1]}+${BASH_REMATCH[2]}.${BASH_REMATCH[3]}
elif [[ $version =~ ^[0-9a-f]{7,40}$ ]]; then
	version=0~$(date -u -d "@$2" +%Y%m%d%H%M%S).$version
fi
version=${version//-/\~}$dirty
if [[ ! $version =~ ^[0-9][0-9A-Za-z.+~]*$ ]]; then
	echo "$1 is no version: give one, such as VERSION=1.2.3" >&2
	exit 64
fi
echo "$version"
