package archtest

// level is the height of a folder: it may import lower ones only, and one of its own
// level if its list names that one. The lists say which it really may.
type level int

const (
	base level = iota - 1
	level0
	level1
	level2
	level3
	level4
	level5
)

// folder is one line of the table of levels. The first line that matches a package
// holds for it.
type folder struct {
	name  string // a package, "x/*" or "x/..."
	level level
	may   []string // what it may import beside the plain ones, as patterns
}

// plain are the values that every folder above base may use.
var plain = []string{"internal/secret", "internal/sitekey", "internal/clock", "internal/spelling", "internal/timetable", "internal/passage", "internal/profile"}

var folders = []folder{
	{"internal/secret", base, nil},
	{"internal/sitekey", base, nil},
	{"internal/clock", base, nil},
	{"internal/spelling", base, nil},
	{"internal/timetable", base, nil},
	{"internal/passage", base, []string{"internal/timetable"}},
	{"internal/paint", base, nil},
	{"internal/profile", base, nil},
	{"internal/password", base, []string{"internal/secret"}},
	{"internal/support", base, nil},
	{"internal/logbound", base, nil},
	{"internal/migration", base, nil},
	{"internal/sqlite", base, []string{"internal/migration"}},
	{"internal/config", base, []string{"internal/spelling"}},
	{"internal/archtest", base, nil},
	{"internal/rig/proc", base, nil},
	{"internal/rig/pgserver", base, nil},
	{"internal/rig/mutants", base, []string{"internal/rig/devtool"}},
	{"internal/rig/flaky", base, []string{"internal/rig/devtool"}},
	{"internal/rig/behaviours", base, []string{"internal/rig/devtool"}},
	{"internal/rig/printserver", base, nil},
	{"internal/rig/mailbox", base, nil},
	{"internal/rig/axe", base, nil},
	{"internal/rig/chromium", base, nil},
	{"internal/rig/devtool", base, nil},
	{"internal/rig/forgetful", base, nil},
	{"internal/webpage", base, nil},
	{"internal/unixsock", base, []string{"internal/ownfile"}},
	{"internal/ptyport", base, nil},
	{"internal/ownfile", base, nil},
	{"internal/connlimit", base, nil},
	{"internal/foreign", base, nil},
	{"internal/httpserve", base, []string{"internal/connlimit"}},
	{"internal/metrics", base, []string{"internal/httpserve", "internal/ownfile"}},
	{"internal/cli", base, []string{"internal/foreign", "internal/spelling"}},
	{"internal/logqueue", base, []string{"internal/foreign"}},
	{"internal/supervisor", base, nil},

	{"keypad", level0, nil},
	{"sync/wire", level0, nil},
	{"firmware/board", level0, nil},
	{"firmware/bundle", level0, nil},
	{"firmware/initrd", level0, nil},
	{"firmware/kmod", level0, nil},
	{"firmware/dhcp", level0, nil},
	{"firmware/netlink", level0, nil},
	{"internal/boxctl", level0, []string{"internal/unixsock"}},
	{"internal/door", level0, nil},
	{"internal/health", level0, nil},
	{"internal/cups", level0, nil},
	{"internal/keyfile", level0, []string{"internal/ownfile"}},

	{"reader", level1, []string{"keypad"}},
	{"internal/updater", level1, []string{"internal/boxctl", "sync/wire"}},
	{"firmware/slot", level1, []string{"firmware/board"}},
	{"firmware/card", level1, []string{"firmware/board", "firmware/slot"}},
	{"firmware/update", level2, []string{"firmware/board", "firmware/bundle", "firmware/card", "firmware/slot"}},
	{"firmware/flash", level1, []string{"firmware/board", "firmware/slot"}},
	{"firmware/site", level1, []string{"firmware/board"}},
	{"sync/uplink", level1, []string{"sync/wire"}},
	{"sync/identity", level1, []string{"sync/wire", "internal/ownfile"}},

	{"reader/protocols", level3, []string{"reader", "reader/*", "keypad"}},
	{"reader/detect", level3, []string{"reader", "reader/*", "reader/protocols"}},
	{"reader/readertest", level3, []string{"reader", "reader/capture", "keypad"}},
	{"reader/pacs", level2, []string{"reader"}},
	{"reader/pcsc", level2, []string{"reader"}},
	{"reader/chars", level2, []string{"reader"}},
	{"reader/*", level2, []string{"reader", "reader/pacs", "reader/pcsc", "reader/chars", "keypad"}},
	{"enroll", level2, []string{"reader", "keypad"}},
	{"sync/mqttlink", level2, []string{"sync/uplink", "sync/wire"}},
	{"sync/hub/refusal", level1, nil},
	{"sync/hub/audit", level2, []string{"sync/hub/refusal"}},
	{"sync/hub/words", level2, []string{"sync/hub/refusal"}},
	{"sync/hub/mail", level2, []string{"sync/hub/audit", "sync/hub/refusal"}},
	{"sync/hub/people", level2, []string{"sync/hub/audit", "sync/hub/mail", "sync/hub/refusal"}},
	{"sync/hub/roster", level2, []string{"sync/hub/people", "sync/hub/audit", "sync/hub/refusal"}},
	{"sync/hub/access", level2, []string{"sync/hub/mail", "sync/hub/people", "sync/hub/audit", "sync/hub/refusal"}},

	{"sync/hub/release", level2, []string{"firmware/bundle", "sync/hub/access", "sync/hub/people", "sync/hub/audit", "sync/hub/refusal", "sync/wire"}},
	{"enroll/store", level3, []string{"enroll", "sync/wire", "sync/uplink", "internal/sqlite", "internal/ownfile", "reader", "keypad"}},
	{"internal/printjobs", level3, []string{"enroll", "internal/cups", "internal/health"}},
	{"enroll/kiosk", level3, []string{"enroll", "keypad", "internal/printjobs", "internal/cups", "internal/webpage", "internal/ownfile", "internal/connlimit", "internal/httpserve"}},
	{"sync/hub/publish", level3, []string{"sync/hub/access", "sync/hub/people", "sync/wire"}},
	{"sync/hub/fleet", level3, []string{"sync/hub/release", "internal/profile", "sync/hub/publish", "sync/hub/access", "sync/hub/people", "sync/hub/audit", "sync/hub/refusal", "sync/wire"}},
	{"sync/hub/store", level3, []string{"sync/hub/release", "sync/hub/mail", "sync/hub/fleet", "sync/hub/publish", "sync/hub/access", "sync/hub/people", "sync/hub/audit", "sync/wire"}},
	{"sync/hub/store/teststore", level3, []string{"sync/hub/store", "sync/hub/store/sqlite", "sync/hub/store/postgres", "internal/rig/pgserver"}},
	{"sync/hub/store/*", level3, []string{"sync/hub/release", "sync/hub/store", "sync/hub/mail", "sync/hub/fleet", "sync/hub/publish", "sync/hub/access", "sync/hub/people", "sync/hub/audit", "sync/hub/refusal", "sync/wire", "internal/migration", "internal/sqlite", "internal/ownfile"}},
	{"sync/hub/mail/smtp", level3, []string{"sync/hub/mail", "sync/hub/fleet", "sync/hub/access", "sync/hub/people", "sync/hub/audit", "internal/ownfile"}},
	{"sync/hub/broker", level3, []string{"sync/wire", "sync/identity", "sync/mqttlink", "internal/connlimit", "internal/ownfile"}},
	{"sync/hub/pki", level3, []string{"internal/ownfile"}},
	{"sync/hub/api", level4, []string{"sync/hub/fleet", "sync/hub/release", "sync/hub/mail", "sync/hub/roster", "sync/hub/access", "sync/hub/people", "sync/hub/audit", "sync/hub/refusal", "sync/hub/words", "sync/identity", "sync/wire", "internal/profile", "internal/unixsock", "internal/httpserve"}},
	{"sync/hub/web/page", level4, []string{"sync/hub/fleet", "sync/hub/access", "sync/hub/people", "sync/hub/audit", "sync/hub/refusal", "sync/hub/words", "internal/webpage", "internal/password", "internal/foreign"}},
	{"sync/hub/web/door", level4, []string{"sync/hub/web/page", "sync/hub/fleet", "sync/hub/access", "sync/hub/people", "sync/hub/audit", "sync/hub/refusal", "internal/password"}},
	{"sync/hub/web/me", level4, []string{"sync/hub/web/page", "sync/hub/fleet", "sync/hub/access", "sync/hub/people", "sync/hub/mail", "sync/wire", "internal/password"}},
	{"sync/hub/web/manage", level4, []string{"sync/hub/web/page", "sync/hub/web/me", "sync/hub/fleet", "sync/hub/access", "sync/hub/people", "sync/hub/mail", "sync/hub/audit", "sync/hub/roster", "sync/hub/refusal", "sync/hub/words", "sync/identity", "sync/wire"}},
	{"sync/hub/web/manage/mails", level4, []string{"sync/hub/web/page", "sync/hub/fleet", "sync/hub/access", "sync/hub/people", "sync/hub/mail", "sync/hub/refusal"}},
	{"sync/hub/web/manage/releases", level4, []string{"sync/hub/web/page", "sync/hub/fleet", "sync/hub/release"}},
	{"sync/hub/web/manage/doors", level4, []string{"sync/hub/web/page", "sync/hub/fleet", "sync/hub/access", "sync/hub/people", "sync/hub/refusal", "sync/hub/words", "sync/wire"}},
	{"sync/hub/web/webtest", level5, []string{"sync/hub/web", "sync/hub/release", "sync/hub/web/page", "sync/hub/store", "sync/hub/store/teststore", "sync/hub/fleet", "sync/hub/access", "sync/hub/people", "sync/hub/audit", "sync/hub/pki", "internal/rig/axe", "internal/rig/chromium"}},
	{"sync/hub/web", level4, []string{"sync/hub/web/page", "sync/hub/web/door", "sync/hub/web/me", "sync/hub/web/manage", "sync/hub/web/manage/doors", "sync/hub/web/manage/mails", "sync/hub/web/manage/releases", "sync/hub/fleet", "sync/hub/access", "sync/hub/people", "sync/hub/audit", "sync/hub/refusal", "sync/identity", "internal/httpserve", "internal/connlimit", "internal/password"}},

	{"internal/agent", level4, []string{"enroll", "enroll/kiosk", "reader", "keypad", "internal/door", "internal/health"}},
	{"internal/ctl", level4, []string{"enroll", "sync/wire", "internal/health", "internal/unixsock", "internal/ownfile", "internal/connlimit", "internal/httpserve"}},
	{"internal/rig/sim", level4, []string{"reader", "keypad", "internal/ptyport"}},

	{"internal/terminal/rs485", level5, []string{"reader", "reader/*", "internal/ctl", "internal/health", "internal/keyfile"}},
	{"internal/terminal/statuspage", level5, []string{"internal/ctl", "internal/health", "internal/foreign", "internal/webpage"}},
	{"internal/terminal/plan", level5, []string{"enroll", "reader", "reader/*", "internal/agent", "internal/config", "internal/door", "internal/ownfile", "internal/terminal/rs485"}},
	{"internal/terminal", level5, []string{"enroll/...", "reader/...", "sync/...", "internal/...", "internal/terminal/plan", "internal/terminal/rs485", "internal/terminal/statuspage"}},
	{"internal/rig/workbench", level5, []string{"keypad", "reader/...", "enroll/...", "sync/...", "internal/..."}},
	{"internal/rig/bench", level5, []string{"keypad", "reader/...", "enroll/...", "sync/...", "internal/..."}},
	{"internal/rig/lab", level5, []string{"firmware/...", "keypad", "reader/...", "enroll/...", "sync/...", "internal/..."}},
	{"internal/rig/lab/*", level5, []string{"internal/rig/lab", "keypad", "reader/...", "enroll/...", "sync/...", "internal/..."}},
	{"internal/rig/syncsim", level5, []string{"reader", "keypad", "enroll/...", "sync/...", "internal/clock", "internal/secret", "internal/sitekey"}},
	{"internal/rig/systest", level5, []string{"keypad", "reader/...", "enroll/...", "sync/...", "internal/..."}},
	{"firmware/box", level5, []string{"firmware/...", "sync/identity", "internal/boxctl", "internal/ctl", "internal/health", "internal/httpserve", "internal/unixsock"}},
	{"internal/rig/image", level5, []string{"firmware/board", "firmware/initrd", "firmware/kmod"}},
	{"cmd/badgeinit", level5, []string{"firmware/box"}},
	{"cmd/badged", level5, []string{"reader/gpioport", "sync/identity", "internal/...", "internal/terminal", "internal/terminal/plan"}},
	{"internal/rig", level5, []string{"internal/cli", "internal/foreign", "internal/rig/workbench", "internal/rig/bench"}},
	{"cmd/badgectl", level5, []string{"firmware/...", "keypad", "reader/...", "enroll/...", "sync/...", "internal/...", "internal/terminal/plan"}},
	{"cmd/badgehub", level5, []string{"sync/...", "internal/...", "firmware/site"}},
}

