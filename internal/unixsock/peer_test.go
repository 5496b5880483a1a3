package unixsock

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestPeerUIDIsThatOfWhoCalls(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	here, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	there, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	uid, err := PeerUID(there)
	if err != nil || int(uid) != os.Getuid() {
		t.Errorf("uid %d, %v; want %d", uid, err, os.Getuid())
	}
	if _, err := PeerUID(&net.TCPConn{}); err == nil {
		t.Error("a connection that is no socket's has a peer")
	}
}
