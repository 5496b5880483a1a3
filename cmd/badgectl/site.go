package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"badged/firmware/site"
	"badged/internal/cli"
	"badged/internal/spelling"
)

// siteFiles are the files of a site.
type siteFiles struct{ site, roster string }

func (f *siteFiles) flags(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&f.site, "site", "site.toml", "what all terminals of the site have in common")
	cmd.Flags().StringVar(&f.roster, "roster", "terminals.csv", "a row for each terminal")
	return cmd
}

// terminal is a row of a roster and the settings that it makes.
type terminal struct {
	row       site.Row
	provision site.Provision
}

// load reads a site and makes the settings of the terminals that want chooses, each checked as its
// agent will. All that is wrong is told at once.
func (f siteFiles) load(want func(name string) bool) (list []terminal, names []string, err error) {
	s, err := site.Load(f.site)
	if err != nil {
		return nil, nil, err
	}
	rows, err := site.LoadRoster(f.roster)
	if err != nil {
		return nil, nil, err
	}
	if len(rows) == 0 {
		return nil, nil, fmt.Errorf("%s has no terminal: a line for each stands below the names of the columns", f.roster)
	}
	var errs []error
	for _, row := range rows {
		names = append(names, row.Name)
		if !want(row.Name) {
			continue
		}
		p, err := s.Provision(row)
		if err == nil {
			if err = checkProvision(p, s.Kinds[row.Kind].ConfigFile); err != nil {
				err = fmt.Errorf("%s: %w", row.At, err)
			}
		}
		errs = append(errs, err)
		list = append(list, terminal{row, p})
	}
	return list, names, errors.Join(errs...)
}

// find is load of one terminal.
func (f siteFiles) find(name string) (terminal, error) {
	list, names, err := f.load(func(n string) bool { return n == name })
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%s has no terminal %.40q%s", f.roster, name, spelling.Hint(name, names))
	}
	if err != nil {
		return terminal{}, err
	}
	return list[0], nil
}

func (a *app) site() *cobra.Command {
	cmd := cli.Group("site", "Check the files of a site, and make the configuration of a terminal from them", a.siteCheck(), a.siteConfig())
	cmd.Example = "  badgectl site check\n  badgectl site config front --out badged.toml"
	return cmd
}

func (a *app) siteCheck() *cobra.Command {
	var f siteFiles
	return f.flags(&cobra.Command{
		Use:   "check",
		Short: "Check site, roster and the configuration of every terminal",
		Long: "check reads site.toml, the roster and the configurations that they name, as `badgectl flash write` and\n" +
			"the agents will, and tells all that is wrong at once. If nothing is, it lists the terminals.",
		Example: "  badgectl site check --site paris.toml --roster paris.csv",
		Args:    cli.Args(0),
		RunE: func(*cobra.Command, []string) error {
			list, _, err := f.load(func(string) bool { return true })
			if err != nil {
				return err
			}
			return a.printTerminals(list)
		},
	})
}

func (a *app) printTerminals(list []terminal) error {
	w := tabwriter.NewWriter(a.io.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TERMINAL\tKIND\tBOARD\tNETWORK\tHUB")
	for _, t := range list {
		network, hub := t.provision.Network.Address, "no token"
		if network == "" {
			network = "DHCP"
		}
		if vlan := t.provision.Network.VLAN; vlan != 0 {
			network += fmt.Sprintf(", VLAN %d", vlan)
		}
		if !t.provision.Token.IsZero() {
			hub = "token"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.row.Name, t.row.Kind, t.provision.Board, network, hub)
	}
	return written(w.Flush())
}

func (a *app) siteConfig() *cobra.Command {
	var f siteFiles
	var out string
	cmd := f.flags(&cobra.Command{
		Use:   "config TERMINAL",
		Short: "Make the badged.toml of a terminal that is installed from packages or by hand",
		Long: "config fills the configuration of the terminal's kind with what its row and its hat say, checks it as\n" +
			"the agent will, and prints it, or writes it to a file. What is in the way is not written over.",
		Example: "  badgectl site config front > badged.toml\n  badgectl site config front --out /etc/badged/badged.toml",
		Args:    cli.Args(1),
		RunE: func(_ *cobra.Command, args []string) error {
			t, err := f.find(args[0])
			if err != nil {
				return err
			}
			return a.writeConfig(t.provision.Config, out)
		},
	})
	cmd.Flags().StringVar(&out, "out", "", "file to make; without it, the configuration is printed")
	return cmd
}

func (a *app) writeConfig(text, out string) error {
	if out == "" {
		_, err := io.WriteString(a.io.Out, text)
		return written(err)
	}
	f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Sync(), f.Close())
}
