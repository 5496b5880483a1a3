package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/sync/hub/api"
	"badged/sync/hub/web/page"
)

// prepareCommand makes QR labels, so that whoever gets a card registers it with a phone.
func (p *program) prepareCommand() *cobra.Command {
	var n api.NewLabels
	var numbers, sheet string
	c := &cobra.Command{
		Use: "prepare [CARD...]", Short: "Make QR labels for cards that members register with their phone", Args: cobra.ArbitraryArgs,
		Long: "Make QR labels for cards that terminals saw, or with --numbers for those whose numbers stand in a file, one a line\n" +
			"as the number rule of the site makes them. Whoever scans a label and logs in registers its card. A card's former\n" +
			"label is dead from then on. The links are shown only here.",
		Example: "  badgehub card prepare 5c2f8b60 41c0ffee --sheet labels.html    # of `badgehub card list --unknown`\n" +
			"  badgehub card prepare --numbers numbers.txt --batch \"box 3\" --sheet labels.html",
		RunE: ask(p, func(ctx context.Context, client *api.Client, args []string) (api.Page[api.Label], error) {
			var err error
			n.Cards = args
			if n.Numbers, err = readNumbers(numbers); err != nil {
				return api.Page[api.Label]{}, err
			}
			switch {
			case len(n.Cards)+len(n.Numbers) == 0 && numbers != "":
				return api.Page[api.Label]{}, cli.Errorf("%s has no number: a card's number stands on each line", numbers)
			case len(n.Cards)+len(n.Numbers) == 0:
				return api.Page[api.Label]{}, cli.Usagef("name cards, or give a file with --numbers")
			case sheet == "":
				return makeLabels(ctx, client, n)
			}
			return makeSheet(ctx, client, n, sheet)
		}, func(w io.Writer, made api.Page[api.Label]) {
			for _, l := range made.Items {
				fmt.Fprintf(w, "%s  %s\n", l.Card, l.Link)
			}
			if sheet != "" {
				printText(w, "%d labels are in %s: print it and remove the file.\n", len(made.Items), sheet)
			}
		}),
	}
	c.Flags().StringVar(&numbers, "numbers", "", "file with a card's number on each line (-: standard input)")
	c.Flags().StringVar(&n.Batch, "batch", "", "what to call these labels in the log")
	c.Flags().StringVar(&sheet, "sheet", "", "write a page to print (HTML), which must not be there yet")
	return c
}

// readNumbers reads the numbers of cards; an empty path: none. Its errors show none of them.
func readNumbers(path string) (numbers []string, err error) {
	if path == "" {
		return nil, nil
	}
	in := io.Reader(os.Stdin)
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, cli.Errorf("read the numbers of cards: %w", err)
		}
		defer file.Close()
		in = file
	}
	lines := bufio.NewScanner(io.LimitReader(in, 1<<20))
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			numbers = append(numbers, line)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, cli.Errorf("read the numbers of cards in %s: %w", path, err)
	}
	return numbers, nil
}

// sheetLabel is one label of a sheet.
type sheetLabel struct {
	Card string
	QR   page.QR
}

func makeLabels(ctx context.Context, client *api.Client, n api.NewLabels) (api.Page[api.Label], error) {
	return api.Call[api.Page[api.Label]](ctx, client, "POST", "/v1/labels", n)
}

// makeSheet makes labels and writes them on a page. The file is made first: labels that were made
// end the former ones of their cards, and their links are shown only here. Whoever reads the page
// can register the cards, so it is its owner's alone.
func makeSheet(ctx context.Context, client *api.Client, n api.NewLabels, path string) (made api.Page[api.Label], err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return made, cli.Errorf("make the sheet: %w (no label was made: give another file with --sheet)", err)
	}
	made, err = makeLabels(ctx, client, n)
	if err != nil {
		_ = file.Close()
		return made, errors.Join(err, os.Remove(path))
	}
	if err := errors.Join(writeSheet(file, made.Items), file.Close()); err != nil {
		return made, cli.Errorf("write the labels to %s: %w (their links are lost: make them again)", path, err)
	}
	return made, nil
}

func writeSheet(w io.Writer, labels []api.Label) error {
	var all []sheetLabel
	for _, l := range labels {
		qr, err := page.NewQR(l.Link)
		if err != nil {
			return err
		}
		all = append(all, sheetLabel{l.Card, qr})
	}
	return sheetPage.Execute(w, all)
}

var sheetPage = template.Must(template.New("sheet").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Labels</title>
<style>
@page { margin: 8mm; }
body { margin: 0; font: 9pt sans-serif; display: grid; grid-template-columns: repeat(auto-fill, 38mm); gap: 4mm; }
figure { margin: 0; padding: 2mm; border: 0.2mm dashed #999; text-align: center; break-inside: avoid; }
svg { width: 30mm; height: 30mm; }
</style></head><body>
{{range .}}<figure><svg viewBox="0 0 {{.QR.Size}} {{.QR.Size}}" shape-rendering="crispEdges"><path d="{{.QR.Path}}"/></svg><figcaption>{{.Card}}</figcaption></figure>
{{end}}</body></html>
`))
