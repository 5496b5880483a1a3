package flash

import (
	"io/fs"
	"path"
	"slices"
	"strings"
)

// uses is what the disks of a machine are used for.
type uses struct {
	m       Machine
	mounted map[string]string // device number → where
	source  map[string]string // name of a mounted device, of file systems that have a number of their own → where
	swap    map[string]bool   // device number
	members map[string]string // name → the btrfs that it is a part of
	loops   map[string]string // name → the loop device that is on it
}

func (m Machine) uses() uses {
	u := uses{m, map[string]string{}, map[string]string{}, map[string]bool{}, map[string]string{}, map[string]string{}}
	for _, text := range m.Mounts {
		u.readMounts(text)
	}
	for _, s := range m.Swaps {
		u.swap[s] = true
	}
	u.readBtrfs()
	u.readLoops()
	return u
}

// readMounts reads a mountinfo file (proc_pid_mountinfo(5)). Of several places where a device is
// mounted, the one that the system needs most counts.
func (u uses) readMounts(text string) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		dash := slices.Index(f, "-")
		if len(f) < 6 || dash < 0 || dash+2 >= len(f) {
			continue
		}
		number, where, source := f[2], unescape(f[4]), f[dash+2]
		if old, ok := u.mounted[number]; !ok || vital(where) && !vital(old) {
			u.mounted[number] = where
		}
		if name, ok := strings.CutPrefix(source, "/dev/"); ok {
			u.source[name] = where
		}
	}
}

// unescape undoes the octal escapes of mountinfo.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// vital reports whether the system would not live without what is mounted there.
func vital(where string) bool {
	for _, dir := range []string{"/boot", "/usr", "/etc", "/var", "/home"} {
		if where == dir || strings.HasPrefix(where, dir+"/") {
			return true
		}
	}
	return where == "/"
}

// readBtrfs finds the members of mounted btrfs file systems: only one of them is in mountinfo.
func (u uses) readBtrfs() {
	ids, _ := fs.ReadDir(u.m.Sys, "fs/btrfs")
	for _, id := range ids {
		devices, _ := fs.ReadDir(u.m.Sys, "fs/btrfs/"+id.Name()+"/devices")
		for _, d := range devices {
			u.members[d.Name()] = id.Name()
		}
	}
}

// readLoops finds disks that a loop device is on.
func (u uses) readLoops() {
	blocks, _ := fs.ReadDir(u.m.Sys, "block")
	for _, b := range blocks {
		if name, ok := strings.CutPrefix(u.m.text("block/"+b.Name(), "loop/backing_file"), "/dev/"); ok {
			u.loops[name] = b.Name()
		}
	}
}

// why says what a disk is used for, by itself, by a partition, or by what is stacked on them.
func (u uses) why(disk string) string {
	dir := u.m.resolve("block/" + disk)
	if why := u.whyOne(dir, disk, 0); why != "" {
		return why
	}
	parts, _ := fs.ReadDir(u.m.Sys, dir)
	for _, p := range parts {
		if !strings.HasPrefix(p.Name(), disk) || u.m.text(path.Join(dir, p.Name()), "partition") == "" {
			continue
		}
		if why := u.whyOne(path.Join(dir, p.Name()), p.Name(), 0); why != "" {
			return p.Name() + " " + why
		}
	}
	return ""
}

// maxStack bounds how many layers are followed: LVM on LUKS on RAID on a disk are four.
const maxStack = 16

func (u uses) whyOne(dir, name string, depth int) string {
	number := u.m.text(dir, "dev")
	switch where, btrfs := u.mounted[number], u.members[name]; {
	case where != "":
		return "is mounted at " + where
	case u.source[name] != "":
		return "is mounted at " + u.source[name]
	case u.swap[number]:
		return "is swapped to"
	case btrfs != "":
		return "is part of the btrfs " + btrfs
	case u.loops[name] != "":
		return "has the loop device " + u.loops[name] + " on it"
	}
	holders, _ := fs.ReadDir(u.m.Sys, path.Join(dir, "holders"))
	if len(holders) == 0 {
		return ""
	}
	return "is held by " + u.describeHolder(holders[0].Name(), depth)
}

// describeHolder names what is stacked on a device, and what that is used for.
func (u uses) describeHolder(name string, depth int) string {
	label := name
	if n := u.m.text("block/"+name, "dm/name"); n != "" {
		label += " (" + n + ")"
	}
	if depth < maxStack {
		if why := u.whyOne(u.m.resolve("block/"+name), name, depth+1); why != "" {
			label += ", which " + why
		}
	}
	return label
}
