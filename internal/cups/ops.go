package cups

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	"github.com/OpenPrinting/goipp"
)

const (
	// maxJobs is how many jobs of one queue are looked at.
	maxJobs = 5000
	// pageJobs is how many one answer has: decoding 500 takes 3 MB of memory for a moment.
	pageJobs = 500
)

// request is an operation on a queue or a job.
type request struct {
	what   string // of whom is asked, for errors: "list queue follow"
	op     goipp.Op
	path   string // on the server, which finds its policy by the address in target
	target goipp.Attribute
	also   []goipp.Attribute // further operation attributes
	job    []goipp.Attribute // attributes of the job
	user   string            // in whose name; empty: the agent's
	plain  bool              // without proof of who asks
}

func (q request) message(account string) *goipp.Message {
	if q.user != "" {
		account = q.user
	}
	m := goipp.NewRequest(goipp.MakeVersion(2, 0), q.op, 1)
	m.Operation.Add(goipp.MakeAttr("attributes-charset", goipp.TagCharset, goipp.String("utf-8")))
	m.Operation.Add(goipp.MakeAttr("attributes-natural-language", goipp.TagLanguage, goipp.String("en")))
	m.Operation.Add(q.target)
	m.Operation.Add(goipp.MakeAttr("requesting-user-name", goipp.TagName, goipp.String(account)))
	m.Operation = append(m.Operation, q.also...)
	m.Job = q.job
	return m
}

func uriOf(queue string) goipp.String {
	return goipp.String("ipp://localhost/printers/" + url.PathEscape(queue))
}

func onQueue(op goipp.Op, what, queue string, also ...goipp.Attribute) request {
	return request{
		what: what + " " + queue, op: op, path: "/printers/" + url.PathEscape(queue),
		target: goipp.MakeAttr("printer-uri", goipp.TagURI, uriOf(queue)), also: also,
	}
}

func onJob(op goipp.Op, what string, id int, also ...goipp.Attribute) request {
	n := strconv.Itoa(id)
	return request{
		what: what + " job " + n, op: op, path: "/jobs/" + n,
		target: goipp.MakeAttr("job-uri", goipp.TagURI, goipp.String("ipp://localhost/jobs/"+n)), also: also,
	}
}

func requested(names ...goipp.Value) goipp.Attribute {
	return goipp.MakeAttr("requested-attributes", goipp.TagKeyword, names[0], names[1:]...)
}

var (
	jobAttributes = requested(
		goipp.String("job-id"), goipp.String("job-printer-uri"), goipp.String("job-originating-user-name"), goipp.String("job-name"),
		goipp.String("job-state"), goipp.String("time-at-creation"), goipp.String("job-printer-up-time"), goipp.String("job-k-octets"),
		goipp.String("number-of-documents"), goipp.String("copies"), goipp.String("job-impressions"), goipp.String("print-color-mode"),
		goipp.String("sides"), goipp.String("document-format"), goipp.String("job-impressions-completed"), goipp.String("job-media-sheets-completed"),
	)
	printerAttributes = requested(
		goipp.String("printer-name"), goipp.String("printer-state"), goipp.String("printer-is-accepting-jobs"), goipp.String("printer-state-reasons"),
		goipp.String("sides-supported"), goipp.String("document-format-supported"), goipp.String("printer-op-policy"), goipp.String("job-hold-until-default"),
	)
)

// Jobs lists what a queue still has to print, in the order of the server.
func (c *Client) Jobs(ctx context.Context, queue string) (list []Job, err error) {
	for len(list) < maxJobs {
		page, err := c.jobsFrom(ctx, queue, len(list)+1)
		if err != nil {
			return nil, err
		}
		list = append(list, page...)
		if len(page) < pageJobs {
			break
		}
	}
	return list, nil
}

// jobsFrom lists a page of a queue; the first job of all has the index 1.
func (c *Client) jobsFrom(ctx context.Context, queue string, index int) (page []Job, err error) {
	groups, err := c.request(ctx, onQueue(goipp.OpGetJobs, "list queue", queue,
		goipp.MakeAttr("which-jobs", goipp.TagKeyword, goipp.String("not-completed")),
		goipp.MakeAttr("limit", goipp.TagInteger, goipp.Integer(pageJobs)),
		goipp.MakeAttr("first-index", goipp.TagInteger, goipp.Integer(index)), jobAttributes))
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if g.Tag == goipp.TagJobGroup && len(page) < pageJobs {
			page = append(page, attributesOf(g).job())
		}
	}
	return page, nil
}

