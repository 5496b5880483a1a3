package usbport

import (
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// rig is a machine whose sysfs is files, whose hidraw nodes are sockets and whose
// uevents the test sends.
type rig struct {
	t    *testing.T
	root string
	m    *machine

	mu       sync.Mutex // guards what follows
	grabbed  map[string]int
	openErr  map[string]*failure // of event and hidraw nodes
	raw      map[string]*os.File
	ctl      control
	desc     []byte
	watchers []int
	deaf     bool // the console
}

// newRig makes a machine with the parts of testdata/gadgets.tree whose path contains
// one of the words.
func newRig(t *testing.T, words ...string) *rig {
	t.Helper()
	r := &rig{t: t, root: t.TempDir(), grabbed: map[string]int{}, openErr: map[string]*failure{}, raw: map[string]*os.File{}}
	r.m = &machine{root: r.root, openInput: r.openInput, openHidraw: r.openHidraw, muteConsole: r.mute, watch: r.watch}
	t.Cleanup(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, fd := range r.watchers {
			_ = unix.Close(fd)
		}
		for _, f := range r.raw {
			_ = f.Close()
		}
	})
	r.plug(words...)
	return r
}

// The parts of the tree.
const (
	first  = "dummy_hcd.0"
	second = "dummy_hcd.1"
	own    = "i8042"
)

func tree(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/gadgets.tree")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(b)), "\n")
}

// plug adds the files whose path contains one of the words, and says so.
func (r *rig) plug(words ...string) {
	r.t.Helper()
	for _, line := range tree(r.t) {
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(line, w) }) {
			r.file(line)
		}
	}
	r.uevent("add", "input")
}

// alias adds the files that contain word once more, with other words for some.
func (r *rig) alias(word string, oldnew ...string) {
	r.t.Helper()
	for _, line := range tree(r.t) {
		if strings.Contains(line, word) {
			r.file(strings.NewReplacer(oldnew...).Replace(line))
		}
	}
	r.uevent("add", "input")
}

// file makes one file of the tree, and the links of classes to its folder.
func (r *rig) file(line string) {
	r.t.Helper()
	path, text, ok := strings.Cut(line, " = ")
	content := []byte(text + "\n")
	if !ok {
		var err error
		path, text, _ = strings.Cut(line, " := ")
		if content, err = hex.DecodeString(text); err != nil {
			return // a comment
		}
	}
	if strings.HasSuffix(path, "capabilities/key") {
		content = []byte(words(text))
	}
	r.write(path, content)
	parts := strings.Split(path, "/")
	for i := 1; i < len(parts); i++ {
		if class := parts[i-1]; (class == "input" || class == "hidraw") && strings.HasPrefix(parts[i], class) {
			r.link(class, strings.Join(parts[:i+1], "/"))
		}
	}
	if hid, ok := strings.CutSuffix(path, "/report_descriptor"); ok {
		n := hid[strings.LastIndex(hid, ".")+1:]
		i, err := strconv.Atoi(n)
		if err != nil {
			r.t.Fatal(err)
		}
		dir := hid + "/hidraw/hidraw" + strconv.Itoa(i-1)
		r.write(dir+"/dev", nil)
		r.link("hidraw", dir)
	}
}

// words puts a bitmap of a 64 bit machine in the words of this one.
func words(bitmap string) string {
	if strconv.IntSize == 64 {
		return bitmap
	}
	var out []string
	for _, w := range strings.Fields(bitmap) {
		w = strings.Repeat("0", 16-len(w)) + w
		out = append(out, w[:8], w[8:])
	}
	return strings.Join(out, " ")
}

func (r *rig) write(path string, content []byte) {
	r.t.Helper()
	path = filepath.Join(r.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) link(class, dir string) {
	r.t.Helper()
	at := filepath.Join(r.root, "sys/class", class)
	if err := os.MkdirAll(at, 0o755); err != nil {
		r.t.Fatal(err)
	}
	err := os.Symlink("../../../"+dir, filepath.Join(at, filepath.Base(dir)))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		r.t.Fatal(err)
	}
}

