package workbench

import (
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// panel is a browser without a screen on a terminal's panel: it follows links and
// sends forms as a person would.
type panel struct {
	http *http.Client
	base string // URL of the point's first page, without token
}

const maxPage = 1 << 20

// openPanel opens the URL that the agent gives for a panel.
func openPanel(ctx context.Context, entry string) (*panel, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("make a browser: %w", err)
	}
	p := &panel{http: &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}}
	resp, err := p.send(ctx, http.MethodGet, entry, nil)
	if err != nil {
		return nil, fmt.Errorf("open the panel: %w", err)
	}
	defer resp.Body.Close()
	p.base = resp.Request.URL.String()
	return p, nil
}

func (p *panel) send(ctx context.Context, method, to string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, to, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return p.http.Do(req)
}

// read gives the text of a page below the first one: "", "/edit".
func (p *panel) read(ctx context.Context, page string) (string, error) {
	resp, err := p.send(ctx, http.MethodGet, p.base+page, nil)
	return text(resp, err)
}

// text reads an answer.
func text(resp *http.Response, err error) (string, error) {
	if err != nil {
		return "", fmt.Errorf("read the panel: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return "", fmt.Errorf("read the panel: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("read the panel: %s", resp.Status)
	}
	return html.UnescapeString(string(b)), nil
}

// shows waits until the first page holds the words.
func (p *panel) shows(ctx context.Context, words string) error {
	for {
		page, err := p.read(ctx, "")
		if err == nil && strings.Contains(page, words) {
			return nil
		}
		if ctx.Err() != nil {
			return mismatch{"the panel", words, heading(page)}
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
}

var (
	headings = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)
	hidden   = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// heading is the first heading of a page.
func heading(page string) string {
	if m := headings.FindStringSubmatch(page); m != nil {
		return m[1]
	}
	return "a page without a heading"
}

// submit fills in the form of a page and gives the page that answers.
func (p *panel) submit(ctx context.Context, page string, fields map[string]string) (string, error) {
	form, err := p.read(ctx, page)
	if err != nil {
		return "", err
	}
	values := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(form, -1) {
		values.Set(m[1], m[2])
	}
	for name, v := range fields {
		values.Set(name, v)
	}
	resp, err := p.send(ctx, http.MethodPost, p.base+page, strings.NewReader(values.Encode()))
	return text(resp, err)
}
