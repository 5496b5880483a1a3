package usbport

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// As a Linux 6.1 sends it for a keyboard.
const addInput = "add@/devices/platform/dummy_hcd.0/usb1/1-1/1-1:1.0/0003:08FF:0009.0001/input/input2/event1\x00" +
	"ACTION=add\x00DEVPATH=/devices/platform/dummy_hcd.0/usb1/1-1/1-1:1.0/0003:08FF:0009.0001/input/input2/event1\x00" +
	"SUBSYSTEM=input\x00MAJOR=13\x00MINOR=65\x00DEVNAME=input/event1\x00SEQNUM=1203\x00"

func TestUevent(t *testing.T) {
	u, ok := parseUevent([]byte(addInput))
	if !ok || u.action != "add" || u.subsystem != "input" || !strings.HasSuffix(u.path, "/event1") || !u.matters() {
		t.Errorf("got %+v, %v", u, ok)
	}
	if u, ok := parseUevent(message("bind", "/devices/x", "usb")); !ok || u.matters() {
		t.Errorf("got %+v, %v", u, ok)
	}
}

func TestMessagesThatAreNoUevents(t *testing.T) {
	for name, in := range map[string]string{
		"empty":          "",
		"of udev":        "libudev\x00\xfe\xed\xca\xfe" + addInput,
		"no end":         strings.TrimSuffix(addInput, "\x00"),
		"no path":        "add@\x00SUBSYSTEM=input\x00",
		"no header":      addInput[strings.IndexByte(addInput, 0)+1:],
		"two actions":    strings.Replace(addInput, "ACTION=add", "ACTION=remove", 1),
		"two paths":      strings.Replace(addInput, "DEVPATH=/devices", "DEVPATH=/other", 1),
		"no subsystem":   "add@/devices/x\x00ACTION=add\x00",
		"too long":       "add@/" + strings.Repeat("x", maxUevent) + "\x00SUBSYSTEM=input\x00",
		"too many words": addInput + strings.Repeat("A=B\x00", maxVars),
	} {
		if u, ok := parseUevent([]byte(in)); ok {
			t.Errorf("%s: read as %+v", name, u)
		}
	}
}

// A message that is read says what the kernel would have said in it.
func FuzzUevent(f *testing.F) {
	f.Add([]byte(addInput))
	f.Add([]byte("libudev\x00\xfe\xed\xca\xfe"))
	f.Fuzz(func(t *testing.T, p []byte) {
		u, ok := parseUevent(p)
		if !ok {
			return
		}
		header := u.action + "@" + u.path + "\x00"
		if !strings.HasPrefix(string(p), header) || !strings.Contains(string(p), "\x00SUBSYSTEM="+u.subsystem+"\x00") {
			t.Errorf("%q read as %+v", p, u)
		}
	})
}

// fakeWatch is a watch whose messages, senders and errors the test gives, and the file
// that wakes it.
func fakeWatch(t *testing.T, say func(p []byte) (int, uint32, error)) (*watch, *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	wt, err := watchFile(r, func(fd int, p []byte) (int, uint32, error) {
		if n, err := unix.Read(fd, make([]byte, 1)); n != 1 {
			return 0, 0, err
		}
		return say(p)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(wt.close)
	return wt, w
}

func TestOnlyTheKernelIsBelieved(t *testing.T) {
	for _, tt := range []struct {
		name   string
		sender uint32
		say    string
		err    error
		want   bool
	}{
		{"the kernel", 0, addInput, nil, true},
		{"a process", 4711, addInput, nil, false},
		{"the kernel, of a disk", 0, string(message("add", "/x", "block")), nil, false},
		{"the kernel, of what was lost", 0, "", unix.ENOBUFS, true},
		{"nobody", 0, "", unix.ENOTCONN, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wt, wake := fakeWatch(t, func(p []byte) (int, uint32, error) { return copy(p, tt.say), tt.sender, tt.err })
			if _, err := wake.Write([]byte{1}); err != nil {
				t.Fatal(err)
			}
			wait := 20 * time.Millisecond // for nothing
			if tt.want {
				wait = 2 * time.Minute
			}
			if changed, ok := wt.next(wait); changed != tt.want || !ok {
				t.Errorf("changed %v, open %v", changed, ok)
			}
		})
	}
}

func TestWatchesEnd(t *testing.T) {
	for name, open := range map[string]func() (*watch, error){"kernel": newWatch, "deaf": deafWatch} {
		t.Run(name, func(t *testing.T) {
			w, err := open()
			if err != nil {
				t.Fatal(err)
			}
			for {
				if changed, ok := w.next(time.Millisecond); !changed && ok {
					break // nothing happens, and time passes
				}
			}
			ended := make(chan bool)
			go func() {
				for ok := true; ok; {
					_, ok = w.next(time.Hour)
				}
				close(ended)
			}()
			w.close()
			<-ended
		})
	}
}
