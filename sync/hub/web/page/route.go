package page

import (
	"context"
	"io/fs"

	"badged/sync/hub/people"
)

// Right is what somebody needs for a route.
type Right string

// The rights. An administrator has all of them; others have those of areas that they were
// given.
const (
	Anyone    Right = "anyone" // logged in or not
	SignedIn  Right = "signed-in"
	Admin     Right = "admin"   // the role itself, whatever areas somebody has
	Manager   Right = "manager" // the role, or any area
	Members   Right = "members"
	Cards     Right = "cards"
	Doors     Right = "doors"
	Events    Right = "events"
	Terminals Right = "terminals"
	Mail      Right = "mail"
	Services  Right = "services"
	Audit     Right = "audit"
	Settings  Right = "settings"
)

// Areas are the rights that can be given one by one.
var Areas = []Right{Members, Cards, Doors, Events, Terminals, Mail, Services, Audit, Settings}

// Handler makes the answer to a request. It may run a transaction, which may run twice.
type Handler func(*Request) (Reply, error)

// Route is one address of the web and what it needs.
type Route struct {
	Method string // GET or POST
	Path   string // a pattern of net/http: "/g/membres/{id}"
	Right  Right
	// Fresh wants somebody who logged in, or did so again, a short time ago.
	Fresh bool
	// Early lets people in who have not agreed to the privacy notice in force.
	Early  bool
	Body   int64 // most bytes of a form; 0: 64 KiB
	Handle Handler
}

// Layout is the frame around the pages of a part.
type Layout string

// The layouts.
const (
	Narrow Layout = "narrow" // one column and nothing else
	Space  Layout = "space"  // of a member, for a phone first
	Wide   Layout = "wide"   // with a menu at the left, for a desk first
)

// Item is a line of a part's menu.
type Item struct {
	Path  string
	Text  string // key of its text
	Right Right
}

// Texts are the texts of a part: language, key, text. A text may hold verbs of package fmt
// for its arguments; French and English take the same ones.
type Texts map[string]map[string]string

// Part is a part of the web.
type Part struct {
	Name      string // in the names of its templates
	Layout    Layout
	Templates fs.FS // in the folder "pages"
	Texts     Texts
	Routes    []Route
	Menu      []Item
	// Run does what goes on behind the pages, until ctx ends; nil: nothing does.
	Run func(ctx context.Context) error
}

// Person is whoever a request comes from.
type Person struct {
	Account people.Account
	Session people.Session
	Token   people.SessionToken // of the session: what only this browser has
	Areas   []Right             // beside what the role gives
	Unread  bool                // has to agree to the privacy notice before anything else
}
