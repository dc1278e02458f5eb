// Package reference is what the command line of nettool has, in plain values:
// kong's model, from which --help is printed, and the texts beside the flags.
// Manual pages and completions are written from it.
package reference

import (
	"cmp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"nettool/applets"
)

// Command is a program, or a subcommand of one.
type Command struct {
	Name      string // as it is typed: "tcpprobe wait"
	Summary   string // one sentence, as --help of the parent has it
	Detail    string // paragraphs, and lines of examples that are indented
	Arguments []Argument
	Groups    []Group    // flags, in the groups and the order of --help
	Commands  []*Command // subcommands
	Default   *Command   // the subcommand that needs no name, or nil
}

// Page is the name of a command's manual page: "tcpprobe-wait".
func (c *Command) Page() string { return strings.ReplaceAll(c.Name, " ", "-") }

// Word is the last word of the name, which makes it a subcommand.
func (c *Command) Word() string { return c.Name[strings.LastIndexByte(c.Name, ' ')+1:] }

// Flags are those of all groups.
func (c *Command) Flags() (all []Flag) {
	for _, g := range c.Groups {
		all = append(all, g.Flags...)
	}
	return all
}

// Argument is one that has a place, and no name on the command line.
type Argument struct {
	Name     string
	Help     string
	Optional bool
	Repeated bool // as often as one likes; always the last
	Program  bool // the words of a command line, of which flags are the program's
}

// Group is a heading of --help, with its flags.
type Group struct {
	Title string // without a colon
	Flags []Flag
}

// Flag is a flag, or one with its negation.
type Flag struct {
	Name       string // without dashes
	Short      string // a letter, or ""
	Negatable  bool   // --no-NAME is there, too
	Value      string // what the value is called, "" for a flag without one
	ValueFree  bool   // the value may be left out
	Values     []string
	Help       string
	Repeatable bool
}

// String is the flag as --help shows it, and every form of it: "-o, --output=FILE".
func (f Flag) String() string {
	s := "--" + f.Name
	if f.Negatable {
		s = "--[no-]" + f.Name
	}
	if f.Short != "" {
		s = "-" + f.Short + ", " + s
	}
	if f.Value != "" {
		s += "=" + f.Value
	}
	return s
}

// Programs reads the model: nettool first, with the applets as its commands, then
// each applet by its own name.
func Programs() ([]*Command, error) {
	models, err := applets.Models()
	if err != nil {
		return nil, err
	}
	summary := map[string]string{"nettool": "Put programs on TCP ports, talk to them, check on them."}
	for _, child := range models[0].Children {
		summary["tcp"+child.Name], _, _ = strings.Cut(child.Help, " (also:")
	}
	var programs []*Command
	for _, m := range models {
		c := command(m.Name, m.Node)
		c.Summary = cmp.Or(c.Summary, summary[m.Name])
		programs = append(programs, c)
	}
	return programs, nil
}

// All are the commands, and below each its subcommands. nettool's are left out:
// they are the other programs.
func All(programs []*Command) (all []*Command) {
	for _, p := range programs {
		all = append(all, p)
		if p.Name != "nettool" {
			all = append(all, p.Commands...)
		}
	}
	return all
}

func command(name string, node *kong.Node) *Command {
	c := &Command{Name: name, Detail: node.Detail, Groups: groups(node)}
	if node.Type == kong.CommandNode {
		c.Summary = node.Help
	}
	if c.Detail == "" && node.Type == kong.ApplicationNode {
		c.Detail = node.Help
	}
	for _, p := range node.Positional {
		c.Arguments = append(c.Arguments, Argument{
			p.Name, p.Help, !p.Required, p.IsCumulative(), p.PassthroughMode != kong.PassThroughModeNone,
		})
	}
	for _, child := range node.Children {
		if child.Hidden {
			continue
		}
		sub := command(name+" "+child.Name, child)
		c.Commands = append(c.Commands, sub)
		if child == node.DefaultCmd {
			c.Default = sub
		}
	}
	return c
}

// groups sorts flags as kong's help does: those without a group first, then group by
// group in order of appearance, a parent's before its own; a subcommand's own, which
// have no group, stand beside --help.
func groups(node *kong.Node) []Group {
	own := []Group{{Title: "Flags"}}
	for _, level := range node.AllFlags(true) {
		for _, f := range level {
			title := "Flags"
			if f.Group != nil {
				title = strings.TrimSuffix(f.Group.Title, ":")
			}
			at := slices.IndexFunc(own, func(g Group) bool { return g.Title == title })
			if at < 0 {
				at = len(own)
				own = append(own, Group{Title: title})
			}
			own[at].Flags = append(own[at].Flags, flag(f))
		}
	}
	return own
}

// taker is a flag that may have a value and need not.
type taker interface{ Takes(word string) bool }

func flag(f *kong.Flag) Flag {
	out := Flag{Name: f.Name, Help: f.Help, Negatable: f.Tag.Negatable != "", Repeatable: f.IsCumulative()}
	if f.Short != 0 {
		out.Short = string(f.Short)
	}
	_, out.ValueFree = f.Target.Addr().Interface().(taker)
	if !f.IsBool() && !f.IsCounter() {
		out.Value = strings.TrimSuffix(f.FormatPlaceHolder(), ",...") // which "CIDR,…" says already
	}
	for _, v := range f.EnumSlice() {
		if v != "" {
			out.Values = append(out.Values, v)
		}
	}
	return out
}
