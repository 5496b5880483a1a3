package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"badged/internal/cli"
	"badged/reader/number"
)

func (a *app) card() *cobra.Command {
	cmd := cli.Group("card", "Work with card numbers", a.convert(), a.learn())
	cmd.Example = "  badgectl card convert 'hex2dec | lpad(10)' 62E3086CED"
	return cmd
}

func (a *app) convert() *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:   "convert RULE VALUE",
		Short: "Make a card's canonical number of what a reader says, by a rule",
		Long: "convert applies a number rule, as it stands in the configuration of a reader, to a value: what a\n" +
			"text reader typed, or the raw bits in upper-case hex.\n\n" + verbHelp(),
		Example: "  badgectl card convert 'hex2dec | lpad(10)' 62E3086CED",
		Args:    cli.Args(2),
		RunE: func(_ *cobra.Command, args []string) error {
			rule, err := number.Parse(args[0])
			if err != nil {
				return cli.Usage(pointed(args[0], err))
			}
			n, err := rule.Convert(args[1])
			if err != nil {
				return pointed(args[0], err)
			}
			if a.json {
				return a.print(map[string]string{"number": n})
			}
			_, err = fmt.Fprintln(a.io.Out, n)
			return written(err)
		},
	})
}

// pointed shows the place in the rule that an error is about. A rule that is too long has
// none.
func pointed(rule string, err error) error {
	var at *number.Error
	if !errors.As(err, &at) || at.Column < 1 || at.Column > len(rule)+1 || len(rule) > number.MaxRule {
		return err
	}
	return fmt.Errorf("%w\n  %s\n  %s^", err, rule, strings.Repeat(" ", at.Column-1))
}

// verbHelp lists the verbs of rules.
func verbHelp() string {
	var b strings.Builder
	b.WriteString("Verbs, joined by |:\n")
	for _, v := range number.Verbs() {
		fmt.Fprintf(&b, "  %-42s %s\n", v.Name+v.Args, v.Doc)
	}
	return strings.TrimRight(b.String(), "\n")
}
