//go:build browser

package chromium

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// starts is how long a browser may take to start on a busy machine.
const starts = 5 * time.Minute

// Open starts a Chromium without a window, and gives its tab. It lives until the test ends.
// hear gets what happens in it from the first moment on; nil: nobody listens.
func Open(t testing.TB, hear func(event any), more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WSURLReadTimeout(starts),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	browser, end := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	tab, closeTab := chromedp.NewContext(browser)
	t.Cleanup(func() { closeTab(); end() })
	if hear != nil {
		chromedp.ListenTarget(tab, hear)
	}
	if err := chromedp.Run(tab); err != nil { // the browser lives as long as the context of this
		t.Fatalf("start a browser: %v", err)
	}
	return tab
}
