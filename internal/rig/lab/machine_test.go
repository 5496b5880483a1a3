//go:build lab

package lab_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"badged/internal/rig/lab"
	"badged/internal/rig/proc"
)

// The bounds after which a machine hangs. They are no measurement: a host that is busy
// makes everything ten times as long, and nothing fails by that.
const (
	bootBound = 10 * time.Minute
	stepBound = 40 * time.Minute
)

// machine is a virtual machine that runs, and dies with the test.
type machine struct {
	t     *testing.T
	dir   string
	child *proc.Child
	conn  net.Conn
	link  *lab.Link
	qmp   *qmp
	hands map[string]func(with []string) error // what the guest may ask for
	doing string                               // the step that runs
}

// socket listens at a path in dir, for QEMU to connect to.
func (m *machine) socket(name string) *net.UnixListener {
	m.t.Helper()
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: m.path(name), Net: "unix"})
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = ln.Close() })
	return ln
}

// accept takes the one connection to a socket.
func (m *machine) accept(ln *net.UnixListener) net.Conn {
	m.t.Helper()
	if err := ln.SetDeadline(time.Now().Add(bootBound)); err != nil {
		m.t.Fatal(err)
	}
	conn, err := ln.Accept()
	if err != nil {
		m.t.Fatalf("wait for QEMU: %v\n%s", err, m.state())
	}
	m.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func (m *machine) path(name string) string { return filepath.Join(m.dir, name) }

// newMachine makes a folder for a machine's sockets and its console, which stays when
// the test fails.
func newMachine(t *testing.T) *machine {
	t.Helper()
	dir, err := os.MkdirTemp("", "badged-lab-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the machine's console is in %s and ends with\n%s", filepath.Join(dir, "console"), tail(filepath.Join(dir, "console")))
		} else if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return &machine{t: t, dir: dir, hands: map[string]func([]string) error{}}
}

// tail is the end of a file, or why there is none.
func tail(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(b[max(len(b)-2000, 0):])
}

// start runs QEMU with the kernel and the files, and returns when the guest says what
// it can run.
func (m *machine) start(qemu string, k *kernel, files *initramfs, console string, args ...string) (steps []string) {
	m.t.Helper()
	files.write(m.path("initramfs"))
	port, control := m.socket("lab"), m.socket("qmp")
	args = append([]string{
		"-accel", "tcg,thread=multi", "-smp", "2", "-m", "512", "-nodefaults", "-display", "none", "-no-reboot",
		"-kernel", k.image, "-initrd", m.path("initramfs"),
		// no_timer_check: on a busy host the kernel takes a late timer for a missing one, and panics.
		"-append", "console=" + console + " no_timer_check quiet loglevel=4 panic=-1 random.trust_cpu=on",
		"-serial", "file:" + m.path("console"), "-qmp", "unix:" + m.path("qmp"),
		"-device", "virtio-serial-pci", "-chardev", "socket,id=lab,path=" + m.path("lab"),
		"-device", "virtserialport,chardev=lab,name=" + lab.Port,
	}, args...)
	var err error
	m.child, err = proc.Start(proc.Command{Name: qemu, Bin: qemu, Args: args, Log: m.path("qemu.log")})
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(m.child.Kill)
	m.conn = m.accept(port)
	m.link = lab.NewLink(m.conn)
	m.qmp = newQMP(m.t, m.accept(control))
	return m.receive(bootBound).Steps
}

// receive waits for what the guest says next.
func (m *machine) receive(most time.Duration) lab.Message {
	m.t.Helper()
	err := m.conn.SetReadDeadline(time.Now().Add(most))
	var msg lab.Message
	if err == nil {
		msg, err = m.link.Receive()
	}
	if err != nil {
		m.t.Fatalf("%v\n%s", err, m.state())
	}
	return msg
}

// step has the guest run a step, and does meanwhile what the guest asks for.
func (m *machine) step(name string) lab.Done {
	m.t.Helper()
	deadline := time.Now().Add(stepBound)
	m.doing = name
	msg := lab.Message{Run: name}
	for {
		if err := m.link.Send(msg); err != nil {
			m.t.Fatalf("%v\n%s", err, m.state())
		}
		got := m.receive(time.Until(deadline))
		switch {
		case got.Done != nil:
			return *got.Done
		case got.Ask != nil:
			msg = lab.Message{Answer: m.serve(*got.Ask)}
		default:
			m.t.Fatal("the guest says what is neither an end nor a question")
		}
	}
}

