package page

import (
	"net/http"

	"badged/sync/hub/refusal"
)

// Confirm is the page before a step that cannot be taken back, or hurts: what it means, and
// one button that does it.
type Confirm struct {
	Title  string
	Text   string
	Points []string // what will happen, one by one
	Action string   // path that the button posts to
	Button string
	Cancel string // path
	Danger bool   // the button is red
	Form   *Form  // nil: nothing is asked
	Reason bool   // asks for a reason, as the field "reason"
	Hidden []Option
}

// Confirm shows the page.
func (r *Request) Confirm(c Confirm) Reply {
	if c.Form == nil {
		c.Form = r.Fill(nil)
	}
	reply := Show("confirm", c.Title, c)
	if !c.Form.OK() {
		reply = reply.Refused()
	}
	return reply
}

// failure is a page that says why there is no other.
type failure struct {
	Text string
	Todo string // what to do now
}

// Fail is the page for a status that is an error.
func (r *Request) Fail(status int) Reply {
	key := "page.failed"
	switch status {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		key = "page.missing"
	case http.StatusForbidden:
		key = "page.denied"
	case http.StatusTooManyRequests:
		key = "page.slow"
	case http.StatusServiceUnavailable:
		key = "page.busy"
	case http.StatusRequestEntityTooLarge:
		key = "page.large"
	case http.StatusBadRequest:
		key = "page.bad"
	}
	return Show("failure", r.T(key+".title"), failure{r.T(key + ".text"), r.T(key + ".todo")}).Status(status)
}

// statuses are those of refusals.
var statuses = map[refusal.Kind]int{
	refusal.Invalid: http.StatusBadRequest, refusal.Missing: http.StatusNotFound,
	refusal.Conflict: http.StatusConflict, refusal.Forbidden: http.StatusForbidden,
}

// FailRefused is the page for a refusal that no form shows.
func (r *Request) FailRefused(e *refusal.Error) Reply {
	if e.Code == CodeNotFound {
		return r.Fail(http.StatusNotFound)
	}
	status, ok := statuses[e.Kind]
	if !ok {
		status = http.StatusConflict
	}
	return Show("failure", r.T("page.refused.title"), failure{r.Words(e), r.T("page.refused.todo")}).Status(status)
}