// unplug takes away all that contains the word; reading its reports fails from then on.
func (r *rig) unplug(word string) {
	r.t.Helper()
	for _, class := range []string{"input", "hidraw"} {
		links, _ := filepath.Glob(filepath.Join(r.root, "sys/class", class, "*"))
		for _, l := range links {
			if to, _ := os.Readlink(l); strings.Contains(to, word) {
				if err := os.Remove(l); err != nil {
					r.t.Fatal(err)
				}
				r.hangUp(filepath.Base(l))
			}
		}
	}
	dirs, _ := filepath.Glob(filepath.Join(r.root, "sys/devices/platform", word+"*"))
	for _, d := range dirs {
		if err := os.RemoveAll(d); err != nil {
			r.t.Fatal(err)
		}
	}
	r.uevent("remove", "input")
}

func (r *rig) hangUp(node string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.raw[node]; f != nil {
		_ = f.Close()
		delete(r.raw, node)
	}
}

type closer func() error

func (c closer) Close() error { return c() }

func (r *rig) openInput(path string) (io.Closer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	node := filepath.Base(path)
	if err := r.openErr[node].next(); err != nil {
		return nil, err
	}
	if r.grabbed[node] > 0 {
		r.t.Errorf("%s is taken twice", node)
	}
	r.grabbed[node]++
	return closer(func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.grabbed[node]--
		return nil
	}), nil
}

func (r *rig) mute() (io.Closer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deaf = true
	return closer(func() error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.deaf = false
		return nil
	}), nil
}

// pair gives two ends of something that keeps messages apart as hidraw and netlink do.
func (r *rig) pair() (a, b int) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		r.t.Error(err)
	}
	return fds[0], fds[1]
}

func (r *rig) openHidraw(path string) (*hidraw, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	node := filepath.Base(path)
	if err := r.openErr[node].next(); err != nil {
		return nil, err
	}
	a, b := r.pair()
	if old := r.raw[node]; old != nil {
		_ = old.Close()
	}
	r.raw[node] = os.NewFile(uintptr(b), node)
	ctl := r.ctl
	if ctl == nil {
		ctl = plain{r.desc}
	}
	return newHidraw(os.NewFile(uintptr(a), path), ctl)
}

// plain is a device that only sends reports.
type plain struct{ desc []byte }

func (p plain) descriptor() ([]byte, error) { return p.desc, nil }
func (p plain) set([]byte) error            { return unix.EPIPE }
func (p plain) get([]byte) (int, error)     { return 0, unix.EPIPE }

func (r *rig) watch() (*watch, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, b := r.pair()
	r.watchers = append(r.watchers, b)
	return watchFile(os.NewFile(uintptr(a), "uevents"), func(fd int, p []byte) (int, uint32, error) {
		n, err := unix.Read(fd, p)
		if n == 0 && err == nil {
			err = unix.EAGAIN // the test is over
		}
		return n, 0, err
	})
}

// uevent tells all who listen that something happened.
func (r *rig) uevent(action, subsystem string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, fd := range r.watchers {
		_, _ = unix.Write(fd, message(action, "/devices/x", subsystem)) // it may not listen any more
	}
}

// message is a uevent as the kernel sends it.
func message(action, path, subsystem string) []byte {
	return []byte(action + "@" + path + "\x00ACTION=" + action + "\x00DEVPATH=" + path + "\x00SUBSYSTEM=" + subsystem + "\x00SEQNUM=17\x00")
}

// report has a hidraw node say something.
func (r *rig) report(node string, p ...byte) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.raw[node].Write(p); err != nil {
		r.t.Fatal(err)
	}
}

// taken gives the event nodes that are taken now.
func (r *rig) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var nodes []string
	for n, users := range r.grabbed {
		if users > 0 {
			nodes = append(nodes, n)
		}
	}
	slices.Sort(nodes)
	return nodes
}

// failure is what opening a node gives, so many times.
type failure struct {
	err   error
	times int
}

func (f *failure) next() error {
	if f == nil || f.times == 0 {
		return nil
	}
	f.times--
	return f.err
}

// fail has a node fail with err for good, or work if it is nil.
func (r *rig) fail(node string, err error) { r.failures(node, 1<<30, err) }

func (r *rig) failures(node string, times int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.openErr[node] = &failure{err, times}
}

func (r *rig) untilTaken(nodes ...string) {
	r.t.Helper()
	until(r.t, "taken are "+strings.Join(nodes, " "), func() bool { return slices.Equal(r.taken(), nodes) })
}