func (m *machine) serve(a lab.Ask) *lab.Answer {
	err := errors.New("nobody here can do this")
	if do := m.hands[a.What]; do != nil {
		err = do(a.With)
	}
	if err != nil {
		return &lab.Answer{Problem: err.Error()}
	}
	return &lab.Answer{}
}

// only is the steps that are run: `scripts/lab.sh -steps ^hid` runs some.
var only = regexp.MustCompile("")

func TestMain(m *testing.M) {
	flag.Func("steps", "run the steps that match this regular expression", func(s string) (err error) {
		only, err = regexp.Compile(s)
		return err
	})
	flag.Parse()
	os.Exit(m.Run())
}

// run runs steps one after the other, and prints a line for each.
func (m *machine) run(steps []string) {
	m.t.Helper()
	if len(steps) == 0 {
		m.t.Fatal("the guest has no step to run")
	}
	for _, name := range steps {
		if !only.MatchString(name) {
			continue
		}
		start := time.Now()
		done := m.step(name)
		verdict := "ok  "
		if done.Problem != "" {
			verdict = "FAIL"
			m.t.Errorf("%s: %s", name, done.Problem)
		}
		fmt.Printf("    %s %-22s %5.1f s  %s\n", verdict, name, time.Since(start).Seconds(), done.Figure)
	}
}

// state is what is known of a machine that does not answer.
func (m *machine) state() string {
	if m.child.Alive() {
		return "QEMU runs, and its guest says nothing; the step was: " + m.doing
	}
	return m.child.Ended().Error()
}

// qmp is the control connection of a QEMU.
type qmp struct {
	conn net.Conn
	dec  *json.Decoder
}

func newQMP(t *testing.T, conn net.Conn) *qmp {
	t.Helper()
	q := &qmp{conn, json.NewDecoder(conn)}
	var greeting struct{ QMP any }
	if err := q.dec.Decode(&greeting); err != nil {
		t.Fatalf("greet QEMU: %v", err)
	}
	if err := q.do("qmp_capabilities", nil); err != nil {
		t.Fatal(err)
	}
	return q
}

// do runs a command and waits for its end.
func (q *qmp) do(command string, args any) error {
	_, err := q.ask(command, args)
	return err
}

// ask runs a command and gives what it returns.
func (q *qmp) ask(command string, args any) (json.RawMessage, error) {
	if err := q.conn.SetDeadline(time.Now().Add(bootBound)); err != nil {
		return nil, err
	}
	err := json.NewEncoder(q.conn).Encode(struct {
		Execute   string `json:"execute"`
		Arguments any    `json:"arguments,omitempty"`
	}{command, args})
	for err == nil {
		var m struct {
			Return json.RawMessage
			Error  *struct{ Desc string }
		} // or an event, which has neither
		if err = q.dec.Decode(&m); err == nil && m.Error != nil {
			return nil, fmt.Errorf("ask QEMU to %s: %s", command, m.Error.Desc)
		}
		if m.Return != nil {
			return m.Return, nil
		}
	}
	return nil, fmt.Errorf("ask QEMU to %s: %w", command, err)
}

// newQTest finds the machine's GPIO chip.
func (m *machine) newQTest(conn net.Conn) *qtest {
	m.t.Helper()
	const parts = "/machine/unattached"
	raw, err := m.qmp.ask("qom-list", map[string]string{"path": parts})
	if err != nil {
		m.t.Fatal(err)
	}
	var list []struct{ Name, Type string }
	if err := json.Unmarshal(raw, &list); err != nil {
		m.t.Fatal(err)
	}
	for _, d := range list {
		if d.Type == "child<pl061>" {
			return &qtest{conn, bufio.NewReader(conn), parts + "/" + d.Name}
		}
	}
	m.t.Fatal("this machine has no GPIO chip")
	return nil
}
