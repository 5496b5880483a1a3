package serialport_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"badged/reader"
)

// asNobody runs fn on a thread that has no special rights on files. The thread ends
// with it.
func asNobody(fn func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread is thrown away
		if os.Getuid() == 0 {
			const nobody = 65534
			_, _ = unix.SetfsuidRetUid(nobody)
		}
		fn()
	}()
	<-done
}

func TestPermissionDenied(t *testing.T) {
	dev := newReader(t)
	tty, err := filepath.EvalSymlinks(dev.Path())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(tty, 0); err != nil {
		t.Fatal(err)
	}
	asNobody(func() { err = rfid(dev.Path()).Run(t.Context(), func(reader.Event) {}) })
	checkOpenError(t, err, dev.Path(), "permission denied", "dialout")
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("not a permission error: %v", err)
	}
}

// A killed agent must not leave its pseudo-terminal in exclusive mode, which nobody
// but root could open again.
func TestNothingIsLeftOfAKilledAgent(t *testing.T) {
	dev := newReader(t)
	r := start(t, rfid(dev.Path()).Run)
	r.next(t, reader.KindUp)
	f, err := os.OpenFile(dev.Path(), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if taken, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGEXCL); err != nil || taken != 0 {
		t.Errorf("exclusive mode %d, %v", taken, err)
	}
}