// never is a rule that holds whatever the levels say, and for tests inside the
// package too.
type never struct {
	from, to string // patterns
	why      string
}

var nevers = []never{
	{"reader/...", "enroll/...", "a reader says what it read; what that means is not its business"},
	{"keypad", "enroll/...", "a keypad collects keys; what a code is good for is not its business"},
	{"enroll", "sync/...", "the rules must decide alone: nothing that a person waits for waits for the network"},
	{"enroll/kiosk", "sync/...", "a panel talks to its own terminal only"},
	{"sync/...", "enroll/...", "the hub and the link know the wire, not the terminal's domain"},
	{"internal/door", "enroll/...", "a door keeps its lock safe without knowing who anybody is"},
	{"...", "cmd/...", "commands are wiring: nothing may depend on them"},
}

// library is an outside module and the one package that may import it.
type library struct {
	module string   // prefix of the import path
	from   []string // importing packages, as patterns; empty: tests only
	why    string
}

var libraries = []library{
	{"go.bug.st/serial", []string{"reader/serialport", "internal/rig/bench"}, "one place opens serial ports, exclusively, and never lists them; the bench measures against a bare echo on the same library"},
	{"periph.io/x/conn/v3", []string{"reader/gpioport", "reader/mfrc522"}, "one place drives pins, and caps every relay pulse; one chip on a bus of the board"},
	{"periph.io/x/host/v3", []string{"reader/mfrc522"}, "opens the SPI bus of that chip"},
	{"github.com/warthog618/go-gpiocdev", []string{"reader/gpioport"}, "edges with the kernel's time, a sized buffer and sequence numbers"},
	{"github.com/holoplot/go-evdev", []string{"reader/usbport"}, "keeps a badge's digits from the console (EVIOCGRAB)"},
	{"github.com/google/gousb", []string{"reader/usbport"}, "USB devices that the kernel has no driver for, behind the tag libusb"},
	{"github.com/eclipse/paho.mqtt.golang", []string{"sync/mqttlink"}, "one place works round what paho reports wrongly"},
	{"modernc.org/sqlite", []string{"internal/sqlite"}, "one place sets the pragmas that durability depends on"},
	{"github.com/jackc/pgx/v5", []string{"sync/hub/store/postgres"}, "one place speaks to PostgreSQL, and knows which of its errors leave no effect"},
	{"modernc.org/sqlite", []string{"internal/sqlite"}, "one place sets the pragmas and the kind of sync that durability depends on"},
	{"modernc.org/libc", []string{"internal/sqlite"}, "what SQLite is translated onto: its file system layer is called through it"},
	{"github.com/hanwen/go-fuse/v2", []string{"internal/rig/forgetful"}, "a disk that forgets what was not synced, under programs that make their real system calls"},
	{"github.com/nats-io/nats-server/v2", []string{"sync/hub/broker"}, "only a hub carries a broker"},
	{"github.com/fxamacker/cbor/v2", []string{"sync/wire"}, "one place bounds what is decoded"},
	{"github.com/veraison/go-cose", []string{"sync/wire"}, "one place decides what is signed and what a signature covers"},
	{"github.com/spf13/cobra", []string{"cmd/*", "internal/cli", "internal/rig"}, "command lines are wiring, on one frame"},
	{"github.com/spf13/pflag", []string{"cmd/*"}, "comes with cobra"},
	{"github.com/pelletier/go-toml/v2", []string{"internal/config", "firmware/site"}, "one place knows the configuration's format, one that of a site and its cards"},
	{"github.com/klauspost/compress", []string{"firmware/bundle", "internal/rig/image"}, "packs bundles; what it unpacks was verified before; packs the archive that a kernel unpacks"},
	{"github.com/coreos/go-systemd/v22", []string{"internal/supervisor"}, "one place speaks to systemd"},
	{"github.com/creack/pty", []string{"internal/ptyport"}, "one place makes virtual serial ports"},
	{"github.com/OpenPrinting/goipp", []string{"internal/cups"}, "one place speaks IPP, and bounds what a print server answers"},
	{"golang.org/x/text", []string{"enroll/kiosk", "sync/hub/people", "sync/hub/mail", "internal/password"}, "the panel speaks the person's language; names, addresses and passwords have one form (PRECIS, NFC); mails keep what is written from right to left apart"},
	{"golang.org/x/crypto", []string{"internal/password"}, "one place hashes passwords (argon2id), and bounds what that costs"},
	{"golang.org/x/sys", []string{"reader/serialport", "reader/usbport", "reader/gpioport", "internal/ptyport", "internal/supervisor", "firmware/box", "internal/rig/bench", "internal/rig/lab", "internal/rig/lab/*"}, "system calls that the standard library lacks, next to the device or socket that needs them"},
	{"github.com/prometheus/client_golang", []string{"internal/metrics"}, "writes the text format of Prometheus, and knows what the kernel says of a process"},
	{"github.com/wneessen/go-mail", []string{"sync/hub/mail/smtp"}, "one place writes and sends mails, and knows when SMTP leaves open whether one was taken"},
	{"github.com/emersion/go-sasl", nil, "comes with go-smtp"},
	{"golang.org/x/net", []string{"sync/hub/people"}, "domains of addresses have one form (IDNA); tests read the panel's pages as a browser does"},
	{"golang.org/x/sys", []string{"reader/serialport", "reader/usbport", "reader/gpioport", "internal/ptyport", "internal/supervisor", "internal/rig/lab", "internal/rig/lab/*"}, "system calls that the standard library lacks, next to the device or socket that needs them"},
	{"rsc.io/qr", []string{"internal/webpage"}, "one place draws QR codes for pages of panel and hub"},
	{"github.com/emersion/go-smtp", []string{"internal/rig/mailbox"}, "a mail server for the workbench and for tests"},
	{"pgregory.net/rapid", nil, "properties are tests"},
	{"github.com/rogpeppe/go-internal", nil, "scripts are tests"},
	{"github.com/getkin/kin-openapi", nil, "the hub's answers are held against their description"},
	{"github.com/chromedp/chromedp", nil, "a browser is driven by tests only"},
	{"github.com/chromedp/cdproto", nil, "comes with chromedp"},
}

