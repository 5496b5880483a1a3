package broker_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The server inside speaks NATS too, without certificates. It listens for MQTT at the
// address that it was given and nowhere else.
func TestTheBrokerHasOnePort(t *testing.T) {
	before := listening(t)
	b := start(t)
	after := listening(t)
	var fresh []string
	for socket, where := range after {
		if _, old := before[socket]; !old {
			fresh = append(fresh, where)
		}
	}
	_, port, _ := strings.Cut(b.broker.Addr(), ":")
	var number int
	if _, err := fmt.Sscan(port, &number); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("0100007F:%04X", number); len(fresh) != 1 || fresh[0] != want {
		t.Errorf("it listens on %v, want %s only", fresh, want)
	}
}

// listening are the TCP sockets on which this process listens, by inode, as the
// kernel writes their addresses.
func listening(t *testing.T) map[string]string {
	t.Helper()
	mine := map[string]bool{}
	fds, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil {
			mine[to] = true
		}
	}
	out := map[string]string{}
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		f, err := os.Open(table)
		if os.IsNotExist(err) {
			continue // a kernel without IPv6
		}
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for lines := bufio.NewScanner(f); lines.Scan(); {
			const state, inode, listens = 3, 9, "0A"
			w := strings.Fields(lines.Text())
			if len(w) > inode && w[state] == listens && mine["socket:["+w[inode]+"]"] {
				out[w[inode]] = w[1]
			}
		}
	}
	return out
}
