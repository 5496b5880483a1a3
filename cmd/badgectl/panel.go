package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/internal/config"
	"badged/internal/ctl"
)

// panel is the panel of a print point, as --json prints it.
type panel struct {
	Point string `json:"point,omitempty"` // empty: the technician's page
	URL   string `json:"url"`
}

func (a *app) panel() *cobra.Command {
	var point string
	var start, technician bool
	cmd := a.asking(&cobra.Command{
		Use:   "panel [--point NAME | --status] [--exec BROWSER [ARGUMENT]...]",
		Short: "Print the address of the panel, or open a browser on it",
		Long: "panel prints what a browser on this box opens to show the panel of a print point. The\n" +
			"address has a token in it, which is new at each boot, and without badged.socket at each\n" +
			"start of the agent: whoever has it sees the panel.\n" +
			"With --exec, badgectl becomes the browser instead: it starts the program with its\n" +
			"arguments and the address behind them.\n" +
			"With --status it is the technician's page: what status and tail tell, without names. Its\n" +
			"token is another one, which the panel's browser never has.",
		Example: "  badgectl panel\n  badgectl panel --exec chromium --kiosk --incognito\n  badgectl panel --point hall --exec cog\n  badgectl panel --status --exec firefox",
		RunE: func(cmd *cobra.Command, args []string) error {
			if start == (len(args) == 0) {
				return cli.Usagef("a browser follows --exec, and nothing else follows (see badgectl panel --help)")
			}
			if technician && point != "" {
				return cli.Usagef("--status is one page of the whole terminal: leave --point out")
			}
			s, err := a.client().Status(cmd.Context())
			if err != nil {
				return reached(err)
			}
			found, err := panelsOf(s, point)
			if technician {
				found, err = statusPageOf(s)
			}
			if err != nil {
				return err
			}
			if start {
				return become(args, found)
			}
			return a.printPanels(found)
		},
	})
	cmd.Flags().SetInterspersed(false) // the browser's own flags are not for badgectl
	cmd.Flags().StringVar(&point, "point", "", "the print point, if there are several")
	cmd.Flags().BoolVar(&technician, "status", false, "the technician's page in place of a panel")
	cmd.Flags().BoolVar(&start, "exec", false, "become this browser, opened on the panel")
	return cmd
}

// panelsOf is the panel of a point, or all of them if none is named.
func panelsOf(s ctl.Status, point string) ([]panel, error) {
	var found, all []panel
	closed := 0 // print points whose panel is not served now
	for _, p := range s.Points {
		if p.Kiosk == "" {
			if p.Kind == config.KindPrint {
				closed++
			}
			continue
		}
		all = append(all, panel{p.Name, p.Kiosk})
		if point == "" || p.Name == point {
			found = append(found, panel{p.Name, p.Kiosk})
		}
	}
	switch {
	case len(all) == 0 && closed > 0:
		return nil, fmt.Errorf("find the panel of %s: it is not served now (`badgectl status` says why); the agent tries again by itself", s.Terminal)
	case len(all) == 0:
		return nil, fmt.Errorf("find the panel of %s: no point of its configuration is of kind \"print\", and only those have a panel", s.Terminal)
	case len(found) == 0:
		return nil, fmt.Errorf("find the panel of %s: no print point is called %q; there are: %s", s.Terminal, point, pointNames(all))
	}
	return found, nil
}

// statusPageOf is the technician's page.
func statusPageOf(s ctl.Status) ([]panel, error) {
	if s.Page == "" {
		return nil, fmt.Errorf("find the technician's page of %s: it is served beside panels only, and none is served now; `badgectl status` tells the same", s.Terminal)
	}
	return []panel{{URL: s.Page}}, nil
}

func pointNames(panels []panel) string {
	names := make([]string, len(panels))
	for i, p := range panels {
		names[i] = p.Point
	}
	return strings.Join(names, ", ")
}

func (a *app) printPanels(panels []panel) error {
	for _, p := range panels {
		var err error
		switch {
		case a.json:
			err = a.print(p)
		case len(panels) == 1:
			_, err = fmt.Fprintln(a.io.Out, p.URL)
		default:
			_, err = fmt.Fprintf(a.io.Out, "%s  %s\n", p.Point, p.URL)
		}
		if err != nil {
			return written(err)
		}
	}
	return nil
}

// become replaces this process by a browser that is opened on the panel, so that nothing
// stands between the browser and who watches over it. It returns only on an error.
func become(browser []string, panels []panel) error {
	if len(panels) > 1 {
		return cli.Usagef("a browser shows one panel and there are %d: name one of them with --point: %s", len(panels), pointNames(panels))
	}
	if len(browser) == 1 {
		browser = strings.Fields(browser[0]) // --exec 'chromium --kiosk'
	}
	path, err := exec.LookPath(browser[0])
	if err != nil {
		return fmt.Errorf("start the browser of the panel: %w (install it, or name another one behind --exec)", err)
	}
	if err := syscall.Exec(path, append(browser, panels[0].URL), os.Environ()); err != nil {
		return fmt.Errorf("start the browser of the panel %s: %w", path, err)
	}
	return nil
}