// apart is what a command must not link, directly or through any of our packages.
type apart struct {
	command string
	folders []string
	modules []string
	why     string
}

var aparts = []apart{
	{
		"cmd/badged",
		[]string{"sync/hub/...", "internal/rig/...", "reader/readertest"},
		[]string{"github.com/nats-io/nats-server/v2", "github.com/creack/pty"},
		"the agent must fit a small board: nothing that only the hub or a desk needs",
	},
	{
		"cmd/badgehub",
		[]string{"enroll/...", "reader/...", "keypad", "internal/agent", "internal/rig/..."},
		[]string{"go.bug.st/serial", "periph.io/x/conn/v3", "github.com/warthog618/go-gpiocdev", "github.com/holoplot/go-evdev", "github.com/creack/pty"},
		"the hub has no devices",
	},
	{
		"cmd/badgectl",
		[]string{"sync/hub/...", "internal/rig/...", "reader/readertest"},
		[]string{"github.com/nats-io/nats-server/v2"},
		"the technician's tool goes to every terminal: it carries neither a hub nor the rigs of those who develop badged",
	},
}

// helpers are packages that only tests may import: they take a *testing.T, or a browser.
var helpers = []string{"reader/readertest", "sync/hub/store/storetest", "sync/hub/store/teststore", "sync/hub/web/webtest", "internal/rig/axe", "internal/rig/chromium"}

// noGo are folders that hold no Go file.
var noGo = map[string]string{
	"sync": "a package of this name would shadow the standard library's sync",
}
