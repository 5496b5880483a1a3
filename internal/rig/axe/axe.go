//go:build browser

package axe

import (
	"context"
	_ "embed"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed axe-4.14.1/axe.min.js
var script string

// run finds what breaks WCAG 2.2 AA, and says each in lines of text.
const run = `axe.run(document, {runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}, resultTypes: ["violations"]})
  .then(r => r.violations.map(v => v.id + ": " + v.help + "\n    " + v.nodes.map(n => n.html.slice(0, 200) + "  " + n.failureSummary.replace(/\s+/g, " ")).join("\n    ")).join("\n"))`

// Check gives what breaks WCAG 2.2 AA in the page of a browser's tab, in words; empty: nothing.
func Check(tab context.Context) (found string, err error) {
	await := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	err = chromedp.Run(tab, chromedp.Evaluate(script+";0", nil), chromedp.Evaluate(run, &found, await))
	return found, err
}