// Job looks at one job, whatever its state.
func (c *Client) Job(ctx context.Context, id int) (Job, error) {
	groups, err := c.request(ctx, onJob(goipp.OpGetJobAttributes, "look at", id, jobAttributes))
	if err != nil {
		return Job{}, err
	}
	for _, g := range groups {
		if g.Tag == goipp.TagJobGroup {
			return attributesOf(g).job(), nil
		}
	}
	return Job{}, fmt.Errorf("ask the print server to look at job %d: %w", id, ErrNotFound)
}

// Printer looks at a queue. Everybody may.
func (c *Client) Printer(ctx context.Context, queue string) (Printer, error) {
	q := onQueue(goipp.OpGetPrinterAttributes, "look at queue", queue, printerAttributes)
	q.plain = true
	groups, err := c.request(ctx, q)
	if err != nil {
		return Printer{}, err
	}
	for _, g := range groups {
		if g.Tag == goipp.TagPrinterGroup {
			return attributesOf(g).printer(), nil
		}
	}
	return Printer{}, fmt.Errorf("ask the print server to look at queue %s: %w", queue, ErrNotFound)
}

// Move puts a job into another queue. A held one stays held; one that waits prints at once,
// if the queue does.
func (c *Client) Move(ctx context.Context, id int, queue string) error {
	q := onJob(goipp.OpCupsMoveJob, "move to "+queue, id)
	q.job = []goipp.Attribute{goipp.MakeAttr("job-printer-uri", goipp.TagURI, uriOf(queue))}
	_, err := c.request(ctx, q)
	return err
}

// Hold stops a job, even while it prints.
func (c *Client) Hold(ctx context.Context, id int) error {
	_, err := c.request(ctx, onJob(goipp.OpHoldJob, "hold", id,
		goipp.MakeAttr("job-hold-until", goipp.TagKeyword, goipp.String("indefinite"))))
	return err
}

// Release lets a held job print in the queue that it is in.
func (c *Client) Release(ctx context.Context, id int) error {
	_, err := c.request(ctx, onJob(goipp.OpReleaseJob, "release", id))
	return err
}

// Delete removes a job with its document.
func (c *Client) Delete(ctx context.Context, id int) error {
	_, err := c.request(ctx, onJob(goipp.OpCancelJob, "delete", id, goipp.MakeAttr("purge-job", goipp.TagBoolean, goipp.Boolean(true))))
	return err
}

// stranger is who asks without proof of who they are.
const stranger = "badged-stranger"

// CanAnybodyList reports whether the jobs of a queue, or of the whole server, are told to
// whoever merely says to be somebody: then anybody could release them too.
func (c *Client) CanAnybodyList(ctx context.Context, queue string) (bool, error) {
	whole := onQueue(goipp.OpGetJobs, "list as a stranger all of", "its queues", jobAttributes)
	whole.path, whole.target = "/", goipp.MakeAttr("printer-uri", goipp.TagURI, goipp.String("ipp://localhost/"))
	for _, q := range []request{onQueue(goipp.OpGetJobs, "list as a stranger queue", queue, jobAttributes), whole} {
		if open, err := c.isOpen(ctx, q); open || err != nil {
			return open, err
		}
	}
	return false, nil
}

// CanAnybodyPrint reports whether whoever merely says to be somebody can print at a queue.
func (c *Client) CanAnybodyPrint(ctx context.Context, queue string) (bool, error) {
	return c.isOpen(ctx, onQueue(goipp.OpValidateJob, "print as a stranger on", queue))
}

// isOpen reports whether the server does this for a stranger.
func (c *Client) isOpen(ctx context.Context, q request) (bool, error) {
	q.plain, q.user = true, stranger
	_, err := c.request(ctx, q)
	if errors.Is(err, ErrDenied) {
		return false, nil
	}
	return err == nil, err
}
