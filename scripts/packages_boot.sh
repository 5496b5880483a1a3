#!/usr/bin/env bash
# Has a bare Debian that systemd has booted install the packages of /srv/apt, as docs/install.md
# says, and lives with them: badges, kills, a watchdog, an update, the removal. It runs as
# root; scripts/packages.sh calls it in its container, with the folders of lines in /opt.
# Usage: packages_boot.sh
set -uo pipefail

fail() {
	echo "FAILED: $1"
	systemctl --no-pager --lines=0 status badged badged.socket badgehub
	journalctl --no-pager --output=cat -n 40 -u badgehub -u badged
	exit 1
}

# say TEXT tells how far it is.
say() { printf '[%3d s] (%s)\n' "$SECONDS" "$1"; }

# wait_for TEXT COMMAND... waits until the command succeeds.
wait_for() {
	local text=$1 n
	shift
	for ((n = 0; n < 600; n++)); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.2
	done
	fail "never: $text"
}

# paste LINE runs a line of docs/install.md as the technician.
paste() {
	printf '[%3d s] $ %s\n' "$SECONDS" "${1/badged-join-1*/TOKEN}"
	runuser -u tech -- env EDITOR=/opt/edit bash -c "cd /srv && $1" >/tmp/said 2>&1 </dev/null || { cat /tmp/said && fail "that line"; }
	case $1 in
	*'terminal add'*) token=$(grep -o 'badged-join-1[^ ]*' /tmp/said) || fail "no command to join" ;;
	esac
}

# quiet UNIT... wants none of them to run or to be enabled.
quiet() {
	local unit
	for unit in "$@"; do
		[[ $(systemctl is-active "$unit") != active && $(systemctl is-enabled "$unit" 2>/dev/null) != enabled ]] || fail "$unit runs or is enabled, and nobody asked for it"
	done
}

# plug makes the reader: a serial port for the group dialout, as udev makes real ones.
plug() {
	mkfifo /run/enter
	badgectl replay /opt/badge.capture --to /run/reader </run/enter >/tmp/replay 2>&1 &
	exec 9>/run/enter
	wait_for "a reader is plugged in" test -e /run/reader
	chown root:dialout "$(readlink -f /run/reader)"
	chmod 0660 "$(readlink -f /run/reader)"
}

# events prints those of badges, one a line.
events() { badgectl tail -n 1000 --follow=false --json | grep '"outcome":"granted"'; }

reader_works() { badgectl readers --json | grep -q '"name":"printer-badge".*"state":"ok"'; }

# badge holds a badge to the reader and waits until one more was let in.
badge() {
	local before n
	before=$(events | wc -l)
	wait_for "the reader works" reader_works
	echo >&9
	for ((n = 0; n < 600; n++)); do
		(($(events | wc -l) > before)) && return
		sleep 0.2
	done
	cat /tmp/replay
	badgectl status
	badgectl readers
	badgectl tail -n 20 --follow=false
	fail "the badge is not let in"
}

pid() { systemctl show -P MainPID "$1"; }

# another UNIT PID says whether the unit is up again as another process.
another() { systemctl is-active --quiet "$1" && [[ $(pid "$1") != "$2" && $(pid "$1") != 0 ]]; }

# check_user UNIT USER wants the unit to run as that user, without any capability.
check_user() {
	local process
	process=$(pid "$1")
	[[ $(stat -c %U "/proc/$process") == "$2" ]] || fail "$1 does not run as $2"
	grep -q '^CapEff:[[:space:]]*0*$' "/proc/$process/status" || fail "$1 has capabilities"
}

# check_exposure UNIT LIMIT asks systemd what the running unit may do, of 100.
check_exposure() {
	systemd-analyze security --no-pager --threshold="$2" "$1" >/tmp/said 2>&1 || { cat /tmp/said && fail "the exposure of $1"; }
	tail -n 1 /tmp/said
}

# check_kill UNIT kills what runs and waits for another.
check_kill() {
	local old
	old=$(pid "$1")
	systemctl kill --signal=KILL "$1"
	wait_for "$1 comes back after a kill" another "$1" "$old"
}

# check_watchdog stops the agent as a driver that hangs does, and waits for systemd to notice.
check_watchdog() {
	local old
	old=$(pid badged)
	[[ $(systemctl show -P WatchdogUSec badged) == 30s ]] || fail "the watchdog is off"
	kill -STOP "$old"
	wait_for "systemd notices an agent that stands still" another badged "$old"
	journalctl --no-pager -u badged | grep -q 'Watchdog timeout' || fail "it was not the watchdog that started the agent again"
}

# paste_lines pastes those of docs/install.md, and plugs the reader in before the agent starts.
paste_lines() {
	local line
	while IFS= read -r line; do
		case $line in
		*'apt-get install badgehub') paste "$line" && quiet badgehub.service ;;
		*'apt-get install badged') paste "$line" && quiet badged.service badged.socket ;;
		*'badged join TOKEN'*) plug && paste "${line/TOKEN/$token}" ;;
		*) paste "$line" ;;
		esac
	done </opt/lines
}

