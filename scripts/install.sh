#!/bin/sh
# Installs what is in bin/ (as `make build` makes it) on a machine without dpkg, or on that of a
# developer, as root: the programs, the users, the units and an example of the configuration,
# where the packages have them too (docs/install.md). It starts nothing and overwrites no
# configuration.
# Usage: scripts/install.sh terminal|hub
set -eu
cd "$(dirname "$0")/.."

fail() {
	echo "install: $1" >&2
	exit 1
}

# have NAME says whether there is such a command, also where only root has its folder.
have() { command -v "$1" >/dev/null; }
PATH=$PATH:/usr/sbin:/sbin

# leave_to_dpkg PACKAGE stops where dpkg has installed that package: its files are not ours.
leave_to_dpkg() {
	if have dpkg-query && dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; then
		fail "the package $1 is installed: update it with apt-get, or remove it first (apt-get remove $1)"
	fi
}

# make_user NAME makes what firmware/systemd/NAME.sysusers names.
make_user() {
	install -D -m 0644 "firmware/systemd/$1.sysusers" "/usr/lib/sysusers.d/$1.conf"
	if have systemd-sysusers; then
		systemd-sysusers "$1.conf"
		return
	fi
	have useradd || fail "neither systemd-sysusers nor useradd is here: make the user $1 by hand, and for an agent the group badged-io"
	[ "$1" != badged ] || getent group badged-io >/dev/null || groupadd --system badged-io
	getent passwd "$1" >/dev/null ||
		useradd --system --user-group --no-create-home --home-dir "/var/lib/$1" --shell /usr/sbin/nologin "$1"
}

# install_programs NAME... copies programs to /usr/bin.
install_programs() {
	for name in "$@"; do
		[ -x "bin/$name" ] || fail "bin/$name is not there: run \`make build\` first, without sudo"
		install -m 0755 "bin/$name" /usr/bin/
	done
}

# install_unit NAME copies a unit, where systemd looks for those that are installed.
install_unit() {
	install -D -m 0644 "firmware/systemd/$1" "/usr/lib/systemd/system/$1"
	rm -f "/etc/systemd/system/$1" # where earlier versions put it, and where it would be used instead
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
	fi
}

install_terminal() {
	leave_to_dpkg badged
	install_programs badged badgectl
	make_user badged
	install -D -m 0644 firmware/udev/60-badged.rules /usr/lib/udev/rules.d/60-badged.rules
	rm -f /etc/udev/rules.d/60-badged.rules # as with the units
	if have udevadm && [ -S /run/udev/control ]; then
		udevadm control --reload
		udevadm trigger
	fi
	[ -e /etc/badged/badged.toml ] || install -D -m 0644 firmware/examples/printer-serial.toml /etc/badged/badged.toml
	install -d -o badged -g badged -m 0700 /var/lib/badged
	install_unit badged.socket
	install_unit badged.service
	echo "badged and badgectl are installed; nothing was started."
	echo "Next: sudoedit /etc/badged/badged.toml, then badged check"
}

install_hub() {
	leave_to_dpkg badgehub
	install_programs badgehub
	make_user badgehub
	install -d -o badgehub -g badgehub -m 0700 /var/lib/badgehub
	install_unit badgehub.service
	echo "badgehub is installed; nothing was started."
	echo "Next: sudo systemctl enable --now badgehub"
}

[ "$(id -u)" = 0 ] || fail "root installs: sudo scripts/install.sh ${1:-terminal}"
case ${1:-} in
terminal) install_terminal ;;
hub) install_hub ;;
*) fail "usage: scripts/install.sh terminal|hub" ;;
esac
