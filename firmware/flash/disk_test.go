package flash_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"badged/firmware/flash"
)

// topology is one machine of testdata/topologies.txt.
type topology struct {
	title  string
	sys    fstest.MapFS
	m      flash.Machine
	dirs   map[string]string // of each device below sys
	wants  [][2]string       // name, verdict
	choose string
	mounts [2]string
	seq    int
}

func (p *topology) put(file, text string) { p.sys[file] = &fstest.MapFile{Data: []byte(text + "\n")} }

func (p *topology) device(dir, name, number string) {
	p.dirs[name] = dir
	p.put(dir+"/dev", number)
	p.sys[dir+"/holders"] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
	if !strings.Contains(dir, "/block/") || path.Base(path.Dir(dir)) == "block" {
		p.sys["block/"+name] = &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("../" + dir)}
	}
}

func size(t *testing.T, s string) int64 {
	unit := map[byte]int64{'M': 1e6, 'G': 1e9}[s[len(s)-1]]
	n, err := strconv.ParseInt(strings.TrimRight(s, "MG"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n * max(unit, 1) / 512
}

func (p *topology) disk(t *testing.T, f []string) {
	name, options := f[0], " "+strings.Join(f[3:], " ")+" "
	dir := "devices/pci0000:00/block/" + name
	if strings.Contains(options, " usb ") {
		usb := "devices/pci0000:00/usb1/1-" + name
		p.put(usb+"/idVendor", "058f")
		p.put(usb+"/serial", option(options, "serial"))
		dir = usb + "/1-1:1.0/host4/target4:0:0/4:0:0:0/block/" + name
	} else if strings.Contains(options, " mmc ") {
		p.put(dir+"/device/serial", option(options, "serial"))
	} else {
		p.put(dir+"/serial", option(options, "serial"))
	}
	p.seq++
	p.device(dir, name, f[1])
	p.put(dir+"/size", fmt.Sprint(size(t, f[2])))
	p.put(dir+"/diskseq", fmt.Sprint(p.seq))
	for file, word := range map[string]string{"removable": " removable ", "ro": " ro ", "hidden": " hidden "} {
		p.put(dir+"/"+file, map[bool]string{true: "1", false: "0"}[strings.Contains(options, word)])
	}
	if strings.Contains(options, " SD ") {
		p.put(dir+"/device/type", "SD")
	}
	p.put(dir+"/device/model", option(options, "model"))
}

func option(options, key string) string {
	_, rest, _ := strings.Cut(options, " "+key+"=")
	value, _, _ := strings.Cut(rest, " ")
	return value
}

func (p *topology) line(t *testing.T, f []string) {
	switch f[0] {
	case "disk":
		p.disk(t, f[1:])
	case "part":
		disk := regexp.MustCompile(`^(mmcblk\d+|nvme\d+n\d+|[a-z]+)`).FindString(f[1])
		dir := p.dirs[disk] + "/" + f[1]
		p.dirs[f[1]] = dir
		p.put(dir+"/dev", f[2])
		p.put(dir+"/partition", "1")
		p.sys[dir+"/holders"] = &fstest.MapFile{Mode: fs.ModeDir | 0o755}
	case "stack":
		dir := "devices/virtual/block/" + f[1]
		p.device(dir, f[1], f[2])
		if strings.HasPrefix(f[1], "dm-") {
			p.put(dir+"/dm/name", f[3])
		}
		for _, under := range f[4:] {
			p.sys[p.dirs[under]+"/holders/"+f[1]] = &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("../../" + f[1])}
		}
	case "loop":
		p.disk(t, []string{f[1], f[2], f[3]})
		p.put(p.dirs[f[1]]+"/loop/backing_file", f[4])
	case "btrfs":
		for _, name := range f[2:] {
			p.put("fs/btrfs/"+f[1]+"/devices/"+name, "")
		}
	case "mount", "mount1":
		p.mounts[len(f[0])-5] += fmt.Sprintf("36 25 %s / %s rw,relatime shared:1 - %s %s rw\n", f[1], f[2], f[4], f[3])
	case "swap":
		p.m.Swaps = append(p.m.Swaps, f[1])
	case "want":
		p.wants = append(p.wants, [2]string{f[1], strings.Join(f[2:], " ")})
	case "choose":
		p.choose = strings.Join(f[1:], " ")
	default:
		t.Fatalf("%s: what is %q?", p.title, f[0])
	}
}

func topologies(t *testing.T) (all []*topology) {
	t.Helper()
	text, err := os.ReadFile("testdata/topologies.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if title, ok := strings.CutPrefix(line, "== "); ok {
			all = append(all, &topology{title: title, sys: fstest.MapFS{}, dirs: map[string]string{}})
		} else if f := strings.Fields(line); len(f) > 0 && f[0] != "#" && len(all) > 0 {
			all[len(all)-1].line(t, f)
		}
	}
	for _, p := range all {
		p.m.Sys, p.m.Mounts = p.sys, p.mounts[:]
	}
	return all
}