# check_bad_configuration wants an agent whose configuration is wrong to stay down, and to
# come with the next start when the file is mended.
check_bad_configuration() {
	cp /etc/badged/badged.toml /opt/good
	echo '[nonsense]' >>/etc/badged/badged.toml
	systemctl restart badged 2>/dev/null && fail "the agent starts with a wrong configuration"
	[[ $(systemctl show -P ExecMainStatus badged) == 78 && $(systemctl is-active badged) == failed ]] || fail "a wrong configuration is tried again and again"
	cp /opt/good /etc/badged/badged.toml
	systemctl start badged || fail "the agent does not start with the mended file"
}

# check_update updates to 1.1: the hub and the agent go on as the new version. An agent whose
# configuration the new one would not take goes on as the old one.
check_update() {
	local hub agent
	hub=$(pid badgehub) agent=$(pid badged)
	rm /etc/apt/preferences.d/old
	cp /etc/badged/badged.toml /opt/good
	echo '[nonsense]' >>/etc/badged/badged.toml
	apt-get -qq -y upgrade >/tmp/said 2>&1 </dev/null || { cat /tmp/said && fail "the update"; }
	wait_for "the hub is up again after the update" another badgehub "$hub"
	[[ $(pid badged) == "$agent" ]] || fail "the update ended an agent that the new version cannot replace"
	grep -q 'the old one runs on until the next start' /tmp/said || { cat /tmp/said && fail "nobody was told why the old agent runs on"; }
	badge
	cp /opt/good /etc/badged/badged.toml
	apt-get -qq -y install --reinstall badged >/tmp/said 2>&1 </dev/null || { cat /tmp/said && fail "the same version once more"; }
	wait_for "the agent is up again after the update" another badged "$agent"
	badgectl status --json | grep -q '"version":"1.1"' || fail "the agent is not the new version"
	[[ $(systemctl is-enabled badged badged.socket badgehub | sort -u) == enabled ]] || fail "the update took something out of the boot"
}

# check_support_bundle wants the file for those who help to have what helps, and nothing of the
# person who was there, of the badge or of any key.
check_support_bundle() {
	local key needed secret
	badgectl support-bundle /tmp/bundle.tar.gz >/tmp/said 2>&1 || { cat /tmp/said && fail "the support bundle"; }
	tar -xzOf /tmp/bundle.tar.gz >/tmp/bundle
	for needed in '"terminal": "hall"' 'msg="badged runs"' ActiveState=active 'protocol = "rdm6300"' 'granted new_account' '(lines about people that are left out: '; do
		grep -qF -- "$needed" /tmp/bundle || fail "the support bundle does not have $needed"
	done
	badgectl tail --follow=false --json | grep -q anonym1 || fail "nobody was there"
	for key in /var/lib/badged/site.key /var/lib/badged/terminal.key; do
		secret=$(base64 -w 0 "$key")
		if grep -qF -e "$(od -An -v -tx1 "$key" | tr -d ' \n')" -e "${secret%%=*}" -e "$(sed -n 2p "$key" | grep . || echo "$key is no text")" /tmp/bundle; then
			fail "$key is in the support bundle"
		fi
	done
	for secret in 62E3086CED 424715775213 anonym1 "$(badgectl panel | grep -o 't=.*')"; do
		! grep -qiF -- "$secret" /tmp/bundle || fail "the support bundle tells $secret"
	done
}

# check_purge wants nothing to run, to listen or to be enabled any more.
check_purge() {
	apt-get -qq -y purge badged badgehub >/tmp/said 2>&1 </dev/null || { cat /tmp/said && fail "the purge"; }
	quiet badged.service badged.socket badgehub.service
	[[ -z $(find /proc -maxdepth 1 \( -user badged -o -user badgehub \)) ]] || fail "processes are left"
	grep -q '0100007F:21B7 .* 0A' /proc/net/tcp && fail "somebody still holds the panel's port"
	[[ -z $(find /etc/systemd/system /etc/badged /var/lib/badged -name '*badge*' 2>/dev/null) ]] || fail "links or files are left"
	[[ -e /var/lib/badgehub/hub.db ]] || fail "the hub's folder is gone"
}

printf 'Package: badged badgehub\nPin: version 1.0\nPin-Priority: 1001\n' >/etc/apt/preferences.d/old
paste_lines
check_user badged badged
check_user badgehub badgehub
badge
say "a badge, read by the user badged through the group dialout"
check_support_bundle
say "a support bundle, with nobody in it"
check_exposure badged 20
check_exposure badgehub 20
check_kill badged
check_kill badgehub
badge
say "agent and hub come back after a kill"
check_watchdog
badge
say "systemd starts an agent again that stands still"
check_bad_configuration
badge
say "a wrong configuration is not tried again"
check_update
badge
say "updated to 1.1"
check_purge
say "purged"
echo "the packages work under systemd"
