#!/usr/bin/env bash
# Pastes README's lines for an installation into a bare Debian that systemd boots, as a
# user who may only use sudo. Every line must end with 0.
#
# As root, with debootstrap and systemd-nspawn. The container has no network.
set -euo pipefail
cd "$(dirname "$0")/.."

base=$PWD/.cache/debian
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT

# section prints README's part about the installation.
section() { awk '/^## /{on = ($0 == "## If you install it")} on' README.md; }

# blocks TEXT prints the lines of its sh blocks, each block behind a line «# N».
blocks() { awk '/^```sh$/{on = 1; print "# " ++n; next} /^```$/{on = 0} on'; }

# lay_root lays a root folder whose changes go to $run, with a user tech who may use sudo
# and has a clone of this tree.
lay_root() {
	mkdir -p "$run"/{root,work,top}
	mount -t overlay overlay -o "lowerdir=$base,upperdir=$run/top,workdir=$run/work" "$run/root"
	trap 'umount "$run/root"; rm -rf "$run"' EXIT
	local root=$run/root
	chroot "$root" useradd --create-home --shell /bin/bash tech
	echo 'tech ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/tech"
	echo site >"$root/etc/hostname"
	echo '127.0.1.1 site' >>"$root/etc/hosts"
	mkdir -p "$root/home/tech/badged" "$root/opt/cache"
	git ls-files -z --cached --others --exclude-standard |
		tar --null --ignore-failed-read -T - -c 2>/dev/null | tar -x -C "$root/home/tech/badged"
	blocks < <(section) >"$root/home/tech/lines"
	chroot "$root" chown -R tech:tech /home/tech
	lay_cache
	lay_unit
}

# lay_unit has systemd paste the lines once it is up, and switch the container off.
lay_unit() {
	local unit=$run/root/etc/systemd/system/paste.service
	install -m 0755 scripts/paste_lines.sh "$run/root/opt/paste"
	cat >"$unit" <<-UNIT
		[Unit]
		After=multi-user.target
		SuccessAction=poweroff-force
		FailureAction=poweroff-force
		[Service]
		Type=oneshot
		User=tech
		WorkingDirectory=/home/tech/badged
		Environment=PATH=$(go env GOROOT)/bin:/usr/local/bin:/usr/bin:/bin
		Environment=GOFLAGS=-trimpath GOPROXY=off GOMODCACHE=/opt/mod GOCACHE=/opt/cache
		Environment=EDITOR=touch
		ExecStart=/bin/bash -c '/opt/paste /home/tech/lines >/home/tech/said 2>&1'
		TimeoutStartSec=540
	UNIT
	mkdir -p "$run/root/etc/systemd/system/default.target.wants"
	ln -s ../paste.service "$run/root/etc/systemd/system/default.target.wants/"
}

# lay_cache gives tech a build cache that begins with this machine's.
lay_cache() {
	mkdir -p "$run"/{cache,cachework}
	(cd "$(go env GOCACHE)" && find . -maxdepth 1 -type d) | (cd "$run/cache" && xargs mkdir -p)
	chroot "$run/root" id -u tech | xargs -I{} chown -R {} "$run/cache"
}

boot() {
	timeout 600 systemd-nspawn --quiet --directory="$run/root" --hostname=site --private-network \
		--keep-unit --register=no --console=pipe \
		--bind-ro="$(go env GOROOT)" --bind-ro="$(go env GOMODCACHE):/opt/mod" \
		--overlay="$(go env GOCACHE):$run/cache:/opt/cache" \
		--boot </dev/null >"$run/boot.log" 2>&1 || true
}

scripts/debian.sh
lay_root
echo "booting, pasting $(grep -vc '^#' "$run/root/home/tech/lines") lines"
boot
said=$run/root/home/tech/said
cat "$said" 2>/dev/null || { tail -n 40 "$run/boot.log"; echo "the container did not get as far as pasting"; exit 1; }
grep -q '^every line was pasted$' "$said"
