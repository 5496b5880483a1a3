#!/bin/sh
# Installs what `make build` built on this machine, as root: the programs, the users, the
# units and an example of the configuration. It starts nothing and overwrites no
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

# make_users makes what firmware/systemd/badged.sysusers names.
make_users() {
	install -D -m 0644 firmware/systemd/badged.sysusers /usr/lib/sysusers.d/badged.conf
	if have systemd-sysusers; then
		systemd-sysusers badged.conf
		return
	fi
	have useradd || fail "neither systemd-sysusers nor useradd is here: make the users badged and badgehub and the group badged-io by hand"
	getent group badged-io >/dev/null || groupadd --system badged-io
	for user in badged badgehub; do
		getent passwd "$user" >/dev/null ||
			useradd --system --user-group --no-create-home --home-dir "/var/lib/$user" --shell /usr/sbin/nologin "$user"
	done
}

# install_programs NAME... copies programs to /usr/bin.
install_programs() {
	for name in "$@"; do
		[ -x "bin/$name" ] || fail "bin/$name is not there: run \`make build\` first, without sudo"
		install -m 0755 "bin/$name" /usr/bin/
	done
}

# install_unit NAME copies a unit, where systemd looks for those of an administrator.
install_unit() {
	install -D -m 0644 "firmware/systemd/$1" "/etc/systemd/system/$1"
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
	fi
}

install_terminal() {
	install_programs badged badgectl
	make_users
	install -D -m 0644 firmware/udev/60-badged.rules /etc/udev/rules.d/60-badged.rules
	if have udevadm && [ -S /run/udev/control ]; then
		udevadm control --reload
		udevadm trigger
	fi
	[ -e /etc/badged/badged.toml ] || install -D -m 0644 firmware/systemd/badged.toml /etc/badged/badged.toml
	install -d -o badged -g badged -m 0700 /var/lib/badged
	install_unit badged.socket
	install_unit badged.service
	echo "badged and badgectl are installed; nothing was started."
	echo "Next: sudoedit /etc/badged/badged.toml, then badged check"
}

install_hub() {
	install_programs badgehub
	make_users
	install -d -o badgehub -g badgehub -m 0700 /var/lib/badgehub
	install_unit badgehub.service
	echo "badgehub is installed; nothing was started."
	echo "Next: sudo systemctl enable --now badgehub"
}

[ "$(id -u)" = 0 ] || fail "root installs: sudo make install-${1:-terminal}"
case ${1:-} in
terminal) install_terminal ;;
hub) install_hub ;;
*) fail "usage: scripts/install.sh terminal|hub" ;;
esac
