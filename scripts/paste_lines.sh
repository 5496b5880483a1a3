#!/usr/bin/env bash
# Pastes lines one after another, as a person does: FILE has them, each block behind a
# line «# N». Every line must end with 0; one that goes on for ever must say what is
# expected of it, and ends at Ctrl-C. scripts/paste.sh calls it in its container.
# Usage: paste_lines.sh FILE
set -uo pipefail
set -m # an endless line is a job: a process group of its own, which Ctrl-C ends

work=$(mktemp -d)
join='' # the command that `badgehub terminal add` printed

fail() {
	echo "FAILED: $1"
	sudo journalctl --no-pager --output=cat -n 40 -u badgehub -u badged
	exit 1
}

# paste LINE runs it.
paste() {
	printf "[%3d s] \$ %s\n" "$SECONDS" "$1"
	bash -c "$1" >"$work/said" 2>&1 </dev/null
	local code=$?
	sed 's/badged-join-1[^ ]*/TOKEN/' "$work/said"
	((code == 0)) || fail "that line ended with $code"
	case $1 in
	*'terminal add'*) join=$(grep -o 'sudo badged join .*' "$work/said") || fail "no command to join" ;;
	'badged check') paste_join ;;
	*'badgectl status') check_port ;;
	esac
}

# paste_join pastes what the hub printed, where README says so.
paste_join() {
	[[ -n $join ]] || return 0
	echo '$ (what the hub printed)'
	eval "$join" || fail "the command that the hub printed ended with $?"
	join=''
}

# port prints the kernel's number of the socket that listens at the panel's port.
port() { awk '$2 == "0100007F:21B7" && $4 == "0A" {print $10}' /proc/net/tcp; }

# check_port wants the panel's port to stay systemd's, whatever happens to the agent, and to
# be free when somebody stops it.
check_port() {
	local held
	held=$(port)
	if [[ -z $held ]] || ! systemctl is-active --quiet badged.socket; then
		fail "systemd does not hold the panel's port"
	fi
	sudo systemctl kill --signal=KILL badged
	[[ $(port) == "$held" ]] || fail "the panel's port is another one when the agent is killed"
	sudo systemctl restart badged || fail "the agent cannot be started again"
	[[ $(port) == "$held" ]] || fail "the panel's port is another one when the agent is started again"
	sudo systemctl stop badged.socket badged
	[[ -z $(port) ]] || fail "the panel's port is held when the agent was stopped"
	sudo systemctl start badged
	sudo systemctl stop badged.socket # as before an update from a version without it
	sudo systemctl restart badged
	systemctl is-active --quiet badged.socket || fail "systemd does not take the panel's port back"
	sudo badgectl status --json | grep -q '"name":"panel","state":"ok"' || fail "the panel is not served"
	echo "(the panel's port stays systemd's)"
}

# endless LINE PATTERN starts a line that goes on, waits until it has said PATTERN, and
# ends it as Ctrl-C does.
endless() {
	printf "[%3d s] \$ %s\n" "$SECONDS" "$1"
	bash -c "exec $1" >"$work/said" 2>&1 </dev/null &
	local job=$! n
	for ((n = 0; n < 600; n++)); do
		grep -qE "$2" "$work/said" && break
		sleep 0.1
	done
	cat "$work/said"
	grep -qE "$2" "$work/said" || fail "that line never said $2"
	sudo bash -c "kill -INT -- -$job"
	wait "$job"
	echo "(Ctrl-C: it ended with $?)"
}

while IFS= read -r line; do
	case $line in
	'# 4') paste 'sudo systemctl disable --now badged badgehub' ;;
	'#'*) ;;
	*'badgectl tail') endless "$line" '^ *[0-9]+ ' ;;
	*'badgehub serve'*) endless "$line" 'The hub is ready' ;;
	*'badged run') endless "$line" 'msg="badged runs"' ;;
	*) paste "$line" ;;
	esac
done <"$1"
[[ -z $join ]] || fail "the command that the hub printed was never pasted"
echo "every line was pasted"