const need = 512 << 20

// Issue 12, «What must be seen»: 30 disk topologies, and not one wrong answer.
func TestNeverTheWrongDisk(t *testing.T) {
	all := topologies(t)
	if len(all) < 30 {
		t.Errorf("%d topologies only", len(all))
	}
	for _, p := range all {
		disks, err := p.m.Disks()
		if err != nil {
			t.Fatal(err)
		}
		byName := map[string]flash.Disk{}
		for _, d := range disks {
			byName[d.Name] = d
		}
		for _, want := range p.wants {
			d, ok := byName[want[0]]
			if !ok {
				t.Errorf("%s: %s is not listed", p.title, want[0])
				continue
			}
			if got := verdict(d); got != want[1] && !(len(want[1]) > 5 && strings.Contains(got, want[1])) {
				t.Errorf("%s: %s: %q, want %q", p.title, want[0], got, want[1])
			}
		}
		if d, err := flash.Choose(disks, "", need); p.choose != "" && d.Name != p.choose && (err == nil || !strings.Contains(err.Error(), p.choose)) {
			t.Errorf("%s: without a word, %q is chosen, %v; want %q", p.title, d.Name, err, p.choose)
		}
		chooseByID(t, p.title, disks)
	}
}

func verdict(d flash.Disk) string {
	if err := d.Refuse(need, true); err != nil {
		return err.Error()
	}
	if d.Refuse(need, false) != nil {
		return "typed"
	}
	return "card"
}

// chooseByID demands that an ID names one disk, and that typing it overrules nothing but «not
// removable».
func chooseByID(t *testing.T, title string, disks []flash.Disk) {
	t.Helper()
	for _, d := range disks {
		got, err := flash.Choose(disks, d.ID, need)
		if got.Name != d.Name || (err == nil) != (d.Refuse(need, true) == nil) {
			t.Errorf("%s: the ID %q of %s chooses %s, %v", title, d.ID, d.Name, got.Name, err)
		}
	}
}

// What is no card is not listed: it cannot be typed either.
func TestWhatIsNoCardIsNotListed(t *testing.T) {
	for _, p := range topologies(t) {
		disks, err := p.m.Disks()
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range disks {
			if regexp.MustCompile(`^(sr|fd|ram|zram|nbd|dm-|md|bcache|mmcblk0boot|nvme0c)`).MatchString(d.Name) {
				t.Errorf("%s: %s is listed", p.title, d.Name)
			}
		}
	}
}

// A card that was exchanged between the list and the writing is noticed, though it has the name
// of the first.
func TestAnExchangeIsNoticed(t *testing.T) {
	d := flash.Disk{Name: "sda", Number: "8:0", Seq: 7, Size: 32e9, Serial: "1"}
	if !d.Same(d) {
		t.Error("a card is not itself")
	}
	for what, change := range map[string]func(*flash.Disk){
		"another number": func(d *flash.Disk) { d.Number = "8:16" },
		"another size":   func(d *flash.Disk) { d.Size-- },
		"another serial": func(d *flash.Disk) { d.Serial = "2" },
		"put in again":   func(d *flash.Disk) { d.Seq++ },
		"another name":   func(d *flash.Disk) { d.Name = "sdb" },
	} {
		other := d
		change(&other)
		if d.Same(other) {
			t.Errorf("%s is not noticed", what)
		}
	}
}
