package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"badged/internal/cli"
	"badged/sync/hub/api"
)

// lang is the language that the shell of whoever types speaks: "fr" or "en".
func (p *program) lang() string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := p.env(name); v != "" {
			if strings.HasPrefix(v, "fr") {
				return "fr"
			}
			return "en"
		}
	}
	return "en"
}

// french is the catalogue: each text of the command line, or the format of one, in French.
var french = allOf(frenchHelp, frenchOfCobra, frenchSays)

func allOf(parts ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, part := range parts {
		maps.Copy(all, part)
	}
	return all
}

// tr is an English text, or the format of one, in a language.
func tr(lang, english string) string {
	if lang == "fr" {
		if fr, ok := french[english]; ok {
			return fr
		}
	}
	return english
}

func (p *program) tr(english string) string { return tr(p.lang(), english) }

// speech is what somebody reads who speaks a language.
type speech struct {
	io.Writer
	lang string
}

func (p *program) out() speech { return speech{p.stdio.Out, p.lang()} }
func (p *program) err() speech { return speech{p.stdio.Err, p.lang()} }

// printText writes a sentence in the language of whoever reads w, which is a speech. What cannot be
// written, the flush of the command tells.
func printText(w io.Writer, format string, args ...any) {
	s, _ := w.(speech)
	fmt.Fprintf(w, tr(s.lang, format), args...)
}

// inWords says an error in the language of whoever typed the command.
func (p *program) inWords(err error) error {
	if p.lang() == "en" {
		return err
	}
	for _, e := range []error{api.ErrNotRunning, api.ErrNotAllowed} {
		if errors.Is(err, e) {
			return cli.Errorf(p.tr("call the hub at %s: %w"), p.socketPath(), translated{p.tr(e.Error()), e})
		}
	}
	return cli.InWords(err, p.tr)
}

// translated is an error with other words.
type translated struct {
	text string
	error
}

func (e translated) Error() string { return e.text }
func (e translated) Unwrap() error { return e.error }

// usageWords are the words that cobra puts around the help of a command.
var usageWords = []string{
	"Usage:", "Examples:", "Available Commands:", "Additional help topics:", "Aliases:", "Global Flags:", "Flags:", "[command]",
	`Use "{{.CommandPath}} [command] --help" for more information about a command.`,
}

// speakIn puts the help of all commands into a language.
func (p *program) speakIn(root *cobra.Command, lang string) {
	if lang == "en" {
		return
	}
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd("completion")
	root.InitDefaultVersionFlag()
	template := root.UsageTemplate()
	for _, words := range append([]string{usageWords[len(usageWords)-1]}, usageWords...) { // the longest first
		template = strings.ReplaceAll(template, words, tr(lang, words))
	}
	root.SetUsageTemplate(template)
	translateHelp(root, lang)
}

func translateHelp(c *cobra.Command, lang string) {
	c.InitDefaultHelpFlag()
	c.Short, c.Long = tr(lang, c.Short), tr(lang, c.Long)
	if isCobras(c) {
		c.Long = "" // in English, and the manual of each shell says the same
	}
	c.Flags().VisitAll(func(f *pflag.Flag) { translateFlag(f, lang) })
	c.PersistentFlags().VisitAll(func(f *pflag.Flag) { translateFlag(f, lang) })
	for _, below := range c.Commands() {
		translateHelp(below, lang)
	}
}

// isCobras reports whether a command is one that cobra adds by itself.
func isCobras(c *cobra.Command) bool {
	return c.Name() == "help" || c.Name() == "completion" || c.Parent() != nil && c.Parent().Name() == "completion"
}

// noDefault is what pflag takes for no default, by the kind of a flag.
var noDefault = map[string]string{"bool": "false", "int": "0", "uint64": "0", "duration": "0s", "stringSlice": "[]"}

// translateFlag translates what a flag is for. pflag would say «default» beside it.
func translateFlag(f *pflag.Flag, lang string) {
	for _, verb := range []string{"help", "version"} {
		if f.Name == verb {
			f.Usage = verb + " for this command"
		}
	}
	f.Usage = tr(lang, f.Usage)
	if none := noDefault[f.Value.Type()]; f.DefValue != none {
		f.Usage += fmt.Sprintf(" (%s %s)", tr(lang, "default"), f.DefValue)
		f.DefValue = none
	}
}
